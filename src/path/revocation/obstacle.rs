//! Why a status is unknown, in words for the administrator: what is wrong with the list that came nearest, and where a better one is.

use std::fmt::Write;
use std::sync::Arc;

use crate::certificate::{Certificate, Crl, Decoded, DistributionPoint, GeneralName};
use crate::path::revocation::point::ALL_REASONS;
use crate::path::revocation::store::StoredCrl;
use crate::time::Time;

/// What keeps a list, or all of them, from answering.
pub(super) enum Obstacle<'a> {
    NoCrl,
    OnlyDelta,
    NotIndirect(&'a StoredCrl),
    OtherPoint(&'a StoredCrl),
    /// What it is limited to.
    Only(&'a StoredCrl, &'static str),
    WrongKey(&'a StoredCrl),
    OtherKey(&'a StoredCrl),
    NotYet(&'a StoredCrl),
    Unsupported(&'a StoredCrl, String),
    KeyUsage(&'a StoredCrl),
    Signer(&'a StoredCrl, String),
    Expired(&'a StoredCrl),
    Flawed(&'a StoredCrl),
    /// It names the certificate as held, and is newer than all that clear it.
    Held(&'a StoredCrl),
    /// Those that are covered.
    SomeReasons(u16),
}

impl<'a> Obstacle<'a> {
    /// Of several obstacles the one with the highest is told: there, the least is missing.
    pub(super) fn nearness(&self) -> u8 {
        match self {
            Self::NoCrl => 0,
            Self::OnlyDelta => 1,
            Self::NotIndirect(_) => 2,
            Self::OtherPoint(_) => 3,
            Self::Only(..) => 4,
            Self::SomeReasons(_) => 5,
            Self::WrongKey(_) => 6,
            Self::OtherKey(_) => 7,
            Self::NotYet(_) => 8,
            Self::Unsupported(..) => 9,
            Self::KeyUsage(_) => 10,
            Self::Signer(..) => 11,
            Self::Expired(_) => 12,
            Self::Flawed(_) => 13,
            Self::Held(_) => 14,
        }
    }

    /// Becomes `other` where less is missing there.
    pub(super) fn yield_to(&mut self, other: Self) {
        if self.nearness() < other.nearness() {
            *self = other;
        }
    }

    fn list(&self) -> Option<&'a StoredCrl> {
        match self {
            Self::NoCrl | Self::OnlyDelta | Self::SomeReasons(_) => None,
            Self::NotIndirect(list)
            | Self::OtherPoint(list)
            | Self::Only(list, _)
            | Self::WrongKey(list)
            | Self::OtherKey(list)
            | Self::NotYet(list)
            | Self::Unsupported(list, _)
            | Self::KeyUsage(list)
            | Self::Signer(list, _)
            | Self::Expired(list)
            | Self::Flawed(list)
            | Self::Held(list) => Some(list),
        }
    }

    pub(super) fn crl(&self) -> Option<&'a Arc<Crl>> {
        self.list().map(|list| &list.crl)
    }

    pub(super) fn explain(&self, certificate: &Certificate, at: Time) -> String {
        let mut text = match self.list() {
            Some(list) => self.explain_list(list, certificate, at),
            None => match self {
                Self::OnlyDelta => format!(
                    "of the CRLs from {} only delta CRLs are among the sources; the complete CRL is needed too",
                    certificate.issuer().abridged()
                ),
                Self::SomeReasons(covered) => format!(
                    "the CRLs from {} do not cover revocation for {}; the other CRLs are needed too",
                    certificate.issuer().abridged(),
                    reason_names(ALL_REASONS & !covered)
                ),
                _ => format!("no CRL for certificates of {} is among the sources", certificate.issuer().abridged()),
            },
        };
        // What is missing there is another list, and its place is told with it.
        if matches!(self, Self::Signer(..)) {
            return text;
        }
        let points = certificate.crl_distribution_points();
        let places = published_at(&points);
        if !places.is_empty() {
            let _ = write!(text, "; by the certificate, its CRL is published at {}", places.join(" and at "));
        } else if points.is_absent() {
            text.push_str("; the certificate does not say where its CRL is published");
        } else {
            text.push_str("; the certificate gives no address of its CRL");
        }
        text
    }

    fn explain_list(&self, list: &StoredCrl, certificate: &Certificate, at: Time) -> String {
        let (crl, told) = (&list.crl, list.told());
        let mut text = String::from("the CRL ");
        if let Some(number) = crl.number() {
            let _ = write!(text, "number {number} ");
        }
        let _ = write!(text, "from {}", told.issuer);
        if let Some(issued) = crl.this_update() {
            let _ = write!(text, " of {}", issued.date());
        }
        text.push(' ');
        let _ = match self {
            Self::NotIndirect(_) => {
                write!(text, "does not speak for certificates of {}", certificate.issuer().abridged())
            }
            Self::OtherPoint(_) => {
                if told.points.is_empty() {
                    write!(text, "is for another distribution point than the certificate names")
                } else {
                    write!(
                        text,
                        "is for the distribution point {}, which the certificate does not name",
                        told.points.join(", ")
                    )
                }
            }
            Self::Only(_, what) => write!(text, "covers only {what}"),
            Self::WrongKey(_) => {
                write!(text, "is signed by a key that belongs to no valid certificate of that name at hand")
            }
            Self::OtherKey(_) => write!(
                text,
                "is signed by another key of the CA than the certificate is; a Windows CA keeps one CRL for each of its keys"
            ),
            Self::NotYet(_) if crl.this_update().is_none() => write!(text, "gives no date of issue that can be read"),
            Self::NotYet(_) => write!(text, "was issued only after {at}, the moment that is judged"),
            Self::Unsupported(_, what) => write!(text, "has a signature that cannot be checked: {what}"),
            Self::KeyUsage(_) => {
                write!(text, "is signed by a key that may not sign CRLs: cRLSign is missing from the key usage")
            }
            Self::Signer(_, why) => write!(text, "is signed by a certificate that is not known to be good: {why}"),
            Self::Expired(_) => match crl.next_update() {
                Some(next) => write!(text, "expired on {next}; the next one is needed"),
                None => {
                    write!(text, "does not say until when it holds (nextUpdate, required by RFC 5280 section 5.1.2.5)")
                }
            },
            Self::Flawed(_) => match crl.flaw() {
                Some(flaw) => write!(text, "{flaw}, so it cannot be relied on"),
                None => Ok(()),
            },
            Self::Held(_) => {
                write!(
                    text,
                    "is newer than those that can be relied on, which do not list it, but cannot be relied on itself"
                )
            }
            Self::NoCrl | Self::OnlyDelta | Self::SomeReasons(_) => Ok(()),
        };
        if let Some(entry) = crl.entry(&certificate.issuer(), certificate.serial_number()) {
            let _ = write!(text, "; it lists the certificate");
            if let Some(reason) = entry.reason {
                let _ = write!(text, " ({})", reason.name());
            }
        }
        text
    }
}

/// How many addresses are told: those of one list are all the same file.
const PLACES: usize = 3;

/// Where the certificate says that its CRL is, what any machine can reach first.
fn published_at(points: &Decoded<Vec<DistributionPoint<'_>>>) -> Vec<String> {
    let Decoded::Present(points) = points else { return Vec::new() };
    let mut places: Vec<_> = points.iter().flat_map(|point| uris(&point.full_name)).collect();
    places.sort_by_key(|place| !place.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")));
    places.truncate(PLACES);
    places
}

pub(super) fn uris(names: &[GeneralName<'_>]) -> Vec<String> {
    let text = |name: &GeneralName<'_>| name.value().chars().take(400).collect();
    names.iter().filter(|name| matches!(name, GeneralName::Uri(_))).take(16).map(text).collect()
}

fn reason_names(reasons: u16) -> String {
    const NAMES: [&str; 9] = [
        "",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "privilegeWithdrawn",
        "aACompromise",
    ];
    let missing: Vec<_> =
        NAMES.iter().enumerate().filter(|(bit, _)| reasons >> bit & 1 == 1).map(|(_, name)| *name).collect();
    missing.join(", ")
}
