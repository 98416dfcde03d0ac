//! Name constraints (RFC 5280 section 4.2.1.10): whether the names of a certificate lie within what a CA above it permits.

use std::collections::HashMap;

use crate::certificate::extensions::{NameConstraints, Subtree};
use crate::certificate::{Certificate, Decoded, GeneralName, oid, string};
use crate::path::graph::NodeId;
use crate::path::trace::{Check, Failure};
use crate::path::windows;

/// How many comparisons of a name with a constraint one certificate may cost, under all CAs above it: a CA with a thousand
/// constraints above a certificate with a thousand names is an attack, not a hierarchy.
const COMPARISONS: usize = 250_000;
/// How many bytes of the two together one comparison is of; more of them count as more comparisons.
const COMPARED: usize = 128;

/// What has been compared for one certificate, or for the CAs above one. Many paths go over the same CAs, so that what came of it is
/// kept, and what it costs is limited for all of them together.
#[derive(Debug, Default)]
pub(crate) struct Comparisons {
    known: HashMap<(Option<NodeId>, NodeId), Result<(), Failure>>,
    spent: Spent,
}

impl Comparisons {
    /// Whether every name of `certificate` satisfies the constraints of `ca`, a CA above it; `below` is the certificate's own place
    /// where it is a CA of the graph.
    pub(crate) fn check(
        &mut self,
        certificate: &Certificate,
        below: Option<NodeId>,
        ca: &Certificate,
        above: NodeId,
    ) -> Result<(), Failure> {
        self.known.entry((below, above)).or_insert_with(|| check(certificate, ca, &mut self.spent)).clone()
    }
}

/// The comparisons made so far.
#[derive(Debug, Default)]
pub(crate) struct Spent(usize);

impl Spent {
    fn spend(&mut self, comparisons: usize) -> Result<(), Failure> {
        self.0 = self.0.saturating_add(comparisons);
        if self.0 > COMPARISONS {
            return Err(Failure::new(Check::Budget, format!("at most {COMPARISONS} comparisons of names"), "more"));
        }
        Ok(())
    }
}

/// Whether every name of `certificate` satisfies the constraints of `ca`, a CA above it.
///
/// Of an end-entity certificate without DNS names, a common name that reads as one is held to DNS constraints too, as OpenSSL,
/// GnuTLS and Windows hold it: such a name is still matched as a host's.
pub(crate) fn check(certificate: &Certificate, ca: &Certificate, spent: &mut Spent) -> Result<(), Failure> {
    // Where nothing is left, not even the constraints are read.
    spent.spend(0)?;
    let constraints = match ca.name_constraints() {
        Decoded::Absent => return Ok(()),
        Decoded::Present(constraints) => constraints,
        Decoded::Malformed(error) => {
            return Err(Failure::new(Check::NameConstraints, "name constraints that can be read", error.to_string()));
        }
    };
    let constraints = ByForm::of(&constraints, ca);
    let mut one = |name: &GeneralName<'_>| constraints.check(name, spent);

    let subject = certificate.subject();
    if !subject.is_empty() {
        one(&GeneralName::Directory(subject))?;
    }
    let alternatives = match certificate.subject_alternative_names() {
        Decoded::Present(names) => names,
        Decoded::Absent => Vec::new(),
        Decoded::Malformed(error) => {
            return Err(Failure::new(Check::Extension, "a well-formed subject alternative name", error.to_string()));
        }
    };
    for name in &alternatives {
        one(name)?;
    }
    // "When a certificate has no rfc822Name in its alternative names, constraints on e-mail addresses apply to the
    // emailAddress attribute of the subject."
    if !alternatives.iter().any(|name| matches!(name, GeneralName::Email(_))) {
        for attribute in subject.attributes().filter(|attribute| attribute.oid() == oid::EMAIL_ADDRESS) {
            one(&GeneralName::Email(attribute.text().as_bytes()))?;
        }
    }
    let is_named = alternatives.iter().any(|name| matches!(name, GeneralName::Dns(_)));
    if !is_named && certificate.is_end_entity() {
        for attribute in subject.attributes().filter(|attribute| attribute.oid() == oid::COMMON_NAME) {
            let text = attribute.text();
            if text.contains('.') && is_host(&text) && text.parse::<std::net::Ipv4Addr>().is_err() {
                one(&GeneralName::Dns(text.as_bytes()))?;
            }
        }
    }
    Ok(())
}

/// The constraints of a CA by the form of name that they speak of, the excluded ones first.
struct ByForm<'c, 'a> {
    constraints: HashMap<Form<'a>, Vec<(&'c Subtree<'a>, bool)>>,
    ca: &'c Certificate,
}

impl<'c, 'a> ByForm<'c, 'a> {
    fn of(constraints: &'c NameConstraints<'a>, ca: &'c Certificate) -> Self {
        let excluded = constraints.excluded.iter().flatten().map(|subtree| (subtree, true));
        let permitted = constraints.permitted.iter().flatten().map(|subtree| (subtree, false));
        let mut by_form: HashMap<_, Vec<_>> = HashMap::new();
        for (subtree, is_excluded) in excluded.chain(permitted) {
            by_form.entry(form(&subtree.base)).or_default().push((subtree, is_excluded));
        }
        Self { constraints: by_form, ca }
    }

    fn check(&self, name: &GeneralName<'_>, spent: &mut Spent) -> Result<(), Failure> {
        let Some(constraints) = self.constraints.get(&form(name)) else { return Ok(()) };
        let refuse = |expected: String| {
            Err(Failure::new(
                Check::NameConstraints,
                format!("{expected} by {}", self.ca.short_subject()),
                name.to_string(),
            ))
        };
        let mut same_form = 0;
        let mut permitted = false;
        let size = size(name);
        for &(subtree, is_excluded) in constraints {
            spent.spend(1 + (size + self::size(&subtree.base)) / COMPARED)?;
            // A form or a distance that is not processed: "the certificate MUST be rejected" where such a name appears.
            let Some(within) = (!subtree.has_distances).then(|| is_within(name, &subtree.base)).flatten() else {
                let refused = refuse(format!("a constraint that can be judged, not {},", subtree.base));
                let is_upn = matches!(name, GeneralName::Other { oid, .. } if *oid == oid::MS_USER_PRINCIPAL_NAME);
                return refused.map_err(|failure| if is_upn { failure.differing(&windows::UPN) } else { failure });
            };
            if is_excluded && within {
                return refuse(format!("no name within {}, excluded", subtree.base));
            }
            if is_excluded && may_stand_within(name, &subtree.base) {
                return refuse(format!("no wildcard that can stand for a name within {}, excluded", subtree.base));
            }
            if !is_excluded {
                same_form += 1;
                permitted |= within;
            }
        }
        if same_form > 0 && !permitted {
            let permitted = constraints.iter().filter(|(_, is_excluded)| !is_excluded);
            let bases: Vec<String> = permitted.take(5).map(|(subtree, _)| subtree.base.to_string()).collect();
            return refuse(format!("a name within {}, permitted", bases.join(" or ")));
        }
        Ok(())
    }
}

/// A form of names. Of `otherName` each type is a form of its own.
type Form<'a> = (u8, &'a [u8]);

/// By the number of its tag.
fn form<'a>(name: &GeneralName<'a>) -> Form<'a> {
    match name {
        GeneralName::Other { oid, .. } => (0, oid),
        GeneralName::Email(_) => (1, &[]),
        GeneralName::Dns(_) => (2, &[]),
        GeneralName::Directory(_) => (4, &[]),
        GeneralName::Uri(_) => (6, &[]),
        GeneralName::Ip(_) => (7, &[]),
        GeneralName::RegisteredId(_) => (8, &[]),
        GeneralName::Unread(number, _) => (*number, &[]),
    }
}

/// How much of it there is to compare.
fn size(name: &GeneralName<'_>) -> usize {
    match name {
        GeneralName::Directory(name) => name.as_bytes().len(),
        GeneralName::Other { value: bytes, .. }
        | GeneralName::Email(bytes)
        | GeneralName::Dns(bytes)
        | GeneralName::Uri(bytes)
        | GeneralName::Ip(bytes)
        | GeneralName::RegisteredId(bytes)
        | GeneralName::Unread(_, bytes) => bytes.len(),
    }
}

/// Whether the name lies within the subtree; `None` where that cannot be told.
fn is_within(name: &GeneralName<'_>, base: &GeneralName<'_>) -> Option<bool> {
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => {
            let (name, base) = (name.comparable_parts(), base.comparable_parts());
            Some(name.len() >= base.len() && name[..base.len()] == base[..])
        }
        (GeneralName::Dns(name), GeneralName::Dns(base)) => dns_within(name, base),
        (GeneralName::Email(name), GeneralName::Email(base)) => email_within(name, base),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => uri_within(name, base),
        (GeneralName::Ip(name), GeneralName::Ip(base)) => ip_within(name, base),
        _ => None,
    }
}

fn ascii_lower(bytes: &[u8]) -> Option<String> {
    let text = string::ascii_or_wider(bytes);
    text.is_ascii().then(|| text.to_ascii_lowercase())
}

/// A host name: labels of letters, digits, hyphens and underscores, the first perhaps `*`.
fn is_host(host: &str) -> bool {
    let host = host.strip_prefix("*.").unwrap_or(host);
    !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the name satisfies the
/// name constraint." A leading dot, which RFC 5280 does not give a meaning here, is met in the field and taken as one label at least.
fn dns_within(name: &[u8], base: &[u8]) -> Option<bool> {
    let (name, base) = (ascii_lower(name)?, ascii_lower(base)?);
    if base.is_empty() {
        return Some(true);
    }
    let (bare, needs_label) = match base.strip_prefix('.') {
        Some(bare) => (bare, true),
        None => (base.as_str(), false),
    };
    if !is_host(bare) || bare.starts_with('*') || !is_host(&name) {
        return None;
    }
    Some(!needs_label && name == bare || name.strip_suffix(bare).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether a wildcard, which is not within an excluded subtree itself, can stand for a name that is: `*.c.com` for the excluded
/// `a.c.com`. It stands for one label (RFC 9525 section 6.3), so that names farther down are out of its reach, and of `.a.c.com`,
/// which asks for a label more, too. RFC 5280 is silent on it; BoringSSL, webpki and, since CVE-2025-61727, Go refuse alike, while
/// OpenSSL (issue 30706) does not. Of permitted subtrees all of the wildcard must be within, so that they need no such rule.
fn may_stand_within(name: &GeneralName<'_>, base: &GeneralName<'_>) -> bool {
    let (GeneralName::Dns(name), GeneralName::Dns(base)) = (name, base) else { return false };
    let (Some(name), Some(base)) = (ascii_lower(name), ascii_lower(base)) else { return false };
    match (name.strip_prefix("*."), base.split_once('.')) {
        (Some(parent), Some((label, rest))) => !label.is_empty() && rest == parent,
        _ => false,
    }
}

/// A mailbox, all of a host, or (with a leading dot) all hosts of a domain. The part before the `@` is compared with regard to
/// case, the host without (section 7.5).
fn email_within(name: &[u8], base: &[u8]) -> Option<bool> {
    let name = std::str::from_utf8(name).ok()?;
    let base = std::str::from_utf8(base).ok()?;
    let (local, host) = name.rsplit_once('@')?;
    if local.is_empty() || host.is_empty() || !name.is_ascii() || !base.is_ascii() {
        return None;
    }
    let host = host.to_ascii_lowercase();
    if let Some((base_local, base_host)) = base.rsplit_once('@') {
        return Some(unquoted(local) == unquoted(base_local) && host == base_host.to_ascii_lowercase());
    }
    let base = base.to_ascii_lowercase();
    Some(match base.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => base.is_empty() || host == base,
    })
}

/// The meaning of a quoted local part (RFC 5321 section 4.1.2).
fn unquoted(local: &str) -> String {
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => {
            let mut plain = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                if c == '\\' { plain.extend(chars.next()) } else { plain.push(c) }
            }
            plain
        }
        None => local.to_owned(),
    }
}

/// The host of a URI, or (with a leading dot) all hosts of a domain. A URI without a host that is a name cannot be judged: "the
/// application MUST reject the certificate".
fn uri_within(name: &[u8], base: &[u8]) -> Option<bool> {
    let uri = ascii_lower(name)?;
    let base = ascii_lower(base)?;
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return None;
    }
    let host = host.split(':').next()?;
    if host.parse::<std::net::Ipv4Addr>().is_ok() || !is_host(host) {
        return None;
    }
    Some(match base.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None if base.is_empty() => true,
        None => host == base,
    })
}

/// An address within a network: CIDR as address and mask (section 4.2.1.10).
fn ip_within(name: &[u8], base: &[u8]) -> Option<bool> {
    if !matches!(base.len(), 8 | 32) || !matches!(name.len(), 4 | 16) {
        return None;
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let ones = mask.iter().map(|byte| byte.leading_ones()).sum::<u32>();
    let is_contiguous = (0..mask.len() as u32 * 8).all(|bit| {
        let set = mask[bit as usize / 8] & (0x80 >> (bit % 8)) != 0;
        set == (bit < ones)
    });
    if !is_contiguous {
        return None;
    }
    // The other family is another form of address, and is not within.
    Some(
        name.len() == network.len()
            && name.iter().zip(network).zip(mask).all(|((name, network), mask)| name & mask == network & mask),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_lie_within_the_domain_they_end_in() {
        for (name, base, expected) in [
            ("pc.contoso.com", "contoso.com", Some(true)),
            ("contoso.com", "CONTOSO.com", Some(true)),
            ("notcontoso.com", "contoso.com", Some(false)),
            ("contoso.com", ".contoso.com", Some(false)),
            ("pc.contoso.com", ".contoso.com", Some(true)),
            ("*.contoso.com", "contoso.com", Some(true)),
            ("anything", "", Some(true)),
            ("bad host", "contoso.com", None),
            ("pc.contoso.com", "*.contoso.com", None),
        ] {
            assert_eq!(dns_within(name.as_bytes(), base.as_bytes()), expected, "{name} in {base}");
        }
    }

    #[test]
    fn a_wildcard_reaches_the_excluded_names_that_it_can_stand_for() {
        for (name, base, expected) in [
            ("*.c.com", "a.c.com", true),
            ("*.C.com", "A.c.com", true),
            ("*.c.com", "b.a.c.com", false),
            ("*.c.com", ".a.c.com", false),
            ("*.c.com", "a.d.com", false),
            // A single label excludes itself, not every wildcard (golang/go issue 76935).
            ("*.c.com", "net", false),
            ("b.c.com", "a.c.com", false),
        ] {
            let (name, base) = (GeneralName::Dns(name.as_bytes()), GeneralName::Dns(base.as_bytes()));
            assert_eq!(may_stand_within(&name, &base), expected, "{name} for {base}");
        }
    }

    #[test]
    fn mail_constraints_are_mailboxes_hosts_or_domains() {
        for (name, base, expected) in [
            ("a@contoso.com", "contoso.com", Some(true)),
            ("a@mail.contoso.com", "contoso.com", Some(false)),
            ("a@mail.contoso.com", ".contoso.com", Some(true)),
            ("a@contoso.com", ".contoso.com", Some(false)),
            ("a@CONTOSO.com", "a@contoso.com", Some(true)),
            ("A@contoso.com", "a@contoso.com", Some(false)),
            ("\"a\"@contoso.com", "a@contoso.com", Some(true)),
            ("nobody", "contoso.com", None),
        ] {
            assert_eq!(email_within(name.as_bytes(), base.as_bytes()), expected, "{name} in {base}");
        }
    }

    #[test]
    fn uri_constraints_look_at_the_host_alone() {
        for (name, base, expected) in [
            ("https://user@pc.contoso.com:8443/path?contoso.net", "pc.contoso.com", Some(true)),
            ("https://pc.contoso.com", ".contoso.com", Some(true)),
            ("https://pc.contoso.com.evil.org/", ".contoso.com", Some(false)),
            ("https://10.0.0.1/", ".contoso.com", None),
            ("urn:uuid:1", ".contoso.com", None),
        ] {
            assert_eq!(uri_within(name.as_bytes(), base.as_bytes()), expected, "{name} in {base}");
        }
    }

    #[test]
    fn addresses_lie_within_networks_of_their_own_family() {
        let network = [10, 1, 0, 0, 255, 255, 0, 0];
        assert_eq!(ip_within(&[10, 1, 2, 3], &network), Some(true));
        assert_eq!(ip_within(&[10, 2, 2, 3], &network), Some(false));
        assert_eq!(ip_within(&[0; 16], &network), Some(false));
        assert_eq!(ip_within(&[10, 1, 2, 3], &[10, 1, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(ip_within(&[10, 1, 2], &network), None);
    }
}
