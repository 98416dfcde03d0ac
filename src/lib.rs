//! Certification paths for Microsoft Configuration Manager's cloud management gateway (CMG): read certificates in whatever form
//! they come, build and validate their paths (RFC 5280, RFC 4158) offline, explain every decision, audit what was issued, and
//! export the CA certificates that a CMG must be given.
//!
//! The program `certpath` is a thin layer over [`ops`], which has one function for each command.
//!
//! # Is this certificate valid?
//!
//! [`ops::verify`] judges one certificate. Trust anchors, CA certificates and CRLs come from files, folders or live Windows stores:
//!
//! ```
//! use certpath::ops::{self, Request};
//! use certpath::path::{PathStatus, Purpose, Settings};
//! use certpath::source::Source;
//! use certpath::Time;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pki = "testdata/pki/cross-signed";
//! let at = Time::parse("2026-01-01T00:00:00Z")?;
//! let mut request = Request::new(vec![Source::Path(format!("{pki}/client.cer").into())], at);
//! request.trust = vec![Source::Path(format!("{pki}/root-b.cer").into())];
//! request.intermediates = vec![Source::Path(pki.into())];
//!
//! let found = ops::verify(&request, Settings::new(Purpose::Client, at))?;
//!
//! let path = found.verdict.chosen().ok_or("no valid path")?;
//! assert_eq!(path.status, PathStatus::Valid);
//! let names: Vec<String> = path.certificates.iter().map(|certificate| certificate.subject().to_string()).collect();
//! assert_eq!(names[1..], ["CN=Cross Issuing CA, O=Cross", "CN=Root B, O=Cross B"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Which client certificates have a path, and why not?
//!
//! [`ops::chain`] looks at everything in its sources at once. Each refusal has the check that decided and the two values that it
//! compared:
//!
//! ```
//! use certpath::ops::{self, Request};
//! use certpath::path::Check;
//! use certpath::source::Source;
//! use certpath::Time;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = Source::Path("testdata/pki/wrong-eku".into());
//! let found = ops::chain(&Request::new(vec![folder], Time::parse("2026-01-01T00:00:00Z")?))?;
//!
//! assert!(!found.is_complete());
//! let refusal = &found.clients[0].verdict.refused[0].failure;
//! assert_eq!(refusal.check, Check::ExtendedKeyUsage);
//! assert_eq!((refusal.expected.as_str(), refusal.found.as_str()), ("Client Authentication", "Server Authentication"));
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`certificate`] | one certificate, decoded: names, key, extensions (Microsoft's too), fingerprints and signature; and the CRL |
//! | [`source`] | bytes in: files, folders, standard input and live Windows stores; certificates out, beside the problems |
//! | [`path`](mod@path) | the search for paths, every check of RFC 5280 section 6, revocation, and the record of what was refused and why |
//! | [`cmg`] | what Configuration Manager asks: findings, client selection, plan tables |
//! | [`ops`] | one function a command |
//! | [`report`] | results out, a file a format |
//!
//! All input is taken as hostile, nothing is fetched from a network, and private keys are noted but never kept.
//!
//! # Features
//!
//! `cli`, on by default, is the command line: arguments, progress, the password prompt, completions and the manual page. A program
//! that uses the library alone switches it off with `default-features = false`.

mod abridged;
mod time;

pub mod certificate;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod cmg;
mod der_writer;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod ops;
pub mod path;
mod pool;
mod remembered;
pub mod report;
pub mod source;
pub mod threads;

pub use pool::Entry;
pub use time::Time;
