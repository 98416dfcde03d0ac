//! What follows from CA certificates beside each other: several roots of one name, cross-certificates, renewals, and how many
//! CA certificates a CMG takes.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::cmg::catalogue::{ca_superseded, cmg_limit, cross_certificate, name_ambiguous};
use crate::cmg::finding::Finding;
use crate::cmg::settings::Parameters;
use crate::time::Time;

/// A CA certificate, and whether it is self-signed.
#[derive(Clone, Copy)]
pub(crate) struct Ca<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) is_self_signed: bool,
}

/// What is compared with every other CA of the same name: worked out once, since a mesh has thousands of one name.
struct Known<'a> {
    ca: Ca<'a>,
    issuer: Vec<u8>,
    begins: (Option<Time>, Option<Time>),
    is_valid: bool,
}

impl<'a> Known<'a> {
    fn of(ca: Ca<'a>, at: Time) -> Self {
        let Ca { certificate, .. } = ca;
        let begins = (certificate.not_before(), certificate.not_after());
        Self { ca, issuer: certificate.issuer().comparable(), begins, is_valid: certificate.is_valid_at(at) }
    }
}

/// The findings at each CA certificate that its neighbours give rise to, by its place in `cas`.
pub(crate) fn of_authorities(cas: &[Ca<'_>], at: Time) -> Vec<(usize, Finding)> {
    let mut by_name: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (index, ca) in cas.iter().enumerate() {
        by_name.entry(ca.certificate.subject().comparable()).or_default().push(index);
    }
    let mut found = Vec::new();
    for group in by_name.values() {
        let group: Vec<(usize, Known<'_>)> =
            group.iter().filter_map(|index| Some((*index, Known::of(*cas.get(*index)?, at)))).collect();
        for (index, known) in &group {
            let beside = || group.iter().filter(move |(other, _)| other != index).map(|(_, other)| other);
            let others = || beside().map(|other| other.ca);
            found.extend(ambiguous(known.ca, &others).map(|finding| (*index, finding)));
            found.extend(cross(known.ca, &others).map(|finding| (*index, finding)));
            found.extend(superseded(known, beside()).map(|finding| (*index, finding)));
        }
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

fn key(ca: Ca<'_>) -> &[u8] {
    ca.certificate.subject_public_key_info()
}

/// Roots of one name and different keys: CCMCERTISSUERS names roots by their subject.
fn ambiguous<'a, I: Iterator<Item = Ca<'a>>>(ca: Ca<'_>, others: &dyn Fn() -> I) -> Option<Finding> {
    if !ca.is_self_signed {
        return None;
    }
    let twins: Vec<String> = others()
        .filter(|other| other.is_self_signed && key(*other) != key(ca))
        .take(10)
        .map(|other| other.certificate.thumbprint_hex())
        .collect();
    if twins.is_empty() {
        return None;
    }
    let message = format!(
        "another root has the same name, {}, and another key (thumbprint {}): CCMCERTISSUERS cannot tell them apart",
        ca.certificate.subject(),
        twins.join(", ")
    );
    Some(Finding::new(&name_ambiguous::ROOTS, message).expected("one root of this name").found(twins.join(", ")))
}

/// The same name and key certified by two CAs, or a CA's certificate for its own other key.
fn cross<'a, I: Iterator<Item = Ca<'a>>>(ca: Ca<'_>, others: &dyn Fn() -> I) -> Option<Finding> {
    if ca.is_self_signed {
        return None;
    }
    if ca.certificate.is_self_issued() {
        let message = "it is self-issued, but not self-signed: the CA certifies its own other key. It is an intermediate, not a root";
        return Some(Finding::new(&cross_certificate::KEY_ROLLOVER, message).found("self-issued"));
    }
    let other = others()
        .find(|other| key(*other) == key(ca) && !other.certificate.issuer().matches(&ca.certificate.issuer()))?;
    let message = format!(
        "the CA {} has two certificates with one key: this one by {}, another by {}",
        ca.certificate.subject().short(),
        ca.certificate.issuer().short(),
        if other.is_self_signed { "itself".to_owned() } else { other.certificate.issuer().short() }
    );
    let finding = Finding::new(&cross_certificate::CROSS, message);
    Some(finding.expected("one certificate of this key").found(other.certificate.thumbprint_hex()))
}

/// A newer certificate of the same CA, by the same issuer, that is valid already.
fn superseded<'a>(known: &Known<'_>, others: impl Iterator<Item = &'a Known<'a>>) -> Option<Finding> {
    let ca = known.ca;
    let newer = others
        .filter(|other| {
            other.begins > known.begins
                && other.begins.1 >= known.begins.1
                && other.is_valid
                && other.ca.is_self_signed == ca.is_self_signed
                && other.issuer == known.issuer
        })
        .max_by_key(|other| (key(other.ca) == key(ca), other.begins))?
        .ca;
    let (case, how) = if key(newer) == key(ca) {
        (&ca_superseded::SAME_KEY, "with the same key")
    } else {
        (&ca_superseded::NEW_KEY, "with a new key")
    };
    let thumbprint = newer.certificate.thumbprint_hex();
    let until = newer.certificate.not_after().map(Time::date).unwrap_or_default();
    let message = format!("the CA was renewed {how}: the newer certificate {thumbprint} is valid to {until}");
    Some(Finding::new(case, message).found(thumbprint))
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
        (0..cas.len())
            .map(|index| at(index).map(|finding| format!("{}/{}", finding.code(), finding.case.name)).collect())
            .collect()
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
