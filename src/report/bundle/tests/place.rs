//! Where the folder comes to be, and what it may replace.

use std::fs;

use super::*;
use crate::report::bundle::{BundleError, Leftover, Refusal, leftovers};

fn refused(result: Result<Manifest, BundleError>) -> Refusal {
    match result {
        Err(BundleError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_folder_that_is_not_empty_is_refused_and_an_empty_one_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    let target = folder.path().join("cmg");
    fs::create_dir(&target).unwrap();
    export(&bundle, &target);
    assert_eq!(refused(write(&bundle, &target, &BundleOptions::default())), Refusal::NotEmpty(target.clone()));
    is_whole(&target).unwrap();
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn force_replaces_an_earlier_export_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let before = export(&bundle_of("cross-signed"), &target);
    let after = write(&bundle_of("renewed-same-key"), &target, &forced()).unwrap();
    is_whole(&target).unwrap();
    assert!(target.join(&after.roots[0].file).exists());
    assert!(!target.join(&before.roots[0].file).exists());
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn an_export_is_replaced_by_a_name_that_leads_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    export(&bundle_of("cross-signed"), &target);
    let after = write(&bundle_of("renewed-same-key"), &target.join("../cmg"), &forced()).unwrap();
    is_whole(&target).unwrap();
    assert!(target.join(&after.roots[0].file).exists());
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn force_replaces_nothing_that_the_manifest_does_not_name() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    for stranger in ["notes.txt", "roots/mine.cer", "roots/sub/deep.cer", "empty-folder/"] {
        let target = folder.path().join("cmg");
        export(&bundle, &target);
        let path = target.join(stranger);
        if stranger.ends_with('/') {
            fs::create_dir(&path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "precious").unwrap();
        }
        let Refusal::Stranger { stranger: found, .. } = refused(write(&bundle, &target, &forced())) else { panic!() };
        assert!(Path::new(stranger).starts_with(&found), "{stranger}: {found:?}");
        assert!(path.exists());
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn force_replaces_no_folder_without_a_manifest_of_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    let target = folder.path().join("documents");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("letter.txt"), "precious").unwrap();
    for manifest in [
        None,
        Some(""),
        Some("{"),
        Some("[]"),
        Some(r#"{"schema":"certpath.chain/1","files":["letter.txt","manifest.json"]}"#),
        Some(r#"{"schema":"certpath.export/1"}"#),
    ] {
        if let Some(manifest) = manifest {
            fs::write(target.join("manifest.json"), manifest).unwrap();
        }
        let Refusal::NoManifest { .. } = refused(write(&bundle, &target, &forced())) else { panic!("{manifest:?}") };
        assert_eq!(fs::read(target.join("letter.txt")).unwrap(), b"precious");
    }
}

#[test]
fn a_manifest_that_names_paths_outside_the_folder_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("outside.txt"), "precious").unwrap();
    let target = folder.path().join("cmg");
    fs::create_dir(&target).unwrap();
    fs::write(
        target.join("manifest.json"),
        r#"{"schema":"certpath.export/1","files":["manifest.json","../outside.txt","/etc/passwd",""]}"#,
    )
    .unwrap();
    write(&bundle_of("renewed-same-key"), &target, &forced()).unwrap();
    is_whole(&target).unwrap();
    assert_eq!(fs::read(folder.path().join("outside.txt")).unwrap(), b"precious");
}

#[test]
fn a_file_in_the_place_is_refused_even_with_force() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    fs::write(&target, "precious").unwrap();
    for options in [BundleOptions::default(), forced()] {
        let found = refused(write(&bundle_of("renewed-same-key"), &target, &options));
        assert_eq!(found, Refusal::NotAFolder(target.clone()));
    }
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn a_parent_that_is_not_there_is_an_output_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = write(&bundle_of("renewed-same-key"), &folder.path().join("typo/cmg"), &forced()).unwrap_err();
    assert!(!error.is_refusal());
    let text = error.to_string();
    assert!(text.contains("typo`") && text.contains("make that folder first"), "{text}");
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_trailing_slash_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    let target = folder.path().join("cmg");
    let with_slash = PathBuf::from(format!("{}/", target.display()));
    export(&bundle, &with_slash);
    write(&bundle, &with_slash, &forced()).unwrap();
    is_whole(&target).unwrap();
    assert_eq!(names_in(folder.path()), ["cmg"]);
}

#[test]
fn a_folder_with_the_longest_name_gets_an_export_too() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("n".repeat(if cfg!(windows) { 60 } else { 255 }));
    export(&bundle_of("renewed-same-key"), &target);
    write(&bundle_of("renewed-same-key"), &target, &forced()).unwrap();
    is_whole(&target).unwrap();
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_and_stays_and_one_inside_is_a_stranger() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let target = folder.path().join("elsewhere/cmg");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let error = write(&bundle, &link, &BundleOptions::default()).unwrap_err();
    assert!(!error.is_refusal(), "a link to nothing: {error}");
    fs::create_dir(&target).unwrap();
    export(&bundle, &link);
    write(&bundle, &PathBuf::from(format!("{}/", link.display())), &forced()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    is_whole(&target).unwrap();
    assert_eq!(names_in(folder.path()), ["elsewhere", "link"]);
    assert_eq!(names_in(&folder.path().join("elsewhere")), ["cmg"]);

    let readme = target.join("README.txt");
    fs::remove_file(&readme).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &readme).unwrap();
    let Refusal::Stranger { stranger, .. } = refused(write(&bundle, &target, &forced())) else { panic!() };
    assert_eq!(stranger, Path::new("README.txt"));
}

#[cfg(unix)]
#[test]
fn who_may_read_the_folder_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    let target = folder.path().join("cmg");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o750)).unwrap();
    export(&bundle, &target);
    assert_eq!(mode(&target), 0o750);
    write(&bundle, &target, &forced()).unwrap();
    assert_eq!(mode(&target), 0o750);
}

#[test]
fn the_root_of_a_drive_and_an_empty_path_are_no_folder_to_write() {
    let bundle = bundle_of("renewed-same-key");
    for path in [if cfg!(windows) { "C:\\" } else { "/" }, ""] {
        let error = write(&bundle, Path::new(path), &forced()).unwrap_err();
        assert!(error.to_string().contains('`'), "{error}");
    }
}

#[test]
fn what_an_interrupted_export_left_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of("renewed-same-key");
    let target = folder.path().join("cmg");
    let old = folder.path().join("cmg.certpath-old-1-0");
    let partial = folder.path().join("cmg.certpath-partial-1-1");
    export(&bundle, &old);
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("half"), "").unwrap();
    fs::create_dir(folder.path().join("cmg2.certpath-old-1-0")).unwrap();
    fs::create_dir(folder.path().join("cmg.certpath-mine")).unwrap();
    let manifest = export(&bundle, &target);
    let found = leftovers(&target);
    let expected = [(old.clone(), true), (partial.clone(), false)].map(|(path, is_whole)| Leftover { path, is_whole });
    assert_eq!(found, expected);
    is_whole(&old).unwrap();
    assert!(partial.join("half").exists());
    let text = crate::report::bundle::summary_text(&bundle, &manifest, &target);
    assert!(text.contains("cmg.certpath-old-1-0") && text.contains("cmg.certpath-partial-1-1"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_an_output_error_and_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let parent = folder.path().join("parent");
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::create_dir(parent.join("probe")).is_ok() {
        not_run("this user may write everywhere; a file system that nobody may write to comes next");
        // The kernel's own: nobody makes a folder there.
        let error = write(&bundle_of("renewed-same-key"), Path::new("/proc/cmg"), &forced()).unwrap_err();
        assert!(!error.is_refusal() && error.to_string().contains("/proc"), "{error}");
        return;
    }
    let error = write(&bundle_of("renewed-same-key"), &parent.join("cmg"), &forced()).unwrap_err();
    assert!(!error.is_refusal() && error.to_string().contains("may write to"), "{error}");
    assert_eq!(names_in(&parent), [""; 0]);
}

/// A file system of so many kilobytes, unmounted when it is dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn new(kilobytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={kilobytes}k");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "certpath-test"])
            .arg(folder.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_earlier_export_and_nothing_else() {
    let Some(disk) = SmallDisk::new(96) else {
        not_run("a small file system cannot be mounted here");
        return;
    };
    let target = disk.0.path().join("cmg");
    export(&bundle_of("renewed-same-key"), &target);
    let before = fs::read(target.join("manifest.json")).unwrap();
    // Of every size at which it can run full, from the first file to the last.
    let mut failures = 0;
    for room in 0..20 {
        let filler = disk.0.path().join("filler");
        let mut left = 20 * 4096;
        while left > 0 && fs::write(&filler, vec![0; left]).is_err() {
            left -= 4096;
        }
        let kept = left.saturating_sub(room * 4096);
        fs::write(&filler, vec![0; kept]).unwrap();
        let result = write(&bundle_of("hostile-names"), &target, &forced());
        let error = result.unwrap_err();
        assert!(!error.is_refusal() && error.to_string().contains("make room"), "{error}");
        failures += 1;
        assert_eq!(names_in(disk.0.path()), ["cmg", "filler"]);
        is_whole(&target).unwrap();
        assert_eq!(fs::read(target.join("manifest.json")).unwrap(), before);
        fs::remove_file(&filler).unwrap();
    }
    assert_eq!(failures, 20);
}

#[test]
fn of_two_at_once_one_wins_and_the_other_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cmg");
    let bundle = bundle_of("renewed-same-key");
    for _ in 0..10 {
        let results: Vec<bool> = std::thread::scope(|scope| {
            let handles: Vec<_> =
                (0..4).map(|_| scope.spawn(|| write(&bundle, &target, &BundleOptions::default()).is_ok())).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|done| **done).count(), 1);
        is_whole(&target).unwrap();
        assert_eq!(names_in(folder.path()), ["cmg"]);
        fs::remove_dir_all(&target).unwrap();
    }
}
