//! For the tests of the reports: what the commands would find in a folder of testdata, put together by the shortest way.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::{Chains, Client, Inspection, IssuerResult, PassedOver, Trust};
use crate::path::graph::{Graph, Issuer};
use crate::path::verdict::can_authenticate_clients;
use crate::path::{Purpose, Settings};
use crate::pool::Pool;
use crate::source::contents::Kind;
use crate::source::{Occurrence, Passwords, Problem, Restrictions, Source, read, walk};
use crate::time::Time;

pub(crate) fn at() -> Time {
    Time::parse("2026-11-22T12:00:00Z").unwrap()
}

/// Everything in `testdata/FOLDER`.
pub(crate) fn inspection(folder: &str) -> Inspection {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let source = Source::parse(root.join(folder).as_os_str()).unwrap();
    let passwords = Passwords::new([]);
    let mut pool = Pool::default();
    let mut found = Inspection::default();
    for input in walk::inputs(&[source]) {
        let input = input.ok().unwrap();
        // Names that are the same wherever the tests run.
        let path = input.name.replace('\\', "/");
        let name: Arc<str> = path.split_once("testdata/").map_or(path.as_str(), |(_, rest)| rest).into();
        let mut index = 0;
        read::read_input(&input, &passwords, |contents| {
            found.problems.extend(contents.faults.into_iter().map(|fault| Problem::new(&name, fault)));
            for one in contents.found {
                match one.kind {
                    Kind::Certificate => {
                        let Ok(certificate) = Certificate::from_vec(one.der) else { continue };
                        let occurrence = Occurrence {
                            source: name.clone(),
                            format: one.format,
                            index,
                            position: one.position,
                            properties: one.properties,
                        };
                        index += 1;
                        pool.add(Arc::new(certificate), occurrence);
                    }
                    Kind::Crl => found.crls += 1,
                    Kind::PrivateKey => found.private_keys += 1,
                }
            }
        });
    }
    found.certificates = pool.entries().to_vec();
    found
}

/// The paths of the clients in `testdata/FOLDER`, its self-signed CAs trusted.
pub(crate) fn chains(folder: &str) -> Chains {
    let at = at();
    let found = inspection(folder);
    let (authorities, end_entities): (Vec<_>, Vec<_>) =
        found.certificates.into_iter().partition(|entry| entry.certificate.is_ca());
    let issuers = authorities.iter().map(|entry| Issuer {
        certificate: entry.certificate.clone(),
        anchor: entry.certificate.is_self_signed().then(Restrictions::default),
    });
    let graph = Graph::new(issuers.collect(), Vec::new(), Settings::new(Purpose::Client, at));
    let (mut clients, mut passed_over) = (Vec::new(), Vec::new());
    for entry in end_entities {
        let reason = if !can_authenticate_clients(&entry.certificate) {
            "its extended key usage does not allow client authentication"
        } else if !entry.certificate.is_valid_at(at) {
            "not valid at the moment of judgement"
        } else {
            clients.push(Client { verdict: graph.judge(&entry.certificate), entry });
            continue;
        };
        passed_over.push(PassedOver { certificate: entry.certificate, reason: reason.into() });
    }
    let mut counts = HashMap::<[u8; 32], u64>::new();
    for path in clients.iter().filter_map(|client| client.verdict.chosen()) {
        for certificate in path.certificates.iter().skip(1) {
            *counts.entry(*certificate.sha256()).or_default() += 1;
        }
    }
    let issuers = authorities
        .into_iter()
        .map(|entry| IssuerResult {
            verdict: graph.judge(&entry.certificate),
            findings: Vec::new(),
            clients: counts.get(entry.certificate.sha256()).copied().unwrap_or(0),
            concerns_clients: None,
            entry,
        })
        .collect();
    Chains { at, trust: Trust::Assumed, issuers, clients, passed_over, selection: None, problems: found.problems }
}

/// Writes what a person would see: `SHOW=DIR cargo test --lib show_what_people_see`.
#[test]
fn show_what_people_see() {
    let Some(folder) = std::env::var_os("SHOW") else { return };
    for name in [
        "contoso",
        "pki/cross-signed",
        "pki/renewed-new-key",
        "pki/missing-intermediate",
        "pki/path-length",
        "pki/wrong-eku",
        "pki/hostile-names",
        "pki/bad-signature",
        "pki/no-key-identifiers",
        "pki/damaged",
    ] {
        for width in [Some(80), Some(200), None] {
            let style =
                super::Style { width, color: width.is_some(), rows: width.map(|_| 40), ..super::Style::default() };
            let mut out = Vec::new();
            super::chain_text::write(&mut out, &style, &chains(name)).unwrap();
            out.extend_from_slice(b"\n=== inspect\n");
            super::inspect_text::write(&mut out, &style, &inspection(name), at()).unwrap();
            let file = format!("{}-{}.txt", name.replace('/', "-"), width.unwrap_or(0));
            std::fs::write(FilePath::new(&folder).join(file), out).unwrap();
        }
    }
}

/// An audit of `number` made-up certificates below the CAs of `testdata/contoso`, with names and findings of every kind.
pub(crate) fn audit(number: usize) -> super::audit::AuditReport {
    use super::audit::{AuditReport, AuditSummaryRecord, AuditedRecord, CaseCountRecord, CodeCountRecord};
    use super::model::{IssuerRecord, ProblemRecord, ReasonRecord};
    use crate::cmg::funnel::Funnel;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::{Code, Finding, Verdict, catalogue};

    let found = chains("contoso");
    let at = found.at;
    let mut issuers: Vec<IssuerRecord> = found.issuers.iter().map(|issuer| IssuerRecord::new(issuer, at)).collect();
    let issuing: Vec<usize> = issuers
        .iter()
        .enumerate()
        .filter(|(_, issuer)| issuer.certificate.subject.contains("Issuing CA"))
        .map(|(index, _)| index)
        .collect();
    issuers[issuing[0]].findings.push(Finding::new(&catalogue::cdp::NONE, "it has no CRL distribution point"));
    let hostile = [
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=document.title='owned'>",
        "\u{202e}moc.osotnoc\u{202c}",
        "\"><svg onload=document.title='owned'>",
        "=cmd|' /C calc'!A0",
        "עברית",
        "東京都庁の証明書",
        "&lt;b&gt; & \\u003c/script>",
    ];
    let mut certificates = Vec::with_capacity(number);
    let mut counts = std::collections::BTreeMap::<_, CaseCountRecord>::new();
    let mut count = |finding: &Finding, own: u64, inherited: u64| {
        let (case, severity) = (finding.case, finding.severity);
        let new = || CaseCountRecord { case: case.name, title: case.title, severity, count: 0, inherited: 0 };
        // The gravest case of a code first.
        let counted = counts.entry((case.code, Reverse(severity), case.name)).or_insert_with(new);
        (counted.count, counted.inherited) = (counted.count + own, counted.inherited + inherited);
    };
    let mut verdicts = [0u64; 3];
    let mut seed = 1u64;
    let mut random = move |below: u64| {
        // A linear congruential generator: the same report each time.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for index in 0..number {
        let issuer = issuing[(random(10) / 7) as usize % issuing.len()];
        let days = random(730) as i64 - 20;
        let mut findings = Vec::new();
        if days < 0 {
            findings.push(Finding::new(&catalogue::validity::EXPIRED, format!("it expired {} days ago", -days)));
        } else if days < 30 {
            findings.push(Finding::new(&catalogue::validity::EXPIRING, format!("it expires in {days} days")));
        }
        if random(200) == 0 {
            findings.push(Finding::new(&catalogue::key_length::TOO_SHORT, "its RSA key has 1024 bits").found("1024"));
        }
        if random(40) == 0 {
            findings.push(Finding::new(&catalogue::sid_extension::PRESENT, "it carries a security identifier"));
        }
        let inherited: Vec<Code> = issuers[issuer].findings.iter().map(Finding::code).collect();
        let of_issuer = issuers[issuer].findings.iter().map(|finding| finding.severity);
        let verdict = Verdict::of(findings.iter().map(|finding| finding.severity).chain(of_issuer));
        findings.iter().for_each(|finding| count(finding, 1, 0));
        issuers[issuer].findings.iter().for_each(|finding| count(finding, 0, 1));
        verdicts[verdict as usize] += 1;
        issuers[issuer].clients += 1;
        let subject = match hostile.get(index) {
            Some(name) => format!("CN={name}, O=Hostile"),
            None => format!("CN=PC{index:05}.corp.contoso.com, OU=Computers, DC=corp, DC=contoso, DC=com"),
        };
        let sha256: Arc<str> = format!("{index:064x}").into();
        let mut path = vec![sha256.clone()];
        let above = &issuers[issuer].paths[0].certificates;
        path.extend(above.iter().map(|one| Arc::<str>::from(one.as_str())));
        certificates.push(AuditedRecord {
            sha256,
            thumbprint: format!("{:040X}", index * 7919),
            subject,
            verdict,
            findings,
            inherited,
            path,
            not_after: Some(at.plus_days(days)),
            days_left: Some(days),
            request_id: index.is_multiple_of(3).then(|| index.to_string()),
            source: Some(format!("export/<{}>.pem", index / 100).into()),
            line: (!index.is_multiple_of(4)).then_some(1 + index as u64 % 100 * 30),
            more_places: index % 3,
        });
    }
    issuers.iter().flat_map(|issuer| &issuer.findings).for_each(|finding| count(finding, 1, 0));
    let counts: Vec<_> = counts.into_iter().map(|((code, ..), counted)| (code, counted)).collect();
    let of_code = |cases: &[(Code, CaseCountRecord)]| {
        let code = cases[0].0;
        let cases: Vec<CaseCountRecord> = cases.iter().map(|(_, counted)| counted.clone()).collect();
        CodeCountRecord {
            code,
            id: code.id(),
            title: code.title(),
            severity: cases[0].severity,
            count: cases.iter().map(|counted| counted.count).sum(),
            inherited: cases.iter().map(|counted| counted.inherited).sum(),
            cases,
        }
    };
    let codes: Vec<CodeCountRecord> = counts.chunk_by(|one, two| one.0 == two.0).map(of_code).collect();
    let problem = Problem {
        source: "mail/<b>broken</b>.cer".into(),
        code: crate::source::ProblemCode::Damaged,
        position: crate::source::Position::Byte(12),
        message: "expected a certificate, found <nothing>".into(),
    };
    let [pass, warn, fail] = verdicts;
    AuditReport {
        schema: AuditReport::SCHEMA,
        at,
        trust: Trust::Assumed,
        summary: AuditSummaryRecord {
            verdict: Verdict::of(codes.iter().map(|code| code.severity)),
            profile: ProfileName::Client,
            certificates: number as u64,
            pass,
            warn,
            fail,
            issuers: issuers.len() as u64,
            codes,
            findings: Vec::new(),
            passed_over: vec![ReasonRecord { reason: "made by Microsoft Intune".into(), count: 3 }],
            selection: Funnel::client().counts(),
            connection_point: Funnel::connection_point().counts(),
            problems: 1,
        },
        issuers,
        certificates,
        problems: vec![ProblemRecord::new(&problem)],
    }
}

/// The page of an audit.
pub(crate) fn write_page(out: &mut Vec<u8>, report: super::audit::AuditReport) {
    let mut certificates = super::html::Certificates::default();
    report.certificates.iter().cloned().for_each(|one| certificates.push(one));
    super::html::write(out, &report, certificates).unwrap();
}

/// Writes the report of ten thousand certificates: `SHOW=DIR cargo test --lib show_the_page`.
#[test]
fn show_the_page() {
    let Some(folder) = std::env::var_os("SHOW") else { return };
    for number in [12, 10_000] {
        let mut out = Vec::new();
        write_page(&mut out, audit(number));
        std::fs::write(FilePath::new(&folder).join(format!("audit-{number}.html")), out).unwrap();
    }
}
