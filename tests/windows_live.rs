//! Windows as an independent reader: what its crypt32 says of certificates beside what certpath says.
#![cfg(windows)]

use std::path::{Path, PathBuf};

use certpath::certificate::Certificate;

#[path = "windows/crypt32.rs"]
mod crypt32;

/// Certificates of the public corpora; empty, with a word about it, where they are not at hand.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::env::var_os("CERTPATH_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    let mut certificates = Vec::new();
    for entry in walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        if bytes.first() == Some(&0x30) {
            certificates.push((entry.path().to_owned(), bytes));
        } else if let Ok(blocks) = pem::parse_many(&bytes) {
            let blocks = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE");
            certificates.extend(blocks.map(|block| (entry.path().to_owned(), block.into_contents())));
        }
    }
    if certificates.is_empty() {
        eprintln!("not run: comparison with crypt32 over the corpora, which are not in {}", folder.display());
    }
    certificates
}

/// Without what Wine 8 is known to write otherwise than Windows: it quotes values that need no quotes, leaves out `OID.` before
/// a number, and writes nothing for a name with an attribute that is not a string.
fn alike(description: crypt32::Description) -> crypt32::Description {
    let plain = |name: String| name.replace('"', "").replace("OID.", "");
    crypt32::Description { subject: plain(description.subject), issuer: plain(description.issuer), ..description }
}

#[test]
fn what_crypt32_reads_in_the_corpora_is_read_alike() {
    let (mut read, mut wrong) = (0, Vec::new());
    for (path, der) in corpus() {
        let Some(theirs) = crypt32::describe(&der) else { continue };
        read += 1;
        match Certificate::from_der(&der) {
            Err(error) => wrong.push(format!("{}: not read: {error}", path.display())),
            Ok(ours) => {
                let unless_silent = |ours: String, theirs: &str| if theirs.is_empty() { String::new() } else { ours };
                let ours = crypt32::Description {
                    subject: unless_silent(ours.subject().to_string(), &theirs.subject),
                    issuer: unless_silent(ours.issuer().to_string(), &theirs.issuer),
                    serial: ours.serial_number_hex(),
                    thumbprint: ours.thumbprint_hex(),
                };
                let differ = alike(ours.clone()) != alike(theirs.clone());
                if differ {
                    wrong.push(format!("{}:\n  ours   {ours:?}\n  theirs {theirs:?}", path.display()));
                }
            }
        }
    }
    eprintln!("{read} certificates compared with crypt32");
    assert!(wrong.is_empty(), "{} of {read} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Windows reads both settings from the program file before the program runs.
#[test]
fn the_program_asks_for_long_paths_and_utf8() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_certpath")).expect("the program");
    let text = String::from_utf8_lossy(&program);
    for (setting, value) in [("longPathAware", ">true</"), ("activeCodePage", ">UTF-8</")] {
        let (_, rest) =
            text.split_once(&format!("<{setting} ")).unwrap_or_else(|| panic!("no {setting} in the manifest"));
        assert!(
            rest.split_once('\n').map_or(rest, |(line, _)| line).chars().take(100).collect::<String>().contains(value)
        );
    }
}
