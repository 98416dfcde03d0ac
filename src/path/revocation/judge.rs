//! One certificate against the lists at hand: RFC 5280 section 6.3.3, with the departures that [`crate::path::revocation`] names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::{Certificate, CrlEntry, Decoded, RevocationReason, SignatureCheck, key, oid};
use crate::path::revocation::effort::{Effort, GaveUp};
use crate::path::revocation::findings::{Findings, Settled};
use crate::path::revocation::obstacle::Obstacle;
use crate::path::revocation::point::{ALL_REASONS, Point};
use crate::path::revocation::store::{CrlStore, StoredCrl};
use crate::path::revocation::{CrlIssuer, CrlSigners, RevocationStatus, SignerPaths};

/// How deep judging a signer, and the signer of the list that judges that, may go; PKITS needs 2.
const DEPTH: usize = 6;

/// How many lists that are rightly signed and not in force are searched at one distribution point: an archive may hold hundreds.
const OLD_LISTS: usize = 8;

pub(super) struct Judge<'a> {
    store: &'a CrlStore,
    signers: &'a dyn CrlSigners,
    /// What `signers` said, by the SHA-256 of the signer that was asked for.
    signer_paths: HashMap<[u8; 32], SignerPaths>,
    /// SHA-256 of the certificates whose status is being asked, the outermost first.
    judged: Vec<[u8; 32]>,
    effort: Effort,
}

/// What one list says of a certificate.
enum Answer<'a> {
    Listed(CrlEntry<'a>, &'a StoredCrl),
    NotListed,
}

impl<'a> Judge<'a> {
    pub(super) fn new(store: &'a CrlStore, signers: &'a dyn CrlSigners) -> Self {
        Self { store, signers, signer_paths: HashMap::new(), judged: Vec::new(), effort: Effort::new() }
    }

    /// Whether anything was left out, and what.
    pub(super) fn gave_up(&self) -> Option<GaveUp> {
        self.effort.gave_up
    }

    pub(super) fn status(&mut self, certificate: &Certificate, issuer: CrlIssuer<'_>) -> RevocationStatus {
        let points = Point::of(certificate);
        self.judged.push(*certificate.sha256());
        let (mut status, met_circle) = self.ask(certificate, issuer, &points, false);
        if met_circle && matches!(status, RevocationStatus::Unknown { .. }) {
            // A CRL signer whose own status stands in its own list alone (PKITS 4.14.30) is taken at its word.
            status = self.ask(certificate, issuer, &points, true).0;
        }
        self.judged.pop();
        status
    }

    /// RFC 5280 section 6.3.3, over all distribution points: first the lists that the issuer's own key signed, so that no others, however
    /// many, stand before them.
    fn ask(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        points: &[Point],
        allow_circle: bool,
    ) -> (RevocationStatus, bool) {
        let mut findings = Findings::default();
        let mut by_others = Vec::new();
        for point in points {
            if let Some(revoked) = self.ask_own(certificate, issuer, point, &mut findings, &mut by_others) {
                return (revoked, findings.met_circle);
            }
        }
        for (point, list, nearest) in by_others {
            if let Some(revoked) =
                self.ask_other(certificate, issuer, (point, list, nearest), allow_circle, &mut findings)
            {
                return (revoked, findings.met_circle);
            }
        }
        for point in points {
            self.ask_deltas_alone(certificate, issuer, point, allow_circle, &mut findings);
        }
        let unknown = |obstacle: Obstacle<'_>| {
            let why = obstacle.explain(certificate, self.store.at());
            RevocationStatus::Unknown { why, crl: obstacle.crl().cloned() }
        };
        let status = match (&findings.listing, findings.hold) {
            (Some((entry, list)), _) if !findings.is_cleared_since(list) => revoked(entry, list),
            (_, Some(list)) if findings.reasons == ALL_REASONS && !findings.is_cleared_since(list) => {
                unknown(Obstacle::Held(list))
            }
            _ if findings.reasons == ALL_REASONS => RevocationStatus::Good,
            _ => {
                if findings.reasons != 0 {
                    findings.note(Obstacle::SomeReasons(findings.reasons));
                }
                unknown(findings.obstacle.unwrap_or(Obstacle::NoCrl))
            }
        };
        (status, findings.met_circle)
    }

    /// Every complete list that applies at one distribution point and that the issuer's own key signed; `Some` is revoked. The others go
    /// to `by_others`.
    fn ask_own<'p>(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        point: &'p Point,
        findings: &mut Findings<'a>,
        by_others: &mut Vec<(&'p Point, &'a StoredCrl, Obstacle<'a>)>,
    ) -> Option<RevocationStatus> {
        let store = self.store;
        let mut old_lists = 0;
        for list in point.issuers.iter().flat_map(|name| store.complete(name)) {
            if !self.effort.list(point.names.len()) {
                break;
            }
            if !list.is_in_force && old_lists == OLD_LISTS {
                continue;
            }
            if let Err(mismatch) = point.covers(certificate, list) {
                findings.note(mismatch);
                continue;
            }
            match findings.settled.get(list.crl.sha256()) {
                None => {}
                Some(Settled::Clears) => {
                    findings.reasons |= point.reasons & list.scope.reasons;
                    continue;
                }
                Some(Settled::Silent) => continue,
                Some(Settled::ByAnother) => {
                    by_others.push((point, list, Obstacle::WrongKey(list)));
                    continue;
                }
            }
            findings.settled.insert(list.crl.sha256(), Settled::Silent);
            if let Err(obstacle) = list.may_be_used_at(store.at()) {
                findings.note(obstacle);
                continue;
            }
            if let Err(nearest) = self.is_own(list, issuer) {
                findings.settled.insert(list.crl.sha256(), Settled::ByAnother);
                by_others.push((point, list, nearest));
                continue;
            }
            old_lists += usize::from(!list.is_in_force);
            if let Some(revoked) = self.ask_list(certificate, point, list, issuer.key.into(), findings) {
                return Some(revoked);
            }
        }
        if point.issuers.iter().any(|name| store.has_left_out(name)) {
            self.effort.gave_up = self.effort.gave_up.or(Some(GaveUp::OldLists));
        }
        if findings.obstacle.is_none() && point.issuers.iter().any(|name| store.has_deltas(name)) {
            findings.note(Obstacle::OnlyDelta);
        }
        None
    }

    /// A complete list that the issuer's own key did not sign; `Some` is revoked.
    fn ask_other(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        (point, list, nearest): (&Point, &'a StoredCrl, Obstacle<'a>),
        allow_circle: bool,
        findings: &mut Findings<'a>,
    ) -> Option<RevocationStatus> {
        // What is not in force names a certificate or says nothing; of one that was cleared since it says nothing more.
        if !list.is_in_force && findings.is_cleared_since(list) {
            return None;
        }
        match findings.settled.get(list.crl.sha256()) {
            Some(Settled::ByAnother) => {}
            Some(Settled::Clears) => {
                findings.reasons |= point.reasons & list.scope.reasons;
                return None;
            }
            _ => return None,
        }
        findings.settled.insert(list.crl.sha256(), Settled::Silent);
        if !list.is_in_force && findings.old_by_others == OLD_LISTS {
            findings.note(Obstacle::Expired(list));
            return None;
        }
        let key = self.other_signer(list, issuer, allow_circle, nearest, findings)?;
        findings.old_by_others += usize::from(!list.is_in_force);
        self.ask_list(certificate, point, list, key, findings)
    }

    /// A complete list that `key` rightly signed, with its newest delta CRL; `Some` is revoked.
    fn ask_list(
        &mut self,
        certificate: &Certificate,
        point: &Point,
        list: &'a StoredCrl,
        key: Vec<u8>,
        findings: &mut Findings<'a>,
    ) -> Option<RevocationStatus> {
        // Of the lists that one key signed for one scope, the newest alone is asked.
        let series = (key, list.series());
        if findings.cleared.contains(&series) {
            return None;
        }
        let delta = self.newest_delta(list, &series.0)?;
        let is_current = delta.is_some() || list.crl.is_current_at(self.store.at());
        match look_up(certificate, list, delta) {
            Answer::Listed(entry, by) if is_current => return Some(revoked(&entry, by)),
            Answer::Listed(entry, by) => {
                findings.note_listing(entry, by);
                findings.note(Obstacle::Expired(list));
            }
            Answer::NotListed if !is_current => findings.note(Obstacle::Expired(list)),
            Answer::NotListed if list.crl.flaw().is_some() => findings.note(Obstacle::Flawed(list)),
            Answer::NotListed => {
                findings.reasons |= point.reasons & list.scope.reasons;
                let age = delta.map_or(list.age(), |delta| delta.age().max(list.age()));
                findings.newest_clearing = findings.newest_clearing.max(Some(age));
                findings.cleared.insert(series);
                findings.settled.insert(list.crl.sha256(), Settled::Clears);
            }
        }
        None
    }

    /// The delta CRLs of one distribution point that were laid over no list, such as those that have expired: what they name is revoked,
    /// unless it was cleared since.
    fn ask_deltas_alone(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        point: &Point,
        allow_circle: bool,
        findings: &mut Findings<'a>,
    ) {
        let store = self.store;
        // Of one issuer the newest comes first.
        let mut left_out: Option<&[u8]> = None;
        for delta in point.issuers.iter().flat_map(|name| store.all_deltas(name)) {
            if left_out == Some(&*delta.issuer) {
                continue;
            }
            if !self.effort.list(point.names.len()) {
                break;
            }
            if findings.is_cleared_since(delta) {
                left_out = Some(&delta.issuer);
                continue;
            }
            let Some(entry) = delta.crl.entry(&certificate.issuer(), certificate.serial_number()) else { continue };
            if point.covers(certificate, delta).is_err() || delta.may_be_used_at(store.at()).is_err() {
                continue;
            }
            let is_signed = match self.is_own(delta, issuer) {
                Ok(()) => true,
                Err(nearest) => self.other_signer(delta, issuer, allow_circle, nearest, findings).is_some(),
            };
            if is_signed {
                findings.note_listing(entry, delta);
            }
        }
    }

    /// Whether a key that is not the issuer's made the signature, if it may still be asked.
    fn made(&mut self, list: &'a StoredCrl, key: &[u8], nearest: &mut Obstacle<'a>) -> bool {
        if !self.effort.signature() {
            return false;
        }
        match list.check_signature(key) {
            SignatureCheck::Valid => return true,
            SignatureCheck::Unsupported(what) => nearest.yield_to(Obstacle::Unsupported(list, what)),
            SignatureCheck::Invalid => {}
        }
        false
    }

    /// RFC 5280 section 6.3.3 (c): the newest delta CRL that builds on `list`, signed by the same key, where there is one; `None` where
    /// the search was given up.
    fn newest_delta(&mut self, list: &'a StoredCrl, key: &[u8]) -> Option<Option<&'a StoredCrl>> {
        for delta in self.store.deltas(list) {
            if !self.effort.list(1) {
                return None;
            }
            if let Some(delta) = delta
                && self.effort.own_signature()
                && delta.check_signature(key) == SignatureCheck::Valid
            {
                return Some(Some(delta));
            }
        }
        Some(None)
    }

    /// Whether the key of the certificate's issuer signed `list`, and may.
    fn is_own(&mut self, list: &'a StoredCrl, issuer: CrlIssuer<'_>) -> Result<(), Obstacle<'a>> {
        if !list.is_by(issuer.certificate) || !self.effort.own_signature() {
            return Err(Obstacle::WrongKey(list));
        }
        match list.check_signature(issuer.key) {
            SignatureCheck::Valid if may_sign(issuer.certificate, true) => Ok(()),
            SignatureCheck::Valid => Err(Obstacle::KeyUsage(list)),
            SignatureCheck::Unsupported(what) => Err(Obstacle::Unsupported(list, what)),
            SignatureCheck::Invalid => Err(Obstacle::WrongKey(list)),
        }
    }

    /// The key of another certificate of the list's issuer that signed `list` (section 6.3.3 (f) and (g)), where it counts. `nearest` is
    /// what kept the issuer's own from it.
    fn other_signer(
        &mut self,
        list: &'a StoredCrl,
        issuer: CrlIssuer<'_>,
        allow_circle: bool,
        mut nearest: Obstacle<'a>,
        findings: &mut Findings<'a>,
    ) -> Option<Vec<u8>> {
        let signers = self.signers;
        let is_windows_list = list.crl.extension(oid::MS_CA_VERSION).is_some();
        let identifier = list.crl.authority_key_identifier();
        let identifier = identifier.get().and_then(|authority| authority.key_identifier);
        let accepted = 'search: {
            // Where no more may be asked, the likeliest need not be sorted out.
            if !self.effort.may_ask_others() {
                break 'search None;
            }
            for signer in signers.with_subject(&list.issuer, identifier).iter() {
                // Of many certificates of one name the paths of those alone are searched whose key made the signature.
                let own = signer.subject_public_key_info();
                let is_complete = !key::lacks_parameters(own);
                // The issuer's own was asked.
                if *own == *issuer.key && matches!(nearest, Obstacle::WrongKey(_)) {
                    continue;
                }
                if is_complete && !self.made(list, own, &mut nearest) {
                    continue;
                }
                let paths = self.signer_paths.entry(*signer.sha256()).or_insert_with(|| signers.paths(signer));
                for path in Arc::clone(paths).iter() {
                    let key = key_on(path);
                    if !is_complete && !self.made(list, &key, &mut nearest) {
                        continue;
                    }
                    if !may_sign(signer, path.len() == 1) {
                        nearest.yield_to(Obstacle::KeyUsage(list));
                        continue;
                    }
                    // A Windows CA that was renewed with a new key keeps one list for each key, all under one name.
                    let is_other_key = *key != *issuer.key && !list.scope.indirect;
                    if is_windows_list && is_other_key {
                        nearest.yield_to(Obstacle::OtherKey(list));
                        break 'search None;
                    }
                    match self.judge_signer(path) {
                        Verdict::Good => break 'search Some(key.into_owned()),
                        Verdict::Circle if allow_circle && self.effort.gave_up.is_none() => {
                            break 'search Some(key.into_owned());
                        }
                        Verdict::Circle => {
                            findings.met_circle = true;
                            let why = "its status stands only in the list that it signed".to_owned();
                            nearest.yield_to(Obstacle::Signer(list, why));
                        }
                        Verdict::Bad(why) => nearest.yield_to(Obstacle::Signer(list, why)),
                    }
                }
            }
            None
        };
        if accepted.is_none() {
            findings.note(nearest);
        }
        accepted
    }

    /// The status of a signer and of the CAs above it.
    fn judge_signer(&mut self, path: &[Arc<Certificate>]) -> Verdict {
        for (place, certificate) in path.iter().enumerate() {
            let above = &path[place + 1..];
            let Some(issuer) = above.first() else { continue };
            if self.judged.contains(certificate.sha256()) {
                return Verdict::Circle;
            }
            if self.judged.len() >= DEPTH || !self.effort.signer() {
                self.effort.gave_up = self.effort.gave_up.or(Some(GaveUp::Signers));
                return Verdict::Bad("too many signers stand behind it".to_owned());
            }
            match self.status(certificate, CrlIssuer { certificate: issuer, key: &key_on(above) }) {
                RevocationStatus::Good => {}
                other => return Verdict::Bad(format!("{}: {other}", certificate.short_subject())),
            }
        }
        Verdict::Good
    }
}

enum Verdict {
    Good,
    /// It is being judged already, and needs itself for that.
    Circle,
    Bad(String),
}

/// The public key of the first certificate of a path, with what it inherits from those above it.
fn key_on(path: &[Arc<Certificate>]) -> Cow<'_, [u8]> {
    let Some((first, above)) = path.split_first() else { return Cow::default() };
    let own = first.subject_public_key_info();
    if above.is_empty() || !key::lacks_parameters(own) {
        return own.into();
    }
    key::with_inherited(own, &key_on(above)).unwrap_or_else(|| own.into())
}

/// RFC 5280 section 6.3.3 (f): cRLSign, where there is a key usage. Without one it must be a CA's key (section 4.2.1.3): the issuer's, an
/// anchor's, or by its basic constraints; else any user whose name happens to be a CA's could sign that CA's lists.
fn may_sign(signer: &Certificate, is_issuer: bool) -> bool {
    match signer.key_usage() {
        Decoded::Present(usage) => usage.crl_sign(),
        Decoded::Absent => is_issuer || signer.basic_constraints().get().is_some_and(|constraints| constraints.ca),
        Decoded::Malformed(_) => false,
    }
}

/// RFC 5280 section 6.3.3 (i) to (k).
fn look_up<'a>(certificate: &Certificate, list: &'a StoredCrl, delta: Option<&'a StoredCrl>) -> Answer<'a> {
    let entry_of = |list: &'a StoredCrl| {
        list.crl.entry(&certificate.issuer(), certificate.serial_number()).map(|entry| (entry, list))
    };
    match delta.and_then(entry_of).or_else(|| entry_of(list)) {
        Some((entry, _)) if entry.reason == Some(RevocationReason::RemoveFromCrl) => Answer::NotListed,
        Some((entry, by)) => Answer::Listed(entry, by),
        None => Answer::NotListed,
    }
}

fn revoked(entry: &CrlEntry<'_>, list: &StoredCrl) -> RevocationStatus {
    RevocationStatus::Revoked { at: entry.revoked_at, reason: entry.reason, crl: Arc::clone(&list.crl) }
}
