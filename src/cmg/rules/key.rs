//! The key: its algorithm and length, its provider, and whether the private key is there.

use crate::certificate::KeyAlgorithm;
use crate::cmg::catalogue::{key_algorithm, key_length, key_provider, private_key, provider_conflict};
use crate::cmg::finding::Finding;
use crate::cmg::rules::{Looked, Part, RuleContext};
use crate::path::checks::MINIMUM_RSA_BITS;
use crate::source::{Format, KeyProvider, ProviderFamily};

/// The length below which Microsoft's pages call a key incompatible with the cloud roles.
const MINIMUM: u32 = 2048;

/// RSA, of a documented length.
pub(super) fn algorithm_and_length(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let key = looked.certificate.public_key();
    let is_rsa = matches!(key.algorithm, KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss);
    if looked.part != Part::EndEntity {
        // No limit is documented for a CA; below 2048 bits it is worth knowing.
        if is_rsa && key.bits < MINIMUM {
            let (case, least, what) = match key.bits {
                bits if bits < MINIMUM_RSA_BITS => (&key_length::CA_REFUSED, MINIMUM_RSA_BITS, ": no path is valid"),
                _ => (&key_length::CA_SHORT, MINIMUM, ""),
            };
            let finding = Finding::new(case, format!("the CA's RSA key has {} bits{what}", key.bits));
            found.push(finding.expected(format!("{least} or more")).found(key.bits.to_string()));
        }
        return;
    }
    match key.algorithm {
        KeyAlgorithm::Rsa => {}
        KeyAlgorithm::RsaPss => {
            let message =
                "the RSA key is restricted to RSASSA-PSS, which Configuration Manager's pages do not speak of";
            found.push(Finding::new(&key_algorithm::RSA_PSS, message).expected("RSA").found("RSASSA-PSS"));
        }
        _ => {
            let name = key
                .curve
                .as_deref()
                .map_or_else(|| key.algorithm.name().to_owned(), |curve| format!("{} ({curve})", key.algorithm.name()));
            let message = format!("the key is {name}; Configuration Manager supports certificates with RSA keys only");
            found.push(Finding::new(&key_algorithm::NOT_RSA, message).expected("RSA").found(name));
            return;
        }
    }
    length(key.bits, context, found);
}

fn length(bits: u32, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let profile = context.profile();
    let allowed = &context.settings.parameters.key_lengths;
    let documented = allowed.contains(&bits) || (!profile.documented_lengths && bits >= MINIMUM);
    if !documented {
        let list = allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let expected = if profile.documented_lengths { list } else { format!("{MINIMUM} or more") };
        let (case, message) = if bits < MINIMUM {
            (&key_length::TOO_SHORT, format!("the RSA key has {bits} bits; a CMG needs {expected}"))
        } else {
            let message = format!("the RSA key has {bits} bits; documented for {} are {expected}", profile.label);
            (&key_length::UNDOCUMENTED, message)
        };
        found.push(Finding::new(case, message).expected(expected).found(bits.to_string()));
    }
    if let Some(maximum) = profile.role_maximum.filter(|maximum| bits > *maximum) {
        let message = format!(
            "the RSA key has {bits} bits; where the server is a management point or state migration point too, the \
             certificate for its monitoring may have {maximum} at most"
        );
        let finding = Finding::new(&key_length::ROLE_MAXIMUM, message);
        found.push(finding.expected(format!("{maximum} at most")).found(bits.to_string()));
    }
}

fn described(provider: &KeyProvider) -> String {
    let family = match provider.family {
        ProviderFamily::Cng => "CNG",
        ProviderFamily::Capi => "CSP",
        ProviderFamily::Unknown => "unknown",
    };
    provider.name.as_ref().map_or_else(|| family.to_owned(), |name| format!("{family} ({name})"))
}

/// CNG or CSP, where a place says so, and two places that disagree.
pub(super) fn provider(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let properties = || looked.occurrences.iter().filter_map(|occurrence| occurrence.properties.as_deref());
    let providers = || properties().filter_map(|properties| properties.key_provider.as_ref());
    let of = |family| providers().filter(move |provider| provider.family == family).max_by_key(|found| found.evidence);
    let (cng, capi) = (of(ProviderFamily::Cng), of(ProviderFamily::Capi));
    if let (Some(cng), Some(capi)) = (cng, capi) {
        let message =
            format!("its key is kept by {} in one place and by {} in another", described(cng), described(capi));
        let finding = Finding::new(&provider_conflict::FAMILIES, message);
        found.push(finding.found(format!("{}, {}", described(cng), described(capi))));
    }
    if looked.part != Part::EndEntity {
        return;
    }
    if let Some(cng) = cng {
        if let Some(roles) = context.profile().cng_unsupported {
            let message = format!("the key is kept by {}; {roles} on the same server cannot use it", described(cng));
            found.push(Finding::new(&key_provider::CNG_UNSUPPORTED, message).found(described(cng)));
        }
        if context.is_on(&key_provider::CNG) {
            let message = format!("the key is kept by {}, which a CMG supports", described(cng));
            found.push(Finding::new(&key_provider::CNG, message).found(described(cng)));
        }
    }
    if let Some(capi) = capi {
        let message = format!(
            "the key is kept by {}: a CryptoAPI provider, not CNG (\"v3\"); both are supported",
            described(capi)
        );
        found.push(Finding::new(&key_provider::CSP, message).found(described(capi)));
    }
    if cng.is_none() && capi.is_none() && properties().any(|properties| properties.has_private_key) {
        let pkcs12 = looked.occurrences.iter().any(|occurrence| occurrence.format == Format::Pkcs12);
        let message = if pkcs12 {
            "the PKCS#12 file names no provider for the key: whoever imports it decides, by default for a CSP"
        } else {
            "a private key stands beside the certificate, but nothing tells which provider keeps it"
        };
        found.push(Finding::new(&key_provider::UNKNOWN, message).found("unknown"));
    }
}

/// A Personal store that holds the certificate without its key. Other formats do not say whether there was one.
pub(super) fn private_key(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part != Part::EndEntity {
        return;
    }
    for occurrence in looked.occurrences {
        let Some(properties) = occurrence.properties.as_deref() else { continue };
        let Some(store) = properties.store.as_ref().filter(|store| store.is("My")) else { continue };
        let knows = matches!(occurrence.format, Format::WindowsStore | Format::RegistryExport);
        if knows && !properties.has_private_key && properties.key_provider.is_none() {
            let message = format!("the store {store} holds the certificate without a private key");
            found.push(Finding::new(&private_key::ABSENT, message).expected("a private key").found("none"));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::checks::{self, at_places, client, in_store, occurrence};
    use crate::cmg::testing::{Draft, Key};
    use crate::source::Properties;

    fn with_key(key: Key) -> Draft {
        let mut draft = Draft::client("pc1.contoso.com");
        draft.key = key;
        draft
    }

    fn provider(name: &str, provider_type: u32) -> Properties {
        let key_provider = KeyProvider::from_key_provider_info(Some(name), provider_type, true);
        Properties { key_provider: Some(key_provider), ..in_store("My") }
    }

    #[test]
    fn only_2048_and_4096_bits_are_documented_for_a_client() {
        for (bits, expected) in [
            (1024, &["key-length/too-short"][..]),
            (2047, &["key-length/too-short"]),
            (2048, &[]),
            (3072, &["key-length/undocumented"]),
            (4096, &[]),
            (8192, &["key-length/undocumented"]),
        ] {
            assert_eq!(client(&with_key(Key::Rsa(bits)).issued()), expected, "{bits}");
        }
    }

    #[test]
    fn the_settings_allow_another_length() {
        let certificate = with_key(Key::Rsa(3072)).issued();
        let settings = "[parameters]\nkey-lengths = [2048, 3072]\n";
        assert!(checks::with_settings(&certificate, Part::EndEntity, settings).is_empty());
    }

    #[test]
    fn a_key_that_is_not_rsa_is_found_at_every_role() {
        for profile in ProfileName::ALL {
            let mut draft = Draft::server("mp1.contoso.com");
            if *profile == ProfileName::Client || *profile == ProfileName::ConnectionPoint {
                draft = Draft::client("mp1.contoso.com");
            }
            draft.key = Key::EcP256;
            assert_eq!(checks::found(&draft.issued(), Part::EndEntity, *profile), ["key-algorithm/not-rsa"]);
        }
        assert_eq!(client(&with_key(Key::RsaPss(2048)).issued()), ["key-algorithm/rsa-pss"]);
    }

    #[test]
    fn a_management_point_takes_any_length_from_2048_bits() {
        for (bits, expected) in [(1024, &["key-length/too-short"][..]), (2048, &[]), (3072, &[]), (4096, &[])] {
            let mut draft = Draft::server("mp1.contoso.com");
            draft.key = Key::Rsa(bits);
            let found = checks::found(&draft.issued(), Part::EndEntity, ProfileName::ManagementPoint);
            assert_eq!(found, expected, "{bits}");
        }
    }

    #[test]
    fn the_connection_point_is_told_of_the_maximum_of_other_roles() {
        let found = checks::found(&with_key(Key::Rsa(4096)).issued(), Part::EndEntity, ProfileName::ConnectionPoint);
        assert_eq!(found, ["key-length/role-maximum"]);
    }

    #[test]
    fn a_short_ca_key_is_information() {
        let mut draft = Draft::ca("CA");
        draft.key = Key::Rsa(1024);
        assert_eq!(checks::found(&draft.issued(), Part::Intermediate, ProfileName::Client), ["key-length/ca-short"]);
    }

    #[test]
    fn a_csp_is_information_and_cng_is_in_order() {
        let certificate = Draft::client("pc1.contoso.com").issued();
        let cng = occurrence(Format::SerializedStore, provider("Microsoft Software Key Storage Provider", 0));
        let capi = occurrence(Format::SerializedStore, provider("Microsoft Strong Cryptographic Provider", 1));
        assert_eq!(at_places(&certificate, Part::EndEntity, std::slice::from_ref(&cng)), [""; 0]);
        assert_eq!(at_places(&certificate, Part::EndEntity, std::slice::from_ref(&capi)), ["key-provider/csp"]);
        let both = at_places(&certificate, Part::EndEntity, &[cng, capi]);
        assert_eq!(both, ["provider-conflict/families", "key-provider/csp"]);
    }

    #[test]
    fn a_private_key_of_which_nothing_is_known_is_information_and_a_bare_certificate_is_not() {
        let certificate = Draft::client("pc1.contoso.com").issued();
        let key = Properties { has_private_key: true, ..Properties::default() };
        assert_eq!(
            at_places(&certificate, Part::EndEntity, &[occurrence(Format::Pkcs12, key)]),
            ["key-provider/unknown"]
        );
        let bare = occurrence(Format::Der, Properties::default());
        assert_eq!(at_places(&certificate, Part::EndEntity, &[bare]), [""; 0]);
    }

    #[test]
    fn a_management_point_with_a_cng_key_is_told_of_the_enrollment_points() {
        let certificate = Draft::server("mp1.contoso.com").issued();
        let place = occurrence(Format::WindowsStore, provider("Microsoft Software Key Storage Provider", 0));
        let settings = crate::cmg::Settings::default();
        let context = RuleContext::new(crate::cmg::testing::now(), &settings, ProfileName::ManagementPoint);
        let found = crate::cmg::rules::judge(&certificate, &[place], Part::EndEntity, &context);
        assert_eq!(checks::labels(&found), ["key-provider/cng-unsupported"]);
    }

    #[test]
    fn a_personal_store_without_the_private_key_is_found_and_other_stores_and_files_are_not() {
        let certificate = Draft::client("pc1.contoso.com").issued();
        let without = |store: &str| Properties { has_private_key: false, ..in_store(store) };
        for format in [Format::WindowsStore, Format::RegistryExport] {
            let found = at_places(&certificate, Part::EndEntity, &[occurrence(format, without("my"))]);
            assert_eq!(found, ["private-key/absent"]);
        }
        for (format, store) in [(Format::SerializedStore, "My"), (Format::WindowsStore, "AddressBook")] {
            assert_eq!(at_places(&certificate, Part::EndEntity, &[occurrence(format, without(store))]), [""; 0]);
        }
    }
}
