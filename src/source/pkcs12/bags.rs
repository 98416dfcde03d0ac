//! The bags of a PFX's SafeContents (RFC 7292 section 4.2) and their attributes, Microsoft's among them.

use std::collections::HashMap;
use std::sync::Arc;

use super::ber::{BerError, Element, Origin, Reader};
use super::pbe::algorithm_name;
use crate::certificate::tlv::tag;
use crate::source::contents::{Contents, Fault, Format, Found, Kind, Position, ProblemCode};
use crate::source::properties::{Properties, shared};
use crate::source::provider::{Evidence, KeyProvider};
use crate::source::shape::{Shape, is_filled, shape};
use crate::source::store_properties;

/// How deep bags may hold bags. Nobody nests them; the format allows it.
const MAX_DEPTH: usize = 8;

/// The bags that one PFX may hold: a thousand times what anybody puts into one, and few enough that what is kept of each, however
/// small the bags are, takes little memory.
const MAX_BAGS: usize = 100_000;

/// The providers that a fault names.
const SHOWN_PROVIDERS: usize = 4;

/// 1.2.840.113549.1.12.10.1
const BAG: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1];
/// 1.2.840.113549.1.9
const PKCS9: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
/// 1.3.6.1.4.1.311.17
const MICROSOFT: [u8; 8] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 17];

/// What the bags held, in their order.
#[derive(Default)]
pub(super) struct Bags {
    bags: Vec<Bag>,
    pub(super) faults: Vec<Fault>,
}

struct Bag {
    kind: Kind,
    der: Vec<u8>,
    position: Position,
    attributes: Attributes,
}

/// The attributes that say something of the certificate or its key.
#[derive(Default)]
struct Attributes {
    friendly_name: Option<Arc<str>>,
    local_key_id: Option<Vec<u8>>,
    provider: Option<Arc<str>>,
    machine_key: bool,
    /// The properties of the Windows store it was exported from.
    store: Option<Box<Properties>>,
}

impl Attributes {
    fn key_provider(&self) -> KeyProvider {
        let mut provider = match &self.provider {
            Some(name) => KeyProvider::from_provider_name(Arc::clone(name), Evidence::Pkcs12Attribute),
            None => KeyProvider::unknown(Evidence::Pkcs12NoProvider),
        };
        // Windows adds both attributes or, for a user's key, the provider's name alone.
        provider.machine_key = (self.machine_key || self.provider.is_some()).then_some(self.machine_key);
        provider
    }

    /// Beside a provider's name, a key bag's friendly name is the name of the key's container.
    fn key_container(&self) -> Option<Arc<str>> {
        self.friendly_name.clone().filter(|_| self.provider.is_some())
    }
}

impl Bags {
    /// Read SafeContents: what is wrong with one bag is noted, and the others are read.
    pub(super) fn read(&mut self, bytes: &[u8], origin: Origin) {
        let mut reader = Reader::new(bytes, origin);
        match reader.expect(tag::SEQUENCE, "the bags of a PFX") {
            Ok(contents) => self.walk(contents.children(), 0),
            Err(error) => Fault::from(error).add_to(&mut self.faults),
        }
    }

    fn walk(&mut self, mut bags: Reader<'_>, depth: usize) {
        loop {
            match bags.next() {
                Ok(None) => return,
                Ok(Some(bag)) if self.bags.len() == MAX_BAGS => {
                    let message = format!("it holds more than {MAX_BAGS} bags, of which the first are read");
                    Fault::new(ProblemCode::Limit, bag.start.position(), message).add_to(&mut self.faults);
                    return;
                }
                Ok(Some(bag)) => {
                    if let Err(error) = self.bag(&bag, depth) {
                        Fault::from(error).add_to(&mut self.faults);
                    }
                }
                Err(error) => {
                    Fault::from(error).add_to(&mut self.faults);
                    return;
                }
            }
        }
    }

    fn bag(&mut self, bag: &Element<'_>, depth: usize) -> Result<(), BerError> {
        if bag.tag != tag::SEQUENCE {
            return Err(bag.error("a bag"));
        }
        let mut fields = bag.children();
        let id = fields.expect(tag::OID, "the identifier of a bag")?.content;
        let value = fields.expect(tag::context_constructed(0), "the value of a bag")?;
        let attributes = match fields.optional(tag::SET).and_then(|set| set.map_or(Ok(Default::default()), attributes))
        {
            Ok(attributes) => attributes,
            Err(error) => {
                Fault::from(error).add_to(&mut self.faults);
                Attributes::default()
            }
        };
        let position = bag.start.position();
        if let Some(error) =
            fields.next().map_or_else(Some, |more| Some(more?.error("the attributes of a bag, and its end")))
        {
            Fault::from(error).add_to(&mut self.faults);
        }
        let add = |bags: &mut Vec<Bag>, kind, der| bags.push(Bag { kind, der, position, attributes });
        let said = id.strip_prefix(&BAG);
        let held = held_by(&value);
        let is_misnamed = held.is_some() && said != held.as_ref().map(<[u8; 1]>::as_slice);
        if is_misnamed {
            self.misnamed(position, &format!("a bag of the kind {}", algorithm_name(id)));
        }
        match held.as_ref().map(<[u8; 1]>::as_slice).or(said) {
            // A key, plain or shrouded: that it is there, and its attributes; its value is not looked at.
            Some([1 | 2]) => add(&mut self.bags, Kind::PrivateKey, Vec::new()),
            Some([3]) => match typed_value(&value, "a certificate")? {
                Typed::Known(22, 1, der) => add(&mut self.bags, Kind::Certificate, der),
                Typed::Misnamed(kind, der) => {
                    self.misnamed(position, "another type than that of X.509");
                    add(&mut self.bags, kind, der);
                }
                // SDSI certificates are no X.509.
                Typed::Known(22, 2, _) => {}
                Typed::Known(..) | Typed::Unknown => self.unsupported(position, "a certificate of an unknown kind"),
            },
            Some([4]) => match typed_value(&value, "a CRL")? {
                // One bit tells the type of a CRL from that of a certificate.
                Typed::Known(23, 1, der) if is_misnamed && shape(&der) == Shape::Certificate => {
                    add(&mut self.bags, Kind::Certificate, der);
                }
                Typed::Known(23, 1, der) => add(&mut self.bags, Kind::Crl, der),
                Typed::Misnamed(kind, der) => {
                    self.misnamed(position, "another type than that of X.509");
                    add(&mut self.bags, kind, der);
                }
                Typed::Known(..) | Typed::Unknown => self.unsupported(position, "a CRL of an unknown kind"),
            },
            // Secrets are nothing to do with certificates: a Java key, a password that Windows protects.
            Some([5]) => {}
            Some([6]) if depth < MAX_DEPTH => {
                let inner = value.children().expect(tag::SEQUENCE, "the bags within a bag")?;
                self.walk(inner.children(), depth + 1);
            }
            Some([6]) => {
                let message = format!("its bags are nested deeper than {MAX_DEPTH} levels, which is not read");
                Fault::new(ProblemCode::Limit, position, message).add_to(&mut self.faults);
            }
            _ => self.unsupported(position, &format!("a bag of the unknown kind {}", algorithm_name(id))),
        }
        Ok(())
    }

    /// A certificate or CRL that something around it denies.
    fn misnamed(&mut self, position: Position, found: &str) {
        let message = format!(
            "expected a certificate or CRL to be named as such, found it in {found}: it was read as what it holds"
        );
        Fault::new(ProblemCode::Damaged, position, message).add_to(&mut self.faults);
    }

    fn unsupported(&mut self, position: Position, what: &str) {
        let message = format!("it holds {what}, which is not read");
        Fault::new(ProblemCode::Unsupported, position, message).add_to(&mut self.faults);
    }

    /// The first providers that the keys name, each once; keys without one are counted.
    pub(super) fn key_providers(&self) -> (Vec<&str>, usize) {
        let keys = self.bags.iter().filter(|bag| bag.kind == Kind::PrivateKey);
        let mut names = Vec::new();
        let mut without = 0;
        for key in keys {
            match key.attributes.provider.as_deref() {
                Some(name) if names.len() < SHOWN_PROVIDERS && !names.contains(&name) => names.push(name),
                Some(_) => {}
                None => without += 1,
            }
        }
        (names, without)
    }

    /// The one bag of a kind; `None` where there are more.
    fn only(&self, kind: Kind) -> Option<&Bag> {
        let mut of_kind = self.bags.iter().filter(|bag| bag.kind == kind);
        of_kind.next().filter(|_| of_kind.next().is_none())
    }

    /// What was found. A key is paired with its certificate by `localKeyId`. Without one, where there are several of either, there is nothing
    /// to pair by, because the public key of a key that stays shrouded is not known.
    pub(super) fn into_contents(self) -> Contents {
        // The attribute is optional (RFC 7292 section 4.2), and some programs leave it away.
        let are_only_ones = [Kind::PrivateKey, Kind::Certificate]
            .iter()
            .all(|kind| self.only(*kind).is_some_and(|bag| bag.attributes.local_key_id.is_none()));
        let mut keys = HashMap::<Option<Vec<u8>>, _>::new();
        for bag in self.bags.iter().filter(|bag| bag.kind == Kind::PrivateKey) {
            let id = bag.attributes.local_key_id.clone();
            if id.is_some() || are_only_ones {
                keys.entry(id).or_insert_with(|| (bag.attributes.key_provider(), bag.attributes.key_container()));
            }
        }
        let found = self.bags.into_iter().map(|bag| {
            let Bag { kind, der, position, attributes } = bag;
            let mut properties = attributes.store.as_deref().cloned().unwrap_or_default();
            match kind {
                Kind::PrivateKey => {
                    properties.has_private_key = true;
                    properties.key_provider = Some(attributes.key_provider());
                    properties.key_container = attributes.key_container();
                    if attributes.provider.is_none() {
                        properties.friendly_name = attributes.friendly_name;
                    }
                }
                Kind::Certificate | Kind::Crl => {
                    let key = keys.get(&attributes.local_key_id).filter(|_| kind == Kind::Certificate);
                    if let Some((provider, container)) = key {
                        properties.has_private_key = true;
                        properties.key_provider = Some(provider.clone());
                        properties.key_container = container.clone();
                    }
                    properties.friendly_name = attributes.friendly_name.or(properties.friendly_name);
                }
            }
            let properties = (properties != Properties::default()).then(|| Box::new(properties));
            Found { properties, ..Found::new(kind, der, Format::Pkcs12, position) }
        });
        Contents { found: found.collect(), faults: self.faults, ..Contents::default() }
    }
}

/// The octets in a CertBag or CRLBag.
enum Typed {
    /// With the last two numbers of a type below 1.2.840.113549.1.9.
    Known(u8, u8, Vec<u8>),
    /// A whole certificate or CRL of X.509 under another type.
    Misnamed(Kind, Vec<u8>),
    Unknown,
}

/// The last number of the kind of bag that a value belongs in by its own beginning: a CertBag or CRLBag names itself.
fn held_by(value: &Element<'_>) -> Option<[u8; 1]> {
    let bag = value.children().expect(tag::SEQUENCE, "a bag").ok()?;
    let id = bag.children().expect(tag::OID, "a type").ok()?.content;
    match id.strip_prefix(&PKCS9)? {
        [22, _] => Some([3]),
        [23, _] => Some([4]),
        _ => None,
    }
}

/// CertBag and CRLBag: a type, and `[0]` of an OCTET STRING for the X.509 ones.
fn typed_value(value: &Element<'_>, expected: &'static str) -> Result<Typed, BerError> {
    let mut fields = value.children().expect(tag::SEQUENCE, expected)?.children();
    let id = fields.expect(tag::OID, "the kind of a certificate or CRL")?.content;
    let mut octets = || {
        let wrapped = fields.expect(tag::context_constructed(0), expected)?;
        let octets = wrapped.only_child(expected)?;
        Ok(octets.octets(tag::OCTET_STRING, expected)?.0.into_owned())
    };
    let numbers = id.strip_prefix(&PKCS9);
    if let Some(&[family @ (22 | 23), 1]) = numbers {
        return Ok(Typed::Known(family, 1, octets()?));
    }
    let der = octets().unwrap_or_else(|_: BerError| Vec::new());
    let kind = match shape(&der) {
        Shape::Certificate => Some(Kind::Certificate),
        Shape::Crl => Some(Kind::Crl),
        _ => None,
    };
    Ok(match (kind, numbers) {
        (Some(kind), _) if is_filled(&der) => Typed::Misnamed(kind, der),
        (_, Some(&[family, kind])) => Typed::Known(family, kind, Vec::new()),
        _ => Typed::Unknown,
    })
}

/// Those known; one that is not as it should be says nothing.
fn attributes(set: Element<'_>) -> Result<Attributes, BerError> {
    let mut found = Attributes::default();
    let mut attributes = set.children();
    while let Some(attribute) = attributes.next()? {
        let mut fields = attribute.children();
        let id = fields.expect(tag::OID, "the identifier of an attribute")?.content;
        let Some(values) = fields.optional(tag::SET)? else { continue };
        let value = values.children().next()?;
        let octets = |element: Option<Element<'_>>| {
            element.and_then(|element| Some(element.octets(tag::OCTET_STRING, "octets").ok()?.0.into_owned()))
        };
        match (id.strip_prefix(&PKCS9), id.strip_prefix(&MICROSOFT)) {
            (Some([20]), _) => found.friendly_name = value.and_then(|value| text(&value)),
            (Some([21]), _) => found.local_key_id = octets(value),
            (_, Some([1])) => found.provider = value.and_then(|value| text(&value)),
            // szOID_LOCAL_MACHINE_KEYSET: there, and without a value.
            (_, Some([2])) => found.machine_key = true,
            // szOID_PKCS_12_EXTENDED_ATTRIBUTES: a store property, its number behind.
            (_, Some([3, property @ ..])) => {
                if let (Some(number), Some(value)) = (base128(property), octets(value)) {
                    store_properties::apply_exported(number, &value, found.store.get_or_insert_default());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// One arc of an object identifier, as far as property numbers go.
fn base128(bytes: &[u8]) -> Option<u32> {
    match bytes {
        [low] if low & 0x80 == 0 => Some(u32::from(*low)),
        [high, low] if high & 0x80 != 0 && low & 0x80 == 0 => Some((u32::from(high & 0x7f) << 7) | u32::from(*low)),
        _ => None,
    }
}

/// A BMPString, or UTF-8 as some exporters write it instead.
fn text(element: &Element<'_>) -> Option<Arc<str>> {
    match element.tag {
        tag::BMP_STRING => {
            let units = element.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            Some(shared(text.trim_end_matches('\0')))
        }
        tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING => {
            Some(shared(&String::from_utf8_lossy(element.content)))
        }
        _ => None,
    }
}
