//! Planning questions: which client authentication, management point mode and certificates a CMG needs, answered from the
//! tables on Microsoft's page "Configure client authentication for cloud management gateway".

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cmg::plan_table::{
    ALWAYS, Applies, INTRANET_SCENARIOS, METHODS, MODE_TABLES, Method, ModeCell, NOTES, SWITCHES, Statement,
};
use crate::cmg::sources::{self, Source};

/// Text that names no value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no {what}: use one of {expected}")]
pub struct UnknownName {
    what: &'static str,
    found: String,
    expected: String,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the command line and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The name on Microsoft's page.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|value| value.name().eq_ignore_ascii_case(text)).ok_or_else(|| UnknownName {
                    what: $what,
                    found: text.to_owned(),
                    expected: Self::ALL.iter().map(|value| value.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

choice! {
    /// How the device is joined.
    Identity, "identity" {
        /// Neither to a domain nor to Microsoft Entra ID.
        Workgroup = "workgroup", "Workgroup";
        /// To an on-premises Active Directory domain.
        AdDomainJoined = "ad", "AD domain-joined";
        /// To a Microsoft Entra tenant.
        EntraJoined = "entra", "Microsoft Entra joined";
        /// To both.
        HybridJoined = "hybrid", "Hybrid-joined";
    }
}

choice! {
    /// Where the client is.
    Location, "location" {
        /// On the internet, through the CMG.
        Internet = "internet", "Internet-based client, through the CMG";
        /// On the intranet, at the management point itself.
        Intranet = "intranet", "On-premises client";
    }
}

choice! {
    /// How the management point takes client connections.
    ManagementPoint, "management point mode" {
        /// Plain HTTP.
        Http = "http", "HTTP";
        /// Enhanced HTTP: HTTP mode with certificates that the site makes.
        EnhancedHttp = "e-http", "E-HTTP";
        /// HTTPS with a web server certificate of the PKI.
        Https = "https", "HTTPS";
    }
}

choice! {
    /// How the client authenticates at the CMG.
    Authentication, "client authentication" {
        /// Microsoft Entra ID.
        EntraId = "entra", "Microsoft Entra ID";
        /// A client authentication certificate of the PKI.
        Pki = "pki", "PKI certificate";
        /// A token that the site issues.
        Token = "token", "Site token";
    }
}

/// Whether a combination is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Supported {
    /// Microsoft documents it.
    Yes,
    /// Microsoft excludes it.
    No,
    /// Documented, and contradicted by the same page or by Microsoft elsewhere: the notes say how.
    Disputed,
}

/// Whom scenarios can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Centric {
    /// The device alone.
    Device,
    /// The device and its user.
    DeviceAndUser,
}

impl Supported {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Disputed => "disputed",
        }
    }
}

impl Centric {
    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::DeviceAndUser => "device-and-user",
        }
    }
}

/// One thing to switch on or to know, and where that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Advice {
    /// A stable name.
    pub id: &'static str,
    /// What to do or to know.
    pub text: &'static str,
    /// Where it is written.
    pub source: Source,
}

impl From<&Statement> for Advice {
    fn from(statement: &Statement) -> Self {
        Self { id: statement.id, text: statement.text, source: statement.source }
    }
}

/// What is asked; whatever is left out stands for every value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query {
    /// How the device is joined.
    pub identity: Option<Identity>,
    /// Where the client is.
    pub location: Option<Location>,
    /// The management point's mode.
    pub management_point: Option<ManagementPoint>,
    /// How the client authenticates.
    pub authentication: Option<Authentication>,
}

/// The answer for one combination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlanRow {
    /// How the device is joined.
    pub identity: Identity,
    /// Where the client is.
    pub location: Location,
    /// The management point's mode.
    pub management_point: ManagementPoint,
    /// How the client authenticates at the CMG; on the intranet only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Whether that works.
    pub supported: Supported,
    /// Whether the cell of Microsoft's table lists this mode.
    pub listed: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Device- or user-centric; absent where the combination is not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centric: Option<Centric>,
    /// Whether each client needs a client authentication certificate.
    pub client_certificate: bool,
    /// Whether the trusted root and the intermediates must be uploaded to the CMG.
    pub trusted_root_upload: bool,
    /// Whether the CMG connection point needs a client authentication certificate.
    pub connection_point_certificate: bool,
    /// What else must be switched on; empty where the combination is not supported.
    pub switches: Vec<Advice>,
    /// Notes, caveats and deprecations.
    pub notes: Vec<Advice>,
    /// What the answer rests on.
    pub sources: Vec<Source>,
}

/// One cell of the page's two tables, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TableCell {
    /// Which table: for internet-based or for on-premises clients.
    pub location: Location,
    /// The row.
    pub identity: Identity,
    /// The modes that the cell lists.
    pub management_points: &'static [ManagementPoint],
    /// Whether note 1 stands at the cell.
    pub note_1: bool,
}

/// The record of `certpath plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// `certpath.plan/1`.
    pub schema: &'static str,
    /// Every combination that was asked for.
    pub rows: Vec<PlanRow>,
    /// The cells of Microsoft's tables for the locations and identities that were asked for.
    pub tables: Vec<TableCell>,
}

/// The answers to a question: one row for each combination, in the order of the tables.
///
/// On the intranet the page's table does not ask how clients authenticate at the CMG: there is one row for each identity and
/// mode, unless a method was asked for.
pub fn plan(query: &Query) -> Plan {
    let wanted = |cell: &&ModeCell| {
        query.location.is_none_or(|location| location == cell.location)
            && query.identity.is_none_or(|identity| identity == cell.identity)
    };
    let cells: Vec<&ModeCell> = MODE_TABLES.iter().filter(wanted).collect();
    let mut rows = Vec::new();
    for cell in &cells {
        for &mode in ManagementPoint::ALL {
            if query.management_point.is_some_and(|asked| asked != mode) {
                continue;
            }
            match (query.authentication, cell.location) {
                (Some(authentication), _) => rows.push(row(cell, mode, Some(authentication))),
                (None, Location::Intranet) => rows.push(row(cell, mode, None)),
                (None, Location::Internet) => {
                    rows.extend(METHODS.iter().map(|method| row(cell, mode, Some(method.authentication))));
                }
            }
        }
    }
    let tables = cells
        .into_iter()
        .map(|cell| TableCell {
            location: cell.location,
            identity: cell.identity,
            management_points: cell.modes,
            note_1: cell.note_1,
        })
        .collect();
    Plan { schema: "certpath.plan/1", rows, tables }
}

fn row(cell: &ModeCell, mode: ManagementPoint, authentication: Option<Authentication>) -> PlanRow {
    let method = authentication.and_then(|asked| METHODS.iter().find(|method| method.authentication == asked));
    let supported = support(cell, mode, method);
    let is_supported = supported != Supported::No;
    let internet_method = method.filter(|_| is_supported && cell.location == Location::Internet);
    let pick = |statements: &'static [Statement]| {
        let applying = statements.iter().filter(move |statement| statement.applies.to(cell, mode, authentication));
        applying.map(Advice::from).collect::<Vec<_>>()
    };
    let switches = if is_supported { pick(SWITCHES) } else { Vec::new() };
    let notes = pick(NOTES);
    let mut sources = vec![sources::AUTH];
    let of_method = method.map(|_| sources::PLAN_AUTH);
    for source in of_method.into_iter().chain(switches.iter().chain(&notes).map(|advice| advice.source)) {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    PlanRow {
        identity: cell.identity,
        location: cell.location,
        management_point: mode,
        authentication,
        supported,
        listed: cell.modes.contains(&mode),
        deprecated: mode == ManagementPoint::Http,
        centric: is_supported.then(|| centric(cell, mode, method)),
        client_certificate: is_supported && method.is_some_and(|method| method.client_certificate),
        trusted_root_upload: internet_method.is_some_and(|method| method.trusted_root_upload),
        connection_point_certificate: internet_method
            .is_some_and(|method| method.connection_point_certificate.contains(&mode)),
        switches,
        notes,
        sources,
    }
}

fn support(cell: &ModeCell, mode: ManagementPoint, method: Option<&Method>) -> Supported {
    if method.is_some_and(|method| !method.identities.contains(&cell.identity)) {
        return Supported::No;
    }
    match cell.location {
        Location::Internet => {
            let listed = cell.modes.contains(&mode) && method.is_none_or(|method| method.modes.contains(&mode));
            let pki = method.is_some_and(|method| method.authentication == Authentication::Pki);
            match (listed, mode) {
                (false, _) => Supported::No,
                // MicrosoftDocs/memdocs issue 3148 contradicts the page.
                (true, ManagementPoint::EnhancedHttp) if pki => Supported::Disputed,
                (true, _) => Supported::Yes,
            }
        }
        Location::Intranet => match mode {
            // The table leaves HTTP out for this client, the note below it does not.
            ManagementPoint::Http if !cell.modes.contains(&mode) => Supported::Disputed,
            // Under E-HTTP the management point is set to HTTP and ready for both: what the table says of HTTP and the
            // note of E-HTTP holds.
            _ => Supported::Yes,
        },
    }
}

fn centric(cell: &ModeCell, mode: ManagementPoint, method: Option<&Method>) -> Centric {
    let user = match cell.location {
        Location::Internet => !cell.note_1 && method.is_some_and(|method| method.user_centric),
        Location::Intranet => INTRANET_SCENARIOS
            .iter()
            .any(|scenario| scenario.identity == cell.identity && scenario.user_centric.contains(&mode)),
    };
    if user { Centric::DeviceAndUser } else { Centric::Device }
}

impl Applies {
    fn to(&self, cell: &ModeCell, mode: ManagementPoint, authentication: Option<Authentication>) -> bool {
        fn allows<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        allows(self.identities, &cell.identity)
            && allows(self.locations, &cell.location)
            && allows(self.modes, &mode)
            && match authentication {
                Some(method) => allows(self.methods, &method),
                None => self.methods.is_empty(),
            }
    }
}

impl Default for Applies {
    fn default() -> Self {
        ALWAYS
    }
}

#[cfg(test)]
mod tests;
