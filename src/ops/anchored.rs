//! The CA certificates of the sources that have a path to the trust anchors, for `diff`.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::assembly::Assembly;
use crate::ops::request::{OpsError, Request};
use crate::source::Problem;

/// The CA certificates that [`anchored`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Anchored {
    /// In the order of the sources.
    pub authorities: Vec<Arc<Certificate>>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// The CA certificates of the sources with a path to a trust anchor, whether or not each check of it holds: an expired one is what
/// `diff` is to have removed.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn anchored(request: &Request) -> Result<Anchored, OpsError> {
    let mut assembly = Assembly::new(request)?;
    let all = assembly.corpus.issuers.entries().iter().map(|entry| &entry.certificate);
    let reaches =
        |certificate: &&Arc<Certificate>| assembly.graph.judge(certificate).paths.iter().any(|path| path.is_anchored);
    let authorities = all.filter(reaches).cloned().collect();
    Ok(Anchored { authorities, problems: std::mem::take(&mut assembly.problems) })
}
