//! Texts that people and other programs write: encodings, arguments, lists, settings, patterns.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use crate::Time;
use crate::certificate::Oid;
use crate::cmg::Settings;
use crate::cmg::selection::{Criterion, Issuer};
use crate::fuzzing::{moment, two_parts};
use crate::source::paths_from::PathsFrom;
use crate::source::text::{self, TextReader};
use crate::source::{Passwords, Source, wildcard as pattern};

/// Text of any encoding: read piece by piece it is what it is as a whole.
pub fn encodings(data: &[u8]) {
    let Some((size, rest)) = data.split_first() else { return };
    let whole = text::normalise(rest);
    let mut pieces = Vec::new();
    let mut reader = TextReader::new(rest);
    let mut buffer = vec![0; 1 + usize::from(*size)];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        pieces.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(pieces, *whole);
    let _ = text::is_text(rest);
    let shown = text::decode(&whole);
    assert!(shown.len() <= 3 * whole.len());
}

/// Arguments and lists of them.
pub fn arguments(data: &[u8]) {
    let argument = String::from_utf8_lossy(data);
    let _ = Source::parse(OsStr::new(&*argument));
    if let Ok(criterion) = argument.parse::<Criterion>() {
        let _ = format!("{criterion:?}");
    }
    let _ = argument.parse::<Issuer>();
    if let Ok(time) = Time::parse(&argument) {
        assert_eq!(Time::parse(&time.to_string()), Ok(time), "a time is read as it is written");
    }
    if let Some(oid) = Oid::parse(&argument) {
        assert_eq!(Oid::parse(&oid.to_string()), Some(oid), "an object identifier is read as it is written");
    }
    let _ = Passwords::lines(data);
    let lines = PathsFrom::new(data, "list").count();
    assert!(lines <= data.len() + 1);
}

/// A site's settings.
pub fn settings(data: &[u8]) {
    let _ = Settings::parse(&String::from_utf8_lossy(data)).map_err(|error| error.to_string());
    let _ = moment();
}

/// Patterns and names of files.
pub fn wildcard(data: &[u8]) {
    let (pattern_bytes, name) = two_parts(data);
    let (given, name) = (String::from_utf8_lossy(pattern_bytes), String::from_utf8_lossy(name));
    let names = vec![name.to_string(), "a.cer".to_owned()];
    // Every part can double the number of paths.
    if given.matches(['/', '\\']).count() > 6 {
        return;
    }
    let paths = pattern::expand(&given, |_| names.clone());
    assert!(!paths.is_empty(), "a pattern that fits nothing stays");
    if !given.contains(['*', '?']) {
        assert_eq!(paths, [Path::new(&*given)]);
    }
}
