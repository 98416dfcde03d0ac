//! The properties of a Windows store entry (wincrypt.h, `CERT_…_PROP_ID`), and the elements that carry them in serialized stores and in
//! registry blobs alike (\[MS-OSHARED\] 2.3.2.5).

use std::ops::RangeInclusive;

use crate::certificate::Oid;
use crate::certificate::tlv::{Tlv, tag};
use crate::source::ber;
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::properties::{Properties, Restrictions, shared};
use crate::source::provider::{parse_key_prov_info, utf16_until_nul};
use crate::source::shape::{Shape, is_filled, shape};
use crate::time::Time;

/// The ids that are read. Of the others some are hints that anyone can compute from the certificate (hashes, lengths of keys), and
/// a hint that is wrong must not win over the certificate; the rest is nothing to do with paths or keys.
mod id {
    pub(super) const END: u32 = 0;
    pub(super) const KEY_PROV_INFO: u32 = 2;
    pub(super) const ENHKEY_USAGE: u32 = 9;
    pub(super) const FRIENDLY_NAME: u32 = 11;
    pub(super) const ARCHIVED: u32 = 19;
    pub(super) const CERTIFICATE: u32 = 32;
    pub(super) const CRL: u32 = 33;
    pub(super) const CTL: u32 = 34;
    pub(super) const DISALLOWED_FILETIME: u32 = 104;
    pub(super) const DISALLOWED_ENHKEY_USAGE: u32 = 122;
    pub(super) const NOT_BEFORE_FILETIME: u32 = 126;
    pub(super) const NOT_BEFORE_ENHKEY_USAGE: u32 = 127;
}

/// Every id that wincrypt.h defines lies within these.
const KNOWN_IDS: [RangeInclusive<u32>; 2] = [1..=34, 64..=128];

/// The ids of CERT_SCEP_RA_SIGNATURE_CERT_PROP_ID to CERT_SCEP_SIGNER_CERT_PROP_ID: certificates of an enrolment that is under way.
const SCEP_CERTIFICATES: RangeInclusive<u32> = 109..=112;

/// The size of an element's header: id, encoding type, length.
const HEADER: usize = 12;

/// Take a property that a PFX carries along. The provider of the key is the key bag's to tell.
pub(crate) fn apply_exported(id: u32, value: &[u8], properties: &mut Properties) {
    if id != id::KEY_PROV_INFO {
        // A value that cannot be read is as good as none here: Windows writes nothing of consequence there.
        let _ = apply(id, value, properties);
    }
}

/// Take one property; an error says what is wrong with its value.
pub(crate) fn apply(id: u32, value: &[u8], properties: &mut Properties) -> Result<(), String> {
    let restrictions: &mut Restrictions = &mut properties.restrictions;
    match id {
        id::KEY_PROV_INFO => {
            let info = parse_key_prov_info(value).ok_or_else(|| {
                format!(
                    "the key provider information (property 2) of {} bytes has names that lie outside of it",
                    value.len()
                )
            })?;
            properties.has_private_key = true;
            properties.key_provider = Some(info.key_provider());
            properties.key_container = info.container.as_deref().map(shared);
        }
        id::FRIENDLY_NAME => properties.friendly_name = Some(shared(&utf16_until_nul(value))),
        id::ARCHIVED => properties.archived = true,
        id::ENHKEY_USAGE => restrictions.enhanced_key_usage = Some(usages(id, value)?),
        id::DISALLOWED_FILETIME => restrictions.disallowed_from = Some(filetime(id, value)?),
        id::DISALLOWED_ENHKEY_USAGE => restrictions.disallowed_usages = Some(usages(id, value)?),
        id::NOT_BEFORE_FILETIME => restrictions.not_before = Some(filetime(id, value)?),
        id::NOT_BEFORE_ENHKEY_USAGE => restrictions.not_before_usages = Some(usages(id, value)?),
        _ => {}
    }
    Ok(())
}

/// A SEQUENCE OF OBJECT IDENTIFIER, as in the extension.
fn usages(id: u32, value: &[u8]) -> Result<Vec<Oid>, String> {
    let read = || {
        let mut usages = Vec::new();
        let mut oids = Tlv::only_of(value, tag::SEQUENCE, "a list of usages")?.children();
        while !oids.is_empty() {
            usages.push(Oid::from_content(oids.expect(tag::OID, "a usage")?.value));
        }
        Ok(usages)
    };
    read().map_err(|error: crate::certificate::DecodeError| {
        format!("the usages of property {id} cannot be read: {error}")
    })
}

fn filetime(id: u32, value: &[u8]) -> Result<Time, String> {
    match <[u8; 8]>::try_from(value) {
        // A zero disallows from the beginning of time.
        Ok(bytes) => Ok(Time::from_filetime(u64::from_le_bytes(bytes))),
        Err(_) => Err(format!("the time of property {id} has {} bytes instead of 8", value.len())),
    }
}

/// How the elements of a place end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With an element of id 0, as a serialized store does.
    Marker,
    /// With the bytes, as a registry blob does.
    Bytes,
}

/// One element, within bounds.
pub(crate) struct StoreElement<'a> {
    pub(crate) id: u32,
    pub(crate) encoding: u32,
    pub(crate) value: &'a [u8],
    pub(crate) at: usize,
}

/// Walks over elements.
pub(crate) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl StoreElement<'_> {
    /// Whether it ends a serialized store.
    pub(crate) fn is_end(&self) -> bool {
        self.id == id::END && self.value.is_empty()
    }
}

impl<'a> Elements<'a> {
    /// Where the next one begins.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The next element, `None` at the end of the bytes; an error says where an element begins that they do not hold whole.
    pub(crate) fn next(&mut self) -> Result<Option<StoreElement<'a>>, (usize, String)> {
        let at = self.at;
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let Some((header, after)) = rest.split_at_checked(HEADER) else {
            return Err((at, format!("expected the header of a store element, {HEADER} bytes, found {}", rest.len())));
        };
        let number = |n: usize| u32::from_le_bytes([header[n], header[n + 1], header[n + 2], header[n + 3]]);
        let (id, encoding, length) = (number(0), number(4), number(8));
        let value = usize::try_from(length).ok().and_then(|length| after.get(..length)).ok_or_else(|| {
            (at, format!("expected a store element (id {id}) of {length} bytes, found {}", after.len()))
        })?;
        self.at = at + HEADER + value.len();
        Ok(Some(StoreElement { id, encoding, value, at }))
    }
}

/// A certificate or CRL in an element that says to be something else.
struct Misplaced {
    kind: Kind,
    is_whole: bool,
}

impl Misplaced {
    fn message(&self, id: u32) -> String {
        let what = if self.kind == Kind::Certificate { "a certificate" } else { "a CRL" };
        let read = if self.is_whole { "it was read" } else { "it is not whole, and was not read" };
        format!("expected what store element {id} holds, found {what}, which elements 32 and 33 hold: {read}")
    }
}

/// Whether an element that is no certificate's or CRL's has the shape of one: one damaged bit of an id makes it a property that
/// nobody knows, a list or an end marker. Of ids that are known only a whole one counts, since a hash may begin like anything.
fn misplaced(element: &StoreElement<'_>) -> Option<Misplaced> {
    let (kind, own) = match shape(element.value) {
        Shape::Certificate => (Kind::Certificate, id::CERTIFICATE),
        Shape::Crl => (Kind::Crl, id::CRL),
        _ => return None,
    };
    let is_whole = ber::element(element.value).is_ok_and(|whole| whole.raw.len() == element.value.len())
        && is_filled(element.value);
    let is_its_own = element.id == own || SCEP_CERTIFICATES.contains(&element.id);
    let is_known = KNOWN_IDS.iter().any(|ids| ids.contains(&element.id));
    (!is_its_own && (is_whole || !is_known)).then_some(Misplaced { kind, is_whole })
}

/// Read elements from `start` on: properties, then the certificate, CRL or CTL that they are about. In a registry blob they may be behind it
/// too. `position` makes a position of an offset.
pub(crate) fn read(
    bytes: &[u8],
    start: usize,
    end: End,
    format: Format,
    position: impl Fn(usize) -> Position,
) -> Contents {
    let mut contents = Contents::default();
    let mut elements = Elements::new(bytes, start);
    let mut properties = Properties::default();
    let mut pending = false;
    loop {
        match elements.next() {
            Err((at, message)) => {
                contents.faults.push(Fault::new(ProblemCode::Truncated, position(at), message));
                break;
            }
            Ok(None) => {
                if end == End::Marker {
                    let message =
                        "expected an end marker, found the end of the file: what is missing behind it is not known";
                    contents.faults.push(Fault::new(ProblemCode::Truncated, position(bytes.len()), message));
                }
                break;
            }
            Ok(Some(element)) => match (element.id, misplaced(&element)) {
                (id::END, None) if element.value.is_empty() => {
                    trailing(&mut contents, bytes.get(elements.at..).unwrap_or_default(), position(elements.at));
                    break;
                }
                _ if contents.is_full => break,
                (id, misplaced) if misplaced.is_some() || matches!(id, id::CERTIFICATE | id::CRL) => {
                    let by_id = if id == id::CERTIFICATE { Kind::Certificate } else { Kind::Crl };
                    let own = std::mem::take(&mut properties);
                    if misplaced.as_ref().is_none_or(|misplaced| misplaced.is_whole) {
                        let kind = misplaced.as_ref().map_or(by_id, |misplaced| misplaced.kind);
                        let mut found = Found::new(kind, element.value.to_vec(), format, position(element.at));
                        found.properties = (own != Properties::default()).then(|| Box::new(own));
                        contents.add(found);
                    }
                    if let Some(misplaced) = misplaced {
                        let fault = Fault::new(ProblemCode::Damaged, position(element.at), misplaced.message(id));
                        fault.add_to(&mut contents.faults);
                    }
                    pending = false;
                }
                (id::END, _) => {
                    let message = format!(
                        "expected an end marker without content, found one of {} bytes; what stands behind it was read \
                         all the same",
                        element.value.len()
                    );
                    Fault::new(ProblemCode::Damaged, position(element.at), message).add_to(&mut contents.faults);
                    properties = Properties::default();
                }
                // Certificate trust lists are lists of hashes: no certificate is in them.
                (id::CTL, _) => {
                    properties = Properties::default();
                    pending = false;
                }
                (id, _) => {
                    pending = true;
                    if let Err(message) = apply(id, element.value, &mut properties) {
                        let fault = Fault::new(ProblemCode::Damaged, position(element.at), message);
                        fault.add_to(&mut contents.faults);
                    }
                }
            },
        }
    }
    if end == End::Bytes && properties != Properties::default() {
        // Behind the certificate of a blob that holds one.
        if let [found] = contents.found.as_mut_slice() {
            found.properties.get_or_insert_default().take_missing(properties);
            pending = false;
        }
    }
    if end == End::Bytes && pending && contents.found.is_empty() && contents.faults.is_empty() {
        let message = "expected a certificate, CRL or CTL (store element 32, 33 or 34), found properties only";
        contents.faults.push(Fault::new(ProblemCode::Damaged, position(start), message));
    }
    contents
}

/// Zeros behind the end marker are padding; anything else was offered, and is not read.
fn trailing(contents: &mut Contents, rest: &[u8], position: Position) {
    if rest.iter().any(|byte| *byte != 0) {
        let message =
            format!("expected nothing behind the end marker, found {} more bytes, which are not read", rest.len());
        contents.faults.push(Fault::new(ProblemCode::Damaged, position, message));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn element(id: u32, value: &[u8]) -> Vec<u8> {
        let header = [id, 1, value.len() as u32];
        [header.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>(), value.to_vec()].concat()
    }

    pub(crate) fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn restrictions_are_read() {
        let mut properties = Properties::default();
        let client_auth = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        for id in [9, 122, 127] {
            apply(id, &client_auth, &mut properties).unwrap();
        }
        // 2017-01-01 and the epoch of FILETIME.
        apply(104, &131_277_024_000_000_000u64.to_le_bytes(), &mut properties).unwrap();
        apply(126, &0u64.to_le_bytes(), &mut properties).unwrap();
        let restrictions = properties.restrictions;
        let usage = vec![Oid::parse("1.3.6.1.5.5.7.3.2").unwrap()];
        assert_eq!(restrictions.enhanced_key_usage.as_ref(), Some(&usage));
        assert_eq!(restrictions.disallowed_usages.as_ref(), Some(&usage));
        assert_eq!(restrictions.not_before_usages.as_ref(), Some(&usage));
        assert_eq!(restrictions.disallowed_from, Some(Time::parse("2017-01-01T00:00:00Z").unwrap()));
        assert_eq!(restrictions.not_before, Some(Time::parse("1601-01-01T00:00:00Z").unwrap()));
    }

    #[test]
    fn an_empty_list_of_usages_is_not_the_same_as_none() {
        let mut properties = Properties::default();
        apply(9, &[0x30, 0], &mut properties).unwrap();
        assert_eq!(properties.restrictions.enhanced_key_usage, Some(vec![]));
    }

    #[test]
    fn values_that_cannot_be_read_are_named() {
        let mut properties = Properties::default();
        for (id, value) in
            [(9, [0x30, 5].as_slice()), (122, b""), (127, &[0x30, 2, 4, 0]), (104, b"1234567"), (126, b""), (2, b"x")]
        {
            let message = apply(id, value, &mut properties).unwrap_err();
            assert!(message.contains(&format!("property {id}")), "{message}");
        }
        assert_eq!(properties, Properties::default());
    }
}
