//! The rules: what is found at one certificate in its part, one file a family, and what follows from its paths and neighbours.

mod addresses;
mod key;
mod names;
pub(crate) mod neighbours;
pub(crate) mod path;
mod places;
mod revocation_points;
mod signature;
mod usage;
mod validity;

pub(crate) use names::{Duplicates, NameRecord};

use crate::certificate::Certificate;
use crate::cmg::finding::{Case, Finding};
use crate::cmg::profile::{Profile, ProfileName};
use crate::cmg::settings::Settings;
use crate::source::Occurrence;
use crate::time::Time;

/// The part a certificate plays on its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    EndEntity,
    Intermediate,
    /// A self-signed CA.
    Root,
}

/// What the rules are applied with.
pub(crate) struct RuleContext<'a> {
    pub(crate) at: Time,
    pub(crate) settings: &'a Settings,
    pub(crate) profile: ProfileName,
    /// The names that several of the audited certificates have.
    pub(crate) duplicates: Option<&'a Duplicates>,
}

impl<'a> RuleContext<'a> {
    pub(crate) fn new(at: Time, settings: &'a Settings, profile: ProfileName) -> Self {
        Self { at, settings, profile, duplicates: None }
    }

    fn profile(&self) -> &'static Profile {
        self.profile.rules()
    }

    /// Whether the case is reported at all, so that no message is made in vain.
    fn is_on(&self, case: &'static Case) -> bool {
        self.settings.severity(case).is_some()
    }

    /// The findings as the settings weigh them.
    pub(crate) fn weigh(&self, found: Vec<Finding>, certificate: &Certificate) -> Vec<Finding> {
        if found.is_empty() {
            return found;
        }
        found.into_iter().filter_map(|finding| self.settings.judge(finding, certificate, self.at)).collect()
    }
}

/// One certificate, as the rules see it.
struct Looked<'a> {
    certificate: &'a Certificate,
    occurrences: &'a [Occurrence],
    part: Part,
}

type Rule = fn(&Looked<'_>, &RuleContext<'_>, &mut Vec<Finding>);

/// Every rule about a certificate by itself.
const RULES: &[Rule] = &[
    usage::eku,
    usage::key_usage,
    usage::basic_constraints,
    key::algorithm_and_length,
    key::provider,
    key::private_key,
    validity::period,
    signature::hash,
    revocation_points::cdp,
    names::subject,
    names::duplicate,
    names::characters,
    names::sid,
    names::service_name,
    places::template,
    places::site_generated,
    places::public_root,
    places::stores,
];

/// What is found at one certificate in its part, weighed by the settings; nothing is allocated where nothing is found.
pub(crate) fn judge(
    certificate: &Certificate,
    occurrences: &[Occurrence],
    part: Part,
    context: &RuleContext<'_>,
) -> Vec<Finding> {
    let looked = Looked { certificate, occurrences, part };
    let mut found = Vec::new();
    for rule in RULES {
        rule(&looked, context, &mut found);
    }
    context.weigh(found, certificate)
}

#[cfg(test)]
pub(crate) mod checks {
    //! How the tests of the rules ask.

    use super::*;
    use crate::cmg::testing::now;
    use crate::source::{Format, Position, Properties, StoreName};

    pub(crate) fn labels(found: &[Finding]) -> Vec<String> {
        found.iter().map(|finding| finding.case.full_name()).collect()
    }

    /// The findings at a certificate, as `id/case`.
    pub(crate) fn found(certificate: &Certificate, part: Part, profile: ProfileName) -> Vec<String> {
        let settings = Settings::default();
        labels(&judge(certificate, &[], part, &RuleContext::new(now(), &settings, profile)))
    }

    pub(crate) fn client(certificate: &Certificate) -> Vec<String> {
        found(certificate, Part::EndEntity, ProfileName::Client)
    }

    pub(crate) fn with_settings(certificate: &Certificate, part: Part, settings: &str) -> Vec<Finding> {
        let settings = Settings::parse(settings).unwrap();
        judge(certificate, &[], part, &RuleContext::new(now(), &settings, ProfileName::Client))
    }

    pub(crate) fn at_places(certificate: &Certificate, part: Part, occurrences: &[Occurrence]) -> Vec<String> {
        let settings = Settings::default();
        let context = RuleContext::new(now(), &settings, ProfileName::Client);
        labels(&judge(certificate, occurrences, part, &context))
    }

    pub(crate) fn occurrence(format: Format, properties: Properties) -> Occurrence {
        Occurrence {
            source: "test".into(),
            format,
            index: 0,
            position: Position::Whole,
            properties: Some(Box::new(properties)),
        }
    }

    pub(crate) fn in_store(name: &str) -> Properties {
        let store = StoreName { location: Some("LocalMachine".into()), name: name.into() };
        Properties { store: Some(store), has_private_key: name == "My", ..Properties::default() }
    }
}

#[cfg(test)]
#[allow(clippy::print_stderr)]
mod tests {
    use super::*;
    use crate::cmg::testing::{Draft, now};

    #[test]
    fn certificates_as_microsofts_pages_ask_for_them_have_no_finding() {
        let none: &[String] = &[];
        for (certificate, part, profile) in [
            (Draft::client("pc1.contoso.com").issued(), Part::EndEntity, ProfileName::Client),
            (Draft::client("srv1.contoso.com").issued(), Part::EndEntity, ProfileName::ConnectionPoint),
            (Draft::server("mp1.contoso.com").issued(), Part::EndEntity, ProfileName::ManagementPoint),
            (Draft::server("contosocmg.contoso.com").issued(), Part::EndEntity, ProfileName::CmgServer),
            (Draft::ca("Contoso Issuing CA 1").issued(), Part::Intermediate, ProfileName::Client),
            (Draft::ca("Contoso Root CA").self_signed().certificate, Part::Root, ProfileName::Client),
        ] {
            assert_eq!(checks::found(&certificate, part, profile), none, "{profile}: {certificate:?}");
        }
    }

    #[test]
    fn what_openssl_makes_to_microsofts_requirements_has_no_finding() {
        use std::process::Command;
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("openssl");
        command
            .current_dir(folder.path())
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-sha256",
                "-days",
                "365",
                "-subj",
                "/CN=pc1.contoso.com",
            ])
            .args([
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                "keyUsage=critical,digitalSignature,keyEncipherment",
            ])
            .args(["-addext", "extendedKeyUsage=clientAuth", "-addext", "subjectAltName=DNS:pc1.contoso.com"])
            .args(["-addext", "crlDistributionPoints=URI:http://crl.contoso.com/ca.crl"])
            .args(["-keyout", "key.pem", "-outform", "DER", "-out", "pc1.cer"]);
        let made = crate::source::testing::patiently(|| command.output());
        let Ok(_) = made else {
            return eprintln!("not run: what_openssl_makes_to_microsofts_requirements_has_no_finding, no openssl");
        };
        let der = std::fs::read(folder.path().join("pc1.cer")).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        let settings = Settings::default();
        let context = RuleContext::new(Time::now(), &settings, ProfileName::Client);
        assert_eq!(checks::labels(&judge(&certificate, &[], Part::EndEntity, &context)), [""; 0]);
    }

    #[test]
    fn severities_and_exceptions_of_the_settings_hold_for_rules() {
        let certificate = Draft::client("pc1.contoso.com").without(crate::certificate::oid::KEY_USAGE).issued();
        assert_eq!(checks::client(&certificate), ["key-usage/absent"]);
        let off = "[severity]\nkey-usage = \"off\"\n";
        assert!(checks::with_settings(&certificate, Part::EndEntity, off).is_empty());
        let excepted = "[[exception]]\nfinding = \"key-usage\"\nsubject = \"CN=pc1.contoso.com\"\nreason = \"lab\"\n";
        let findings = checks::with_settings(&certificate, Part::EndEntity, excepted);
        assert_eq!(findings[0].severity, crate::cmg::Severity::Info);
        assert_eq!(findings[0].exception.as_deref(), Some("lab"));
    }

    #[test]
    fn no_certificate_of_the_corpora_makes_a_rule_panic() {
        let corpora = std::env::var_os("CERTPATH_CORPORA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
            std::path::PathBuf::from,
        );
        if !corpora.is_dir() {
            return eprintln!("not run: no_certificate_of_the_corpora_makes_a_rule_panic, no corpora");
        }
        let settings =
            Settings::parse("[severity]\nkey-provider = \"info\"\n[parameters]\ntemplates = [\"x\"]\n").unwrap();
        let mut judged = 0;
        for file in walkdir::WalkDir::new(corpora).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            let Ok(bytes) = std::fs::read(file.path()) else { continue };
            let blocks = pem::parse_many(&bytes).unwrap_or_default();
            let ders = blocks.iter().map(pem::Pem::contents).chain([&bytes[..]]);
            for certificate in ders.filter_map(|der| Certificate::from_der(der).ok()) {
                for profile in ProfileName::ALL {
                    for part in [Part::EndEntity, Part::Intermediate, Part::Root] {
                        for finding in judge(&certificate, &[], part, &RuleContext::new(now(), &settings, *profile)) {
                            assert!(!finding.message.is_empty());
                        }
                    }
                }
                let context = RuleContext::new(now(), &settings, ProfileName::Client);
                let _ =
                    (NameRecord::of(&certificate, &context), crate::cmg::passed_over::passed_over(&certificate, []));
                let _ = crate::cmg::selection::certificate_issuers([&certificate]);
                judged += 1;
            }
        }
        assert!(judged > 1000, "{judged} certificates");
    }

    /// The audit of ten thousand certificates has 3 µs for each in a release build; here only that the order is right.
    #[test]
    fn a_clean_certificate_costs_microseconds() {
        let certificate = Draft::client("pc1.contoso.com").issued();
        let settings = Settings::default();
        let context = RuleContext::new(now(), &settings, ProfileName::Client);
        let start = std::time::Instant::now();
        for _ in 0..1000 {
            assert!(judge(&certificate, &[], Part::EndEntity, &context).is_empty());
        }
        let each = start.elapsed() / 1000;
        eprintln!("{each:?} for each certificate in this build");
        assert!(each < std::time::Duration::from_millis(1), "{each:?}");
    }
}
