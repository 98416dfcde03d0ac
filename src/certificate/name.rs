//! Distinguished names: as .NET prints them, and as RFC 5280 section 7.1 compares them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_normalization::UnicodeNormalization as _;

use crate::abridged::abridged;
use crate::certificate::string;
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};
use crate::certificate::{general_name, oid};

/// A distinguished name, by its encoding.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    raw: &'a [u8],
}

/// One attribute of a name: the type and the value.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    oid: &'a [u8],
    value: Tlv<'a>,
}

impl<'a> Attribute<'a> {
    /// The content bytes of the type's object identifier.
    pub fn oid(&self) -> &'a [u8] {
        self.oid
    }

    /// Dotted decimals of the type.
    pub fn oid_text(&self) -> String {
        oid::dotted(self.oid)
    }

    /// The name that Windows gives the type, such as `CN` or `S`; `None` where it has none.
    pub fn key(&self) -> Option<&'static str> {
        key(self.oid)
    }

    /// The value as text; what is no character string is `#` and the hex of its encoding.
    pub fn text(&self) -> Cow<'a, str> {
        string::text(self.value.tag, self.value.value).unwrap_or_else(|| Cow::Owned(hex_value(self.value.raw)))
    }

    /// Whether two values of other bytes are the same in the form in which they are compared.
    fn has_text_of(&self, other: &Self) -> bool {
        let text = |one: &Self| string::text(one.value.tag, one.value.value);
        let is_like = |text: &str, bytes: &[u8]| {
            std::str::from_utf8(bytes).is_ok_and(|other| folded_anew(text).eq(other.chars()))
        };
        match (text(self), text(other)) {
            (Some(one), Some(two)) => fold_alike(&one, &two),
            (Some(text), None) => is_like(&text, other.value.raw),
            (None, Some(text)) => is_like(&text, self.value.raw),
            (None, None) => false,
        }
    }

    /// Writes the form in which two values are compared: RFC 5280 section 7.1 by RFC 4518, case folded, and runs of
    /// spaces made one. A value that is no character string compares by its encoding.
    fn write_comparable(&self, out: &mut Vec<u8>) {
        push_field(out, self.oid);
        match string::text(self.value.tag, self.value.value) {
            Some(text) => push_field(out, fold(&text).as_bytes()),
            None => push_field(out, self.value.raw),
        }
    }
}

/// Normalised (NFKC, RFC 4518 section 2.3), case folded, leading and trailing spaces dropped, inner runs made one space.
pub(crate) fn fold(text: &str) -> String {
    // ASCII is its own normal form, and what most names are.
    if text.is_ascii() { folded(text.chars()).collect() } else { folded_anew(text).collect() }
}

/// Whether the two fold alike: as far as they do, so that a text of megabytes costs nothing beside another.
fn fold_alike(one: &str, two: &str) -> bool {
    if one.is_ascii() && two.is_ascii() {
        folded(one.chars()).eq(folded(two.chars()))
    } else {
        folded_anew(one).eq(folded_anew(two))
    }
}

fn folded_anew(text: &str) -> impl Iterator<Item = char> {
    folded(text.nfkc()).nfkc()
}

fn folded(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let (mut has_begun, mut is_apart) = (false, false);
    let apart = text.filter_map(move |c| match c {
        // RFC 4518 section 2.2: mapped to nothing, before spaces are counted.
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => None,
        c if c.is_whitespace() => {
            is_apart = has_begun;
            None
        }
        c => {
            has_begun = true;
            Some((std::mem::take(&mut is_apart).then_some(' '), c))
        }
    });
    apart.flat_map(|(space, c)| {
        let (c, rest) = if matches!(c, 'ß' | 'ẞ') { ('s', Some('s')) } else { (c, None) };
        space.into_iter().chain(c.to_lowercase()).chain(rest)
    })
}

/// A length, then the bytes, so that no two sequences of fields run into each other.
fn push_field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes()[2..]);
    out.extend_from_slice(bytes);
}

fn hex_value(bytes: &[u8]) -> String {
    format!("#{}", general_name::upper_hex(bytes))
}

/// The keys of `CertNameToStr` with `CERT_X500_NAME_STR`, which .NET prints too.
fn key(attribute: &[u8]) -> Option<&'static str> {
    let is_attribute_type = attribute.first() == Some(&0x55) && attribute.get(1) == Some(&4)
        || attribute == oid::DOMAIN_COMPONENT
        || attribute == oid::EMAIL_ADDRESS;
    is_attribute_type.then(|| oid::name(attribute)).flatten()
}

impl<'a> Name<'a> {
    /// From the encoding of a Name, whether or not it is well formed; whether it is, is asked for separately.
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether it has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.relative_names().next().is_none()
    }

    /// That the whole of it is well formed.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let mut relative_names = Tlv::only_of(self.raw, tag::SEQUENCE, "a Name (SEQUENCE)")?.children();
        while !relative_names.is_empty() {
            let mut attributes = relative_names.expect(tag::SET, "a RelativeDistinguishedName (SET)")?.children();
            while !attributes.is_empty() {
                let mut attribute = attributes.expect(tag::SEQUENCE, "an AttributeTypeAndValue (SEQUENCE)")?.children();
                attribute.expect(tag::OID, "an attribute type (OBJECT IDENTIFIER)")?;
                attribute.next()?;
                attribute.finish()?;
            }
        }
        Ok(())
    }

    /// The relative names in the order of the encoding, each with its attributes. Ends where the encoding is damaged.
    fn relative_names(&self) -> impl Iterator<Item = Vec<Attribute<'a>>> + use<'a> {
        let mut cursor = Tlv::only(self.raw).map_or_else(|_| Cursor::new(&[]), |name| name.children());
        std::iter::from_fn(move || {
            if cursor.is_empty() {
                return None;
            }
            let set = cursor.expect(tag::SET, "a RelativeDistinguishedName").ok()?;
            let mut attributes = Vec::with_capacity(1);
            let mut inner = set.children();
            while let Ok(sequence) = inner.next() {
                let mut pair = sequence.children();
                let Ok(kind) = pair.expect(tag::OID, "an attribute type") else { break };
                let Ok(value) = pair.next() else { break };
                attributes.push(Attribute { oid: kind.value, value });
            }
            Some(attributes)
        })
    }

    /// Every attribute, in the order of the encoding.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.relative_names().flatten()
    }

    /// The last common name, which .NET prints first.
    pub fn common_name(&self) -> Option<Cow<'a, str>> {
        self.attributes().filter(|attribute| attribute.oid == oid::COMMON_NAME).last().map(|name| name.text())
    }

    /// What stands for the name in a short text: the common name, else the whole; cut where it is longer than anybody reads.
    pub fn short(&self) -> String {
        match self.common_name() {
            Some(name) if !name.is_empty() => abridged(name).into_owned(),
            _ if self.is_empty() => "(no name)".to_owned(),
            _ => self.abridged(),
        }
    }

    /// As it is printed, cut likewise.
    pub(crate) fn abridged(&self) -> String {
        abridged(self.text()).into_owned()
    }

    /// As it is printed: `to_string`, with one allocation.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.raw.len());
        // Writing into memory cannot fail.
        let _ = write!(text, "{self}");
        text
    }

    /// The form in which names are compared: two names match by RFC 5280 section 7.1 if and only if these are equal.
    pub fn comparable(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.raw.len() * 2);
        for attributes in self.relative_names() {
            push_relative_name(&mut out, &attributes);
        }
        out
    }

    /// The comparable forms of its relative names, one by one.
    pub(crate) fn comparable_parts(&self) -> Vec<Vec<u8>> {
        self.relative_names()
            .map(|attributes| {
                let mut out = Vec::new();
                push_relative_name(&mut out, &attributes);
                out
            })
            .collect()
    }

    /// Whether the two match by RFC 5280 section 7.1: the same bytes, or the same text in other string types, case or spacing.
    pub fn matches(&self, other: &Name<'_>) -> bool {
        if self.raw == other.raw {
            return true;
        }
        let (mut one, mut two) = (self.relative_names(), other.relative_names());
        loop {
            match (one.next(), two.next()) {
                (None, None) => return true,
                (Some(one), Some(two)) if relative_names_match(&one, &two) => {}
                _ => return false,
            }
        }
    }
}

fn relative_names_match(one: &[Attribute<'_>], two: &[Attribute<'_>]) -> bool {
    if let ([one], [two]) = (one, two) {
        if one.oid != two.oid {
            return false;
        }
        return one.value.raw == two.value.raw || one.has_text_of(two);
    }
    let comparable = |attributes: &[Attribute<'_>]| {
        let mut out = Vec::new();
        push_relative_name(&mut out, attributes);
        out
    };
    one.len() == two.len() && comparable(one) == comparable(two)
}

/// The attributes of one relative name are a set: their order says nothing.
fn push_relative_name(out: &mut Vec<u8>, attributes: &[Attribute<'_>]) {
    let mut parts: Vec<Vec<u8>> = attributes
        .iter()
        .map(|attribute| {
            let mut part = Vec::new();
            attribute.write_comparable(&mut part);
            part
        })
        .collect();
    parts.sort();
    let mut joined = Vec::new();
    for part in &parts {
        push_field(&mut joined, part);
    }
    push_field(out, &joined);
}

/// As .NET's `X509Certificate2.Subject` prints it: the last relative name first, values quoted where they need it.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relative_names: Vec<_> = self.relative_names().collect();
        for (index, attributes) in relative_names.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            for (index, attribute) in attributes.iter().enumerate() {
                if index > 0 {
                    f.write_str(" + ")?;
                }
                match attribute.key() {
                    Some(key) => f.write_str(key)?,
                    None => write!(f, "OID.{}", attribute.oid_text())?,
                }
                f.write_str("=")?;
                write_value(f, attribute)?;
            }
        }
        Ok(())
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, attribute: &Attribute<'_>) -> fmt::Result {
    let text = attribute.text();
    let is_text = string::is_string(attribute.value.tag);
    let blank = |c: Option<char>| matches!(c, Some(' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'));
    let quoted = is_text
        && (text.is_empty()
            || blank(text.chars().next())
            || blank(text.chars().next_back())
            || text.contains([',', '+', '=', '"', '\n', '\r', '<', '>', '#', ';']));
    if quoted { write!(f, "\"{}\"", text.replace('"', "\"\"")) } else { f.write_str(&text) }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der_writer::element;

    /// Type, tag and value.
    type Part<'a> = (&'a [u8], u8, &'a [u8]);

    fn name(parts: &[&[Part<'_>]]) -> Vec<u8> {
        let sets: Vec<u8> = parts
            .iter()
            .flat_map(|set| {
                let attributes: Vec<u8> = set
                    .iter()
                    .flat_map(|(oid, tag, value)| {
                        element(tag::SEQUENCE, &[element(tag::OID, oid), element(*tag, value)].concat())
                    })
                    .collect();
                element(tag::SET, &attributes)
            })
            .collect();
        element(tag::SEQUENCE, &sets)
    }

    const CN: &[u8] = oid::COMMON_NAME;
    const UTF8: u8 = tag::UTF8_STRING;

    #[test]
    fn the_last_relative_name_is_printed_first() {
        let raw = name(&[
            &[(oid::DOMAIN_COMPONENT, tag::IA5_STRING, b"com")],
            &[(oid::DOMAIN_COMPONENT, tag::IA5_STRING, b"contoso")],
            &[(CN, UTF8, b"Contoso Issuing CA")],
        ]);
        assert_eq!(Name::new(&raw).to_string(), "CN=Contoso Issuing CA, DC=contoso, DC=com");
    }

    #[test]
    fn values_are_quoted_as_dotnet_quotes_them() {
        for (value, expected) in [
            (&b"Contoso, Ltd"[..], "CN=\"Contoso, Ltd\""),
            (b"a\"b", "CN=\"a\"\"b\""),
            (b" lead", "CN=\" lead\""),
            (b"trail ", "CN=\"trail \""),
            (b"", "CN=\"\""),
            (b"a;b", "CN=\"a;b\""),
            (b"plain", "CN=plain"),
            (b"a\\b", "CN=a\\b"),
        ] {
            let raw = name(&[&[(CN, UTF8, value)]]);
            assert_eq!(Name::new(&raw).to_string(), expected);
        }
    }

    #[test]
    fn unknown_types_are_printed_as_oids_and_unknown_values_as_hex() {
        let raw = name(&[&[(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3], tag::PRINTABLE_STRING, b"US")]]);
        assert_eq!(Name::new(&raw).to_string(), "OID.1.3.6.1.4.1.311.60.2.1.3=US");
        let raw = name(&[&[(CN, tag::BIT_STRING, b"\x00\xff")]]);
        assert_eq!(Name::new(&raw).to_string(), "CN=#030200FF");
    }

    #[test]
    fn names_match_across_case_spacing_and_string_type() {
        let one = name(&[&[(CN, tag::PRINTABLE_STRING, b"  Root   CA ")]]);
        let two = name(&[&[(CN, tag::BMP_STRING, b"\0R\0O\0O\0T\0 \0C\0A")]]);
        assert!(Name::new(&one).matches(&Name::new(&two)));
        let three = name(&[&[(CN, UTF8, b"RootCA")]]);
        assert!(!Name::new(&one).matches(&Name::new(&three)));
    }

    #[test]
    fn what_looks_alike_in_another_normal_form_is_the_same() {
        for (one, other) in [("Zu\u{308}rich", "ZÜRICH"), ("ＡＢＣ", "abc"), ("ﬁ", "fi"), ("A\u{30a}", "\u{212b}")]
        {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn folding_ends_where_it_began() {
        for (text, expected) in [
            ("Net \u{ad}\u{ad} Lock", "net lock"),
            ("\u{ad} a\u{200b} ", "a"),
            ("STRAẞE", "strasse"),
            ("Straße", "strasse"),
            ("\u{a0}A\u{3000}\tB\u{2003}", "a b"),
        ] {
            assert_eq!(fold(text), expected);
            assert_eq!(fold(expected), expected);
        }
    }

    #[test]
    fn order_matters_between_relative_names_but_not_within_one() {
        let both = name(&[&[(CN, UTF8, b"a"), (oid::ORGANIZATION, UTF8, b"b")]]);
        let turned = name(&[&[(oid::ORGANIZATION, UTF8, b"b"), (CN, UTF8, b"a")]]);
        assert!(Name::new(&both).matches(&Name::new(&turned)));
        let apart = name(&[&[(CN, UTF8, b"a")], &[(oid::ORGANIZATION, UTF8, b"b")]]);
        assert!(!Name::new(&both).matches(&Name::new(&apart)));
    }

    #[test]
    fn a_damaged_name_prints_what_it_has_and_fails_its_check() {
        let mut raw = name(&[&[(CN, UTF8, b"a")], &[(CN, UTF8, b"b")]]);
        let last = raw.len() - 2;
        raw[last] = 0x7f;
        assert!(Name::new(&raw).check().is_err());
        let _ = Name::new(&raw).to_string();
    }
}
