//! Where `certpath export` writes, and how it calls its files: what is there already, what cannot be written, names of every kind.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::pki::{Ca, folder};
use crate::common::{array, files, read, repository, testdata, write};
use crate::export::{Export, into, slices};

#[test]
fn an_existing_folder_that_is_not_empty_is_refused_without_force() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("out");
    write(dir.join("mine.txt"), "mine");
    let source = testdata("loop");
    let refused = into(&[&source], &dir, &[]).status(5);
    assert!(refused.seen().contains("out"), "{}", refused.seen());
    assert_eq!(files(place.path()), ["out/mine.txt"]);
    into(&[&source], &dir, &["--force"]).status(5);
    assert_eq!(files(place.path()), ["out/mine.txt"], "--force replaces only what an export made");
}

#[test]
fn programs_are_told_why_an_export_was_refused_too() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let full = place.path().join("full");
    write(full.join("mine.txt"), "mine");
    let (whole, gap) = (testdata("loop"), testdata("missing-intermediate"));
    let cas = testdata("loop/root.cer");
    for (source, dir, code, word) in [
        (&whole, &full, "not-empty", "--force"),
        (&gap, &place.path().join("new"), "incomplete", "--allow-incomplete"),
        (&cas, &place.path().join("new"), "no-clients", "--all-cas"),
    ] {
        let json = into(&[source], dir, &["--format", "json"]).status(5).silent().json();
        let lines = into(&[source], dir, &["--format", "ndjson"]).status(5).silent().text();
        let last: Value = serde_json::from_str(lines.lines().last().expect("a summary")).expect("JSON");
        for told in [&json["refusal"], &last["refusal"]] {
            assert_eq!(told["code"], code);
            assert!(told["message"].as_str().is_some_and(|message| message.contains(word)), "{told}");
        }
        let csv = into(&[source], dir, &["--format", "csv"]).status(5);
        assert!(csv.stderr.contains(word) && !csv.text().contains(word), "{}", csv.seen());
    }
    let written = into(&[&whole], &place.path().join("new"), &["--format", "json"]).status(0).silent().json();
    assert_eq!(written.get("refusal"), None, "{written}");
}

#[test]
fn an_existing_empty_folder_is_taken() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("out");
    std::fs::create_dir(&dir).expect("a folder");
    into(&[&testdata("loop")], &dir, &[]).status(0);
    assert!(dir.join("manifest.json").exists());
}

#[test]
fn force_replaces_an_export_whole_and_keeps_what_it_did_not_make() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("out");
    into(&[&testdata("cross-signed")], &dir, &[]).status(0);
    let before = files(&dir);
    into(&[&testdata("loop")], &dir, &[]).status(5);
    assert_eq!(files(&dir), before);
    into(&[&testdata("loop")], &dir, &["--force"]).status(0);
    let names = |entries: &Value| array(entries).iter().map(|entry| entry["subject"].to_string()).collect::<String>();
    let manifest: Value = serde_json::from_slice(&read(dir.join("manifest.json"))).expect("JSON");
    assert!(names(&manifest["roots"]).contains("Loop") && !manifest.to_string().contains("Cross"));
    assert_eq!(
        std::fs::read_dir(place.path()).expect("a folder").count(),
        1,
        "the old one is deleted: {:?}",
        files(place.path())
    );
    // one file more than the manifest names: hands off
    write(dir.join("roots/note.txt"), "do not delete");
    let before = files(&dir);
    into(&[&testdata("cross-signed")], &dir, &["--force"]).status(5);
    assert_eq!(files(&dir), before);
    // a manifest that names what is outside is no licence
    std::fs::remove_file(dir.join("roots/note.txt")).expect("removed");
    write(place.path().join("victim.txt"), "victim");
    let forged = String::from_utf8(read(dir.join("manifest.json"))).expect("text").replacen(
        "roots/",
        "../victim.txt\", \"x\": \"",
        1,
    );
    write(dir.join("manifest.json"), forged);
    into(&[&testdata("cross-signed")], &dir, &["--force"]);
    assert_eq!(read(place.path().join("victim.txt")), b"victim");
}

#[test]
fn a_place_that_cannot_be_written_is_status_4_and_leaves_nothing() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("file");
    write(&file, "a file");
    let output = into(&[&testdata("loop")], &file.join("out"), &[]).status(4);
    assert!(output.seen().contains("file"), "{}", output.seen());
    assert_eq!(files(place.path()), ["file"]);
    let output = into(&[&testdata("loop")], &file, &[]);
    assert!([4, 5].contains(&output.status), "{}", output.seen());
    assert_eq!(read(&file), b"a file");
}

#[test]
fn file_names_tell_role_and_name_are_ascii_and_safe_on_windows() {
    let export = Export::of(&[&testdata("hostile-names")], &[]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    let of = |ending: &str| {
        let mut certificates: Vec<Vec<u8>> =
            (1..=18).map(|n| read(testdata("hostile-names").join(format!("{n:02}-{ending}.cer")))).collect();
        if ending == "root" {
            certificates.push(read(testdata("hostile-names").join("empty-root.cer")));
        }
        certificates
    };
    export.holds(&slices(&of("root")), &slices(&of("issuing")));
    for file in files(&export.dir()) {
        for part in file.split('/') {
            safe_on_windows(part);
        }
    }
    let contoso = Export::of(&[&repository("testdata/contoso")], &[]);
    for file in files(&contoso.dir()) {
        if let Some(file) = file.strip_prefix("roots/") {
            assert!(file.to_lowercase().contains("root") && file.contains("Contoso"), "{file}");
        }
    }
    let issuing = files(&contoso.dir().join("intermediates"));
    assert!(issuing.iter().all(|file| file.contains("Contoso")), "{issuing:?}");
}

#[track_caller]
fn safe_on_windows(name: &str) {
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._- ()+".contains(&byte)), "{name:?}");
    assert!(name.len() <= 120, "{name:?} is too long");
    assert!(!name.ends_with(['.', ' ']) && !name.starts_with(['.', ' ', '-']), "{name:?}");
    let stem = name.split('.').next().unwrap_or_default().to_uppercase();
    let reserved = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    assert!(!reserved, "{name:?} is a device");
}

#[test]
fn names_that_differ_only_in_case_make_two_files() {
    let (upper, lower) = (Ca::root("CONTOSO ROOT"), Ca::root("contoso root"));
    let folder = folder(&[
        ("a", &upper.der),
        ("b", &lower.der),
        ("c", &upper.client("one.test")),
        ("d", &lower.client("two.test")),
    ]);
    let export = Export::of(&[folder.path()], &[]);
    export.holds(&[&upper.der, &lower.der], &[]);
    let names: BTreeSet<String> = files(&export.dir().join("roots")).iter().map(|file| file.to_lowercase()).collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn a_common_name_of_three_hundred_characters_and_an_empty_one_are_exported() {
    let (long, empty) = (Ca::root(&"x".repeat(300)), Ca::root(""));
    let folder = folder(&[
        ("a", &long.der),
        ("b", &empty.der),
        ("c", &long.client("one.test")),
        ("d", &empty.client("two.test")),
    ]);
    let export = Export::of(&[folder.path()], &[]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    export.holds(&[&long.der, &empty.der], &[]);
    files(&export.dir().join("roots")).iter().for_each(|file| safe_on_windows(file));
}

#[test]
fn a_result_at_or_below_the_folder_of_the_export_is_a_mistake_that_is_told_before_anything_is_written() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| place.path().join(name);
    let refused = |dir: &str, output: &str| {
        let output = at(output).to_string_lossy().into_owned();
        let output = into(&[&testdata("loop")], &at(dir), &["--force", "-f", "json", "-o", &output]).status(2);
        assert!(
            output.stdout.is_empty() && output.stderr.contains("outside of the folder of --out"),
            "{}",
            output.seen()
        );
    };
    refused("new", "new");
    refused("new", "new/report.json");
    assert_eq!(files(place.path()), Vec::<String>::new());
    into(&[&testdata("cross-signed")], &at("out"), &[]).status(0);
    std::fs::create_dir(at("beside")).expect("a folder");
    let before: Vec<_> = files(place.path()).iter().map(|file| (file.clone(), read(at(file)))).collect();
    let mut names = vec!["out/manifest.json", "out/report.txt", "out/./report.txt", "beside/../out/report.txt"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("out"), at("beside/folder")).expect("a link");
        std::os::unix::fs::symlink("../out/new.txt", at("beside/dangling")).expect("a link");
        names.extend(["beside/folder/report.txt", "beside/dangling"]);
        refused("beside/folder", "out/report.txt");
    }
    for name in names {
        refused("out", name);
        let now: Vec<_> = files(place.path()).iter().map(|file| (file.clone(), read(at(file)))).collect();
        assert!(now == before, "{name}");
    }
    // Beside it is well, also where the name begins as the folder's does, and the next --force finds no stranger.
    for name in ["out.json", "beside/out.json"] {
        let output = at(name).to_string_lossy().into_owned();
        into(&[&testdata("loop")], &at("out"), &["--force", "-f", "json", "-o", &output]).status(0);
        assert!(read(at(name)) == read(at("out/manifest.json")), "{name}");
    }
}

#[test]
fn an_earlier_export_in_a_folder_that_is_walked_brings_nothing_back_into_the_one_that_replaces_it() {
    let place = folder(&[
        ("pki/loop/root.cer", &read(testdata("loop/root.cer"))),
        ("pki/cross/a.cer", &read(testdata("path-length/root.cer"))),
        ("list.txt", b""),
    ]);
    let (pki, out) = (place.path().join("pki"), place.path().join("pki/out"));
    let roots = |sources: &[&Path], more: &[&str]| {
        let more = [&["--all-cas", "--force"], more].concat();
        into(sources, &out, &more).status(0);
        let manifest: Value = serde_json::from_slice(&read(out.join("manifest.json"))).expect("JSON");
        for source in array(&manifest["roots"]).iter().flat_map(|root| array(&root["sources"])) {
            let named = sources.iter().any(|source| source.starts_with(&out));
            assert!(named || !source["path"].to_string().contains("out"), "{source}");
        }
        array(&manifest["roots"]).len()
    };
    assert_eq!(roots(&[&pki], &[]), 2);
    std::fs::remove_file(pki.join("cross/a.cer")).expect("it goes");
    assert_eq!(roots(&[&pki], &[]), 1, "what was withdrawn does not come back");
    write(pki.join("cross/a.cer"), read(testdata("path-length/root.cer")));
    assert_eq!(roots(&[&pki], &[]), 2);
    std::fs::remove_file(pki.join("cross/a.cer")).expect("it goes");
    // Neither on another way to it, nor through a list or an option that helps.
    let around = pki.join("out/..");
    let list = place.path().join("list.txt");
    write(&list, pki.to_string_lossy().as_bytes());
    let (list, folder) = (list.to_string_lossy(), pki.to_string_lossy());
    assert_eq!(roots(&[&around], &[]), 1);
    assert_eq!(roots(&[], &["--paths-from", &list]), 1);
    // What was named itself is read.
    write(pki.join("cross/a.cer"), read(testdata("path-length/root.cer")));
    assert_eq!(roots(&[&pki], &["--trust", &folder]), 2);
    std::fs::remove_file(pki.join("cross/a.cer")).expect("it goes");
    assert_eq!(roots(&[&out], &[]), 2);
    assert_eq!(roots(&[&pki, &out.join("roots")], &[]), 2);
    assert_eq!(roots(&[&pki], &["--trust", &folder]), 1);
    // Where it held all that there was, the message tells why nothing was found.
    for gone in ["loop", "cross"] {
        std::fs::remove_dir_all(pki.join(gone)).expect("it goes");
    }
    let output = into(&[&pki], &out, &["--all-cas", "--force"]).status(2);
    assert!(
        output.stderr.contains(&format!("beside {}, where the export is written", out.display())),
        "{}",
        output.stderr
    );
}
