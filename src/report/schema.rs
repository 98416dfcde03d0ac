//! The JSON Schema of every output, made from the types that are written.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::cmg::catalogue::Explanation;
use crate::cmg::plan::Plan;
use crate::report::audit::{AuditLine, AuditReport};
use crate::report::bundle::Manifest;
use crate::report::diff::DiffRecord;
use crate::report::model::{
    ChainLine, ChainRecord, DocumentLine, ExplainLine, InspectLine, InspectRecord, PlanLine, VerifyRecord,
};

/// What there is a schema of: a command's JSON, or with `-line` a line of its ndjson.
pub const NAMES: &[&str] = &[
    "inspect",
    "inspect-line",
    "chain",
    "chain-line",
    "audit",
    "audit-line",
    "export",
    "export-line",
    "verify",
    "verify-line",
    "diff",
    "diff-line",
    "plan",
    "plan-line",
    "explain",
    "explain-line",
];

/// What `certpath explain` writes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Explain")]
pub struct ExplainRecord<'a> {
    /// `certpath.explain/1`.
    #[schemars(extend("const" = "certpath.explain/1"))]
    pub schema: &'static str,
    /// The findings that were asked for.
    pub findings: &'a [Explanation],
}

impl<'a> ExplainRecord<'a> {
    /// The name and version of this document.
    pub const SCHEMA: &'static str = "certpath.explain/1";

    /// Of what the catalogue says.
    pub fn new(findings: &'a [Explanation]) -> Self {
        Self { schema: Self::SCHEMA, findings }
    }
}

/// The schema of this name; `None` where there is none.
pub fn of(name: &str) -> Option<Schema> {
    // As it is written: a field that may be left out is not required.
    fn make<T: JsonSchema>() -> Schema {
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
    }
    Some(match name {
        "inspect" => make::<InspectRecord<'static>>(),
        "inspect-line" => make::<InspectLine>(),
        "chain" => make::<ChainRecord<'static>>(),
        "chain-line" => make::<ChainLine>(),
        "audit" => make::<AuditReport>(),
        "audit-line" => make::<AuditLine>(),
        "export" => make::<Manifest>(),
        "export-line" => make::<DocumentLine<'static, Manifest>>(),
        "verify" => make::<VerifyRecord>(),
        "verify-line" => make::<DocumentLine<'static, VerifyRecord>>(),
        "diff" => make::<DiffRecord>(),
        "diff-line" => make::<DocumentLine<'static, DiffRecord>>(),
        "plan" => make::<Plan>(),
        "plan-line" => make::<PlanLine<'static>>(),
        "explain" => make::<ExplainRecord<'static>>(),
        "explain-line" => make::<ExplainLine<'static>>(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Verification;
    use crate::report::json;
    use crate::report::model::{CertificateRecord, ClientRecord, HeaderRecord, IssuerRecord, Line, ProblemRecord};
    use crate::report::testing;

    const FOLDERS: &[&str] = &[
        "contoso",
        "pki/bad-signature",
        "pki/cross-signed",
        "pki/damaged",
        "pki/hostile-names",
        "pki/missing-intermediate",
        "pki/name-encodings",
        "pki/path-length",
        "pki/renewed-new-key",
        "pki/unknown-critical",
        "pki/wrong-eku",
    ];

    #[track_caller]
    fn check<T: Serialize>(name: &str, record: &T) {
        let schema = serde_json::to_value(of(name).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for bytes in [json::compact(record), json::pretty(record)] {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }

    /// To write them anew: `UPDATE_DOCS=1 cargo test --lib the_schemas_in_docs`.
    #[test]
    fn the_schemas_in_docs_are_those_of_the_types() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
        for name in NAMES {
            let path = folder.join(format!("{name}.json"));
            let text = String::from_utf8(json::document(&of(name).unwrap())).unwrap();
            if std::env::var_os("UPDATE_DOCS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
            assert!(written == text, "docs/schema/{name}.json is not what the types say: UPDATE_DOCS=1 writes it anew");
        }
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, NAMES.len(), "docs/schema has a file that no command writes");
    }

    #[test]
    fn what_inspect_and_chain_write_is_what_their_schemas_say() {
        for folder in FOLDERS {
            let found = testing::inspection(folder);
            check("inspect", &InspectRecord::new(&found, testing::at()));
            for entry in &found.certificates {
                let line: InspectLine = Line::Certificate(Box::new(CertificateRecord::new(entry, testing::at())));
                check("inspect-line", &line);
            }
            let found = testing::chains(folder);
            check("chain", &ChainRecord::new(&found));
            for client in &found.clients {
                let line: ChainLine = Line::Certificate(Box::new(ClientRecord::new(client, found.at)));
                check("chain-line", &line);
                let found = Verification {
                    leaf: client.entry.clone(),
                    trust: found.trust,
                    verdict: client.verdict.clone(),
                    policies: Vec::new(),
                    selection: None,
                    none_to_trust: None,
                    problems: Vec::new(),
                };
                check("verify", &VerifyRecord::new(&found, testing::at()));
            }
            for issuer in &found.issuers {
                let line: ChainLine = Line::Issuer(Box::new(IssuerRecord::new(issuer, found.at)));
                check("chain-line", &line);
            }
            for problem in &found.problems {
                let line: ChainLine = Line::Problem(ProblemRecord::new(problem));
                check("chain-line", &line);
            }
            let header: ChainLine =
                Line::Header(HeaderRecord { schema: ChainRecord::SCHEMA, at: found.at, trust: Some(found.trust) });
            check("chain-line", &header);
        }
    }

    #[test]
    fn what_audit_diff_plan_and_explain_write_is_what_their_schemas_say() {
        let report = testing::audit(100);
        check("audit", &report);
        for audited in &report.certificates {
            check("audit-line", &AuditLine::Certificate(audited.clone()));
        }
        check("audit-line", &AuditLine::Summary(report.summary.clone()));
        let authorities = |folder: &str| -> Vec<_> {
            let found = testing::inspection(folder).certificates.into_iter();
            found.map(|entry| entry.certificate).filter(|certificate| !certificate.is_end_entity()).collect()
        };
        let difference = crate::cmg::diff::diff(&authorities("pki/renewed-same-key"), &authorities("contoso"));
        check("diff", &DiffRecord::new(&difference, &[]));
        check("plan", &crate::cmg::plan::plan(&crate::cmg::plan::Query::default()));
        let explained: Vec<_> =
            crate::cmg::Code::ALL.iter().map(|code| crate::cmg::catalogue::explain(*code)).collect();
        check("explain", &ExplainRecord::new(&explained));
    }

    #[test]
    fn a_document_without_its_certificates_is_refused() {
        let schema = serde_json::to_value(of("inspect").unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(!validator.is_valid(&serde_json::json!({ "schema": "certpath.inspect/1" })));
        assert!(of("nothing").is_none());
    }
}
