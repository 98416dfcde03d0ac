//! The value of `--jobs`.

use std::num::{IntErrorKind, NonZeroUsize};

/// Reads it. A number beyond all numbers is one that is too large, and no mistake.
pub(crate) fn parse(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(NonZeroUsize::MAX),
        parsed => parsed.map_err(|_| format!("expected a number of threads from 1 on, found {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_too_large_and_none_is_a_mistake_that_says_what_is_expected() {
        for (text, expected) in [("1", 1), ("64", 64), (&"9".repeat(40), usize::MAX)] {
            assert_eq!(parse(text).unwrap().get(), expected, "{text}");
        }
        for text in ["0", "-1", "", "four", "1.5"] {
            assert!(parse(text).unwrap_err().contains("expected a number of threads from 1 on"), "{text}");
        }
    }
}
