//! Meshes of CAs with few names and keys, and the paths through them found once more by the plainest search there is.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::certificate::{Certificate, oid};
use crate::der_writer::{element, sequence};
use crate::fuzzing::der::{self, Draft, KEYS};
use crate::fuzzing::occurrence;
use crate::ops::{Chains, Client, IssuerResult, Trust};
use crate::path::graph::{Graph, Issuer};
use crate::path::{PathStatus, Purpose, Settings, Verdict};
use crate::pool::Entry;
use crate::report::model::ChainRecord;
use crate::report::style::Style;
use crate::report::{chain_text, json};
use crate::source::Restrictions;

/// How many certificates one mesh has: as many as make every shape, and not so many that an input takes long.
const MOST: usize = 14;
const NAMES: u8 = 4;

/// What is chosen of one certificate; the bytes it is made from are its identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Choice([u8; 4]);

impl Choice {
    fn subject(self) -> u8 {
        self.0[0] % NAMES
    }

    fn issuer(self) -> u8 {
        self.0[0] / NAMES % NAMES
    }

    /// How the names are written: in other string types and case they are the same names.
    fn spelling(self) -> u8 {
        self.0[0] / (NAMES * NAMES) % 4
    }

    fn key(self) -> usize {
        usize::from(self.0[1]) % KEYS
    }

    fn signer(self) -> usize {
        usize::from(self.0[1]) / KEYS % KEYS
    }

    fn is_anchor(self) -> bool {
        self.0[1] & 0x80 != 0
    }

    fn is_ca(self) -> bool {
        !self.0[2].is_multiple_of(4)
    }

    fn path_length(self) -> Option<u8> {
        self.0[2].checked_sub(192).map(|length| length % 4)
    }

    fn is_expired(self) -> bool {
        self.0[3] % 16 == 1
    }

    fn may_sign(self) -> bool {
        self.0[3] % 16 != 2
    }

    fn has_unknown_extension(self) -> bool {
        self.0[3] % 16 == 3
    }

    /// None, the right ones, wrong ones.
    fn identifiers(self) -> u8 {
        self.0[3] / 16 % 3
    }

    fn name(number: u8, spelling: u8) -> Vec<u8> {
        let text = [b"Alpha CA", b"Bravo CA", b"Delta CA", b"Gamma CA"][usize::from(number % NAMES)];
        match spelling {
            0 | 1 => der::name(oid::COMMON_NAME, 12, text),
            2 => der::name(oid::COMMON_NAME, 19, &text.to_ascii_lowercase()),
            _ => {
                let wide: Vec<u8> = text.iter().flat_map(|byte| [0, *byte]).collect();
                der::name(oid::COMMON_NAME, 30, &wide)
            }
        }
    }

    fn make(self) -> Vec<u8> {
        let mut extensions = der::basic_constraints(self.is_ca(), self.path_length().filter(|_| self.is_ca()));
        let usage: &[u8] = if self.is_ca() && self.may_sign() { &[3, 2, 1, 6] } else { &[3, 2, 7, 0x80] };
        extensions.extend(der::extension(oid::KEY_USAGE, true, usage));
        if self.has_unknown_extension() {
            extensions.extend(der::extension(&[0x2a, 3, 4], true, &[5, 0]));
        }
        if self.identifiers() > 0 {
            let wrong = u8::from(self.identifiers() == 2);
            let identifier = |key: usize| [key as u8 + 16 * wrong; 8];
            let own = element(4, &identifier(self.key()));
            extensions.extend(der::extension(oid::SUBJECT_KEY_IDENTIFIER, false, &own));
            let above = sequence(&[&element(0x80, &identifier(self.signer()))]);
            extensions.extend(der::extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &above));
        }
        let draft = Draft {
            serial: self.0[2],
            subject: &Self::name(self.subject(), self.spelling() & 1),
            issuer: &Self::name(self.issuer(), self.spelling()),
            validity: if self.is_expired() {
                ["200101000000Z", "210101000000Z"]
            } else {
                ["200101000000Z", "400101000000Z"]
            },
            key: self.key(),
            signer: self.signer(),
            extensions,
        };
        draft.sign()
    }
}

/// Made once: signing costs most of an input's time.
fn certificate(choice: Choice) -> Option<Arc<Certificate>> {
    static MADE: LazyLock<Mutex<HashMap<Choice, Option<Arc<Certificate>>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if made.len() > 200_000 {
        made.clear();
    }
    made.entry(choice).or_insert_with(|| Certificate::from_vec(choice.make()).ok().map(Arc::new)).clone()
}

struct Member {
    choice: Choice,
    certificate: Arc<Certificate>,
}

impl Member {
    fn is_issuer_of(&self, other: &Self) -> bool {
        self.choice.subject() == other.choice.issuer() && self.choice.key() == other.choice.signer()
    }

    fn is_self_issued(&self) -> bool {
        self.choice.subject() == self.choice.issuer()
    }

    fn is_self_signed(&self) -> bool {
        self.is_issuer_of(self)
    }

    fn is_same_authority(&self, other: &Self) -> bool {
        (self.choice.subject(), self.choice.key()) == (other.choice.subject(), other.choice.key())
    }

    fn is_in_order(&self) -> bool {
        !self.choice.is_expired() && !self.choice.has_unknown_extension()
    }
}

/// Every valid path by trying everything.
struct Reference<'a> {
    authorities: &'a [&'a Member],
    valid: BTreeSet<Vec<[u8; 32]>>,
}

impl<'a> Reference<'a> {
    fn extend(&mut self, leaf: &Member, above: &mut Vec<&'a Member>) {
        let below = above.last().copied();
        if let Some(top) = below
            && top.choice.is_anchor()
        {
            if lengths_hold(above) {
                let leaf = std::iter::once(*leaf.certificate.sha256());
                self.valid.insert(leaf.chain(above.iter().map(|member| *member.certificate.sha256())).collect());
            }
            if top.is_self_signed() {
                return;
            }
        }
        for candidate in self.authorities {
            let may_follow = candidate.is_issuer_of(below.unwrap_or(leaf))
                && candidate.choice.is_ca()
                && candidate.choice.may_sign()
                && candidate.is_in_order()
                && !above.iter().any(|member| member.is_same_authority(candidate));
            if may_follow {
                above.push(candidate);
                self.extend(leaf, above);
                above.pop();
            }
        }
    }
}

/// RFC 5280 section 6.1.4 (l) and (m), from the anchor down.
fn lengths_hold(above: &[&Member]) -> bool {
    let mut left = u32::MAX;
    for (depth, member) in above.iter().rev().enumerate() {
        if depth > 0 && !member.is_self_issued() {
            let Some(less) = left.checked_sub(1) else { return false };
            left = less;
        }
        left = left.min(member.choice.path_length().map_or(u32::MAX, u32::from));
    }
    true
}

fn graph(authorities: impl Iterator<Item = (Arc<Certificate>, bool)>) -> Graph {
    let issuers = authorities
        .map(|(certificate, is_anchor)| Issuer { certificate, anchor: is_anchor.then(Restrictions::default) })
        .collect();
    Graph::new(issuers, Vec::new(), Settings::new(Purpose::Client, super::moment()))
}

fn paths(verdict: &Verdict) -> Vec<Vec<[u8; 32]>> {
    let valid = verdict.paths.iter().filter(|path| path.status == PathStatus::Valid);
    valid.map(|path| path.certificates.iter().map(|certificate| *certificate.sha256()).collect()).collect()
}

/// Four bytes a certificate. What the search finds is what the plainest search finds, whatever the order of the input.
pub fn mesh(data: &[u8]) {
    let mut choices: Vec<Choice> = data.as_chunks().0.iter().take(MOST).map(|bytes| Choice(*bytes)).collect();
    let mut seen = BTreeSet::new();
    // Serial numbers have seven bits, and what is not asked of the bytes makes no other certificate.
    let members: Vec<Member> = choices
        .drain(..)
        .filter_map(|choice| Some(Member { choice, certificate: certificate(choice)? }))
        .filter(|member| seen.insert(*member.certificate.sha256()))
        .collect();
    let (authorities, leaves): (Vec<&Member>, Vec<&Member>) = members.iter().partition(|member| member.choice.is_ca());
    let issuers = || authorities.iter().map(|member| (member.certificate.clone(), member.choice.is_anchor()));
    let one = graph(issuers());
    let two = graph(issuers().rev());

    let mut clients = Vec::new();
    for leaf in &leaves {
        let verdict = one.judge(&leaf.certificate);
        let found = paths(&verdict);
        assert_eq!(found, paths(&two.judge(&leaf.certificate)), "the order of the input says nothing");
        let mut reference = Reference { authorities: &authorities, valid: BTreeSet::new() };
        if leaf.is_in_order() {
            reference.extend(leaf, &mut Vec::new());
        }
        let unique: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "no path twice");
        assert!(unique.is_subset(&reference.valid), "a path that is none");
        if !verdict.exhausted {
            assert_eq!(unique, reference.valid, "a path that is missing");
        }
        if !reference.valid.is_empty() {
            assert!(!found.is_empty(), "where there is a path, one is found");
        }
        let decision = one.decide(&leaf.certificate);
        let chosen = decision.chosen.map(|path| {
            let above = path.nodes.iter().map(|id| *one.certificate(*id).sha256());
            std::iter::once(*leaf.certificate.sha256()).chain(above).collect::<Vec<_>>()
        });
        assert_eq!(chosen.as_ref(), found.first(), "the short answer is the whole one's");
        assert!(!verdict.paths.is_empty(), "where there is no path, something is said");
        clients.push(Client { entry: entry(leaf), verdict });
    }
    let issuers = authorities
        .iter()
        .map(|member| IssuerResult {
            verdict: one.judge(&member.certificate),
            findings: Vec::new(),
            clients: 0,
            concerns_clients: None,
            entry: entry(member),
        })
        .collect();
    let found = Chains {
        at: super::moment(),
        trust: Trust::Given,
        issuers,
        clients,
        passed_over: Vec::new(),
        selection: None,
        problems: Vec::new(),
    };
    let mut text = Vec::new();
    assert!(chain_text::write(&mut text, &Style::default(), &found).is_ok());
    assert!(json::document(&ChainRecord::new(&found)).is_ascii());
}

fn entry(member: &Member) -> Entry {
    Entry::new(member.certificate.clone(), occurrence())
}
