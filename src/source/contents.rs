//! What one input held: the certificates, CRLs and keys found in it, beside what could not be read.

use std::fmt;

use crate::source::properties::Properties;

/// How an object was kept where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// The bare encoding.
    Der,
    /// A PEM block.
    Pem,
    /// Base64 without a header.
    Base64,
    /// PKCS#7, whether DER, BER or PEM.
    Pkcs7,
    /// PKCS#12.
    Pkcs12,
    /// Microsoft serialized certificate store (.sst).
    SerializedStore,
    /// Registry export (.reg) of a certificate store.
    RegistryExport,
    /// A registry `Blob` value as a file.
    RegistryBlob,
    /// The output of `certutil -view -out RawCertificate`.
    CertutilView,
    /// A live Windows store.
    WindowsStore,
}

impl Format {
    /// Every format.
    pub(crate) const ALL: [Self; 10] = [
        Self::Der,
        Self::Pem,
        Self::Base64,
        Self::Pkcs7,
        Self::Pkcs12,
        Self::SerializedStore,
        Self::RegistryExport,
        Self::RegistryBlob,
        Self::CertutilView,
        Self::WindowsStore,
    ];

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Pem => "pem",
            Self::Base64 => "base64",
            Self::Pkcs7 => "pkcs7",
            Self::Pkcs12 => "pkcs12",
            Self::SerializedStore => "serialized-store",
            Self::RegistryExport => "registry-export",
            Self::RegistryBlob => "registry-blob",
            Self::CertutilView => "certutil-view",
            Self::WindowsStore => "windows-store",
        }
    }
}

/// Where in an input something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Position {
    /// Nowhere in particular, as in a live store.
    #[default]
    Whole,
    /// A line of a text, from 1.
    Line(u64),
    /// A byte, from 0.
    Byte(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the whole"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// What kind of object was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Certificate,
    Crl,
    /// Only that it was there: its bytes are never kept.
    PrivateKey,
}

/// One object, as one place holds it. For a private key `der` is empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) der: Vec<u8>,
    pub(crate) format: Format,
    pub(crate) position: Position,
    /// What the place says beside the certificate itself; `None` where it says nothing.
    pub(crate) properties: Option<Box<Properties>>,
}

impl Found {
    pub(crate) fn new(kind: Kind, der: Vec<u8>, format: Format, position: Position) -> Self {
        Self { kind, der, format, position, properties: None }
    }
}

/// What is wrong with an input, or with a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemCode {
    /// It is not there.
    NotFound,
    /// The system refused to open or to read it.
    Unreadable,
    /// It is something, but not what it says it is.
    Damaged,
    /// It ends too early.
    Truncated,
    /// It is locked, and no password that was given opens it.
    Password,
    /// It is whole, but uses something that is not supported.
    Unsupported,
    /// It is beyond a limit: of size, depth, count or iterations.
    Limit,
    /// It holds nothing that can be used.
    Empty,
}

impl ProblemCode {
    /// Whether it may be why no more was read.
    pub(crate) fn may_end_reading(self) -> bool {
        matches!(self, Self::Limit | Self::Unreadable)
    }

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Unreadable => "unreadable",
            Self::Damaged => "damaged",
            Self::Truncated => "truncated",
            Self::Password => "password",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Empty => "empty",
        }
    }
}

/// A part of an input that could not be read: the input's name is added by whoever opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: ProblemCode,
    pub(crate) position: Position,
    /// A sentence without the input's name and position: what was expected, what was found, what to do.
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: ProblemCode, position: Position, message: impl Into<String>) -> Self {
        Self { code, position, message: message.into() }
    }

    /// Adds it, unless so much is wrong with the input that another line helps nobody and would only take memory. That reading stopped
    /// is told whatever was told before.
    pub(crate) fn add_to(self, faults: &mut Vec<Self>) {
        /// A limit may be met again and again.
        const ENDINGS: usize = 16;
        if faults.len() < MAX_FAULTS {
            return faults.push(self);
        }
        if faults.len() == MAX_FAULTS {
            faults.push(Self::too_many(self.position));
        }
        if self.code.may_end_reading() && faults.len() <= MAX_FAULTS + ENDINGS {
            faults.push(self);
        }
    }

    /// Adds each of `more`, likewise.
    pub(crate) fn add_all(more: Vec<Self>, faults: &mut Vec<Self>) {
        more.into_iter().for_each(|fault| fault.add_to(faults));
    }

    /// What is told in place of the first fault too many.
    pub(crate) fn too_many(position: Position) -> Self {
        let message = format!("more is wrong with it than the first {MAX_FAULTS} faults, and the rest is not listed");
        Self::new(ProblemCode::Limit, position, message)
    }
}

/// The faults of one input that are kept: a hostile one can hold a fault in every other byte.
pub(crate) const MAX_FAULTS: usize = 1000;

/// The certificates, CRLs and keys of one input that is read whole. One that is small enough for that holds no more real ones; of empty
/// ones it could hold so many that what is kept of each fills the memory.
pub(crate) const MAX_OBJECTS: usize = 1_000_000;

/// What a reader read, and what it could not: side by side, so that one bad part never hides the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    pub(crate) found: Vec<Found>,
    pub(crate) faults: Vec<Fault>,
    /// Whether it holds as many objects as it can, and has said so.
    pub(crate) is_full: bool,
}

impl Contents {
    pub(crate) fn fault(code: ProblemCode, position: Position, message: impl Into<String>) -> Self {
        Self { faults: vec![Fault::new(code, position, message)], ..Self::default() }
    }

    /// Of bytes that were decoded from a text: `place` tells where in the text what stands at an offset is.
    #[must_use]
    pub(crate) fn placed(mut self, place: impl Fn(usize) -> Position) -> Self {
        let found = self.found.iter_mut().map(|found| &mut found.position);
        let faults = self.faults.iter_mut().map(|fault| &mut fault.position);
        for position in found.chain(faults) {
            if let Position::Byte(offset) = *position {
                *position = place(usize::try_from(offset).unwrap_or(usize::MAX));
            }
        }
        self
    }

    /// Of a text within a text: all of it stands at this place.
    #[must_use]
    pub(crate) fn at(mut self, position: Position) -> Self {
        self.found.iter_mut().for_each(|found| found.position = position);
        self.faults.iter_mut().for_each(|fault| fault.position = position);
        self
    }

    /// Whether there is neither anything found nor anything to say.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.faults.is_empty()
    }

    /// Adds an object; the first for which there is no room is a fault.
    pub(crate) fn add(&mut self, found: Found) {
        if self.found.len() < MAX_OBJECTS {
            self.found.push(found);
        } else if !std::mem::replace(&mut self.is_full, true) {
            let message = format!(
                "expected at most {MAX_OBJECTS} certificates, CRLs and keys in what is read whole, found more, of which the first are \
                 read; split it, or export the certificates as PEM, which has no limit"
            );
            self.faults.push(Fault::new(ProblemCode::Limit, found.position, message));
        }
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        if self.found.len() + other.found.len() <= MAX_OBJECTS {
            self.found.append(&mut other.found);
        } else {
            other.found.into_iter().for_each(|found| self.add(found));
        }
        self.is_full |= other.is_full;
        Fault::add_all(other.faults, &mut self.faults);
    }
}
