//! `README.txt`: for the person at the console, which file goes where.

use std::fmt::Write;

use crate::ops::{Bundle, Trust};
use crate::report::bundle::manifest::{EntryRecord, Manifest};
use crate::report::bundle::{SCRIPT, crlf};
use crate::report::sanitize::terminal;

/// The text, with CRLF. It is ASCII, or where a name needs more, UTF-8 with a byte-order mark: Notepad of Windows Server 2016
/// shows LF as one long line and guesses the code page of a file without a mark, and `type` shows a mark as rubbish.
pub(super) fn readme(bundle: &Bundle, manifest: &Manifest) -> Vec<u8> {
    let text = crlf(&text(bundle, manifest));
    if text.is_ascii() { text.into_bytes() } else { ["\u{feff}", &text].concat().into_bytes() }
}

fn text(bundle: &Bundle, manifest: &Manifest) -> String {
    let mut out = String::new();
    title(&mut out, "CA certificates for a cloud management gateway (CMG)", '=');
    let _ = writeln!(
        out,
        "Written by certpath {} for {}, judged at {}.",
        env!("CARGO_PKG_VERSION"),
        whom(bundle),
        bundle.at
    );
    out.push_str("One certificate a file, DER (.cer), byte for byte as it was found. No client certificate\nand no private key is in this folder.\n");
    trust(&mut out, bundle, manifest);

    title(&mut out, "Which file goes where", '-');
    out.push_str(
        "\
In the Configuration Manager console, Administration > Cloud Services > Cloud Management
Gateway:

  A new CMG           Create Cloud Management Gateway, page Settings, Certificates:
                      add every file of both folders.
  A CMG that exists   its Properties, tab Settings, Certificates: add what is missing.

  The files of `roots` are trusted roots, those of `intermediates` are intermediate
  certification authorities: the console asks which.

In Administration > Site Configuration > Sites, Properties of the site, tab Communication
Security, Trusted Root Certification Authorities, Set: the files of `roots`, and no other.
Where roots are named there, the site accepts only client certificates under them; every
client with a PKI certificate depends on that list, so add to it and remove nothing.

",
    );
    let _ = writeln!(
        out,
        "\
The same by PowerShell, on a computer with the console:

  .\\{SCRIPT} -Name '<name of the CMG>' -WhatIf
  .\\{SCRIPT} -Name '<name of the CMG>'

It checks each file's SHA-256 first. With -SiteCode and -AddToSiteTrustedRoots it also adds
the roots to the site's list. It is not signed: where PowerShell refuses it, read it, then
Set-ExecutionPolicy -Scope Process RemoteSigned, and Unblock-File if it came by mail."
    );

    section(&mut out, "Roots", &manifest.roots);
    section(&mut out, "Intermediates", &manifest.intermediates);
    out.push_str("\nA file's SHA-256 in PowerShell: Get-FileHash -LiteralPath <file>\n");

    title(&mut out, "Revocation", '-');
    out.push_str(
        "\
The wizard's `Verify Client Certificate Revocation` is on by default. Leave it on only if
the internet can fetch the CRL of every CA here, over HTTP. A CMG that cannot fetch one
treats the clients as revoked, and all of them fail. `certpath audit` tells which CRLs the
internet cannot reach.
",
    );

    title(&mut out, "Which certificate the clients choose", '-');
    out.push_str("Clients that are installed with ccmsetup over the internet can be told the roots:\n\n");
    if manifest.ccm_cert_issuers.is_empty() {
        out.push_str("  no root here has a name that CCMCERTISSUERS can hold.\n");
    } else {
        let _ = writeln!(out, "  CCMCERTISSUERS=\"{}\"", terminal(&manifest.ccm_cert_issuers));
    }
    for subject in &manifest.ccm_cert_issuers_unwritable {
        let _ = writeln!(out, "  Not in it, because it cannot be written there: {}", terminal(subject));
    }
    left_out(&mut out, bundle);
    out
}

fn title(out: &mut String, text: &str, line: char) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{text}\n{}\n", line.to_string().repeat(text.len()));
}

fn whom(bundle: &Bundle) -> String {
    match bundle.clients.len() {
        0 => "every CA with a valid path".to_owned(),
        1 => "1 client certificate".to_owned(),
        count => format!("{count} client certificates"),
    }
}

fn trust(out: &mut String, bundle: &Bundle, manifest: &Manifest) {
    match bundle.trust {
        Trust::Given => out.push_str("\nThe roots were given as trusted.\n"),
        Trust::Store => out.push_str("\nThe roots are trusted by the Windows computer that this was written on.\n"),
        Trust::Assumed => {
            title(out, "First: compare the root with the PKI team", '-');
            out.push_str(
                "\
Nobody has vouched for the root: it was only found among the files. Whoever holds its key
can let clients in. Ask the PKI team, by another way than the one the files came, whether
this is its SHA-256:

",
            );
            for root in &manifest.roots {
                let _ = writeln!(out, "  {}\n  {}", terminal(&root.subject), root.sha256);
            }
        }
    }
}

fn section(out: &mut String, name: &str, entries: &[EntryRecord]) {
    title(out, name, '-');
    if entries.is_empty() {
        out.push_str("none\n");
    }
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let expires = entry.not_after.map_or_else(|| "no date".to_owned(), |last| last.date());
        let _ = writeln!(
            out,
            "{}\n  Subject     {}\n  Expires     {expires}\n  Thumbprint  {}\n  SHA-256     {}",
            entry.file.replace('/', "\\"),
            terminal(&entry.subject),
            entry.thumbprint,
            entry.sha256,
        );
    }
}

fn left_out(out: &mut String, bundle: &Bundle) {
    if bundle.refused.is_empty() {
        return;
    }
    title(out, "Not complete", '-');
    out.push_str("These client certificates have no valid path, so that the CMG will refuse them with these\nCA certificates alone; manifest.json says why:\n\n");
    for client in bundle.refused.iter().take(20) {
        let _ = writeln!(out, "  {}", terminal(&client.entry.certificate.subject().to_string()));
    }
    if let Some(more) = bundle.refused.len().checked_sub(20).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {more} more");
    }
}
