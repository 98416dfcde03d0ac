//! Reading: inputs to decoded certificates, on all cores, in the order of the inputs.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::certificate::{Certificate, Crl};
use crate::ops::overlap::{growing, overlap, overlap_ready};
use crate::source::batches::Batch;
use crate::source::contents::{Contents, Fault, Found, Kind, MAX_FAULTS, ProblemCode};
use crate::source::passwords::ReadContext;
use crate::source::read::{self, Opened, Room};
use crate::source::walk::{self, Input, InputFault, Origin};
use crate::source::{Occurrence, Passwords, Problem, Source};
use crate::threads::{self, on_all_cores};

/// What one input, or a part of a long one, held.
#[derive(Default)]
pub(crate) struct Parcel {
    pub(crate) certificates: Vec<(Arc<Certificate>, Occurrence)>,
    pub(crate) crls: Vec<Arc<Crl>>,
    pub(crate) private_keys: usize,
    pub(crate) problems: Vec<Problem>,
    /// How many certificates it held, those counted that cannot be read.
    length: u64,
    /// Whether the input can be read only once.
    pub(crate) is_fleeting: bool,
    /// Whether it is the last of its input.
    pub(crate) ends_input: bool,
}

impl Parcel {
    /// Keeps as many problems of an input as are told of one; `told` counts those of its parts before.
    fn limit_problems(&mut self, told: &mut usize) {
        let room = MAX_FAULTS.saturating_sub(*told);
        let is_over = self.problems.len() > room;
        // What ended the reading is told whatever was told before.
        let last = self.problems.iter().rposition(|problem| problem.code.may_end_reading());
        let last = last.filter(|at| is_over && *at >= room);
        let ending = last.map(|at| self.problems.remove(at));
        let count = self.problems.len();
        if count > room {
            let first_too_many = (*told <= MAX_FAULTS).then(|| {
                let Problem { source, position, .. } = &self.problems[room];
                Problem::new(source, Fault::too_many(*position))
            });
            self.problems.truncate(room);
            self.problems.extend(first_too_many);
        }
        self.problems.extend(ending);
        *told += count;
    }
}

/// What is to be read: SOURCEs, and a list of further ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs {
    pub(crate) sources: Vec<Source>,
    /// The bytes of a list, and its name.
    pub(crate) list: Option<(Arc<[u8]>, String)>,
    /// A folder that is not read where it lies in another one.
    pub(crate) left_out: Option<PathBuf>,
    /// Whether they were read before: a pipe has nothing more to give then, and whoever opened it would wait for ever.
    pub(crate) are_read: bool,
}

impl Inputs {
    fn iter(&self) -> impl Iterator<Item = Result<Input, InputFault>> {
        let left_out = self.left_out.as_deref();
        let listed = self.list.iter().flat_map(move |(bytes, name)| {
            walk::inputs_of_list(Cursor::new(bytes.clone()), name).leaving_out(left_out)
        });
        let inputs = walk::inputs(&self.sources).leaving_out(left_out).chain(listed);
        inputs.filter(|input| !(self.are_read && input.as_ref().is_ok_and(is_fleeting)))
    }

    /// Counts them, which takes as long as walking the folders does.
    pub(crate) fn counter(&self) -> impl FnOnce() -> usize + Send + use<> {
        let inputs = self.clone();
        move || inputs.iter().count()
    }

    /// Whether there is a file, but for those by whose names a folder is still an empty one: `.gitkeep` and others that are hidden.
    pub(crate) fn hold_files(&self) -> bool {
        let is_hidden = |name: &str| name.rsplit(['/', '\\']).next().is_some_and(|name| name.starts_with('.'));
        self.iter().any(|input| input.map_or(true, |input| !is_hidden(&input.name)))
    }

    /// Whether a live Windows store is among them.
    pub(crate) fn has_store(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Store(_)))
    }
}

/// How many inputs are opened side by side: enough that a slow one does not leave the other cores idle for long, few enough
/// that what they hold fits.
const WINDOW: usize = 512;
/// How many bytes of files opened side by side one window holds; what is larger waits for its turn. While one window is handed
/// over, the next is read: twice as much is held at most, and one larger file beside it.
const SIDE_BY_SIDE: u64 = 32 << 20;
/// How many parts of a long input a thread gets, so that none waits long for the last one; fewer at its beginning, so that the first
/// result comes at once.
const PARTS_A_THREAD: usize = 8;
/// How many parts of it there are at most at a time.
const MOST_PARTS: usize = 64;
/// How many things a part of a long container has at most.
const PART: usize = 256;

/// A part of a long input.
enum Part {
    /// Of a text, still to be read.
    Batch(Batch),
    /// Of a container, which is read whole.
    Contents(Contents),
}

/// A long container, part by part: of a store or a bundle of a hundred thousand certificates no more is decoded at once than is
/// worked on.
struct PartsOf {
    found: std::vec::IntoIter<Found>,
    faults: Vec<Fault>,
}

impl Iterator for PartsOf {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let faults = std::mem::take(&mut self.faults);
        let found: Vec<Found> = self.found.by_ref().take(PART).collect();
        (!found.is_empty() || !faults.is_empty()).then_some(Part::Contents(Contents {
            found,
            faults,
            ..Contents::default()
        }))
    }
}

/// Reads every input; `work` runs on all cores, `sink` takes its results in order.
pub(crate) fn scan<R: Send>(
    inputs: &Inputs,
    passwords: &Passwords,
    work: &(dyn Fn(Parcel) -> R + Sync),
    sink: &mut dyn FnMut(R),
) {
    let mut waiting = inputs.iter().fuse();
    let mut windows = std::iter::from_fn(|| {
        let window: Vec<_> = waiting.by_ref().take(WINDOW).collect();
        (!window.is_empty()).then_some(window)
    });
    let mut is_first = true;
    let mut look = |window: Vec<_>| -> Vec<Looked<R>> {
        // Nothing is handed over yet, so that a single input has all the room.
        if std::mem::take(&mut is_first) && window.len() == 1 {
            return window.into_iter().map(|input| first_look(input, passwords, work, None)).collect();
        }
        let room = Room::new(SIDE_BY_SIDE);
        let look = |input| first_look(input, passwords, work, Some(&room));
        on_all_cores(window, 8, &look)
    };
    overlap_ready(&mut windows, &mut look, &mut |looked| {
        for looked in looked {
            let looked = match looked {
                Looked::Later(input) => first_look(Ok(input), passwords, work, None),
                looked => looked,
            };
            match looked {
                Looked::Done(result) => sink(result),
                // Without a limit of room there is no later.
                Looked::Later(_) => {}
                Looked::Long(name, is_fleeting, parts) => {
                    scan_parts(&name, is_fleeting, parts, passwords, work, sink);
                }
            }
        }
    });
}

/// Reads a long input, several parts at once.
fn scan_parts<R: Send>(
    name: &Arc<str>,
    is_fleeting: bool,
    parts: Box<dyn Iterator<Item = Part> + Send>,
    passwords: &Passwords,
    work: &(dyn Fn(Parcel) -> R + Sync),
    sink: &mut dyn FnMut(R),
) {
    let context = ReadContext { name, passwords };
    let mut count = 0;
    let mut told = 0;
    let mut read = |parts: Vec<Part>| -> Vec<R> {
        let mut parcels = on_all_cores(parts, 1, &|part| match part {
            Part::Batch(batch) => decode(name, is_fleeting, batch.read(context)),
            Part::Contents(contents) => decode(name, is_fleeting, contents),
        });
        for parcel in &mut parcels {
            parcel.limit_problems(&mut told);
            for (_, occurrence) in &mut parcel.certificates {
                occurrence.index += count;
            }
            count += parcel.length;
        }
        on_all_cores(parcels, 1, work)
    };
    let most = MOST_PARTS.min(PARTS_A_THREAD * threads::count_begun());
    overlap(&mut growing(parts, most), &mut read, &mut |results| results.into_iter().for_each(&mut *sink));
    sink(work(Parcel { ends_input: true, ..Parcel::default() }));
}

enum Looked<R> {
    Done(R),
    Later(Input),
    Long(Arc<str>, bool, Box<dyn Iterator<Item = Part> + Send>),
}

fn first_look<R>(
    input: Result<Input, InputFault>,
    passwords: &Passwords,
    work: &(dyn Fn(Parcel) -> R + Sync),
    room: Option<&Room>,
) -> Looked<R> {
    match input {
        Err(InputFault { name, fault }) => {
            let problems = vec![Problem::new(&name.into(), fault)];
            Looked::Done(work(Parcel { problems, ends_input: true, ..Parcel::default() }))
        }
        Ok(input) => {
            let name: Arc<str> = input.name.as_str().into();
            let is_fleeting = is_fleeting(&input);
            match read::open(&input, passwords, room) {
                Opened::Later => Looked::Later(input),
                Opened::Whole(contents) if contents.found.len() > PART => {
                    let parts = PartsOf { found: contents.found.into_iter(), faults: contents.faults };
                    Looked::Long(name, is_fleeting, Box::new(parts))
                }
                Opened::Whole(contents) => {
                    let mut parcel = decode(&name, is_fleeting, contents);
                    parcel.limit_problems(&mut 0);
                    Looked::Done(work(Parcel { ends_input: true, ..parcel }))
                }
                Opened::Batches(batches) => Looked::Long(name, is_fleeting, Box::new(batches.map(Part::Batch))),
            }
        }
    }
}

/// Whether it can be read only once.
fn is_fleeting(input: &Input) -> bool {
    match &input.origin {
        Origin::StandardInput => true,
        Origin::File(path) => input.is_explicit && !is_regular(path),
        Origin::Store(_) => false,
    }
}

fn is_regular(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Decodes what was found; a certificate that cannot be decoded is a problem.
pub(crate) fn decode(name: &Arc<str>, is_fleeting: bool, contents: Contents) -> Parcel {
    let certificates = Vec::with_capacity(contents.found.len());
    let mut parcel = Parcel { certificates, is_fleeting, ..Parcel::default() };
    parcel.problems.extend(contents.faults.into_iter().map(|fault| Problem::new(name, fault)));
    for Found { kind, der, format, position, properties } in contents.found {
        let damaged = |what: &str, error: &dyn std::fmt::Display| {
            Problem::new(name, Fault::new(ProblemCode::Damaged, position, format!("{what} cannot be read: {error}")))
        };
        match kind {
            Kind::Certificate => {
                match Certificate::from_vec(der) {
                    Ok(certificate) => {
                        let source = name.clone();
                        let occurrence = Occurrence { source, format, index: parcel.length, position, properties };
                        parcel.certificates.push((Arc::new(certificate), occurrence));
                    }
                    Err(error) => parcel.problems.push(damaged("the certificate", &error)),
                }
                parcel.length += 1;
            }
            Kind::Crl => match Crl::from_vec(der) {
                Ok(crl) => parcel.crls.push(Arc::new(crl)),
                Err(error) => parcel.problems.push(damaged("the CRL", &error)),
            },
            Kind::PrivateKey => parcel.private_keys += 1,
        }
    }
    parcel
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Position;

    fn damaged(count: usize) -> Parcel {
        let fault = || Fault::new(ProblemCode::Damaged, Position::Whole, "damaged");
        Parcel { problems: (0..count).map(|_| Problem::new(&"many".into(), fault())).collect(), ..Parcel::default() }
    }

    #[test]
    fn what_ended_the_reading_is_told_behind_more_problems_than_are_told() {
        let mut told = 0;
        let mut parcels = [damaged(MAX_FAULTS + 200), damaged(500), damaged(10)];
        let ended = Fault::new(ProblemCode::Limit, Position::Line(9), "no more was read");
        parcels[2].problems.push(Problem::new(&"many".into(), ended));
        let [first, second, last] = parcels.map(|mut parcel| {
            parcel.limit_problems(&mut told);
            parcel.problems
        });
        assert_eq!(first.len(), MAX_FAULTS + 1);
        assert_eq!(first[MAX_FAULTS].message, Fault::too_many(Position::Whole).message);
        assert!(second.is_empty());
        assert_eq!(last.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>(), ["no more was read"]);
    }
}
