//! What a name must have to lie within a subtree: a subtree has one key, and a name the keys of all subtrees that it lies within. So a
//! name is looked up, however many subtrees a CA lists.

use sha2::{Digest as _, Sha256};

use crate::certificate::{GeneralName, string};

/// The key of a subtree; `None` where no name can be held against it.
pub(super) fn of_subtree(base: &GeneralName<'_>) -> Option<Vec<u8>> {
    match base {
        GeneralName::Directory(name) => {
            let parts = name.comparable_parts();
            Some(parts.iter().fold(NO_PARTS, |above, part| below(&above, part)).to_vec())
        }
        GeneralName::Dns(base) => of_dns_subtree(base),
        GeneralName::Email(base) => of_email_subtree(base),
        // A host, or with a leading dot all hosts of a domain.
        GeneralName::Uri(base) => ascii_lower(base).map(String::into_bytes),
        GeneralName::Ip(base) => of_network(base),
        _ => None,
    }
}

/// The key that the wildcards have which can stand for a name within an excluded subtree and are not within it themselves: `*.c.com` for
/// the excluded `a.c.com`. A wildcard stands for one label (RFC 9525 section 6.3), so that names farther down are out of its reach, and of
/// `.a.c.com`, which asks for a label more, too. RFC 5280 is silent on it; BoringSSL, webpki and, since CVE-2025-61727, Go refuse alike,
/// while OpenSSL (issue 30706) does not. Of permitted subtrees all of the wildcard must be within, so that they need no such rule.
pub(super) fn of_wildcard_within(base: &GeneralName<'_>) -> Option<Vec<u8>> {
    let GeneralName::Dns(base) = base else { return None };
    let base = ascii_lower(base)?;
    let (label, rest) = base.split_once('.')?;
    (!label.is_empty()).then(|| format!("*.{rest}").into_bytes())
}

/// Tells `visit` the keys of all subtrees that a name lies within, and answers whether the name can be held against others.
pub(super) fn of_name<E>(name: &GeneralName<'_>, mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    match name {
        GeneralName::Directory(name) => {
            let mut key = NO_PARTS;
            visit(&key)?;
            for part in name.comparable_parts() {
                key = below(&key, &part);
                visit(&key)?;
            }
            Ok(true)
        }
        GeneralName::Dns(name) => of_dns_name(name, visit),
        GeneralName::Email(name) => of_mailbox(name, visit),
        GeneralName::Uri(name) => match host_of(name) {
            Some(host) => of_host(&host, visit),
            None => Ok(false),
        },
        GeneralName::Ip(address) => of_address(address, visit),
        _ => Ok(false),
    }
}

/// The key of the directory name that has no parts, within which all are.
const NO_PARTS: [u8; 32] = [0; 32];

/// The key of a directory name with one part more.
fn below(above: &[u8; 32], part: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(above).chain_update(part).finalize().into()
}

fn ascii_lower(bytes: &[u8]) -> Option<String> {
    let text = string::ascii_or_wider(bytes);
    text.is_ascii().then(|| text.to_ascii_lowercase())
}

/// A host name: labels of letters, digits, hyphens and underscores, the first perhaps `*`.
pub(super) fn is_host(host: &str) -> bool {
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
fn of_dns_subtree(base: &[u8]) -> Option<Vec<u8>> {
    let base = ascii_lower(base)?;
    let bare = base.strip_prefix('.').unwrap_or(&base);
    (base.is_empty() || is_host(bare) && !bare.starts_with('*')).then(|| base.into_bytes())
}

fn of_dns_name<E>(name: &[u8], mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    // Every name is within the empty one, even what is no host's.
    visit(b"")?;
    let Some(name) = ascii_lower(name).filter(|name| is_host(name)) else { return Ok(false) };
    let name = name.as_bytes();
    visit(name)?;
    for dot in memchr::memchr_iter(b'.', name) {
        visit(&name[dot..])?;
        visit(&name[dot + 1..])?;
    }
    Ok(true)
}

/// A mailbox, all of a host, or (with a leading dot) all hosts of a domain. The part before the `@` is compared with regard to
/// case, the host without (section 7.5).
fn of_email_subtree(base: &[u8]) -> Option<Vec<u8>> {
    let base = std::str::from_utf8(base).ok().filter(|base| base.is_ascii())?;
    Some(match base.rsplit_once('@') {
        Some((local, host)) => mailbox(local, host),
        None => base.to_ascii_lowercase().into_bytes(),
    })
}

fn mailbox(local: &str, host: &str) -> Vec<u8> {
    format!("{}@{}", unquoted(local), host.to_ascii_lowercase()).into_bytes()
}

fn of_mailbox<E>(name: &[u8], mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    let name = std::str::from_utf8(name).ok().filter(|name| name.is_ascii());
    match name.and_then(|name| name.rsplit_once('@')) {
        Some((local, host)) if !local.is_empty() && !host.is_empty() => {
            visit(&mailbox(local, host))?;
            of_host(&host.to_ascii_lowercase(), visit)
        }
        _ => Ok(false),
    }
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

/// The host of a URI. One without a host that is a name cannot be judged: "the application MUST reject the certificate".
fn host_of(uri: &[u8]) -> Option<String> {
    let uri = ascii_lower(uri)?;
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().filter(|_| !host.starts_with('['))?;
    (host.parse::<std::net::Ipv4Addr>().is_err() && is_host(host)).then(|| host.to_owned())
}

/// A host is within itself, the domains it belongs to, and the empty subtree.
fn of_host<E>(host: &str, mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    let host = host.as_bytes();
    visit(b"")?;
    // A leading dot is a domain's.
    if !host.starts_with(b".") {
        visit(host)?;
    }
    memchr::memchr_iter(b'.', host).filter(|dot| *dot > 0).try_for_each(|dot| visit(&host[dot..]))?;
    Ok(true)
}

/// An address and a mask (section 4.2.1.10), which must be that of a network in CIDR.
fn of_network(base: &[u8]) -> Option<Vec<u8>> {
    if !matches!(base.len(), 8 | 32) {
        return None;
    }
    let (address, mask) = base.split_at(base.len() / 2);
    let ones: u32 = mask.iter().map(|byte| byte.leading_ones()).sum();
    let is_contiguous = network(&vec![0xff; mask.len()], ones as usize).starts_with(mask);
    is_contiguous.then(|| network(address, ones as usize))
}

/// The first bits of an address, and behind it how many they are. The other family has another length.
fn network(address: &[u8], bits: usize) -> Vec<u8> {
    let kept = |at: usize| !0xff_u8.checked_shr(bits.saturating_sub(at * 8) as u32).unwrap_or(0);
    let masked = address.iter().enumerate().map(|(at, byte)| byte & kept(at));
    masked.chain([bits as u8]).collect()
}

fn of_address<E>(address: &[u8], mut visit: impl FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    if !matches!(address.len(), 4 | 16) {
        return Ok(false);
    }
    (0..=address.len() * 8).rev().try_for_each(|bits| visit(&network(address, bits)))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of a name, and whether it can be held against others.
    fn keys(name: &GeneralName<'_>) -> (Vec<Vec<u8>>, bool) {
        let mut keys = Vec::new();
        let visit = |key: &[u8]| {
            keys.push(key.to_vec());
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(can_be_judged) = of_name(name, visit);
        (keys, can_be_judged)
    }

    fn is_within(name: &GeneralName<'_>, base: &GeneralName<'_>) -> Option<bool> {
        let (keys, can_be_judged) = keys(name);
        let is_within = keys.contains(&of_subtree(base)?);
        (is_within || can_be_judged).then_some(is_within)
    }

    /// Names of a form, subtrees, and whether the name lies within.
    #[track_caller]
    fn assert_within<'a>(form: fn(&'a [u8]) -> GeneralName<'a>, cases: &[(&'a str, &'a str, Option<bool>)]) {
        for (name, base, expected) in cases {
            let found = is_within(&form(name.as_bytes()), &form(base.as_bytes()));
            assert_eq!(found, *expected, "{name} in {base}");
        }
    }

    #[test]
    fn dns_names_lie_within_the_domain_they_end_in() {
        assert_within(
            GeneralName::Dns,
            &[
                ("pc.contoso.com", "contoso.com", Some(true)),
                ("contoso.com", "CONTOSO.com", Some(true)),
                ("notcontoso.com", "contoso.com", Some(false)),
                ("contoso.com", ".contoso.com", Some(false)),
                ("pc.contoso.com", ".contoso.com", Some(true)),
                ("a.pc.contoso.com", ".contoso.com", Some(true)),
                ("*.contoso.com", "contoso.com", Some(true)),
                ("anything", "", Some(true)),
                ("bad host", "", Some(true)),
                ("bad host", "contoso.com", None),
                ("pc.contoso.com", "*.contoso.com", None),
                ("pc.contoso.com", ".", None),
            ],
        );
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
            let (keys, _) = keys(&GeneralName::Dns(name.as_bytes()));
            let wildcard = of_wildcard_within(&GeneralName::Dns(base.as_bytes()));
            let reaches = wildcard.is_some_and(|key| keys.contains(&key));
            assert_eq!(reaches, expected, "{name} for {base}");
        }
    }

    #[test]
    fn mail_constraints_are_mailboxes_hosts_or_domains() {
        assert_within(
            GeneralName::Email,
            &[
                ("a@contoso.com", "contoso.com", Some(true)),
                ("a@mail.contoso.com", "contoso.com", Some(false)),
                ("a@mail.contoso.com", ".contoso.com", Some(true)),
                ("a@contoso.com", ".contoso.com", Some(false)),
                ("a@CONTOSO.com", "a@contoso.com", Some(true)),
                ("A@contoso.com", "a@contoso.com", Some(false)),
                ("\"a\"@contoso.com", "a@contoso.com", Some(true)),
                ("a@contoso.com", "", Some(true)),
                ("nobody", "contoso.com", None),
                ("nobody", "", None),
            ],
        );
    }

    #[test]
    fn uri_constraints_look_at_the_host_alone() {
        assert_within(
            GeneralName::Uri,
            &[
                ("https://user@pc.contoso.com:8443/path?contoso.net", "pc.contoso.com", Some(true)),
                ("https://pc.contoso.com", ".contoso.com", Some(true)),
                ("https://contoso.com", ".contoso.com", Some(false)),
                ("https://pc.contoso.com", "contoso.com", Some(false)),
                ("https://pc.contoso.com.evil.org/", ".contoso.com", Some(false)),
                ("https://10.0.0.1/", ".contoso.com", None),
                ("https://[::1]/", ".contoso.com", None),
                ("urn:uuid:1", ".contoso.com", None),
            ],
        );
    }

    #[test]
    fn addresses_lie_within_networks_of_their_own_family() {
        let within = |name: &[u8], base: &[u8]| is_within(&GeneralName::Ip(name), &GeneralName::Ip(base));
        let network = [10, 1, 2, 3, 255, 255, 0, 0];
        assert_eq!(within(&[10, 1, 9, 9], &network), Some(true));
        assert_eq!(within(&[10, 2, 2, 3], &network), Some(false));
        assert_eq!(within(&[0; 16], &network), Some(false));
        assert_eq!(within(&[10, 1, 2, 3], &[10, 1, 0, 0, 255, 0, 255, 0]), None);
        assert_eq!(within(&[10, 1, 2], &network), None);
        assert_eq!(within(&[10, 1, 2, 3], &[0; 8]), Some(true));
        assert_eq!(within(&[10, 1, 2, 3], &[10, 1, 2, 3, 255, 255, 255, 255]), Some(true));
        assert_eq!(within(&[10, 1, 2, 3], &[10, 1, 2, 2, 255, 255, 255, 255]), Some(false));
        assert_eq!(within(&[10, 1, 2, 3], &[10, 1, 2, 2, 255, 255, 255, 254]), Some(true));
        assert_eq!(within(&[0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &[0; 32]), Some(true));
        assert_eq!(within(&[10, 1, 2, 3], &[0; 32]), Some(false));
    }
}
