//! What has been gathered about one certificate while the lists at hand are asked.

use std::collections::{HashMap, HashSet};

use crate::certificate::{CrlEntry, RevocationReason};
use crate::path::revocation::obstacle::Obstacle;
use crate::path::revocation::point::ALL_REASONS;
use crate::path::revocation::store::{Age, Series, StoredCrl};

/// What came of a list.
pub(super) enum Settled {
    Clears,
    Silent,
    /// The issuer's own key did not sign it; who did is asked later.
    ByAnother,
}

/// What has been gathered about one certificate.
#[derive(Default)]
pub(super) struct Findings<'a> {
    pub(super) reasons: u16,
    pub(super) obstacle: Option<Obstacle<'a>>,
    /// The newest list that names it, although it cannot clear anybody, and the newest that names it as held.
    pub(super) listing: Option<(CrlEntry<'a>, &'a StoredCrl)>,
    pub(super) hold: Option<&'a StoredCrl>,
    pub(super) met_circle: bool,
    /// The lists that were looked at, by SHA-256: one may serve several distribution points.
    pub(super) settled: HashMap<&'a [u8; 32], Settled>,
    /// The series of lists that clear it, each with the key that signed them.
    pub(super) cleared: HashSet<(Vec<u8>, Series<'a>)>,
    /// The newest age of such a list, or of the delta CRL laid over it.
    pub(super) newest_clearing: Option<Age<'a>>,
    /// How many lists not in force, rightly signed by others than the issuer, were searched.
    pub(super) old_by_others: usize,
}

impl<'a> Findings<'a> {
    /// Keeps what came nearest to an answer.
    pub(super) fn note(&mut self, obstacle: Obstacle<'a>) {
        if self.obstacle.as_ref().is_none_or(|kept| kept.nearness() < obstacle.nearness()) {
            self.obstacle = Some(obstacle);
        }
    }

    /// Keeps the newest list that names the certificate.
    pub(super) fn note_listing(&mut self, entry: CrlEntry<'a>, list: &'a StoredCrl) {
        match entry.reason {
            Some(RevocationReason::RemoveFromCrl) => {}
            Some(RevocationReason::CertificateHold) => {
                if self.hold.is_none_or(|kept| kept.age() < list.age()) {
                    self.hold = Some(list);
                }
            }
            _ => {
                if self.listing.as_ref().is_none_or(|(_, kept)| kept.age() < list.age()) {
                    self.listing = Some((entry, list));
                }
            }
        }
    }

    /// Whether lists for every reason clear it, one of them not older than `list`: what was issued before a revocation knows nothing of it.
    pub(super) fn is_cleared_since(&self, list: &StoredCrl) -> bool {
        self.reasons == ALL_REASONS && self.newest_clearing.is_some_and(|newest| newest >= list.age())
    }
}
