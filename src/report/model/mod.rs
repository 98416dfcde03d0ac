//! The records of every output: the JSON is these types, and its schema is made from them.
//!
//! Fields are added, never renamed or given another meaning, within `/1`. Texts are as found: each writer escapes for its own
//! medium.

mod anchor;
mod certificate;
mod document;
mod each;
mod line;
mod occurrence;
mod path;
mod policy;
mod problem;

pub use anchor::AnchorConstraintsRecord;
pub use certificate::{
    AccessRecord, AuthorityKeyIdentifierRecord, BasicConstraintsRecord, CertificateRecord, ExtensionRecord, KeyRecord,
    NameConstraintsRecord, OidRecord, Role, TemplateRecord,
};
pub use document::{
    ChainRecord, ClientRecord, InspectRecord, IssuerRecord, NamedRecord, PassedOverRecord, ReasonRecord,
    SelectionRecord, VerifyRecord,
};
pub use each::Each;
pub use line::{
    ChainLine, ChainSummaryRecord, CountRecord, DocumentLine, ExplainLine, HeaderRecord, InspectLine,
    InspectSummaryRecord, Line, PlanLine, SchemaRecord,
};
pub use occurrence::{KeyProviderRecord, OccurrenceRecord, RestrictionsRecord};
pub use path::{
    DepartureRecord, FailureRecord, MissingRecord, NameEncodingRecord, PathRecord, RefusalRecord, WindowsRecord,
};
pub use policy::{PolicyRecord, QualifierRecord};
pub use problem::ProblemRecord;
