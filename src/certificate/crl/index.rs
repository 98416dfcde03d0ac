//! The entries of a CRL, in the order of their serial numbers: sixteen bytes each beside the list's own.

use std::collections::HashMap;

use crate::certificate::decode;
use crate::certificate::general_name::{self, GeneralName};
use crate::certificate::name::Name;
use crate::certificate::oid::{self, Oid};
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};
use crate::time::Time;

/// Why a certificate was revoked: CRLReason of RFC 5280 section 5.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// unspecified (0).
    Unspecified,
    /// keyCompromise (1).
    KeyCompromise,
    /// cACompromise (2).
    CaCompromise,
    /// affiliationChanged (3).
    AffiliationChanged,
    /// superseded (4).
    Superseded,
    /// cessationOfOperation (5).
    CessationOfOperation,
    /// certificateHold (6): for the time being.
    CertificateHold,
    /// removeFromCRL (8): no longer revoked; in delta CRLs.
    RemoveFromCrl,
    /// privilegeWithdrawn (9).
    PrivilegeWithdrawn,
    /// aACompromise (10).
    AaCompromise,
    /// A number that RFC 5280 does not define; 255 stands for those beyond it, too.
    Undefined(u8),
}

impl RevocationReason {
    fn read(content: Cursor<'_>) -> Result<Self, DecodeError> {
        let mut content = content;
        let reason = content.expect(tag::ENUMERATED, "a CRLReason (ENUMERATED)")?;
        content.finish()?;
        let number = reason.unsigned().ok_or_else(|| reason.error("a CRLReason of 0 or more"))?;
        Ok(match number {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            other => Self::Undefined(u8::try_from(other).unwrap_or(u8::MAX)),
        })
    }

    /// RFC 5280's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
            Self::Undefined(_) => "a reason that is not defined",
        }
    }
}

/// One entry of a list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CrlEntry<'a> {
    /// Content bytes of the certificate's serial number, as encoded here.
    pub serial_number: &'a [u8],
    /// Since when it is revoked; `None` where the list gives no date there.
    pub revoked_at: Option<Time>,
    /// Why, where the list says.
    pub reason: Option<RevocationReason>,
    /// Since when its key is suspected.
    pub invalidity_date: Option<Time>,
    /// In an indirect CRL the names of the certificate's issuer; empty is the issuer of the list.
    pub certificate_issuer: Vec<GeneralName<'a>>,
}

impl CrlEntry<'_> {
    /// The serial number as upper-case hex.
    pub fn serial_number_hex(&self) -> String {
        general_name::hex(self.serial_number).to_ascii_uppercase()
    }

    /// How final it is, for two entries of one certificate.
    fn weight(&self) -> u8 {
        match self.reason {
            Some(RevocationReason::RemoveFromCrl) => 0,
            Some(RevocationReason::CertificateHold) => 1,
            _ => 2,
        }
    }
}

/// An extension whose content cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) name: &'static str,
    /// Whether it says for which certificates the list speaks.
    pub(crate) decides: bool,
    pub(crate) error: DecodeError,
}

/// What reading the entries met.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// An entry's critical extension that is not understood.
    pub(super) unknown_critical: Option<Oid>,
    /// An entry's extension that is there twice.
    pub(super) twice: Option<Oid>,
    /// Whether an entry names the issuer of its certificate.
    pub(super) names_issuers: bool,
    /// An extension that cannot be read, the list's or an entry's: the first, but one that decides before all others.
    pub(super) unreadable: Option<Unreadable>,
}

impl Survey {
    pub(super) fn note(&mut self, found: Unreadable) {
        if self.unreadable.as_ref().is_none_or(|kept| found.decides && !kept.decides) {
            self.unreadable = Some(found);
        }
    }

    /// The content of an entry's extension, where it can be read.
    fn keep<T>(&mut self, name: &'static str, decides: bool, content: Result<T, DecodeError>) -> Option<T> {
        content.map_err(|error| self.note(Unreadable { name, decides, error })).ok()
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The last eight bytes of the serial number: most comparisons end here.
    tail: u64,
    /// Where the entry stands in the list.
    start: u32,
    /// Where its issuer's GeneralNames stand, often in an entry before it (RFC 5280 section 5.3.3); 0 is the list's own issuer.
    issuer: u32,
}

/// How many entries of one serial number are looked at. An indirect CRL has as many as there are CAs that gave the number.
const OF_ONE_SERIAL: usize = 1024;

/// How many names an entry gives its certificate's issuer at most: it has one.
const ISSUER_NAMES: usize = 256;

/// The entries by serial number.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Box<[Place]>,
}

impl Index {
    /// Reads every entry; the first that is damaged ends it.
    pub(super) fn read(list: &Tlv<'_>, survey: &mut Survey) -> Result<Self, DecodeError> {
        let mut count = 0;
        let mut cursor = list.children();
        while !cursor.is_empty() {
            cursor.next()?;
            count += 1;
        }
        let mut places = Vec::with_capacity(count);
        let mut cursor = list.children();
        let mut issuer = 0;
        // Where `place.start` points from, to compare serial numbers before the list is owned.
        let base = list.value_range().start;
        while !cursor.is_empty() {
            let element = cursor.expect(tag::SEQUENCE, "an entry of revokedCertificates (SEQUENCE)")?;
            let parts = Parts::read(&element, survey)?;
            if let Some(names) = parts.issuer {
                survey.names_issuers = true;
                issuer = narrow(names.range().start);
            }
            places.push(Place { tail: tail(parts.serial), start: narrow(element.range().start), issuer });
        }
        let serial = |place: &Place| serial_at(list.value, (place.start as usize).saturating_sub(base));
        places.sort_by(|one, two| one.tail.cmp(&two.tail).then_with(|| serial(one).cmp(serial(two))));
        let is_of_one = |one: &Place, two: &Place| one.tail == two.tail && serial(one) == serial(two);
        if let Some(too_many) = places.chunk_by(is_of_one).find(|entries| entries.len() > OF_ONE_SERIAL) {
            let found = too_many.len().to_string();
            let error = DecodeError::new(base, "at most 1024 entries of one serial number", found);
            survey.note(Unreadable { name: "list of revoked certificates", decides: true, error });
        }
        Ok(Self { places: places.into() })
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn entries<'a>(&self, der: &'a [u8]) -> impl Iterator<Item = CrlEntry<'a>> {
        self.places.iter().filter_map(|place| entry(der, place))
    }

    /// Of the entries with this serial number whose certificate `issuer` has issued, the most final. A list, by `list_issuer`, with more
    /// than [`OF_ONE_SERIAL`] is not relied on.
    pub(super) fn find<'a>(
        &self,
        der: &'a [u8],
        serial_number: &[u8],
        issuer: &Name<'_>,
        list_issuer: &Name<'_>,
    ) -> Option<CrlEntry<'a>> {
        let is_issuer = |start: u32| match start {
            0 => issuer.matches(list_issuer),
            start => issuer_names(der, start).is_some_and(|names| {
                names.iter().any(|name| matches!(name, GeneralName::Directory(name) if name.matches(issuer)))
            }),
        };
        // Many entries may share the names of an entry before them.
        let mut known = HashMap::new();
        let wanted = significant(serial_number);
        let wanted_tail = tail(wanted);
        let first = self.places.partition_point(|place| {
            place.tail < wanted_tail || place.tail == wanted_tail && serial_at(der, place.start as usize) < wanted
        });
        self.places
            .get(first..)?
            .iter()
            .take_while(|place| place.tail == wanted_tail && serial_at(der, place.start as usize) == wanted)
            .take(OF_ONE_SERIAL)
            .filter(|place| *known.entry(place.issuer).or_insert_with(|| is_issuer(place.issuer)))
            .filter_map(|place| entry(der, place))
            .max_by_key(CrlEntry::weight)
    }
}

/// Offsets fit: a list of 4 GiB or more is refused before it is read.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Without the leading bytes that only repeat the sign: two serial numbers are one number if and only if these are equal.
fn significant(mut serial: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = serial {
        match rest.first() {
            Some(next) if *first == 0 && next & 0x80 == 0 || *first == 0xff && next & 0x80 != 0 => serial = rest,
            _ => break,
        }
    }
    serial
}

fn tail(serial: &[u8]) -> u64 {
    serial.iter().rev().take(8).rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn element_at(bytes: &[u8], start: usize) -> Option<Tlv<'_>> {
    Cursor::new(bytes.get(start..)?).next().ok()
}

fn serial_at(bytes: &[u8], start: usize) -> &[u8] {
    element_at(bytes, start)
        .and_then(|entry| entry.children().next().ok())
        .map_or(&[], |serial| significant(serial.value))
}

/// The names of a certificate's issuer, by where they stand.
fn issuer_names(der: &[u8], start: u32) -> Option<Vec<GeneralName<'_>>> {
    GeneralName::read_all(element_at(der, start as usize)?.children()).ok()
}

fn entry<'a>(der: &'a [u8], place: &Place) -> Option<CrlEntry<'a>> {
    let parts = Parts::read(&element_at(der, place.start as usize)?, &mut Survey::default()).ok()?;
    let certificate_issuer = match place.issuer {
        0 => Vec::new(),
        start => issuer_names(der, start)?,
    };
    Some(CrlEntry {
        serial_number: parts.encoded_serial,
        revoked_at: parts.revoked_at,
        reason: parts.reason,
        invalidity_date: parts.invalidity_date,
        certificate_issuer,
    })
}

/// An entry, as it stands.
struct Parts<'a> {
    encoded_serial: &'a [u8],
    serial: &'a [u8],
    revoked_at: Option<Time>,
    reason: Option<RevocationReason>,
    invalidity_date: Option<Time>,
    /// The GeneralNames of its certificateIssuer.
    issuer: Option<Tlv<'a>>,
}

impl<'a> Parts<'a> {
    fn read(element: &Tlv<'a>, survey: &mut Survey) -> Result<Self, DecodeError> {
        let mut fields = element.children();
        let serial = fields.expect(tag::INTEGER, "userCertificate (serial number, INTEGER)")?;
        if serial.value.is_empty() {
            return Err(serial.error("a serial number of at least one byte"));
        }
        let revoked_at = decode::read_time(&fields.next()?)?;
        let extensions = fields.optional(tag::SEQUENCE)?;
        fields.finish()?;
        let mut parts = Self {
            encoded_serial: serial.value,
            serial: significant(serial.value),
            revoked_at,
            reason: None,
            invalidity_date: None,
            issuer: None,
        };
        if let Some(extensions) = extensions {
            parts.read_extensions(extensions.children(), survey)?;
        }
        Ok(parts)
    }

    fn read_extensions(&mut self, mut cursor: Cursor<'a>, survey: &mut Survey) -> Result<(), DecodeError> {
        let mut has_date = false;
        while !cursor.is_empty() {
            let (kind, critical, value) = decode::read_extension(&mut cursor)?;
            let content = value.children();
            let twice = match kind.value {
                o if o == oid::REASON_CODE => {
                    let reason = survey.keep("reason code of an entry", false, RevocationReason::read(content));
                    reason.is_some_and(|reason| self.reason.replace(reason).is_some())
                }
                o if o == oid::INVALIDITY_DATE => {
                    let date = survey.keep("invalidity date of an entry", false, read_date(content));
                    date.is_some_and(|date| {
                        self.invalidity_date = date;
                        std::mem::replace(&mut has_date, true)
                    })
                }
                o if o == oid::CERTIFICATE_ISSUER => {
                    let names = survey.keep("certificate issuer of an entry", true, read_issuer(content));
                    names.is_some_and(|names| self.issuer.replace(names).is_some())
                }
                o if o == oid::HOLD_INSTRUCTION => false,
                unknown => {
                    if critical && survey.unknown_critical.is_none() {
                        survey.unknown_critical = Some(Oid::from_content(unknown));
                    }
                    false
                }
            };
            if twice && survey.twice.is_none() {
                survey.twice = Some(Oid::from_content(kind.value));
            }
        }
        Ok(())
    }
}

fn read_date(mut content: Cursor<'_>) -> Result<Option<Time>, DecodeError> {
    decode::read_time(&content.expect(tag::GENERALIZED_TIME, "an invalidity date (GeneralizedTime)")?)
}

/// The GeneralNames of a certificateIssuer.
fn read_issuer(mut content: Cursor<'_>) -> Result<Tlv<'_>, DecodeError> {
    let names = content.expect(tag::SEQUENCE, "certificateIssuer (GeneralNames, SEQUENCE)")?;
    content.finish()?;
    if !(1..=ISSUER_NAMES).contains(&GeneralName::read_all(names.children())?.len()) {
        return Err(names.error("a name of the certificate's issuer, or at most 256 of them"));
    }
    Ok(names)
}
