//! The catalogue of findings: what each means, why it matters for a CMG, what to do, and where that is written. `explain`,
//! the reports and docs/findings.md are made from it.

mod certificate;
mod environment;
mod key;
mod path;

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cmg::concern::Concern;
use crate::cmg::finding::{Case, Code, Severity};
use crate::cmg::sources::Source;

pub(crate) use certificate::{characters, service_name, sid_extension, signature, signature_hash, subject, validity};
pub(crate) use environment::{
    cdp, cmg_limit, disallowed, public_root, revocation_unknown, revoked, site_generated, store_placement, template,
    trust_restricted, unused_exception,
};
pub(crate) use key::{eku, key_algorithm, key_length, key_provider, key_usage, private_key, provider_conflict};
pub(crate) use path::{
    basic_constraints, ca_superseded, cross_certificate, name_ambiguous, name_encoding, path_incomplete, path_invalid,
};

/// What the catalogue says of one code.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What it is about.
    pub code: Code,
    /// A line for lists.
    pub title: &'static str,
    /// In which ways it shows itself.
    pub cases: &'static [&'static Case],
    /// What it means and why it matters for a CMG.
    pub explanation: &'static str,
    /// What to do next.
    pub remedy: &'static str,
    /// Where that is written.
    pub sources: &'static [Source],
}

/// Declares one entry as a module of its cases: `key_length::TOO_SHORT`, …, and `key_length::ENTRY`.
macro_rules! declare {
    (
        $module:ident, $code:ident, $title:literal
        cases { $($constant:ident $name:literal $severity:expr, $case_title:literal;)+ }
        why $why:literal
        remedy $remedy:literal
        sources [$($source:ident),+]
    ) => {
        pub(crate) mod $module {
            #[allow(unused_imports)]
            use crate::cmg::finding::Severity::{Error, Info, Warning};
            use crate::cmg::catalogue::Entry;
            use crate::cmg::finding::{Case, Code};
            use crate::cmg::sources;

            $(pub(crate) static $constant: Case =
                Case { code: Code::$code, name: $name, severity: $severity, title: $case_title };)+
            pub(crate) static ENTRY: Entry = Entry {
                code: Code::$code,
                title: $title,
                cases: &[$(&$constant),+],
                explanation: $why,
                remedy: $remedy,
                sources: &[$(sources::$source),+],
            };
        }
    };
}
use declare;

/// What the catalogue says of a code.
pub(crate) fn entry(code: Code) -> &'static Entry {
    match code {
        Code::PathIncomplete => &path_incomplete::ENTRY,
        Code::PathInvalid => &path_invalid::ENTRY,
        Code::NameAmbiguous => &name_ambiguous::ENTRY,
        Code::CrossCertificate => &cross_certificate::ENTRY,
        Code::CaSuperseded => &ca_superseded::ENTRY,
        Code::BasicConstraints => &basic_constraints::ENTRY,
        Code::NameEncoding => &name_encoding::ENTRY,
        Code::Eku => &eku::ENTRY,
        Code::KeyUsage => &key_usage::ENTRY,
        Code::KeyAlgorithm => &key_algorithm::ENTRY,
        Code::KeyProvider => &key_provider::ENTRY,
        Code::KeyLength => &key_length::ENTRY,
        Code::PrivateKey => &private_key::ENTRY,
        Code::ProviderConflict => &provider_conflict::ENTRY,
        Code::Validity => &validity::ENTRY,
        Code::SignatureHash => &signature_hash::ENTRY,
        Code::Signature => &signature::ENTRY,
        Code::Cdp => &cdp::ENTRY,
        Code::Revoked => &revoked::ENTRY,
        Code::RevocationUnknown => &revocation_unknown::ENTRY,
        Code::Subject => &subject::ENTRY,
        Code::Characters => &characters::ENTRY,
        Code::SidExtension => &sid_extension::ENTRY,
        Code::ServiceName => &service_name::ENTRY,
        Code::Template => &template::ENTRY,
        Code::SiteGenerated => &site_generated::ENTRY,
        Code::PublicRoot => &public_root::ENTRY,
        Code::StorePlacement => &store_placement::ENTRY,
        Code::Disallowed => &disallowed::ENTRY,
        Code::TrustRestricted => &trust_restricted::ENTRY,
        Code::CmgLimit => &cmg_limit::ENTRY,
        Code::UnusedException => &unused_exception::ENTRY,
    }
}

/// An entry as `explain` writes it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// `CP1203`
    pub code: Code,
    /// `key-length`
    pub id: &'static str,
    /// A line for lists.
    pub title: &'static str,
    /// In which ways it shows itself.
    pub cases: Vec<ExplainedCase>,
    /// What it means and why it matters for a CMG.
    pub explanation: &'static str,
    /// What to do next.
    pub remedy: &'static str,
    /// Where that is written.
    pub sources: &'static [Source],
}

/// A case as `explain` writes it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedCase {
    /// Its name, unique within the code.
    pub name: &'static str,
    /// The severity unless settings say otherwise; absent is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What it means, in a few words.
    pub title: &'static str,
    /// When it weighs at a CA on which no audited certificate hangs; absent is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weighs_without_clients: Option<&'static str>,
}

/// What `explain` says of a code.
pub fn explain(code: Code) -> Explanation {
    let entry = entry(code);
    let cases = entry.cases.iter();
    Explanation {
        code,
        id: code.id(),
        title: entry.title,
        cases: cases
            .map(|case| ExplainedCase {
                name: case.name,
                severity: case.severity,
                title: case.title,
                weighs_without_clients: weighs_without_clients(case),
            })
            .collect(),
        explanation: entry.explanation,
        remedy: entry.remedy,
        sources: entry.sources,
    }
}

/// Of the cases that are found at CA certificates and are more than information.
fn weighs_without_clients(case: &'static Case) -> Option<&'static str> {
    let is_at_a_ca = !matches!(case.code, Code::PrivateKey | Code::CmgLimit | Code::UnusedException);
    Concern::of(case).sentence().filter(|_| is_at_a_ca && case.severity > Some(Severity::Info))
}

/// The whole catalogue as Markdown: the text of docs/findings.md.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         Made from the program's own catalogue: `certpath explain` prints the same. Each finding has a stable code and id. \
         Settings (`--config FILE`) change the severity of an id (`key-length`) or of one of its cases (`key-length/too-short`), \
         or switch it off. Cases marked *off* are reported only when settings give them a severity.\n\n\
         At a CA on which no audited certificate hangs, such as the old one of a renewed pair, what an audit finds is information and \
         fails nobody: it would weigh if a certificate hung on the CA. What concerns others too weighs all the same; the pages of \
         these findings say so. Where no certificate is audited, everything weighs.\n\n\
         | code | id | severity | title |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let (id, number) = (code.id(), code.code());
        let mut severities: Vec<Option<Severity>> = code.entry().cases.iter().map(|case| case.severity).collect();
        severities.sort_by(|left, right| right.cmp(left));
        severities.dedup();
        let names: Vec<&str> = severities.into_iter().map(severity).collect();
        let _ = writeln!(text, "| [{number}](#{id}) | `{id}` | {} | {} |", names.join(", "), code.title());
    }
    for code in Code::ALL {
        let entry = code.entry();
        let _ = write!(text, "\n## {}\n\n**{}: {}.**\n\n", code.id(), code.code(), entry.title);
        text.push_str("| case | severity | meaning |\n| --- | --- | --- |\n");
        for case in entry.cases {
            let _ = writeln!(text, "| `{}` | {} | {} |", case.name, severity(case.severity), case.title);
        }
        for case in entry.cases {
            if let Some(when) = weighs_without_clients(case) {
                let _ = write!(
                    text,
                    "\n`{}` weighs even where no audited certificate hangs on the CA: {when}.\n",
                    case.name
                );
            }
        }
        let _ = write!(text, "\n{}\n\n*What to do:* {}\n\n*Sources:* ", entry.explanation, entry.remedy);
        let links: Vec<String> =
            entry.sources.iter().map(|source| format!("[{}]({})", source.title, source.url)).collect();
        text.push_str(&links.join("; "));
        text.push_str(".\n");
    }
    text
}

fn severity(severity: Option<Severity>) -> &'static str {
    severity.map_or("off", Severity::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_entry_with_text_sources_and_distinct_cases() {
        for code in Code::ALL {
            let entry = code.entry();
            assert_eq!(entry.code, *code);
            for text in [entry.title, entry.explanation, entry.remedy] {
                assert!(text.len() > 10 && !text.ends_with(' '), "{code}: {text:?}");
            }
            assert!(entry.explanation.ends_with('.') && entry.remedy.ends_with('.'), "{code}");
            assert!(!entry.title.ends_with('.'), "{code}");
            assert!(!entry.sources.is_empty() && !entry.cases.is_empty(), "{code}");
            for (index, case) in entry.cases.iter().enumerate() {
                assert_eq!(case.code, *code);
                assert!(entry.cases[..index].iter().all(|other| other.name != case.name), "{code}/{}", case.name);
            }
        }
    }

    #[test]
    fn the_ids_that_users_rely_on_are_all_there() {
        let required = "key-length key-algorithm key-provider eku key-usage validity signature-hash signature \
            path-incomplete path-invalid name-ambiguous cross-certificate ca-superseded cdp subject characters \
            sid-extension template private-key store-placement disallowed provider-conflict public-root site-generated \
            revoked revocation-unknown cmg-limit";
        for id in required.split_whitespace() {
            assert!(id.parse::<Code>().is_ok(), "{id}");
        }
        assert_eq!(Code::KeyLength.code(), "CP1203");
    }

    #[test]
    fn numbers_ascend_and_ids_are_unique() {
        for pair in Code::ALL.windows(2) {
            assert!((pair[0] as u32) < pair[1] as u32);
        }
        let mut ids: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Code::ALL.len());
    }

    /// To write it anew: `UPDATE_DOCS=1 cargo test --lib the_documented_findings_are_those_of_the_catalogue`.
    #[test]
    fn the_documented_findings_are_those_of_the_catalogue() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        assert!(written == markdown(), "docs/findings.md is not what the catalogue says: UPDATE_DOCS=1 writes it anew");
    }
}
