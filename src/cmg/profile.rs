//! What the certificates around a CMG must be, by the part they play: the rows of "PKI certificate requirements", "CMG server
//! authentication certificate" and "Configure client authentication for cloud management gateway", as data.

use std::fmt;
use std::str::FromStr;

use crate::certificate::oid;
use crate::cmg::catalogue::key_usage;
use crate::cmg::finding::Case;
use crate::path::Purpose;

/// Which certificate of the CMG's surroundings the rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProfileName {
    /// A client's certificate.
    #[default]
    Client,
    /// The client authentication certificate of the CMG connection point.
    ConnectionPoint,
    /// The web server certificate of a management point in HTTPS mode.
    ManagementPoint,
    /// The server authentication certificate of the CMG itself.
    CmgServer,
}

impl ProfileName {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::Client, Self::ConnectionPoint, Self::ManagementPoint, Self::CmgServer];

    /// The name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::ConnectionPoint => "connection-point",
            Self::ManagementPoint => "management-point",
            Self::CmgServer => "cmg-server",
        }
    }

    /// What paths are built for.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::Client | Self::ConnectionPoint => Purpose::Client,
            Self::ManagementPoint | Self::CmgServer => Purpose::Server,
        }
    }

    pub(crate) fn rules(self) -> &'static Profile {
        match self {
            Self::Client => &CLIENT,
            Self::ConnectionPoint => &CONNECTION_POINT,
            Self::ManagementPoint => &MANAGEMENT_POINT,
            Self::CmgServer => &CMG_SERVER,
        }
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Text that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no profile: use client, connection-point, management-point or cmg-server")]
pub struct UnknownProfile(String);

impl FromStr for ProfileName {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.iter().find(|profile| profile.name().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownProfile(text.chars().take(60).collect()))
    }
}

/// Which names a certificate needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// One that identifies the client.
    Client,
    /// A DNS name, in subject or alternative name.
    Server,
    /// The service's name as common name.
    CmgService,
}

/// Who has to fetch the CRLs of a certificate's path from the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrlReader {
    /// The CMG, where it verifies revocation.
    Cmg,
    /// The clients, unless they were told not to.
    Clients,
    /// Nobody on the internet.
    Intranet,
}

/// What a certificate must be for its part.
#[derive(Debug)]
pub(crate) struct Profile {
    /// What it is called in messages.
    pub(crate) label: &'static str,
    /// The extended key usage it must contain, with its name.
    pub(crate) usage: &'static [u8],
    pub(crate) usage_name: &'static str,
    /// What is found where Digital Signature is missing.
    pub(crate) no_digital_signature: Option<&'static Case>,
    /// What is found where Key Encipherment is missing.
    pub(crate) no_key_encipherment: Option<&'static Case>,
    /// Whether there must be a key usage at all.
    pub(crate) needs_key_usage: bool,
    /// Whether only the documented key lengths are taken, or any from 2048 bits.
    pub(crate) documented_lengths: bool,
    /// The greatest key length of other certificates that the same server may need.
    pub(crate) role_maximum: Option<u32>,
    pub(crate) names: NameRule,
    pub(crate) crl_reader: CrlReader,
    /// Roles on the same server whose IIS cannot use a CNG key.
    pub(crate) cng_unsupported: Option<&'static str>,
}

const CLIENT: Profile = Profile {
    label: "a client's certificate",
    usage: oid::CLIENT_AUTH,
    usage_name: "Client Authentication",
    no_digital_signature: Some(&key_usage::NO_DIGITAL_SIGNATURE),
    no_key_encipherment: Some(&key_usage::NO_KEY_ENCIPHERMENT),
    needs_key_usage: true,
    documented_lengths: true,
    role_maximum: None,
    names: NameRule::Client,
    crl_reader: CrlReader::Cmg,
    cng_unsupported: None,
};

const CONNECTION_POINT: Profile = Profile {
    label: "the connection point's certificate",
    no_digital_signature: Some(&key_usage::CONNECTION_POINT),
    // A server that is a management point too has a certificate for its monitoring, with 2048 bits at most.
    role_maximum: Some(2048),
    crl_reader: CrlReader::Intranet,
    ..CLIENT
};

const MANAGEMENT_POINT: Profile = Profile {
    label: "the management point's certificate",
    usage: oid::SERVER_AUTH,
    usage_name: "Server Authentication",
    no_digital_signature: None,
    no_key_encipherment: None,
    needs_key_usage: false,
    documented_lengths: false,
    role_maximum: None,
    names: NameRule::Server,
    crl_reader: CrlReader::Intranet,
    cng_unsupported: Some("the enrollment point and the enrollment proxy point"),
};

const CMG_SERVER: Profile = Profile {
    label: "the CMG's server certificate",
    documented_lengths: true,
    names: NameRule::CmgService,
    crl_reader: CrlReader::Clients,
    cng_unsupported: None,
    ..MANAGEMENT_POINT
};
