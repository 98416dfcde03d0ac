//! Where Windows' chain engine is known to differ from RFC 5280, as data with sources: docs/paths.md is made from it, and a
//! refusal that falls under it carries it.

/// A question that RFC 5280 and Windows answer differently.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The question.
    pub question: &'static str,
    /// What RFC 5280 says.
    pub rfc5280: &'static str,
    /// What Windows does.
    pub windows: &'static str,
    /// Where that is written: a title and an address.
    pub source: (&'static str, &'static str),
    /// What is done here.
    pub certpath: &'static str,
}

const CHAIN: (&str, &str) = (
    "CertGetCertificateChain",
    "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certgetcertificatechain",
);
const STATUS: (&str, &str) =
    ("CERT_TRUST_STATUS", "https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-cert_trust_status");

macro_rules! differences {
    ($($(#[$doc:meta])* $name:ident { $question:literal, $rfc5280:literal, $windows:literal, $source:expr, $certpath:literal })+) => {
        $(
            $(#[$doc])*
            pub static $name: Difference = Difference {
                question: $question,
                rfc5280: $rfc5280,
                windows: $windows,
                source: $source,
                certpath: $certpath,
            };
        )+

        /// Every difference, in the order of the documentation.
        pub static DIFFERENCES: &[&Difference] = &[$(&$name),+];
    };
}

differences! {
    /// Extended key usage of CA certificates.
    EKU_OF_CAS {
        "Extended key usage of CA certificates",
        "speaks of what the certified key is for; section 6.1 does not process it",
        "must allow the purpose in every certificate of the path; absent in a CA allows all",
        ("CERT_USAGE_MATCH", "https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-cert_usage_match"),
        "as Windows"
    }
    /// Application policies.
    APPLICATION_POLICIES {
        "Application policies (1.3.6.1.4.1.311.21.10)",
        "unknown; refused where critical",
        "take the place of the extended key usage, which is ignored beside them",
        ("Application Policy", "https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2003/cc776986(v=ws.10)"),
        "where both are there, both must allow the purpose"
    }
    /// RSA keys below 1024 bits.
    SHORT_RSA {
        "RSA keys below 1024 bits",
        "not said",
        "refused",
        ("KB 2661254", "https://support.microsoft.com/help/2661254"),
        "refused, `algorithm`; below 2048 bits is a finding of `audit`"
    }
    /// MD2 and MD5.
    BROKEN_HASH {
        "MD2, MD5 signatures",
        "not said",
        "a weak signature",
        STATUS,
        "unsupported algorithm"
    }
    /// Names of which no constraint speaks.
    OTHER_FORMS {
        "A name of a form that no constraint speaks of",
        "permitted (section 4.2.1.10)",
        "has a status of its own, `CERT_TRUST_HAS_NOT_DEFINED_NAME_CONSTRAINT`, which applications may refuse",
        STATUS,
        "as RFC 5280"
    }
    /// Constraints on user principal names.
    UPN {
        "Constraints on UPN",
        "refused, as a form that need not be understood",
        "the one otherName that is supported",
        STATUS,
        "as RFC 5280: a UPN under a UPN constraint is refused"
    }
    /// What an anchor says of itself.
    ANCHOR {
        "What a self-signed anchor says of itself (path length, name constraints, usages, dates)",
        "an anchor is a name and a key (section 6.1.1 (d)); RFC 5937 lets its constraints count",
        "the root is a certificate of the chain like others (`CERT_TRUST_IS_NOT_TIME_VALID`)",
        STATUS,
        "as Windows: held to them, and told (`anchorConstraints`)"
    }
    /// Where trust ends.
    END_OF_TRUST {
        "Where trust ends",
        "at any anchor",
        "at a self-signed certificate of the Root store",
        CHAIN,
        "at any `--trust`; without it, as Windows; `export` writes only paths to a self-signed anchor"
    }
    /// Limits of stores.
    STORES {
        "Limits in the store entry of a root (usages, distrust dates), the Disallowed store",
        "unknown",
        "obeyed (`CERT_TRUST_IS_EXPLICIT_DISTRUST`)",
        STATUS,
        "obeyed, where the source is a store that says so"
    }
    /// Issuers and CRLs that are not at hand.
    FETCHING {
        "Issuers and CRLs that are not at hand",
        "not said",
        "fetched, from AIA and CDP addresses and Windows Update",
        CHAIN,
        "never fetched; the address is told"
    }
    /// When a CRL must be valid.
    MOMENT_OF_CRLS {
        "Moment at which a CRL must be valid",
        "the moment of validation",
        "the present, whatever moment the path is judged at (`pTime`)",
        CHAIN,
        "`--at`"
    }
    /// Revocation that is not known.
    REVOCATION_UNKNOWN {
        "Revocation status unknown",
        "the path is not valid, where revocation is checked (section 6.3)",
        "`CERT_TRUST_REVOCATION_STATUS_UNKNOWN`; the CMG treats the clients as revoked",
        ("Plan for PKI certificates", "https://learn.microsoft.com/mem/configmgr/core/plan-design/security/plan-for-certificates"),
        "a warning; an error with `--require-revocation`"
    }
    /// Names in other encodings.
    NAMES {
        "Names that are equal but for string type, case or spaces",
        "equal (section 7.1)",
        "functions that compare and find names ask for identical encodings; whether the chain engine still finds such an issuer by its key identifier is not documented",
        ("CertCompareCertificateName", "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certcomparecertificatename"),
        "as RFC 5280, and said: `chain` and `verify` note it, `audit` has the finding [name-encoding](findings.md#name-encoding)"
    }
    /// Which path is chosen.
    CHOICE {
        "Which of several paths",
        "any",
        "by quality; lower-quality paths are not returned unless asked for, and the same client may see another path on another machine",
        CHAIN,
        "the rule above, the same everywhere"
    }
}

impl Difference {
    /// In a sentence, for texts: the two answers.
    pub fn note(&self) -> String {
        let plain = |text: &str| text.replace('`', "");
        format!("{}. RFC 5280: {}. Windows: {}.", plain(self.question), plain(self.rfc5280), plain(self.windows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> String {
        let mut rows = "| question | RFC 5280 | Windows | certpath |\n| --- | --- | --- | --- |\n".to_owned();
        for Difference { question, rfc5280, windows, source: (title, url), certpath } in DIFFERENCES {
            let title = title.replace('[', "\\[").replace(']', "\\]");
            rows.push_str(&format!("| {question} | {rfc5280} | {windows} ([{title}]({url})) | {certpath} |\n"));
        }
        rows
    }

    /// To write it anew: `UPDATE_DOCS=1 cargo test --lib the_documented_differences_are_those_of_the_table`.
    #[test]
    fn the_documented_differences_are_those_of_the_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/paths.md");
        let written = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let start = written.find("| question | RFC 5280 | Windows | certpath |").unwrap();
        let end = start + written[start..].find("\n\n").unwrap() + 1;
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{}{}{}", &written[..start], table(), &written[end..])).unwrap();
        } else {
            assert!(
                written[start..end] == table(),
                "docs/paths.md is not what the table says: UPDATE_DOCS=1 writes it anew"
            );
        }
    }

    #[test]
    fn every_difference_has_both_answers_and_a_source() {
        for one in DIFFERENCES {
            assert!(one.source.1.starts_with("https://") && !one.source.0.is_empty(), "{}", one.question);
            assert_ne!(one.rfc5280, one.windows, "{}", one.question);
        }
    }
}
