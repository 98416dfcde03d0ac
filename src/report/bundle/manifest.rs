//! The record of an export: what `manifest.json` holds, and what `export --format json` prints.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::certificate::Certificate;
use crate::certificate::general_name::{hex, upper_hex};
use crate::cmg::Finding;
use crate::cmg::selection::certificate_issuers;
use crate::ops::{Bundle, ExportedClient, Trust};
use crate::pool::Entry;
use crate::report::bundle::file_name::file_names;
use crate::report::bundle::{INTERMEDIATES, ROOTS, Refusal, layout};
use crate::report::model::{
    KeyProviderRecord, OccurrenceRecord, PassedOverRecord, PathRecord, ProblemRecord, Role, SelectionRecord,
};
use crate::threads;
use crate::time::Time;

/// The name and version of this record.
pub(super) const SCHEMA: &str = "certpath.export/1";

/// What an export wrote, or would have written.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Export")]
#[non_exhaustive]
pub struct Manifest {
    /// `certpath.export/1`.
    #[schemars(extend("const" = "certpath.export/1"))]
    pub schema: &'static str,
    /// The moment of judgement, RFC 3339.
    #[schemars(with = "String")]
    pub at: Time,
    /// Where the trust anchors came from.
    pub trust: Trust,
    /// Whether the files were written; where not, the entries say what would have been.
    pub written: bool,
    /// Why the export was refused; absent where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<WhyNotRecord>,
    /// The self-signed CAs.
    pub roots: Vec<EntryRecord>,
    /// The other CAs.
    pub intermediates: Vec<EntryRecord>,
    /// SHA-256 of each client certificate that the export is for.
    pub clients: Vec<String>,
    /// More of each of them, in the same order.
    pub client_details: Vec<ClientRecord>,
    /// Of how many of them the CRLs at hand do not tell whether they, or a CA on their path, were revoked; 0 where no CRL is at hand.
    pub revocation_unknown: usize,
    /// The value of ccmsetup's property CCMCERTISSUERS that lists the roots.
    pub ccm_cert_issuers: String,
    /// The subjects of roots that cannot be written in `ccmCertIssuers`.
    pub ccm_cert_issuers_unwritable: Vec<String>,
    /// The files for the site's list of trusted root certification authorities: the roots, and nothing else.
    pub site_trusted_roots: Vec<String>,
    /// The valid paths that were not chosen, each once, from the issuing CA up.
    pub alternatives: Vec<PathRecord>,
    /// SHA-256 of the CAs of `--issuer` that are on other paths only than those that were chosen: they are not written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wanted_elsewhere: Vec<String>,
    /// The client certificates without a valid path to a self-signed anchor, and why.
    pub refused: Vec<RefusedRecord>,
    /// The end-entity certificates that are no clients, and why.
    pub passed_over: Vec<PassedOverRecord>,
    /// What each step of the two selections leaves; where a selection was asked for.
    #[serde(flatten)]
    pub selection: SelectionRecord,
    /// What the rules say of the CA certificates.
    pub findings: Vec<FindingRecord>,
    /// What could not be read.
    pub problems: Vec<ProblemRecord>,
    /// Every file in the folder, this one too, by its path from there; empty where nothing was written.
    pub files: Vec<String>,
}

/// Why an export was refused.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportRefusal")]
#[non_exhaustive]
pub struct WhyNotRecord {
    /// For programs.
    pub code: RefusalCode,
    /// For people: the reason, and what to do.
    pub message: String,
}

/// The reasons for which an export is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// Some client certificate has no valid path to a root: `refused` has each.
    Incomplete,
    /// There is no client certificate.
    NoClients,
    /// There is none that `--issuer`, `--select` or `--first` ask for.
    NoneSelected,
    /// With `--allow-incomplete`: no client certificate has a valid path to a root.
    NothingComplete,
    /// No CA certificate has a valid path to a root.
    NothingToWrite,
    /// What is there is no folder.
    NotAFolder,
    /// The folder is not empty, and `--force` was not given.
    NotEmpty,
    /// The folder to be replaced is no earlier export.
    NoManifest,
    /// The folder to be replaced holds something that its manifest does not name.
    Stranger,
    /// The command runs in the folder to be replaced, or in one within it.
    CurrentFolder,
    /// No folder can have that name.
    NoName,
}

/// A CA certificate of the export.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Entry")]
#[non_exhaustive]
pub struct EntryRecord {
    /// The path from the folder, with `/`.
    pub file: String,
    /// SHA-256 of the file, which is that of the certificate: lower-case hex.
    pub sha256: String,
    /// SHA-1 of the same, upper-case hex, as Windows shows it.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_after: Option<Time>,
    /// Where it was found.
    pub sources: Vec<OccurrenceRecord>,
}

/// A client certificate that the export is for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedClient")]
#[non_exhaustive]
pub struct ClientRecord {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// SHA-1, upper-case hex.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// RFC 3339; null where the certificate gives no date.
    #[schemars(with = "Option<String>")]
    pub not_after: Option<Time>,
    /// CNG or CSP, with the strongest evidence; absent where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_provider: Option<KeyProviderRecord>,
    /// Whether a private key stands beside it anywhere. It is never written.
    pub has_private_key: bool,
}

/// A client certificate that has no valid path.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefusedClient")]
#[non_exhaustive]
pub struct RefusedRecord {
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// SHA-1, upper-case hex.
    pub thumbprint: String,
    /// As .NET prints it.
    pub subject: String,
    /// Its paths, each with the failed check or the missing issuer.
    pub paths: Vec<PathRecord>,
}

/// A finding at a CA certificate of the export.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FindingAtCertificate")]
#[non_exhaustive]
pub struct FindingRecord {
    /// SHA-256 of the certificate at fault.
    pub certificate: String,
    /// Its subject.
    pub subject: String,
    /// The finding itself.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The record of this export; `written` where the files are there. It is the same whatever the order of the sources was, but for
/// the places where each certificate was found.
pub fn manifest(bundle: &Bundle, written: bool) -> Manifest {
    let roots = entries(&bundle.roots, Role::Root, ROOTS);
    let intermediates = entries(&bundle.intermediates, Role::Intermediate, INTERMEDIATES);
    let issuers = certificate_issuers(bundle.roots.iter().map(|entry| &*entry.certificate));
    let mut client_details: Vec<ClientRecord> = bundle.clients.iter().map(ClientRecord::new).collect();
    threads::begin();
    client_details.par_sort_by(|one, two| (&one.subject, &one.sha256).cmp(&(&two.subject, &two.sha256)));
    let mut manifest = Manifest {
        schema: SCHEMA,
        at: bundle.at,
        trust: bundle.trust,
        written,
        refusal: None,
        revocation_unknown: bundle.revocation_unknown,
        clients: client_details.iter().map(|client| client.sha256.clone()).collect(),
        client_details,
        ccm_cert_issuers: issuers.value,
        ccm_cert_issuers_unwritable: issuers.unwritable,
        site_trusted_roots: roots.iter().map(|entry| entry.file.clone()).collect(),
        alternatives: bundle.alternatives.iter().map(PathRecord::new).collect(),
        wanted_elsewhere: bundle.wanted_elsewhere.iter().map(|ca| ca.sha256_hex()).collect(),
        refused: bundle
            .refused
            .iter()
            .map(|client| {
                let (sha256, thumbprint, subject) = identity(&client.entry.certificate);
                RefusedRecord { sha256, thumbprint, subject, paths: PathRecord::of(&client.verdict) }
            })
            .collect(),
        passed_over: bundle.passed_over.iter().map(PassedOverRecord::new).collect(),
        selection: SelectionRecord::new(bundle.selection.as_ref()),
        findings: bundle
            .findings
            .iter()
            .map(|(certificate, finding)| FindingRecord {
                certificate: certificate.sha256_hex(),
                subject: certificate.subject().to_string(),
                finding: finding.clone(),
            })
            .collect(),
        problems: bundle.problems.iter().map(ProblemRecord::new).collect(),
        files: Vec::new(),
        roots,
        intermediates,
    };
    manifest.refused.sort_by(|one, two| (&one.subject, &one.sha256).cmp(&(&two.subject, &two.sha256)));
    manifest.passed_over.sort_by(|one, two| (&one.subject, &one.sha256).cmp(&(&two.subject, &two.sha256)));
    manifest.problems.sort_by(|one, two| {
        let place = |problem: &ProblemRecord| (problem.source.clone(), problem.line, problem.offset);
        place(one).cmp(&place(two)).then_with(|| one.message.cmp(&two.message))
    });
    if written {
        manifest.files = layout(&manifest);
    }
    manifest
}

/// The record of an export that was refused.
pub fn refused_manifest(bundle: &Bundle, refusal: &Refusal) -> Manifest {
    let refusal = WhyNotRecord { code: refusal.code(), message: refusal.to_string() };
    Manifest { refusal: Some(refusal), ..manifest(bundle, false) }
}

fn identity(certificate: &Certificate) -> (String, String, String) {
    (certificate.sha256_hex(), certificate.thumbprint_hex(), certificate.subject().to_string())
}

fn entries(entries: &[Entry], role: Role, folder: &str) -> Vec<EntryRecord> {
    let certificates: Vec<&Certificate> = entries.iter().map(|entry| &*entry.certificate).collect();
    let names = file_names(&certificates, role);
    entries
        .iter()
        .zip(names)
        .map(|(entry, name)| {
            let (sha256, thumbprint, subject) = identity(&entry.certificate);
            EntryRecord {
                file: format!("{folder}/{name}"),
                sha256,
                thumbprint,
                subject,
                not_after: entry.certificate.not_after(),
                sources: entry.occurrences.iter().map(OccurrenceRecord::new).collect(),
            }
        })
        .collect()
}

impl ClientRecord {
    fn new(client: &ExportedClient) -> Self {
        Self {
            sha256: hex(&client.sha256),
            thumbprint: upper_hex(&client.thumbprint),
            subject: client.subject.clone(),
            not_after: client.not_after,
            key_provider: client.key_provider.as_deref().map(KeyProviderRecord::new),
            has_private_key: client.has_private_key,
        }
    }
}
