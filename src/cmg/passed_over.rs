//! The certificates that Windows, Entra, Intune, Azure and Configuration Manager put into a machine's stores for themselves:
//! a table, so that none of them is taken for a client certificate.

use crate::certificate::{Certificate, Name, oid};
use crate::cmg::names::{attributes, same_ignoring_case};

/// Who made such a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Maker {
    /// Microsoft Entra ID, at device registration.
    Entra,
    /// Microsoft Intune, at enrolment.
    Intune,
    /// The Azure agent of a virtual machine.
    Azure,
    /// Configuration Manager.
    ConfigMgr,
}

/// How a row recognises a certificate; names compare without regard to case.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// A common name of the issuer.
    IssuerCommonName(&'static str),
    /// A common name of the issuer: this, alone or followed by a year in brackets.
    IssuerCommonNameAndYear(&'static str),
    /// A domain component of the issuer.
    IssuerDomainComponent(&'static str),
    /// A common name of the subject.
    SubjectCommonName(&'static str),
    /// A common name of a subject that is the issuer as well.
    SelfIssuedCommonName(&'static str),
    /// A friendly name of a certificate that is self-issued: anybody may give any certificate any, so that alone it says nothing.
    SelfIssuedFriendlyName(&'static str),
}

/// A certificate that is passed over, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedOver {
    /// What it is known by.
    pub name: &'static str,
    /// Who made it.
    pub maker: Maker,
    /// The reason, as reports show it.
    pub reason: &'static str,
    rules: &'static [Rule],
}

/// The table. Names as Microsoft's pages and the stores of enrolled machines show them.
pub const TABLE: &[PassedOver] = &[
    PassedOver {
        name: "MS-Organization-Access",
        maker: Maker::Entra,
        reason: "made by Microsoft Entra ID when the device was registered",
        rules: &[Rule::IssuerCommonName("MS-Organization-Access")],
    },
    PassedOver {
        name: "MS-Organization-P2P-Access",
        maker: Maker::Entra,
        reason: "made by Microsoft Entra ID for remote desktop between devices; renewed daily",
        rules: &[Rule::IssuerCommonNameAndYear("MS-Organization-P2P-Access")],
    },
    PassedOver {
        name: "Microsoft Intune MDM Device CA",
        maker: Maker::Intune,
        reason: "made by Microsoft Intune when the device was enrolled",
        rules: &[
            Rule::IssuerCommonName("Microsoft Intune MDM Device CA"),
            Rule::IssuerCommonName("Microsoft Intune Root Certification Authority"),
            Rule::IssuerCommonName("Microsoft Device Management Device CA"),
            Rule::IssuerCommonName("SC_Online_Issuing"),
        ],
    },
    PassedOver {
        name: "Windows Azure CRP Certificate Generator",
        maker: Maker::Azure,
        reason: "made by the Azure agent to protect the settings of extensions",
        rules: &[
            Rule::IssuerDomainComponent("Windows Azure CRP Certificate Generator"),
            Rule::IssuerCommonName("Windows Azure CRP Certificate Generator"),
            Rule::IssuerCommonName("Windows Azure Service Management for Extensions"),
        ],
    },
    PassedOver {
        name: "SMS Issuing",
        maker: Maker::ConfigMgr,
        reason: "made by Configuration Manager for Enhanced HTTP",
        rules: &[
            Rule::IssuerCommonName("SMS Issuing"),
            Rule::SubjectCommonName("SMS Issuing"),
            Rule::SelfIssuedFriendlyName("SMS Issuing"),
        ],
    },
    PassedOver {
        name: "SMS Role SSL Certificate",
        maker: Maker::ConfigMgr,
        reason: "made by Configuration Manager for Enhanced HTTP",
        rules: &[
            Rule::SubjectCommonName("SMS Role SSL Certificate"),
            Rule::SelfIssuedFriendlyName("SMS Role SSL Certificate"),
        ],
    },
    PassedOver {
        name: "SMS Token Signing Certificate",
        maker: Maker::ConfigMgr,
        reason: "made by Configuration Manager to sign the clients' tokens",
        rules: &[
            Rule::SubjectCommonName("SMS Token Signing Certificate"),
            Rule::SelfIssuedFriendlyName("SMS Token Signing Certificate"),
        ],
    },
    PassedOver {
        name: "SMS",
        maker: Maker::ConfigMgr,
        reason: "made by the Configuration Manager client, self-signed, to sign and to encrypt its messages",
        rules: &[
            Rule::SelfIssuedCommonName("SMS"),
            Rule::SelfIssuedFriendlyName("SMS Signing Certificate"),
            Rule::SelfIssuedFriendlyName("SMS Encryption Certificate"),
        ],
    },
];

/// The row that recognises the certificate, by itself or, where it is self-issued, by a friendly name that a place gives it; in
/// which order these come changes nothing.
pub fn passed_over<'a>(
    certificate: &Certificate,
    friendly_names: impl IntoIterator<Item = &'a str>,
) -> Option<&'static PassedOver> {
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let by_name = if may_match(&issuer) || may_match(&subject) {
        TABLE.iter().find(|row| row.rules.iter().any(|rule| rule.matches(&subject, &issuer)))
    } else {
        None
    };
    by_name.or_else(|| {
        let row =
            |name: &str| TABLE.iter().position(|row| row.rules.iter().any(|rule| rule.matches_friendly_name(name)));
        let first = friendly_names.into_iter().filter_map(row).min()?;
        subject.matches(&issuer).then(|| &TABLE[first])
    })
}

/// Whether any rule can match: all names in the table begin in one of these ways. It spares the walk over the table for the
/// thousands of certificates that have nothing to do with it.
fn may_match(name: &Name<'_>) -> bool {
    attributes(name).any(|attribute| {
        (attribute.kind == oid::COMMON_NAME || attribute.kind == oid::DOMAIN_COMPONENT)
            && ["MS-", "Microsoft ", "SC_", "Windows ", "SMS"].into_iter().any(|with| attribute.may_begin_with(with))
    })
}

impl Rule {
    fn matches(self, subject: &Name<'_>, issuer: &Name<'_>) -> bool {
        let has = |name: &Name<'_>, kind: &[u8], holds: &dyn Fn(&str) -> bool| {
            attributes(name)
                .any(|attribute| attribute.kind == kind && attribute.text().is_some_and(|text| holds(&text)))
        };
        match self {
            Self::IssuerCommonName(wanted) => has(issuer, oid::COMMON_NAME, &|text| same_ignoring_case(text, wanted)),
            Self::IssuerCommonNameAndYear(wanted) => has(issuer, oid::COMMON_NAME, &|text| {
                let text = text.trim_end_matches(']').trim_end_matches(|c: char| c.is_ascii_digit());
                same_ignoring_case(text.trim_end_matches('[').trim_end(), wanted)
            }),
            Self::IssuerDomainComponent(wanted) => {
                has(issuer, oid::DOMAIN_COMPONENT, &|text| same_ignoring_case(text, wanted))
            }
            Self::SubjectCommonName(wanted) => has(subject, oid::COMMON_NAME, &|text| same_ignoring_case(text, wanted)),
            Self::SelfIssuedCommonName(wanted) => {
                has(subject, oid::COMMON_NAME, &|text| same_ignoring_case(text, wanted)) && subject.matches(issuer)
            }
            Self::SelfIssuedFriendlyName(_) => false,
        }
    }

    fn matches_friendly_name(self, name: &str) -> bool {
        matches!(self, Self::SelfIssuedFriendlyName(wanted) if same_ignoring_case(name.trim(), wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::testing::Draft;

    fn found(certificate: &Certificate) -> Option<&'static str> {
        passed_over(certificate, []).map(|row| row.name)
    }

    #[test]
    fn what_entra_intune_azure_and_the_site_issue_is_passed_over_by_its_issuer() {
        for (issuer, expected) in [
            ("MS-Organization-Access", "MS-Organization-Access"),
            ("MS-Organization-P2P-Access [2026]", "MS-Organization-P2P-Access"),
            ("MS-Organization-P2P-Access", "MS-Organization-P2P-Access"),
            ("MICROSOFT INTUNE MDM DEVICE CA", "Microsoft Intune MDM Device CA"),
            ("SC_Online_Issuing", "Microsoft Intune MDM Device CA"),
            ("SMS Issuing", "SMS Issuing"),
            ("Windows Azure CRP Certificate Generator", "Windows Azure CRP Certificate Generator"),
        ] {
            let ca = Draft::ca(issuer).self_signed();
            assert_eq!(found(&Draft::client("pc1").issued_by(&ca).certificate), Some(expected), "{issuer}");
        }
    }

    #[test]
    fn what_the_site_and_its_clients_sign_themselves_is_passed_over() {
        assert_eq!(
            found(&Draft::client("SMS Token Signing Certificate").self_signed().certificate),
            Some("SMS Token Signing Certificate")
        );
        assert_eq!(found(&Draft::client("SMS").self_signed().certificate), Some("SMS"));
        let client = Draft::client("srv1.contoso.com").self_signed();
        assert_eq!(
            passed_over(&client.certificate, ["SMS Role SSL Certificate"]).map(|row| row.name),
            Some("SMS Role SSL Certificate")
        );
    }

    #[test]
    fn a_friendly_name_tells_of_no_certificate_that_another_issued() {
        let ca = Draft::ca("Contoso Issuing CA").self_signed();
        let client = Draft::client("pc1.contoso.com").issued_by(&ca).certificate;
        for name in ["SMS Issuing", "SMS Role SSL Certificate", "SMS Signing Certificate"] {
            assert!(passed_over(&client, [name]).is_none(), "{name}");
        }
    }

    #[test]
    fn the_order_of_friendly_names_changes_nothing() {
        let own = Draft::client("pc1.contoso.com").self_signed().certificate;
        let names = ["my client", "SMS Signing Certificate", "SMS Token Signing Certificate"];
        let row = |order: [usize; 3]| passed_over(&own, order.map(|at| names[at])).map(|row| row.name);
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(row(order), Some("SMS Token Signing Certificate"), "{order:?}");
        }
    }

    #[test]
    fn certificates_of_a_pki_of_ones_own_are_not_passed_over() {
        for issuer in ["Contoso Issuing CA 1", "MS-Organization-Access Contoso", "SMS Issuing CA", "Microsoft Intune"] {
            let ca = Draft::ca(issuer).self_signed();
            assert_eq!(found(&Draft::client("pc1.contoso.com").issued_by(&ca).certificate), None, "{issuer}");
        }
        let ca = Draft::ca("Contoso Issuing CA").self_signed();
        assert_eq!(found(&Draft::client("SMS").issued_by(&ca).certificate), None);
        assert!(passed_over(&Draft::client("pc1").self_signed().certificate, ["ConfigMgr client"]).is_none());
    }

    #[test]
    fn the_shortcut_leaves_no_row_of_the_table_out() {
        for row in TABLE {
            for rule in row.rules {
                let (Rule::IssuerCommonName(name)
                | Rule::IssuerCommonNameAndYear(name)
                | Rule::IssuerDomainComponent(name)
                | Rule::SubjectCommonName(name)
                | Rule::SelfIssuedCommonName(name)) = rule
                else {
                    continue;
                };
                let certificate = Draft::ca(name).self_signed().certificate;
                assert!(may_match(&certificate.subject()), "{name}");
            }
        }
    }
}
