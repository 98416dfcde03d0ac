//! CNG or CSP: which kind of provider keeps a private key, by the evidence at hand.

use std::fmt;
use std::sync::Arc;

use crate::source::properties::shared;

/// The provider of an occurrence's private key, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyProvider {
    /// CNG key storage provider, CryptoAPI service provider, or not known.
    pub family: ProviderFamily,
    /// The provider's name as it was found.
    pub name: Option<Arc<str>>,
    /// The CryptoAPI provider type; 0 is CNG.
    pub provider_type: Option<u32>,
    /// Whether the key belongs to the machine rather than to a user.
    pub machine_key: Option<bool>,
    /// What keeps the key, as far as the name tells.
    pub keeper: KeyKeeper,
    /// What this rests on.
    pub evidence: Evidence,
}

/// Windows' two families of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ProviderFamily {
    /// Cryptography Next Generation: a key storage provider (KSP). What ConfigMgr's pages call "v3".
    Cng,
    /// CryptoAPI: a cryptographic service provider (CSP).
    Capi,
    /// Not known.
    Unknown,
}

impl ProviderFamily {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cng => "cng",
            Self::Capi => "capi",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for ProviderFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What holds the key, as far as the provider's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyKeeper {
    /// Microsoft's software providers.
    Software,
    /// A trusted platform module.
    Tpm,
    /// A smart card.
    SmartCard,
    /// Windows Hello.
    WindowsHello,
    /// A provider that is not Microsoft's.
    ThirdParty,
    /// Not known.
    Unknown,
}

impl KeyKeeper {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Tpm => "tpm",
            Self::SmartCard => "smart-card",
            Self::WindowsHello => "windows-hello",
            Self::ThirdParty => "third-party",
            Self::Unknown => "unknown",
        }
    }
}

/// What a verdict on the provider rests on, the strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Evidence {
    /// Nothing is said of the key.
    None,
    /// A schema version 1 template (extension 1.3.6.1.4.1.311.20.2) defaults to a CSP, but requesters may choose.
    TemplateV1DefaultCsp,
    /// No Microsoft CSP can hold a key of this algorithm, but it may never have been on Windows.
    NotMicrosoftCsp,
    /// A PKCS#12 key bag that names no provider: the importer decides, by default for a CSP.
    Pkcs12NoProvider,
    /// The provider that a PKCS#12 key bag names (attribute 1.3.6.1.4.1.311.17.1).
    Pkcs12Attribute,
    /// The provider that a text such as certutil's names.
    ProviderName,
    /// The key provider information of a store entry (property 2): its provider type decides.
    KeyProviderInfo,
}

impl Evidence {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::TemplateV1DefaultCsp => "template-v1-default-csp",
            Self::NotMicrosoftCsp => "not-microsoft-csp",
            Self::Pkcs12NoProvider => "pkcs12-no-provider",
            Self::Pkcs12Attribute => "pkcs12-attribute",
            Self::ProviderName => "provider-name",
            Self::KeyProviderInfo => "key-provider-info",
        }
    }
}

/// CRYPT_MACHINE_KEYSET, which is NCRYPT_MACHINE_KEY_FLAG too.
const MACHINE_KEY_FLAG: u32 = 0x20;

/// Microsoft's providers (Microsoft: "CNG Key Storage Providers", "Cryptographic Provider Names"). Its pages and its
/// headers differ in case ("Schannel", "SChannel"), so names are compared without regard to it.
const MICROSOFT_PROVIDERS: &[(&str, ProviderFamily, KeyKeeper)] = {
    use KeyKeeper::{SmartCard, Software, Tpm, WindowsHello};
    use ProviderFamily::{Capi, Cng};
    &[
        ("Microsoft Software Key Storage Provider", Cng, Software),
        ("Microsoft Smart Card Key Storage Provider", Cng, SmartCard),
        ("Microsoft Platform Crypto Provider", Cng, Tpm),
        ("Microsoft Passport Key Storage Provider", Cng, WindowsHello),
        ("Microsoft Base Cryptographic Provider v1.0", Capi, Software),
        ("Microsoft Enhanced Cryptographic Provider v1.0", Capi, Software),
        ("Microsoft Strong Cryptographic Provider", Capi, Software),
        ("Microsoft Enhanced RSA and AES Cryptographic Provider", Capi, Software),
        ("Microsoft Enhanced RSA and AES Cryptographic Provider (Prototype)", Capi, Software),
        ("Microsoft RSA SChannel Cryptographic Provider", Capi, Software),
        ("Microsoft RSA Signature Cryptographic Provider", Capi, Software),
        ("Microsoft DH SChannel Cryptographic Provider", Capi, Software),
        ("Microsoft Base DSS Cryptographic Provider", Capi, Software),
        ("Microsoft Base DSS and Diffie-Hellman Cryptographic Provider", Capi, Software),
        ("Microsoft Enhanced DSS and Diffie-Hellman Cryptographic Provider", Capi, Software),
        ("Microsoft Base Smart Card Crypto Provider", Capi, SmartCard),
    ]
};

/// Family and keeper by name. A name that is in no table tells neither: that third parties' key storage providers often end in
/// "Key Storage Provider" is a habit, not a rule, so only a provider type makes such a verdict.
fn look_up(name: &str) -> (ProviderFamily, KeyKeeper) {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if let Some((_, family, keeper)) = MICROSOFT_PROVIDERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
        return (*family, *keeper);
    }
    let microsoft = name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("Microsoft "));
    let keeper = if name.is_empty() || microsoft { KeyKeeper::Unknown } else { KeyKeeper::ThirdParty };
    (ProviderFamily::Unknown, keeper)
}

impl KeyProvider {
    /// A key about whose provider nothing is known beyond what `evidence` says.
    pub fn unknown(evidence: Evidence) -> Self {
        Self {
            family: ProviderFamily::Unknown,
            name: None,
            provider_type: None,
            machine_key: None,
            keeper: KeyKeeper::Unknown,
            evidence,
        }
    }

    /// By the name alone, without regard to case. The family of a name that is not Microsoft's stays unknown.
    pub fn from_provider_name(name: impl Into<Arc<str>>, evidence: Evidence) -> Self {
        let name = name.into();
        let (family, keeper) = look_up(&name);
        Self { family, keeper, name: Some(name), ..Self::unknown(evidence) }
    }

    /// From CRYPT_KEY_PROV_INFO, in which the provider type decides: 0 is CNG, whatever the name (Microsoft:
    /// CRYPT_KEY_PROV_INFO structure, `dwProvType`).
    pub fn from_key_provider_info(name: Option<&str>, provider_type: u32, machine_key: bool) -> Self {
        Self {
            family: if provider_type == 0 { ProviderFamily::Cng } else { ProviderFamily::Capi },
            keeper: name.map_or(KeyKeeper::Unknown, |name| look_up(name).1),
            name: name.map(shared),
            provider_type: Some(provider_type),
            machine_key: Some(machine_key),
            evidence: Evidence::KeyProviderInfo,
        }
    }

    /// Of what several places say about one certificate, the one with the strongest evidence; of equals one that knows the
    /// family, then the first.
    pub fn strongest<'a>(providers: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        providers.into_iter().reduce(|best, next| if next.strength() > best.strength() { next } else { best })
    }

    fn strength(&self) -> (Evidence, bool) {
        (self.evidence, self.family != ProviderFamily::Unknown)
    }

    /// Whether the two cannot both be right about one key: both families are known, and differ. Two copies of one key may
    /// still be in two providers, on two machines.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        self.family != ProviderFamily::Unknown && other.family != ProviderFamily::Unknown && self.family != other.family
    }

    /// The first two that conflict, where any do.
    pub fn conflict<'a>(providers: impl IntoIterator<Item = &'a Self>) -> Option<(&'a Self, &'a Self)> {
        let mut known = providers.into_iter().filter(|provider| provider.family != ProviderFamily::Unknown);
        let first = known.next()?;
        known.find(|other| first.conflicts_with(other)).map(|other| (first, other))
    }
}

/// CERT_KEY_PROV_INFO_PROP_ID as stores serialize it, without its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyProvInfo {
    pub(crate) container: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) provider_type: u32,
    pub(crate) machine_key: bool,
}

impl KeyProvInfo {
    pub(crate) fn key_provider(&self) -> KeyProvider {
        KeyProvider::from_key_provider_info(self.provider.as_deref(), self.provider_type, self.machine_key)
    }
}

/// The layout of \[MS-GPEF\] 2.2.1.1.1.1.1: seven 32-bit numbers, of which the first two are the offsets of the names from the
/// start of the value, on 64-bit Windows too. `None` where an offset points nowhere.
pub(crate) fn parse_key_prov_info(value: &[u8]) -> Option<KeyProvInfo> {
    const HEADER: usize = 28;
    let number = |at: usize| Some(u32::from_le_bytes(value.get(at..at + 4)?.try_into().ok()?));
    let name = |offset: u32| -> Option<Option<String>> {
        match usize::try_from(offset).ok()? {
            0 => Some(None),
            at if at >= HEADER => Some(Some(utf16_until_nul(value.get(at..)?))),
            _ => None,
        }
    };
    let read = || {
        Some(KeyProvInfo {
            container: name(number(0)?)?,
            provider: name(number(4)?)?,
            provider_type: number(8)?,
            machine_key: number(12)? & MACHINE_KEY_FLAG != 0,
        })
    };
    number(HEADER - 4)?;
    read().or_else(|| memory_image(value))
}

/// What older releases of Wine write: the structure as it lies in memory, pointers included, and the names behind it. It is
/// recognised by the distance of the two pointers, which is the length of the first name.
fn memory_image(value: &[u8]) -> Option<KeyProvInfo> {
    let number = |at: usize| Some(u32::from_le_bytes(value.get(at..at + 4)?.try_into().ok()?));
    let pointer = |at: usize, size: usize| match size {
        4 => number(at).map(u64::from),
        _ => Some(u64::from_le_bytes(value.get(at..at + 8)?.try_into().ok()?)),
    };
    for (size, header) in [(8, 48), (4, 28)] {
        let (Some(container), Some(provider), Some(names)) =
            (pointer(0, size), pointer(size, size), value.get(header..))
        else {
            continue;
        };
        let first = utf16_until_nul(names);
        let length = 2 * (first.encode_utf16().count() + 1);
        if container == 0 || provider.checked_sub(container) != Some(length as u64) {
            continue;
        }
        return Some(KeyProvInfo {
            container: Some(first),
            provider: Some(utf16_until_nul(names.get(length..)?)),
            provider_type: number(2 * size)?,
            machine_key: number(2 * size + 4)? & MACHINE_KEY_FLAG != 0,
        });
    }
    None
}

/// UTF-16LE up to its NUL or, where there is none, to the end.
pub(crate) fn utf16_until_nul(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_prov_info(container: &str, provider: &str, provider_type: u32, flags: u32) -> Vec<u8> {
        let utf16 = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let (container, provider) = (utf16(container), utf16(provider));
        let numbers = [28, 28 + container.len() as u32, provider_type, flags, 0, 0, 0];
        [numbers.iter().flat_map(|n| n.to_le_bytes()).collect(), container, provider].concat()
    }

    #[test]
    fn names_are_compared_without_regard_to_case() {
        for (name, family, keeper) in [
            ("microsoft SOFTWARE key storage provider", ProviderFamily::Cng, KeyKeeper::Software),
            ("Microsoft Platform Crypto Provider", ProviderFamily::Cng, KeyKeeper::Tpm),
            ("Microsoft Smart Card Key Storage Provider", ProviderFamily::Cng, KeyKeeper::SmartCard),
            ("Microsoft Passport Key Storage Provider", ProviderFamily::Cng, KeyKeeper::WindowsHello),
            ("Microsoft RSA Schannel Cryptographic Provider", ProviderFamily::Capi, KeyKeeper::Software),
            ("Microsoft Base Smart Card Crypto Provider", ProviderFamily::Capi, KeyKeeper::SmartCard),
        ] {
            let provider = KeyProvider::from_provider_name(name, Evidence::ProviderName);
            assert_eq!((provider.family, provider.keeper), (family, keeper), "{name}");
            assert_eq!(provider.name.as_deref(), Some(name));
        }
    }

    #[test]
    fn the_family_of_a_name_in_no_table_stays_unknown_until_a_type_tells() {
        let name = "Example Vendor Key Storage Provider";
        let by_name = KeyProvider::from_provider_name(name, Evidence::Pkcs12Attribute);
        assert_eq!((by_name.family, by_name.keeper), (ProviderFamily::Unknown, KeyKeeper::ThirdParty));
        let by_type = KeyProvider::from_key_provider_info(Some(name), 0, true);
        assert_eq!((by_type.family, by_type.keeper), (ProviderFamily::Cng, KeyKeeper::ThirdParty));
        assert_eq!(by_type.machine_key, Some(true));
        let newer = KeyProvider::from_provider_name("Microsoft Something New", Evidence::Pkcs12Attribute);
        assert_eq!((newer.family, newer.keeper), (ProviderFamily::Unknown, KeyKeeper::Unknown));
    }

    #[test]
    fn the_strongest_evidence_is_picked_and_a_conflict_is_seen() {
        let hint = KeyProvider::unknown(Evidence::Pkcs12NoProvider);
        let csp = KeyProvider::from_provider_name(
            "Microsoft Enhanced Cryptographic Provider v1.0",
            Evidence::Pkcs12Attribute,
        );
        let ksp = KeyProvider::from_key_provider_info(Some("Microsoft Software Key Storage Provider"), 0, false);
        assert_eq!(KeyProvider::strongest([&hint, &csp, &ksp]), Some(&ksp));
        assert_eq!(KeyProvider::strongest([&ksp, &csp, &hint]), Some(&ksp));
        assert_eq!(KeyProvider::strongest([]), None);
        assert!(csp.conflicts_with(&ksp) && !csp.conflicts_with(&hint) && !ksp.conflicts_with(&ksp));
        assert_eq!(KeyProvider::conflict([&hint, &csp, &csp, &ksp]), Some((&csp, &ksp)));
        assert_eq!(KeyProvider::conflict([&hint, &csp, &csp]), None);
    }

    #[test]
    fn key_provider_information_is_read_as_stores_write_it() {
        let value = key_prov_info("te-1", "Microsoft Software Key Storage Provider", 0, 0x20);
        assert_eq!(value.len(), 118);
        let info = parse_key_prov_info(&value).unwrap();
        assert_eq!(info.container.as_deref(), Some("te-1"));
        let provider = info.key_provider();
        assert_eq!(provider.family, ProviderFamily::Cng);
        assert_eq!((provider.provider_type, provider.machine_key), (Some(0), Some(true)));
        assert_eq!(provider.evidence, Evidence::KeyProviderInfo);
    }

    #[test]
    fn a_name_ends_at_its_nul_in_either_order_of_the_names() {
        let mut value = key_prov_info("first", "second", 24, 0);
        let (container, provider) = (value[0..4].to_vec(), value[4..8].to_vec());
        value[0..4].copy_from_slice(&provider);
        value[4..8].copy_from_slice(&container);
        let info = parse_key_prov_info(&value).unwrap();
        assert_eq!((info.container.as_deref(), info.provider.as_deref()), (Some("second"), Some("first")));
        assert_eq!(info.key_provider().family, ProviderFamily::Capi);
    }

    #[test]
    fn offsets_that_point_nowhere_are_refused() {
        let value = key_prov_info("c", "p", 1, 0);
        for offset in [1u32, 27, value.len() as u32 + 1, u32::MAX] {
            for at in [0, 4] {
                let mut lying = value.clone();
                lying[at..at + 4].copy_from_slice(&offset.to_le_bytes());
                assert_eq!(parse_key_prov_info(&lying), None, "offset {offset} at {at}");
            }
        }
        for length in 0..28 {
            assert_eq!(parse_key_prov_info(&value[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn the_structure_as_it_lay_in_memory_is_read_too() {
        let base: u64 = 0x7f12_3456_7030;
        let utf16 = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let names = [utf16("key"), utf16("Microsoft Strong Cryptographic Provider")].concat();
        let mut value = [base.to_le_bytes(), (base + 8).to_le_bytes()].concat();
        value.extend([1u32, 0x20, 0, 0, 0, 0, 1, 0].iter().flat_map(|n| n.to_le_bytes()));
        value.extend(&names);
        let info = parse_key_prov_info(&value).unwrap();
        assert_eq!(info.container.as_deref(), Some("key"));
        assert_eq!(info.provider.as_deref(), Some("Microsoft Strong Cryptographic Provider"));
        assert_eq!((info.provider_type, info.machine_key), (1, true));
    }
}
