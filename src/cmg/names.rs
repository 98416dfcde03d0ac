//! Names for the rules: attributes and texts of a distinguished name without an allocation where nothing is found, and the
//! attribute keys that Configuration Manager's criteria take.

use std::borrow::Cow;

use crate::certificate::string;
use crate::certificate::tlv::{Cursor, Tlv, tag};
use crate::certificate::{Name, Oid, oid};

/// One attribute value, as it is encoded.
#[derive(Clone, Copy)]
pub(crate) struct RawAttribute<'a> {
    pub(crate) kind: &'a [u8],
    value: Tlv<'a>,
}

impl<'a> RawAttribute<'a> {
    /// Its text; `None` where it is no character string.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        string::text(self.value.tag, self.value.value)
    }

    /// Whether its text may begin with this one, which is ASCII, in any case; what is written in several bytes a character may
    /// always.
    pub(crate) fn may_begin_with(&self, text: &str) -> bool {
        let is_wide = matches!(self.value.tag, tag::BMP_STRING | tag::UNIVERSAL_STRING);
        is_wide || self.value.value.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()))
    }
}

/// Every attribute in the order of the encoding, up to where that is damaged.
pub(crate) fn attributes<'a>(name: &Name<'a>) -> impl Iterator<Item = RawAttribute<'a>> + use<'a> {
    let children = |bytes: &'a [u8]| Tlv::only(bytes).map_or_else(|_| Cursor::new(&[]), |outer| outer.children());
    let mut relative_names = children(name.as_bytes());
    let mut inner = Cursor::new(&[]);
    std::iter::from_fn(move || {
        while inner.is_empty() {
            if relative_names.is_empty() {
                return None;
            }
            inner = relative_names.expect(tag::SET, "a RelativeDistinguishedName").ok()?.children();
        }
        let mut pair = inner.next().ok()?.children();
        let kind = pair.expect(tag::OID, "an attribute type").ok()?.value;
        Some(RawAttribute { kind, value: pair.next().ok()? })
    })
}

/// The texts of all common names.
pub(crate) fn common_names<'a>(name: &Name<'a>) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
    attributes(name).filter(|attribute| attribute.kind == oid::COMMON_NAME).filter_map(|attribute| attribute.text())
}

/// The attributes that Configuration Manager's criteria name, with the keys it takes for each, the one to write first
/// ("About client installation parameters and properties", "Plan for certificates").
const KEYS: &[(&[u8], &[&str])] = &[
    (oid::DOMAIN_COMPONENT, &["DC"]),
    (oid::EMAIL_ADDRESS, &["E", "E-mail", "EMAIL"]),
    (oid::COMMON_NAME, &["CN"]),
    (oid::SURNAME, &["SN"]),
    (oid::SERIAL_NUMBER, &["SERIALNUMBER"]),
    (oid::COUNTRY, &["C"]),
    (oid::LOCALITY, &["L"]),
    (oid::STATE, &["S", "ST"]),
    (oid::STREET, &["STREET"]),
    (oid::ORGANIZATION, &["O"]),
    (oid::ORGANIZATIONAL_UNIT, &["OU"]),
    (oid::TITLE, &["T", "Title"]),
    (oid::GIVEN_NAME, &["G", "GN", "GivenName"]),
    (oid::INITIALS, &["I", "Initials"]),
];

/// The attribute type that a key or an object identifier names.
pub(crate) fn attribute_type(text: &str) -> Option<Oid> {
    let text = text.trim();
    let by_key = KEYS.iter().find(|(_, keys)| keys.iter().any(|key| key.eq_ignore_ascii_case(text)));
    by_key.map(|(content, _)| Oid::from_content(content)).or_else(|| Oid::parse(text))
}

/// The key under which an attribute type is written: Configuration Manager's, or dotted decimals.
pub(crate) fn attribute_key(kind: &[u8]) -> Cow<'static, str> {
    match KEYS.iter().find(|(content, _)| *content == kind) {
        Some((_, [key, ..])) => Cow::Borrowed(key),
        _ => Cow::Owned(oid::dotted(kind)),
    }
}

/// Whether `text` contains `part`, without regard to case.
pub(crate) fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Whether the two are one text without regard to case.
pub(crate) fn same_ignoring_case(one: &str, two: &str) -> bool {
    one.eq_ignore_ascii_case(two) || (!(one.is_ascii() && two.is_ascii()) && one.to_lowercase() == two.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_its_object_identifier_name_the_same_attribute() {
        for (content, keys) in KEYS {
            for key in *keys {
                assert_eq!(attribute_type(key).unwrap().as_bytes(), *content);
                assert_eq!(attribute_type(&key.to_lowercase()).unwrap().as_bytes(), *content);
            }
            assert_eq!(attribute_type(&oid::dotted(content)).unwrap().as_bytes(), *content);
        }
        assert_eq!(attribute_type("XX"), None);
    }

    #[test]
    fn attributes_are_those_that_the_name_prints_and_damage_ends_them() {
        // SEQUENCE { SET { SEQUENCE { CN, UTF8String "a" } }, SET { SEQUENCE { O, BMPString "b" }, … } }
        let name = [
            0x30, 0x1f, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 12, 1, b'a', 0x31, 0x11, 0x30, 0x09, 6, 3, 0x55, 4,
            10, 0x1e, 2, 0, b'b', 0x30, 0x04, 6, 3, 0x55, 4,
        ];
        let texts: Vec<_> = attributes(&Name::new(&name)).map(|attribute| attribute.text().unwrap()).collect();
        assert_eq!(texts, ["a", "b"]);
        for end in 0..name.len() {
            assert!(attributes(&Name::new(&name[..end])).count() <= 2);
        }
    }
}
