//! Lists for tests and fuzz targets, written by hand: delta and indirect ones, flawed ones, huge ones.
#![cfg_attr(fuzzing, allow(dead_code, reason = "the tests use all of it"))]

use crate::certificate::oid;
use crate::certificate::tlv::tag;
use crate::der_writer::{element, sequence};

pub(crate) fn integer(number: u64) -> Vec<u8> {
    let bytes = [&[0][..], &number.to_be_bytes()].concat();
    let start = bytes.windows(2).position(|two| two[0] != 0 || two[1] & 0x80 != 0).unwrap_or(8);
    element(tag::INTEGER, &bytes[start..])
}

pub(crate) fn extension(kind: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
    sequence(&[&element(tag::OID, kind), flag, &element(tag::OCTET_STRING, content)])
}

pub(crate) fn utc(text: &str) -> Vec<u8> {
    element(tag::UTC_TIME, text.as_bytes())
}

/// A name of one common name.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let pair = sequence(&[&element(tag::OID, oid::COMMON_NAME), &element(tag::UTF8_STRING, common_name.as_bytes())]);
    sequence(&[&element(tag::SET, &pair)])
}

/// A GeneralName of the form directoryName.
pub(crate) fn directory(name: &[u8]) -> Vec<u8> {
    element(tag::context_constructed(4), name)
}

pub(crate) fn uri(text: &str) -> Vec<u8> {
    element(tag::context(6), text.as_bytes())
}

/// `fullName` in its wrapping as DistributionPointName.
pub(crate) fn full_name(names: &[u8]) -> Vec<u8> {
    element(tag::context_constructed(0), &element(tag::context_constructed(0), names))
}

/// ReasonFlags as `[number]`, from the bits that are set.
pub(crate) fn reasons(number: u8, bits: &[usize]) -> Vec<u8> {
    let mut flags = [0u8; 2];
    for bit in bits {
        flags[bit / 8] |= 0x80 >> (bit % 8);
    }
    element(tag::context(number), &[7, flags[0], flags[1]])
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) serial: Vec<u8>,
    pub(crate) date: String,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Entry {
    pub(crate) fn new(serial: &[u8]) -> Self {
        Self { serial: serial.to_vec(), date: "260101000000Z".to_owned(), extensions: Vec::new() }
    }

    pub(crate) fn reason(self, reason: u8) -> Self {
        self.with(extension(oid::REASON_CODE, false, &element(tag::ENUMERATED, &[reason])))
    }

    pub(crate) fn issuer(self, names: &[u8]) -> Self {
        self.with(extension(oid::CERTIFICATE_ISSUER, true, &sequence(&[names])))
    }

    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            all => element(tag::SEQUENCE, &all.concat()),
        };
        sequence(&[&element(tag::INTEGER, &self.serial), &utc(&self.date), &extensions])
    }
}

#[derive(Clone)]
pub(crate) struct List {
    pub(crate) issuer: Vec<u8>,
    pub(crate) this_update: String,
    pub(crate) next_update: Option<String>,
    pub(crate) number: Option<u64>,
    pub(crate) base: Option<u64>,
    /// The content of the issuing distribution point.
    pub(crate) point: Option<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) entries: Vec<Entry>,
}

impl List {
    /// Number 10, of the year 2026.
    pub(crate) fn new(issuer: &[u8]) -> Self {
        Self {
            issuer: issuer.to_vec(),
            this_update: "260101000000Z".to_owned(),
            next_update: Some("270101000000Z".to_owned()),
            number: Some(10),
            base: None,
            point: None,
            extensions: Vec::new(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let mut extensions = self.extensions.clone();
        extensions.extend(self.number.map(|number| extension(oid::CRL_NUMBER, false, &integer(number))));
        extensions.extend(self.base.map(|base| extension(oid::DELTA_CRL_INDICATOR, true, &integer(base))));
        extensions.extend(
            self.point.as_ref().map(|point| extension(oid::ISSUING_DISTRIBUTION_POINT, true, &sequence(&[point]))),
        );
        let entries: Vec<u8> = self.entries.iter().flat_map(Entry::der).collect();
        sequence(&[
            &integer(1),
            algorithm,
            &self.issuer,
            &utc(&self.this_update),
            &self.next_update.as_deref().map(utc).unwrap_or_default(),
            &if entries.is_empty() { Vec::new() } else { element(tag::SEQUENCE, &entries) },
            &if extensions.is_empty() {
                Vec::new()
            } else {
                element(tag::context_constructed(0), &element(tag::SEQUENCE, &extensions.concat()))
            },
        ])
    }

    /// Signed with a key of P-256.
    #[cfg(test)]
    pub(crate) fn sign(&self, key: &rcgen::KeyPair) -> Vec<u8> {
        use rcgen::SigningKey as _;
        let algorithm = sequence(&[&element(tag::OID, oid::SHA256_WITH_ECDSA)]);
        self.sign_with(&algorithm, |tbs| key.sign(tbs).unwrap())
    }

    /// Signed by what this AlgorithmIdentifier names.
    pub(crate) fn sign_with(&self, algorithm: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        signed(&self.tbs(algorithm), algorithm, sign)
    }
}

/// A certificate or CRL from what is signed.
pub(crate) fn signed(tbs: &[u8], algorithm: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    sequence(&[tbs, algorithm, &element(tag::BIT_STRING, &[&[0], &sign(tbs)[..]].concat())])
}
