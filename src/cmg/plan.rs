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
mod tests {
    use super::*;

    fn one(identity: Identity, location: Location, mode: ManagementPoint, method: Option<Authentication>) -> PlanRow {
        let query = Query {
            identity: Some(identity),
            location: Some(location),
            management_point: Some(mode),
            authentication: method,
        };
        let mut rows = plan(&query).rows;
        assert_eq!(rows.len(), 1, "{query:?}");
        rows.remove(0)
    }

    /// The page's two tables, copied from its text a second time: rows and columns as they stand there.
    const PAGE: &[(&str, &str, &str)] = &[
        ("internet", "Workgroup Note 1", "E-HTTP, HTTPS"),
        ("internet", "AD domain-joined Note 1", "E-HTTP, HTTPS"),
        ("internet", "Microsoft Entra joined", "E-HTTP, HTTPS"),
        ("internet", "Hybrid-joined", "E-HTTP, HTTPS"),
        ("intranet", "Workgroup", "HTTP, HTTPS"),
        ("intranet", "AD domain-joined", "HTTP, HTTPS"),
        ("intranet", "Microsoft Entra joined", "HTTPS"),
        ("intranet", "Hybrid-joined", "HTTP, HTTPS"),
    ];

    #[test]
    fn the_tables_are_those_of_the_page_cell_by_cell() {
        let printed: Vec<(String, String, String)> = plan(&Query::default())
            .tables
            .iter()
            .map(|cell| {
                let modes: Vec<&str> = cell.management_points.iter().map(|mode| mode.label()).collect();
                let note = if cell.note_1 { " Note 1" } else { "" };
                (cell.location.name().into(), format!("{}{note}", cell.identity.label()), modes.join(", "))
            })
            .collect();
        let page: Vec<(String, String, String)> =
            PAGE.iter().map(|(table, row, cell)| ((*table).into(), (*row).into(), (*cell).into())).collect();
        assert_eq!(printed, page);
    }

    #[test]
    fn every_combination_has_the_answer_of_the_page() {
        // identity, location, mode, method, supported, centric, upload, connection point certificate
        let expected = "\
            workgroup internet http entra no - no no\n workgroup internet http pki no - no no\n workgroup internet http token no - no no
            workgroup internet e-http entra no - no no\n workgroup internet e-http pki disputed device yes no\n workgroup internet e-http token yes device no no
            workgroup internet https entra no - no no\n workgroup internet https pki yes device yes yes\n workgroup internet https token yes device no no
            ad internet http entra no - no no\n ad internet http pki no - no no\n ad internet http token no - no no
            ad internet e-http entra no - no no\n ad internet e-http pki disputed device yes no\n ad internet e-http token yes device no no
            ad internet https entra no - no no\n ad internet https pki yes device yes yes\n ad internet https token yes device no no
            entra internet http entra no - no no\n entra internet http pki no - no no\n entra internet http token no - no no
            entra internet e-http entra yes device-and-user no no\n entra internet e-http pki disputed device yes no\n entra internet e-http token yes device no no
            entra internet https entra yes device-and-user no no\n entra internet https pki yes device yes yes\n entra internet https token yes device no no
            hybrid internet http entra no - no no\n hybrid internet http pki no - no no\n hybrid internet http token no - no no
            hybrid internet e-http entra yes device-and-user no no\n hybrid internet e-http pki disputed device yes no\n hybrid internet e-http token yes device no no
            hybrid internet https entra yes device-and-user no no\n hybrid internet https pki yes device yes yes\n hybrid internet https token yes device no no
            workgroup intranet http - yes device no no\n workgroup intranet e-http - yes device no no\n workgroup intranet https - yes device no no
            ad intranet http - yes device-and-user no no\n ad intranet e-http - yes device-and-user no no\n ad intranet https - yes device-and-user no no
            entra intranet http - disputed device no no\n entra intranet e-http - yes device-and-user no no\n entra intranet https - yes device-and-user no no
            hybrid intranet http - yes device no no\n hybrid intranet e-http - yes device-and-user no no\n hybrid intranet https - yes device-and-user no no";
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        let yes = |flag| if flag { "yes" } else { "no" };
        let answered: Vec<String> = plan(&Query::default())
            .rows
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {} {} {} {} {}",
                    row.identity,
                    row.location,
                    row.management_point,
                    row.authentication.map_or("-", Authentication::name),
                    row.supported.name(),
                    row.centric.map_or("-", Centric::name),
                    yes(row.trusted_root_upload),
                    yes(row.connection_point_certificate),
                )
            })
            .collect();
        assert_eq!(answered, expected);
    }

    #[test]
    fn note_1_stands_at_workgroup_and_ad_clients_on_the_internet_alone() {
        for row in plan(&Query::default()).rows {
            let expected = row.location == Location::Internet
                && matches!(row.identity, Identity::Workgroup | Identity::AdDomainJoined);
            assert_eq!(row.notes.iter().any(|note| note.id == "note-1"), expected, "{row:?}");
        }
    }

    #[test]
    fn http_is_deprecated_everywhere_and_says_so() {
        for row in plan(&Query::default()).rows {
            let http = row.management_point == ManagementPoint::Http;
            assert_eq!(row.deprecated, http);
            assert_eq!(row.notes.iter().any(|note| note.id == "http-deprecated"), http, "{row:?}");
        }
    }

    #[test]
    fn what_is_disputed_says_by_whom() {
        for row in plan(&Query::default()).rows {
            let told = row.notes.iter().any(|note| matches!(note.id, "pki-with-enhanced-http" | "entra-http-disputed"));
            assert_eq!(row.supported == Supported::Disputed, told && row.supported != Supported::No, "{row:?}");
        }
    }

    #[test]
    fn only_pki_through_the_cmg_needs_the_trusted_root() {
        for row in plan(&Query::default()).rows {
            let pki = row.authentication == Some(Authentication::Pki) && row.supported != Supported::No;
            assert_eq!(row.trusted_root_upload, pki);
            assert_eq!(row.switches.iter().any(|switch| switch.id == "upload-trusted-root"), pki);
            assert_eq!(
                row.connection_point_certificate,
                row.switches.iter().any(|switch| switch.id == "connection-point-certificate")
            );
        }
    }

    #[test]
    fn entra_authentication_is_refused_for_devices_that_are_not_joined_to_it() {
        for identity in [Identity::Workgroup, Identity::AdDomainJoined] {
            for &location in Location::ALL {
                let row = one(identity, location, ManagementPoint::Https, Some(Authentication::EntraId));
                assert_eq!(row.supported, Supported::No);
                assert!(row.switches.is_empty());
                assert!(row.notes.iter().any(|note| note.id == "entra-identity"), "{row:?}");
            }
        }
    }

    #[test]
    fn a_method_on_the_intranet_uploads_nothing() {
        let row = one(Identity::Workgroup, Location::Intranet, ManagementPoint::Https, Some(Authentication::Pki));
        assert_eq!((row.supported, row.trusted_root_upload), (Supported::Yes, false));
        assert!(!row.connection_point_certificate && row.client_certificate);
        assert!(row.notes.iter().any(|note| note.id == "cmg-only"));
    }

    #[test]
    fn a_part_of_the_question_answers_all_that_is_left_open() {
        let all = plan(&Query::default());
        assert_eq!(all.rows.len(), 4 * 3 * 3 + 4 * 3);
        let https = plan(&Query { management_point: Some(ManagementPoint::Https), ..Query::default() });
        assert_eq!(
            https.rows,
            all.rows.iter().filter(|r| r.management_point.name() == "https").cloned().collect::<Vec<_>>()
        );
        let token = plan(&Query { authentication: Some(Authentication::Token), ..Query::default() });
        assert_eq!(token.rows.len(), 4 * 2 * 3);
    }

    #[test]
    fn every_statement_belongs_to_some_combination_and_no_id_stands_twice() {
        let mut rows = plan(&Query::default()).rows;
        for &method in Authentication::ALL {
            rows.extend(plan(&Query { authentication: Some(method), ..Query::default() }).rows);
        }
        for statement in SWITCHES.iter().chain(NOTES) {
            assert!(
                rows.iter().any(|row| row.switches.iter().chain(&row.notes).any(|advice| advice.id == statement.id)),
                "{} applies to nothing",
                statement.id
            );
        }
        for list in [SWITCHES, NOTES] {
            for (index, statement) in list.iter().enumerate() {
                assert!(list[..index].iter().all(|other| other.id != statement.id), "{} twice", statement.id);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_command_line_and_others_are_told_the_choices() {
        assert_eq!("E-HTTP".parse::<ManagementPoint>(), Ok(ManagementPoint::EnhancedHttp));
        assert_eq!("ad".parse::<Identity>(), Ok(Identity::AdDomainJoined));
        let error = "kerberos".parse::<Authentication>().unwrap_err().to_string();
        assert_eq!(error, "`kerberos` is no client authentication: use one of entra, pki, token");
        for &method in Authentication::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
    }

    #[test]
    fn the_record_is_what_its_schema_says() {
        let schema = serde_json::to_value(schemars::schema_for!(Plan)).unwrap();
        let record = serde_json::to_value(plan(&Query::default())).unwrap();
        assert_eq!(record["schema"], "certpath.plan/1");
        assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&record));
    }
}
