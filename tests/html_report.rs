//! The HTML report of ten thousand certificates, opened in Chromium: it sorts and filters, complains of nothing, asks nobody for
//! anything, and hostile names stay text.

#![allow(clippy::print_stdout)]

mod common;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use common::pki::{Ca, folder};
use common::{AT, Run, not_run};

const NUMBER: usize = 10_000;

/// Names that would change the title, or ask `attacker.test`, if they were anything but text.
const HOSTILE: &[&str] = &[
    "</script><script>document.title='owned'</script>",
    "<img src=http://attacker.test/x onerror=\"document.title='owned'\">",
    "\"><svg/onload=document.title='owned'>",
    "</title></style></noscript><iframe src=http://attacker.test/y>",
    "javascript:document.title='owned'//",
    "\\u003cscript\\u003edocument.title='owned'\\u003c/script\\u003e",
    "<!--<script>",
    "&lt;script&gt;",
    "\u{202e}txt.exe",
];

/// Debian's Chromium, or whatever stands for it.
fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// What a page came to.
struct Page {
    dom: String,
    console: Vec<String>,
    requests: Vec<String>,
}

impl Page {
    /// The text of the first element with this opening tag.
    fn text_behind(&self, opening: &str) -> &str {
        let (_, rest) = self.dom.split_once(opening).unwrap_or_else(|| panic!("no {opening} in the page"));
        let (_, rest) = rest.split_once('>').expect("the tag ends");
        rest.split('<').next().unwrap_or_default()
    }

    /// The subjects of the rows that are shown.
    fn subjects(&self) -> Vec<String> {
        let (_, rows) = self.dom.split_once("id=\"rows\">").expect("the table's body");
        let rows = rows.split_once("</tbody>").expect("its end").0;
        rows.split("data-row=").skip(1).map(|row| text_of(row.split_once('>').expect("a button").1)).collect()
    }

    fn cells(&self, class: &str) -> Vec<String> {
        let (_, rows) = self.dom.split_once("id=\"rows\">").expect("the table's body");
        let rows = rows.split_once("</tbody>").expect("its end").0;
        rows.split(&format!("class=\"{class}\">")).skip(1).map(text_of).collect()
    }
}

fn text_of(markup: &str) -> String {
    let text = markup.split('<').next().unwrap_or_default();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Opens the page behind a proxy that answers nothing and writes down what is asked of it.
fn open(browser: &Path, report: &Path, hash: &str) -> Page {
    let profile = tempfile::tempdir().expect("a folder for the browser");
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = proxy.local_addr().expect("its number").port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&requests);
    std::thread::spawn(move || {
        for connection in proxy.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(connection).read_line(&mut line);
            written.lock().expect("no thread panics with it").push(line);
        }
    });
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--proxy-server=127.0.0.1:{port}"))
        .args([
            "--proxy-bypass-list=<-loopback>",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("file://{}{hash}", report.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser starts");
    let console = String::from_utf8_lossy(&output.stderr);
    let requests = requests.lock().expect("no thread panics with it").clone();
    Page {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: console.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
        requests,
    }
}

/// One PEM file of clients of one CA, and the report on them.
fn report(folder: &Path) -> PathBuf {
    let root = Ca::root("Report Root CA");
    let issuing = root.issue_ca("<b>Report</b> Issuing CA");
    let key = Arc::clone(&Ca::root("a key for all").key);
    let mut text = common::pem(&root.der) + &common::pem(&issuing.der);
    for index in 0..NUMBER {
        let ordinary = format!("pc{index:05}.report.test");
        let der = issuing.client_with(HOSTILE.get(index).copied().unwrap_or(&ordinary), |options| {
            options.key = Some(Arc::clone(&key));
            options.sans.clear();
            // Every tenth has expired; the others end on different days.
            let year = if index % 10 == 0 { 2024 } else { 2026 + (index % 7) as i32 };
            options.to = (year, 2 + (index % 11) as u8, 1 + (index % 28) as u8);
        });
        text += &common::pem(&der);
    }
    common::write(folder.join("issued.pem"), text);
    let out = folder.join("report.html");
    let run = Run::new(["audit", "--at", AT, "--format", "html", "--cmg-revocation", "off", "--output"]).arg(&out);
    run.arg(folder.join("issued.pem")).output().status(1).silent();
    out
}

#[test]
fn the_report_of_ten_thousand_certificates_sorts_filters_and_asks_nobody() {
    let Some(browser) = browser() else {
        return not_run("the HTML report in Chromium, which is not installed (.ci/install chromium)");
    };
    let folder = folder(&[]);

    // That this test would see it.
    let control = folder.path().join("control.html");
    common::write(&control, "<script>console.error('seen')</script><img src=http://attacker.test/z>");
    let seen = open(&browser, &control, "");
    assert!(seen.console.iter().any(|line| line.contains("seen")), "the browser's console is not heard");
    assert!(seen.requests.iter().any(|line| line.contains("attacker.test/z")), "the browser's requests are not seen");

    let report = report(folder.path());

    let page = open(&browser, &report, "");
    assert_eq!(page.subjects().len(), 100, "a page of the table is a hundred rows");
    assert!(
        page.text_behind("id=\"status\"").ends_with("of 10,000 certificates"),
        "{}",
        page.text_behind("id=\"status\"")
    );
    harmless(&page);
    assert!(page.dom.contains("&lt;b&gt;Report&lt;/b&gt; Issuing CA"), "the CA's name is text in the picture");

    let page = open(&browser, &report, "#sort=subject&dir=asc&q=report.test");
    let subjects = page.subjects();
    assert!(subjects.is_sorted(), "{subjects:?}");
    assert!(page.dom.contains("data-sort=\"subject\" aria-sort=\"ascending\""));
    harmless(&page);

    let page = open(&browser, &report, "#sort=notAfter&dir=desc&page=2");
    let dates = page.cells("date");
    assert_eq!(dates.len(), 100);
    assert!(dates.is_sorted_by(|one, two| one >= two), "{dates:?}");
    assert!(page.text_behind("id=\"status\"").starts_with("101"), "{}", page.text_behind("id=\"status\""));

    let page = open(&browser, &report, "#q=pc00042");
    assert_eq!(page.subjects(), ["CN=pc00042.report.test"]);

    let page = open(&browser, &report, "#finding=validity&sort=notAfter&dir=asc");
    assert!(page.text_behind("id=\"status\"").contains("1,000 that match"), "{}", page.text_behind("id=\"status\""));
    assert!(page.cells("date").iter().all(|date| date.starts_with("2024-")));

    let page = open(&browser, &report, "#q=nobody-has-this-name");
    assert!(page.subjects().is_empty());
    assert_eq!(page.text_behind("id=\"status\""), "None of 10,000 certificates matches.");
    harmless(&page);

    for hostile in HOSTILE.iter().filter(|name| name.is_ascii()) {
        let word = hostile.split(['=', ' ', '&', '"', '\\']).find(|word| word.len() > 3).expect("a word");
        let encoded: String = word.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let page = open(&browser, &report, &format!("#q={encoded}"));
        let subjects = page.subjects();
        assert!(
            subjects.iter().any(|subject| subject.replace("\"\"", "\"").contains(hostile)),
            "{hostile} is not shown as text: {subjects:?}"
        );
        harmless(&page);
    }
}

#[track_caller]
fn harmless(page: &Page) {
    assert!(page.console.is_empty(), "the console says {:?}", page.console);
    assert!(page.dom.contains("<title>Audit of certificates for a cloud management gateway</title>"), "a script ran");
    let asked: Vec<&String> = page.requests.iter().filter(|line| line.contains("attacker")).collect();
    assert!(asked.is_empty(), "{asked:?}");
}
