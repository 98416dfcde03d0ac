//! The tables, notes and deprecations of Microsoft's page on CMG client authentication, as rows of data.

use crate::cmg::plan::{Authentication, Identity, Location, ManagementPoint};
use crate::cmg::sources::{self, Source};

use Authentication::{EntraId, Pki, Token};
use Identity::{AdDomainJoined, EntraJoined, HybridJoined, Workgroup};
use Location::{Internet, Intranet};
use ManagementPoint::{EnhancedHttp, Http, Https};

/// One cell of the page's section "Management point client connection mode summary".
pub(crate) struct ModeCell {
    pub(crate) location: Location,
    pub(crate) identity: Identity,
    pub(crate) modes: &'static [ManagementPoint],
    /// Whether the cell carries the page's note 1.
    pub(crate) note_1: bool,
}

/// Both tables of the page, in its order.
pub(crate) const MODE_TABLES: &[ModeCell] = &[
    ModeCell { location: Internet, identity: Workgroup, modes: &[EnhancedHttp, Https], note_1: true },
    ModeCell { location: Internet, identity: AdDomainJoined, modes: &[EnhancedHttp, Https], note_1: true },
    ModeCell { location: Internet, identity: EntraJoined, modes: &[EnhancedHttp, Https], note_1: false },
    ModeCell { location: Internet, identity: HybridJoined, modes: &[EnhancedHttp, Https], note_1: false },
    ModeCell { location: Intranet, identity: Workgroup, modes: &[Http, Https], note_1: false },
    ModeCell { location: Intranet, identity: AdDomainJoined, modes: &[Http, Https], note_1: false },
    ModeCell { location: Intranet, identity: EntraJoined, modes: &[Https], note_1: false },
    ModeCell { location: Intranet, identity: HybridJoined, modes: &[Http, Https], note_1: false },
];

/// One column of the table on "Plan for CMG client authentication methods", beside the page's own words on each method.
pub(crate) struct Method {
    pub(crate) authentication: Authentication,
    /// The identities that can use it.
    pub(crate) identities: &'static [Identity],
    pub(crate) modes: &'static [ManagementPoint],
    pub(crate) user_centric: bool,
    pub(crate) client_certificate: bool,
    pub(crate) trusted_root_upload: bool,
    /// The management point modes for which the connection point needs a client authentication certificate.
    pub(crate) connection_point_certificate: &'static [ManagementPoint],
}

/// The three methods.
pub(crate) const METHODS: &[Method] = &[
    Method {
        authentication: EntraId,
        identities: &[EntraJoined, HybridJoined],
        modes: &[EnhancedHttp, Https],
        user_centric: true,
        client_certificate: false,
        trusted_root_upload: false,
        connection_point_certificate: &[],
    },
    Method {
        authentication: Pki,
        identities: &[Workgroup, AdDomainJoined, EntraJoined, HybridJoined],
        modes: &[EnhancedHttp, Https],
        user_centric: false,
        client_certificate: true,
        trusted_root_upload: true,
        connection_point_certificate: &[Https],
    },
    Method {
        authentication: Token,
        identities: &[Workgroup, AdDomainJoined, EntraJoined, HybridJoined],
        modes: &[EnhancedHttp, Https],
        user_centric: false,
        client_certificate: false,
        trusted_root_upload: false,
        connection_point_certificate: &[],
    },
];

/// Which users' scenarios a client on the intranet has, by the note under the page's second table.
pub(crate) struct IntranetScenario {
    pub(crate) identity: Identity,
    /// The modes in which it is user-centric too.
    pub(crate) user_centric: &'static [ManagementPoint],
}

/// The note under the second table, as rows. Of workgroup clients the page says only that others "behave the same".
pub(crate) const INTRANET_SCENARIOS: &[IntranetScenario] = &[
    IntranetScenario { identity: Workgroup, user_centric: &[] },
    IntranetScenario { identity: AdDomainJoined, user_centric: &[Http, EnhancedHttp, Https] },
    IntranetScenario { identity: EntraJoined, user_centric: &[EnhancedHttp, Https] },
    IntranetScenario { identity: HybridJoined, user_centric: &[EnhancedHttp, Https] },
];

/// To which combinations a statement applies; an empty list applies to all.
#[derive(Clone, Copy)]
pub(crate) struct Applies {
    pub(crate) identities: &'static [Identity],
    pub(crate) locations: &'static [Location],
    pub(crate) modes: &'static [ManagementPoint],
    /// Rows for the intranet that were not asked with a method carry none, and match only where this is empty.
    pub(crate) methods: &'static [Authentication],
}

pub(crate) const ALWAYS: Applies = Applies { identities: &[], locations: &[], modes: &[], methods: &[] };
const INTERNET: Applies = Applies { locations: &[Internet], ..ALWAYS };
const INTRANET: Applies = Applies { locations: &[Intranet], ..ALWAYS };

/// A statement that belongs to some combinations.
pub(crate) struct Statement {
    pub(crate) id: &'static str,
    pub(crate) applies: Applies,
    pub(crate) text: &'static str,
    pub(crate) source: Source,
}

/// What else must be switched on.
pub(crate) const SWITCHES: &[Statement] = &[
    Statement {
        id: "management-point-cmg-traffic",
        applies: INTERNET,
        text: "Management point > Properties > General: allow traffic from the cloud management gateway.",
        source: sources::SETUP,
    },
    Statement {
        id: "client-setting-cmg",
        applies: INTERNET,
        text: "Client settings > Cloud services: \"Enable clients to use a cloud management gateway\" = Yes.",
        source: sources::CLIENTS,
    },
    Statement {
        id: "enhanced-http",
        applies: Applies { modes: &[EnhancedHttp], ..ALWAYS },
        text: "Site > Properties > Communication Security: \"HTTPS or HTTP\" with \"Use Configuration Manager-generated certificates for HTTP site systems\"; the management point's client connections stay on HTTP. It takes up to 30 minutes to take effect.",
        source: sources::ENHANCED_HTTP,
    },
    Statement {
        id: "management-point-https",
        applies: Applies { modes: &[Https], ..ALWAYS },
        text: "Issue a web server certificate to the management point, bind it in IIS, and set the management point's client connections to HTTPS.",
        source: sources::AUTH,
    },
    Statement {
        id: "management-point-internet-only",
        applies: Applies { locations: &[Internet], modes: &[Https], ..ALWAYS },
        text: "With several management points, not all of them need HTTPS: set the one that serves the CMG to Internet only, so that clients on the intranet do not try it.",
        source: sources::AUTH,
    },
    Statement {
        id: "entra-integration",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "Integrate the site with Microsoft Entra ID (Azure Services > Cloud Management).",
        source: sources::AUTH,
    },
    Statement {
        id: "windows-10",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "The devices run Windows 10 or later.",
        source: sources::AUTH,
    },
    Statement {
        id: "entra-user",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "The device is Microsoft Entra joined or hybrid joined (`dsregcmd.exe /status` shows AzureAdJoined: YES), and the user has a Microsoft Entra identity.",
        source: sources::AUTH,
    },
    Statement {
        id: "user-discovery",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "Enable the user discovery methods for hybrid identities.",
        source: sources::AUTH,
    },
    Statement {
        id: "asp-net-4.5",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "Enable ASP.NET 4.5 on the management point.",
        source: sources::AUTH,
    },
    Statement {
        id: "client-setting-entra",
        applies: Applies { methods: &[EntraId], ..ALWAYS },
        text: "Client settings > Cloud services: automatically register new Windows 10 or later domain-joined devices with Microsoft Entra ID.",
        source: sources::ENTRA_CLIENTS,
    },
    Statement {
        id: "client-certificate",
        applies: Applies { methods: &[Pki], ..ALWAYS },
        text: "Issue each client a certificate for client authentication with a 2048-bit or 4096-bit key; a key storage provider (v3) is supported.",
        source: sources::AUTH,
    },
    Statement {
        id: "use-pki-certificate",
        applies: Applies { methods: &[Pki], ..ALWAYS },
        text: "Site > Properties > Communication Security: \"Use PKI client certificate (client authentication) when available\"; install clients with /UsePKICert.",
        source: sources::SETUP,
    },
    Statement {
        id: "upload-trusted-root",
        applies: Applies { locations: &[Internet], methods: &[Pki], ..ALWAYS },
        text: "CMG > Settings > Certificates: add every CA certificate of the path, the root and each intermediate, as DER files (`certpath export` writes them).",
        source: sources::AUTH,
    },
    Statement {
        id: "site-trusted-roots",
        applies: Applies { locations: &[Internet], methods: &[Pki], ..ALWAYS },
        text: "Site > Properties > Communication Security > Trusted Root Certification Authorities > Set: the root CAs alone, so that not every root that Windows trusts is accepted.",
        source: sources::SECURITY,
    },
    Statement {
        id: "revocation",
        applies: Applies { locations: &[Internet], methods: &[Pki], ..ALWAYS },
        text: "CMG > Settings > \"Verify Client Certificate Revocation\": on (the default) only with a CRL that the internet can reach over HTTP; otherwise off.",
        source: sources::SECURITY,
    },
    Statement {
        id: "connection-point-certificate",
        applies: Applies { locations: &[Internet], modes: &[Https], methods: &[Pki], ..ALWAYS },
        text: "Issue a client authentication certificate to the site system with the CMG connection point.",
        source: sources::AUTH,
    },
    Statement {
        id: "token-registration",
        applies: Applies { locations: &[Internet], methods: &[Token], ..ALWAYS },
        text: "Register the client on the intranet once, or install it with a bulk registration token (`BulkRegistrationTokenTool.exe /new` in bin\\X64 of the top-level site; valid 3 days, at most 7).",
        source: sources::TOKEN,
    },
];

/// Notes, caveats and deprecations.
pub(crate) const NOTES: &[Statement] = &[
    Statement {
        id: "note-1",
        applies: Applies { identities: &[Workgroup, AdDomainJoined], locations: &[Internet], ..ALWAYS },
        text: "Note 1: this configuration requires that the client has a client authentication certificate, and only supports device-centric scenarios.",
        source: sources::AUTH,
    },
    Statement {
        id: "note-1-and-token",
        applies: Applies {
            identities: &[Workgroup, AdDomainJoined],
            locations: &[Internet],
            methods: &[Token],
            ..ALWAYS
        },
        text: "Note 1 and the page's section on site tokens disagree: tokens are meant for devices that can have neither Microsoft Entra ID nor a client certificate.",
        source: sources::TOKEN,
    },
    Statement {
        id: "http-internet",
        applies: Applies { locations: &[Internet], modes: &[Http], ..ALWAYS },
        text: "A management point in HTTP mode cannot serve the CMG: use Enhanced HTTP or HTTPS.",
        source: sources::AUTH,
    },
    Statement {
        id: "http-deprecated",
        applies: Applies { modes: &[Http], ..ALWAYS },
        text: "Sites that allow HTTP client communication are deprecated since version 2103: configure HTTPS or Enhanced HTTP.",
        source: sources::AUTH,
    },
    Statement {
        id: "entra-identity",
        applies: Applies { identities: &[Workgroup, AdDomainJoined], methods: &[EntraId], ..ALWAYS },
        text: "Microsoft Entra authentication needs a device that is Microsoft Entra joined or hybrid joined.",
        source: sources::AUTH,
    },
    Statement {
        id: "user-centric-only-entra",
        applies: Applies { locations: &[Internet], methods: &[Pki, Token], ..ALWAYS },
        text: "Microsoft Entra authentication is the only method with user-centric scenarios through the CMG; this one is for devices.",
        source: sources::AUTH,
    },
    Statement {
        id: "pki-with-enhanced-http",
        applies: Applies { locations: &[Internet], modes: &[EnhancedHttp], methods: &[Pki], ..ALWAYS },
        text: "The page lists it; a Microsoft employee reports in an open issue that a PKI client with an E-HTTP management point does not work as the page implies. The retired page of 2020 asked for token authentication here. Try it before you rely on it, or use HTTPS.",
        source: sources::ISSUE_EHTTP_PKI,
    },
    Statement {
        id: "enhanced-http-certificate",
        applies: Applies { modes: &[EnhancedHttp], ..ALWAYS },
        text: "The site issues \"SMS Role SSL Certificate\" from its root \"SMS Issuing\", and the management point binds it to port 443; neither belongs among the CMG's certificates. A PKI certificate that is bound already is preferred.",
        source: sources::ENHANCED_HTTP,
    },
    Statement {
        id: "connection-point-enhanced-http",
        applies: Applies { locations: &[Internet], modes: &[EnhancedHttp], ..ALWAYS },
        text: "The connection point needs no client authentication certificate with Enhanced HTTP; Microsoft's support page recommends one all the same.",
        source: sources::TROUBLESHOOT,
    },
    Statement {
        id: "connection-point-no-certificate",
        applies: Applies { locations: &[Internet], modes: &[Https], methods: &[EntraId, Token], ..ALWAYS },
        text: "The connection point needs no client authentication certificate where clients use Microsoft Entra ID or tokens.",
        source: sources::AUTH,
    },
    Statement {
        id: "no-upload-without-pki",
        applies: Applies { locations: &[Internet], methods: &[EntraId, Token], ..ALWAYS },
        text: "The CMG needs no trusted root while all of its clients use Microsoft Entra ID or tokens; one client with a PKI certificate makes it necessary.",
        source: sources::AUTH,
    },
    Statement {
        id: "server-certificate-trust",
        applies: INTERNET,
        text: "The clients must trust the root of the CMG's own server certificate, whichever method they use.",
        source: sources::TROUBLESHOOT,
    },
    Statement {
        id: "methods-mix",
        applies: INTERNET,
        text: "Methods can be mixed, client by client; a client that has several is reported to prefer PKI, then Microsoft Entra ID, then its token.",
        source: sources::PLAN_AUTH,
    },
    Statement {
        id: "use-pki-and-entra",
        applies: Applies { methods: &[EntraId], ..INTERNET },
        text: "Do not combine with /UsePKICert at installation: the client then gets no Microsoft Entra onboarding information from the CMG.",
        source: sources::PROPERTIES,
    },
    Statement {
        id: "token-lifetime",
        applies: Applies { methods: &[Token], ..INTERNET },
        text: "A client's token is valid for 90 days and renewed monthly, only when its service starts; when it has expired, the client must reach an internal management point. Microsoft's support page speaks of 30 days without contact.",
        source: sources::TOKEN,
    },
    Statement {
        id: "token-signing",
        applies: Applies { methods: &[Token], ..INTERNET },
        text: "When the site renews its SMS Token Signing Certificate, all tokens fail until they are issued anew.",
        source: sources::TOKEN,
    },
    Statement {
        id: "token-with-https",
        applies: Applies { locations: &[Internet], modes: &[Https], methods: &[Token], ..ALWAYS },
        text: "With an HTTPS management point the client must first register with a PKI certificate, Microsoft Entra ID or a bulk registration token.",
        source: sources::TOKEN,
    },
    Statement {
        id: "stale-binding",
        applies: Applies { modes: &[EnhancedHttp], ..INTERNET },
        text: "After a change from HTTPS to Enhanced HTTP, remove the old certificate from the IIS binding of the management point: otherwise the CMG answers 403 CMGConnector_Forbidden.",
        source: sources::TROUBLESHOOT,
    },
    Statement {
        id: "enhanced-http-intranet",
        applies: Applies { locations: &[Intranet], modes: &[EnhancedHttp], ..ALWAYS },
        text: "The page's table for the intranet lists HTTP and HTTPS only: under Enhanced HTTP the management point is set to HTTP and answers both, so internal clients go on as with HTTP.",
        source: sources::AUTH,
    },
    Statement {
        id: "ad-user-centric",
        applies: Applies { identities: &[AdDomainJoined], ..INTRANET },
        text: "On the intranet AD domain-joined clients support device- and user-centric scenarios with an HTTP or HTTPS management point.",
        source: sources::AUTH,
    },
    Statement {
        id: "entra-intranet",
        applies: Applies { identities: &[EntraJoined, HybridJoined], ..INTRANET },
        text: "On the intranet Microsoft Entra joined and hybrid-joined clients can use HTTP for device-centric scenarios; user-centric ones need E-HTTP or HTTPS. Otherwise they behave as workgroup clients do.",
        source: sources::AUTH,
    },
    Statement {
        id: "entra-http-disputed",
        applies: Applies { identities: &[EntraJoined], modes: &[Http], ..INTRANET },
        text: "The page contradicts itself: its table lists HTTPS alone for this client, the note below the table allows HTTP for device-centric scenarios.",
        source: sources::AUTH,
    },
    Statement {
        id: "https-intranet-certificate",
        applies: Applies { identities: &[Workgroup, AdDomainJoined], modes: &[Https], ..INTRANET },
        text: "A client without a valid PKI certificate and /UsePKICert passes over every HTTPS management point: what each client needs for that, --auth pki tells.",
        source: sources::PROPERTIES,
    },
    Statement {
        id: "cmg-only",
        applies: Applies { methods: &[EntraId, Pki, Token], ..INTRANET },
        text: "The method is the CMG's question: on the intranet no trusted root is uploaded and the connection point takes no part.",
        source: sources::AUTH,
    },
    Statement {
        id: "pki-unused-over-http",
        applies: Applies { modes: &[Http], methods: &[Pki], ..INTRANET },
        text: "Over HTTP the client's PKI certificate is not used for authentication; that needs an HTTPS management point.",
        source: sources::PLAN_CERT,
    },
    Statement {
        id: "entra-unused-over-http",
        applies: Applies { modes: &[Http], methods: &[EntraId], ..INTRANET },
        text: "Microsoft Entra authentication needs a management point with E-HTTP or HTTPS.",
        source: sources::PLAN_AUTH,
    },
    Statement {
        id: "token-from-intranet",
        applies: Applies { methods: &[Token], ..INTRANET },
        text: "A client that registers on the intranet receives the token there which it uses on the internet later.",
        source: sources::TOKEN,
    },
];
