//! Subject and alternative name: who the certificate is for, in which characters, and whether anyone else has the name.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::certificate::{Certificate, Decoded, GeneralName, Name, oid};
use crate::cmg::catalogue::{characters, service_name, sid_extension, subject};
use crate::cmg::finding::Finding;
use crate::cmg::names::{attributes, common_names};
use crate::cmg::profile::NameRule;
use crate::cmg::rules::{Looked, Part, RuleContext};
use crate::cmg::selection::validity_period;

fn is_client(looked: &Looked<'_>, context: &RuleContext<'_>) -> bool {
    looked.part == Part::EndEntity && context.profile().names == NameRule::Client
}

/// A subject or an alternative name, not several, and a computer's name in the subject where there is one.
pub(super) fn subject(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if !is_client(looked, context) {
        return;
    }
    let name = looked.certificate.subject();
    let has_subject = attributes(&name).any(|attribute| attribute.text().is_none_or(|text| !text.is_empty()));
    let alternative = looked.certificate.subject_alternative_names();
    match &alternative {
        Decoded::Present(names) if names.len() > 1 => {
            let shown = names.iter().take(10).map(|name| format!("{}={}", name.form(), name.value()));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let first = names.first().map(GeneralName::value).unwrap_or_default();
            let message = format!(
                "it has {} subject alternative names, of which Configuration Manager uses the first only: {first}",
                names.len()
            );
            let finding = Finding::new(&subject::SEVERAL_NAMES, message);
            found.push(finding.expected("one subject alternative name").found(shown));
        }
        Decoded::Present(names) if !names.is_empty() => {}
        _ if !has_subject => {
            let message = "it has neither a subject nor a subject alternative name, so nothing identifies the client";
            found.push(Finding::new(&subject::NONE, message).expected("a unique value in one of them").found("none"));
        }
        _ => {}
    }
    // The most specific one: those before it are containers of a directory, `CN=Computers`.
    if has_subject && !common_names(&name).last().is_some_and(|common| is_host_name(&common)) {
        let shown = name.to_string();
        let message = format!(
            "the common name of the subject cannot be a computer's name, which a client looks for unless other criteria are \
             set: {shown}"
        );
        found.push(Finding::new(&subject::NO_HOST_NAME, message).expected("CN= the computer's name").found(shown));
    }
}

/// Letters, digits, `-` and `_`, in labels of at most 63 that dots separate; a `$` at the end, as accounts have it. Letters
/// of any script, since those beyond single-byte have a finding of their own.
fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('$').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(label)
}

/// Single-byte characters only.
pub(super) fn characters(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let name = looked.certificate.subject();
    if let Some(text) = attributes(&name).filter_map(|attribute| attribute.text()).find(|text| beyond_single_byte(text))
    {
        push_characters(&characters::SUBJECT, "the subject", &text, found);
    }
    if looked.part != Part::EndEntity {
        return;
    }
    if let Decoded::Present(names) = looked.certificate.subject_alternative_names()
        && let Some(text) = names.iter().find_map(wide_value)
    {
        push_characters(&characters::ALTERNATIVE_NAME, "the subject alternative name", &text, found);
    }
}

fn push_characters(case: &'static crate::cmg::Case, place: &str, text: &str, found: &mut Vec<Finding>) {
    let wide: String = text.chars().filter(|c| is_wide(*c)).take(10).collect();
    let message = format!("{place} has characters beyond single-byte ({wide}): {text}");
    found.push(Finding::new(case, message).expected("single-byte characters").found(text));
}

fn is_wide(c: char) -> bool {
    u32::from(c) > 0xff
}

fn beyond_single_byte(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_wide)
}

/// The value of a name that has wide characters; most are ASCII in the encoding already.
fn wide_value(name: &GeneralName<'_>) -> Option<String> {
    let plain = match name {
        GeneralName::Email(text) | GeneralName::Dns(text) | GeneralName::Uri(text) => text.is_ascii(),
        GeneralName::Directory(_) | GeneralName::Other { .. } => false,
        _ => true,
    };
    (!plain).then(|| name.value()).filter(|value| beyond_single_byte(value))
}

/// The extension is Active Directory's concern alone.
pub(super) fn sid(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part != Part::EndEntity || looked.certificate.extension(oid::MS_SID_EXTENSION).is_none() {
        return;
    }
    let sid = looked.certificate.sid().unwrap_or_else(|| "unreadable".to_owned());
    let message =
        format!("it carries the security identifier {sid} for Active Directory's mapping; a CMG does not look at it");
    found.push(Finding::new(&sid_extension::PRESENT, message).found(sid));
}

/// The DNS name under which a server is reached.
pub(super) fn service_name(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part != Part::EndEntity {
        return;
    }
    match context.profile().names {
        NameRule::Client => {}
        NameRule::Server => server_name(looked.certificate, found),
        NameRule::CmgService => cmg_name(looked.certificate, found),
    }
}

fn server_name(certificate: &Certificate, found: &mut Vec<Finding>) {
    let alternative = certificate.subject_alternative_names();
    let has_dns = alternative.get().is_some_and(|names| names.iter().any(|name| matches!(name, GeneralName::Dns(_))));
    let subject = certificate.subject();
    if !has_dns && !common_names(&subject).any(|name| is_host_name(name.strip_prefix("*.").unwrap_or(&name))) {
        let message = "it has no DNS name in the subject alternative name, and none as common name";
        let finding = Finding::new(&service_name::NONE, message);
        found.push(finding.expected("the FQDN by which clients reach the server").found(subject.to_string()));
    }
}

fn cmg_name(certificate: &Certificate, found: &mut Vec<Finding>) {
    let subject = certificate.subject();
    let Some(common) = common_names(&subject).last() else {
        let message = "it has no common name, which is to be the CMG's service name";
        found.push(Finding::new(&service_name::NO_COMMON_NAME, message).expected("CN= the service name").found("none"));
        return;
    };
    let (wildcard, host) = match common.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, &*common),
    };
    if !is_host_name(host) || !host.contains('.') {
        let message = format!("its common name is not the DNS name of a service: {common}");
        let finding = Finding::new(&service_name::NOT_DNS, message);
        found.push(finding.expected("a name such as contosocmg.contoso.com").found(common));
        return;
    }
    if host.to_ascii_lowercase().ends_with(".cloudapp.net") {
        let message = format!("its common name is in cloudapp.net, the classic deployment's domain: {common}");
        found.push(Finding::new(&service_name::CLOUDAPP_NET, message).found(&*common));
    }
    if host.chars().any(|c| c.is_ascii_uppercase()) {
        let message = format!("its common name has capital letters, which a renewal must repeat exactly: {common}");
        found.push(Finding::new(&service_name::UPPER_CASE, message).found(&*common));
    }
    let label = host.split('.').next().unwrap_or_default();
    if wildcard {
        let message =
            format!("its common name is a wildcard: in the wizard replace * by the service's host name: {common}");
        found.push(Finding::new(&service_name::WILDCARD, message).found(&*common));
    } else if !(3..=24).contains(&label.len()) || !label.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("the first label of its common name cannot be the name of the deployment: {label}");
        let finding = Finding::new(&service_name::PREFIX, message);
        found.push(finding.expected("3 to 24 letters and digits").found(label));
    }
}

/// What identifies a client: the last common name, else the whole subject, else the first alternative name; case folded.
fn identity(certificate: &Certificate) -> Option<String> {
    let subject: Name<'_> = certificate.subject();
    let common: Option<Cow<'_, str>> = common_names(&subject).last().filter(|name| !name.trim().is_empty());
    if let Some(common) = common {
        return Some(common.trim().to_lowercase());
    }
    if attributes(&subject).next().is_some() {
        return Some(subject.to_string().to_lowercase());
    }
    let names = certificate.subject_alternative_names();
    names.get()?.first().map(|name| name.value().to_lowercase())
}

fn identity_hash(identity: &str) -> u64 {
    let hash: [u8; 32] = Sha256::digest(identity.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The few bytes that are kept of each certificate while names are compared across all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameRecord {
    identity: u64,
    /// Minutes since 1970, up to the year 6053, and the seconds beyond: so a record takes no more than 32 bytes.
    from: i32,
    from_second: u8,
    to: i32,
    to_second: u8,
    /// The first bytes of the certificate's SHA-256, so that one certificate in two places is no duplicate.
    certificate: u32,
    /// Of its public key, and of the account that Active Directory's security identifier names; 0 is none.
    key: u32,
    account: u32,
}

/// A few bytes that tell two contents apart, never 0.
fn short_hash(content: &[u8]) -> u32 {
    let hash =
        std::hash::BuildHasher::hash_one(&std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::new(), content);
    u32::try_from(hash >> 32).unwrap_or_default().max(1)
}

impl NameRecord {
    /// `None` for a certificate that is not valid at `at`, or that has no name at all.
    pub(crate) fn of(certificate: &Certificate, context: &RuleContext<'_>) -> Option<Self> {
        if !certificate.is_valid_at(context.at) {
            return None;
        }
        let split = |time: crate::Time| {
            let (minute, second) = (time.unix().div_euclid(60), time.unix().rem_euclid(60));
            (i32::try_from(minute).unwrap_or(i32::MAX), u8::try_from(second).unwrap_or_default())
        };
        let ((from, from_second), (to, to_second)) =
            (split(certificate.not_before()?), split(certificate.not_after()?));
        let [a, b, c, d, ..] = *certificate.sha256();
        let account = certificate.extension(oid::MS_SID_EXTENSION).and_then(|_| certificate.sid());
        Some(Self {
            identity: identity_hash(&identity(certificate)?),
            from,
            from_second,
            to,
            to_second,
            certificate: u32::from_be_bytes([a, b, c, d]),
            key: short_hash(certificate.subject_public_key_info()),
            account: account.map_or(0, |account| short_hash(account.as_bytes())),
        })
    }

    fn day(&self) -> i32 {
        self.from.div_euclid(24 * 60)
    }

    fn from(&self) -> i64 {
        i64::from(self.from) * 60 + i64::from(self.from_second)
    }

    fn to(&self) -> i64 {
        i64::from(self.to) * 60 + i64::from(self.to_second)
    }

    fn period(&self) -> (i64, i64) {
        validity_period(self.from(), self.to())
    }

    /// Whether one of the two is the wrong one to choose, given that a client chooses the one with the longest validity period.
    fn beside(&self, later: &Self) -> Beside {
        let begins = later.from() - self.from();
        let (length, _) = self.period();
        if self.account != later.account && self.account != 0 && later.account != 0 {
            Beside::TwoAccounts
        } else if self.day() == later.day() {
            Beside::SameDay
        } else if self.key == later.key {
            Beside::Renewed
        } else if later.to() > self.to() && begins >= length * 3 / 4 {
            // A year without a leap day is the shorter one: the client stays with the old certificate until that expires, soon.
            Beside::InDueTime
        } else if later.period() <= self.period() {
            Beside::OlderLasts
        } else {
            Beside::Renewed
        }
    }
}

/// What two certificates of one name are to each other that are valid side by side; the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    /// A renewal in the last quarter of the earlier one's validity, as auto-enrolment does it.
    InDueTime,
    /// A renewal at another time, or with the same key.
    Renewed,
    /// The one that began earlier has the longer validity period, and goes on being chosen.
    OlderLasts,
    /// Begun on one day: neither is the other's renewal.
    SameDay,
    /// Their security identifiers are those of two accounts.
    TwoAccounts,
}

/// The names that several certificates have which are valid side by side, unless they are renewals in due time.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// The identity's hash, how many certificates have it, and what they are to each other at worst; ascending.
    names: Vec<(u64, usize, Beside)>,
}

impl Duplicates {
    pub(crate) fn find(mut records: Vec<NameRecord>) -> Self {
        records.sort_unstable();
        records.dedup_by_key(|record| (record.identity, record.certificate));
        let names = records.chunk_by(|one, two| one.identity == two.identity).filter_map(|group| {
            let pairs = group.iter().zip(group.iter().skip(1));
            let worst = pairs.map(|(earlier, later)| earlier.beside(later)).max()?;
            (worst > Beside::InDueTime).then_some((group.first()?.identity, group.len(), worst))
        });
        Self { names: names.collect() }
    }

    fn of(&self, certificate: &Certificate) -> Option<(usize, Beside)> {
        if self.names.is_empty() {
            return None;
        }
        let hash = identity_hash(&identity(certificate)?);
        let index = self.names.binary_search_by_key(&hash, |(name, ..)| *name).ok()?;
        self.names.get(index).map(|(_, count, worst)| (*count, *worst))
    }
}

/// Another audited certificate with the same name.
pub(super) fn duplicate(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let Some(duplicates) = context.duplicates.filter(|_| is_client(looked, context)) else { return };
    if !looked.certificate.is_valid_at(context.at) {
        return;
    }
    let Some((count, worst)) = duplicates.of(looked.certificate) else { return };
    let name = identity(looked.certificate).unwrap_or_default();
    let (case, why) = match worst {
        Beside::InDueTime | Beside::Renewed => (
            &subject::RENEWED,
            "they look like one client's before and after a renewal, and of these the client takes the one with the longest validity period",
        ),
        Beside::OlderLasts => (
            &subject::DUPLICATE,
            "the client takes the one with the longest validity period, which is not the newest: delete or revoke the older one",
        ),
        Beside::SameDay => (
            &subject::DUPLICATE,
            "none is the renewal of another: if one client has them, delete or revoke those that are too many; if several \
             have, give each a name of its own",
        ),
        Beside::TwoAccounts => (
            &subject::DUPLICATE,
            "their security identifiers are those of several accounts: give each client a certificate with a name of its own",
        ),
    };
    let message = format!("{count} certificates that are valid side by side have this name, {name}: {why}");
    found.push(Finding::new(case, message).expected("a name of its own").found(name));
}

#[cfg(test)]
mod tests;
