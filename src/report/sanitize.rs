//! Text from certificates, made harmless for the medium it is shown in.

/// For a terminal or a text file: control characters, and those that turn or hide text, become `\u{…}`.
pub(crate) fn terminal(text: &str) -> String {
    use std::fmt::Write;
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_harmless(c) {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        out
    })
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(
            u32::from(c),
            // Soft hyphen, Arabic letter mark, zero width and directional marks, separators, embeddings and isolates,
            // invisible operators, variation selectors, byte-order mark, interlinear marks, tags.
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
                | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_text_is_spelt_out() {
        assert_eq!(terminal("a\u{1b}[31mb\r\n\u{202e}c\u{9b}"), "a\\u{1b}[31mb\\u{d}\\u{a}\\u{202e}c\\u{9b}");
        assert_eq!(terminal("Zürich \u{1f512} 'CA' $(x)"), "Zürich \u{1f512} 'CA' $(x)");
    }
}
