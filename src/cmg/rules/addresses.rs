//! Whether the internet can reach the address of a CRL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address cannot be reached from the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// HTTPS: to check the server's certificate a CRL would have to be fetched first.
    Https,
    Ldap,
    File,
    /// Another scheme than HTTP, or none.
    Scheme,
    /// A name without a domain.
    SingleLabel,
    /// A domain that exists in private networks only.
    PrivateDomain,
    /// One of the domains that the settings call internal.
    InternalDomain,
    /// An address of a private network, of this machine or of this link.
    PrivateAddress,
    /// Not a name at all.
    NoHost,
}

impl Obstacle {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Https => "HTTPS, which Windows does not fetch CRLs by",
            Self::Ldap => "LDAP",
            Self::File => "a file share",
            Self::Scheme => "not HTTP",
            Self::SingleLabel => "a name without a domain",
            Self::PrivateDomain => "a domain of private networks",
            Self::InternalDomain => "an internal domain by the settings",
            Self::PrivateAddress => "a private address",
            Self::NoHost => "no host name",
        }
    }
}

/// Top-level domains that the internet's DNS does not have and private networks use: mDNS (RFC 6762), `internal` (reserved by
/// ICANN), RFC 8375, and those that RFC 6762 appendix G lists as met in practice.
const PRIVATE_DOMAINS: &[&str] =
    &["local", "lan", "internal", "intranet", "localdomain", "localhost", "home", "corp", "private", "home.arpa"];

/// The first obstacle between the internet and this URI, if there is one.
pub(super) fn obstacle(uri: &[u8], internal_domains: &[String]) -> Option<Obstacle> {
    let uri = uri.trim_ascii();
    let https = after_scheme(uri, b"https");
    let Some(rest) = after_scheme(uri, b"http").or(https) else {
        return Some(if after_scheme(uri, b"ldap").is_some() || after_scheme(uri, b"ldaps").is_some() {
            Obstacle::Ldap
        } else if after_scheme(uri, b"file").is_some() || uri.starts_with(b"\\\\") {
            Obstacle::File
        } else {
            Obstacle::Scheme
        });
    };
    let Some(authority) = rest.strip_prefix(b"//") else { return Some(Obstacle::NoHost) };
    let end = authority.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(authority.len());
    let authority = authority.get(..end).unwrap_or_default();
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    match std::str::from_utf8(host) {
        Ok(host) => of_host(host, internal_domains).or(https.map(|_| Obstacle::Https)),
        Err(_) => Some(Obstacle::NoHost),
    }
}

fn after_scheme<'a>(uri: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = uri.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| rest.strip_prefix(b":"))?
}

fn of_host(host: &str, internal_domains: &[String]) -> Option<Obstacle> {
    if let Some(bracketed) = host.strip_prefix('[') {
        let address = bracketed.split(']').next().and_then(|text| text.parse::<Ipv6Addr>().ok());
        return address.map_or(Some(Obstacle::NoHost), |address| of_address(IpAddr::V6(address)));
    }
    let host = host.split(':').next().unwrap_or_default();
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return of_address(IpAddr::V4(address));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') || !byte.is_ascii();
    if host.is_empty() || host.len() > 253 || !host.bytes().all(in_name) || host.split('.').any(str::is_empty) {
        return Some(Obstacle::NoHost);
    }
    if !host.contains('.') {
        return Some(Obstacle::SingleLabel);
    }
    if PRIVATE_DOMAINS.iter().any(|domain| is_below(host, domain)) {
        return Some(Obstacle::PrivateDomain);
    }
    let internal = internal_domains.iter().any(|domain| is_below(host, domain.trim_matches('.')));
    internal.then_some(Obstacle::InternalDomain)
}

/// Whether the host is the domain or lies below it.
fn is_below(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    !domain.is_empty()
        && host.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
        && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

fn of_address(address: IpAddr) -> Option<Obstacle> {
    let private_v4 = |v4: Ipv4Addr| {
        let [a, b, ..] = v4.octets();
        v4.is_private()
            || v4.is_loopback()
            || v4.is_link_local()
            || v4.is_unspecified()
            || v4.is_broadcast()
            || v4.is_multicast()
            // RFC 6598: shared address space of carriers.
            || (a == 100 && (64..128).contains(&b))
    };
    let private = match address {
        IpAddr::V4(v4) => private_v4(v4),
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                // RFC 4193 and RFC 4291: unique local and link-local.
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || v6.to_ipv4_mapped().is_some_and(private_v4)
        }
    };
    private.then_some(Obstacle::PrivateAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_with_a_public_host_is_reachable() {
        for uri in [
            "http://crl.contoso.com/a.crl",
            "HTTP://CRL.CONTOSO.COM:80/a.crl",
            "http://user@crl.contoso.com/a.crl",
            "http://crl.contoso.com./a.crl",
            "http://crl.localdomain.com/",
            "http://mylocal.de",
            "http://203.0.113.9/a.crl",
            "http://[2001:db8::1]:8080/a.crl",
            "http://pki.xn--bcher-kva.example/a.crl",
        ] {
            assert_eq!(obstacle(uri.as_bytes(), &[]), None, "{uri}");
        }
    }

    #[test]
    fn each_obstacle_is_told_by_its_kind() {
        for (uri, expected) in [
            ("https://crl.contoso.com/a.crl", Obstacle::Https),
            ("ldap:///CN=Contoso,CN=CDP?certificateRevocationList?base", Obstacle::Ldap),
            ("LDAPS://dc1.contoso.com/CN=x", Obstacle::Ldap),
            ("file://srv1/share/a.crl", Obstacle::File),
            ("\\\\srv1\\share\\a.crl", Obstacle::File),
            ("ftp://crl.contoso.com/a.crl", Obstacle::Scheme),
            ("crl.contoso.com/a.crl", Obstacle::Scheme),
            ("", Obstacle::Scheme),
            ("http://ca1/a.crl", Obstacle::SingleLabel),
            ("http://ca1:8080/a.crl", Obstacle::SingleLabel),
            ("http://localhost/a.crl", Obstacle::SingleLabel),
            ("http://ca1.contoso.local/a.crl", Obstacle::PrivateDomain),
            ("http://ca1.contoso.LAN./a.crl", Obstacle::PrivateDomain),
            ("http://ca1.contoso.internal/a.crl", Obstacle::PrivateDomain),
            ("http://ca1.home.arpa/a.crl", Obstacle::PrivateDomain),
            ("http://ca1.corp.contoso.com/a.crl", Obstacle::InternalDomain),
            ("http://10.1.2.3/a.crl", Obstacle::PrivateAddress),
            ("http://172.31.0.1/a.crl", Obstacle::PrivateAddress),
            ("http://192.168.0.1:81/a.crl", Obstacle::PrivateAddress),
            ("http://169.254.1.1/a.crl", Obstacle::PrivateAddress),
            ("http://127.0.0.1/a.crl", Obstacle::PrivateAddress),
            ("http://100.64.0.1/a.crl", Obstacle::PrivateAddress),
            ("http://[::1]/a.crl", Obstacle::PrivateAddress),
            ("http://[fe80::1%25eth0]/a.crl", Obstacle::NoHost),
            ("http://[fd00::1]/a.crl", Obstacle::PrivateAddress),
            ("http://[::ffff:10.0.0.1]/a.crl", Obstacle::PrivateAddress),
            ("http:///a.crl", Obstacle::NoHost),
            ("http:a.crl", Obstacle::NoHost),
            ("http://a..b/a.crl", Obstacle::NoHost),
            ("http://%3CServerDNSName%3E/a.crl", Obstacle::NoHost),
        ] {
            assert_eq!(obstacle(uri.as_bytes(), &["corp.contoso.com".to_owned()]), Some(expected), "{uri}");
        }
    }

    #[test]
    fn a_domain_is_not_found_inside_a_label() {
        assert!(is_below("ca1.corp", "corp") && !is_below("ca1.mycorp", "corp") && is_below("corp", "corp"));
        assert!(!is_below("a.b", ""));
    }
}
