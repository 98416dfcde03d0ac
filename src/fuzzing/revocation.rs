//! CRLs of one issuer, current, old and to come, complete and delta, for other points and by other keys; and what they say of a certificate
//! found once more without any index.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::certificate::crl::build::{Entry, List, extension, full_name, uri};
use crate::certificate::{Certificate, Crl, RevocationReason, oid};
use crate::der_writer::{element, sequence};
use crate::fuzzing::der::{self, Draft};
use crate::fuzzing::moment;
use crate::path::revocation::{CrlIssuer, CrlStore, status};

/// How many lists one input has: fewer than are asked of those that are not in force.
const MOST: usize = 8;
const SERIAL: u8 = 7;
const HERE: &str = "http://pki.contoso.com/here.crl";
const ELSEWHERE: &str = "http://pki.contoso.com/elsewhere.crl";

/// What is chosen of one list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Choice([u8; 4]);

impl Choice {
    fn number(self) -> Option<u64> {
        Some(u64::from(self.0[0] % 8)).filter(|number| *number > 0)
    }

    fn base(self) -> Option<u64> {
        (self.0[0] & 0x80 != 0).then_some(u64::from(self.0[0] / 8 % 8))
    }

    fn has_key_identifier(self) -> bool {
        self.0[0] & 0x40 != 0
    }

    /// 0 is the issuer's.
    fn signer(self) -> usize {
        usize::from(self.0[1] % 4 == 1)
    }

    fn this_update(self) -> &'static str {
        ["260101000000Z", "260601000000Z", "261201000000Z", "280101000000Z"][usize::from(self.0[1] / 4 % 4)]
    }

    fn next_update(self) -> Option<&'static str> {
        [Some("290101000000Z"), Some("290101000000Z"), Some("270101000000Z"), None][usize::from(self.0[1] / 16 % 4)]
    }

    /// The content of the issuing distribution point.
    fn point(self) -> Option<Vec<u8>> {
        let users = [0x81, 1, 0xff];
        match self.0[2] % 6 {
            1 => Some(full_name(&uri(HERE))),
            2 => Some(full_name(&uri(ELSEWHERE))),
            3 => Some(users.to_vec()),
            4 => Some(vec![0x82, 1, 0xff]),
            5 => Some([&full_name(&uri(HERE))[..], &users].concat()),
            _ => None,
        }
    }

    /// Whether it speaks for the certificate, which names a point or none.
    fn covers(self, names_point: bool) -> bool {
        match self.0[2] % 6 {
            0 | 3 => true,
            1 | 5 => names_point,
            _ => false,
        }
    }

    fn entries(self) -> Vec<Entry> {
        let entry = Entry::new(&[SERIAL]);
        match self.0[3] % 5 {
            1 => vec![entry],
            2 => vec![entry.reason(6)],
            3 => vec![entry.reason(8)],
            4 => vec![Entry::new(&[SERIAL + 1]), entry.reason(1)],
            _ => vec![Entry::new(&[SERIAL + 1])],
        }
    }

    fn make(self) -> Option<Arc<Crl>> {
        let mut list = List::new(&issuer_name());
        list.number = self.number();
        list.base = self.base();
        list.this_update = self.this_update().to_owned();
        list.next_update = self.next_update().map(ToOwned::to_owned);
        list.point = self.point();
        list.entries = self.entries();
        if self.has_key_identifier() {
            let content = sequence(&[&element(0x80, &[1; 8])]);
            list.extensions.push(extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &content));
        }
        let der = list.sign_with(&der::algorithm(), |signed| der::sign(self.signer(), signed));
        Crl::from_vec(der).ok().map(Arc::new)
    }
}

/// Made once: signing costs most of an input's time.
fn list(choice: Choice) -> Option<Arc<Crl>> {
    static MADE: LazyLock<Mutex<HashMap<Choice, Option<Arc<Crl>>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if made.len() > 200_000 {
        made.clear();
    }
    made.entry(choice).or_insert_with(|| choice.make()).clone()
}

fn issuer_name() -> Vec<u8> {
    der::name(oid::COMMON_NAME, 12, b"Alpha CA")
}

/// The CA, a certificate of it that names no point, and one that does.
static CERTIFICATES: LazyLock<Option<[Certificate; 3]>> = LazyLock::new(|| {
    let make = |subject: &[u8], extensions: Vec<u8>| {
        let validity = ["200101000000Z", "400101000000Z"];
        let issuer = &issuer_name();
        let draft = Draft { serial: SERIAL, subject, issuer, validity, key: 0, signer: 0, extensions };
        Certificate::from_vec(draft.sign()).ok()
    };
    let user = der::name(oid::COMMON_NAME, 12, b"PC1");
    let points = sequence(&[&sequence(&[&full_name(&uri(HERE))])]);
    Some([
        make(&issuer_name(), der::basic_constraints(true, None))?,
        make(&user, Vec::new())?,
        make(&user, der::extension(oid::CRL_DISTRIBUTION_POINTS, false, &points))?,
    ])
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Good,
    Revoked,
    Unknown,
}

type Member = (Choice, Arc<Crl>);

fn is_current(list: &Crl) -> bool {
    list.is_current_at(moment())
}

/// RFC 5280 sections 5.2.4 and 6.3.3 (c).
fn continues((choice, delta): &Member, (of_base, base): &Member) -> bool {
    let (Some(from), Some(number), Some(complete)) = (choice.base(), choice.number(), of_base.number()) else {
        return false;
    };
    from <= complete
        && complete < number
        && is_current(delta)
        && delta.flaw().is_none()
        && choice.point() == of_base.point()
        && choice.has_key_identifier() == of_base.has_key_identifier()
        && !base.is_delta()
}

/// What one list, with the delta CRL laid over it, says: nothing, or the reason.
fn listed(list: &Crl, delta: Option<&Crl>, certificate: &Certificate) -> Option<Option<RevocationReason>> {
    let entry =
        |list: &Crl| list.entries().find(|entry| entry.serial_number == certificate.serial_number()).map(|e| e.reason);
    let found = delta.and_then(entry).or_else(|| entry(list))?;
    (found != Some(RevocationReason::RemoveFromCrl)).then_some(found)
}

/// Section 6.3.3 with the departures that `path::revocation` states, list by list.
fn expected(members: &[Member], certificate: &Certificate, names_point: bool) -> Expected {
    let mut complete: Vec<&Member> = members.iter().filter(|(_, list)| !list.is_delta()).collect();
    complete.sort_by_key(|(_, list)| std::cmp::Reverse((list.this_update(), list.number().cloned())));
    let age = |list: &Arc<Crl>| (list.this_update(), list.number().cloned());
    let counts = |(choice, list): &Member| {
        choice.covers(names_point)
            && choice.signer() == 0
            && list.this_update().is_some_and(|issued| issued <= moment())
            && !list.flaw().is_some_and(|flaw| flaw.forbids_any_use())
    };
    let mut cleared = Vec::new();
    let mut listings = Vec::new();
    for member @ (choice, list) in complete {
        if !counts(member) || cleared.iter().any(|(point, _)| *point == choice.point()) {
            continue;
        }
        let deltas = members.iter().filter(|delta| delta.0.signer() == 0 && continues(delta, member));
        let delta = deltas.max_by_key(|(choice, list)| (choice.number(), list.this_update()));
        let is_in_force = is_current(list) || delta.is_some();
        match listed(list, delta.map(|(_, list)| &**list), certificate) {
            Some(_) if is_in_force => return Expected::Revoked,
            Some(reason) => listings.push((age(list), reason)),
            None if is_in_force && list.flaw().is_none() => {
                cleared.push((choice.point(), delta.map_or(age(list), |(_, delta)| age(delta).max(age(list)))));
            }
            None => {}
        }
    }
    let deltas = members.iter().filter(|member| member.1.is_delta() && counts(member));
    listings.extend(deltas.filter_map(|(_, delta)| Some((age(delta), listed(delta, None, certificate)?))));
    let is_cleared_since = |found: &Option<_>| found.as_ref().is_none_or(|age| cleared.iter().any(|(_, at)| at >= age));
    let newest = |is_hold: bool| {
        let wanted =
            |reason: &Option<RevocationReason>| (*reason == Some(RevocationReason::CertificateHold)) == is_hold;
        listings.iter().filter(|(_, reason)| wanted(reason)).map(|(age, _)| age.clone()).max()
    };
    match (is_cleared_since(&newest(false)), is_cleared_since(&newest(true)), cleared.is_empty()) {
        (false, ..) => Expected::Revoked,
        (true, true, false) => Expected::Good,
        _ => Expected::Unknown,
    }
}

/// Four bytes a list. What the lists say is what they say one by one, whatever their order.
pub fn revocation(data: &[u8]) {
    let Some([ca, plain, pointed]) = &*CERTIFICATES else { return };
    let choices = data.as_chunks().0.iter().take(MOST).map(|bytes| Choice(*bytes));
    let mut members: Vec<Member> = choices.filter_map(|choice| Some((choice, list(choice)?))).collect();
    members.sort_by_key(|(_, list)| *list.sha256());
    members.dedup_by_key(|(_, list)| *list.sha256());
    // Of two lists of one date and number, or two delta CRLs of one number and date, either may stand for both.
    let mut seen = std::collections::HashSet::new();
    members.retain(|(choice, list)| seen.insert((list.this_update(), choice.number(), list.is_delta())));
    let lists = || members.iter().map(|(_, list)| Arc::clone(list));
    let issuer = CrlIssuer { certificate: ca, key: ca.subject_public_key_info() };
    for (certificate, names_point) in [(plain, false), (pointed, true)] {
        let [one, two] = [lists().collect(), lists().rev().collect()]
            .map(|lists| status(certificate, issuer, &CrlStore::new(lists, moment()), &()));
        assert_eq!(one, two, "the order of the lists says nothing");
        let found = match (one.is_good(), one.is_revoked()) {
            (true, _) => Expected::Good,
            (_, true) => Expected::Revoked,
            _ => Expected::Unknown,
        };
        assert_eq!(found, expected(&members, certificate, names_point), "{one}");
    }
}
