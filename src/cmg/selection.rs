//! Client selection as Configuration Manager does it: the criteria of CCMCERTSEL (`--select`), the issuers of
//! CCMCERTISSUERS (`--issuer`), and the longest validity (`--first`).

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use crate::certificate::{Certificate, GeneralName, Name, Oid, oid};
use crate::cmg::names::{
    attribute_key, attribute_type, attributes, common_names, contains_ignoring_case, same_ignoring_case,
};
use crate::cmg::settings::parse_hex;

/// Text that is no criterion, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CriterionError(String);

/// A criterion of CCMCERTSEL, `--select`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// `Subject:…`: the computer's name is this; with regard to case in the subject, without in the alternative name.
    Subject(String),
    /// `SubjectStr:…`: subject or alternative name contain this, without regard to case.
    SubjectContains(String),
    /// `SubjectAttr:OU = …`: an attribute of the subject or of the alternative name is this, with regard to case. The type
    /// 2.5.29.17 is the alternative name itself.
    SubjectAttribute(Oid, String),
}

impl FromStr for Criterion {
    type Err = CriterionError;

    fn from_str(text: &str) -> Result<Self, CriterionError> {
        let text = unwrap_property(text, "CCMCERTSEL").0;
        let expected = "a criterion is `Subject:NAME` (exactly), `SubjectStr:PART` (contained) or `SubjectAttr:OU = VALUE` \
                        (an attribute by key or object identifier)";
        let shown: String = text.chars().take(80).collect();
        let (kind, value) =
            text.split_once(':').ok_or_else(|| CriterionError(format!("`{shown}` has no keyword: {expected}")))?;
        let value = value.trim();
        if value.is_empty() {
            return Err(CriterionError(format!("`{shown}` names nothing to look for: {expected}")));
        }
        match kind.trim().to_ascii_lowercase().as_str() {
            "subject" => Ok(Self::Subject(value.to_owned())),
            "subjectstr" => Ok(Self::SubjectContains(value.to_owned())),
            "subjectattr" => {
                let (key, value) = value.split_once('=').ok_or_else(|| {
                    CriterionError(format!("`{shown}` has no `=`: write `SubjectAttr:OU = Computers`"))
                })?;
                let kind = attribute_type(key).ok_or_else(|| CriterionError(unknown_key(key.trim())))?;
                let value = unquote(value.trim());
                if value.is_empty() {
                    return Err(CriterionError(format!("`{shown}` has no value behind `=`")));
                }
                Ok(Self::SubjectAttribute(kind, value))
            }
            _ => Err(CriterionError(format!("`{shown}` has an unknown keyword: {expected}"))),
        }
    }
}

impl Criterion {
    /// Whether the certificate meets it. Of several alternative names Configuration Manager looks at the first only.
    pub fn matches(&self, certificate: &Certificate) -> bool {
        let subject = certificate.subject();
        let names = certificate.subject_alternative_names();
        let alternative = names.get().and_then(|names| names.first());
        match self {
            Self::Subject(wanted) => {
                common_names(&subject).any(|name| name == wanted.as_str())
                    || subject.to_string() == *wanted
                    || alternative.is_some_and(|name| same_ignoring_case(&name.value(), wanted))
            }
            Self::SubjectContains(part) => {
                attributes(&subject)
                    .filter_map(|attribute| attribute.text())
                    .any(|text| contains_ignoring_case(&text, part))
                    || contains_ignoring_case(&subject.to_string(), part)
                    || alternative.is_some_and(|name| contains_ignoring_case(&name.value(), part))
            }
            Self::SubjectAttribute(kind, value) if kind.as_bytes() == oid::SUBJECT_ALTERNATIVE_NAME => {
                alternative.is_some_and(|name| name.value() == *value)
            }
            Self::SubjectAttribute(kind, value) => {
                let has = |name: &Name<'_>| has_attribute(name, kind, value);
                has(&subject) || matches!(alternative, Some(GeneralName::Directory(name)) if has(name))
            }
        }
    }
}

fn has_attribute(name: &Name<'_>, kind: &Oid, value: &str) -> bool {
    attributes(name)
        .any(|attribute| attribute.kind == kind.as_bytes() && attribute.text().is_some_and(|text| text.trim() == value))
}

/// The attributes of one root, as CCMCERTISSUERS lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootAttributes(Vec<(Oid, String)>);

impl RootAttributes {
    /// Whether the subject has each of them, with regard to case.
    fn matches(&self, subject: &Name<'_>) -> bool {
        self.0.iter().all(|(kind, value)| has_attribute(subject, kind, value))
    }
}

/// A CA above the client, `--issuer`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer {
    /// By the SHA-1 thumbprint.
    Thumbprint([u8; 20]),
    /// By SHA-256.
    Sha256([u8; 32]),
    /// By its common name, without regard to case.
    Name(String),
    /// By attributes of its subject: any CA above the client.
    Attributes(RootAttributes),
    /// A value of CCMCERTISSUERS: the root above the client is one of these.
    Roots(Vec<RootAttributes>),
}

impl FromStr for Issuer {
    type Err = CriterionError;

    /// From a thumbprint, a SHA-256, a name, a subject, or a whole value of CCMCERTISSUERS.
    fn from_str(text: &str) -> Result<Self, CriterionError> {
        let (text, whole_property) = unwrap_property(text, "CCMCERTISSUERS");
        if text.is_empty() {
            return Err(CriterionError(
                "the issuer is empty: give a name, a thumbprint or a CCMCERTISSUERS value".into(),
            ));
        }
        if let Some(thumbprint) = parse_hex(text, 20).and_then(|bytes| bytes.try_into().ok()) {
            return Ok(Self::Thumbprint(thumbprint));
        }
        if let Some(sha256) = parse_hex(text, 32).and_then(|bytes| bytes.try_into().ok()) {
            return Ok(Self::Sha256(sha256));
        }
        let named_attribute = text.split_once('=').is_some_and(|(key, _)| attribute_type(key).is_some());
        if !whole_property && !named_attribute && !text.contains('|') {
            return Ok(Self::Name(text.to_owned()));
        }
        let mut roots: Vec<RootAttributes> =
            text.split('|').map(|root| parse_root(root.trim()).map(RootAttributes)).collect::<Result<_, _>>()?;
        match roots.pop() {
            Some(only) if roots.is_empty() && !whole_property => Ok(Self::Attributes(only)),
            Some(last) => {
                roots.push(last);
                Ok(Self::Roots(roots))
            }
            None => Err(CriterionError("the list of issuers is empty".into())),
        }
    }
}

impl Issuer {
    /// Whether a CA of which only the name is known may be the one that is meant.
    pub(crate) fn matches_name(&self, subject: &Name<'_>) -> bool {
        match self {
            Self::Name(wanted) => common_names(subject).any(|name| same_ignoring_case(name.trim(), wanted)),
            Self::Attributes(attributes) => attributes.matches(subject),
            Self::Roots(roots) => roots.iter().any(|root| root.matches(subject)),
            Self::Thumbprint(_) | Self::Sha256(_) => false,
        }
    }

    /// Whether a CA above the client is the one that is meant; a list of roots means the root of the path alone.
    pub fn matches(&self, ca: &Certificate, is_root: bool) -> bool {
        match self {
            Self::Thumbprint(thumbprint) => ca.thumbprint() == thumbprint,
            Self::Sha256(sha256) => ca.sha256() == sha256,
            Self::Name(wanted) => {
                let subject = ca.subject();
                common_names(&subject).any(|name| same_ignoring_case(name.trim(), wanted))
                    || (common_names(&subject).next().is_none() && same_ignoring_case(&subject.to_string(), wanted))
            }
            Self::Attributes(attributes) => attributes.matches(&ca.subject()),
            Self::Roots(roots) => is_root && roots.iter().any(|root| root.matches(&ca.subject())),
        }
    }
}

/// `CN=Contoso Root CA; O=Contoso, Ltd; C=US`. Attributes may be separated by `;` or `,`, and values may hold commas: a comma
/// separates only where an attribute follows. A semicolon always does.
fn parse_root(text: &str) -> Result<Vec<(Oid, String)>, CriterionError> {
    let mut found = Vec::new();
    for piece in split_outside_quotes(text, ';') {
        if piece.trim().is_empty() {
            continue;
        }
        let mut attributes: Vec<(Oid, String)> = Vec::new();
        for part in split_outside_quotes(piece, ',') {
            let attribute = part.split_once('=').and_then(|(key, value)| Some((attribute_type(key)?, value)));
            match (attribute, attributes.last_mut()) {
                (Some((kind, value)), _) => attributes.push((kind, value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(',');
                    value.push_str(part);
                }
                (None, None) => {
                    return Err(CriterionError(match part.split_once('=') {
                        Some((key, _)) => unknown_key(key.trim()),
                        None => format!(
                            "`{}` is no attribute: write `CN=Contoso Root CA; O=Contoso, Ltd | CN=Litware Root CA`",
                            part.trim().chars().take(80).collect::<String>()
                        ),
                    }));
                }
            }
        }
        found.extend(attributes.into_iter().map(|(kind, value)| (kind, unquote(value.trim()))));
    }
    if found.is_empty() {
        return Err(CriterionError("one of the issuers between `|` is empty".into()));
    }
    Ok(found)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// Without quotes around it, as names with special characters are printed.
fn unquote(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    }
}

fn unknown_key(key: &str) -> String {
    let key: String = key.chars().take(40).collect();
    format!(
        "`{key}` is no attribute that Configuration Manager knows: use CN, OU, O, DC, L, S, C, E, … or an object identifier"
    )
}

/// The value alone, where the whole property `CCMCERTSEL="…"` was given, and whether it was. Microsoft's page shows
/// typographic quotes.
fn unwrap_property<'a>(text: &'a str, property: &str) -> (&'a str, bool) {
    let quote = ['"', '\u{201c}', '\u{201d}'];
    let text = text.trim();
    let head = text.get(..property.len()).filter(|head| head.eq_ignore_ascii_case(property));
    match head.and_then(|head| text.get(head.len()..)).and_then(|rest| rest.trim_start().strip_prefix('=')) {
        Some(value) => (value.trim().trim_start_matches(quote).trim_end_matches(quote).trim(), true),
        None => (text, false),
    }
}

/// A value of CCMCERTISSUERS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CertificateIssuers {
    /// The value, without the property's name and quotes.
    pub value: String,
    /// The subjects that cannot be written in it, because they hold a separator, a quote, a control character, or what PowerShell or cmd.exe
    /// would act on between the quotes.
    pub unwritable: Vec<String>,
}

impl fmt::Display for CertificateIssuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

/// Whether a character ends an attribute, or the quotes around the whole value, or is more than itself between them where the value
/// is pasted: in PowerShell (`$`, the backtick, and the typographic quotes, which are quotes to it) or in cmd.exe (`%`, and `!` in a
/// batch file with delayed expansion). Neither can write such a character in a way that the other understands. A text that ends with
/// a backslash would escape the closing quote. Saved in a code page, the fullwidth forms and the double primes become the same.
fn breaks_out(c: char) -> bool {
    matches!(c, ';' | '|' | '"' | '$' | '`' | '%' | '!' | '\u{201c}'..='\u{201f}')
        || matches!(c, '\u{2ba}' | '\u{30e}' | '\u{2033}' | '\u{2036}' | '\u{301d}'..='\u{301f}')
        || (matches!(c, '\u{ff01}'..='\u{ff5e}') && !c.is_alphanumeric())
        || c.is_control()
}

/// The value of CCMCERTISSUERS that lists these roots. Attributes are separated by `;`, because values may hold commas; the
/// most specific comes first, as in Microsoft's example. Roots of one name are listed once: the value cannot tell them apart.
pub fn certificate_issuers<'a>(roots: impl IntoIterator<Item = &'a Certificate>) -> CertificateIssuers {
    let mut listed: Vec<String> = Vec::new();
    let mut unwritable: Vec<String> = Vec::new();
    for root in roots {
        let subject = root.subject();
        let mut parts: Vec<Option<String>> = attributes(&subject)
            .map(|attribute| {
                let text = attribute.text()?;
                let plain = !text.chars().any(breaks_out) && !text.ends_with('\\');
                (plain && text.trim() == text && !text.is_empty())
                    .then(|| format!("{}={text}", attribute_key(attribute.kind)))
            })
            .collect();
        parts.reverse();
        match parts.into_iter().collect::<Option<Vec<_>>>() {
            Some(parts) if !parts.is_empty() => {
                let text = parts.join("; ");
                // A comma before what reads as an attribute would be taken for a separator.
                let again = parse_root(&text).is_ok_and(|parsed| parsed.len() == parts.len());
                let list = if again { &mut listed } else { &mut unwritable };
                if !list.contains(&text) {
                    list.push(text);
                }
            }
            _ => {
                let text = subject.to_string();
                if !unwritable.contains(&text) {
                    unwritable.push(text);
                }
            }
        }
    }
    CertificateIssuers { value: listed.join(" | "), unwritable }
}

/// What is compared where several certificates are left, of which Configuration Manager takes the one with "the longest validity
/// period" ("Plan for certificates"): how long the period is, whenever it began, and of two of one length the later end.
pub(crate) fn validity_period(from: i64, to: i64) -> (i64, i64) {
    (to - from, to)
}

/// The order of `--first`: by the validity period, then by thumbprint, so that the greatest is the one that Configuration Manager
/// selects. A certificate without dates comes first, and so is never selected.
pub fn by_longest_validity(certificate: &Certificate) -> impl Ord + use<> {
    let dates = certificate.not_before().zip(certificate.not_after());
    (dates.map(|(from, to)| validity_period(from.unix(), to.unix())), Reverse(*certificate.thumbprint()))
}

mod shown;

#[cfg(test)]
mod tests;
