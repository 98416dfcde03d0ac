//! Whole exports, written and read back.

mod content;
mod kill;
mod place;
mod script;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::{Bundle, Client, Trust};
use crate::path::graph::{Graph, Issuer};
use crate::path::{Purpose, Settings};
use crate::pool::Entry;
use crate::report::bundle::{BundleOptions, Manifest, write};
use crate::source::{Format, Occurrence, Position};
use crate::time::Time;

fn at() -> Time {
    Time::parse("2026-11-22T12:00:00Z").unwrap()
}

fn entry(certificate: Certificate, source: &str) -> Entry {
    let occurrence = Occurrence {
        source: source.into(),
        format: Format::Der,
        index: 0,
        position: Position::Whole,
        properties: None,
    };
    Entry::new(Arc::new(certificate), occurrence)
}

fn empty() -> Bundle {
    Bundle {
        at: at(),
        trust: Trust::Assumed,
        roots: Vec::new(),
        intermediates: Vec::new(),
        clients: Vec::new(),
        revocation_unknown: 0,
        wanted_elsewhere: Vec::new(),
        unused_authorities: 0,
        alternatives: Vec::new(),
        refused: Vec::new(),
        passed_over: Vec::new(),
        selection: None,
        findings: Vec::new(),
        problems: Vec::new(),
    }
}

/// The bundle of the DER files in a folder of testdata/pki, by the engine itself.
fn bundle_of(pki: &str) -> Bundle {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pki").join(pki);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let entries: Vec<Entry> = files
        .iter()
        .filter_map(|file| {
            let certificate = Certificate::from_der(&std::fs::read(file).unwrap()).ok()?;
            Some(entry(certificate, &file.file_name().unwrap().to_string_lossy()))
        })
        .collect();
    let (cas, clients): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.certificate.is_ca());
    let issuers = cas.iter().map(|entry| Issuer {
        certificate: entry.certificate.clone(),
        anchor: entry.certificate.is_self_signed().then(Default::default),
    });
    let graph = Graph::new(issuers.collect(), Vec::new(), Settings::new(Purpose::Client, at()));
    let mut bundle = empty();
    for client in clients {
        let verdict = graph.judge(&client.certificate);
        let Some(chosen) = verdict.chosen() else {
            bundle.refused.push(Client { entry: client, verdict });
            continue;
        };
        for certificate in &chosen.certificates[1..] {
            let entry = cas.iter().find(|entry| entry.certificate == *certificate).unwrap();
            let list = if certificate.is_self_signed() { &mut bundle.roots } else { &mut bundle.intermediates };
            if list.iter().all(|known| known.certificate != entry.certificate) {
                list.push(entry.clone());
            }
        }
        bundle.alternatives.extend(verdict.paths.into_iter().skip(1));
        bundle.clients.push((&client).into());
    }
    bundle
}

/// Every file under a folder, by its path from there with `/`, in order.
fn files_in(folder: &Path) -> Vec<String> {
    let folder = &std::fs::canonicalize(folder).unwrap();
    let mut files: Vec<String> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"))
        .collect();
    files.sort();
    files
}

/// The names in a folder, in order.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// That a folder is an export, whole: every file that its manifest names, and each certificate with the SHA-256 it states.
fn is_whole(folder: &Path) -> Result<(), String> {
    use sha2::Digest;
    let manifest =
        std::fs::read(folder.join("manifest.json")).map_err(|error| format!("{}: {error}", folder.display()))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).map_err(|error| error.to_string())?;
    let named: Vec<&str> = manifest["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    if named != files_in(folder) {
        return Err(format!("{}: manifest names {named:?}, there are {:?}", folder.display(), files_in(folder)));
    }
    for entry in ["roots", "intermediates"].iter().flat_map(|list| manifest[*list].as_array().unwrap()) {
        let file = entry["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(file)).map_err(|error| error.to_string())?;
        let digest: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if entry["sha256"] != digest {
            return Err(format!("{file}: {digest}"));
        }
    }
    Ok(())
}

fn export(bundle: &Bundle, folder: &Path) -> Manifest {
    let manifest = write(bundle, folder, &BundleOptions::default()).unwrap();
    is_whole(folder).unwrap();
    manifest
}

fn forced() -> BundleOptions {
    BundleOptions { force: true, ..BundleOptions::default() }
}

/// Says by name that this test did not run, and why.
#[cfg_attr(windows, allow(dead_code, reason = "what is left out there is left out by name"))]
fn not_run(why: &str) {
    use std::io::Write;
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the capture of the test harness: what was not run is to be seen.
    let _ = writeln!(std::io::stderr(), "NOT RUN {name}: {why}");
}
