//! Client certificates that share their answer, so that ten thousand of one CA are one picture and not ten thousand.

use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::Client;
use crate::path::{Path, PathStatus};
use crate::time::Time;

/// Clients whose first path goes through the same CA certificates and ends the same way.
pub(crate) struct Group<'a> {
    /// The first path of the first of them.
    pub(crate) path: &'a Path,
    /// Those that end first come first.
    pub(crate) clients: Vec<&'a Client>,
}

impl<'a> Group<'a> {
    /// The CA certificates, from the issuing CA up.
    pub(crate) fn authorities(&self) -> &'a [Arc<Certificate>] {
        self.path.certificates.get(1..).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> PathStatus {
        self.path.status
    }

    /// The certificate at fault is each client's own.
    pub(crate) fn fails_at_leaf(&self) -> bool {
        fails_at_leaf(self.path)
    }
}

fn fails_at_leaf(path: &Path) -> bool {
    match (&path.failure, path.certificates.first()) {
        (Some((at, _)), Some(leaf)) => at.sha256() == leaf.sha256(),
        _ => false,
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    status: PathStatus,
    authorities: Vec<[u8; 32]>,
    failure: Option<(&'static str, bool)>,
    /// The issuer's name.
    missing: Option<String>,
    /// The check that refused which certificate of that name.
    unconfirmed: Option<(&'static str, [u8; 32])>,
}

/// The groups in the order of their first client, valid ones first.
pub(crate) fn group(clients: &[Client]) -> Vec<Group<'_>> {
    let mut places = HashMap::<Key, usize>::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for client in clients {
        let Some(path) = client.verdict.paths.first() else { continue };
        let key = Key {
            status: path.status,
            authorities: path.certificates.iter().skip(1).map(|certificate| *certificate.sha256()).collect(),
            failure: path.failure.as_ref().map(|(_, failure)| (failure.check.name(), fails_at_leaf(path))),
            missing: path.missing.as_ref().map(|missing| missing.subject.clone()),
            unconfirmed: path
                .missing
                .as_ref()
                .and_then(|missing| missing.refused.as_ref())
                .map(|refusal| (refusal.failure.check.name(), *refusal.candidate.sha256())),
        };
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Group { path, clients: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.clients.push(client);
        }
    }
    for group in &mut groups {
        group.clients.sort_by_cached_key(|client| {
            let certificate = &client.entry.certificate;
            (certificate.not_after(), *certificate.thumbprint())
        });
    }
    groups.sort_by_key(|group| group.status());
    groups
}

/// A valid path that was not chosen, and for how many clients.
pub(crate) struct Alternative<'a> {
    pub(crate) chosen: &'a Path,
    pub(crate) other: &'a Path,
    pub(crate) client: &'a Client,
    pub(crate) count: u64,
}

/// The alternatives of a group, each once.
pub(crate) fn alternatives<'a>(group: &Group<'a>) -> Vec<Alternative<'a>> {
    let mut places = HashMap::<Vec<[u8; 32]>, usize>::new();
    let mut found: Vec<Alternative<'a>> = Vec::new();
    for client in &group.clients {
        let Some(chosen) = client.verdict.chosen() else { continue };
        for other in client.verdict.paths.iter().skip(1).filter(|path| path.status == PathStatus::Valid) {
            let key = other.certificates.iter().skip(1).map(|certificate| *certificate.sha256()).collect();
            let place = *places.entry(key).or_insert_with(|| {
                found.push(Alternative { chosen, other, client, count: 0 });
                found.len() - 1
            });
            if let Some(alternative) = found.get_mut(place) {
                alternative.count += 1;
            }
        }
    }
    found
}

/// Why the one was chosen over the other: the first of the rules by which they differ, with both values.
pub(crate) fn why_not(chosen: &Path, other: &Path) -> String {
    let date = |time: Option<Time>| time.map_or_else(|| "no date".to_owned(), Time::date);
    let (expiries, of_other) = (expiries(chosen), expiries(other));
    let (one, two) = (expiries.first().copied().flatten(), of_other.first().copied().flatten());
    if one != two {
        return format!("its CA certificates hold until {}, those of the chosen path until {}", date(two), date(one));
    }
    let length = |path: &Path| path.certificates.len().saturating_sub(1);
    if length(chosen) != length(other) {
        return format!(
            "it has {} CA certificates, the chosen path {}, and both hold equally long",
            length(other),
            length(chosen)
        );
    }
    let (one, two) = (weakest_signature(chosen), weakest_signature(other));
    if one != two {
        return format!("its weakest signature is {two}, that of the chosen path {one}; otherwise they are equal");
    }
    if let Some((one, two)) = expiries.iter().zip(&of_other).find(|(one, two)| one != two) {
        return format!(
            "of its CA certificates beside the first to expire one expires on {}, in the chosen path on {}",
            date(*two),
            date(*one)
        );
    }
    let of_anchor = |path: &Path| {
        let hash = path.certificates.last().and_then(|anchor| anchor.signature_algorithm().hash());
        hash.map_or("an unknown hash", |hash| hash.name())
    };
    match (of_anchor(chosen), of_anchor(other)) {
        (one, two) if one != two => {
            format!("its root is signed with {two}, that of the chosen path with {one}; otherwise they are equal")
        }
        _ => "the two are equally good; the lower thumbprint decides, so that all clients choose the same".to_owned(),
    }
}

/// When each CA certificate expires, in that order.
fn expiries(path: &Path) -> Vec<Option<Time>> {
    let mut expiries: Vec<_> = path.certificates.iter().skip(1).map(|certificate| certificate.not_after()).collect();
    expiries.sort_unstable();
    expiries
}

/// Of the signatures below the anchor, which signs nothing but itself: the hash and the bits of the key that made it.
fn weakest_signature(path: &Path) -> String {
    let signatures = path.certificates.windows(2).skip(1).filter_map(|pair| match pair {
        [below, above] => Some((below.signature_algorithm().hash(), above.public_key().bits)),
        _ => None,
    });
    signatures.min().map_or_else(String::new, |(hash, bits)| {
        format!("{} with a key of {bits} bits", hash.map_or("of an unknown hash", |hash| hash.name()))
    })
}
