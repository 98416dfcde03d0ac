//! What a command is asked: sources, trust, moment, and which client certificates count.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::cmg::selection::{Criterion, Issuer};
use crate::cmg::{Settings, passed_over};
use crate::ops::progress::Progress;
use crate::ops::results::Trust;
use crate::ops::scan::Inputs;
use crate::path::verdict::can_authenticate_clients;
use crate::path::{Budget, Purpose};
use crate::pool::Entry;
use crate::source::walk::display_name;
use crate::source::{Passwords, Problem, Source};
use crate::time::Time;

/// What a command is asked.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request {
    /// What to look at.
    pub sources: Vec<Source>,
    /// A list of further SOURCEs, one a line: its bytes and its name.
    pub list: Option<(Arc<[u8]>, String)>,
    /// The trust anchors; empty means the Root stores if a live store is among the sources, else the self-signed CAs found.
    pub trust: Vec<Source>,
    /// CA certificates to build with.
    pub intermediates: Vec<Source>,
    /// CRLs beside those found in the sources.
    pub crls: Vec<Source>,
    /// The folder that this run writes: it is not read where it lies in one that is walked.
    pub output_folder: Option<PathBuf>,
    /// The moment to judge at.
    pub at: Time,
    /// What for.
    pub purpose: Purpose,
    /// Whether a certificate whose revocation cannot be judged is refused.
    pub require_revocation: bool,
    /// Whether CRLs that were given with `crls` must tell of every certificate; an empty folder asks for nothing.
    pub crls_must_tell: bool,
    /// Only clients below one of these CAs.
    pub issuers: Vec<Issuer>,
    /// Only clients that meet all of these.
    pub criteria: Vec<Criterion>,
    /// Of several, the one with the longest validity.
    pub first: bool,
    /// How findings are weighed: severities, parameters and exceptions.
    pub settings: Settings,
    /// Passwords for PKCS#12.
    pub passwords: Passwords,
    /// How much a search may do.
    pub budget: Budget,
    /// Told of how far it has come.
    pub progress: Progress,
}

impl Request {
    /// For these sources at this moment; everything else as by default.
    pub fn new(sources: Vec<Source>, at: Time) -> Self {
        Self {
            sources,
            list: None,
            trust: Vec::new(),
            intermediates: Vec::new(),
            crls: Vec::new(),
            output_folder: None,
            at,
            purpose: Purpose::Client,
            require_revocation: false,
            crls_must_tell: false,
            issuers: Vec::new(),
            criteria: Vec::new(),
            first: false,
            settings: Settings::default(),
            passwords: Passwords::default(),
            budget: Budget::default(),
            progress: Progress::default(),
        }
    }

    /// The sources' names, for a message.
    pub fn source_names(&self) -> String {
        let mut names: Vec<String> = self.sources.iter().map(ToString::to_string).collect();
        names.extend(self.list.iter().map(|(_, name)| format!("the list {name}")));
        let more = names.len().saturating_sub(3);
        names.truncate(3);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let names = names.join(", ");
        match self.output_folder.as_deref().filter(|folder| self.leaves_out(folder)) {
            Some(folder) => format!("{names} beside {}, where the export is written", display_name(folder)),
            None => names,
        }
    }

    /// Whether this folder lies in one that is walked.
    fn leaves_out(&self, folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else { return false };
        self.sources.iter().any(|source| {
            matches!(source, Source::Path(path) if path.canonicalize().is_ok_and(|around| folder != around && folder.starts_with(around)))
        })
    }

    /// Where the trust anchors come from.
    pub fn trust_from(&self) -> Trust {
        if !self.trust.is_empty() {
            Trust::Given
        } else if self.inputs().has_store() {
            Trust::Store
        } else {
            Trust::Assumed
        }
    }

    /// Whether not all client certificates count, but those that were asked for.
    pub fn selects(&self) -> bool {
        self.first || !self.issuers.is_empty() || !self.criteria.is_empty()
    }

    pub(crate) fn inputs(&self) -> Inputs {
        Inputs { list: self.list.clone(), ..self.inputs_of(&self.sources) }
    }

    /// What SOURCEs beside those looked at stand for.
    pub(crate) fn inputs_of(&self, sources: &[Source]) -> Inputs {
        Inputs { sources: sources.to_vec(), left_out: self.output_folder.clone(), ..Inputs::default() }
    }

    /// Why an end-entity certificate is no client certificate, or not one of those asked for; `None` where it is one. Whether it
    /// lies below the CA that was asked for is seen later, on its path.
    pub(crate) fn passes_over(&self, entry: &Entry) -> Option<String> {
        let certificate = &*entry.certificate;
        if let Some(row) = passed_over::passed_over(certificate, entry.friendly_names()) {
            return Some(format!("{}: {}", row.name, row.reason));
        }
        if entry.is_archived() {
            return Some("it is archived in its store, where Windows passes over it too".to_owned());
        }
        if self.purpose == Purpose::Client && !can_authenticate_clients(certificate) {
            return Some("its extended key usage does not allow client authentication".to_owned());
        }
        if !certificate.is_valid_at(self.at) {
            return Some(outside_validity(certificate, self.at));
        }
        let is_wanted = self.criteria.iter().all(|criterion| criterion.matches(certificate));
        (!is_wanted).then(|| "it does not meet --select".to_owned())
    }

    /// Whether one of these CAs, from the issuing one up, is one that was asked for. Without any, the issuer's name decides.
    pub(crate) fn is_below_wanted(&self, certificate: &Certificate, cas: &[Arc<Certificate>]) -> bool {
        if self.issuers.is_empty() {
            return true;
        }
        let last = cas.len().saturating_sub(1);
        self.issuers.iter().any(|issuer| {
            cas.iter().enumerate().any(|(index, ca)| issuer.matches(ca, index == last))
                || (cas.is_empty() && issuer.matches_name(&certificate.issuer()))
        })
    }
}

fn outside_validity(certificate: &Certificate, at: Time) -> String {
    match (certificate.not_before(), certificate.not_after()) {
        (Some(first), _) if first > at => format!("it is valid only from {first}"),
        (Some(_), Some(last)) => format!("it expired at {last}"),
        _ => "its validity cannot be read".to_owned(),
    }
}

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// Nothing to judge.
    #[error("no certificate was found in {sources}")]
    NoCertificate {
        /// Where.
        sources: String,
        /// What could not be read: often the reason.
        problems: Vec<Problem>,
    },
    /// `verify` judges one certificate.
    #[error(
        "{source_name}: expected one end-entity certificate, found {found}; give each in a file of its own, or choose one \
             with --issuer, --select or --first"
    )]
    NotOneLeaf {
        /// The file.
        source_name: String,
        /// What was there instead.
        found: String,
        /// What could not be read.
        problems: Vec<Problem>,
    },
    /// The temporary file for what can be read only once.
    #[error(
        "the temporary file for standard input could not be written in {folder}: {0}; set TMPDIR (on Windows TEMP) to a folder with room",
        folder = std::env::temp_dir().display()
    )]
    Spool(#[from] io::Error),
}

impl OpsError {
    /// What could not be read before the command stopped.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::NoCertificate { problems, .. } | Self::NotOneLeaf { problems, .. } => problems,
            Self::Spool(_) => &[],
        }
    }
}
