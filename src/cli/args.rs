//! The arguments, as typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::Time;
use crate::cli::jobs;
use crate::cmg::settings::{EXPIRING_DAYS, SITE_VERSION};

pub(crate) const EXIT_STATUS: &str = "\
Exit status:
  0  done; nothing at or above --fail-on
  1  done, and audit has findings at that level; chain: a client certificate has no valid path;
     export --allow-incomplete: one was left out; verify: not valid
  2  usage or settings are wrong, a SOURCE does not exist, or no certificate was found
  3  done, but some input that looked like certificates could not be read
  4  the output could not be written
  5  export refused: nothing was written, and the output says why";

/// The CA certificates that a cloud management gateway must be given, and whether the client certificates will work with them.
#[derive(Debug, Parser)]
#[command(name = "certpath", version, max_term_width = 100, after_help = EXIT_STATUS, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What is in these files and stores
    #[command(
        after_help = "Examples:\n  certpath inspect from-the-pki-team\n  certpath inspect client.pfx --password-file pw.txt\n  certpath inspect 'Cert:\\LocalMachine\\My'"
    )]
    Inspect(Inspect),
    /// Build the certification path of each client certificate, and explain it
    #[command(
        after_help = "Examples:\n  certpath chain from-the-pki-team\n  certpath chain client.cer --intermediates cas --trust root.cer -f json"
    )]
    Chain(Chain),
    /// Check issued client certificates against the rules of a CMG
    #[command(
        after_help = "Examples:\n  certpath audit issued --trust root.cer --intermediates cas\n  certpath audit issued -f html -o report.html"
    )]
    Audit(Audit),
    /// Write the CA certificates that a CMG must be given
    #[command(
        after_help = "Examples:\n  certpath export from-the-pki-team --out cmg\n  certpath export 'Cert:\\LocalMachine\\My' --out cmg --first"
    )]
    Export(Export),
    /// Which authentication, management point mode and certificates a CMG needs
    Plan(Plan),
    /// Is this one certificate valid: exit 0 with the path, or 1 with the reason
    Verify(Verify),
    /// Which CA certificates to add and to remove to get from A to B
    Diff(Diff),
    /// What a finding means, why it matters, how to fix it
    Explain(Explain),
    /// The JSON Schema of a command's output
    Schema(Schema),
    /// Completions for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page
    Man,
}

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// A file, a folder, - for standard input, or a live Windows store (Cert:\LocalMachine\My)
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<OsString>,
    /// Read SOURCEs from this file, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) paths_from: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Passwords {
    /// Take a password for PKCS#12 from this environment variable
    #[arg(long, value_name = "VAR", help_heading = "Passwords")]
    pub(crate) password_env: Vec<String>,
    /// Take passwords for PKCS#12 from this file, one a line; - is standard input
    #[arg(long, value_name = "FILE", help_heading = "Passwords")]
    pub(crate) password_file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Threads, 256 at most; all cores if not given. The output is the same whatever it is
    #[arg(short, long, value_name = "N", value_parser = jobs::parse, help_heading = "Running")]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// Colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = "Running")]
    pub(crate) color: Color,
    /// Say less
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Running")]
    pub(crate) verbose: u8,
    /// No progress, even on a terminal
    #[arg(long, help_heading = "Running")]
    pub(crate) no_progress: bool,
    /// Settings for a site: severities, allowed key lengths, exceptions with their reasons (TOML)
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the result to this file: whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// What makes the exit status 1
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "LEVEL", help_heading = "Output")]
    pub(crate) fail_on: FailOn,
}

/// What to build with and when.
#[derive(Debug, Args)]
pub(crate) struct Building {
    /// The trust anchors. If not given: the Root stores if a SOURCE is a live store, else the self-signed CAs in the sources
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) trust: Vec<OsString>,
    /// CA certificates to build with that are not themselves looked at
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) intermediates: Vec<OsString>,
    /// CRLs beside those found in the sources
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) crl: Vec<OsString>,
    /// A certificate whose revocation cannot be judged is refused
    #[arg(long, help_heading = "Paths")]
    pub(crate) require_revocation: bool,
    /// The moment to judge validity at, RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = Time::parse, help_heading = "Paths")]
    pub(crate) at: Option<Time>,
}

/// Which client certificates.
#[derive(Debug, Args)]
pub(crate) struct Selecting {
    /// Only client certificates below this CA: its name, its thumbprint, or a whole CCMCERTISSUERS value
    #[arg(long, value_name = "NAME|THUMBPRINT", help_heading = "Which client certificates")]
    pub(crate) issuer: Vec<String>,
    /// Only those that match ConfigMgr's criterion: SubjectStr:…, Subject:…, SubjectAttr:OID=…
    #[arg(long, value_name = "CRITERION", help_heading = "Which client certificates")]
    pub(crate) select: Vec<String>,
    /// Of several, the one with the longest validity
    #[arg(long, help_heading = "Which client certificates")]
    pub(crate) first: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    /// The moment to count days from, RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    pub(crate) at: Option<Time>,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Chain {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) building: Building,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = AuditFormat::Table, help_heading = "Output")]
    pub(crate) format: AuditFormat,
    #[command(flatten)]
    pub(crate) output: Output,
    /// What the certificates are for
    #[arg(long, value_enum, default_value_t = Profile::Client)]
    pub(crate) profile: Profile,
    /// Whether the CMG verifies client certificate revocation; on if neither this nor --config says, as in the wizard
    #[arg(long, value_enum, value_name = "on|off")]
    pub(crate) cmg_revocation: Option<Switch>,
    /// The version of the site, such as 2403: up to 1902 a CMG takes 2 roots and 4 intermediates
    #[arg(long, value_name = "VERSION", value_parser = |text: &str| SITE_VERSION.read(text))]
    pub(crate) site_version: Option<u32>,
    /// Warn of certificates that expire within so many days
    #[arg(long, value_name = "DAYS", value_parser = |text: &str| EXPIRING_DAYS.read(text))]
    pub(crate) expiring_days: Option<u32>,
    /// There are no other issuers than --trust and --intermediates give: one pass, and the first result at once
    #[arg(long)]
    pub(crate) closed_pool: bool,
    #[command(flatten)]
    pub(crate) building: Building,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The folder to write; it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace a folder that an earlier export wrote
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the CA certificates of every valid path, not of the chosen one alone
    #[arg(long)]
    pub(crate) all_paths: bool,
    /// Every CA certificate that has a valid path, also where there is no client certificate
    #[arg(long)]
    pub(crate) all_cas: bool,
    /// Write what is complete although some client certificate has no valid path
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) building: Building,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// workgroup, ad, entra or hybrid
    #[arg(long)]
    pub(crate) identity: Option<String>,
    /// internet or intranet
    #[arg(long)]
    pub(crate) location: Option<String>,
    /// http, e-http or https
    #[arg(long)]
    pub(crate) management_point: Option<String>,
    /// entra, pki or token
    #[arg(long)]
    pub(crate) auth: Option<String>,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The file with the certificate; others in it help to build
    #[arg(value_name = "LEAF")]
    pub(crate) leaf: OsString,
    /// The trust anchors
    #[arg(long, value_name = "SOURCE", required = true, help_heading = "Paths")]
    pub(crate) trust: Vec<OsString>,
    /// CA certificates to build with
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) intermediates: Vec<OsString>,
    /// CRLs; whatever cannot be judged by them is then refused
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) crl: Vec<OsString>,
    /// A certificate whose revocation cannot be judged is refused
    #[arg(long, help_heading = "Paths")]
    pub(crate) require_revocation: bool,
    /// What the certificate is to be used for
    #[arg(long, value_enum, default_value_t = Purpose::Any, help_heading = "Paths")]
    pub(crate) purpose: Purpose,
    /// The moment to judge at, RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = Time::parse, help_heading = "Paths")]
    pub(crate) at: Option<Time>,
    /// A policy of the user-initial-policy-set
    #[arg(long, value_name = "OID", help_heading = "Policies (RFC 5280 section 6.1.1)")]
    pub(crate) policy: Vec<String>,
    /// initial-explicit-policy
    #[arg(long, help_heading = "Policies (RFC 5280 section 6.1.1)")]
    pub(crate) require_explicit_policy: bool,
    /// initial-policy-mapping-inhibit
    #[arg(long, help_heading = "Policies (RFC 5280 section 6.1.1)")]
    pub(crate) inhibit_policy_mapping: bool,
    /// initial-any-policy-inhibit
    #[arg(long, help_heading = "Policies (RFC 5280 section 6.1.1)")]
    pub(crate) inhibit_any_policy: bool,
    /// How many intermediates, self-issued ones not counted, a path may have at most
    #[arg(long, value_name = "N", help_heading = "Paths")]
    pub(crate) max_path_length: Option<u64>,
    /// Also refuse what RFC 5280 section 4 asks of the CA that issues, and neither section 6 nor Windows of who validates
    #[arg(long, help_heading = "Paths")]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// What is there now: an export's folder, a bundle, a store
    #[arg(value_name = "A")]
    pub(crate) from: OsString,
    /// What it should become
    #[arg(value_name = "B")]
    pub(crate) to: OsString,
    /// Compare only CA certificates with a path to these trust anchors
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) trust: Vec<OsString>,
    /// CA certificates to build these paths with that are not compared themselves
    #[arg(long, value_name = "SOURCE", help_heading = "Paths")]
    pub(crate) intermediates: Vec<OsString>,
    /// The moment to judge at, RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    pub(crate) at: Option<Time>,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) passwords: Passwords,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A finding, by code (CP1203) or id (key-length); all if not given
    pub(crate) code: Option<String>,
    /// The format of the result
    #[arg(short, long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// inspect, chain, audit, export, plan, verify, diff or explain; with -line behind it that of a line of ndjson
    pub(crate) command: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One document
    Json,
    /// One record a line
    Ndjson,
    /// One row a certificate
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// For people
    Table,
    /// One document
    Json,
    /// One record a line
    Ndjson,
    /// One row a certificate
    Csv,
    /// One self-contained page
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    Error,
    /// Warnings and errors
    Warning,
    /// Nothing
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// TLS client authentication
    Client,
    /// TLS server authentication
    Server,
    /// Any
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// The client authentication certificate of a client
    Client,
    /// The client authentication certificate of the CMG connection point
    ConnectionPoint,
    /// The web server certificate of an HTTPS management point
    ManagementPoint,
    /// The server authentication certificate of the CMG
    CmgServer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// It does
    On,
    /// It does not
    Off,
}
