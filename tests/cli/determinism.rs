//! The same certificates give the same result: in any order, split into any files, on any number of threads.

use std::path::Path;

use serde_json::Value;

use crate::common::{AT, Run, files, pem, read, repository, testdata};

/// The report without the places of certificates, and in an order that does not depend on them.
fn without_sources(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("sources");
                members.remove("source");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => {
                items.iter_mut().for_each(strip);
                // what comes first is listed first; a path's own order stays
                if items.iter().all(Value::is_object) {
                    items.sort_by_cached_key(Value::to_string);
                }
            }
            _ => {}
        }
    }
    strip(&mut value);
    if let Some(clients) = value.get_mut("clients").and_then(Value::as_array_mut) {
        clients.sort_by_cached_key(Value::to_string);
    }
    value
}

/// All whole certificates of testdata/pki.
fn certificates() -> Vec<Vec<u8>> {
    let base = repository("testdata/pki");
    let found: Vec<Vec<u8>> = files(&base)
        .iter()
        .filter(|file| file.ends_with(".cer") && !file.starts_with("damaged/"))
        .map(|file| read(base.join(file)))
        .collect();
    assert!(found.len() > 90);
    found
}

fn json(command: &str, source: &Path, more: &[&str]) -> Value {
    let mut run = Run::new([command, "--format", "json", "--at", AT]).arg(source);
    for more in more {
        run = run.arg(more);
    }
    run.output().json()
}

#[test]
fn any_number_of_threads_prints_the_same_bytes() {
    for command in ["inspect", "chain", "audit"] {
        for format in ["table", "json", "ndjson", "csv"] {
            let run = |jobs: &str| {
                Run::new([command, "--format", format, "--at", AT, "--jobs", jobs])
                    .arg(repository("testdata/contoso"))
                    .arg(repository("testdata/pki"))
                    .output()
                    .stdout
            };
            let one = run("1");
            for jobs in ["2", "7"] {
                assert!(run(jobs) == one, "{command} {format} with {jobs} threads");
            }
        }
    }
}

#[test]
fn any_split_into_files_and_any_order_gives_the_same_result() {
    let certificates = certificates();
    let place = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| crate::common::write(place.path().join(name), bytes);
    for (n, der) in certificates.iter().enumerate() {
        write(&format!("single/{n:03}.cer"), der);
    }
    let text = |order: &mut dyn Iterator<Item = &Vec<u8>>| order.map(|der| pem(der)).collect::<String>();
    write("bundle/all.pem", text(&mut certificates.iter()).as_bytes());
    write("reverse/all.pem", text(&mut certificates.iter().rev()).as_bytes());
    let middle = certificates.len() / 2;
    write("halves/z.pem", text(&mut certificates[..middle].iter()).as_bytes());
    write("halves/deep/a.pem", text(&mut certificates[middle..].iter()).as_bytes());
    for command in ["inspect", "chain", "audit"] {
        let expected = without_sources(json(command, &place.path().join("single"), &[]));
        for form in ["bundle", "reverse", "halves"] {
            let found = without_sources(json(command, &place.path().join(form), &[]));
            assert!(found == expected, "{command} {form} differs: {}", first_difference(&expected, &found));
        }
    }
}

fn first_difference(a: &Value, b: &Value) -> String {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                match b.get(name) {
                    Some(other) if other == value => {}
                    Some(other) => return format!("{name}.{}", first_difference(value, other)),
                    None => return format!("{name} is missing"),
                }
            }
            "more members".to_owned()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                if a != b {
                    return format!("[{n}].{}", first_difference(a, b));
                }
            }
            String::new()
        }
        _ => format!(" {} | {}", short(a), short(b)),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

#[test]
fn the_order_of_the_sources_does_not_matter_to_the_export() {
    let bytes = |sources: &[&Path], jobs: &str| {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("out");
        let mut run = Run::new(["export", "--at", AT, "--jobs", jobs, "--out"]).arg(&out);
        for source in sources {
            run = run.arg(source);
        }
        run.output().status(0);
        files(&out)
            .into_iter()
            .map(|file| {
                let bytes = read(out.join(&file));
                if file == "manifest.json" {
                    let value = without_sources(serde_json::from_slice(&bytes).expect("JSON"));
                    return (file, value.to_string().into_bytes());
                }
                (file, bytes)
            })
            .collect::<Vec<_>>()
    };
    let (a, b, c) = (testdata("renewed-new-key"), testdata("cross-signed"), testdata("no-key-identifiers"));
    let expected = bytes(&[&a, &b, &c], "1");
    assert_eq!(bytes(&[&c, &b, &a], "4"), expected);
    assert_eq!(bytes(&[&b, &a, &c, &a], "2"), expected);
}

#[test]
fn the_manifest_is_the_same_to_the_letter_whatever_the_order_of_the_sources_is() {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.remove("sources");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    // With several clients and CAs, some of them refused, passed over or unreadable.
    let mut folders: Vec<_> =
        ["damaged", "missing-intermediate", "cross-signed", "renewed-new-key", "path-length", "not-a-ca"]
            .map(testdata)
            .into();
    folders.push(repository("testdata/contoso"));
    let manifest = |folders: &[std::path::PathBuf]| {
        let place = tempfile::tempdir().expect("a folder");
        let run = Run::new(["export", "--at", AT, "--format", "json", "--allow-incomplete", "--out"]);
        let mut manifest = folders.iter().fold(run.arg(place.path().join("out")), Run::arg).output().status(3).json();
        for list in ["clients", "refused", "passedOver", "problems", "alternatives", "findings"] {
            assert!(manifest[list].as_array().is_some_and(|list| list.len() > 1), "{list}: {}", manifest[list]);
        }
        strip(&mut manifest);
        manifest
    };
    let expected = manifest(&folders);
    for turned in 1..folders.len() {
        folders.rotate_left(1);
        let found = manifest(&folders);
        assert!(found == expected, "turned {turned}: {}", first_difference(&found, &expected));
    }
    folders.reverse();
    assert!(manifest(&folders) == expected, "reversed");
}

#[test]
fn standard_input_gives_what_the_file_gives() {
    let all: String = certificates().iter().map(|der| pem(der)).collect();
    let place = tempfile::tempdir().expect("a folder");
    crate::common::write(place.path().join("all.pem"), &all);
    for command in ["inspect", "chain", "audit"] {
        let from_file = without_sources(json(command, place.path(), &[]));
        let piped = Run::new([command, "-", "--format", "json", "--at", AT]).stdin(all.clone()).output().json();
        assert_eq!(without_sources(piped), from_file, "{command}");
    }
}

#[test]
fn a_number_of_threads_beyond_all_measure_gives_the_same_result_soon() {
    let chain =
        |jobs: &str| Run::new(["chain", "--at", AT, "-f", "json", "--jobs", jobs]).arg(testdata("loop")).output();
    let one = chain("1").status(0).stdout;
    for jobs in ["3", "33000", "4294967296", "99999999999999999999999999"] {
        assert!(chain(jobs).status(0).silent().stdout == one, "{jobs}");
    }
}
