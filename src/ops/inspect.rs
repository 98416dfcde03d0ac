//! `inspect`: what is in these files and stores.

use crate::certificate::Certificate;
use crate::ops::assembly::Assembly;
use crate::ops::chain::{Considered, judge_clients};
use crate::ops::corpus::Corpus;
use crate::ops::request::{OpsError, Request};
use crate::ops::selecting::SelectionCounts;
use crate::pool::Entry;
use crate::source::Problem;

/// What was found beside the certificates.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Inspected {
    /// How many different certificates there were.
    pub certificates: usize,
    /// How many CRLs were met.
    pub crls: usize,
    /// How many private keys were met; none is kept.
    pub private_keys: usize,
    /// How many end-entity certificates were passed over, by reason; where a selection was asked for.
    pub passed_over: Vec<(String, u64)>,
    /// What each step of the selection left, where client certificates were asked for by issuer, criterion or length.
    pub selection: Option<SelectionCounts>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Reads everything; each certificate once, CA certificates first: `work` on all cores, `sink` in the order of the sources. Where
/// the request asks for client certificates by issuer, criterion or length, only these are handed over.
///
/// # Errors
/// Where nothing at all was found, or the temporary file for standard input cannot be written.
pub fn inspect<R: Send>(
    request: &Request,
    work: impl Fn(&Entry) -> R + Sync,
    mut sink: impl FnMut(R),
) -> Result<Inspected, OpsError> {
    if request.selects() {
        return inspect_selected(request, &work, &mut sink);
    }
    let mut corpus = Corpus::read(request.inputs(), &request.passwords, &request.progress)?;
    let mut found = Inspected {
        certificates: corpus.issuers.len() + corpus.end_entity_count(),
        crls: corpus.crls.len(),
        private_keys: corpus.private_keys,
        problems: corpus.problems.take(),
        ..Inspected::default()
    };
    for entry in corpus.issuers.entries() {
        // Whether a CA is self-signed is the one thing worth a signature check here.
        let _ = Certificate::is_self_signed(&entry.certificate);
        sink(work(entry));
    }
    corpus.for_each_end_entity(&request.passwords, &work, &mut sink)?;
    found.problems.extend(corpus.take_lost());
    Ok(found)
}

fn inspect_selected<R: Send>(
    request: &Request,
    work: &(dyn Fn(&Entry) -> R + Sync),
    sink: &mut dyn FnMut(R),
) -> Result<Inspected, OpsError> {
    let mut assembly = Assembly::new(request)?;
    let of_client = |considered| match considered {
        Considered::Client(client) => Some(work(&client.entry)),
        Considered::PassedOver(_) => None,
    };
    let judged = judge_clients(request, &assembly, &of_client, &mut |result| result.into_iter().for_each(&mut *sink))?;
    Ok(Inspected {
        certificates: judged.statuses.iter().sum::<u64>() as usize,
        crls: assembly.crls,
        private_keys: assembly.corpus.private_keys,
        passed_over: judged.passed_over.into_iter().collect(),
        selection: judged.selection,
        problems: assembly.take_problems(),
    })
}
