//! A PKI of any size, made fast: all clients share one key, for making keys is what takes long; each has a serial number, a name
//! and a signature of its own.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rayon::prelude::*;

use crate::der_writer::element_of;

fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut bytes = vec![(arcs[0] * 40 + arcs[1]) as u8];
    for arc in &arcs[2..] {
        let groups: Vec<u8> =
            (0..10).rev().map(|n| (arc >> (7 * n) & 0x7f) as u8).skip_while(|group| *group == 0).collect();
        let last = groups.len().saturating_sub(1);
        if groups.is_empty() {
            bytes.push(0);
        }
        bytes.extend(groups.iter().enumerate().map(|(n, group)| if n < last { group | 0x80 } else { *group }));
    }
    element_of(6, &[&bytes])
}

fn name(parts: &[(&str, u8, &str)]) -> Vec<u8> {
    let sets: Vec<u8> = parts
        .iter()
        .flat_map(|(kind, tag, text)| {
            element_of(0x31, &[&element_of(0x30, &[&oid(kind), &element_of(*tag, &[text.as_bytes()])])])
        })
        .collect();
    element_of(0x30, &[&sets])
}

fn contoso(cn: &str) -> Vec<u8> {
    name(&[
        ("0.9.2342.19200300.100.1.25", 0x16, "com"),
        ("0.9.2342.19200300.100.1.25", 0x16, "contoso"),
        ("2.5.4.3", 0x0c, cn),
    ])
}

fn extension(kind: &str, critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    element_of(0x30, &[&oid(kind), flag, &element_of(4, &[content])])
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

impl Key {
    fn new(kind: &str) -> Self {
        match kind {
            "ec" => Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            _ => Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        }
    }

    fn spki(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(key) => {
                (element_of(0x30, &[&oid("1.2.840.113549.1.1.1"), &[5, 0]]), key.public_key().as_ref().to_vec())
            }
            Self::Ec(key) => (
                element_of(0x30, &[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]),
                key.public_key().as_ref().to_vec(),
            ),
        };
        element_of(0x30, &[&algorithm, &element_of(3, &[&[0], &key])])
    }

    fn algorithm(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_) => element_of(0x30, &[&oid("1.2.840.113549.1.1.11"), &[5, 0]]),
            Self::Ec(_) => element_of(0x30, &[&oid("1.2.840.10045.4.3.2")]),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }
}

fn key_identifier(key: &Key) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(key.spki())[..20].to_vec()
}

fn certificate(
    serial: u64,
    issuer: &[u8],
    signer: &Key,
    subject: &[u8],
    spki: &[u8],
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let validity = element_of(0x30, &[&element_of(0x17, &[b"250101000000Z"]), &element_of(0x17, &[b"490101000000Z"])]);
    let mut number = serial.to_be_bytes().to_vec();
    number[0] |= 0x40;
    let extensions = element_of(0xa3, &[&element_of(0x30, &[&extensions.concat()])]);
    let tbs = element_of(
        0x30,
        &[
            &element_of(0xa0, &[&[2, 1, 2]]),
            &element_of(2, &[&number]),
            &signer.algorithm(),
            issuer,
            &validity,
            subject,
            spki,
            &extensions,
        ],
    );
    let signature = signer.sign(&tbs);
    element_of(0x30, &[&tbs, &signer.algorithm(), &element_of(3, &[&[0], &signature])])
}

fn ca_extensions(key: &Key, issuer: &Key) -> Vec<Vec<u8>> {
    vec![
        extension("2.5.29.19", true, &element_of(0x30, &[&[1, 1, 0xff]])),
        extension("2.5.29.15", true, &[3, 2, 1, 6]),
        extension("2.5.29.14", false, &element_of(4, &[&key_identifier(key)])),
        extension("2.5.29.35", false, &element_of(0x30, &[&element_of(0x80, &[&key_identifier(issuer)])])),
        extension("2.5.29.31", false, &crl_points()),
    ]
}

fn crl_points() -> Vec<u8> {
    let uri = element_of(0x86, &[b"http://pki.contoso.com/issuing.crl"]);
    element_of(0x30, &[&element_of(0x30, &[&element_of(0xa0, &[&element_of(0xa0, &[&uri])])])])
}

fn client(number: usize, issuer: &[u8], signer: &Key, spki: &[u8]) -> Vec<u8> {
    let host = format!("pc{number:07}.contoso.com");
    let template = [
        oid("1.3.6.1.4.1.311.21.8.1174692.16553431.8374942.9461152.11036148.77.4390201.10520453"),
        vec![2, 1, 100, 2, 1, 4],
    ];
    let extensions = [
        extension("2.5.29.37", false, &element_of(0x30, &[&oid("1.3.6.1.5.5.7.3.2")])),
        extension("2.5.29.15", true, &[3, 2, 5, 0xa0]),
        extension("2.5.29.17", false, &element_of(0x30, &[&element_of(0x82, &[host.as_bytes()])])),
        extension("2.5.29.35", false, &element_of(0x30, &[&element_of(0x80, &[&key_identifier(signer)])])),
        extension("2.5.29.31", false, &crl_points()),
        extension("1.3.6.1.4.1.311.21.7", false, &element_of(0x30, &[&template.concat()])),
    ];
    certificate(number as u64, issuer, signer, &name(&[("2.5.4.3", 0x0c, &host)]), spki, &extensions)
}

pub(crate) fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|at| &body[at..(at + 64).min(body.len())]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// How the clients are kept.
#[allow(dead_code, reason = "each measurement needs some of them")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One PEM file each.
    Folder,
    /// One PEM file.
    Pem,
    /// One PKCS#7 file.
    Pkcs7,
    /// One serialized store.
    SerializedStore,
}

/// Writes `root.cer`, `issuing.cer` and the clients into `folder`. Between the root and the issuing CA stand `depth` more CAs.
pub(crate) fn make(folder: &Path, count: usize, kind: &str, layout: Layout, depth: usize) {
    fs::create_dir_all(folder).unwrap();
    let (root_key, client_key) = (Key::new(kind), Key::new("rsa"));
    let root_name = contoso("Contoso Root CA");
    let root =
        certificate(1, &root_name, &root_key, &root_name, &root_key.spki(), &ca_extensions(&root_key, &root_key));
    fs::write(folder.join("root.cer"), &root).unwrap();
    let (mut above_name, mut above_key) = (root_name, root_key);
    for level in (0..=depth).rev() {
        let file = if level == 0 { "issuing.cer".to_owned() } else { format!("policy-{level}.cer") };
        let name =
            contoso(&if level == 0 { "Contoso Issuing CA".to_owned() } else { format!("Contoso Policy CA {level}") });
        let key = Key::new(kind);
        let ca = certificate(
            2 + level as u64,
            &above_name,
            &above_key,
            &name,
            &key.spki(),
            &ca_extensions(&key, &above_key),
        );
        fs::write(folder.join(file), ca).unwrap();
        (above_name, above_key) = (name, key);
    }
    let (issuing_name, issuing_key) = (above_name, above_key);
    let spki = client_key.spki();
    let make = |number: usize| client(number, &issuing_name, &issuing_key, &spki);
    let windows = || (0..count).step_by(10_000).map(|from| from..(from + 10_000).min(count));
    match layout {
        Layout::Pem => {
            let mut out = BufWriter::new(fs::File::create(folder.join("clients.pem")).unwrap());
            for window in windows() {
                let blocks: Vec<String> = window.into_par_iter().map(|number| pem(&make(number))).collect();
                blocks.iter().for_each(|block| out.write_all(block.as_bytes()).unwrap());
            }
        }
        Layout::Pkcs7 => {
            let all: Vec<Vec<u8>> = (0..count).into_par_iter().map(make).collect();
            let data = element_of(0x30, &[&oid("1.2.840.113549.1.7.1")]);
            let certificates = element_of(0xa0, &[&all.concat()]);
            let signed =
                element_of(0x30, &[&[2, 1, 1], &element_of(0x31, &[]), &data, &certificates, &element_of(0x31, &[])]);
            let p7b = element_of(0x30, &[&oid("1.2.840.113549.1.7.2"), &element_of(0xa0, &[&signed])]);
            fs::write(folder.join("clients.p7b"), p7b).unwrap();
        }
        Layout::SerializedStore => {
            let mut out = BufWriter::new(fs::File::create(folder.join("clients.sst")).unwrap());
            out.write_all(b"\0\0\0\0CERT").unwrap();
            for window in windows() {
                let all: Vec<Vec<u8>> = window.into_par_iter().map(make).collect();
                for der in all {
                    out.write_all(&[32, 0, 0, 0, 1, 0, 0, 0]).unwrap();
                    out.write_all(&(der.len() as u32).to_le_bytes()).unwrap();
                    out.write_all(&der).unwrap();
                }
            }
            out.write_all(&[0; 12]).unwrap();
        }
        Layout::Folder => {
            let clients = folder.join("clients");
            fs::create_dir_all(&clients).unwrap();
            for window in windows() {
                window.into_par_iter().for_each(|number| {
                    fs::write(clients.join(format!("pc{number:07}.pem")), pem(&make(number))).unwrap();
                });
            }
        }
    }
}
