//! What the text of `chain` tells of the end-entity certificates, gathered one by one while they are judged, so that none of them has
//! to be kept until it is written.
//!
//! A certificate is looked at on any thread, which sees what is known already: mostly it adds no more than a number, and what it has
//! beside that goes at once. What it adds is learnt in the order of the sources, so that the first of many is the same one however
//! many threads there are.

use std::sync::{Arc, PoisonError, RwLock};

use crate::certificate::Certificate;
use crate::ops::{Client, Considered, PassedOver};
use crate::path::Path;
use crate::report::chain_groups::{Groups, Member};
use crate::report::chain_refused::{RefusedAt, RefusedCandidates};
use crate::report::describe;
use crate::report::first_met::{FirstMet, Found, MetAt};
use crate::report::path_notes::{AnchorLimits, Cautions, UnknownAt, UnknownRevocation};
use crate::report::style::Style;

/// What has been learnt of some certificates. [`Gathering::look`] may be called by many threads; what it gives goes to
/// [`Gathering::learn`] in the order of the certificates, by one of them at a time.
pub struct Gathering {
    style: Style,
    gathered: RwLock<Gathered>,
}

/// All that the text needs of them.
#[derive(Default)]
pub(crate) struct Gathered {
    /// How many certificates were learnt of.
    number: u64,
    /// How many of them are clients'.
    pub(crate) clients: u64,
    pub(crate) groups: Groups,
    pub(crate) unknown: UnknownRevocation,
    pub(crate) limits: AnchorLimits,
    pub(crate) cautions: Cautions,
    pub(crate) refused: RefusedCandidates,
    /// By the reason: the reason, and what stands for the first certificate.
    pub(crate) passed_over: FirstMet<String, (String, String)>,
}

/// What one certificate adds.
pub struct Learnt(Kind);

enum Kind {
    Client(Box<OfClient>),
    PassedOver(Found<(String, (String, String))>),
}

struct OfClient {
    member: Option<Member>,
    /// Where its own certificate is met.
    own: MetAt,
    unknown: Option<UnknownAt>,
    /// A path without a CA, whose anchor is the certificate itself.
    anchor: Option<Path>,
    in_other_encoding: Option<Arc<Certificate>>,
    refused: Vec<RefusedAt>,
    exhausted: bool,
}

impl Gathering {
    /// Of none yet, for a text of this style.
    pub fn new(style: &Style) -> Self {
        Self { style: *style, gathered: RwLock::default() }
    }

    /// What a certificate adds to what has been learnt; for any thread.
    pub fn look(&self, considered: &Considered) -> Learnt {
        match considered {
            Considered::Client(client) => self.look_at_client(client),
            Considered::PassedOver(over) => self.look_at_passed_over(over),
        }
    }

    pub(crate) fn look_at_client(&self, client: &Client) -> Learnt {
        let gathered = self.gathered.read().unwrap_or_else(PoisonError::into_inner);
        Learnt(Kind::Client(Box::new(gathered.look(&self.style, client))))
    }

    pub(crate) fn look_at_passed_over(&self, over: &PassedOver) -> Learnt {
        let gathered = self.gathered.read().unwrap_or_else(PoisonError::into_inner);
        Learnt(Kind::PassedOver(match gathered.passed_over.place(&over.reason) {
            Some(place) => Found::Known(place),
            None => {
                let reason = || over.reason.clone();
                Found::New(Box::new((reason(), (reason(), describe::subject(&over.certificate)))))
            }
        }))
    }

    /// Takes it in; in the order of the certificates.
    pub fn learn(&self, Learnt(kind): Learnt) {
        let mut gathered = self.gathered.write().unwrap_or_else(PoisonError::into_inner);
        let number = gathered.number;
        gathered.number += 1;
        match kind {
            Kind::Client(client) => gathered.learn(&self.style, number, *client),
            Kind::PassedOver(found) => gathered.passed_over.meet(number, found, MetAt::Alone),
        }
    }

    pub(crate) fn into_gathered(self) -> (Style, Gathered) {
        (self.style, self.gathered.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gathered {
    fn look(&self, style: &Style, client: &Client) -> OfClient {
        let certificate = &client.entry.certificate;
        // A client certificate is judged once; others have it above them only where the search has it among the issuers.
        let own = if client.verdict.is_among_issuers { MetAt::Shared(*certificate.sha256()) } else { MetAt::Alone };
        let path = client.verdict.paths.first();
        let member = self.groups.look(client);
        // Of a new group the whole path is looked at; all others of it differ in their own certificates alone.
        let own_of = path.filter(|_| member.as_ref().is_some_and(|member| member.new_path().is_none()));
        let is_in_other_encoding = |path: &&Path| {
            self.cautions.has_room() && path.names_in_other_encodings().any(|(one, _)| one == certificate)
        };
        OfClient {
            own,
            unknown: own_of.and_then(|path| self.unknown.look(certificate, path.revocation.first(), own)),
            anchor: own_of.filter(|path| path.is_anchored && path.certificates.len() == 1).cloned(),
            in_other_encoding: own_of.filter(is_in_other_encoding).map(|_| certificate.clone()),
            refused: self.refused.look(style, client, own),
            exhausted: client.verdict.exhausted,
            member,
        }
    }

    fn learn(&mut self, style: &Style, number: u64, client: OfClient) {
        let OfClient { member, own, unknown, anchor, in_other_encoding, refused, exhausted } = client;
        self.clients += 1;
        if let Some(path) = member.as_ref().and_then(Member::new_path) {
            self.unknown.learn_path(number, path, own);
            self.cautions.learn_path(path);
        }
        if let Some(path) = anchor.as_ref().or(member.as_ref().and_then(Member::new_path)) {
            self.limits.learn(style, path);
        }
        if let Some(unknown) = unknown {
            self.unknown.learn(number, unknown);
        }
        self.cautions.learn(in_other_encoding.as_deref());
        self.cautions.is_exhausted |= exhausted;
        self.refused.learn(number, refused);
        if let Some(member) = member {
            self.groups.learn(style, number, member);
        }
    }
}
