//! Whether a certificate was revoked, as CRLs say that are at hand: RFC 5280 section 6.3, without a network.
//!
//! Departures from its algorithm, each to the safe side:
//! - Every current list that applies is asked, not only as many as cover all reasons: a CA with two keys may have a list for each.
//! - A list that has expired still revokes, though it no longer clears: only a hold can be lifted (section 5.3.1).
//! - A list of a Windows CA speaks for the certificates under the key that signed it alone.

mod deltas;
mod effort;
mod obstacle;
mod point;
pub(crate) mod signers;
mod store;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::certificate::{Certificate, Crl, CrlEntry, Decoded, Name, RevocationReason, SignatureCheck, key, oid};
use crate::time::Time;
use effort::{Effort, GaveUp};
use obstacle::Obstacle;
use point::{ALL_REASONS, Point};
pub(crate) use store::CrlStore;
use store::StoredCrl;

/// Whether a certificate was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationStatus {
    /// Current CRLs cover every reason, and none lists it.
    Good,
    /// A CRL lists it.
    #[non_exhaustive]
    Revoked {
        /// Since when; `None` where the list gives no date there.
        at: Option<Time>,
        /// Why, where the list says.
        reason: Option<RevocationReason>,
        /// The list.
        crl: Arc<Crl>,
    },
    /// The CRLs at hand do not tell.
    #[non_exhaustive]
    Unknown {
        /// What is missing or wrong, in words for the administrator.
        why: String,
        /// The list that came nearest to an answer.
        crl: Option<Arc<Crl>>,
    },
}

impl RevocationStatus {
    /// Whether it is known not to be revoked.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }

    /// Whether it is known to be revoked.
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }
}

impl fmt::Display for RevocationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("not revoked"),
            Self::Revoked { at, reason, .. } => {
                f.write_str("revoked")?;
                if let Some(at) = at {
                    write!(f, " on {}", at.date())?;
                }
                match reason {
                    Some(reason) => write!(f, " ({})", reason.name()),
                    None => Ok(()),
                }
            }
            Self::Unknown { why, .. } => f.write_str(why),
        }
    }
}

/// Who may sign a CRL beside the issuer of the certificate that is judged: RFC 5280 section 6.3.3 (f).
pub(crate) trait CrlSigners {
    /// Certification paths, valid but for revocation, each from a certificate with this subject (compared by RFC 5280 section 7.1) up
    /// to the trust anchor of the path that is judged, both included. The shortest first.
    fn with_subject(&self, subject: &Name<'_>) -> SignerPaths;
}

/// Certification paths of CRL signers.
pub(crate) type SignerPaths = Arc<[Vec<Arc<Certificate>>]>;

/// Nobody but the certificate's issuer.
impl CrlSigners for () {
    fn with_subject(&self, _: &Name<'_>) -> SignerPaths {
        Arc::default()
    }
}

/// The certificate above the one that is judged, and its public key with what it inherited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CrlIssuer<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) key: &'a [u8],
}

/// The status of `certificate`, at the moment of `store`. That of `issuer`, the certificate above it in its path, is not asked: a path
/// has all its certificates judged, one by one.
pub(crate) fn status(
    certificate: &Certificate,
    issuer: CrlIssuer<'_>,
    store: &CrlStore,
    signers: &dyn CrlSigners,
) -> RevocationStatus {
    let mut judge = Judge { store, signers, signer_paths: HashMap::new(), judged: Vec::new(), effort: Effort::new() };
    let mut found = judge.status(certificate, issuer);
    match (&mut found, judge.effort.gave_up) {
        (RevocationStatus::Unknown { why, .. }, Some(gave_up)) => {
            why.push_str("; ");
            why.push_str(&gave_up.to_string());
        }
        // What was not asked may revoke it.
        (RevocationStatus::Good, Some(GaveUp::Lists)) => {
            return RevocationStatus::Unknown { why: GaveUp::Lists.to_string(), crl: None };
        }
        _ => {}
    }
    found
}

/// How deep judging a signer, and the signer of the list that judges that, may go; PKITS needs 2.
const DEPTH: usize = 6;

/// How many lists that are not in force are searched at one distribution point, and kept of one issuer and scope: an archive may hold
/// hundreds.
const OLD_LISTS: usize = 8;

struct Judge<'a> {
    store: &'a CrlStore,
    signers: &'a dyn CrlSigners,
    /// What `signers` said, by the name that was asked for in comparable form.
    signer_paths: HashMap<&'a [u8], SignerPaths>,
    /// SHA-256 of the certificates whose status is being asked, the outermost first.
    judged: Vec<[u8; 32]>,
    effort: Effort,
}

/// What one list says of a certificate.
enum Answer<'a> {
    Listed(CrlEntry<'a>, &'a StoredCrl),
    NotListed,
}

/// What has been gathered about one certificate.
#[derive(Default)]
struct Findings<'a> {
    reasons: u16,
    obstacle: Option<Obstacle<'a>>,
    old_listing: Option<(CrlEntry<'a>, &'a StoredCrl)>,
    met_circle: bool,
    /// The lists that were looked at, by SHA-256, and whether each clears the certificate: a list may serve several distribution points.
    settled: HashMap<&'a [u8; 32], bool>,
    /// The lists that clear it, with the keys that signed them.
    clearing: Vec<(Vec<u8>, &'a StoredCrl)>,
}

impl<'a> Findings<'a> {
    /// Keeps what came nearest to an answer.
    fn note(&mut self, obstacle: Obstacle<'a>) {
        if self.obstacle.as_ref().is_none_or(|kept| kept.nearness() < obstacle.nearness()) {
            self.obstacle = Some(obstacle);
        }
    }
}

impl<'a> Judge<'a> {
    fn status(&mut self, certificate: &Certificate, issuer: CrlIssuer<'_>) -> RevocationStatus {
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

    /// RFC 5280 section 6.3.3, over all distribution points.
    fn ask(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        points: &[Point],
        allow_circle: bool,
    ) -> (RevocationStatus, bool) {
        let mut findings = Findings::default();
        for point in points {
            if let Some(revoked) = self.ask_point(certificate, issuer, point, allow_circle, &mut findings) {
                return (revoked, findings.met_circle);
            }
        }
        if findings.reasons == ALL_REASONS {
            return (RevocationStatus::Good, findings.met_circle);
        }
        if let Some((entry, list)) = findings.old_listing {
            return (revoked(&entry, list), findings.met_circle);
        }
        if findings.reasons != 0 {
            findings.note(Obstacle::SomeReasons(findings.reasons));
        }
        let obstacle = findings.obstacle.unwrap_or(Obstacle::NoCrl);
        let why = obstacle.explain(certificate, self.store.at());
        (RevocationStatus::Unknown { why, crl: obstacle.crl().cloned() }, findings.met_circle)
    }

    /// Every list that applies at one distribution point; `Some` is revoked.
    fn ask_point(
        &mut self,
        certificate: &Certificate,
        issuer: CrlIssuer<'_>,
        point: &Point,
        allow_circle: bool,
        findings: &mut Findings<'a>,
    ) -> Option<RevocationStatus> {
        let store = self.store;
        let mut old_lists = 0;
        for list in point.issuers.iter().flat_map(|name| store.complete(name)) {
            if !self.effort.list(point.names.len()) {
                break;
            }
            if let Err(mismatch) = point.covers(certificate, list) {
                findings.note(mismatch);
                continue;
            }
            if let Some(clears) = findings.settled.get(list.crl.sha256()) {
                findings.reasons |= if *clears { point.reasons & list.scope.reasons } else { 0 };
                continue;
            }
            findings.settled.insert(list.crl.sha256(), false);
            if list.crl.flaw().is_some_and(|flaw| flaw.forbids_any_use()) {
                findings.note(Obstacle::Flawed(list));
                continue;
            }
            if list.crl.this_update().is_none_or(|issued| issued > self.store.at()) {
                findings.note(Obstacle::NotYet(list));
                continue;
            }
            if !list.is_in_force {
                old_lists += 1;
                if old_lists > OLD_LISTS {
                    findings.note(Obstacle::Expired(list));
                    continue;
                }
            }
            let key = match self.signer(list, issuer, allow_circle, findings) {
                Ok(key) => key,
                Err(obstacle) => {
                    findings.note(obstacle);
                    continue;
                }
            };
            // Of the lists that one key signed for one scope, the newest alone is asked.
            if findings.clearing.iter().any(|(other, newer)| *other == key && newer.has_scope_of(list)) {
                continue;
            }
            let Some(delta) = self.newest_delta(list, &key) else { break };
            match look_up(certificate, list, delta) {
                Answer::Listed(entry, by) if list.crl.is_current_at(self.store.at()) || delta.is_some() => {
                    return Some(revoked(&entry, by));
                }
                Answer::Listed(entry, _) => {
                    if entry.reason != Some(RevocationReason::CertificateHold) && findings.old_listing.is_none() {
                        findings.old_listing = Some((entry, list));
                    }
                    findings.note(Obstacle::Expired(list));
                }
                Answer::NotListed if delta.is_none() && !list.crl.is_current_at(self.store.at()) => {
                    findings.note(Obstacle::Expired(list));
                }
                Answer::NotListed if list.crl.flaw().is_some() => findings.note(Obstacle::Flawed(list)),
                Answer::NotListed => {
                    findings.reasons |= point.reasons & list.scope.reasons;
                    findings.clearing.push((key, list));
                    findings.settled.insert(list.crl.sha256(), true);
                }
            }
        }
        if findings.obstacle.is_none() && point.issuers.iter().any(|name| store.has_deltas(name)) {
            findings.note(Obstacle::OnlyDelta);
        }
        None
    }

    /// What came of a signature; `None` where no more may be asked.
    fn signature(&mut self, list: &StoredCrl, key: &[u8]) -> Option<SignatureCheck> {
        self.effort.signature().then(|| list.check_signature(key))
    }

    /// RFC 5280 section 6.3.3 (c): the newest delta CRL that builds on `list`, signed by the same key, where there is one; `None` where
    /// the search was given up.
    fn newest_delta(&mut self, list: &'a StoredCrl, key: &[u8]) -> Option<Option<&'a StoredCrl>> {
        for delta in self.store.deltas(list) {
            if !self.effort.list(1) {
                return None;
            }
            if let Some(delta) = delta
                && self.signature(delta, key)? == SignatureCheck::Valid
            {
                return Some(Some(delta));
            }
        }
        Some(None)
    }

    /// The key that signed `list`: the issuer's, or that of another certificate of the list's issuer (section 6.3.3 (f) and (g)).
    fn signer(
        &mut self,
        list: &'a StoredCrl,
        issuer: CrlIssuer<'_>,
        allow_circle: bool,
        findings: &mut Findings<'a>,
    ) -> Result<Vec<u8>, Obstacle<'a>> {
        let mut nearest = Obstacle::WrongKey(list);
        let mut refuse = |obstacle: Obstacle<'a>| {
            if nearest.nearness() < obstacle.nearness() {
                nearest = obstacle;
            }
        };
        if list.is_by(issuer.certificate) {
            match self.signature(list, issuer.key) {
                None => return Err(nearest),
                Some(SignatureCheck::Valid) if may_sign(issuer.certificate, true) => return Ok(issuer.key.to_vec()),
                Some(SignatureCheck::Valid) => refuse(Obstacle::KeyUsage(list)),
                Some(SignatureCheck::Unsupported(what)) => refuse(Obstacle::Unsupported(list, what)),
                Some(SignatureCheck::Invalid) => {}
            }
        }
        let is_windows_list = list.crl.extension(oid::MS_CA_VERSION).is_some();
        let signers = self.signers;
        let paths = self.signer_paths.entry(&list.issuer).or_insert_with(|| signers.with_subject(&list.crl.issuer()));
        for path in Arc::clone(paths).iter() {
            let Some(signer) = path.first() else { continue };
            let key = key_on(path);
            match self.signature(list, &key) {
                None => break,
                Some(SignatureCheck::Valid) => {}
                Some(SignatureCheck::Unsupported(what)) => {
                    refuse(Obstacle::Unsupported(list, what));
                    continue;
                }
                Some(SignatureCheck::Invalid) => continue,
            }
            if !may_sign(signer, path.len() == 1) {
                refuse(Obstacle::KeyUsage(list));
                continue;
            }
            // A Windows CA that was renewed with a new key keeps one list for each key, all under one name.
            let is_other_key = *key != *issuer.key && !list.scope.indirect;
            if is_windows_list && is_other_key {
                refuse(Obstacle::OtherKey(list));
                continue;
            }
            match self.judge_signer(path) {
                Verdict::Good => return Ok(key.into_owned()),
                Verdict::Circle if allow_circle && self.effort.gave_up.is_none() => return Ok(key.into_owned()),
                Verdict::Circle => {
                    findings.met_circle = true;
                    refuse(Obstacle::Signer(list, "its status stands only in the list that it signed".to_owned()));
                }
                Verdict::Bad(why) => refuse(Obstacle::Signer(list, why)),
            }
        }
        Err(nearest)
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

#[cfg(test)]
mod tests;
