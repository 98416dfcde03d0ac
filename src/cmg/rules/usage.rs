//! What a certificate may be used for: extended key usage, key usage, basic constraints.

use crate::certificate::{Certificate, Decoded, Oid, oid};
use crate::cmg::catalogue::{basic_constraints, eku, key_usage};
use crate::cmg::finding::Finding;
use crate::cmg::profile::ProfileName;
use crate::cmg::rules::{Looked, Part, RuleContext};
use crate::path::windows;

fn lists(usages: &[Oid], wanted: &[u8]) -> bool {
    usages.iter().any(|usage| usage.as_bytes() == wanted)
}

fn names(usages: &[Oid]) -> String {
    let shown = usages.iter().take(20).map(|usage| usage.name().map_or_else(|| usage.to_string(), str::to_owned));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if usages.len() > 20 {
        text.push_str(", …");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Client Authentication at clients, Server Authentication at servers, by name.
pub(super) fn eku(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part != Part::EndEntity {
        return;
    }
    let profile = context.profile();
    let expected = || format!("{} ({})", profile.usage_name, oid::dotted(profile.usage));
    let usages = match looked.certificate.extended_key_usage() {
        Decoded::Present(usages) => usages,
        Decoded::Absent => {
            let message =
                format!("{} has no extended key usage; {} is required by name", profile.label, profile.usage_name);
            found.push(Finding::new(&eku::ABSENT, message).expected(expected()).found("none"));
            return application_policies(looked.certificate, context, found);
        }
        Decoded::Malformed(error) => {
            let message = format!("the extended key usage cannot be read: {error}");
            found.push(Finding::new(&eku::MISSING_PURPOSE, message).expected(expected()).found("unreadable"));
            return;
        }
    };
    if lists(usages, profile.usage) {
        return application_policies(looked.certificate, context, found);
    }
    let any = lists(usages, oid::ANY_EXTENDED_KEY_USAGE) || lists(usages, oid::ANY_APPLICATION_POLICY);
    let (case, message) = if any {
        (&eku::ANY_ONLY, format!("the extended key usage allows any use, but does not name {}", profile.usage_name))
    } else {
        (
            &eku::MISSING_PURPOSE,
            format!("the extended key usage does not contain {}: {}", profile.usage_name, names(usages)),
        )
    };
    found.push(Finding::new(case, message).expected(expected()).found(names(usages)));
}

/// Windows reads Microsoft's application policies in place of the extended key usage.
fn application_policies(certificate: &Certificate, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if certificate.extension(oid::MS_APPLICATION_POLICIES).is_none() {
        return;
    }
    let profile = context.profile();
    match certificate.application_policies() {
        Decoded::Present(policies)
            if !lists(&policies, profile.usage)
                && !lists(&policies, oid::ANY_APPLICATION_POLICY)
                && !lists(&policies, oid::ANY_EXTENDED_KEY_USAGE) =>
        {
            let message = format!(
                "the application policies leave {} out: {}. Where Windows differs: {}",
                profile.usage_name,
                names(&policies),
                windows::APPLICATION_POLICIES.note().trim_end_matches('.')
            );
            let finding = Finding::new(&eku::APPLICATION_POLICIES, message);
            found.push(finding.expected(profile.usage_name).found(names(&policies)));
        }
        _ => {}
    }
}

const EXPECTED: &str = "Digital Signature, Key Encipherment";

/// Digital Signature and Key Encipherment (a0) at clients.
pub(super) fn key_usage(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part != Part::EndEntity {
        return;
    }
    let profile = context.profile();
    let usage = match looked.certificate.key_usage() {
        Decoded::Present(usage) => usage,
        Decoded::Absent if !profile.needs_key_usage => return,
        Decoded::Absent => {
            let message = format!("{} has no key usage; {EXPECTED} (a0) are required", profile.label);
            return found.push(Finding::new(&key_usage::ABSENT, message).expected(EXPECTED).found("none"));
        }
        Decoded::Malformed(error) => {
            let message = format!("the key usage cannot be read: {error}");
            return found.push(Finding::new(&key_usage::ABSENT, message).expected(EXPECTED).found("unreadable"));
        }
    };
    let missing = [
        (profile.no_digital_signature, usage.digital_signature(), "Digital Signature"),
        (profile.no_key_encipherment, usage.key_encipherment(), "Key Encipherment"),
    ];
    for (case, present, name) in missing {
        if let (Some(case), false) = (case, present) {
            let names = if usage.names().is_empty() { "none at all".to_owned() } else { usage.names().join(", ") };
            let message = format!("the key usage of {} lacks {name}: {names}", profile.label);
            found.push(Finding::new(case, message).expected(EXPECTED).found(names));
        }
    }
}

/// An end entity is no CA; whoever has issued certificates is one, and its key may sign them.
pub(super) fn basic_constraints(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let certificate = looked.certificate;
    match looked.part {
        Part::EndEntity => {
            if certificate.basic_constraints().get().is_some_and(|constraints| constraints.ca) {
                let label = if context.profile == ProfileName::Client { "a client" } else { "a server" };
                let message = format!("the certificate of {label} says in its basic constraints that it is a CA");
                found.push(Finding::new(&basic_constraints::LEAF_IS_CA, message).expected("cA FALSE").found("cA TRUE"));
            } else if certificate.key_usage().get().is_some_and(|usage| usage.key_cert_sign()) {
                let message =
                    "its key usage lets it sign certificates, which is a CA's alone (RFC 5280 section 4.2.1.9)";
                let finding = Finding::new(&basic_constraints::LEAF_IS_CA, message);
                found.push(finding.expected("no Certificate Signing").found("Certificate Signing"));
            }
        }
        Part::Intermediate | Part::Root => {
            let is_silent = certificate.basic_constraints().is_absent();
            if is_silent && looked.part == Part::Root && !certificate.is_ca() {
                let message = "it is a root without basic constraints, known as one by what it has issued";
                let finding = Finding::new(&basic_constraints::SILENT_ROOT, message);
                found.push(finding.expected("cA TRUE").found("no basic constraints"));
            } else if !certificate.is_ca() {
                let message = "it stands above other certificates, but its basic constraints do not make it a CA";
                let what = if is_silent { "no basic constraints" } else { "cA FALSE" };
                found.push(Finding::new(&basic_constraints::NOT_A_CA, message).expected("cA TRUE").found(what));
            }
            if let Decoded::Present(usage) = certificate.key_usage()
                && !usage.key_cert_sign()
            {
                let names = usage.names().join(", ");
                let message = format!("the key usage of a CA lacks certificate signing: {names}");
                let finding = Finding::new(&basic_constraints::NO_CERTIFICATE_SIGNING, message);
                found.push(finding.expected("Certificate Signing").found(names));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::rules::checks::{self, client};
    use crate::cmg::testing::{self, Draft, element, sequence, usages};

    fn draft() -> Draft {
        Draft::client("pc1.contoso.com")
    }

    #[test]
    fn a_client_without_client_authentication_is_found() {
        let certificate = draft().with(oid::EXTENDED_KEY_USAGE, usages(&[oid::SERVER_AUTH])).issued();
        assert_eq!(client(&certificate), ["eku/missing-purpose"]);
        let damaged = draft().with(oid::EXTENDED_KEY_USAGE, vec![0x30, 0x05, 0x06]).issued();
        assert_eq!(client(&damaged), ["eku/missing-purpose"]);
    }

    #[test]
    fn a_client_without_extended_key_usage_or_with_any_alone_is_a_warning() {
        assert_eq!(client(&draft().without(oid::EXTENDED_KEY_USAGE).issued()), ["eku/absent"]);
        let any = draft().with(oid::EXTENDED_KEY_USAGE, usages(&[oid::ANY_EXTENDED_KEY_USAGE])).issued();
        assert_eq!(client(&any), ["eku/any-only"]);
        let both = usages(&[oid::ANY_EXTENDED_KEY_USAGE, oid::SERVER_AUTH, oid::CLIENT_AUTH]);
        assert_eq!(client(&draft().with(oid::EXTENDED_KEY_USAGE, both).issued()), [""; 0]);
    }

    #[test]
    fn application_policies_that_leave_the_purpose_out_are_found() {
        let policies = |usage: &[u8]| sequence(&[sequence(&[element(6, usage)])]);
        let without = draft().with(oid::MS_APPLICATION_POLICIES, policies(oid::SERVER_AUTH)).issued();
        assert_eq!(client(&without), ["eku/application-policies"]);
        let with = draft().with(oid::MS_APPLICATION_POLICIES, policies(oid::CLIENT_AUTH)).issued();
        assert_eq!(client(&with), [""; 0]);
    }

    #[test]
    fn a_server_needs_server_authentication() {
        let certificate = Draft::client("mp1.contoso.com").issued();
        for profile in [ProfileName::ManagementPoint, ProfileName::CmgServer] {
            assert_eq!(checks::found(&certificate, Part::EndEntity, profile), ["eku/missing-purpose"]);
        }
    }

    #[test]
    fn each_missing_key_usage_of_a_client_is_found() {
        let with = |bits| draft().with(oid::KEY_USAGE, testing::key_usage(bits)).issued();
        assert_eq!(client(&with(0x80)), ["key-usage/no-key-encipherment"]);
        assert_eq!(client(&with(0x20)), ["key-usage/no-digital-signature"]);
        assert_eq!(client(&draft().without(oid::KEY_USAGE).issued()), ["key-usage/absent"]);
    }

    #[test]
    fn the_connection_point_drops_a_certificate_without_digital_signature() {
        let certificate = draft().with(oid::KEY_USAGE, testing::key_usage(0x20)).issued();
        let found = checks::found(&certificate, Part::EndEntity, ProfileName::ConnectionPoint);
        assert_eq!(found, ["key-usage/connection-point"]);
    }

    #[test]
    fn a_client_that_is_a_ca_is_found() {
        let ca = sequence(&[element(1, &[0xff])]);
        assert_eq!(client(&draft().with(oid::BASIC_CONSTRAINTS, ca).issued()), ["basic-constraints/leaf-is-ca"]);
        assert_eq!(client(&draft().with(oid::BASIC_CONSTRAINTS, sequence(&[])).issued()), [""; 0]);
    }

    #[test]
    fn an_issuer_that_is_no_ca_or_may_not_sign_is_found() {
        let not_ca = Draft::ca("CA").with(oid::BASIC_CONSTRAINTS, sequence(&[])).issued();
        assert_eq!(checks::found(&not_ca, Part::Intermediate, ProfileName::Client), ["basic-constraints/not-a-ca"]);
        let silent = Draft::ca("CA").without(oid::BASIC_CONSTRAINTS).without(oid::KEY_USAGE).issued();
        assert_eq!(checks::found(&silent, Part::Intermediate, ProfileName::Client), ["basic-constraints/not-a-ca"]);
        assert_eq!(checks::found(&silent, Part::Root, ProfileName::Client), ["basic-constraints/silent-root"]);
        let no_sign = Draft::ca("CA").with(oid::KEY_USAGE, testing::key_usage(0x80)).issued();
        let found = checks::found(&no_sign, Part::Intermediate, ProfileName::Client);
        assert_eq!(found, ["basic-constraints/no-certificate-signing"]);
    }
}
