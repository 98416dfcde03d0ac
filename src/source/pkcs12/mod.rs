//! PKCS#12 (.pfx, .p12): certificates, CRLs, and which provider each private key names.
//!
//! A PFX is a list of parts, each plain or encrypted, under a MAC (RFC 7292). What stands in plain parts is read without a password;
//! that is where Windows puts the shrouded keys, with their providers' names. A password is tried only for parts that are
//! encrypted, and private keys stay shrouded always. Where nothing is locked the MAC is not checked: no password may be at
//! hand, and what a plain part says is no more to be trusted than a PKCS#7 file.

mod bags;
mod ber;
mod kdf;
mod mac;
mod pbe;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use zeroize::Zeroizing;

use self::bags::Bags;
use self::ber::{BerError, Element, Origin, Reader};
use self::mac::MacData;
use self::pbe::{Decrypted, Scheme, SchemeError, algorithm_name};
use crate::certificate::tlv::tag;
use crate::source::contents::{Contents, Fault, Position, ProblemCode};
use crate::source::passwords::{Attempts, End, MacState, OverBudget, Password, ReadContext};
use crate::source::shape::PKCS7;

impl From<BerError> for Fault {
    fn from(error: BerError) -> Self {
        Self::new(error.code, error.position, format!("expected {}, found {}", error.expected, error.found))
    }
}

/// Whether it begins as a PFX does: a version, and PKCS#7 data or signed data.
pub(crate) fn is_pkcs12(bytes: &[u8]) -> bool {
    fn inside(bytes: &[u8], expected: u8) -> Option<&[u8]> {
        let (&tag, after) = bytes.split_first()?;
        let (&length, after) = after.split_first()?;
        let digits = if length > 0x80 { usize::from(length & 0x7f) } else { 0 };
        (tag == expected && digits <= 8).then(|| after.get(digits..))?
    }
    let begins = || {
        let version = inside(bytes, tag::SEQUENCE)?;
        let mut reader = Reader::new(version, Origin::At(0));
        let version = reader.optional(tag::INTEGER).ok()??;
        let oid = inside(inside(reader.rest(), tag::SEQUENCE)?, tag::OID)?;
        Some(version.content.len() <= 4 && oid.starts_with(&PKCS7) && matches!(oid.get(8), Some(1 | 2)))
    };
    begins().unwrap_or(false)
}

/// Read a PFX.
pub(crate) fn read(bytes: &[u8], context: ReadContext<'_>) -> Contents {
    let ReadContext { name, passwords } = context;
    let mut bags = Bags::default();
    let pfx = match Pfx::parse(bytes) {
        Ok(pfx) => pfx,
        Err(fault) => return Contents { faults: vec![fault], ..Contents::default() },
    };
    bags.faults.extend(pfx.trailing());
    bags.faults.extend(pfx.mac_fault.clone());
    let (parts, faults) = pfx.parts();
    bags.faults.extend(faults);

    let locked: Vec<&Locked<'_>> =
        parts.iter().filter_map(|part| if let Part::Locked(locked) = part { Some(locked) } else { None }).collect();
    let mut lock = Lock { pfx: &pfx, attempts: passwords.for_file(name, bytes), mac: MacState::Unchecked };
    let mut opened = lock.open(&locked).into_iter();
    let mut still_locked = Vec::new();
    for part in &parts {
        match part {
            Part::Plain(octets, origin) => bags.read(octets, *origin),
            Part::Locked(locked) => match opened.next() {
                Some(Outcome::Opened(plain)) => bags.read(&plain, Origin::Within(locked.start.offset(0))),
                Some(Outcome::Damaged(plain)) => {
                    let message = "the password opens it, but what is inside is damaged: have the file exported again";
                    Fault::new(ProblemCode::Damaged, locked.start.position(), message).add_to(&mut bags.faults);
                    let before = bags.faults.len();
                    bags.read(&plain, Origin::Within(locked.start.offset(0)));
                    bags.faults.truncate(before);
                }
                Some(Outcome::Refused(over)) => still_locked.push((locked, over)),
                None => still_locked.push((locked, None)),
            },
        }
    }
    if let Some((first, _)) = still_locked.first() {
        let over =
            if lock.mac == MacState::RefusedAll { None } else { still_locked.iter().find_map(|(_, over)| *over) };
        let fault = locked_fault(first, still_locked.len(), parts.len(), over, passwords.count(), &bags);
        bags.faults.push(fault);
    }
    bags.faults.extend(lock.mac_fault(still_locked.is_empty()));
    bags.into_contents()
}

/// That parts stay locked: which, why, what is known all the same, and what to do.
fn locked_fault(
    first: &Locked<'_>,
    locked: usize,
    parts: usize,
    over: Option<OverBudget>,
    passwords: usize,
    bags: &Bags,
) -> Fault {
    let known = match bags.key_providers() {
        (names, _) if !names.is_empty() => {
            let names: Vec<String> = names.iter().map(|name| name.chars().take(100).collect()).collect();
            format!("; known without it: the private key's provider is \"{}\"", names.join("\" and \""))
        }
        (_, 0) => String::new(),
        _ => "; known without it: a private key is in it, and names no provider".to_owned(),
    };
    let what = match locked {
        all if all == parts => "it is locked".to_owned(),
        1 => format!("one of its {parts} parts is locked"),
        some => format!("{some} of its {parts} parts are locked"),
    };
    match over {
        Some(over) => Fault::new(ProblemCode::Limit, first.start.position(), format!("{what}, and {over}{known}")),
        None => {
            let tried = match passwords {
                0 => "the empty password does not open it".to_owned(),
                1 => "neither the empty password nor the one given opens it".to_owned(),
                count => format!("neither the empty password nor any of the {count} given opens it"),
            };
            let message = format!(
                "{what}, and {tried}: give its password with --password-env VAR or --password-file FILE{known}"
            );
            Fault::new(ProblemCode::Password, first.start.position(), message)
        }
    }
}

/// A PFX (RFC 7292 section 4), its authenticated safe in one piece.
struct Pfx<'a> {
    safe: Cow<'a, [u8]>,
    origin: Origin,
    /// `None` where it has none, or one of an algorithm that is not supported.
    mac: Option<MacData>,
    mac_fault: Option<Fault>,
    rest: &'a [u8],
    rest_origin: Origin,
}

impl<'a> Pfx<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut file = Reader::new(bytes, Origin::At(0));
        let pfx = file.expect(tag::SEQUENCE, "a PFX")?;
        let mut fields = pfx.children();
        let version = fields.expect(tag::INTEGER, "the version of a PFX")?;
        if version.unsigned()? != 3 {
            let message = "only version 3 of PKCS#12 is supported: export the file again";
            return Err(Fault::new(ProblemCode::Unsupported, version.start.position(), message));
        }
        let (safe, origin) = authenticated_safe(&fields.expect(tag::SEQUENCE, "the authenticated safe")?)?;
        let mac = fields.optional(tag::SEQUENCE).map_err(SchemeError::Damaged);
        let (mac, mac_fault) = match mac.and_then(|mac| mac.map(|mac| MacData::parse(&mac)).transpose()) {
            Ok(mac) => (mac, None),
            Err(SchemeError::Unsupported(_)) => (None, None),
            Err(SchemeError::Damaged(error)) => (None, Some(error.into())),
        };
        Ok(Self { safe, origin, mac, mac_fault, rest: file.rest(), rest_origin: file.origin() })
    }

    /// Bytes behind it that are more than what mail and editors leave there.
    fn trailing(&self) -> Option<Fault> {
        let noise = |byte: &u8| matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n' | 0x1a);
        (!self.rest.iter().all(noise)).then(|| {
            let message =
                format!("expected the end of the file, found {} more bytes, which are not read", self.rest.len());
            Fault::new(ProblemCode::Damaged, self.rest_origin.position(), message)
        })
    }

    /// Its parts, and what is wrong with those that are not among them.
    fn parts(&self) -> (Vec<Part<'_>>, Vec<Fault>) {
        let mut parts = Vec::new();
        let mut faults = Vec::new();
        let mut reader = Reader::new(&self.safe, self.origin);
        let mut infos = match reader.expect(tag::SEQUENCE, "the parts of a PFX") {
            Ok(list) => list.children(),
            Err(error) => return (parts, vec![error.into()]),
        };
        loop {
            match infos.next() {
                Ok(None) => break,
                Ok(Some(info)) => match Part::parse(&info) {
                    Ok(part) => parts.push(part),
                    Err(SchemeError::Damaged(error)) => Fault::from(error).add_to(&mut faults),
                    Err(SchemeError::Unsupported(what)) => {
                        let message = format!(
                            "a part is protected with {what}, which is not supported: have the file exported again with AES"
                        );
                        Fault::new(ProblemCode::Unsupported, info.start.position(), message).add_to(&mut faults);
                    }
                },
                Err(error) => {
                    faults.push(error.into());
                    break;
                }
            }
        }
        (parts, faults)
    }
}

/// The octets of a ContentInfo: data, or the data that was signed (whose signature says nothing that is used here).
fn authenticated_safe<'a>(info: &Element<'a>) -> Result<(Cow<'a, [u8]>, Origin), Fault> {
    let (kind, oid, value) = content_info(info)?;
    let content = match kind {
        Some(1) => value.children().required("the authenticated safe")?,
        Some(2) => {
            let mut signed = value.children().expect(tag::SEQUENCE, "signed data")?.children();
            signed.expect(tag::INTEGER, "the version of signed data")?;
            signed.expect(tag::SET, "the digest algorithms of signed data")?;
            let (_, _, value) = content_info(&signed.expect(tag::SEQUENCE, "the content of signed data")?)?;
            value.children().required("the authenticated safe")?
        }
        _ => {
            let message = format!("its content is of the type {}, which is not supported", algorithm_name(oid));
            return Err(Fault::new(ProblemCode::Unsupported, info.start.position(), message));
        }
    };
    Ok(content.octets(tag::OCTET_STRING, "the authenticated safe")?)
}

/// The type of a ContentInfo, also by its last number if it is PKCS#7's, and the `[0]` with its content.
fn content_info<'a>(info: &Element<'a>) -> Result<(Option<u8>, &'a [u8], Element<'a>), BerError> {
    if info.tag != tag::SEQUENCE {
        return Err(info.error("a part of a PFX"));
    }
    let mut fields = info.children();
    let oid = fields.expect(tag::OID, "the type of a part")?.content;
    let kind = oid.strip_prefix(&PKCS7).and_then(|rest| if let [kind] = rest { Some(*kind) } else { None });
    Ok((kind, oid, fields.expect(tag::context_constructed(0), "the content of a part")?))
}

/// One ContentInfo of the authenticated safe.
enum Part<'a> {
    Plain(Cow<'a, [u8]>, Origin),
    Locked(Locked<'a>),
}

struct Locked<'a> {
    start: Origin,
    scheme: Scheme,
    ciphertext: Cow<'a, [u8]>,
}

impl<'a> Part<'a> {
    fn parse(info: &Element<'a>) -> Result<Self, SchemeError> {
        let (kind, oid, value) = content_info(info)?;
        match kind {
            Some(1) => {
                let content = value.children().required("the content of a part")?;
                let (octets, origin) = content.octets(tag::OCTET_STRING, "the content of a part")?;
                Ok(Self::Plain(octets, origin))
            }
            Some(6) => {
                let mut fields = value.children().expect(tag::SEQUENCE, "encrypted data")?.children();
                fields.expect(tag::INTEGER, "the version of encrypted data")?;
                let mut content = fields.expect(tag::SEQUENCE, "encrypted content")?.children();
                content.expect(tag::OID, "the type of encrypted content")?;
                let scheme = Scheme::parse(&content.expect(tag::SEQUENCE, "the encryption of a part")?)?;
                let ciphertext = content.required("encrypted octets")?;
                let (ciphertext, _) = ciphertext.octets(tag::context(0), "encrypted octets")?;
                Ok(Self::Locked(Locked { start: info.start, scheme, ciphertext }))
            }
            Some(3) => Err(SchemeError::Unsupported("the public key of a recipient".to_owned())),
            _ => Err(SchemeError::Unsupported(algorithm_name(oid))),
        }
    }
}

/// A password as a scheme takes it.
type Form = Zeroizing<Vec<u8>>;

impl Locked<'_> {
    fn try_all(&self, candidates: &[Password], attempts: &mut Attempts<'_>) -> (Outcome, Option<Form>) {
        self.open_with(candidates.iter().flat_map(|password| self.scheme.forms(password)), attempts)
    }

    /// Decrypts with the first of `forms` that fits, and tells which that was.
    fn open_with(&self, forms: impl IntoIterator<Item = Form>, attempts: &mut Attempts<'_>) -> (Outcome, Option<Form>) {
        let forms: Vec<Form> = forms.into_iter().collect();
        let mut tried: HashSet<&[u8]> = HashSet::new();
        for form in forms.iter().filter(|form| tried.insert(form)) {
            match self.scheme.decrypt(form, &self.ciphertext, attempts) {
                Ok(Decrypted::Whole(plain)) => return (Outcome::Opened(plain), Some(form.clone())),
                Ok(Decrypted::Damaged(plain)) => return (Outcome::Damaged(plain), Some(form.clone())),
                Ok(Decrypted::Wrong) => {}
                Err(over) => return (Outcome::Refused(Some(over)), None),
            }
        }
        (Outcome::Refused(None), None)
    }
}

/// What became of a locked part.
enum Outcome {
    Opened(Zeroizing<Vec<u8>>),
    Damaged(Zeroizing<Vec<u8>>),
    /// By all passwords that were tried, or because no more could be.
    Refused(Option<OverBudget>),
}

/// The attempts to unlock one file.
struct Lock<'a, 'p> {
    pfx: &'a Pfx<'a>,
    attempts: Attempts<'p>,
    mac: MacState,
}

impl Lock<'_, '_> {
    /// One outcome a part: as it was when the same bytes were read before, or by trying.
    fn open(&mut self, parts: &[&Locked<'_>]) -> Vec<Outcome> {
        let Some(first) = parts.first() else { return Vec::new() };
        if let Some(before) = self.attempts.before() {
            self.mac = before.mac;
            let mut open_again = |(part, end): (&&Locked<'_>, &Result<Zeroizing<Vec<u8>>, _>)| match end {
                Ok(form) => part.open_with([form.clone()], &mut self.attempts).0,
                Err(over) => Outcome::Refused(*over),
            };
            return parts.iter().zip(&before.parts).map(&mut open_again).collect();
        }
        let tried = self.try_passwords(first, &parts[1..]);
        let (outcomes, ends) = tried
            .into_iter()
            .map(|(outcome, form)| {
                let over = if let Outcome::Refused(over) = outcome { over } else { None };
                (outcome, form.ok_or(over))
            })
            .unzip();
        self.attempts.ended(End { parts: ends, mac: self.mac });
        outcomes
    }

    /// A password is right if the MAC says so, or else if it opens the first part; the others are then tried only on parts that it
    /// does not open.
    fn try_passwords(&mut self, first: &Locked<'_>, rest: &[&Locked<'_>]) -> Vec<(Outcome, Option<Form>)> {
        let mut candidates = self.attempts.candidates();
        let mut right = self.by_mac(&candidates);
        let mut over = None;
        if right.is_none() {
            for password in &candidates {
                match first.try_all(std::slice::from_ref(password), &mut self.attempts).0 {
                    Outcome::Refused(None) => {}
                    Outcome::Refused(reason) => {
                        over = reason;
                        break;
                    }
                    Outcome::Opened(_) | Outcome::Damaged(_) => {
                        right = Some(password.clone());
                        break;
                    }
                }
            }
        }
        if right.is_none() {
            right = self.ask(first, &candidates);
        }
        let Some(password) = right else {
            // The first part was tried; the others may have another password.
            let rest = rest.iter().map(|part| part.try_all(&candidates, &mut self.attempts));
            return std::iter::once((Outcome::Refused(over), None)).chain(rest).collect();
        };
        candidates.retain(|candidate| *candidate != password);
        candidates.insert(0, password);
        std::iter::once(&first).chain(rest).map(|part| part.try_all(&candidates, &mut self.attempts)).collect()
    }

    fn by_mac(&mut self, candidates: &[Password]) -> Option<Password> {
        let mac = self.pfx.mac.as_ref()?;
        for password in candidates {
            match mac.matches(password, &self.pfx.safe, &mut self.attempts) {
                Ok(true) => {
                    self.mac = MacState::Matched;
                    return Some(password.clone());
                }
                Ok(false) => {}
                Err(over) => {
                    self.mac = MacState::Over(over);
                    return None;
                }
            }
        }
        self.mac = MacState::RefusedAll;
        None
    }

    fn ask(&mut self, first: &Locked<'_>, tried: &[Password]) -> Option<Password> {
        let Self { pfx, attempts, mac: state } = self;
        attempts.ask(tried, |attempts, password| {
            if pfx.mac.as_ref().is_some_and(|mac| mac.matches(password, &pfx.safe, attempts) == Ok(true)) {
                *state = MacState::Matched;
                return Some(password.clone());
            }
            match first.try_all(std::slice::from_ref(password), attempts).0 {
                Outcome::Opened(_) | Outcome::Damaged(_) => Some(password.clone()),
                Outcome::Refused(_) => None,
            }
        })
    }

    /// What the MAC says about a file whose parts could be opened or, if not, whose lock was the reason.
    fn mac_fault(&self, all_open: bool) -> Option<Fault> {
        match self.mac {
            MacState::RefusedAll if all_open => Some(Fault::new(
                ProblemCode::Damaged,
                Position::Whole,
                "the password opens it, but its integrity check (MAC) does not match: it was damaged or changed after it was \
                 written, so have it exported again",
            )),
            MacState::Over(over) if all_open => Some(Fault::new(
                ProblemCode::Limit,
                Position::Whole,
                format!("its integrity check (MAC) was not computed: {over}"),
            )),
            _ => None,
        }
    }
}
