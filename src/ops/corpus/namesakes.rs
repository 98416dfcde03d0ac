//! End-entity certificates that bear an issuer's name: those that have issued certificates without being a CA's, old roots that do
//! not say what they are among them, and those that have nothing but the name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::certificate::{Certificate, SignatureCheck, VerifyingKey};
use crate::ops::corpus::{Corpus, EndEntities, id};
use crate::pool::{Entry, Pool};
use crate::source::{Occurrence, Passwords};

/// How many are looked at where end-entity certificates are not kept, and of how many it is asked what they have issued: whoever has a
/// hundred of them has a problem of another kind.
const LOOKED_AT: usize = 100;

/// How many of the certificates that name it are tried for one that such a certificate has really signed.
const TRIED: usize = 8;

/// How many bytes of issuers' names are kept; who has more of them is no longer looked for.
const NAMES: usize = 16 << 20;

/// Whether its own content lets it be an issuer.
fn may_be_issuer(certificate: &Certificate) -> bool {
    certificate.is_ca() || certificate.may_be_old_root()
}

/// What was found of them.
#[derive(Default)]
pub(crate) struct Namesakes {
    /// The SHA-256 of those that have issued others: they stand among the CAs.
    pub(crate) have_issued: HashSet<[u8; 32]>,
    /// The others: the search refuses them with the reason, where otherwise the issuer would only be missing.
    pub(crate) others: Vec<Entry>,
}

/// What is noted of every end-entity certificate while it is read.
#[derive(Default)]
pub(super) struct Notes {
    /// The issuers' names, and whether a certificate with another name has it for its issuer's.
    issuers: HashMap<Vec<u8>, bool>,
    bytes: usize,
    /// The first of those whose own content lets them be issuers.
    suspects: Pool,
}

impl Notes {
    pub(super) fn take(&mut self, certificate: &Arc<Certificate>, occurrence: &Occurrence) {
        self.take_issuer(certificate);
        if may_be_issuer(certificate) {
            add(&mut self.suspects, certificate, occurrence);
        }
    }

    fn take_issuer(&mut self, certificate: &Certificate) {
        let issuer = certificate.issuer().as_bytes();
        let is_other = issuer != certificate.subject().as_bytes();
        match self.issuers.get_mut(issuer) {
            Some(by_other) => *by_other |= is_other,
            None if self.bytes + issuer.len() <= NAMES => {
                self.bytes += issuer.len();
                self.issuers.insert(issuer.to_vec(), is_other);
            }
            None => {}
        }
    }
}

/// Adds the first of them, each wherever it was found.
fn add(pool: &mut Pool, certificate: &Arc<Certificate>, occurrence: &Occurrence) {
    if pool.len() < LOOKED_AT || pool.get(certificate.sha256()).is_some() {
        pool.add(certificate.clone(), occurrence.clone());
    }
}

impl Corpus {
    /// Looks for them, and counts those that have issued others among the CAs from now on. `beside` are the names of CAs that did not
    /// come with the sources.
    ///
    /// Where end-entity certificates are not kept this may need two more readings: one for those that bear the name of an issuer that
    /// is missing, and one for what the found ones may have issued.
    pub(crate) fn find_namesakes(
        &mut self,
        passwords: &Passwords,
        beside: &HashSet<&[u8]>,
    ) -> std::io::Result<Namesakes> {
        let mut notes = std::mem::take(&mut self.notes);
        let authorities = self.authorities();
        authorities.iter().for_each(|certificate| notes.take_issuer(certificate));
        let names = &notes.issuers;
        let mut known = beside.clone();
        known.extend(authorities.iter().map(|certificate| certificate.subject().as_bytes()));
        let bears_name = |certificate: &Certificate| {
            let subject = certificate.subject().as_bytes();
            match names.get(subject) {
                None => false,
                Some(by_other) if certificate.may_be_old_root() => *by_other,
                // A root that says it is no CA, or says it in a way that cannot be read, where no other has its name.
                Some(by_other) if certificate.is_self_issued() => *by_other && !known.contains(subject),
                // One that says it is a CA is looked at beside its namesakes that are.
                Some(_) => certificate.is_ca() || !known.contains(subject),
            }
        };
        let mut found: Vec<Entry> = match self.held() {
            Some(held) => held.iter().filter(|entry| bears_name(&entry.certificate)).cloned().collect(),
            None => {
                let suspects = notes.suspects.entries().iter().filter(|entry| bears_name(&entry.certificate));
                let mut found: Vec<Entry> = suspects.cloned().collect();
                if names.keys().any(|name| !known.contains(name.as_slice())) {
                    let mut pool = Pool::default();
                    let work = |certificate: Arc<Certificate>, occurrence| {
                        let is_one = bears_name(&certificate) && !may_be_issuer(&certificate);
                        is_one.then_some((certificate, occurrence))
                    };
                    let mut keep = |(certificate, occurrence)| add(&mut pool, &certificate, &occurrence);
                    self.read_again(passwords, &work, &mut keep, &|_| {})?;
                    found.extend(pool.entries().iter().cloned());
                }
                found
            }
        };
        // In the same order, whether they were kept or had to be looked for.
        found.sort_by_key(|entry| !may_be_issuer(&entry.certificate));
        let have_issued = self.have_issued(passwords, &authorities, &found)?;
        found.retain(|entry| !have_issued.contains(entry.certificate.sha256()));
        Ok(Namesakes { have_issued, others: found })
    }

    /// Those that may be old roots by their own content; where there are many certificates, the first of them.
    pub(crate) fn may_be_old_roots(&self) -> Vec<Entry> {
        self.suspects(|certificate| certificate.may_be_old_root() && certificate.is_self_signed())
    }

    /// Those that say they are CAs whose key may sign certificates, whatever else they say; where there are many certificates, the first
    /// of them.
    pub(crate) fn claimed_authorities(&self) -> Vec<Entry> {
        self.suspects(Certificate::may_sign_certificates)
    }

    fn suspects(&self, is_one: impl Fn(&Certificate) -> bool) -> Vec<Entry> {
        let suspects = self.held().unwrap_or(self.notes.suspects.entries()).iter();
        suspects.filter(|entry| is_one(&entry.certificate)).cloned().collect()
    }

    /// As [`Self::find_namesakes`], of old roots alone; needs one more reading at most.
    pub(crate) fn find_old_roots(&mut self, passwords: &Passwords) -> std::io::Result<()> {
        let mut found = self.may_be_old_roots();
        let mut notes = std::mem::take(&mut self.notes);
        let authorities = self.authorities();
        authorities.iter().for_each(|certificate| notes.take_issuer(certificate));
        found.retain(|entry| notes.issuers.get(entry.certificate.subject().as_bytes()) == Some(&true));
        self.have_issued(passwords, &authorities, &found).map(drop)
    }

    fn authorities(&self) -> Vec<Arc<Certificate>> {
        self.issuers.entries().iter().map(|entry| entry.certificate.clone()).collect()
    }

    /// Which of them have signed a certificate that names them.
    fn have_issued(
        &mut self,
        passwords: &Passwords,
        authorities: &[Arc<Certificate>],
        found: &[Entry],
    ) -> std::io::Result<HashSet<[u8; 32]>> {
        let found = &found[..found.len().min(LOOKED_AT)];
        if found.is_empty() {
            return Ok(HashSet::new());
        }
        let names: HashSet<&[u8]> = found.iter().map(|entry| entry.certificate.subject().as_bytes()).collect();
        let names_one = |certificate: &Certificate| {
            names.contains(certificate.issuer().as_bytes()) && !certificate.is_self_issued()
        };
        let mut below: HashMap<Vec<u8>, Vec<Arc<Certificate>>> = HashMap::new();
        let mut sample = |certificate: Arc<Certificate>| {
            let of_name = below.entry(certificate.issuer().as_bytes().to_vec()).or_default();
            if of_name.len() < TRIED && !of_name.contains(&certificate) {
                of_name.push(certificate);
            }
        };
        authorities.iter().filter(|certificate| names_one(certificate)).cloned().for_each(&mut sample);
        match self.held() {
            Some(held) => {
                let certificates = held.iter().map(|entry| &entry.certificate);
                certificates.filter(|certificate| names_one(certificate)).cloned().for_each(&mut sample);
            }
            None => {
                let work = |certificate: Arc<Certificate>, _| names_one(&certificate).then_some(certificate);
                self.read_again(passwords, &work, &mut sample, &|_| {})?;
            }
        }
        let has_issued = |entry: &&Entry| {
            let key = VerifyingKey::new(entry.certificate.subject_public_key_info());
            let mut named = below.get(entry.certificate.subject().as_bytes()).into_iter().flatten();
            named.any(|certificate| certificate.check_signature(&key) == SignatureCheck::Valid)
        };
        let issuers: Vec<Entry> = found.iter().filter(has_issued).cloned().collect();
        issuers.iter().for_each(|entry| entry.certificate.take_for_root());
        self.count_among_issuers(&issuers);
        Ok(issuers.iter().map(|entry| *entry.certificate.sha256()).collect())
    }

    fn count_among_issuers(&mut self, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        match &mut self.end_entities {
            EndEntities::Held { pool, .. } => {
                pool.take(&entries.iter().map(|entry| *entry.certificate.sha256()).collect());
            }
            EndEntities::Counted { seen, repeated } => {
                for entry in entries {
                    seen.remove(&id(&entry.certificate));
                    repeated.remove(&id(&entry.certificate));
                }
            }
        }
        for Entry { certificate, occurrences } in entries {
            for occurrence in occurrences {
                self.issuers.add(certificate.clone(), occurrence.clone());
            }
        }
    }
}
