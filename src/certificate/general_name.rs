//! GeneralName (RFC 5280 section 4.2.1.6): the names of a subject beside its distinguished name, with Microsoft's own forms.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::certificate::name::Name;
use crate::certificate::oid;
use crate::certificate::string;
use crate::certificate::tlv::{Cursor, DecodeError, Tlv, tag};

/// One name, by its form.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum GeneralName<'a> {
    /// `otherName`: the type's object identifier and the encoded value.
    Other {
        /// Content bytes of the type.
        oid: &'a [u8],
        /// The encoding of the value.
        value: &'a [u8],
    },
    /// `rfc822Name`: an e-mail address.
    Email(&'a [u8]),
    /// `dNSName`.
    Dns(&'a [u8]),
    /// `directoryName`.
    Directory(Name<'a>),
    /// `uniformResourceIdentifier`.
    Uri(&'a [u8]),
    /// `iPAddress`: 4 or 16 bytes, twice that in a name constraint.
    Ip(&'a [u8]),
    /// `registeredID`: content bytes.
    RegisteredId(&'a [u8]),
    /// `x400Address` (3) or `ediPartyName` (5), by its number.
    Unread(u8, &'a [u8]),
}

impl<'a> GeneralName<'a> {
    pub(crate) fn read(element: &Tlv<'a>) -> Result<Self, DecodeError> {
        Ok(match element.tag & 0x1f {
            0 if element.tag & 0xc0 == 0x80 => Self::read_other(element.children())?,
            1 => Self::Email(element.value),
            2 => Self::Dns(element.value),
            4 => Self::Directory(Name::new(element.value)),
            6 => Self::Uri(element.value),
            7 => Self::Ip(element.value),
            8 => Self::RegisteredId(element.value),
            number @ (3 | 5) => Self::Unread(number, element.value),
            _ => return Err(element.error("a GeneralName ([0] to [8])")),
        })
    }

    /// The content of an otherName.
    pub(crate) fn read_other(mut parts: Cursor<'a>) -> Result<Self, DecodeError> {
        let kind = parts.expect(tag::OID, "the type of an otherName (OBJECT IDENTIFIER)")?;
        Ok(Self::Other { oid: kind.value, value: parts.next()?.value })
    }

    /// Every name of a GeneralNames, whatever wraps it.
    pub(crate) fn read_all(mut cursor: Cursor<'a>) -> Result<Vec<Self>, DecodeError> {
        let mut names = Vec::new();
        while !cursor.is_empty() {
            names.push(Self::read(&cursor.next()?)?);
        }
        Ok(names)
    }

    /// The form's name as certutil and .NET show it.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Other { oid, .. } => oid::name(oid).unwrap_or("Other Name"),
            Self::Email(_) => "RFC822 Name",
            Self::Dns(_) => "DNS Name",
            Self::Directory(_) => "Directory Address",
            Self::Uri(_) => "URL",
            Self::Ip(_) => "IP Address",
            Self::RegisteredId(_) => "Registered ID",
            Self::Unread(3, _) => "X400 Address",
            Self::Unread(..) => "EDI Party Name",
        }
    }

    /// The value alone, as text.
    pub fn value(&self) -> String {
        match self {
            Self::Other { oid, value } => other_value(oid, value),
            Self::Email(text) | Self::Dns(text) | Self::Uri(text) => string::ascii_or_wider(text).into_owned(),
            Self::Directory(name) => name.to_string(),
            Self::Ip(bytes) => ip_text(bytes),
            Self::RegisteredId(content) => oid::dotted(content),
            Self::Unread(_, bytes) => hex(bytes),
        }
    }

    /// The user principal name, where it is one.
    pub fn user_principal_name(&self) -> Option<String> {
        match self {
            Self::Other { oid, value } if *oid == oid::MS_USER_PRINCIPAL_NAME => Some(other_value(oid, value)),
            _ => None,
        }
    }
}

fn other_value(kind: &[u8], value: &[u8]) -> String {
    let Ok(element) = Tlv::only(value) else { return hex(value) };
    if let Some(text) = string::text(element.tag, element.value) {
        return text.into_owned();
    }
    if kind == oid::MS_NTDS_REPLICATION
        && element.tag == tag::OCTET_STRING
        && let Some(guid) = guid(element.value)
    {
        return guid;
    }
    hex(value)
}

/// A GUID in Windows' mixed byte order.
fn guid(bytes: &[u8]) -> Option<String> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes else { return None };
    let [i, j, tail @ ..] = rest else { return None };
    (tail.len() == 6)
        .then(|| format!("{d:02x}{c:02x}{b:02x}{a:02x}-{f:02x}{e:02x}-{h:02x}{g:02x}-{i:02x}{j:02x}-{}", hex(tail)))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const PAIRS: [[u8; 2]; 256] = pairs(b"0123456789abcdef");
    digits(bytes, &PAIRS)
}

/// Upper-case hex.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    const PAIRS: [[u8; 2]; 256] = pairs(b"0123456789ABCDEF");
    digits(bytes, &PAIRS)
}

/// The two digits of each byte.
const fn pairs(digits: &[u8; 16]) -> [[u8; 2]; 256] {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
}

fn digits(bytes: &[u8], pairs: &[[u8; 2]; 256]) -> String {
    let mut text = vec![0; bytes.len() * 2];
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&pairs[usize::from(*byte)]);
    }
    String::from_utf8(text).unwrap_or_default()
}

fn ip_text(bytes: &[u8]) -> String {
    fn address(bytes: &[u8]) -> Option<String> {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(Ipv4Addr::from(four).to_string());
        }
        <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).to_string())
    }
    match bytes.len() {
        4 | 16 => address(bytes),
        8 | 32 => {
            let (network, mask) = bytes.split_at(bytes.len() / 2);
            address(network).zip(address(mask)).map(|(network, mask)| format!("{network}/{mask}"))
        }
        _ => None,
    }
    .unwrap_or_else(|| hex(bytes))
}

/// `DNS Name=pc1.contoso.com`, as .NET prints it.
impl fmt::Display for GeneralName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { oid, .. } if oid::name(oid).is_none() => {
                write!(f, "Other Name:{}={}", oid::dotted(oid), self.value())
            }
            _ => {
                f.write_str(self.form())?;
                f.write_str("=")?;
                f.write_str(&self.value())
            }
        }
    }
}
