//! File names for certificates: role, common name and enough of the thumbprint, safe on Windows whatever the certificate says.

use std::collections::HashMap;

use crate::certificate::{Certificate, Name};
use crate::report::model::Role;

/// How much of a common name goes into a file name; X.520 allows a common name 64 characters.
const LONGEST_NAME: usize = 64;
/// Hex digits of the thumbprint, from the usual to the most that a collision needs; the last step is SHA-256, which no two
/// certificates share.
const STEPS: [Digits; 4] = [Digits::Sha1(8), Digits::Sha1(16), Digits::Sha1(40), Digits::Sha256];

#[derive(Clone, Copy)]
enum Digits {
    Sha1(usize),
    Sha256,
}

impl Digits {
    fn of(self, certificate: &Certificate) -> String {
        match self {
            Self::Sha1(count) => certificate.thumbprint_hex().chars().take(count).collect(),
            Self::Sha256 => certificate.sha256_hex().to_ascii_uppercase(),
        }
    }
}

/// The names of these certificates' files, in their order: no two are the same, even where case does not count.
pub(crate) fn file_names(certificates: &[&Certificate], role: Role) -> Vec<String> {
    let mut steps = vec![0; certificates.len()];
    loop {
        let names: Vec<String> =
            certificates.iter().zip(&steps).map(|(certificate, step)| file_name(certificate, role, *step)).collect();
        let mut taken: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            taken.entry(name.to_ascii_lowercase()).or_default().push(index);
        }
        let mut again = false;
        for index in taken.into_values().filter(|same| same.len() > 1).flatten() {
            if let Some(step) = steps.get_mut(index).filter(|step| **step + 1 < STEPS.len()) {
                *step += 1;
                again = true;
            }
        }
        if !again {
            return names;
        }
    }
}

fn file_name(certificate: &Certificate, role: Role, step: usize) -> String {
    let digits = STEPS.get(step).copied().unwrap_or(Digits::Sha256).of(certificate);
    compose(role, &readable(&certificate.subject()), &digits)
}

/// The role in front keeps every device name (`CON`, `LPT1`) from being one; the digits behind keep dots and spaces from
/// being the last.
fn compose(role: Role, name: &str, digits: &str) -> String {
    format!("{}-{}-{digits}.cer", role.name(), safe(name))
}

/// The common name, or where there is none, the last attribute that says something.
fn readable(subject: &Name<'_>) -> String {
    match subject.common_name() {
        Some(name) if !name.trim().is_empty() => name.into_owned(),
        _ => subject.attributes().last().map(|attribute| attribute.text().into_owned()).unwrap_or_default(),
    }
}

/// Letters, digits and what may stand between them; everything else is one hyphen.
fn safe(name: &str) -> String {
    let mut out = String::with_capacity(LONGEST_NAME);
    // Whatever is beyond this cannot be seen in the result any more.
    for c in name.chars().take(LONGEST_NAME * 8) {
        if out.len() == LONGEST_NAME {
            break;
        }
        let is_joint = out.is_empty() || out.ends_with(['-', '.', '_']);
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(c),
            '.' | '_' if !is_joint => out.push(c),
            _ if !is_joint => out.push('-'),
            _ => {}
        }
    }
    let kept = out.trim_end_matches(['-', '.', '_']).len();
    out.truncate(kept);
    if out.is_empty() { "CA".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cmg::testing::Draft;

    fn ca(common_name: &str, serial: u8) -> Certificate {
        let mut draft = Draft::ca(common_name);
        draft.serial = serial;
        draft.self_signed().certificate
    }

    /// What Windows' naming rules and a careful administrator ask of a name.
    fn assert_safe(name: &str) {
        assert!(name.len() <= 160, "{name}: long");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), "{name}");
        assert!(name.ends_with(".cer") && !name.contains(".."), "{name}");
        assert!(!name.starts_with(['-', '.', ' ']) && !name.ends_with(['.', ' ']), "{name}");
        let device = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
        let devices = ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"];
        assert!(!devices.contains(&device.as_str()), "{name}");
        assert!(!((device.starts_with("COM") || device.starts_with("LPT")) && device.len() == 4), "{name}");
    }

    #[test]
    fn a_name_tells_role_common_name_and_thumbprint() {
        let certificate = ca("Contoso Root CA", 1);
        let expected = format!("root-Contoso-Root-CA-{}.cer", &certificate.thumbprint_hex()[..8]);
        assert_eq!(file_names(&[&certificate], Role::Root), [expected]);
        assert_eq!(safe("CA v1.2 (2026)_new."), "CA-v1.2-2026-new");
    }

    #[test]
    fn names_that_windows_cannot_keep_become_names_that_it_can() {
        for (name, expected) in [
            ("CON", "CON"),
            ("..\\..\\windows\\system32", "windows-system32"),
            ("../../etc/passwd", "etc-passwd"),
            ("trailing . . ", "trailing"),
            ("a\u{202e}fdp.exe", "a-fdp.exe"),
            ("C:stream:$DATA", "C-stream-DATA"),
            ("\0\r\n\u{1b}[31m", "31m"),
            ("'; Remove-Item *", "Remove-Item"),
            ("", "CA"),
            ("  ", "CA"),
            ("\u{6839}\u{8a3c}\u{660e}", "CA"),
            ("...", "CA"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        assert_eq!(safe(&"x".repeat(100_000)).len(), LONGEST_NAME);
    }

    #[test]
    fn names_that_differ_only_in_case_are_told_apart_by_the_thumbprint() {
        let certificates = [ca("contoso", 1), ca("CONTOSO", 2), ca("Contoso", 3), ca("contoso", 4)];
        let names = file_names(&certificates.iter().collect::<Vec<_>>(), Role::Root);
        let mut folded: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        folded.sort();
        folded.dedup();
        assert_eq!(folded.len(), 4);
    }

    #[test]
    fn each_step_adds_digits_until_sha256_which_nobody_can_make_collide() {
        let certificate = ca("x", 1);
        let lengths: Vec<_> = STEPS.iter().map(|digits| digits.of(&certificate).len()).collect();
        assert_eq!(lengths, [8, 16, 40, 64]);
        // The same certificate twice shares every digit: the search for a difference still ends.
        assert_eq!(file_names(&[&certificate, &certificate], Role::Root).len(), 2);
    }

    proptest! {
        #[test]
        fn any_common_name_makes_a_safe_file_name(name in any::<String>(), digits in "[0-9A-F]{8}") {
            for role in [Role::Root, Role::Intermediate] {
                assert_safe(&compose(role, &name, &digits));
            }
        }

        #[test]
        fn any_encoded_name_makes_a_safe_file_name(name in "\\PC{0,80}", serial in any::<u8>()) {
            let certificate = ca(&name, serial);
            for name in file_names(&[&certificate], Role::Intermediate) {
                assert_safe(&name);
            }
        }
    }
}
