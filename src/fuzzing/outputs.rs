//! What others wrote, on its way out: harmless in every medium, and safe as a file's name.

use crate::certificate::oid;
use crate::fuzzing::der;
use crate::report::bundle::{file_names as names_of_files, powershell};
use crate::report::model::Role;
use crate::report::sanitize::{cell, terminal};
use crate::report::{csv, html, json};

/// Any text, in each medium.
pub fn outputs(data: &[u8]) {
    let text = String::from_utf8_lossy(data);

    let shown = terminal(&text);
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    assert!(!shown.contains(moves), "{shown:?}");
    assert_eq!(terminal(&shown), shown, "what is harmless stays");

    let formula = |text: &str| {
        let mut digits = text.bytes().skip(1).peekable();
        let is_number =
            text.starts_with(['+', '-']) && digits.peek().is_some() && digits.all(|byte| byte.is_ascii_digit());
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) && !is_number
    };
    assert!(!formula(&cell(&text)));
    let line = csv::line([&*text, "end"]);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&*line);
    let rows: Vec<::csv::StringRecord> = reader.records().map_while(Result::ok).collect();
    assert_eq!(rows.len(), 1, "one line");
    assert_eq!(rows[0].len(), 2, "two cells");
    assert!(!formula(&rows[0][0]) && &rows[0][1] == "end");

    let html = html::escape(&text);
    assert!(!html.contains(['<', '>', '"', '\'']) && !html.contains(moves));

    let quoted = powershell::literal(&text);
    assert!(quoted.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    assert!(inner.is_some_and(|inner| !inner.replace("''", "").contains('\'')), "{quoted}");

    let json = json::compact(&*text);
    assert!(json.is_ascii());
    assert_eq!(serde_json::from_slice::<String>(&json).ok().as_deref(), Some(&*text));
}

/// Common names of several CAs, separated by zero bytes; the first byte is the type of their strings.
pub fn file_names(data: &[u8]) {
    let Some((string_tag, rest)) = data.split_first() else { return };
    let subjects = rest.split(|byte| *byte == 0).take(8).map(|name| der::name(oid::COMMON_NAME, *string_tag, name));
    let certificates: Vec<_> = subjects.filter_map(|subject| der::certificate(&subject, Vec::new())).collect();
    let certificates: Vec<_> = certificates.iter().collect();
    let names = names_of_files(&certificates, Role::Intermediate);
    assert_eq!(names.len(), certificates.len());
    for name in &names {
        assert!(name.len() <= 160, "{name}: long");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), "{name}");
        assert!(name.starts_with("intermediate-") && name.ends_with(".cer") && !name.contains(".."), "{name}");
    }
    for (index, one) in names.iter().enumerate() {
        for (two, other) in names.iter().zip(&certificates).skip(index + 1) {
            let same = certificates[index].der() == other.der();
            assert!(same || !one.eq_ignore_ascii_case(two), "{one} twice");
        }
    }
}
