//! What follows from CA certificates beside each other: several roots of one name, cross-certificates, renewals, and how many
//! CA certificates a CMG takes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::certificate::Certificate;
use crate::cmg::catalogue::{ca_superseded, cmg_limit, cross_certificate, name_ambiguous};
use crate::cmg::finding::Finding;
use crate::cmg::settings::Parameters;
use crate::path::graph::namesakes::Namesakes;
use crate::time::Time;

/// A CA certificate, and whether it is self-signed.
#[derive(Clone, Copy)]
pub(crate) struct Ca<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) is_self_signed: bool,
}

/// What is compared with the other CAs of the same name: worked out once, since a mesh has thousands of one name.
struct Known<'a> {
    /// Its place in what was given.
    index: usize,
    ca: Ca<'a>,
    key: &'a [u8],
    issuer: Vec<u8>,
    validity: (Option<Time>, Option<Time>),
    is_valid: bool,
}

impl<'a> Known<'a> {
    fn of(index: usize, ca: Ca<'a>, at: Time) -> Self {
        let Ca { certificate, .. } = ca;
        Self {
            index,
            ca,
            key: certificate.subject_public_key_info(),
            issuer: certificate.issuer().comparable(),
            validity: (certificate.not_before(), certificate.not_after()),
            is_valid: certificate.is_valid_at(at),
        }
    }
}

/// The findings at each CA certificate that its neighbours give rise to, by its place in `cas`.
pub(crate) fn of_authorities(cas: &[Ca<'_>], at: Time) -> Vec<(usize, Finding)> {
    let mut by_name: BTreeMap<Vec<u8>, Vec<Known<'_>>> = BTreeMap::new();
    for (index, ca) in cas.iter().enumerate() {
        by_name.entry(ca.certificate.subject().comparable()).or_default().push(Known::of(index, *ca, at));
    }
    let mut found = Vec::new();
    for group in by_name.values() {
        ambiguous(group, &mut found);
        cross(group, &mut found);
        superseded(group, &mut found);
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

/// Roots of one name and different keys: CCMCERTISSUERS names roots by their subject.
fn ambiguous(group: &[Known<'_>], found: &mut Vec<(usize, Finding)>) {
    let roots = (0..group.len()).filter(|place| group[*place].ca.is_self_signed);
    let roots = Namesakes::new(roots.collect(), |place| group[place].key);
    for (key, (_, same)) in roots.by_key().iter().enumerate() {
        let twins = roots.first_without(Some(key), None, 10);
        if twins.is_empty() {
            return;
        }
        let twins: Vec<String> = twins.iter().map(|twin| group[*twin].ca.certificate.thumbprint_hex()).collect();
        let twins = twins.join(", ");
        for root in same.iter().map(|place| &group[*place]) {
            let message = format!(
                "another root has the same name, {}, and another key (thumbprint {twins}): CCMCERTISSUERS cannot tell them apart",
                root.ca.certificate.subject()
            );
            let finding = Finding::new(&name_ambiguous::ROOTS, message);
            found.push((root.index, finding.expected("one root of this name").found(twins.clone())));
        }
    }
}

/// The same name and key certified by two CAs, or a CA's certificate for its own other key.
fn cross(group: &[Known<'_>], found: &mut Vec<(usize, Finding)>) {
    for (_, same) in Namesakes::new((0..group.len()).collect(), |place| group[place].key).by_key() {
        let mut same_key = same.iter().map(|place| &group[*place]);
        let first = same_key.next();
        let by_another = first.and_then(|first| same_key.find(|other| other.issuer != first.issuer));
        for known in same.iter().map(|place| &group[*place]).filter(|known| !known.ca.is_self_signed) {
            let certificate = known.ca.certificate;
            if certificate.is_self_issued() {
                let message = "it is self-issued, but not self-signed: the CA certifies its own other key. It is an intermediate, not a root";
                let finding = Finding::new(&cross_certificate::KEY_ROLLOVER, message);
                found.push((known.index, finding.found("self-issued")));
                continue;
            }
            let Some(other) = first.filter(|first| first.issuer != known.issuer).or(by_another) else { continue };
            let message = format!(
                "the CA {} has two certificates with one key: this one by {}, another by {}",
                certificate.short_subject(),
                certificate.issuer().short(),
                if other.ca.is_self_signed { "itself".to_owned() } else { other.ca.certificate.issuer().short() }
            );
            let finding = Finding::new(&cross_certificate::CROSS, message).expected("one certificate of this key");
            found.push((known.index, finding.found(other.ca.certificate.thumbprint_hex())));
        }
    }
}

/// Of CAs that may have been renewed by each other those that some other may look for, the latest to begin first: each is valid longer
/// than all before it.
#[derive(Default)]
struct Renewals<'a>(Vec<&'a Known<'a>>);

impl<'a> Renewals<'a> {
    /// Adds one that begins before those that were added, or with the last of them.
    fn add(&mut self, known: &'a Known<'a>) {
        if self.0.last().is_none_or(|last| last.validity.1 < known.validity.1) {
            self.0.push(known);
        }
    }

    /// The latest that begins after this one, and is valid as long.
    fn of(&self, known: &Known<'_>) -> Option<&'a Known<'a>> {
        let place = self.0.partition_point(|other| other.validity.1 < known.validity.1);
        self.0.get(place).copied().filter(|newer| newer.validity > known.validity)
    }
}

/// A newer certificate of the same CA, by the same issuer, that is valid already.
fn superseded(group: &[Known<'_>], found: &mut Vec<(usize, Finding)>) {
    let mut latest_first: Vec<&Known<'_>> = group.iter().rev().filter(|known| known.is_valid).collect();
    latest_first.sort_by_key(|known| Reverse(known.validity));
    let (mut with_key, mut with_any): (HashMap<_, Renewals<'_>>, HashMap<_, Renewals<'_>>) = Default::default();
    for known in latest_first {
        let by = (known.issuer.as_slice(), known.ca.is_self_signed);
        with_key.entry((by, known.key)).or_default().add(known);
        with_any.entry(by).or_default().add(known);
    }
    for known in group {
        let by = (known.issuer.as_slice(), known.ca.is_self_signed);
        let same_key = with_key.get(&(by, known.key)).and_then(|renewals| renewals.of(known));
        let Some(newer) = same_key.or_else(|| with_any.get(&by)?.of(known)) else { continue };
        let (case, how) = if same_key.is_some() {
            (&ca_superseded::SAME_KEY, "with the same key")
        } else {
            (&ca_superseded::NEW_KEY, "with a new key")
        };
        let newer = newer.ca.certificate;
        let thumbprint = newer.thumbprint_hex();
        let until = newer.not_after().map(Time::date).unwrap_or_default();
        let message = format!("the CA was renewed {how}: the newer certificate {thumbprint} is valid to {until}");
        found.push((known.index, Finding::new(case, message).found(thumbprint)));
    }
}

/// How many roots and intermediates versions up to 1902 take.
pub(crate) fn cmg_limit(roots: usize, intermediates: usize, parameters: &Parameters) -> Vec<Finding> {
    const LAST_LIMITED: u32 = 1902;
    let Some(version) = parameters.site_version.filter(|version| *version <= LAST_LIMITED) else { return Vec::new() };
    let over = |case, count: usize, limit: usize, what: &str| {
        (count > limit).then(|| {
            let message = format!("{count} {what} are needed; a CMG of version {version} takes {limit}");
            Finding::new(case, message).expected(format!("{limit} at most")).found(count.to_string())
        })
    };
    [over(&cmg_limit::ROOTS, roots, 2, "roots"), over(&cmg_limit::INTERMEDIATES, intermediates, 4, "intermediates")]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::testing::{Draft, Key, Made, now};

    /// A CA with the key that `seed` stands for, valid from so many days ago for three thousand.
    fn draft(name: &str, bits: u32, from: i64) -> Draft {
        let mut draft = Draft::ca(name);
        draft.key = Key::Rsa(bits);
        draft.not_before = now().plus_days(from);
        draft.not_after = now().plus_days(from + 3000);
        draft
    }

    fn found(cas: &[(&Made, bool)]) -> Vec<Vec<String>> {
        let cas: Vec<Ca<'_>> = cas
            .iter()
            .map(|(made, is_self_signed)| Ca { certificate: &made.certificate, is_self_signed: *is_self_signed })
            .collect();
        let found = of_authorities(&cas, now());
        let at = |index: usize| found.iter().filter(move |(at, _)| *at == index).map(|(_, finding)| finding);
        (0..cas.len()).map(|index| at(index).map(|finding| finding.case.full_name()).collect()).collect()
    }

    #[test]
    fn a_hierarchy_in_order_has_no_finding() {
        let root = draft("Root", 4096, -100).self_signed();
        let one = draft("Issuing 1", 2048, -100).issued_by(&root);
        let two = draft("Issuing 2", 2048, -100).issued_by(&root);
        assert_eq!(found(&[(&root, true), (&one, false), (&two, false)]), [vec![""; 0], vec![], vec![]]);
    }

    #[test]
    fn two_roots_of_one_name_with_different_keys_are_ambiguous() {
        let (old, new) = (draft("Root", 2048, -1000).self_signed(), draft("Root", 4096, -10).self_signed());
        assert_eq!(
            found(&[(&old, true), (&new, true)]),
            [vec!["name-ambiguous/roots", "ca-superseded/new-key"], vec!["name-ambiguous/roots"]]
        );
    }

    #[test]
    fn a_root_renewed_with_its_key_is_superseded_and_not_ambiguous() {
        let (old, new) = (draft("Root", 2048, -1000).self_signed(), draft("Root", 2048, -10).self_signed());
        assert_eq!(found(&[(&old, true), (&new, true)]), [vec!["ca-superseded/same-key"], vec![]]);
        let not_yet = draft("Root", 2048, 10).self_signed();
        assert_eq!(found(&[(&old, true), (&not_yet, true)]), [vec![""; 0], vec![]]);
    }

    #[test]
    fn of_several_renewals_the_latest_that_lasts_as_long_is_told_one_with_the_same_key_before_any_other() {
        let times: Vec<(i64, i64, u32)> = (0..6)
            .flat_map(|from| [(from, 2048), (from, 4096)])
            .flat_map(|(from, bits)| [3, 5, 8].map(|days| (from - 10, from * 7 % 11 + days, bits)))
            .collect();
        let roots: Vec<Made> = times
            .iter()
            .map(|(from, to, bits)| {
                let mut draft = draft("Root", *bits, *from);
                draft.not_after = now().plus_days(*to);
                draft.self_signed()
            })
            .collect();
        let cas: Vec<Ca<'_>> =
            roots.iter().map(|root| Ca { certificate: &root.certificate, is_self_signed: true }).collect();
        let told = of_authorities(&cas, now());
        for (place, (from, to, bits)) in times.iter().enumerate() {
            let newer =
                times.iter().enumerate().filter(|(_, other)| (other.0, other.1) > (*from, *to) && other.1 >= *to);
            let best = newer.max_by_key(|(_, other)| (other.2 == *bits, other.0, other.1));
            let expected = best.map(|(best, _)| roots[best].certificate.thumbprint_hex());
            let mut superseded =
                told.iter().filter(|(at, finding)| *at == place && finding.code() == crate::cmg::Code::CaSuperseded);
            assert_eq!(superseded.next().map(|(_, finding)| finding.found.clone()), expected.map(Some), "{place}");
        }
    }

    #[test]
    fn a_name_and_key_that_another_ca_certifies_is_a_cross_certificate() {
        let root = draft("Root", 2048, -1000).self_signed();
        let other = draft("Other Root", 4096, -1000).self_signed();
        let cross = draft("Root", 2048, -10).issued_by(&other);
        assert_eq!(
            found(&[(&root, true), (&other, true), (&cross, false)]),
            [vec![""; 0], vec![], vec!["cross-certificate/cross"]]
        );
    }

    #[test]
    fn a_key_rollover_certificate_is_told_from_a_root() {
        let (old, new) = (draft("Root", 2048, -1000).self_signed(), draft("Root", 4096, -10).self_signed());
        let rollover = draft("Root", 4096, -10).issued_by(&old);
        let found = found(&[(&old, true), (&new, true), (&rollover, false)]);
        assert_eq!(found[2], ["cross-certificate/key-rollover"]);
    }

    #[test]
    fn the_limit_holds_up_to_version_1902_alone() {
        let parameters = |version| Parameters { site_version: version, ..Parameters::default() };
        assert!(cmg_limit(20, 20, &parameters(None)).is_empty());
        assert!(cmg_limit(20, 20, &parameters(Some(1906))).is_empty());
        assert!(cmg_limit(2, 4, &parameters(Some(1902))).is_empty());
        let cases = |roots, intermediates| -> Vec<&str> {
            cmg_limit(roots, intermediates, &parameters(Some(1902))).iter().map(|finding| finding.case.name).collect()
        };
        assert_eq!(cases(3, 4), ["too-many-roots"]);
        assert_eq!(cases(2, 5), ["too-many-intermediates"]);
    }
}
