use super::*;
use crate::source::argument::Source;
use std::fs;

fn walk(sources: &[Source]) -> (Vec<Input>, Vec<InputFault>) {
    let mut faults = Vec::new();
    let found = inputs(sources).filter_map(|input| input.map_err(|fault| faults.push(fault)).ok()).collect();
    (found, faults)
}

fn names(inputs: &[Input], root: &Path) -> Vec<String> {
    inputs
        .iter()
        .map(|input| match &input.origin {
            Origin::File(path) => path.strip_prefix(root).unwrap_or(path).to_str().unwrap().replace('\\', "/"),
            _ => input.name.clone(),
        })
        .collect()
}

fn folder_with(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    folder
}

#[test]
fn folders_are_walked_to_any_depth_in_the_order_of_names_hidden_ones_too() {
    let folder = folder_with(&["b.cer", "a/z.cer", "a/b/c/d.cer", ".hidden/x.cer", "c"]);
    let (found, faults) = walk(&[Source::Path(folder.path().into())]);
    assert!(faults.is_empty());
    assert_eq!(names(&found, folder.path()), [".hidden/x.cer", "a/b/c/d.cer", "a/z.cer", "b.cer", "c"]);
    assert!(found.iter().all(|input| !input.is_explicit));
    assert_eq!(found[4].looks, Looks::Unknown);
    assert_eq!(found[3].looks, Looks::Certificate);
}

#[test]
fn sources_keep_their_order_and_what_was_named_looks_like_a_certificate() {
    let folder = folder_with(&["z", "a"]);
    let sources = [Source::Path(folder.path().join("z")), Source::StandardInput, Source::Path(folder.path().join("a"))];
    let (found, _) = walk(&sources);
    assert_eq!(names(&found, folder.path()), ["z", "-", "a"]);
    assert!(found.iter().all(|input| input.is_explicit && input.looks == Looks::Named));
}

#[test]
fn what_is_missing_is_a_problem_and_stops_nothing() {
    let folder = folder_with(&["a.cer"]);
    let sources = [Source::Path(folder.path().join("gone")), Source::Path(folder.path().join("a.cer"))];
    let (found, faults) = walk(&sources);
    assert_eq!(found.len(), 1);
    assert_eq!(faults[0].fault.code, ProblemCode::NotFound);
}

#[test]
fn a_list_names_files_folders_and_stores_and_its_faults_have_its_name() {
    let folder = folder_with(&["a.cer", "b/c.cer", "note.txt"]);
    let root = folder.path().display();
    let list = format!("{root}/a.cer\r\n\"{root}/b\"\r\n{root}/m?ller.cer\r\n-\r\n{root}/note.txt\r\n");
    let mut faults = Vec::new();
    let found: Vec<Input> = inputs_of_list(list.as_bytes(), "list.txt")
        .filter_map(|input| input.map_err(|fault| faults.push(fault)).ok())
        .collect();
    assert_eq!(names(&found, folder.path()), ["a.cer", "b/c.cer", "note.txt"]);
    assert_eq!(found[2].looks, Looks::Unknown);
    assert_eq!(faults.len(), 2);
    assert!(faults[0].fault.message.contains("$OutputEncoding"), "{}", faults[0].fault.message);
    assert_eq!((faults[1].name.as_str(), faults[1].fault.position), ("list.txt", Position::Line(4)));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_loop_of_links_ends_and_is_told() {
        let folder = folder_with(&["a/b/c.cer"]);
        symlink(folder.path(), folder.path().join("a/b/up")).unwrap();
        let (found, faults) = walk(&[Source::Path(folder.path().into())]);
        assert_eq!(names(&found, folder.path()), ["a/b/c.cer"]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].name.ends_with("a/b/up") && faults[0].fault.message.contains("link back"));
    }

    #[test]
    fn a_folder_is_read_once_however_many_ways_lead_to_it() {
        let folder = folder_with(&["0/x.cer"]);
        // Each folder has two links to the next: two to the power of thirty ways.
        for level in 0..30 {
            let (here, next) = (folder.path().join(level.to_string()), folder.path().join((level + 1).to_string()));
            fs::create_dir(&next).unwrap();
            symlink(&here, next.join("left")).unwrap();
            symlink(&here, next.join("right")).unwrap();
        }
        let (found, _) = walk(&[Source::Path(folder.path().join("30"))]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn links_to_files_and_folders_are_followed() {
        let elsewhere = folder_with(&["x.cer", "y.cer"]);
        let folder = folder_with(&["a.cer"]);
        symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
        symlink(elsewhere.path().join("x.cer"), folder.path().join("z.cer")).unwrap();
        let (found, faults) = walk(&[Source::Path(folder.path().into())]);
        assert!(faults.is_empty());
        assert_eq!(names(&found, folder.path()), ["a.cer", "linked/x.cer", "linked/y.cer", "z.cer"]);
    }

    #[test]
    fn pipes_and_sockets_in_a_folder_are_never_opened() {
        let folder = folder_with(&["a.cer"]);
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.cer")).status();
        let is_pipe = made.is_ok_and(|status| status.success());
        symlink("/dev/zero", folder.path().join("zero")).unwrap();
        symlink("nowhere", folder.path().join("dangling")).unwrap();
        symlink("nowhere", folder.path().join("dangling.cer")).unwrap();
        let (found, faults) = walk(&[Source::Path(folder.path().into())]);
        assert_eq!(names(&found, folder.path()), ["a.cer"]);
        let codes: Vec<ProblemCode> = faults.iter().map(|fault| fault.fault.code).collect();
        let expected =
            if is_pipe { vec![ProblemCode::NotFound, ProblemCode::Unreadable] } else { vec![ProblemCode::NotFound] };
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_folder_that_may_not_be_read_is_a_problem() {
        let folder = folder_with(&["locked/a.cer", "b.cer"]);
        let locked = folder.path().join("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        let is_superuser = fs::read_dir(&locked).is_ok();
        let (found, faults) = walk(&[Source::Path(folder.path().into())]);
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
        if is_superuser {
            crate::source::testing::not_run("a superuser may read every folder");
            return;
        }
        assert_eq!(names(&found, folder.path()), ["b.cer"]);
        assert_eq!(faults[0].fault.code, ProblemCode::Unreadable);
    }

    #[test]
    fn no_two_paths_look_the_same() {
        let name = |bytes: &[u8]| display_name(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name(b"M\xfcller.cer"), "M\\xfcller.cer");
        assert_eq!(name(b"M\\xfcller.cer"), "M\\\\xfcller.cer");
        assert_eq!(name(b"a\\b"), "a\\b");
        assert_eq!(name(b"a\\\\b"), "a\\\\\\b");
        assert_eq!(name(b"a\\\xff"), "a\\\\\\xff");
        assert_eq!(name("Müller.cer".as_bytes()), "Müller.cer");
    }

    proptest::proptest! {
        #[test]
        fn a_displayed_path_can_be_turned_back(bytes in proptest::collection::vec(proptest::prop_oneof![
            proptest::prelude::Just(b'\\'), proptest::prelude::Just(b'x'), proptest::prelude::Just(b'a'), proptest::prelude::any::<u8>()
        ], 0..20)) {
            let shown = display_name(Path::new(OsStr::from_bytes(&bytes)));
            let mut back = Vec::new();
            let mut rest = shown.as_bytes();
            while let Some((&first, after)) = rest.split_first() {
                rest = match (first, after) {
                    (b'\\', [b'\\', after @ ..]) => { back.push(b'\\'); after }
                    (b'\\', [b'x', high, low, after @ ..]) => {
                        back.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).unwrap(), 16).unwrap());
                        after
                    }
                    _ => { back.push(first); after }
                };
            }
            proptest::prop_assert_eq!(back, bytes);
        }
    }
}
