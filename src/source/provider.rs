//! CNG or CSP: which kind of provider keeps a private key, by the evidence at hand.

/// The provider of an occurrence's private key, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyProvider {
    /// CNG key storage provider, CryptoAPI service provider, or not known.
    pub family: ProviderFamily,
    /// The provider's name as it was found.
    pub name: Option<String>,
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

impl KeyProvider {
    /// What the key provider information of a store entry tells: type 0 is a key storage provider.
    pub(crate) fn from_key_provider_info(name: Option<&str>, provider_type: u32, machine_key: bool) -> Self {
        Self {
            family: if provider_type == 0 { ProviderFamily::Cng } else { ProviderFamily::Capi },
            name: name.map(str::to_owned),
            provider_type: Some(provider_type),
            machine_key: Some(machine_key),
            keeper: KeyKeeper::Unknown,
            evidence: Evidence::KeyProviderInfo,
        }
    }
}
