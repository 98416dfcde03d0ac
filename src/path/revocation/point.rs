//! Distribution points: for which certificates and reasons a CRL speaks (RFC 5280 section 6.3.3, steps (b) and (d)).

use crate::certificate::tlv::{Tlv, tag};
use crate::certificate::{Certificate, Crl, Decoded, DistributionPoint, GeneralName, Name};
use crate::der_writer;
use crate::path::revocation::obstacle::Obstacle;
use crate::path::revocation::store::StoredCrl;

/// keyCompromise (1) to aACompromise (8).
pub(super) const ALL_REASONS: u16 = 0x1fe;

/// How many distribution points of one certificate are looked at, and how many names of each.
const POINTS: usize = 64;
const NAMES: usize = 64;

/// What an issuing distribution point limits a list to; without one, nothing.
pub(super) struct Scope {
    /// The point's names in the form in which they are compared, sorted; none is any.
    names: Vec<Vec<u8>>,
    only_user: bool,
    only_ca: bool,
    only_attribute: bool,
    pub(super) reasons: u16,
    pub(super) indirect: bool,
}

impl Scope {
    pub(super) fn of(crl: &Crl) -> Self {
        let point = crl.issuing_distribution_point().unwrap_or_default();
        let mut names = names(&point.full_name, point.relative_name, &crl.issuer());
        names.sort_unstable();
        Self {
            names,
            only_user: point.only_user_certificates,
            only_ca: point.only_ca_certificates,
            only_attribute: point.only_attribute_certificates,
            reasons: point.only_some_reasons.unwrap_or(ALL_REASONS) & ALL_REASONS,
            indirect: point.indirect,
        }
    }
}

/// Where a certificate says that its status stands.
pub(super) struct Point {
    /// Who issues the list, in comparable form.
    pub(super) issuers: Vec<Vec<u8>>,
    /// Whether that is somebody else than the certificate's issuer (`cRLIssuer`).
    is_indirect: bool,
    /// The names of which a list that names its own must share one.
    pub(super) names: Vec<Vec<u8>>,
    pub(super) reasons: u16,
}

impl Point {
    /// The distribution points of a certificate, and last the one that every certificate has: its issuer's name.
    pub(super) fn of(certificate: &Certificate) -> Vec<Self> {
        let mut points: Vec<_> = match &certificate.crl_distribution_points() {
            Decoded::Present(points) => {
                points.iter().take(POINTS).map(|point| Self::read(certificate, point)).collect()
            }
            // One that cannot be read names no list; those of the issuer that speak for all its certificates are left.
            Decoded::Absent | Decoded::Malformed(_) => Vec::new(),
        };
        let issuer = certificate.issuer();
        points.push(Self {
            issuers: vec![issuer.comparable()],
            is_indirect: false,
            names: vec![comparable(&GeneralName::Directory(issuer))],
            reasons: ALL_REASONS,
        });
        points
    }

    fn read(certificate: &Certificate, point: &DistributionPoint<'_>) -> Self {
        let directories: Vec<_> = point
            .crl_issuer
            .iter()
            .filter_map(|name| match name {
                GeneralName::Directory(name) => Some(*name),
                _ => None,
            })
            .collect();
        let is_indirect = !point.crl_issuer.is_empty();
        let issuers = if is_indirect { directories } else { vec![certificate.issuer()] };
        let mut point_names = match (point.relative_name, issuers.as_slice()) {
            // RFC 5280 section 4.2.1.13: relative to the one CRL issuer; with several it may not be used.
            (Some(_), [] | [_, _, ..]) => Vec::new(),
            (relative, [issuer, ..]) => names(&point.full_name, relative, issuer),
            (None, []) => Vec::new(),
        };
        if point_names.is_empty() {
            point_names = point.crl_issuer.iter().map(comparable).collect();
        }
        point_names.truncate(NAMES);
        Self {
            issuers: issuers.iter().map(Name::comparable).collect(),
            is_indirect,
            names: point_names,
            reasons: point.reasons.unwrap_or(ALL_REASONS) & ALL_REASONS,
        }
    }

    /// Whether `list`, of the issuer that this point asks for, speaks for `certificate` here.
    pub(super) fn covers<'a>(&self, certificate: &Certificate, list: &'a StoredCrl) -> Result<(), Obstacle<'a>> {
        let scope = &list.scope;
        if self.is_indirect && !scope.indirect {
            return Err(Obstacle::NotIndirect(list));
        }
        if !scope.names.is_empty() && !self.names.iter().any(|name| scope.names.binary_search(name).is_ok()) {
            return Err(Obstacle::OtherPoint(list));
        }
        if scope.only_attribute {
            return Err(Obstacle::Only(list, "attribute certificates"));
        }
        let is_ca = match certificate.basic_constraints() {
            Decoded::Present(constraints) => Some(constraints.ca),
            Decoded::Absent => Some(false),
            Decoded::Malformed(_) => None,
        };
        if scope.only_user && is_ca != Some(false) {
            return Err(Obstacle::Only(list, "certificates that are no CA's"));
        }
        if scope.only_ca && is_ca != Some(true) {
            return Err(Obstacle::Only(list, "CA certificates"));
        }
        if self.reasons & scope.reasons == 0 {
            return Err(Obstacle::SomeReasons(0));
        }
        Ok(())
    }
}

/// The names of a DistributionPointName, each in the form in which it is compared.
fn names(full: &[GeneralName<'_>], relative: Option<&[u8]>, issuer: &Name<'_>) -> Vec<Vec<u8>> {
    match relative {
        Some(relative) => relative_to(issuer, relative)
            .map(|name| comparable(&GeneralName::Directory(Name::new(&name))))
            .into_iter()
            .collect(),
        None => full.iter().map(comparable).collect(),
    }
}

/// The encoded name that `issuer` and one more relative name make; the latter is given without its SET.
fn relative_to(issuer: &Name<'_>, relative: &[u8]) -> Option<Vec<u8>> {
    let issuer = Tlv::only(issuer.as_bytes()).ok()?;
    Some(der_writer::sequence(&[issuer.value, &der_writer::element(tag::SET, relative)]))
}

/// Two names are one if and only if these are equal (RFC 5280 sections 7.1 to 7.5).
fn comparable(name: &GeneralName<'_>) -> Vec<u8> {
    let with = |form: u8, bytes: &[u8]| [&[form], bytes].concat();
    match name {
        GeneralName::Other { oid, value } => with(0, &[&[oid.len().min(255) as u8], *oid, *value].concat()),
        GeneralName::Email(text) => with(1, &text.to_ascii_lowercase()),
        GeneralName::Dns(text) => with(2, &text.to_ascii_lowercase()),
        GeneralName::Directory(name) => with(4, &name.comparable()),
        GeneralName::Uri(text) => with(6, &fold_uri(text)),
        GeneralName::Ip(bytes) => with(7, bytes),
        GeneralName::RegisteredId(bytes) => with(8, bytes),
        GeneralName::Unread(form, bytes) => with(*form, bytes),
    }
}

/// Scheme and host in lower case; the path as it is (RFC 5280 section 7.4).
fn fold_uri(uri: &[u8]) -> Vec<u8> {
    let mut folded = uri.to_vec();
    let authority = uri.windows(3).position(|three| three == b"://").map_or(0, |place| place + 3);
    let end = uri.iter().skip(authority).position(|byte| *byte == b'/').map_or(uri.len(), |place| authority + place);
    if let Some(start) = folded.get_mut(..if authority == 0 { 0 } else { end }) {
        start.make_ascii_lowercase();
    }
    folded
}
