//! The settings of a site (`--config FILE`, TOML): severities, parameters, and exceptions with their reasons.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use toml::{Spanned, Value};

use crate::certificate::Certificate;
use crate::certificate::general_name::{hex, upper_hex};
use crate::cmg::catalogue::unused_exception;
use crate::cmg::finding::{Case, Code, Finding, Severity, nearest};
use crate::time::Time;

/// What is wrong with a settings file, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingsError {
    /// The line, from 1.
    pub line: Option<usize>,
    /// A sentence that names the key, what was expected and what was found.
    pub message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SettingsError {}

/// What the rules are measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// A certificate that expires within so many days gets a warning; 30 unless set.
    pub expiring_days: u32,
    /// The RSA key lengths that are taken as documented; 2048 and 4096 unless set.
    pub key_lengths: Vec<u32>,
    /// The site's version, `1902`, `2309`; the newest where none is given.
    pub site_version: Option<u32>,
    /// Whether the CMG verifies the revocation of client certificates; the wizard's default is that it does.
    pub cmg_revocation: bool,
    /// The templates that certificates are expected to come from, by name or OID; any where empty.
    pub templates: Vec<String>,
    /// DNS suffixes that the internet cannot resolve although they look public, such as `corp.contoso.com`.
    pub internal_domains: Vec<String>,
}

/// What a number may be, in the settings and on the command line alike.
pub(crate) struct Allowed {
    from: u32,
    to: u32,
    /// What is expected, for a message.
    pub(crate) expected: &'static str,
}

/// For `expiring-days`.
pub(crate) const EXPIRING_DAYS: Allowed = Allowed { from: 0, to: 36_500, expected: "a number of days up to 36500" };
/// For `site-version`.
pub(crate) const SITE_VERSION: Allowed =
    Allowed { from: 1000, to: 9999, expected: "a version of Configuration Manager in four digits, such as 2309" };

impl Allowed {
    /// The number, if it is one that is allowed.
    pub(crate) fn read(&self, text: &str) -> Result<u32, String> {
        let number = text.parse().ok().filter(|number| (self.from..=self.to).contains(number));
        number.ok_or_else(|| format!("expected {}", self.expected))
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            expiring_days: 30,
            key_lengths: vec![2048, 4096],
            site_version: None,
            cmg_revocation: true,
            templates: Vec::new(),
            internal_domains: Vec::new(),
        }
    }
}

/// An exception: findings of one id at the certificates that it names are lowered to information.
#[derive(Debug)]
struct Exception {
    code: Code,
    case: Option<&'static str>,
    thumbprint: Option<[u8; 20]>,
    sha256: Option<[u8; 32]>,
    subject: Option<String>,
    issuer: Option<String>,
    reason: Arc<str>,
    until: Option<Time>,
    line: usize,
    used: AtomicBool,
}

/// The settings of a site. The default ones leave every rule as Microsoft's pages have it.
#[derive(Debug, Default)]
pub struct Settings {
    /// What the rules are measured by.
    pub parameters: Parameters,
    /// By code, or by one case of it; `None` switches it off.
    severities: HashMap<(Code, Option<&'static str>), Option<Severity>>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    severity: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    parameters: ParametersFile,
    #[serde(default)]
    exception: Vec<Spanned<ExceptionFile>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ParametersFile {
    expiring_days: Option<Spanned<u32>>,
    key_lengths: Option<Spanned<Vec<u32>>>,
    site_version: Option<Spanned<Value>>,
    cmg_revocation: Option<Spanned<Value>>,
    templates: Option<Vec<String>>,
    internal_domains: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExceptionFile {
    finding: Spanned<String>,
    reason: Spanned<String>,
    thumbprint: Option<Spanned<String>>,
    sha256: Option<Spanned<String>>,
    subject: Option<String>,
    issuer: Option<String>,
    until: Option<Spanned<Value>>,
}

impl Settings {
    /// From the text of a settings file.
    ///
    /// # Errors
    /// A sentence with the line, for text that is no TOML, for unknown keys, ids and cases, and for values out of range.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let reader = Reader::new(text);
        let file: File = toml::from_str(text).map_err(|error| SettingsError {
            line: error.span().map(|span| reader.line(span.start)),
            message: one_line(error.message()),
        })?;
        let mut severities = HashMap::new();
        for (key, level) in &file.severity {
            let (code, case) = reader.finding(key)?;
            severities.insert((code, case), reader.level(level)?);
        }
        let exceptions = file.exception.iter().map(|given| reader.exception(given)).collect::<Result<_, _>>()?;
        Ok(Self { parameters: reader.parameters(file.parameters)?, severities, exceptions })
    }

    /// The severity that holds for a case, `None` if it is off.
    pub fn severity(&self, case: &Case) -> Option<Severity> {
        self.overridden(case).unwrap_or(case.severity)
    }

    fn overridden(&self, case: &Case) -> Option<Option<Severity>> {
        if self.severities.is_empty() {
            return None;
        }
        let specific = self.severities.get(&(case.code, Some(case.name)));
        specific.or_else(|| self.severities.get(&(case.code, None))).copied()
    }

    /// The finding as it counts for this certificate: with the severity that is set, or lowered by an exception; `None` if
    /// it is switched off.
    pub(crate) fn judge(&self, finding: Finding, certificate: &Certificate, at: Time) -> Option<Finding> {
        self.judge_of(finding, &[certificate], at)
    }

    /// The same of a finding that several certificates give rise to together: the first exception that names any of them holds.
    pub(crate) fn judge_of(&self, mut finding: Finding, certificates: &[&Certificate], at: Time) -> Option<Finding> {
        match self.overridden(finding.case) {
            Some(severity) => finding.severity = severity?,
            None => _ = finding.case.severity?,
        }
        for exception in &self.exceptions {
            if certificates.iter().any(|certificate| exception.covers(&finding, certificate, at)) {
                exception.used.store(true, Ordering::Relaxed);
                finding.severity = Severity::Info;
                finding.exception = Some(Arc::clone(&exception.reason));
                break;
            }
        }
        Some(finding)
    }

    /// What is to be said of the exceptions after everything was judged: those that matched nothing, and those whose date
    /// has passed.
    pub(crate) fn unused_exceptions(&self, at: Time) -> Vec<Finding> {
        let told = |exception: &Exception| {
            let expired = exception.until.is_some_and(|until| at >= until);
            let used = exception.used.load(Ordering::Relaxed);
            let (case, why) = match (expired, used) {
                (true, _) => (&unused_exception::EXPIRED, "its date has passed"),
                (false, false) => (&unused_exception::UNMATCHED, "it matched no finding"),
                (false, true) => return None,
            };
            let severity = self.severity(case)?;
            let message = format!(
                "the exception for {} in line {} of the settings has no effect: {why} (reason given: {})",
                exception.code, exception.line, exception.reason
            );
            let mut finding = Finding::new(case, message).found(exception.criterion());
            finding.severity = severity;
            Some(finding)
        };
        self.exceptions.iter().filter_map(told).collect()
    }
}

impl Exception {
    fn covers(&self, finding: &Finding, certificate: &Certificate, at: Time) -> bool {
        let like = |pattern: &Option<String>, name: &dyn Fn() -> String| {
            pattern.as_ref().is_none_or(|pattern| matches(pattern, &name()))
        };
        self.code == finding.case.code
            && self.case.is_none_or(|case| case == finding.case.name)
            && self.until.is_none_or(|until| at < until)
            && self.thumbprint.is_none_or(|thumbprint| thumbprint == *certificate.thumbprint())
            && self.sha256.is_none_or(|sha256| sha256 == *certificate.sha256())
            && like(&self.subject, &|| certificate.subject().to_string())
            && like(&self.issuer, &|| certificate.issuer().to_string())
    }

    fn criterion(&self) -> String {
        let parts = [
            self.thumbprint.map(|bytes| format!("thumbprint {}", upper_hex(&bytes))),
            self.sha256.map(|bytes| format!("sha256 {}", hex(&bytes))),
            self.subject.as_ref().map(|text| format!("subject {text}")),
            self.issuer.as_ref().map(|text| format!("issuer {text}")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Turns what the file says into settings; every error carries its line.
struct Reader {
    /// Where each line ends, so that thousands of exceptions are not counted through for each of them.
    ends: Vec<usize>,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self { ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect() }
    }

    fn line(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> SettingsError {
        SettingsError { line: Some(self.line(at.span().start)), message: message.into() }
    }

    /// `key-length`, `CP1203` or `key-length/too-short`.
    fn finding(&self, text: &Spanned<String>) -> Result<(Code, Option<&'static str>), SettingsError> {
        let (id, case) = match text.get_ref().split_once('/') {
            Some((id, case)) => (id, Some(case.trim())),
            None => (text.get_ref().as_str(), None),
        };
        let code: Code =
            id.parse().map_err(|error: crate::cmg::finding::UnknownCode| self.error(text, error.to_string()))?;
        let Some(case) = case else { return Ok((code, None)) };
        let cases = code.entry().cases;
        let known = cases.iter().find(|known| known.name == case).map(|known| known.name);
        let known = known.ok_or_else(|| {
            let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
            let case: String = case.chars().take(60).collect();
            self.error(text, format!("`{case}` is no case of `{code}`: it has {}", names.join(", ")))
        })?;
        Ok((code, Some(known)))
    }

    fn level(&self, text: &Spanned<String>) -> Result<Option<Severity>, SettingsError> {
        Ok(match text.get_ref().as_str() {
            "error" => Some(Severity::Error),
            "warning" => Some(Severity::Warning),
            "info" => Some(Severity::Info),
            "off" => None,
            other => {
                let near = nearest(other, ["error", "warning", "info", "off"].into_iter());
                let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let other: String = other.chars().take(60).collect();
                return Err(
                    self.error(text, format!("`{other}` is no severity: use error, warning, info or off{hint}"))
                );
            }
        })
    }

    fn number<T>(&self, key: &str, allowed: &Allowed, at: &Spanned<T>, text: &str) -> Result<u32, SettingsError> {
        allowed.read(text).map_err(|_| self.error(at, format!("`{key}` is {}", allowed.expected)))
    }

    fn parameters(&self, given: ParametersFile) -> Result<Parameters, SettingsError> {
        let mut parameters = Parameters::default();
        if let Some(days) = given.expiring_days {
            parameters.expiring_days =
                self.number("expiring-days", &EXPIRING_DAYS, &days, &days.get_ref().to_string())?;
        }
        if let Some(lengths) = given.key_lengths {
            let list = lengths.get_ref();
            if list.is_empty() || list.iter().any(|bits| !(1024..=16_384).contains(bits)) {
                return Err(self.error(
                    &lengths,
                    "`key-lengths` is a list of RSA key lengths from 1024 to 16384, such as [2048, 4096]",
                ));
            }
            parameters.key_lengths.clone_from(list);
        }
        if let Some(version) = given.site_version {
            let text = match version.get_ref() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            parameters.site_version = Some(self.number("site-version", &SITE_VERSION, &version, &text)?);
        }
        if let Some(revocation) = given.cmg_revocation {
            parameters.cmg_revocation = match revocation.get_ref() {
                Value::Boolean(on) => *on,
                Value::String(text) if text == "on" => true,
                Value::String(text) if text == "off" => false,
                _ => return Err(self.error(&revocation, "`cmg-revocation` is \"on\" or \"off\"")),
            };
        }
        parameters.templates = given.templates.unwrap_or_default();
        parameters.internal_domains = given.internal_domains.unwrap_or_default();
        Ok(parameters)
    }

    fn exception(&self, given: &Spanned<ExceptionFile>) -> Result<Exception, SettingsError> {
        let body = given.get_ref();
        let (code, case) = self.finding(&body.finding)?;
        if body.reason.get_ref().trim().is_empty() {
            return Err(self.error(&body.reason, "`reason` is empty: say why the exception is right"));
        }
        let hex = |text: &Option<Spanned<String>>, key: &str, bytes: usize| match text {
            None => Ok(None),
            Some(text) => parse_hex(text.get_ref(), bytes)
                .map(Some)
                .ok_or_else(|| self.error(text, format!("`{key}` is {} hexadecimal digits", 2 * bytes))),
        };
        let thumbprint = hex(&body.thumbprint, "thumbprint", 20)?.and_then(|bytes| bytes.try_into().ok());
        let sha256 = hex(&body.sha256, "sha256", 32)?.and_then(|bytes| bytes.try_into().ok());
        if thumbprint.is_none() && sha256.is_none() && body.subject.is_none() && body.issuer.is_none() {
            return Err(self.error(
                given,
                format!(
                    "the exception for `{code}` names no certificate: give thumbprint, sha256, subject or issuer, \
                     or set the severity of `{code}` under [severity]"
                ),
            ));
        }
        Ok(Exception {
            code,
            case,
            thumbprint,
            sha256,
            subject: body.subject.clone(),
            issuer: body.issuer.clone(),
            reason: body.reason.get_ref().trim().into(),
            until: body.until.as_ref().map(|until| self.until(until)).transpose()?,
            line: self.line(given.span().start),
            used: AtomicBool::new(false),
        })
    }

    /// A date counts to its end.
    fn until(&self, given: &Spanned<Value>) -> Result<Time, SettingsError> {
        let text = match given.get_ref() {
            Value::Datetime(moment) => moment.to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let moment = Time::parse(&text).map_err(|message| self.error(given, format!("`until`: {message}")))?;
        Ok(if text.len() == 10 { moment.plus_days(1) } else { moment })
    }
}

/// Bytes from hexadecimal digits; colons and spaces between them are passed over, as are the marks that Windows' dialogs
/// copy in front of a thumbprint.
pub(crate) fn parse_hex(text: &str, bytes: usize) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ' ' | ':' | '\u{200e}' | '\u{200f}' | '\u{feff}'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.len() != 2 * bytes {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect())
}

/// Whether a name is what the pattern says, without regard to case; `*` stands for any run of characters. Greedy with one
/// step back, so that hostile patterns cost no more than pattern times name.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&here) = name.get(n) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&wanted) if wanted == here => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((back, from)) = star else { return false };
                star = Some((back, from + 1));
                p = back + 1;
                n = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '*')
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
