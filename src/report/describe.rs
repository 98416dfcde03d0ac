//! Certificates and what belongs to them in a few words for people, safe on a terminal.

use crate::certificate::{Certificate, Name, Oid, PublicKey};
use crate::path::windows::Difference;
use crate::path::{AnchorConstraints, Check, Detail, Failure, Missing, Path, checks};
use crate::pool::Entry;
use crate::report::expired;
use crate::report::model::{QualifierRecord, Role};
use crate::report::sanitize::terminal;
use crate::report::style::{Tint, count, days, grouped};
use crate::source::{Evidence, KeyKeeper, KeyProvider, Occurrence, Position, Problem, ProviderFamily};
use crate::time::Time;

/// What stands for a name in a short text.
pub(crate) fn name(name: &Name<'_>) -> String {
    terminal(&name.short())
}

/// What stands for a certificate's subject; a certificate without one is known by its first alternative name.
pub(crate) fn subject(certificate: &Certificate) -> String {
    let own = certificate.subject();
    if own.is_empty()
        && let Some(first) = certificate.subject_alternative_names().get().and_then(|names| names.first())
    {
        return terminal(&first.value());
    }
    terminal(&certificate.short_subject())
}

/// `RSA 2048`, `EC P-256`, `Ed25519`.
pub(crate) fn key(key: &PublicKey) -> String {
    let algorithm = key.algorithm.name();
    terminal(&match &key.curve {
        Some(curve) => format!("{algorithm} {curve}"),
        None if key.bits == 0 || algorithm.starts_with("Ed") || algorithm.starts_with("ML-") => algorithm.to_owned(),
        None => format!("{algorithm} {}", key.bits),
    })
}

/// The role as a reader would say it.
pub(crate) fn role(role: Role) -> &'static str {
    role.name()
}

/// `2054-11-22`.
pub(crate) fn date(time: Option<Time>) -> String {
    time.map_or_else(|| "no date".to_owned(), Time::date)
}

/// How the days that are left are to be taken.
pub(crate) fn urgency(left: Option<i64>) -> Tint {
    match left {
        None => Tint::Bad,
        Some(left) if left < 0 => Tint::Bad,
        Some(left) if left < 30 => Tint::Warning,
        Some(_) => Tint::Plain,
    }
}

/// Whole days from `at` to the end of the validity.
pub(crate) fn days_left(certificate: &Certificate, at: Time) -> Option<i64> {
    certificate.not_after().map(|last| at.days_until(last))
}

/// `valid to 2054-11-22 (10,227 days left)`.
pub(crate) fn validity(certificate: &Certificate, at: Time) -> (String, Tint) {
    if let Some(first) = certificate.not_before()
        && at < first
    {
        return (format!("not valid before {}", first.date()), Tint::Bad);
    }
    let left = days_left(certificate, at);
    let verb = if left.is_some_and(|left| left < 0) { "was valid to" } else { "valid to" };
    (format!("{verb} {} ({})", date(certificate.not_after()), days(left)), urgency(left))
}

/// CNG or CSP, in a word; empty where nothing is known.
pub(crate) fn provider_family(provider: Option<&KeyProvider>) -> &'static str {
    match provider.map(|provider| (provider.family, provider.keeper)) {
        Some((ProviderFamily::Cng, KeyKeeper::Tpm)) => "CNG (TPM)",
        Some((ProviderFamily::Cng, _)) => "CNG",
        Some((ProviderFamily::Capi, _)) => "CSP",
        Some((ProviderFamily::Unknown, _)) | None => "",
    }
}

/// The provider with its name and what that rests on.
pub(crate) fn provider(provider: &KeyProvider) -> String {
    let family = match provider.family {
        ProviderFamily::Cng => "CNG (key storage provider, \"v3\")",
        ProviderFamily::Capi => "CryptoAPI (cryptographic service provider)",
        ProviderFamily::Unknown => "not known whether CNG or CSP",
    };
    let mut text = family.to_owned();
    if let Some(name) = &provider.name {
        text.push_str(&format!(": {}", terminal(name)));
    }
    let keeper = match provider.keeper {
        KeyKeeper::Tpm => ", in a TPM",
        KeyKeeper::SmartCard => ", on a smart card",
        KeyKeeper::WindowsHello => ", kept by Windows Hello",
        KeyKeeper::ThirdParty => ", a provider that is not Microsoft's",
        KeyKeeper::Software | KeyKeeper::Unknown => "",
    };
    text.push_str(keeper);
    match provider.machine_key {
        Some(true) => text.push_str(", key of the machine"),
        Some(false) => text.push_str(", key of a user"),
        None => {}
    }
    format!("{text}; {}", evidence(provider.evidence))
}

/// What a verdict on the provider rests on.
pub(crate) fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::None => "nothing here tells",
        Evidence::TemplateV1DefaultCsp => "by the default of its template, which the requester may have changed",
        Evidence::NotMicrosoftCsp => "because no CSP of Microsoft's holds such a key",
        Evidence::Pkcs12NoProvider => "the PKCS#12 file names none: whoever imports it decides",
        Evidence::Pkcs12Attribute => "as the PKCS#12 file names it",
        Evidence::ProviderName => "by the provider's name",
        Evidence::KeyProviderInfo => "as the store's key provider information says",
    }
}

/// The file or store, and the line of a text.
pub(crate) fn place(occurrence: &Occurrence) -> String {
    places_of(&occurrence.source, occurrence.position, 0)
}

/// A place, and how many more there are.
pub(crate) fn places_of(source: &str, position: Position, more: usize) -> String {
    let mut text = terminal(source);
    if let Position::Line(line) = position
        && line > 1
    {
        text.push_str(&format!(":{line}"));
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The file or store, and where in it.
pub(crate) fn place_in_full(occurrence: &Occurrence) -> String {
    match occurrence.position {
        Position::Byte(byte) if byte > 0 => format!("{} at byte {byte}", terminal(&occurrence.source)),
        _ => place(occurrence),
    }
}

/// The first place that holds it, and how many more do.
pub(crate) fn places(entry: &Entry) -> String {
    match entry.occurrences.as_slice() {
        [] => String::new(),
        [one, rest @ ..] => places_of(&one.source, one.position, rest.len()),
    }
}

/// What an anchor limits, in a line.
pub(crate) fn anchor_limits(limits: &AnchorConstraints) -> String {
    let mut parts = Vec::new();
    let usages = |usages: &[Oid]| match usages {
        [] => "nothing".to_owned(),
        usages => usages
            .iter()
            .map(|one| one.name().map_or_else(|| one.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
    };
    if let Some(length) = limits.path_length {
        parts.push(match length {
            0 => "no intermediate on a path".to_owned(),
            _ => format!("at most {} on a path", count(length, "intermediate", "intermediates")),
        });
    }
    for (names, what) in [(&limits.permitted, "names only within"), (&limits.excluded, "no names within")] {
        if !names.is_empty() {
            parts.push(format!("{what} {}", terminal(&names.join(", "))));
        }
    }
    if limits.more_names > 0 {
        parts.push(format!("{} more names", grouped(limits.more_names as u64)));
    }
    if !limits.extended_key_usage.is_empty() {
        parts.push(format!("extended key usage for {} only", usages(&limits.extended_key_usage)));
    }
    if !limits.application_policies.is_empty() {
        parts.push(format!("application policies for {} only", usages(&limits.application_policies)));
    }
    let store = &limits.restrictions;
    if let Some(allowed) = &store.enhanced_key_usage {
        parts.push(format!("by its store entry for {} only", usages(allowed)));
    }
    if let Some(from) = store.disallowed_from {
        parts.push(format!("by its store entry distrusted from {from}"));
    }
    if let Some(after) = store.not_before {
        parts.push(format!("by its store entry not for certificates issued after {after}"));
    }
    if limits.more_usages > 0 {
        parts.push(format!("{} more usages in these lists", grouped(limits.more_usages as u64)));
    }
    if !limits.not_processed.is_empty() {
        parts.push(format!("{} (of an anchor not processed)", limits.not_processed.join(", ")));
    }
    parts.join("; ")
}

/// A qualifier of a policy: what it is, and what it says; not yet made safe for a terminal.
pub(crate) fn qualifier(qualifier: &QualifierRecord) -> (&'static str, String) {
    if let Some(uri) = &qualifier.cps {
        return ("CPS", uri.clone());
    }
    if qualifier.kind.name.is_none() {
        return ("qualifier", qualifier.kind.oid.clone());
    }
    let numbers: Vec<String> = qualifier.numbers.iter().map(u64::to_string).collect();
    let reference =
        qualifier.organization.as_ref().map(|organization| format!("{organization}, notice {}", numbers.join(", ")));
    let parts: Vec<String> = qualifier.text.iter().cloned().chain(reference.map(|text| format!("({text})"))).collect();
    ("user notice", parts.join(" "))
}

/// A check in words.
pub(crate) fn check(check: Check) -> String {
    check.name().replace('-', " ")
}

/// A failure in words: the check and both values.
pub(crate) fn failure(failure: &Failure) -> String {
    format!("{}: expected {}; found {}", check(failure.check), terminal(&failure.expected), terminal(&failure.found))
}

/// What to do about the check that a path fails on; empty where it fails on none.
pub(crate) fn advice_on(path: &Path) -> &'static str {
    let Some((at, failure)) = &path.failure else { return "" };
    let is_at_leaf = path.certificates.len() > 1 && path.certificates.first().is_some_and(|leaf| leaf == at);
    match failure.check {
        Check::ExtendedKeyUsage if is_at_leaf => {
            "The certificate itself is not for that purpose: have it issued anew from a template that has it, or choose another."
        }
        Check::KeyUsage if is_at_leaf => "Have it issued anew, with the key usage that is expected.",
        Check::NameConstraints if is_at_leaf => {
            "Have it issued anew with a name that the CAs above it allow, or by a CA that allows this one."
        }
        Check::Algorithm if is_at_leaf && failure.detail == Some(Detail::ShortKey) => {
            "The key is too short, and stays so: have it issued anew with a new RSA key of 2048 bits or more."
        }
        _ => advice(failure),
    }
}

/// What to do about a key of a CA that is too short to be taken.
const SHORT_KEY_OF_A_CA: &str = "The key of the CA is too short, and stays so: the CA has to be renewed with a new RSA key of 2048 bits or more, and what it has issued enrolled anew.";

/// What to do about a check that failed at a CA, or wherever it did.
fn advice(failure: &Failure) -> &'static str {
    match failure.check {
        Check::Validity => "Renew the certificate at fault, or take it out; `--at TIME` judges at another moment.",
        Check::Untrusted => {
            "If the PKI team confirms this root by its SHA-256, name it with `--trust FILE`; else ask them for the root that they do trust."
        }
        Check::Signature | Check::KeyIdentifier | Check::Name => {
            "Another CA certificate of that name is needed: ask the PKI team for the one whose key signed this certificate (after a renewal with a new key there are two)."
        }
        Check::BasicConstraints | Check::KeyUsage | Check::PathLength | Check::NameConstraints | Check::Policy => {
            "The CA certificate at fault does not allow this path. Ask the PKI team for the one that the clients are meant to chain to, or to have it issued anew."
        }
        Check::ExtendedKeyUsage => {
            "The CA certificate at fault does not allow the purpose that is expected, and Windows lets a CA's limits bind what it issues. Use a CA that allows it."
        }
        Check::Tls => {
            "TLS, and with it a gateway, takes none such: a certificate with an RSA key from a CA with one is needed."
        }
        Check::Conformance => {
            "Whoever asks for this must have the CA issue the certificate anew; without `--strict` it is judged as RFC 5280 section 6 and Windows do."
        }
        Check::Revoked | Check::Disallowed => "Do not use it: have it replaced.",
        Check::RevocationUnknown => "Give the current CRL of its issuer with `--crl FILE`.",
        Check::StoreRestriction if failure.detail == Some(Detail::DateOfDistrust) => {
            "The entry of this root in the store has a date of distrust. Such dates come from Microsoft's root program and stay: use certificates below another root."
        }
        Check::StoreRestriction => {
            "The entry in the store limits this root: certlm.msc, the root's properties, \"Certificate purposes\"."
        }
        Check::Budget | Check::Loop => "Give only the CA certificates of this hierarchy, and the roots with `--trust`.",
        Check::Algorithm if failure.detail == Some(Detail::ShortKey) => SHORT_KEY_OF_A_CA,
        Check::Algorithm if failure.detail == Some(Detail::CurveWithoutName) => {
            "A key that spells its curve out is taken nowhere (RFC 5480 section 2.1.1): the certificate has to be issued anew with another, for a gateway one of RSA."
        }
        Check::CriticalExtension => {
            "Whoever does not understand a critical extension must refuse the certificate: it has to be issued anew, without the extension or with it not critical."
        }
        Check::Algorithm | Check::AlgorithmMismatch | Check::Extension => {
            "Compare the certificate with the CA's own copy: it may be damaged. If it is whole, it has to be issued anew."
        }
    }
}

/// Where Windows differs from RFC 5280 in what a path fails on.
pub(crate) fn windows(path: &Path) -> Option<String> {
    let difference = match (&path.failure, &path.missing) {
        (Some((_, failure)), _) => failure.windows,
        // That what is published would be fetched goes without saying beside its address.
        (None, Some(missing)) => missing.refused.as_ref().and_then(|refusal| refusal.failure.windows),
        (None, None) => None,
    };
    difference.map(Difference::note)
}

/// Why a path is not valid, in a sentence without its end.
pub(crate) fn why(path: &Path) -> Option<String> {
    if let Some((at, failure)) = &path.failure {
        return Some(format!("{} fails on {}", subject(at), self::failure(failure)));
    }
    let (missing, last) = (path.missing.as_ref()?, path.certificates.last()?);
    Some(terminal(&missing.why(&subject(last))))
}

/// What to do about a path that is not valid; empty where there is nothing to say.
pub(crate) fn next_step(path: &Path) -> String {
    if let Some(text) = expired::next_step(path) {
        return text;
    }
    if let Some((at, failure)) = &path.failure {
        let advice = advice_on(path);
        return match failure.check {
            Check::Untrusted => format!("{advice} Its SHA-256 is {}.", at.sha256_hex()),
            _ => advice.to_owned(),
        };
    }
    let Some(missing) = &path.missing else { return String::new() };
    let Some(refusal) = &missing.refused else { return get_it(missing) };
    match refusal.failure.check {
        Check::Signature if missing.is_meant => {
            "Compare that certificate with the CA's own copy: it was changed or damaged after it was signed, or the CA was made anew with another key under the same key identifier. If it is whole, it has to be issued anew.".to_owned()
        }
        Check::Algorithm
            if checks::key(&refusal.candidate).is_err_and(|found| found.detail == Some(Detail::ShortKey)) =>
        {
            SHORT_KEY_OF_A_CA.to_owned()
        }
        Check::Algorithm => {
            "Nothing here can check such a signature. A gateway is not documented to take it either: have the CA issue with an algorithm that is supported (docs/paths.md lists them).".to_owned()
        }
        Check::KeyIdentifier | Check::Signature => format!("{} {}", advice(&refusal.failure), published(missing)).trim_end().to_owned(),
        Check::Loop => "The root that this hierarchy hangs on is missing: ask the PKI team for it.".to_owned(),
        _ => advice(&refusal.failure).to_owned(),
    }
}

fn web(missing: &Missing) -> Option<String> {
    missing.aia.iter().find(|url| url.starts_with("http")).map(|url| terminal(url))
}

fn published(missing: &Missing) -> String {
    web(missing).map_or_else(String::new, |url| format!("It is published at {url}."))
}

/// How to come by an issuer of which nothing is at hand.
fn get_it(missing: &Missing) -> String {
    let from = match web(missing) {
        Some(url) => format!("it is published at {url}, or ask the PKI team"),
        None => "ask the PKI team for it (`certutil -ca.cert FILE` at that CA writes it)".to_owned(),
    };
    format!(
        "Get the missing CA certificate: {from}. Put it beside the other files and run this again. Without it nobody can \
         verify what is below it."
    )
}

/// A problem in a line.
pub(crate) fn problem(problem: &Problem) -> String {
    terminal(&problem.to_string())
}

/// A certificate's thumbprint in short, to tell two of one name apart.
pub(crate) fn mark(certificate: &Certificate) -> String {
    certificate.thumbprint_hex().chars().take(8).collect()
}
