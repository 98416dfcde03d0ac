//! What is to be known of paths beside what is on them, each thing once: gathered path by path, so that nobody has to keep them.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::certificate::Certificate;
use crate::path::{Check, Path, RevocationStatus};
use crate::report::describe;
use crate::report::first_met::{FirstMet, Found, MetAt};
use crate::report::sanitize::terminal;
use crate::report::style::{Style, grouped};

/// Why it is not known of certificates whether they are revoked: each reason once, and the first certificate it was met at.
#[derive(Default)]
pub(crate) struct UnknownRevocation(FirstMet<String, (String, String)>);

/// A reason, and the certificate that it was met at.
pub(crate) type UnknownAt = (Found<(String, (String, String))>, MetAt);

impl UnknownRevocation {
    /// What one certificate adds; nothing where its status is known, or where it was met before.
    pub(crate) fn look(
        &self,
        certificate: &Certificate,
        status: Option<&RevocationStatus>,
        at: MetAt,
    ) -> Option<UnknownAt> {
        let Some(RevocationStatus::Unknown { why, .. }) = status else { return None };
        match self.0.place(why) {
            Some(place) => (!self.0.is_known_at(place, at)).then_some((Found::Known(place), at)),
            None => Some((Found::New(Box::new((why.clone(), (why.clone(), describe::subject(certificate))))), at)),
        }
    }

    pub(crate) fn learn(&mut self, number: u64, (found, at): UnknownAt) {
        self.0.meet(number, found, at);
    }

    /// All that the certificates of a path add; `own` is where its own certificate is met.
    pub(crate) fn learn_path(&mut self, number: u64, path: &Path, own: MetAt) {
        for (index, (certificate, status)) in path.certificates.iter().zip(&path.revocation).enumerate() {
            let at = if index == 0 { own } else { MetAt::Shared(*certificate.sha256()) };
            if let Some(unknown) = self.look(certificate, Some(status), at) {
                self.learn(number, unknown);
            }
        }
    }

    pub(crate) fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        style.heading(out, "Whether they are revoked is not known")?;
        let shown = style.shown(self.0.len());
        for met in self.0.iter().take(shown) {
            let more = match met.count() {
                0 | 1 => String::new(),
                several => format!(" and {} more", grouped(several - 1)),
            };
            let (why, first) = &met.first;
            style.hanging(out, "  - ", "    ", &format!("{first}{more}: {}", terminal(why)))?;
        }
        if shown < self.0.len() {
            writeln!(out, "  {} more: `-v` shows all", self.0.len() - shown)?;
        }
        Ok(())
    }
}

/// What trust anchors limit themselves: where everything is asked for, or where one of these limits can be what a path fails on.
#[derive(Default)]
pub(crate) struct AnchorLimits {
    seen: HashSet<([u8; 32], bool)>,
    told: Vec<String>,
}

impl AnchorLimits {
    pub(crate) fn learn(&mut self, style: &Style, path: &Path) {
        let matters = path.failure.as_ref().is_some_and(|(_, failure)| {
            use Check::{ExtendedKeyUsage, NameConstraints, PathLength, StoreRestriction};
            matches!(failure.check, PathLength | NameConstraints | ExtendedKeyUsage | StoreRestriction)
        });
        let Some(anchor) = path.certificates.last().filter(|_| matters || style.verbose) else { return };
        if !self.seen.insert((*anchor.sha256(), path.is_anchored)) {
            return;
        }
        let Some(limits) = &path.anchor_constraints else { return };
        self.told.push(format!(
            "{}, a trust anchor, limits itself what is below it: {}. RFC 5280 section 6.1.1 (d) takes of an anchor its name and \
             its key alone; RFC 5937 and Windows hold to the rest, and so does this.",
            describe::subject(anchor),
            describe::anchor_limits(limits)
        ));
    }

    pub(crate) fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for text in &self.told {
            writeln!(out)?;
            style.paragraph(out, "", text)?;
        }
        Ok(())
    }
}

/// Names that match by comparison only, and a search that did not end.
#[derive(Default)]
pub(crate) struct Cautions {
    seen: HashSet<[u8; 32]>,
    names: Vec<String>,
    pub(crate) is_exhausted: bool,
}

/// How many certificates are named whose issuer's name is written in another encoding.
const NAMED: usize = 5;

impl Cautions {
    /// Whether another certificate whose issuer's name is written in another encoding would still be named.
    pub(crate) fn has_room(&self) -> bool {
        self.names.len() < NAMED
    }

    pub(crate) fn learn<'a>(&mut self, names_in_other_encodings: impl IntoIterator<Item = &'a Certificate>) {
        for certificate in names_in_other_encodings {
            if self.has_room() && self.seen.insert(*certificate.sha256()) {
                self.names.push(describe::subject(certificate));
            }
        }
    }

    pub(crate) fn learn_path(&mut self, path: &Path) {
        self.learn(path.names_in_other_encodings().map(|(below, _)| &**below));
    }

    pub(crate) fn write(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if !self.names.is_empty() {
            writeln!(out)?;
            let text = format!(
                "{}: the issuer's name is written in another encoding than in the issuer's own certificate. RFC 5280 takes them \
                 for the same; Windows compares names byte for byte, and may not build this path.",
                self.names.join(", ")
            );
            style.paragraph(out, "", &text)?;
        }
        if self.is_exhausted {
            writeln!(out)?;
            style.paragraph(out, "", "The search ended on its budget: there may be more paths than were looked at.")?;
        }
        Ok(())
    }
}
