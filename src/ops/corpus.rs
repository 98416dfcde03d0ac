//! Everything the sources hold, in bounded memory: CA certificates and CRLs are kept; end-entity certificates too while they are
//! few, and beyond that only a few bytes of each, so that a second reading can judge them one by one.

mod lost;
mod namesakes;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicUsize};

use self::lost::Lost;
pub(crate) use self::namesakes::Namesakes;
use crate::certificate::{Certificate, Crl};
use crate::cmg::rules::NameRecord;
use crate::ops::overlap::overlap_ready;
use crate::ops::progress::Progress;
use crate::ops::scan::{self, Inputs, Parcel};
use crate::ops::spool::Spool;
use crate::pool::{Entry, Pool};
use crate::source::contents::Fault;
use crate::source::{Occurrence, Passwords, Position, Problem, ProblemCode};
use crate::threads::on_all_cores;

/// How many bytes of end-entity certificates are kept for the second look: some 20,000 certificates. More are read again.
const HELD: usize = 20 << 20;
/// How many problems are kept; a source of nothing but damage is told by its first ones.
const PROBLEMS: usize = 100_000;

/// The problems of a run, as many as are kept.
#[derive(Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    left_out: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, problems: Vec<Problem>) {
        let room = PROBLEMS.saturating_sub(self.kept.len());
        self.left_out += problems.len().saturating_sub(room);
        self.kept.extend(problems.into_iter().take(room));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// All that are told; last, how many are not.
    pub(crate) fn take(&mut self) -> Vec<Problem> {
        let Self { mut kept, left_out } = std::mem::take(self);
        if left_out > 0 {
            let message =
                format!("expected at most {PROBLEMS} problems in a run, found {left_out} more, which are not listed");
            let fault = Fault::new(ProblemCode::Limit, Position::Whole, message);
            kept.push(Problem::new(&"all sources".into(), fault));
        }
        kept
    }
}

/// What the first reading leaves.
pub(crate) struct Corpus {
    inputs: Inputs,
    /// CA certificates.
    pub(crate) issuers: Pool,
    end_entities: EndEntities,
    pub(crate) crls: Vec<Arc<Crl>>,
    pub(crate) private_keys: usize,
    pub(crate) problems: Problems,
    /// The SHA-256 of what a store of disallowed certificates holds.
    pub(crate) disallowed: Vec<[u8; 32]>,
    /// What could be read only once, for the second look.
    spool: Option<Spool>,
    /// Notes on the end-entity certificates' names.
    pub(crate) names: Vec<NameRecord>,
    /// What was there at the first reading, and not at a further one.
    lost: Lost,
    /// What tells later which end-entity certificates bear an issuer's name.
    notes: namesakes::Notes,
}

/// Takes a note of a certificate; none of a CA's.
pub(crate) type Note<'a> = dyn Fn(&Certificate) -> Option<NameRecord> + Sync + 'a;

enum EndEntities {
    Held {
        pool: Pool,
        bytes: usize,
    },
    /// Of each certificate, that it was met, and in which of the further readings last; of those met twice or more, where.
    Counted {
        seen: HashMap<Id, AtomicU8>,
        repeated: HashMap<Id, Vec<Occurrence>>,
    },
}

/// Half of the SHA-256: enough to tell certificates apart, for nobody makes two with the same 128 bits on purpose either.
type Id = [u8; 16];

fn id(certificate: &Certificate) -> Id {
    let mut id = [0; 16];
    id.copy_from_slice(&certificate.sha256()[..16]);
    id
}

impl Corpus {
    /// Reads everything once.
    pub(crate) fn read(inputs: Inputs, passwords: &Passwords, progress: &Progress) -> std::io::Result<Self> {
        Self::read_noting(inputs, passwords, progress, None)
    }

    /// Nothing read yet, and nothing kept.
    pub(crate) fn unread(inputs: Inputs) -> Self {
        Self {
            inputs,
            issuers: Pool::default(),
            end_entities: EndEntities::Held { pool: Pool::default(), bytes: 0 },
            crls: Vec::new(),
            private_keys: 0,
            problems: Problems::default(),
            disallowed: Vec::new(),
            spool: None,
            names: Vec::new(),
            lost: Lost::default(),
            notes: namesakes::Notes::default(),
        }
    }

    /// Reads everything once, and takes a note of each end-entity certificate.
    pub(crate) fn read_noting(
        inputs: Inputs,
        passwords: &Passwords,
        progress: &Progress,
        note: Option<&Note<'_>>,
    ) -> std::io::Result<Self> {
        let mut corpus = Self::unread(Inputs::default());
        progress.count_files(inputs.counter());
        let mut failed = None;
        scan::scan(
            &inputs,
            passwords,
            &|parcel| {
                let notes: Vec<NameRecord> = match note {
                    Some(note) => {
                        let end_entities =
                            parcel.certificates.iter().filter(|(certificate, _)| certificate.is_end_entity());
                        end_entities.filter_map(|(certificate, _)| note(certificate)).collect()
                    }
                    None => Vec::new(),
                };
                (parcel, notes)
            },
            &mut |(parcel, notes)| {
                progress.read(parcel.ends_input, parcel.certificates.len());
                corpus.names.extend(notes);
                if let Err(error) = corpus.take(parcel) {
                    failed = failed.take().or(Some(error));
                }
            },
        );
        if let Some(error) = failed {
            return Err(error);
        }
        let mut known = HashSet::new();
        corpus.crls.retain(|crl| known.insert(*crl.sha256()));
        corpus.inputs = Inputs { are_read: true, ..inputs };
        if corpus.held().is_none() {
            corpus.lost = Lost::beside(&corpus.problems);
        }
        corpus.locate_repeated(passwords)?;
        Ok(corpus)
    }

    /// Finds out where the certificates are that were met more than once, which needs another reading where they are not held.
    fn locate_repeated(&mut self, passwords: &Passwords) -> std::io::Result<()> {
        let EndEntities::Counted { repeated, .. } = &mut self.end_entities else { return Ok(()) };
        let mut located = std::mem::take(repeated);
        if located.is_empty() {
            return Ok(());
        }
        let mut places = Vec::new();
        self.read_again(
            passwords,
            &|certificate, occurrence| located.contains_key(&id(&certificate)).then(|| (id(&certificate), occurrence)),
            &mut |place| places.push(place),
            &|_| {},
        )?;
        for (id, occurrence) in places {
            located.entry(id).or_default().push(occurrence);
        }
        if let EndEntities::Counted { repeated, .. } = &mut self.end_entities {
            *repeated = located;
        }
        Ok(())
    }

    /// The end-entity certificates once more, every occurrence of each; `problems` are what cannot be read now.
    fn read_again<R: Send>(
        &self,
        passwords: &Passwords,
        work: &(dyn Fn(Arc<Certificate>, Occurrence) -> Option<R> + Sync),
        sink: &mut dyn FnMut(R),
        problems: &(dyn Fn(Vec<Problem>) + Sync),
    ) -> std::io::Result<()> {
        scan::scan(
            &self.inputs,
            passwords,
            &|parcel| {
                if !parcel.problems.is_empty() {
                    problems(parcel.problems);
                }
                let end_entities =
                    parcel.certificates.into_iter().filter(|(certificate, _)| certificate.is_end_entity());
                end_entities.filter_map(|(certificate, occurrence)| work(certificate, occurrence)).collect::<Vec<R>>()
            },
            &mut |results| results.into_iter().for_each(&mut *sink),
        );
        match &self.spool {
            Some(spool) => spool.for_each(|certificates| {
                let results = on_all_cores(certificates, 8, &|(certificate, occurrence)| work(certificate, occurrence));
                results.into_iter().flatten().for_each(&mut *sink);
            }),
            None => Ok(()),
        }
    }

    /// One reading of the end-entity certificates, each judged as soon as it is read; a certificate that is met again is passed over
    /// in silence. Returns what could not be read.
    pub(crate) fn stream<R: Send>(
        inputs: &Inputs,
        passwords: &Passwords,
        progress: &Progress,
        work: &(dyn Fn(&Entry) -> R + Sync),
        sink: &mut dyn FnMut(R),
    ) -> Vec<Problem> {
        let mut seen = HashSet::new();
        let mut problems = Problems::default();
        let (mut crls, mut disallowed) = (0, 0);
        progress.count_files(inputs.counter());
        scan::scan(
            inputs,
            passwords,
            &|parcel| {
                let disallowed = parcel.certificates.iter().filter(|(_, occurrence)| is_disallowed(occurrence)).count();
                let end_entities =
                    parcel.certificates.into_iter().filter(|(certificate, _)| certificate.is_end_entity());
                let results: Vec<(Id, R)> = end_entities
                    .map(|(certificate, occurrence)| (id(&certificate), work(&Entry::new(certificate, occurrence))))
                    .collect();
                (results, parcel.ends_input, parcel.problems, parcel.crls.len(), disallowed)
            },
            &mut |(results, ends_input, more, more_crls, more_disallowed)| {
                progress.read(ends_input, results.len());
                problems.add(more);
                crls += more_crls;
                disallowed += more_disallowed;
                for (id, result) in results {
                    if seen.insert(id) {
                        sink(result);
                    }
                }
            },
        );
        let mut problems = problems.take();
        // Whoever is judged as soon as he is read is judged without what stands behind him.
        let unused = [
            (crls, "CRLs among the sources", "name them with --crl"),
            (disallowed, "certificates of a Disallowed store", "leave --closed-pool"),
        ];
        for (count, what, advice) in unused.into_iter().filter(|(count, ..)| *count > 0) {
            let message = format!(
                "expected end-entity certificates alone, as each is judged with --closed-pool before the rest is read; found \
                 {count} {what}, which were not used: {advice}"
            );
            let fault = Fault::new(ProblemCode::Unsupported, Position::Whole, message);
            problems.push(Problem::new(&"--closed-pool".into(), fault));
        }
        problems
    }

    fn take(&mut self, parcel: Parcel) -> std::io::Result<()> {
        self.crls.extend(parcel.crls);
        self.private_keys += parcel.private_keys;
        self.problems.add(parcel.problems);
        for (certificate, occurrence) in parcel.certificates {
            if is_disallowed(&occurrence) {
                self.disallowed.push(*certificate.sha256());
            }
            if !certificate.is_end_entity() {
                self.issuers.add(certificate, occurrence);
                continue;
            }
            self.notes.take(&certificate, &occurrence);
            if parcel.is_fleeting {
                self.spool.get_or_insert_with(Spool::default).add(&certificate, &occurrence)?;
            }
            self.end_entities.add(certificate, occurrence);
        }
        Ok(())
    }

    /// How many different end-entity certificates there are.
    pub(crate) fn end_entity_count(&self) -> usize {
        match &self.end_entities {
            EndEntities::Held { pool, .. } => pool.len(),
            EndEntities::Counted { seen, .. } => seen.len(),
        }
    }

    /// Whether there is no certificate at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.issuers.is_empty() && self.end_entity_count() == 0
    }

    /// The end-entity certificates where they are few; `None` where they have to be read again.
    pub(crate) fn held(&self) -> Option<&[Entry]> {
        match &self.end_entities {
            EndEntities::Held { pool, .. } => Some(pool.entries()),
            EndEntities::Counted { .. } => None,
        }
    }

    /// Every end-entity certificate once: `work` on all cores, `sink` in the order of the sources. See also [`Self::take_lost`].
    pub(crate) fn for_each_end_entity<R: Send>(
        &self,
        passwords: &Passwords,
        work: &(dyn Fn(&Entry) -> R + Sync),
        sink: &mut dyn FnMut(R),
    ) -> std::io::Result<()> {
        let (seen, repeated) = match &self.end_entities {
            EndEntities::Held { pool, .. } => {
                let mut judge = |window: &[Entry]| -> Vec<R> {
                    if window.len() < 16 {
                        window.iter().map(work).collect()
                    } else {
                        on_all_cores(window.iter().collect(), 8, &|entry| work(entry))
                    }
                };
                let windows = &mut pool.entries().chunks(1024);
                overlap_ready(windows, &mut judge, &mut |results| results.into_iter().for_each(&mut *sink));
                return Ok(());
            }
            EndEntities::Counted { seen, repeated } => (seen, repeated),
        };
        let reading = self.lost.begin();
        let judged = AtomicUsize::new(0);
        self.read_again(
            passwords,
            &|certificate, occurrence| {
                let id = id(&certificate);
                // What came in since the first reading was not judged then, and is not now.
                let last = seen.get(&id)?;
                // The first occurrence stands for all.
                let all = repeated.get(&id);
                if all.is_some_and(|all| all.first() != Some(&occurrence)) || last.swap(reading, Relaxed) == reading {
                    return None;
                }
                judged.fetch_add(1, Relaxed);
                let occurrences = all.cloned().unwrap_or_else(|| vec![occurrence]);
                Some(work(&Entry { certificate, occurrences }))
            },
            sink,
            &|problems| self.lost.note(problems),
        )?;
        self.lost.end(seen.len(), judged.into_inner());
        Ok(())
    }

    /// What is to be said of end-entity certificates that were there at the first reading and could not be judged at a further one.
    pub(crate) fn take_lost(&mut self) -> Vec<Problem> {
        self.lost.take()
    }
}

/// Whether it stands in a store of what Windows refuses.
fn is_disallowed(occurrence: &Occurrence) -> bool {
    let store = occurrence.properties.as_deref().and_then(|found| found.store.as_ref());
    store.is_some_and(|store| store.is("Disallowed"))
}

impl EndEntities {
    fn add(&mut self, certificate: Arc<Certificate>, occurrence: Occurrence) {
        match self {
            Self::Held { pool, bytes } => {
                *bytes += certificate.der().len();
                pool.add(certificate, occurrence);
                if *bytes > HELD {
                    let entries = std::mem::take(pool);
                    let all = || entries.entries().iter();
                    let repeated = all().filter(|entry| entry.occurrences.len() > 1);
                    *self = Self::Counted {
                        seen: all().map(|entry| (id(&entry.certificate), AtomicU8::default())).collect(),
                        repeated: repeated.map(|entry| (id(&entry.certificate), Vec::new())).collect(),
                    };
                }
            }
            Self::Counted { seen, repeated } => {
                let id = id(&certificate);
                if seen.insert(id, AtomicU8::default()).is_some() {
                    repeated.entry(id).or_default();
                }
            }
        }
    }
}
