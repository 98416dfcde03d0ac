//! Client certificates that share their answer, so that ten thousand of one CA are one picture and not ten thousand: gathered one by
//! one, and kept of each is only what the picture shows.

use std::collections::HashMap;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::ops::Client;
use crate::path::{Detail, Missing, Path, PathStatus, Verdict};
use crate::pool::Entry;
use crate::report::client_rows::{Order, Row, Rows, order};
use crate::report::describe;
use crate::report::first_met::Found;
use crate::report::style::Style;
use crate::time::Time;

/// Clients whose first path goes through the same CA certificates and ends the same way.
pub(crate) struct Group {
    /// The first path of the first of them.
    pub(crate) path: Path,
    /// The first of them.
    pub(crate) first: Entry,
    pub(crate) count: u64,
    /// How many paths the one with the fewest has, and the one with the most.
    pub(crate) paths: (usize, usize),
    /// The one that ends first.
    pub(crate) soonest: Soonest,
    pub(crate) rows: Rows,
    alternatives: Vec<Alternative>,
    places: HashMap<Authorities, usize>,
}

/// CA certificates by their SHA-256, from the issuing CA up.
type Authorities = Vec<[u8; 32]>;

/// The client of a group that ends first.
pub(crate) struct Soonest {
    order: Order,
    /// Its paths beside the first, where that one is not valid.
    pub(crate) others: Vec<Path>,
}

/// A valid path that was not chosen, and for how many clients.
pub(crate) struct Alternative {
    /// The CA certificates, from the issuing CA up.
    pub(crate) authorities: Vec<Arc<Certificate>>,
    pub(crate) count: u64,
    /// What stands for the subject of the client that ends first.
    pub(crate) subject: String,
    /// That client's order and number, and which of its paths it is.
    rank: (Order, u64, usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    status: PathStatus,
    authorities: Authorities,
    failure: Option<(&'static str, Option<Detail>, bool)>,
    /// The issuer by all that tells it from another: its name, key identifier, serial number and where it is published.
    missing: Option<(String, [Option<String>; 2], Vec<String>)>,
    /// The check that refused which certificate of that name.
    unconfirmed: Option<(&'static str, [u8; 32])>,
}

/// What one client adds to its group.
pub(crate) struct Member {
    group: Found<NewGroup>,
    order: Order,
    paths: usize,
    /// Its paths beside the first, where it may be the one that ends first.
    others: Option<Vec<Path>>,
    row: Option<Row>,
    alternatives: Vec<Other>,
}

/// A group that may be new, by its first client.
pub(crate) struct NewGroup {
    key: Key,
    pub(crate) path: Path,
    first: Entry,
}

/// Another valid path of a client.
struct Other {
    found: Found<(Authorities, Vec<Arc<Certificate>>)>,
    /// Which of its paths it is.
    position: usize,
    /// What stands for the client's subject, where it may be the one that ends first.
    subject: Option<String>,
}

/// The groups in the order of their first client.
#[derive(Default)]
pub(crate) struct Groups {
    places: HashMap<Key, usize>,
    groups: Vec<Group>,
}

/// The CA certificates of a path, from the issuing CA up.
pub(crate) fn authorities(path: &Path) -> &[Arc<Certificate>] {
    path.certificates.get(1..).unwrap_or_default()
}

fn sha256_of(authorities: &[Arc<Certificate>]) -> Authorities {
    authorities.iter().map(|certificate| *certificate.sha256()).collect()
}

fn fails_at_leaf(path: &Path) -> bool {
    match (&path.failure, path.certificates.first()) {
        (Some((at, _)), Some(leaf)) => at.sha256() == leaf.sha256(),
        _ => false,
    }
}

impl Key {
    fn of(path: &Path) -> Self {
        let refused = path.missing.as_ref().and_then(|missing| missing.refused.as_ref());
        Self {
            status: path.status,
            authorities: sha256_of(authorities(path)),
            failure: path
                .failure
                .as_ref()
                .map(|(_, failure)| (failure.check.name(), failure.detail, fails_at_leaf(path))),
            missing: path.missing.as_ref().map(|missing| {
                let Missing { subject, key_identifier, serial_number, aia, .. } = &**missing;
                (subject.clone(), [key_identifier.clone(), serial_number.clone()], aia.clone())
            }),
            unconfirmed: refused.map(|refusal| (refusal.failure.check.name(), *refusal.candidate.sha256())),
        }
    }
}

impl Member {
    /// The path of the group that may be new.
    pub(crate) fn new_path(&self) -> Option<&Path> {
        match &self.group {
            Found::New(new) => Some(&new.path),
            Found::Known(_) => None,
        }
    }
}

impl Groups {
    /// What a client adds that is not known yet; `None` where it has no path.
    pub(crate) fn look(&self, client: &Client) -> Option<Member> {
        let Verdict { paths, .. } = &client.verdict;
        let path = paths.first()?;
        let key = Key::of(path);
        let place = self.places.get(&key).copied();
        let group = place.and_then(|place| self.groups.get(place));
        let order = order(&client.entry.certificate);
        let may_be_soonest = group.is_none_or(|group| order < group.soonest.order);
        let others =
            || if path.status == PathStatus::Valid { Vec::new() } else { paths.iter().skip(1).cloned().collect() };
        let row = || {
            let failure = path.failure.as_ref().map(|(_, failure)| failure);
            Row::new(&client.entry, failure.filter(|_| fails_at_leaf(path)))
        };
        Some(Member {
            order,
            paths: paths.len(),
            others: may_be_soonest.then(others),
            row: group.is_none_or(|group| group.rows.wants(&order)).then(row),
            alternatives: alternatives(client, order, group),
            group: match place {
                Some(place) => Found::Known(place),
                None => Found::New(Box::new(NewGroup { key, path: path.clone(), first: client.entry.clone() })),
            },
        })
    }

    /// Adds a client; `number` grows from one to the next.
    pub(crate) fn learn(&mut self, style: &Style, number: u64, member: Member) {
        let Member { group, order, paths, others, row, alternatives } = member;
        let place = match group {
            Found::Known(place) => place,
            Found::New(new) => {
                let NewGroup { key, path, first } = *new;
                *self.places.entry(key).or_insert_with(|| {
                    self.groups.push(Group::new(style, path, first));
                    self.groups.len() - 1
                })
            }
        };
        let Some(group) = self.groups.get_mut(place) else { return };
        if let Some(others) = others
            && (group.count == 0 || order < group.soonest.order)
        {
            group.soonest = Soonest { order, others };
        }
        group.count += 1;
        let (fewest, most) = group.paths;
        group.paths = (if group.count == 1 { paths } else { fewest.min(paths) }, most.max(paths));
        if let Some(row) = row {
            group.rows.add(row);
        }
        alternatives.into_iter().for_each(|other| group.learn_alternative((order, number), other));
    }

    /// Valid ones first; what each shows of its clients is sorted.
    pub(crate) fn into_sorted(self) -> Vec<Group> {
        let mut groups = self.groups;
        for group in &mut groups {
            group.rows.sort();
            group.alternatives.sort_by_key(|alternative| alternative.rank);
        }
        groups.sort_by_key(Group::status);
        groups
    }
}

/// The valid paths of a client beside the one that was chosen.
fn alternatives(client: &Client, order: Order, group: Option<&Group>) -> Vec<Other> {
    if client.verdict.chosen().is_none() {
        return Vec::new();
    }
    let others = client.verdict.paths.iter().enumerate().skip(1).filter(|(_, path)| path.status == PathStatus::Valid);
    let other = |(position, path)| {
        let key = sha256_of(authorities(path));
        let place = group.and_then(|group| group.places.get(&key).copied());
        let known = place.and_then(|place| group.and_then(|group| group.alternatives.get(place)));
        Other {
            position,
            subject: known
                .is_none_or(|known| order < known.rank.0)
                .then(|| describe::subject(&client.entry.certificate)),
            found: match place {
                Some(place) => Found::Known(place),
                None => Found::New(Box::new((key, authorities(path).to_vec()))),
            },
        }
    };
    others.map(other).collect()
}

impl Group {
    /// Without a client yet.
    fn new(style: &Style, path: Path, first: Entry) -> Self {
        Self {
            soonest: Soonest { order: order(&first.certificate), others: Vec::new() },
            path,
            first,
            count: 0,
            paths: (0, 0),
            rows: Rows::new(style),
            alternatives: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn learn_alternative(&mut self, (order, number): (Order, u64), other: Other) {
        let Other { found, position, subject } = other;
        let rank = (order, number, position);
        let place = match found {
            Found::Known(place) => place,
            Found::New(new) => {
                let (key, authorities) = *new;
                *self.places.entry(key).or_insert_with(|| {
                    self.alternatives.push(Alternative { authorities, count: 0, subject: String::new(), rank });
                    self.alternatives.len() - 1
                })
            }
        };
        let Some(alternative) = self.alternatives.get_mut(place) else { return };
        if let Some(subject) = subject
            && (alternative.count == 0 || rank < alternative.rank)
        {
            alternative.subject = subject;
            alternative.rank = rank;
        }
        alternative.count += 1;
    }

    /// The CA certificates, from the issuing CA up.
    pub(crate) fn authorities(&self) -> &[Arc<Certificate>] {
        authorities(&self.path)
    }

    pub(crate) fn status(&self) -> PathStatus {
        self.path.status
    }

    /// The certificate at fault is each client's own.
    pub(crate) fn fails_at_leaf(&self) -> bool {
        fails_at_leaf(&self.path)
    }

    /// The valid paths that were not chosen, each once, in the order of the clients that end first.
    pub(crate) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }
}

/// Why the CAs of one path were chosen over those of the other: the first of the rules by which they differ, with both values.
pub(crate) fn why_not(chosen: &[Arc<Certificate>], other: &[Arc<Certificate>]) -> String {
    let date = |time: Option<Time>| time.map_or_else(|| "no date".to_owned(), Time::date);
    let ends_at_root = |path: &[Arc<Certificate>]| path.last().is_some_and(|top| top.is_self_signed());
    if ends_at_root(chosen) && !ends_at_root(other) {
        return "it ends at a trust anchor that is not self-signed, and the chosen path at a root".to_owned();
    }
    let (expiries, of_other) = (expiries(chosen), expiries(other));
    let (one, two) = (expiries.first().copied().flatten(), of_other.first().copied().flatten());
    if one != two {
        return format!("its CA certificates hold until {}, those of the chosen path until {}", date(two), date(one));
    }
    if chosen.len() != other.len() {
        return format!(
            "it has {} CA certificates, the chosen path {}, and both hold equally long",
            other.len(),
            chosen.len()
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
    let of_anchor = |path: &[Arc<Certificate>]| {
        let hash = path.last().and_then(|anchor| anchor.signature_algorithm().hash());
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
fn expiries(authorities: &[Arc<Certificate>]) -> Vec<Option<Time>> {
    let mut expiries: Vec<_> = authorities.iter().map(|certificate| certificate.not_after()).collect();
    expiries.sort_unstable();
    expiries
}

/// Of the signatures below the anchor, which signs nothing but itself: the hash and the bits of the key that made it.
fn weakest_signature(authorities: &[Arc<Certificate>]) -> String {
    let signatures = authorities.windows(2).filter_map(|pair| match pair {
        [below, above] => Some((below.signature_algorithm().hash(), above.public_key().bits)),
        _ => None,
    });
    signatures.min().map_or_else(String::new, |(hash, bits)| {
        format!("{} with a key of {bits} bits", hash.map_or("of an unknown hash", |hash| hash.name()))
    })
}
