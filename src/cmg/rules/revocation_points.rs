//! CRL distribution points: whether who has to fetch the CRL from the internet can.

use crate::certificate::{Decoded, DistributionPoint, GeneralName};
use crate::cmg::catalogue::cdp;
use crate::cmg::finding::{Case, Finding, Severity};
use crate::cmg::profile::CrlReader;
use crate::cmg::rules::addresses::{Obstacle, obstacle};
use crate::cmg::rules::{Looked, Part, RuleContext};

/// A CRL that the internet can reach, for every certificate of the path but the root.
pub(super) fn cdp(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let reader = context.profile().crl_reader;
    if looked.part == Part::Root || reader == CrlReader::Intranet {
        return;
    }
    let points = match looked.certificate.crl_distribution_points() {
        Decoded::Present(points) => points,
        Decoded::Absent => {
            let message = format!("it has no CRL distribution point, so {}", consequence(reader));
            return push(&cdp::NONE, message, "none", context, found);
        }
        Decoded::Malformed(error) => {
            let message = format!("its CRL distribution points cannot be read ({error}), so {}", consequence(reader));
            return push(&cdp::NONE, message, "unreadable", context, found);
        }
    };
    let internal = &context.settings.parameters.internal_domains;
    let blocked = |name: &GeneralName<'_>| match name {
        GeneralName::Uri(uri) => obstacle(uri, internal),
        _ => Some(Obstacle::Scheme),
    };
    let names = || points.iter().flat_map(|point: &DistributionPoint<'_>| &point.full_name);
    if names().any(|name| blocked(name).is_none()) {
        return;
    }
    let told: Vec<String> = names()
        .take(10)
        .map(|name| format!("{} ({})", name.value(), blocked(name).map_or("", Obstacle::reason)))
        .collect();
    let list = if told.is_empty() { "no address".to_owned() } else { told.join(", ") };
    let https = names().next().is_some() && names().any(|name| blocked(name) == Some(Obstacle::Https));
    let case = if https { &cdp::HTTPS_ONLY } else { &cdp::UNREACHABLE };
    let why = if https {
        "none of its CRL distribution points can be used"
    } else {
        "none of its CRL distribution points can be reached from the internet"
    };
    let message = format!("{why}, so {}: {list}", consequence(reader));
    push(case, message, &list, context, found);
}

fn consequence(reader: CrlReader) -> &'static str {
    match reader {
        CrlReader::Clients => "clients on the internet that check the CRL cannot judge the CMG's certificate",
        CrlReader::Cmg | CrlReader::Intranet => "a CMG that verifies revocation treats the path as revoked",
    }
}

fn push(case: &'static Case, message: String, shown: &str, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let mut finding = Finding::new(case, message).expected("an HTTP address that the internet can reach").found(shown);
    match context.profile().crl_reader {
        CrlReader::Cmg if !context.settings.parameters.cmg_revocation => finding.severity = Severity::Info,
        // The clients may have been told not to check it: a site setting and /NoCRLCheck.
        CrlReader::Clients => finding.severity = finding.severity.min(Severity::Warning),
        _ => {}
    }
    found.push(finding);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Certificate, oid};
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::checks::{self, client, with_settings};
    use crate::cmg::testing::{Draft, distribution_point, sequence};

    fn with(addresses: &[&str]) -> Certificate {
        Draft::client("pc1.contoso.com").with(oid::CRL_DISTRIBUTION_POINTS, distribution_point(addresses)).issued()
    }

    fn without() -> Certificate {
        Draft::client("pc1.contoso.com").without(oid::CRL_DISTRIBUTION_POINTS).issued()
    }

    #[test]
    fn no_distribution_point_is_found_at_every_certificate_but_the_root() {
        assert_eq!(client(&without()), ["cdp/none"]);
        let ca = || Draft::ca("CA").without(oid::CRL_DISTRIBUTION_POINTS);
        assert_eq!(checks::found(&ca().issued(), Part::Intermediate, ProfileName::Client), ["cdp/none"]);
        let root = ca().self_signed().certificate;
        assert_eq!(checks::found(&root, Part::Root, ProfileName::Client), [""; 0]);
    }

    #[test]
    fn addresses_that_the_internet_cannot_reach_are_found_and_one_that_it_can_is_enough() {
        let ldap = "ldap:///CN=Contoso,CN=CDP,DC=contoso,DC=com?certificateRevocationList?base";
        assert_eq!(client(&with(&[ldap])), ["cdp/unreachable"]);
        assert_eq!(client(&with(&[ldap, "http://ca1.contoso.local/a.crl"])), ["cdp/unreachable"]);
        assert_eq!(client(&with(&[ldap, "http://crl.contoso.com/a.crl"])), [""; 0]);
        assert_eq!(client(&with(&["https://crl.contoso.com/a.crl"])), ["cdp/https-only"]);
        let empty = Draft::client("pc1.contoso.com").with(oid::CRL_DISTRIBUTION_POINTS, sequence(&[])).issued();
        assert_eq!(client(&empty), ["cdp/unreachable"]);
    }

    #[test]
    fn it_is_an_error_while_the_cmg_verifies_revocation_and_information_otherwise() {
        let severity = |settings| with_settings(&without(), Part::EndEntity, settings)[0].severity;
        assert_eq!(severity(""), Severity::Error);
        assert_eq!(severity("[parameters]\ncmg-revocation = \"off\"\n"), Severity::Info);
        let both = "[parameters]\ncmg-revocation = \"off\"\n[severity]\ncdp = \"warning\"\n";
        assert_eq!(severity(both), Severity::Warning);
    }

    #[test]
    fn every_address_is_told_with_its_reason() {
        let found = with_settings(&with(&["http://ca1/a.crl", "http://10.0.0.1/a.crl"]), Part::EndEntity, "");
        let message = &found[0].message;
        assert!(message.contains("http://ca1/a.crl (a name without a domain)"), "{message}");
        assert!(message.contains("http://10.0.0.1/a.crl (a private address)"), "{message}");
    }

    #[test]
    fn the_certificates_of_servers_are_judged_by_who_reads_their_crl() {
        let server = || Draft::server("contosocmg.contoso.com").without(oid::CRL_DISTRIBUTION_POINTS).issued();
        assert_eq!(checks::found(&server(), Part::EndEntity, ProfileName::ManagementPoint), [""; 0]);
        assert_eq!(checks::found(&server(), Part::EndEntity, ProfileName::CmgServer), ["cdp/none"]);
    }
}
