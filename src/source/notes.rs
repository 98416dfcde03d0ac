//! What a text says beside its blocks: the bag attributes that `openssl pkcs12` prints, and certutil's key provider lines.

use std::sync::Arc;

use crate::source::contents::{Found, Kind};
use crate::source::properties::{Properties, shared};
use crate::source::provider::{Evidence, KeyProvider};
use crate::source::text;

/// Notes that one text has given so far.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Those of keys, by their local key identifier.
    keys: Vec<(Vec<u8>, Note)>,
    /// Which found objects have which local key identifier: by their place in the whole list.
    owners: Vec<(usize, Vec<u8>)>,
}

/// What is said of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Note {
    friendly_name: Option<Arc<str>>,
    provider: Option<Arc<str>>,
    provider_type: Option<u32>,
    container: Option<Arc<str>>,
    local_key_id: Option<Vec<u8>>,
}

/// Notes on one object take a few lines; a text beyond this is not searched for them.
const MAX_NOTE: usize = 64 * 1024;

impl Note {
    /// Reads the lines of `text`.
    pub(crate) fn read(text: &[u8]) -> Self {
        let mut note = Self::default();
        if text.len() > MAX_NOTE || memchr::memchr2(b':', b'=', text).is_none() {
            return note;
        }
        // Before a block in another encoding than the text's stands more in that encoding.
        let narrow: Vec<u8>;
        let text = if memchr::memchr(0, text).is_some() {
            narrow = text.iter().copied().filter(|byte| *byte != 0).collect();
            &narrow
        } else {
            text
        };
        for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = line.trim_ascii();
            let Some(separator) = memchr::memchr2(b':', b'=', line) else { continue };
            let value = line[separator + 1..].trim_ascii();
            if value.is_empty() {
                continue;
            }
            let slot = match (line[..separator].trim_ascii(), line[separator]) {
                (b"friendlyName", b':') => &mut note.friendly_name,
                (b"Microsoft CSP Name", b':') | (b"Provider", b'=') => &mut note.provider,
                (b"Key Container", b'=') => &mut note.container,
                (b"localKeyID", b':') => {
                    note.local_key_id = Some(value.to_vec());
                    continue;
                }
                (b"ProviderType", b'=') => {
                    note.provider_type = number(value);
                    continue;
                }
                _ => continue,
            };
            *slot = Some(shared(&text::decode(value)));
        }
        note
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn properties(&self, has_private_key: bool) -> Option<Box<Properties>> {
        if self.friendly_name.is_none() && self.provider.is_none() && self.container.is_none() && !has_private_key {
            return None;
        }
        let key_provider = self.provider.clone().map(|name| {
            let mut provider = KeyProvider::from_provider_name(name, Evidence::ProviderName);
            provider.provider_type = provider.provider_type.or(self.provider_type);
            provider
        });
        Some(Box::new(Properties {
            friendly_name: self.friendly_name.clone(),
            key_provider,
            key_container: self.container.clone(),
            has_private_key,
            ..Properties::default()
        }))
    }

    /// Puts what is said on an object.
    pub(crate) fn apply(&self, found: &mut Found) {
        if found.kind == Kind::Certificate && !self.is_empty() {
            // A container or a provider is a private key's.
            found.properties = self.properties(self.provider.is_some() || self.container.is_some());
        }
    }
}

/// certutil prints numbers in hexadecimal, with the decimal in parentheses where they differ.
fn number(value: &[u8]) -> Option<u32> {
    let digits = value.split(|byte| !byte.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

impl Notes {
    /// Puts what stands `before` a block on what the block held: what was found from `first` on.
    pub(crate) fn apply(&mut self, before: &[u8], first: usize, found: &mut [Found]) {
        if before.len() < 12 {
            return;
        }
        let note = Note::read(before);
        if note.is_empty() {
            return;
        }
        for (index, object) in found.iter_mut().enumerate().skip(first) {
            match (object.kind, &note.local_key_id) {
                (Kind::PrivateKey, Some(id)) => self.keys.push((id.clone(), note.clone())),
                (Kind::Certificate, id) => {
                    note.apply(object);
                    if let Some(id) = id {
                        self.owners.push((index, id.clone()));
                    }
                }
                _ => {}
            }
        }
    }

    /// Joins keys and certificates that have one local key identifier (PKCS #9, RFC 2985 5.5.2).
    pub(crate) fn finish(mut self, found: &mut [Found]) {
        self.keys.sort_by(|a, b| a.0.cmp(&b.0));
        for (index, id) in &self.owners {
            let Ok(key) = self.keys.binary_search_by(|(key, _)| key.cmp(id)) else { continue };
            let (Some(object), Some((_, note))) = (found.get_mut(*index), self.keys.get(key)) else { continue };
            let properties = object.properties.get_or_insert_with(Box::default);
            properties.has_private_key = true;
            if let Some(from_key) = note.properties(true) {
                properties.key_provider = properties.key_provider.take().or(from_key.key_provider);
                properties.key_container = properties.key_container.take().or(from_key.key_container);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certutils_key_provider_lines_are_read() {
        let note = Note::read(
            b"  CERT_KEY_PROV_INFO_PROP_ID(2):\r\n    Key Container = te-0125\r\n  Unique container name: b59b\r\n    \
              Provider = Microsoft Software Key Storage Provider\r\n    ProviderType = c\r\n",
        );
        assert_eq!(note.container.as_deref(), Some("te-0125"));
        assert_eq!(note.provider.as_deref(), Some("Microsoft Software Key Storage Provider"));
        assert_eq!(note.provider_type, Some(12));
    }

    #[test]
    fn other_text_is_no_note() {
        assert!(Note::read(b"# Issuer: CN=Provider\n# Serial: 5\nProvider: x\n").is_empty());
    }
}
