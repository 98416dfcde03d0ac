//! Subject and alternative name: who the certificate is for, in which characters, and whether anyone else has the name.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::certificate::{Certificate, Decoded, GeneralName, Name, oid};
use crate::cmg::catalogue::{characters, service_name, sid_extension, subject};
use crate::cmg::finding::Finding;
use crate::cmg::names::{attributes, common_names};
use crate::cmg::profile::NameRule;
use crate::cmg::rules::{Looked, Part, RuleContext};

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
    /// Days since 1970.
    from: i32,
    to: i32,
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
        let day = |time: crate::Time| i32::try_from(time.unix().div_euclid(86_400)).unwrap_or_default();
        let [a, b, c, d, ..] = *certificate.sha256();
        let account = certificate.extension(oid::MS_SID_EXTENSION).and_then(|_| certificate.sid());
        Some(Self {
            identity: identity_hash(&identity(certificate)?),
            from: day(certificate.not_before()?),
            to: day(certificate.not_after()?),
            certificate: u32::from_be_bytes([a, b, c, d]),
            key: short_hash(certificate.subject_public_key_info()),
            account: account.map_or(0, |account| short_hash(account.as_bytes())),
        })
    }

    /// Whether one of the two is the wrong one to choose, given that a client chooses the one that lasts longest.
    fn beside(&self, later: &Self) -> Beside {
        let (begins, length) =
            (i64::from(later.from) - i64::from(self.from), i64::from(self.to) - i64::from(self.from));
        if self.account != later.account && self.account != 0 && later.account != 0 {
            Beside::TwoAccounts
        } else if begins == 0 {
            Beside::SameDay
        } else if self.key == later.key {
            Beside::Renewed
        } else if later.to <= self.to {
            Beside::OlderLasts
        } else if begins >= length * 3 / 4 {
            Beside::InDueTime
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
    /// The one that began earlier lasts as long as the other or longer, and goes on being chosen.
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
            "they look like one client's before and after a renewal, and of these the client takes the one that lasts longest",
        ),
        Beside::OlderLasts => (
            &subject::DUPLICATE,
            "the client takes the one that lasts longest, which is not the newest: delete or revoke the older one",
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
mod tests {
    use super::*;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::checks::{self, client};
    use crate::cmg::settings::Settings;
    use crate::cmg::testing::{self, Draft, dns_names, element, now, sequence};

    fn named(attributes: &[(&[u8], &str)]) -> Draft {
        let mut draft = Draft::client("pc1.contoso.com");
        draft.subject = testing::name(attributes);
        draft
    }

    #[test]
    fn a_client_without_any_name_is_found_and_one_name_is_enough() {
        assert_eq!(client(&named(&[]).without(oid::SUBJECT_ALTERNATIVE_NAME).issued()), ["subject/none"]);
        assert_eq!(client(&named(&[]).issued()), [""; 0]);
        let subject_only = named(&[(oid::COMMON_NAME, "pc1")]).without(oid::SUBJECT_ALTERNATIVE_NAME).issued();
        assert_eq!(client(&subject_only), [""; 0]);
        let empty = named(&[]).with(oid::SUBJECT_ALTERNATIVE_NAME, dns_names(&[])).issued();
        assert_eq!(client(&empty), ["subject/none"]);
    }

    #[test]
    fn several_alternative_names_are_found() {
        let two = dns_names(&["pc1.contoso.com", "pc1"]);
        let certificate = Draft::client("pc1.contoso.com").with(oid::SUBJECT_ALTERNATIVE_NAME, two).issued();
        assert_eq!(client(&certificate), ["subject/several-alternative-names"]);
    }

    #[test]
    fn a_subject_without_a_computers_name_is_found() {
        for common in ["Erika Mustermann", "erika@contoso.com"] {
            assert_eq!(client(&named(&[(oid::COMMON_NAME, common)]).issued()), ["subject/no-host-name"], "{common:?}");
        }
        let nameless = named(&[(oid::COMMON_NAME, "")]).without(oid::SUBJECT_ALTERNATIVE_NAME);
        assert_eq!(client(&nameless.issued()), ["subject/none"]);
        // Of several common names the last one encoded is the entry's own; a directory's containers stand before it.
        let user = named(&[(oid::COMMON_NAME, "Users"), (oid::COMMON_NAME, "Erika Mustermann")]).issued();
        assert_eq!(client(&user), ["subject/no-host-name"]);
        let organisation = named(&[(oid::ORGANIZATION, "Contoso")]).issued();
        assert_eq!(client(&organisation), ["subject/no-host-name"]);
        for common in ["PC-1", "pc_1.contoso.com", "PC1$"] {
            assert_eq!(client(&named(&[(oid::COMMON_NAME, common)]).issued()), [""; 0], "{common:?}");
        }
    }

    #[test]
    fn characters_beyond_single_byte_are_found_in_subject_and_alternative_name() {
        assert_eq!(client(&named(&[(oid::COMMON_NAME, "Zürich-PC")]).issued()), [""; 0]);
        assert_eq!(client(&named(&[(oid::COMMON_NAME, "東京-PC")]).issued()), ["characters/subject"]);
        let upn =
            sequence(&[element(6, oid::MS_USER_PRINCIPAL_NAME), element(0xa0, &element(12, "ł@c.de".as_bytes()))]);
        let name = sequence(&[element(0xa0, &upn[2..])]);
        let certificate = Draft::client("pc1").with(oid::SUBJECT_ALTERNATIVE_NAME, name).issued();
        assert_eq!(client(&certificate), ["characters/alternative-name"]);
        let mut ca = Draft::ca("x");
        ca.subject = testing::common_name("Основной центр");
        assert_eq!(checks::found(&ca.issued(), Part::Intermediate, ProfileName::Client), ["characters/subject"]);
    }

    #[test]
    fn the_sid_extension_is_information() {
        let other = [element(6, oid::MS_SID), element(0xa0, &element(4, b"S-1-5-21-1-2-3-1105"))].concat();
        let content = sequence(&[element(0xa0, &other)]);
        let certificate = Draft::client("pc1").with(oid::MS_SID_EXTENSION, content).issued();
        let found = checks::with_settings(&certificate, Part::EndEntity, "");
        assert_eq!(checks::labels(&found), ["sid-extension/present"]);
        assert_eq!(found[0].severity, crate::cmg::Severity::Info);
        assert!(found[0].message.contains("S-1-5-21-1-2-3-1105"), "{}", found[0].message);
    }

    #[test]
    fn the_cmgs_common_name_is_a_dns_name_that_can_be_a_deployment() {
        let found = |common: &str| {
            let mut draft = Draft::server("x");
            draft.subject = testing::common_name(common);
            checks::found(&draft.issued(), Part::EndEntity, ProfileName::CmgServer)
        };
        assert_eq!(found("contosocmg.contoso.com"), [""; 0]);
        assert_eq!(found("contosocmg.westus.cloudapp.azure.com"), [""; 0]);
        assert_eq!(found("*.contoso.com"), ["service-name/wildcard"]);
        assert_eq!(found("contoso-cmg.contoso.com"), ["service-name/prefix"]);
        assert_eq!(found("cm.contoso.com"), ["service-name/prefix"]);
        assert_eq!(found("contosocmg.cloudapp.net"), ["service-name/cloudapp-net"]);
        assert_eq!(found("ContosoCMG.contoso.com"), ["service-name/upper-case"]);
        assert_eq!(found("contosocmg"), ["service-name/not-a-dns-name"]);
        assert_eq!(found("Contoso CMG"), ["service-name/not-a-dns-name"]);
        let mut nameless = Draft::server("x");
        nameless.subject = testing::name(&[]);
        let found = checks::found(&nameless.issued(), Part::EndEntity, ProfileName::CmgServer);
        assert_eq!(found, ["service-name/no-common-name"]);
    }

    #[test]
    fn a_management_point_needs_a_dns_name_somewhere() {
        let mut draft = Draft::server("x");
        draft.subject = testing::common_name("Management Point");
        assert_eq!(checks::found(&draft.clone().issued(), Part::EndEntity, ProfileName::ManagementPoint), [""; 0]);
        let without = draft.without(oid::SUBJECT_ALTERNATIVE_NAME).issued();
        let found = checks::found(&without, Part::EndEntity, ProfileName::ManagementPoint);
        assert_eq!(found, ["service-name/none"]);
    }

    fn judged_together(certificates: &[&Certificate]) -> Vec<Vec<String>> {
        let settings = Settings::default();
        let mut context = RuleContext::new(now(), &settings, ProfileName::Client);
        let records = certificates.iter().filter_map(|certificate| NameRecord::of(certificate, &context)).collect();
        let duplicates = Duplicates::find(records);
        context.duplicates = Some(&duplicates);
        let judge = |certificate: &&Certificate| crate::cmg::rules::judge(certificate, &[], Part::EndEntity, &context);
        certificates.iter().map(|certificate| checks::labels(&judge(certificate))).collect()
    }

    /// A client's certificate with that serial number and key, valid between these days from now.
    fn dated(serial: u8, bits: u32, from: i64, to: i64) -> Draft {
        let mut draft = Draft::client("PC1.contoso.com");
        draft.serial = serial;
        draft.key = testing::Key::Rsa(bits);
        (draft.not_before, draft.not_after) = (now().plus_days(from), now().plus_days(to));
        draft
    }

    /// What two certificates of one name get.
    fn both(one: &Certificate, two: &Certificate) -> String {
        let other = Draft::client("pc2.contoso.com").issued();
        let found = judged_together(&[one, two, &other]);
        assert_eq!(found[0], found[1]);
        assert_eq!(found[2], [""; 0]);
        found[0].join(", ")
    }

    #[test]
    fn two_certificates_of_one_name_are_found_where_the_wrong_one_could_be_chosen() {
        let with = |serial, bits, from, to| dated(serial, bits, from, to).issued();
        // Drafts with one number and length have one key.
        let one = with(1, 2048, -100, 300);
        for (other, expected) in [
            (with(1, 4096, -100, 300), "subject/duplicate"),
            (with(2, 4096, -100, 400), "subject/duplicate"),
            (with(2, 4096, -90, 300), "subject/duplicate"),
            (with(2, 4096, -90, 100), "subject/duplicate"),
            (with(2, 4096, -90, 310), "subject/renewed"),
            (with(1, 2048, -90, 310), "subject/renewed"),
            (with(1, 2048, -90, 100), "subject/renewed"),
            (with(1, 2048, -100, 299), "subject/duplicate"),
        ] {
            assert_eq!(both(&one, &other), expected, "{:?} {:?}", other.not_before(), other.not_after());
        }
        // In due time, as auto-enrolment renews.
        assert_eq!(both(&with(1, 2048, -320, 45), &with(2, 4096, -5, 360)), "");
        assert_eq!(judged_together(&[&one, &one]), [vec![], vec![]] as [Vec<String>; 2]);
        let (new, expired) = (with(4, 2048, -5, 360), with(5, 2048, -700, -335));
        assert_eq!(judged_together(&[&new, &expired])[0], [""; 0]);
    }

    #[test]
    fn certificates_of_one_name_and_two_accounts_are_no_renewals() {
        let with = |draft: Draft, sid: &[u8]| {
            let other = [element(6, oid::MS_SID), element(0xa0, &element(4, sid))].concat();
            draft.with(oid::MS_SID_EXTENSION, sequence(&[element(0xa0, &other)])).issued()
        };
        let (old, new) = (dated(1, 2048, -320, 45), dated(2, 4096, -5, 360));
        let one = with(old, b"S-1-5-21-1-2-3-1105");
        let found = both(&one, &with(new.clone(), b"S-1-5-21-1-2-3-1105"));
        assert!(!found.contains("duplicate"), "{found}");
        let found = both(&one, &with(new, b"S-1-5-21-1-2-3-1106"));
        assert!(found.contains("subject/duplicate"), "{found}");
    }
}
