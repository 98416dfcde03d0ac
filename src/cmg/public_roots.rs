//! Which roots are public: the SHA-256 fingerprints of the roots that Windows (by Cloudflare's published list of Microsoft's
//! root program) and Debian's ca-certificates ship with, sorted, one a line, in public_roots.txt. A name would not do: anyone
//! may call a root of his own by the name of a public CA.

/// Fingerprints as lower-case hex, ascending.
const FINGERPRINTS: &str = include_str!("public_roots.txt");

const DIGITS: usize = 64;
const LINE: usize = DIGITS + 1;

/// Whether a root with this SHA-256 is one of the public ones.
pub(crate) fn is_public_root(sha256: &[u8; 32]) -> bool {
    let (mut low, mut high) = (0, FINGERPRINTS.len() / LINE);
    while low < high {
        let middle = low + (high - low) / 2;
        let line = FINGERPRINTS.as_bytes().get(middle * LINE..middle * LINE + DIGITS).unwrap_or_default();
        let ordering = line
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | hex_digit(*digit)))
            .cmp(sha256.iter().copied());
        match ordering {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.wrapping_sub(b'a') + 10,
    }
}

#[cfg(test)]
#[allow(clippy::print_stderr)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    fn bytes(hex: &str) -> [u8; 32] {
        crate::cmg::settings::parse_hex(hex, 32).unwrap().try_into().unwrap()
    }

    #[test]
    fn every_fingerprint_in_the_list_is_found_and_none_beside_it() {
        assert!(FINGERPRINTS.len().is_multiple_of(LINE) && FINGERPRINTS.lines().count() > 400);
        for line in FINGERPRINTS.lines() {
            let mut fingerprint = bytes(line);
            assert!(is_public_root(&fingerprint), "{line}");
            fingerprint[31] ^= 1;
            assert!(!is_public_root(&fingerprint), "{line}");
        }
        assert!(!is_public_root(&[0; 32]) && !is_public_root(&[0xff; 32]));
    }

    #[test]
    fn the_list_is_sorted_and_of_one_width() {
        let lines: Vec<&str> = FINGERPRINTS.lines().collect();
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(lines.iter().all(|line| line.len() == DIGITS));
    }

    #[test]
    fn isrg_root_x1_is_public() {
        assert!(is_public_root(&bytes("96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6")));
    }

    /// To write the list anew from newer folders: `UPDATE_DATA=1 cargo test --lib the_list_is_made_from`.
    #[test]
    fn the_list_is_made_from_the_roots_of_windows_and_debian() {
        use sha2::Digest;
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let corpora =
            std::env::var_os("CERTPATH_CORPORA").map_or_else(|| root.join("../shared/corpora"), PathBuf::from);
        let mut fingerprints = BTreeSet::new();
        for folder in ["pool_roots_debian", "pool_roots_windows"] {
            let folder = corpora.join("real_cas").join(folder);
            let Ok(files) = std::fs::read_dir(&folder) else {
                return eprintln!("not run: the_list_is_made_from_the_roots_of_windows_and_debian, no real_cas corpus");
            };
            for file in files {
                for block in pem::parse_many(std::fs::read(file.unwrap().path()).unwrap()).unwrap() {
                    let hash = sha2::Sha256::digest(block.contents());
                    fingerprints.insert(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n");
                }
            }
        }
        let list: String = fingerprints.into_iter().collect();
        if std::env::var_os("UPDATE_DATA").is_some() {
            std::fs::write(root.join("src/cmg/public_roots.txt"), &list).unwrap();
        }
        assert!(list == FINGERPRINTS, "public_roots.txt is not what the folders hold");
    }
}
