//! The name of a live Windows store as PowerShell writes it: `Cert:\LocalMachine\My`, with or without a thumbprint behind it.

use std::fmt;

/// Where Windows keeps stores: the two locations that PowerShell's `Cert:` drive shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StoreLocation {
    /// The machine's own stores: what services and the ConfigMgr client use.
    LocalMachine,
    /// The stores of the account that asks.
    CurrentUser,
}

impl StoreLocation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::LocalMachine, Self::CurrentUser];

    /// The name in a path.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalMachine => "LocalMachine",
            Self::CurrentUser => "CurrentUser",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|location| location.name().eq_ignore_ascii_case(text))
    }
}

/// A live store, a whole location of stores, or one certificate in a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StoreSource {
    /// The machine's stores or the user's.
    pub location: StoreLocation,
    /// The store; `None` is every store of the location.
    pub store: Option<String>,
    /// The only certificate that is wanted of it, by SHA-1.
    pub thumbprint: Option<[u8; 20]>,
}

/// The names of the stores that Windows makes itself, written as Windows writes them. Any other name is taken as it stands.
const USUAL_STORES: [&str; 14] = [
    "My",
    "Root",
    "CA",
    "Disallowed",
    "AuthRoot",
    "TrustedPublisher",
    "TrustedPeople",
    "TrustedDevices",
    "Trust",
    "AddressBook",
    "REQUEST",
    "Remote Desktop",
    "WebHosting",
    "SMS",
];

impl StoreSource {
    /// One store of a location.
    pub fn new(location: StoreLocation, store: impl Into<String>) -> Self {
        Self { location, store: Some(usual_spelling(store.into())), thumbprint: None }
    }

    /// Reads `Cert:\LocalMachine\My`, `cert:/currentuser/root/<thumbprint>` or a PSPath such as
    /// `Microsoft.PowerShell.Security\Certificate::LocalMachine\My`, without regard to case.
    ///
    /// `None` where the text does not name the certificate drive at all, and so is the name of a file or folder.
    ///
    /// # Errors
    ///
    /// A sentence that says what was expected, where it names the drive and then nothing that the drive has.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let rest = after_drive(text)?;
        Some(Self::parse_in_drive(rest).map_err(|problem| {
            format!("{problem}; a live store is written Cert:\\LocalMachine\\My or Cert:\\CurrentUser\\Root")
        }))
    }

    fn parse_in_drive(rest: &str) -> Result<Self, String> {
        let path = rest.trim_matches(SEPARATORS);
        if path.is_empty() {
            return Err("names no location".to_owned());
        }
        let mut parts = path.split(SEPARATORS);
        let location = parts.next().unwrap_or_default();
        let location = StoreLocation::parse(location)
            .ok_or_else(|| format!("{location:?} is not a location, which is LocalMachine or CurrentUser"))?;
        let Some(store) = parts.next() else {
            return Ok(Self { location, store: None, thumbprint: None });
        };
        // Windows reads \\computer\My in the place of a store's name as a store of another computer.
        if store.trim().is_empty() || store.contains('\0') {
            return Err(format!("the store's name is missing behind {}", location.name()));
        }
        let thumbprint = parts.next().map(parse_thumbprint).transpose()?;
        if let Some(more) = parts.next() {
            return Err(format!("{more:?} stands behind the thumbprint, where nothing can"));
        }
        Ok(Self { location, store: Some(usual_spelling(store.to_owned())), thumbprint })
    }

    /// The PowerShell command that writes this source to a file which can be read on any system.
    pub fn export_command(&self) -> String {
        let quoted = |text: String| {
            let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || ":\\.".contains(c));
            let double = |c| if SINGLE_QUOTES.contains(&c) { vec![c, c] } else { vec![c] };
            if plain { text } else { format!("'{}'", text.chars().flat_map(double).collect::<String>()) }
        };
        let file: String = match &self.store {
            Some(store) => store.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect(),
            None => self.location.name().to_owned(),
        };
        // Below a location stand stores as well as certificates.
        let only = if self.store.is_none() { " -Recurse | Where-Object { $_.Thumbprint }" } else { "" };
        format!("Get-ChildItem {}{only} | Export-Certificate -FilePath {file}.sst -Type SST", quoted(self.to_string()))
    }
}

impl fmt::Display for StoreSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cert:\\{}", self.location.name())?;
        if let Some(store) = &self.store {
            write!(f, "\\{store}")?;
        }
        if let Some(thumbprint) = &self.thumbprint {
            f.write_str("\\")?;
            for byte in thumbprint {
                write!(f, "{byte:02X}")?;
            }
        }
        Ok(())
    }
}

const SEPARATORS: [char; 2] = ['\\', '/'];

/// PowerShell ends a single-quoted string at any of these; two of them are one of the text.
const SINGLE_QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

/// What stands behind the drive's or the provider's name.
fn after_drive(text: &str) -> Option<&str> {
    let provider = strip_prefix_ignoring_case(text, "Microsoft.PowerShell.Security")
        .and_then(|rest| rest.strip_prefix(SEPARATORS))
        .unwrap_or(text);
    strip_prefix_ignoring_case(provider, "Certificate::").or_else(|| strip_prefix_ignoring_case(text, "Cert:"))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn usual_spelling(name: String) -> String {
    USUAL_STORES.iter().find(|usual| usual.eq_ignore_ascii_case(&name)).map_or(name, |usual| (*usual).to_owned())
}

/// A thumbprint as PowerShell shows it, or as copied from the certificate dialog: with spaces, and an invisible mark before it.
fn parse_thumbprint(text: &str) -> Result<[u8; 20], String> {
    let wrong = || format!("{text:?} is not a thumbprint, which is 40 hexadecimal digits");
    let digits = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{200e}' | '\u{200f}'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(wrong)?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    if digits.len() % 2 == 1 {
        return Err(wrong());
    }
    bytes.try_into().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THUMBPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    fn parsed(text: &str) -> StoreSource {
        StoreSource::parse(text).expect("names the drive").expect("is well formed")
    }

    fn refused(text: &str) -> String {
        StoreSource::parse(text).expect("names the drive").expect_err("is not well formed")
    }

    #[test]
    fn every_way_to_write_a_store_means_the_same() {
        for text in [
            r"Cert:\LocalMachine\My",
            r"cert:\localmachine\MY\",
            "CERT:/LocalMachine/my",
            r"Cert:LocalMachine\my",
            r"Microsoft.PowerShell.Security\Certificate::LocalMachine\My",
            r"microsoft.powershell.security/certificate::localmachine/my",
            r"Certificate::LocalMachine\My",
            r"Certificate::\LocalMachine\My",
        ] {
            assert_eq!(parsed(text).to_string(), r"Cert:\LocalMachine\My", "{text}");
        }
    }

    #[test]
    fn a_thumbprint_may_stand_behind_the_store() {
        for text in [
            format!(r"Cert:\CurrentUser\Root\{THUMBPRINT}"),
            format!("cert:/currentuser/root/{}/", THUMBPRINT.to_lowercase()),
            format!(r"Microsoft.PowerShell.Security\Certificate::CurrentUser\Root\{THUMBPRINT}"),
            "Cert:\\CurrentUser\\Root\\\u{200e}01 23 45 67 89 ab cd ef 01 23 45 67 89 ab cd ef 01 23 45 67".to_owned(),
        ] {
            let source = parsed(&text);
            assert_eq!(source.location, StoreLocation::CurrentUser);
            assert_eq!(source.thumbprint.map(|t| (t[0], t[19])), Some((0x01, 0x67)), "{text}");
            assert_eq!(source.to_string(), format!(r"Cert:\CurrentUser\Root\{THUMBPRINT}"));
        }
    }

    #[test]
    fn a_location_alone_is_all_its_stores() {
        assert_eq!(parsed(r"Cert:\LocalMachine"), parsed("cert:/localmachine/"));
        assert_eq!(parsed(r"Cert:\LocalMachine").store, None);
    }

    #[test]
    fn a_store_of_any_name_is_taken_as_it_stands() {
        assert_eq!(parsed(r"Cert:\LocalMachine\remote desktop").store.as_deref(), Some("Remote Desktop"));
        assert_eq!(parsed(r"Cert:\LocalMachine\Contoso's zertifikäte").store.as_deref(), Some("Contoso's zertifikäte"));
    }

    #[test]
    fn names_of_files_are_not_stores() {
        for text in [
            "",
            "c",
            "cert",
            r"C:\certs",
            "certs/root.cer",
            "./Cert:/LocalMachine/My",
            "Zertifikat::x",
            "é:\\",
            "cer\u{0442}:\\My",
        ] {
            assert!(StoreSource::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_the_drive_does_not_have_is_refused_with_what_was_expected() {
        assert!(refused(r"Cert:\").contains(r"written Cert:\LocalMachine\My"), "{}", refused(r"Cert:\"));
        assert!(
            refused(r"Cert:\Users\My").starts_with("\"Users\" is not a location, which is LocalMachine or CurrentUser")
        );
        assert!(refused(r"Cert:\LocalMachine\\server\My").contains("the store's name is missing"));
        assert!(refused(r"Cert:\LocalMachine\My\0123").contains("40 hexadecimal digits"));
        assert!(refused(&format!(r"Cert:\LocalMachine\My\{THUMBPRINT}0")).contains("40 hexadecimal digits"));
        assert!(refused(&format!(r"Cert:\LocalMachine\My\{THUMBPRINT}\more")).contains("\"more\" stands behind"));
        assert!(refused(r"Certificate::Root").contains("\"Root\" is not a location"));
    }

    #[test]
    fn the_export_command_is_powershell_whatever_the_store_is_called() {
        assert_eq!(
            parsed(r"Cert:\LocalMachine\My").export_command(),
            r"Get-ChildItem Cert:\LocalMachine\My | Export-Certificate -FilePath My.sst -Type SST"
        );
        assert_eq!(
            parsed(r"Cert:\CurrentUser\a'; rm -r $x; 'b").export_command(),
            r"Get-ChildItem 'Cert:\CurrentUser\a''; rm -r $x; ''b' | Export-Certificate -FilePath a---rm--r--x---b.sst -Type SST"
        );
        assert_eq!(
            parsed("Cert:\\CurrentUser\\a\u{2019}b").export_command(),
            "Get-ChildItem 'Cert:\\CurrentUser\\a\u{2019}\u{2019}b' | Export-Certificate -FilePath a-b.sst -Type SST"
        );
        assert_eq!(
            parsed(r"Cert:\LocalMachine").export_command(),
            r"Get-ChildItem Cert:\LocalMachine -Recurse | Where-Object { $_.Thumbprint } | Export-Certificate -FilePath LocalMachine.sst -Type SST"
        );
    }
}
