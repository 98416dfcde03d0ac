//! `certpath export`: exactly the right certificates, byte for byte, or a refusal that names what is missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::pki::{Ca, folder, name};
use crate::common::{
    AT, Output, Run, array, files, openssl, pem, read, repository, sha256, strings, testdata, thumbprint,
};

/// An export into a folder that is not there yet.
pub(crate) struct Export {
    pub(crate) place: tempfile::TempDir,
    pub(crate) output: Output,
}

impl Export {
    pub(crate) fn of(sources: &[&Path], more: &[&str]) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let output = into(sources, &place.path().join("out"), more);
        Self { place, output }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.place.path().join("out")
    }

    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_slice(&read(self.dir().join("manifest.json"))).expect("the manifest is JSON")
    }

    /// Nothing at all was left: neither the folder nor anything beside its place.
    pub(crate) fn left_nothing(&self) {
        assert_eq!(files(self.place.path()), Vec::<String>::new());
        assert_eq!(std::fs::read_dir(self.place.path()).expect("a folder").count(), 0, "an empty folder was left");
    }

    pub(crate) fn written(&self, role: &str) -> BTreeSet<Vec<u8>> {
        let folder = self.dir().join(role);
        if folder.exists() {
            files(&folder).iter().map(|file| read(folder.join(file))).collect()
        } else {
            BTreeSet::new()
        }
    }

    /// The bytes under roots and intermediates are these and no others.
    #[track_caller]
    pub(crate) fn holds(&self, roots: &[&[u8]], intermediates: &[&[u8]]) {
        let expected = |certificates: &[&[u8]]| certificates.iter().map(|der| der.to_vec()).collect::<BTreeSet<_>>();
        let named = |set: BTreeSet<Vec<u8>>| set.iter().map(|der| subject_of(der)).collect::<Vec<_>>();
        for (role, certificates) in [("roots", roots), ("intermediates", intermediates)] {
            let (written, expected) = (self.written(role), expected(certificates));
            assert!(written == expected, "{role}: wrote {:?}, expected {:?}", named(written), named(expected));
        }
    }
}

pub(crate) fn into(sources: &[&Path], dir: &Path, more: &[&str]) -> Output {
    let mut run = Run::new(["export"]);
    for source in sources {
        run = run.arg(source);
    }
    run = run.arg("--out").arg(dir).arg("--at").arg(AT);
    for more in more {
        run = run.arg(more);
    }
    run.output()
}

pub(crate) fn subject_of(der: &[u8]) -> String {
    let end = openssl::facts(der).map(|facts| facts.not_after).unwrap_or_default();
    let subject = openssl::openssl(&["x509", "-inform", "DER", "-noout", "-subject"], der).unwrap_or_default();
    format!("{} to {end}", subject.trim())
}

pub(crate) fn contoso_ca(file: &str, subject: &str) -> Vec<u8> {
    let bytes = read(repository("testdata/contoso/from-pki-team").join(file));
    let listed = match file {
        "chain.p7b" => openssl::openssl(&["pkcs7", "-inform", "DER", "-print_certs"], &bytes),
        "issuing-2.b64" => {
            Some(format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", String::from_utf8_lossy(&bytes)))
        }
        _ => Some(String::from_utf8_lossy(&bytes).replace('\r', "")),
    }
    .expect("OpenSSL reads testdata");
    for block in pem::parse_many(listed).expect("PEM") {
        if subject_of(block.contents()).contains(subject) {
            return block.into_contents();
        }
    }
    panic!("{subject} is not in {file}");
}

#[test]
fn the_main_job_writes_exactly_the_root_and_the_three_cas_of_contoso() {
    let export = Export::of(&[&repository("testdata/contoso")], &[]);
    assert_eq!((export.output.status, export.output.stderr.as_str()), (0, ""), "{}", export.output.text());
    export.holds(
        &[&contoso_ca("chain.p7b", "Contoso Root CA")],
        &[
            &contoso_ca("chain.p7b", "Contoso Policy CA"),
            &contoso_ca("mail.txt", "Contoso Issuing CA 1"),
            &contoso_ca("issuing-2.b64", "Contoso Issuing CA 2"),
        ],
    );
    let mut expected: Vec<String> =
        ["Import-CmgCertificates.ps1", "README.txt", "manifest.json"].map(str::to_owned).to_vec();
    expected.extend(
        files(&export.dir())
            .into_iter()
            .filter(|file| file.starts_with("roots/") || file.starts_with("intermediates/")),
    );
    expected.sort();
    assert_eq!(files(&export.dir()), expected);
    assert!(files(&export.dir()).iter().filter(|file| file.contains('/')).all(|file| file.ends_with(".cer")));
}

#[test]
fn the_manifest_tells_each_file_its_hash_role_and_sources() {
    let export = Export::of(&[&repository("testdata/contoso")], &[]);
    let manifest = export.manifest();
    assert_eq!(manifest["schema"], "certpath.export/1");
    assert_eq!(manifest["trust"], "assumed");
    assert_eq!(manifest["written"], true);
    assert_eq!(manifest["at"], AT);
    assert_eq!((array(&manifest["roots"]).len(), array(&manifest["intermediates"]).len()), (1, 3));
    for entry in array(&manifest["roots"]).iter().chain(array(&manifest["intermediates"])) {
        let file = entry["file"].as_str().expect("a file name");
        let der = read(export.dir().join(file));
        assert_eq!(entry["sha256"], sha256(&der).as_str());
        assert_eq!(entry["thumbprint"], thumbprint(&der).as_str());
        assert!(!array(&entry["sources"]).is_empty());
        let facts = openssl::facts(&der).expect("OpenSSL reads it");
        assert_eq!(entry["subject"].as_str().map(|subject| subject.replace(", ", ",")), Some(facts.subject));
        assert_eq!(entry["notAfter"], facts.not_after.as_str());
    }
    let clients: BTreeSet<String> = strings(&manifest["clients"]).into_iter().collect();
    assert_eq!(clients.len(), 3);
    assert!(clients.contains(&sha256(&read(repository("testdata/contoso/clients/PC001.cer")))));
    let passed_over = manifest["passedOver"].to_string();
    assert!(
        !array(&manifest["passedOver"]).is_empty() && passed_over.contains("MS-Organization-Access"),
        "{passed_over}"
    );
    for key in ["alternatives", "findings"] {
        assert!(manifest[key].is_array(), "{key}");
    }
}

#[test]
fn standard_output_in_json_is_the_manifest() {
    let export = Export::of(&[&repository("testdata/contoso")], &["--format", "json"]);
    assert_eq!(export.output.json(), export.manifest());
}

/// Folder, roots, intermediates, status.
const EXPORTED: &[(&str, &[&str], &[&str], i32)] = &[
    ("renewed-same-key", &["root-1"], &["issuing"], 0),
    ("renewed-new-key", &["root-0", "root-1"], &["issuing-old", "issuing-new"], 0),
    ("cross-signed", &["root-b"], &["issuing-by-b"], 0),
    ("two-roots-one-name", &["root-right"], &["issuing"], 0),
    ("no-key-identifiers", &["root-right"], &["issuing-right"], 0),
    ("loop", &["root"], &["a", "b-by-a"], 0),
    ("expired-twin", &["root"], &["issuing-valid"], 0),
    ("name-encodings", &["root"], &["issuing-bmp", "issuing-teletex"], 0),
];

#[test]
fn each_pki_of_testdata_is_exported_exactly() {
    for (pki, roots, intermediates, status) in EXPORTED {
        println!("{pki}");
        let of = |names: &[&str]| {
            names.iter().map(|name| read(testdata(pki).join(format!("{name}.cer")))).collect::<Vec<_>>()
        };
        let export = Export::of(&[&testdata(pki)], &[]);
        assert_eq!(export.output.status, *status, "{pki}: {}", export.output.seen());
        let (roots, intermediates) = (of(roots), of(intermediates));
        export.holds(&slices(&roots), &slices(&intermediates));
    }
}

pub(crate) fn slices(certificates: &[Vec<u8>]) -> Vec<&[u8]> {
    certificates.iter().map(Vec::as_slice).collect()
}

#[test]
fn all_paths_writes_the_union_of_the_valid_paths() {
    let pki = testdata("renewed-new-key");
    let of = |name: &str| read(pki.join(format!("{name}.cer")));
    let export = Export::of(&[&pki], &["--all-paths"]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    // the rollover certificates are self-issued, not self-signed: intermediates
    export.holds(
        &[&of("root-0"), &of("root-1")],
        &[&of("cross(0-1)"), &of("cross(1-0)"), &of("issuing-old"), &of("issuing-new")],
    );
    let chosen = Export::of(&[&pki], &[]).manifest();
    assert_eq!(array(&chosen["alternatives"]).len(), 2, "{}", chosen["alternatives"]);
}

/// Folder, and what the refusal must say: any of the words of each group.
const REFUSED: &[(&str, &[&[&str]])] = &[
    ("missing-intermediate", &[&["Gap Issuing CA"], &["http://pki.gap.test/aia/GapIssuing.crt"]]),
    ("path-length", &[&["path length", "pathlen", "path-length"], &["Depth"]]),
    ("wrong-eku", &[&["Usage Server CA"], &["extended key usage", "extended-key-usage", "eku"]]),
    ("no-cert-sign", &[&["Sign Issuing CA"], &["keycertsign", "key usage", "certificate signing", "key-usage"]]),
    ("not-a-ca", &[&["Leaf Issuing"], &["basic constraints", "not a ca", "basic-constraints"]]),
    ("unknown-critical", &[&["Critical Issuing CA"], &["1.3.6.1.4.1.55555.1"]]),
    ("bad-signature", &[&["Signature Root CA"], &["signature"]]),
];

#[test]
fn a_refusal_names_what_is_missing_and_leaves_nothing() {
    for (pki, groups) in REFUSED {
        for format in ["table", "json"] {
            println!("{pki} {format}");
            let export = Export::of(&[&testdata(pki)], &["--format", format]);
            assert_eq!(export.output.status, 5, "{pki}: {}", export.output.seen());
            export.left_nothing();
            let said = export.output.seen().to_lowercase();
            for words in *groups {
                assert!(
                    words.iter().any(|word| said.contains(&word.to_lowercase())),
                    "{pki}: none of {words:?} in\n{said}"
                );
            }
            if format == "json" {
                assert_eq!(export.output.json()["written"], false);
            }
        }
    }
}

#[test]
fn one_client_without_a_path_refuses_the_whole_and_allow_incomplete_writes_the_rest() {
    let sources: [&Path; 2] = [&testdata("two-roots-one-name"), &testdata("missing-intermediate")];
    let refused = Export::of(&sources, &[]);
    assert_eq!(refused.output.status, 5, "{}", refused.output.seen());
    refused.left_nothing();
    let allowed = Export::of(&sources, &["--allow-incomplete"]);
    assert!([0, 1].contains(&allowed.output.status), "{}", allowed.output.seen());
    let of = |file: &str| read(testdata("two-roots-one-name").join(file));
    allowed.holds(&[&of("root-right.cer")], &[&of("issuing.cer")]);
    assert!(allowed.output.seen().contains("Gap Issuing CA"), "the rest is listed: {}", allowed.output.seen());
    assert!(allowed.manifest().to_string().contains("Gap Issuing CA"), "{}", allowed.manifest());
}

#[test]
fn allow_incomplete_with_nothing_complete_is_still_refused() {
    let export = Export::of(&[&testdata("missing-intermediate")], &["--allow-incomplete"]);
    assert_eq!(export.output.status, 5, "{}", export.output.seen());
    export.left_nothing();
}

#[test]
fn without_a_client_it_is_refused_and_all_cas_takes_every_ca_with_a_valid_path() {
    let pki = testdata("two-roots-one-name");
    let cas = folder(&[
        ("root-right.cer", &read(pki.join("root-right.cer"))),
        ("issuing.cer", &read(pki.join("issuing.cer"))),
        ("expired.cer", &read(testdata("expired-twin").join("issuing-expired.cer"))),
        ("stray.cer", &read(testdata("wrong-eku").join("issuing.cer"))),
    ]);
    let refused = Export::of(&[cas.path()], &[]);
    assert_eq!(refused.output.status, 5, "{}", refused.output.seen());
    assert!(refused.output.seen().contains("--all-cas"), "the way out is named: {}", refused.output.seen());
    refused.left_nothing();
    let all = Export::of(&[cas.path()], &["--all-cas"]);
    assert!([0, 1].contains(&all.output.status), "{}", all.output.seen());
    all.holds(&[&read(pki.join("root-right.cer"))], &[&read(pki.join("issuing.cer"))]);
}

#[test]
fn damaged_files_are_reported_and_do_not_hide_the_whole_ones() {
    let pki = testdata("damaged");
    let export = Export::of(&[&pki], &[]);
    assert_eq!(export.output.status, 3, "{}", export.output.seen());
    let bundle = String::from_utf8(read(pki.join("bad-middle-block.pem"))).expect("text");
    let blocks: Vec<Vec<u8>> = bundle
        .split_inclusive("-----END CERTIFICATE-----\n")
        .filter_map(|block| pem::parse(block).ok())
        .map(pem::Pem::into_contents)
        .collect();
    let [root, issuing] = blocks.as_slice() else { panic!("two whole blocks") };
    export.holds(&[root], &[issuing]);
}

#[test]
fn a_given_anchor_is_the_only_one() {
    let pki = testdata("cross-signed");
    let of = |name: &str| read(pki.join(format!("{name}.cer")));
    let root_a = pki.join("root-a.cer").to_string_lossy().into_owned();
    let export = Export::of(&[&pki], &["--trust", &root_a]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    export.holds(&[&of("root-a")], &[&of("issuing-by-a")]);
    assert_eq!(export.manifest()["trust"], "given");
    let stranger = testdata("loop").join("root.cer").to_string_lossy().into_owned();
    let refused = Export::of(&[&pki], &["--trust", &stranger]);
    assert_eq!(refused.output.status, 5, "{}", refused.output.seen());
    refused.left_nothing();
}

#[test]
fn an_anchor_that_is_an_intermediate_is_no_export() {
    // "valid and ends at a self-signed anchor"
    let pki = testdata("two-roots-one-name");
    let client = pki.join("client.cer");
    let issuing = pki.join("issuing.cer").to_string_lossy().into_owned();
    let export = Export::of(&[&client], &["--trust", &issuing]);
    assert_eq!(export.output.status, 5, "{}", export.output.seen());
    export.left_nothing();
}

#[test]
fn intermediates_help_to_build_and_are_written_where_the_path_needs_them() {
    let pki = testdata("loop");
    let of = |name: &str| read(pki.join(format!("{name}.cer")));
    let (client, root) = (pki.join("client.cer"), pki.join("root.cer"));
    let folder = folder(&[("a.cer", &of("a")), ("b.cer", &of("b-by-a"))]);
    let more = ["--trust", &root.to_string_lossy(), "--intermediates", &folder.path().to_string_lossy()];
    let export = Export::of(&[&client], &more);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    export.holds(&[&of("root")], &[&of("a"), &of("b-by-a")]);
}

#[test]
fn issuer_select_and_first_choose_among_the_clients() {
    let contoso = repository("testdata/contoso");
    let root = contoso_ca("chain.p7b", "Contoso Root CA");
    let policy = contoso_ca("chain.p7b", "Contoso Policy CA");
    let one = contoso_ca("mail.txt", "Contoso Issuing CA 1");
    let two = contoso_ca("issuing-2.b64", "Contoso Issuing CA 2");
    let by_thumbprint = thumbprint(&two).to_lowercase();
    let cases: &[(&[&str], &[u8])] = &[
        (&["--issuer", "Contoso Issuing CA 2"], &two),
        (&["--issuer", &by_thumbprint], &two),
        (&["--select", "SubjectStr:pc003"], &two),
        (&["--select", "Subject:PC001.corp.contoso.com"], &one),
    ];
    for (choice, issuing) in cases {
        let export = Export::of(&[&contoso], choice);
        assert_eq!(export.output.status, 0, "{choice:?}: {}", export.output.seen());
        export.holds(&[&root], &[&policy, issuing]);
    }
    let first = Export::of(&[&contoso], &["--first"]);
    assert_eq!(first.output.status, 0, "{}", first.output.seen());
    assert_eq!(strings(&first.manifest()["clients"]).len(), 1);
    let nobody = Export::of(&[&contoso], &["--select", "SubjectStr:nobody"]);
    assert_eq!(nobody.output.status, 5, "{}", nobody.output.seen());
    nobody.left_nothing();
}

#[test]
fn leaves_and_private_keys_are_never_written() {
    let key = crate::common::pki::rsa();
    let root = Ca::root("Key Root");
    let issuing = root.issue_ca_with(name("Key Issuing"), |options| options.key = Some(key.clone()));
    let leaf = issuing.client_with("key.test", |options| options.key = Some(key.clone()));
    let bundle = [key.serialize_pem(), pem(&leaf), pem(&issuing.der), pem(&root.der), key.serialize_pem()].concat();
    let folder = folder(&[("all.pem", bundle.as_bytes()), ("key.der", key.serialized_der())]);
    let export = Export::of(&[folder.path()], &[]);
    export.holds(&[&root.der], &[&issuing.der]);
    let secret = &key.serialized_der()[key.serialized_der().len() - 64..];
    for file in files(&export.dir()) {
        let bytes = read(export.dir().join(&file));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("PRIVATE KEY"), "{file}");
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{file}");
        assert!(!bytes.windows(leaf.len()).any(|window| window == leaf), "{file}");
    }
    assert!(!export.output.seen().contains("PRIVATE KEY"));
}

#[test]
fn the_manifest_tells_the_provider_of_a_clients_key() {
    let root = Ca::root("Contoso Root CA");
    let key = std::sync::Arc::new(rcgen::KeyPair::generate().expect("a key can be made"));
    let client = root.client_with("pc1.contoso.test", |options| options.key = Some(key.clone()));
    let name = "Microsoft Platform Crypto Provider";
    let folder = folder(&[("root.cer", &root.der), ("pc1.pfx", &openssl::pkcs12(&client, &key, name))]);
    let export = Export::of(&[folder.path()], &[]);
    export.holds(&[&root.der], &[]);
    let told = &export.manifest()["clientDetails"][0];
    assert_eq!(told["sha256"], sha256(&client));
    assert_eq!(told["thumbprint"], thumbprint(&client));
    assert_eq!((&told["keyProvider"]["name"], &told["hasPrivateKey"]), (&name.into(), &true.into()));
}

#[test]
fn a_client_certificate_met_many_times_counts_once() {
    let root = Ca::root("Twice Root");
    let client = root.client("twice.test");
    let bundle = [pem(&client), pem(&root.der), pem(&client)].concat();
    let folder = folder(&[("a.cer", &client), ("b.pem", bundle.as_bytes()), ("c.cer", &root.der)]);
    let export = Export::of(&[folder.path()], &[]);
    export.holds(&[&root.der], &[]);
    assert_eq!(strings(&export.manifest()["clients"]), [sha256(&client)]);
    assert_eq!(array(&export.manifest()["roots"][0]["sources"]).len(), 2);
}

#[test]
fn a_root_that_does_not_say_that_it_is_a_ca_is_known_by_what_it_has_issued() {
    let silent = |common: &str| {
        Ca::root_with(name(common), |options| {
            options.ca = None;
            options.key_usage = Vec::new();
        })
    };
    let (root, namesake) = (silent("Silent Root"), silent("Silent Root"));
    let issuing = root.issue_ca("Silent Issuing");
    let files = folder(&[
        ("root.cer", &root.der),
        ("issuing.cer", &issuing.der),
        ("client.cer", &issuing.client("pc1.contoso.com")),
        // Of the same name, and it has issued nothing.
        ("namesake.cer", &namesake.der),
    ]);
    let export = Export::of(&[files.path()], &["--allow-incomplete"]);
    export.holds(&[&root.der], &[&issuing.der]);

    let files = folder(&[("root.cer", &root.der), ("client.cer", &root.client("pc2.contoso.com"))]);
    let export = Export::of(&[files.path()], &[]);
    export.holds(&[&root.der], &[]);
}

#[test]
fn a_self_signed_client_certificate_is_no_root() {
    let lonely = Ca::root_with(name("lonely.test"), |options| {
        options.ca = None;
        options.key_usage = vec![rcgen::KeyUsagePurpose::DigitalSignature, rcgen::KeyUsagePurpose::KeyEncipherment];
        options.eku = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    let folder = folder(&[("lonely.cer", &lonely.der)]);
    let export = Export::of(&[folder.path()], &[]);
    assert_eq!(export.output.status, 5, "{}", export.output.seen());
    export.left_nothing();
}

#[test]
fn of_a_renewed_root_and_its_predecessor_the_renewed_one_is_written_although_the_ca_below_expires_before_both() {
    // By chance it would be the right one in every second run.
    for _ in 0..8 {
        let old = Ca::root_with(name("Renewed Root"), |root| root.to = (2036, 1, 1));
        let renewed = old.renew_root(|root| root.to = (2056, 1, 1));
        let issuing = old.issue_ca_with(name("Short CA"), |ca| ca.to = (2035, 1, 1));
        let client = issuing.client_with("short.test", |client| client.to = (2034, 1, 1));
        let files: [(&str, &[u8]); 4] =
            [("old.cer", &old.der), ("new.cer", &renewed.der), ("ca.cer", &issuing.der), ("client.cer", &client)];
        let folder = folder(&files);
        Export::of(&[folder.path()], &[]).holds(&[&renewed.der], &[&issuing.der]);
        let told = Run::new(["chain", "--at", AT]).arg(folder.path()).output().text();
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("one expires on 2036-01-01, in the chosen path on 2056-01-01"), "{told}");
    }
}

#[test]
fn a_universalstring_name_is_matched_with_its_utf8string_spelling() {
    let universal = rcgen::DnValue::UniversalString(
        rcgen::string::UniversalString::try_from("Gr\u{fc}ne Stelle \u{1d11e}").expect("a name"),
    );
    let root = Ca::root_with(crate::common::pki::name_of(&[(rcgen::DnType::CommonName, universal)]), |_| {});
    let client =
        root.client_with("universal.test", |options| options.issuer_name = Some(name("Gr\u{fc}ne Stelle \u{1d11e}")));
    let folder = folder(&[("root.cer", &root.der), ("client.cer", &client)]);
    let export = Export::of(&[folder.path()], &[]);
    assert_eq!(export.output.status, 0, "{}", export.output.seen());
    export.holds(&[&root.der], &[]);
}

#[test]
fn an_export_into_the_folder_that_is_read_gives_the_same_again() {
    let root = Ca::root("Inside Root");
    let issuing = root.issue_ca("Inside Issuing");
    let folder = folder(&[("r", &root.der), ("i", &issuing.der), ("c", &issuing.client("inside.test"))]);
    let dir = folder.path().join("cmg");
    into(&[folder.path()], &dir, &[]).status(0);
    let before: Vec<Vec<u8>> =
        files(&dir).iter().filter(|file| file.ends_with(".cer")).map(|file| read(dir.join(file))).collect();
    into(&[folder.path()], &dir, &["--force"]).status(0);
    let after: Vec<Vec<u8>> =
        files(&dir).iter().filter(|file| file.ends_with(".cer")).map(|file| read(dir.join(file))).collect();
    assert_eq!(before, after);
    assert_eq!(after.len(), 2);
}

#[test]
fn readme_txt_and_the_script_name_every_file_and_hold_no_control_character() {
    for source in [repository("testdata/contoso"), testdata("hostile-names")] {
        let export = Export::of(&[&source], &[]);
        for text in ["README.txt", "Import-CmgCertificates.ps1"] {
            let content = String::from_utf8(read(export.dir().join(text))).expect("UTF-8");
            // the mark tells Windows PowerShell and old editors that it is UTF-8
            let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
            assert!(content.is_ascii() || text == "README.txt", "{text} is not ASCII");
            let bad: Vec<char> = content.chars().filter(|c| crate::hostile_names::deceives(*c) && *c != '\r').collect();
            assert!(bad.is_empty(), "{text}: {bad:?}");
            for file in files(&export.dir()).iter().filter(|file| file.ends_with(".cer")) {
                let name = file.rsplit('/').next().unwrap_or_default();
                assert!(content.contains(name), "{text} does not name {name}");
            }
        }
    }
}

#[test]
fn where_no_client_has_a_path_but_a_ca_has_the_refusal_names_what_writes_it() {
    let gap = testdata("missing-intermediate");
    let export = Export::of(&[&gap], &["--allow-incomplete"]);
    export.left_nothing();
    let text = export.output.status(5).text();
    let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("no client certificate has a valid certification path to a root"), "{text}");
    assert!(told.contains("the one CA certificate that has such a path with --all-cas"), "{text}");
    // And it is true.
    let export = Export::of(&[&gap], &["--allow-incomplete", "--all-cas"]);
    export.holds(&[&read(gap.join("root.cer"))], &[]);

    let client = gap.join("client.cer");
    let text = Export::of(&[&client], &["--allow-incomplete"]).output.status(5).text();
    assert!(text.contains("no CA certificate has a valid path") && !text.contains("--all-cas"), "{text}");
}

#[test]
fn an_export_says_for_how_many_clients_the_crls_at_hand_do_not_tell_whether_they_were_revoked() {
    let of = |names: &[&str]| {
        let paths: Vec<PathBuf> = names.iter().map(|name| repository("testdata/contoso").join(name)).collect();
        let export = Export::of(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &[]);
        assert_eq!(export.output.status, 0, "{}", export.output.seen());
        (export.manifest()["revocationUnknown"].clone(), export.output.text().replace("\n", " "))
    };
    let cas = ["clients", "from-pki-team/chain.p7b", "from-pki-team/mail.txt", "from-pki-team/issuing-2.b64"];
    let (count, text) = of(&[&cas[..], &["from-pki-team/root.crl", "from-pki-team/policy.crl"]].concat());
    assert_eq!(count, 3);
    assert!(text.contains("do not tell whether 3 client certificates or their CAs were revoked"), "{text}");
    // Where every list is there, and where none is, so that nobody was judged by any.
    for names in [&["clients", "from-pki-team"][..], &cas] {
        let (count, text) = of(names);
        assert_eq!(count, 0);
        assert!(!text.contains("revoked"), "{text}");
    }
}
