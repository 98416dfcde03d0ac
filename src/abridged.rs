//! Texts of certificates that are told of everything below them, cut where they are longer than anybody reads: a name of 4 MB in the
//! certificate of one CA would else stand in what is said of each of ten thousand clients.

use std::borrow::Cow;

use crate::certificate::general_name::hex;

/// How many characters of such a text are told.
pub(crate) const LONGEST: usize = 1000;

/// The text, or its beginning and how long it was.
pub(crate) fn abridged<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if text.len() <= LONGEST {
        return text;
    }
    let characters = text.chars().count();
    if characters <= LONGEST {
        return text;
    }
    let how_long = format!("… ({characters} characters in all)");
    let kept = LONGEST.saturating_sub(how_long.chars().count());
    let mut cut: String = text.chars().take(kept).collect();
    cut.push_str(&how_long);
    Cow::Owned(cut)
}

/// Lower-case hex of the bytes, or of the first of them and how many there are.
pub(crate) fn abridged_hex(bytes: &[u8]) -> String {
    match bytes.get(..LONGEST / 2) {
        Some(first) if first.len() < bytes.len() => format!("{}… ({} bytes in all)", hex(first), bytes.len()),
        _ => hex(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_too_long_stays_as_it_is_and_the_rest_says_how_long_it_was() {
        let fits = "é".repeat(LONGEST);
        assert_eq!(abridged(&*fits), fits);
        let cut = abridged("é".repeat(LONGEST + 1));
        assert!(cut.starts_with('é') && cut.ends_with("… (1001 characters in all)"), "{cut}");
        assert_eq!(cut.chars().count(), LONGEST);
        assert_eq!(abridged(&*cut), cut);
    }

    #[test]
    fn of_many_bytes_the_first_are_shown_and_how_many_there_are() {
        assert_eq!(abridged_hex(&[0xab; LONGEST / 2]), "ab".repeat(LONGEST / 2));
        let cut = abridged_hex(&[0xab; LONGEST / 2 + 1]);
        assert!(cut.starts_with("abab") && cut.ends_with("ab… (501 bytes in all)"), "{cut}");
    }
}
