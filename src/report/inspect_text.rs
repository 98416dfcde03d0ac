//! `inspect` for people: a line a certificate where there are many, everything it says where there is one.

use std::collections::HashMap;
use std::io::{self, Write};

use crate::certificate::Decoded;
use crate::ops::Inspection;
use crate::pool::Entry;
use crate::report::describe;
use crate::report::model::{CertificateRecord, OidRecord, PolicyRecord, Role};
use crate::report::problems_text;
use crate::report::sanitize::terminal;
use crate::report::selection_text;
use crate::report::style::{Style, Tint, count};
use crate::report::table::{self, Cell, Column};
use crate::time::Time;

/// Writes what was found.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write(out: &mut dyn Write, style: &Style, found: &Inspection, at: Time) -> io::Result<()> {
    let total = found.certificates.len();
    if total == 1 || style.verbose {
        for (index, entry) in found.certificates.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            details(out, style, entry, at)?;
        }
    } else {
        let mut by_role: HashMap<Role, Vec<&Entry>> = HashMap::new();
        for entry in &found.certificates {
            by_role.entry(Role::of(&entry.certificate)).or_default().push(entry);
        }
        let titles = [
            (Role::Root, "Root CA certificates"),
            (Role::Intermediate, "Intermediate CA certificates"),
            (Role::EndEntity, "End-entity certificates"),
        ];
        for (role, title) in titles {
            if let Some(entries) = by_role.get(&role) {
                style.heading(out, &format!("{title} ({})", crate::report::style::grouped(entries.len() as u64)))?;
                rows(out, style, entries, at)?;
            }
        }
    }
    if total != 1 {
        writeln!(out)?;
    }
    summary(out, style, found, at)?;
    selection_text::passed_over(out, style, &found.passed_over)?;
    if let Some(counts) = &found.selection {
        selection_text::write(out, style, counts)?;
    }
    problems_text::write(out, style, &found.problems)
}

const COLUMNS: &[Column] = &[
    Column::new("SUBJECT", 0).narrows_to(28).at_most(64),
    Column::new("KEY", 2),
    Column::new("EXPIRES", 1),
    Column::new("DAYS", 0).right(),
    Column::new("THUMBPRINT", 3).narrows_to(9),
    Column::new("PROVIDER", 4),
    Column::new("ISSUER", 6).narrows_to(12).at_most(48),
    Column::new("WHERE", 5).narrows_to(16).keeps_end(),
];

fn rows(out: &mut dyn Write, style: &Style, entries: &[&Entry], at: Time) -> io::Result<()> {
    let shown = style.shown(entries.len());
    let (shown, rest) = entries.split_at(shown.min(entries.len()));
    table::write(out, style, "  ", COLUMNS, shown, |entry| {
        let certificate = &entry.certificate;
        let left = describe::days_left(certificate, at);
        let issuer =
            if certificate.is_self_issued() { "itself".to_owned() } else { describe::name(&certificate.issuer()) };
        vec![
            Cell::new(describe::subject(certificate)),
            Cell::new(describe::key(certificate.public_key())),
            Cell::tinted(describe::date(certificate.not_after()), describe::urgency(left)),
            Cell::tinted(left.map_or_else(String::new, |left| left.to_string()), describe::urgency(left)),
            Cell::new(certificate.thumbprint_hex()),
            Cell::new(describe::provider_family(entry.key_provider())),
            Cell::new(issuer),
            Cell::tinted(describe::places(entry), Tint::Faint),
        ]
    })?;
    if !rest.is_empty() {
        let more = count(rest.len() as u64, "more is", "more are");
        writeln!(
            out,
            "  {}",
            style.paint(
                Tint::Faint,
                &format!("{more} not shown: `-v` shows all, `--format csv -o FILE` makes a table of them")
            )
        )?;
    }
    Ok(())
}

fn summary(out: &mut dyn Write, style: &Style, found: &Inspection, at: Time) -> io::Result<()> {
    let mut counts = [0u64; 3];
    let mut expired = 0;
    for entry in &found.certificates {
        counts[Role::of(&entry.certificate) as usize] += 1;
        expired += u64::from(!entry.certificate.is_valid_at(at));
    }
    let [roots, intermediates, end_entities] = counts;
    let mut parts = vec![format!(
        "{}: {}, {}, {}.",
        count(found.certificates.len() as u64, "certificate", "certificates"),
        count(roots, "root", "roots"),
        count(intermediates, "intermediate", "intermediates"),
        count(end_entities, "end-entity", "end-entity"),
    )];
    if expired > 0 {
        let verb = if expired == 1 { "is" } else { "are" };
        parts.push(format!("{} of them {verb} not valid at {at}.", crate::report::style::grouped(expired)));
    }
    if found.crls > 0 {
        parts.push(format!("{}.", count(found.crls as u64, "CRL", "CRLs")));
    }
    if found.private_keys > 0 {
        parts.push(format!(
            "{} beside them; none was read further.",
            count(found.private_keys as u64, "private key stands", "private keys stand")
        ));
    }
    style.paragraph(out, "", &parts.join(" "))
}

const LABEL: usize = 24;

/// Everything one certificate says, a line a fact.
fn details(out: &mut dyn Write, style: &Style, entry: &Entry, at: Time) -> io::Result<()> {
    let certificate = &entry.certificate;
    let record = CertificateRecord::new(entry, at);
    writeln!(out, "{}  {}", style.paint(Tint::Title, &describe::subject(certificate)), describe::role(record.role))?;
    let mut lines = Lines { out, style };
    lines.put("Subject", or_none(&record.subject))?;
    lines.put("Issuer", if record.self_signed { "itself (self-signed)" } else { or_none(&record.issuer) })?;
    lines.put("Serial number", &record.serial_number)?;
    let moment = |time: Option<Time>| time.map_or_else(|| "no date".to_owned(), |time| time.to_string());
    lines.put("Valid from", &moment(record.not_before))?;
    let (words, tint) = describe::validity(certificate, at);
    let words = words.split_once(" (").map_or(words.as_str(), |(_, rest)| rest.trim_end_matches(')'));
    lines.tinted("Valid to", &format!("{} ({words})", moment(record.not_after)), tint)?;
    lines.put("Key", &describe::key(certificate.public_key()))?;
    if let Some(provider) = entry.key_provider() {
        lines.put("Key provider", &describe::provider(provider))?;
    }
    if record.has_private_key {
        lines.put("Private key", "stands beside it; it was not read")?;
    }
    lines.put("Thumbprint (SHA-1)", &record.thumbprint)?;
    lines.put("SHA-256", &record.sha256)?;
    lines.put("Signature", &record.signature_algorithm)?;
    if record.version != 3 {
        lines.put("X.509 version", &record.version.to_string())?;
    }
    if let Some(constraints) = &record.basic_constraints {
        let limit = constraints
            .path_length
            .map_or_else(String::new, |limit| format!(", at most {}", count(limit, "CA below", "CAs below")));
        lines.put("Basic constraints", &format!("{}{limit}", if constraints.ca { "CA" } else { "not a CA" }))?;
    }
    if let Some(constraints) = &record.name_constraints {
        lines.put("Name constraints", if constraints.critical { "critical" } else { "not critical" })?;
        lines.put_all("  permitted", &constraints.permitted)?;
        lines.put_all("  excluded", &constraints.excluded)?;
    }
    if let Some(usage) = &record.key_usage {
        lines.put("Key usage", &usage.join(", "))?;
    }
    lines.put_usages("Extended key usage", &record.extended_key_usage)?;
    if let Decoded::Present(usages) = certificate.extended_key_usage()
        && usages.is_empty()
    {
        lines.tinted("Extended key usage", "an empty list: for nothing", Tint::Warning)?;
    }
    lines.put_usages("Application policies", &record.application_policies)?;
    lines.put_all("Alternative names", &record.subject_alternative_names)?;
    lines.put_some("User principal name", record.user_principal_name.as_deref())?;
    if let Some(template) = &record.template {
        let mut parts: Vec<String> = [&template.name, &template.oid].into_iter().flatten().cloned().collect();
        if let Some(major) = template.major {
            parts.push(format!("revision {major}.{}", template.minor.unwrap_or(0)));
        }
        lines.put("Template", &parts.join(", "))?;
    }
    lines.put_some("Subject key id", record.subject_key_identifier.as_deref())?;
    if let Some(authority) = &record.authority_key_identifier {
        lines.put_some("Authority key id", authority.key_identifier.as_deref())?;
        lines.put_some("Authority issuer", authority.issuer.as_deref())?;
        lines.put_some("Authority serial", authority.serial_number.as_deref())?;
    }
    lines.put_some("CA version", record.ca_version.as_deref())?;
    lines.put_some("Previous CA certificate", record.previous_ca_hash.as_deref())?;
    lines.put_all("CRL", &record.crl_distribution_points)?;
    for access in &record.authority_information_access {
        let label = match access.method.oid.as_str() {
            "1.3.6.1.5.5.7.48.2" => "Issuer's certificate",
            oid => access.method.name.unwrap_or(oid),
        };
        lines.put(label, &access.location)?;
    }
    lines.put_policies(&record)?;
    lines.put_some("Account SID", record.sid.as_deref())?;
    for extension in &record.other_extensions {
        let name = extension.name.map_or_else(String::new, |name| format!("{name} "));
        let critical = if extension.critical { ", critical" } else { "" };
        lines.put("Other extension", &format!("{name}({}){critical}", extension.oid))?;
    }
    for unreadable in &record.unreadable {
        lines.tinted("Cannot be read", unreadable, Tint::Warning)?;
    }
    for (occurrence, source) in entry.occurrences.iter().zip(&record.sources) {
        let mut text = format!("{} ({}", describe::place_in_full(occurrence), occurrence.format.name());
        let facts = [
            source.store.as_ref().map(|store| format!("store {store}")),
            source.friendly_name.as_ref().map(|name| format!("friendly name \"{name}\"")),
            source.request_id.as_ref().map(|id| format!("request {id}")),
            source.key_container.as_ref().map(|name| format!("key {name}")),
            source.has_private_key.then(|| "with its private key".to_owned()),
            source.archived.then(|| "archived".to_owned()),
            source.restrictions.is_some().then(|| "limited by the store entry".to_owned()),
            source.stored_under.as_ref().map(|name| format!("kept under another name: {name}")),
        ];
        for fact in facts.into_iter().flatten() {
            text.push_str(", ");
            text.push_str(&fact);
        }
        text.push(')');
        lines.put("Found in", &text)?;
    }
    Ok(())
}

fn or_none(name: &str) -> &str {
    if name.is_empty() { "(empty)" } else { name }
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    style: &'a Style,
}

impl Lines<'_> {
    fn put(&mut self, label: &str, value: &str) -> io::Result<()> {
        self.tinted(label, value, Tint::Plain)
    }

    fn tinted(&mut self, label: &str, value: &str, tint: Tint) -> io::Result<()> {
        let label = format!("  {:<LABEL$}", terminal(label));
        let room = self.style.width.map_or(usize::MAX, |width| width.saturating_sub(label.len()).max(20));
        let label = self.style.paint(Tint::Faint, &label);
        for (index, line) in crate::report::style::wrap(&terminal(value), room).into_iter().enumerate() {
            let line = self.style.paint(tint, &line);
            if index == 0 {
                writeln!(self.out, "{label}{line}")?;
            } else {
                writeln!(self.out, "{}{line}", " ".repeat(LABEL + 2))?;
            }
        }
        Ok(())
    }

    fn put_some(&mut self, label: &str, value: Option<&str>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.put(label, value))
    }

    fn put_all(&mut self, label: &str, values: &[String]) -> io::Result<()> {
        values.iter().try_for_each(|value| self.put(label, value))
    }

    fn put_policies(&mut self, record: &CertificateRecord) -> io::Result<()> {
        if record.policy_details.is_empty() {
            return self.put_all("Policy", &record.policies);
        }
        for PolicyRecord { policy, qualifiers } in &record.policy_details {
            self.put_usages("Policy", std::slice::from_ref(policy))?;
            for qualifier in qualifiers {
                let (label, value) = describe::qualifier(qualifier);
                self.put(&format!("  {label}"), &value)?;
            }
        }
        Ok(())
    }

    fn put_usages(&mut self, label: &str, usages: &[OidRecord]) -> io::Result<()> {
        usages.iter().try_for_each(|usage| match usage.name {
            Some(name) => self.put(label, &format!("{name} ({})", usage.oid)),
            None => self.put(label, &usage.oid),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use unicode_width::UnicodeWidthStr;

    fn text(found: &Inspection, style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, &style, found, testing::at()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_certificate_has_a_line_that_fits_and_the_end_says_how_many() {
        let found = testing::inspection("contoso");
        let shown = text(&found, Style { width: Some(80), ..Style::default() });
        assert!(shown.lines().all(|line| line.width() <= 80), "{shown}");
        for entry in &found.certificates {
            assert!(shown.contains(&entry.certificate.thumbprint_hex()[..8]));
        }
        let last = shown.rsplit("\n\n").next().unwrap();
        assert!(
            last.starts_with("16 certificates: 3 roots, 5 intermediates, 8 end-entity. 1 of them is not valid"),
            "{last}"
        );
        assert!(last.contains(&format!("{} CRLs.", found.crls)));
    }

    #[test]
    fn one_certificate_is_shown_with_everything_it_says() {
        let mut found = testing::inspection("contoso/clients/PC001.cer");
        found.certificates.truncate(1);
        let shown = text(&found, Style::default());
        let certificate = &found.certificates[0].certificate;
        for expected in [
            certificate.sha256_hex(),
            certificate.thumbprint_hex(),
            certificate.serial_number_hex(),
            "Client Authentication (1.3.6.1.5.5.7.3.2)".to_owned(),
            "DNS Name=PC001.corp.contoso.com".to_owned(),
            "2054-01-01T00:00:00Z (9,901 days left)".to_owned(),
            "contoso/clients/PC001.cer (der)".to_owned(),
        ] {
            assert!(shown.contains(&expected), "{expected} is not in\n{shown}");
        }
    }

    #[test]
    fn names_cannot_move_the_cursor_or_turn_the_text() {
        let found = testing::inspection("pki/hostile-names");
        for verbose in [false, true] {
            let shown = text(&found, Style { verbose, ..Style::default() });
            assert!(!shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
        }
    }

    #[test]
    fn a_terminal_is_not_flooded_and_is_told_where_the_rest_is() {
        let found = testing::inspection("pki/hostile-names");
        let shown = text(&found, Style { rows: Some(5), ..Style::default() });
        assert!(shown.contains("13 more are not shown: `-v` shows all"), "{shown}");
        assert!(shown.lines().count() < 40);
    }
}
