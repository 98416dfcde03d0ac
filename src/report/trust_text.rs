//! Where trust came from, for people: and where it was assumed, the roots to compare with the PKI team.

use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::ops::Trust;
use crate::report::sanitize::terminal;
use crate::report::style::{Style, Tint, grouped};

/// Where the trust anchors came from, to stand in a line about the run.
pub(crate) fn origin(trust: Trust) -> &'static str {
    match trust {
        Trust::Given => "trust anchors as given by --trust",
        Trust::Store => "trust anchors from Windows' Root stores",
        Trust::Assumed => "trust anchors assumed: the self-signed CAs found here",
    }
}

/// That none of the certificates that `--trust` holds, so many, can end a path.
pub(crate) fn none_to_trust(count: usize) -> String {
    format!("--trust holds no CA certificate that a path can end at (certificates: {count})")
}

/// The roots to compare; nothing where somebody has vouched for them, or where there are none.
pub(crate) fn to_compare(out: &mut dyn Write, style: &Style, trust: Trust, roots: &[&Certificate]) -> io::Result<()> {
    if trust != Trust::Assumed || roots.is_empty() {
        return Ok(());
    }
    let (what, whose) = match roots {
        [_] => ("the root was", "with that root"),
        _ => ("the roots were", "with the root"),
    };
    writeln!(out)?;
    let heading = format!("Trust is assumed: {what} only found among the sources.");
    writeln!(out, "{}", style.paint(Tint::Warning, &heading))?;
    style.paragraph(
        out,
        "",
        &format!(
            "Compare the SHA-256 with the PKI team, over another channel than the files came by; if it is theirs, \
             `--trust FILE` {whose} makes it certain:"
        ),
    )?;
    let shown = style.shown(roots.len());
    for root in roots.iter().take(shown) {
        writeln!(out, "  {}\n    {}", terminal(&root.subject().to_string()), root.sha256_hex())?;
    }
    if shown < roots.len() {
        writeln!(out, "  {} more: `-v` shows all", grouped((roots.len() - shown) as u64))?;
    }
    Ok(())
}
