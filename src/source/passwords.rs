//! The passwords of a run, the budget that trying them may use up, and who opened which file.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::source::text;

/// The iterations that one key derivation may ask for. Real files ask for 1 to 10 000, the careful for a million; this is
/// about a second's work.
pub(crate) const MAX_ITERATIONS: u64 = 5_000_000;

/// The hash computations that all passwords together may use on one file: some seconds. Enough for a file of a million iterations
/// and a handful of passwords, or for thousands of passwords on an ordinary file.
pub(crate) const HASHES_PER_FILE: u64 = 12_000_000;

/// The hash computations of a whole run: some minutes of one core. Ten thousand ordinary files with five passwords each stay
/// below it; a folder full of hostile files ends here, and only then does it matter which thread read which file first.
const HASHES_PER_RUN: u64 = 2_000_000_000;

/// How often one file's password is asked for.
const PROMPTS_PER_FILE: usize = 3;

/// What reading needs beside the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadContext<'a> {
    /// The input's name, for whoever is asked for its password.
    pub(crate) name: &'a str,
    pub(crate) passwords: &'a Passwords,
}

type Prompt = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Passwords to try on locked files: each on each file, the empty one first, under one budget.
pub struct Passwords {
    given: Vec<Password>,
    prompt: Option<Box<Prompt>>,
    hashes_per_file: u64,
    hashes_left: AtomicU64,
    memory: Mutex<Memory>,
    /// Held while a person is asked, so that two threads do not ask at once.
    asking: Mutex<()>,
}

/// What was learnt while reading.
#[derive(Default)]
struct Memory {
    /// What was typed, for the files to come.
    typed: Vec<Password>,
    /// How the first reading of a file ended, by the file's SHA-256: a file may be read twice in one run.
    ends: HashMap<[u8; 32], Arc<End>>,
    /// The files that nobody knew the password of, so that whoever reads a copy at the same time does not ask again.
    given_up: Vec<[u8; 32]>,
}

/// How the passwords fared on one file. A second reading ends as the first did, whatever was typed or used up between them.
#[derive(Clone)]
pub(crate) struct End {
    /// What opened each of the locked parts, or why nothing did.
    pub(crate) parts: Vec<Result<Zeroizing<Vec<u8>>, Option<OverBudget>>>,
    pub(crate) mac: MacState,
}

/// What is known of a file's integrity check (MAC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MacState {
    Unchecked,
    Matched,
    /// No password that was tried gives it.
    RefusedAll,
    Over(OverBudget),
}

/// One password; `None` is a null one, which PKCS#12 encodes differently from an empty one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(Option<Zeroizing<String>>);

impl Password {
    pub(crate) const NULL: Self = Self(None);

    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Some(Zeroizing::new(text.into())))
    }

    /// As PKCS#12's own key derivation takes it: UTF-16 big-endian with a final NUL (RFC 7292 appendix B.1), and nothing at all for a
    /// null password. OpenSSL before 1.1 made a character of each byte instead, so that text beyond ASCII has two forms.
    pub(crate) fn bmp_forms(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let Some(text) = &self.0 else { return vec![Zeroizing::default()] };
        let form = |units: &mut dyn Iterator<Item = u16>| {
            Zeroizing::new(units.chain([0]).flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
        };
        let mut forms = vec![form(&mut text.encode_utf16())];
        if !text.is_ascii() {
            forms.push(form(&mut text.bytes().map(u16::from)));
        }
        forms
    }

    /// As PKCS#5 takes it (RFC 8018 section 3).
    pub(crate) fn utf8(&self) -> &[u8] {
        self.0.as_deref().map_or(&[], |text| text.as_bytes())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("given", &self.given.len()).field("prompt", &self.prompt.is_some()).finish()
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new([])
    }
}

impl Passwords {
    /// These, tried in this order after the empty password.
    pub fn new(given: impl IntoIterator<Item = String>) -> Self {
        Self {
            given: given.into_iter().map(Password::new).collect(),
            prompt: None,
            hashes_per_file: HASHES_PER_FILE,
            hashes_left: AtomicU64::new(HASHES_PER_RUN),
            memory: Mutex::default(),
            asking: Mutex::default(),
        }
    }

    /// And ask for what these do not open: `prompt` is given the file's name, and answers `None` to leave it locked.
    #[must_use]
    pub fn with_prompt(mut self, prompt: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.prompt = Some(Box::new(prompt));
        self
    }

    /// With another budget for each file, so that a test need not wait for the real one.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn with_hashes_per_file(mut self, hashes: u64) -> Self {
        self.hashes_per_file = hashes;
        self
    }

    /// The passwords of a password file: one a line, in UTF-8, or in UTF-16 with a byte-order mark as Windows PowerShell writes it. Empty
    /// lines are none; blanks belong to the password.
    ///
    /// # Errors
    /// Where it is no text of either kind: what is wrong with it.
    pub fn lines(bytes: &[u8]) -> Result<Vec<String>, String> {
        let text = Zeroizing::new(text::written(bytes)?);
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// How many passwords there are beside the empty one.
    pub(crate) fn count(&self) -> usize {
        self.given.len() + self.memory().typed.len()
    }

    /// One file's view of them.
    pub(crate) fn for_file<'a>(&'a self, name: &'a str, bytes: &[u8]) -> Attempts<'a> {
        let digest = Sha256::digest(bytes).into();
        let before = self.memory().ends.get(&digest).cloned();
        Attempts {
            passwords: self,
            name,
            digest,
            before,
            hashes_left: self.hashes_per_file,
            bytes_free: bytes.len() as u64,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The attempts on one file.
pub(crate) struct Attempts<'a> {
    passwords: &'a Passwords,
    name: &'a str,
    digest: [u8; 32],
    before: Option<Arc<End>>,
    hashes_left: u64,
    /// How many bytes are decrypted without being counted: as many as the file has, so that one password can be tried on all of it.
    bytes_free: u64,
}

/// That a key derivation asks for more than may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverBudget {
    /// It asks for more iterations than any may.
    Derivation(u64),
    /// The passwords tried before it used up what one file may.
    File,
    /// The files read before it used up what a run may.
    Run,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Derivation(iterations) => write!(
                f,
                "it asks for {iterations} iterations of its key derivation, and at most {MAX_ITERATIONS} are computed; if the file is \
                 to be trusted, export it again with fewer, for example openssl pkcs12 -export -iter 10000"
            ),
            Self::File => write!(
                f,
                "trying the passwords on it, the empty one first, used up the {HASHES_PER_FILE} hash computations that one file may \
                 take; give this file's password alone or, if it was, export the file again with fewer iterations"
            ),
            Self::Run => write!(
                f,
                "trying passwords on the files before it used up the {HASHES_PER_RUN} hash computations that a run may take; read \
                 fewer files at once, or give fewer passwords"
            ),
        }
    }
}

impl Attempts<'_> {
    /// How an earlier reading of the same bytes ended.
    pub(crate) fn before(&self) -> Option<Arc<End>> {
        self.before.clone()
    }

    /// The passwords to try, without asking anyone: the empty one, those given, those typed.
    pub(crate) fn candidates(&self) -> Vec<Password> {
        let empty = [Password::new(""), Password::NULL];
        let typed = self.passwords.memory().typed.clone();
        let mut known: HashSet<Option<&str>> = HashSet::new();
        let all = empty.iter().chain(&self.passwords.given).chain(&typed);
        all.filter(|password| known.insert(password.0.as_deref().map(String::as_str))).cloned().collect()
    }

    /// Ask until `opens` is content, nobody answers, or it was asked often enough. What others typed meanwhile is tried first.
    pub(crate) fn ask<T>(
        &mut self,
        tried: &[Password],
        mut opens: impl FnMut(&mut Self, &Password) -> Option<T>,
    ) -> Option<T> {
        let passwords = self.passwords;
        let prompt = passwords.prompt.as_ref()?;
        let _asking = passwords.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if passwords.memory().given_up.contains(&self.digest) {
            return None;
        }
        let typed = passwords.memory().typed.clone();
        for password in typed.iter().filter(|password| !tried.contains(password)) {
            if let Some(opened) = opens(self, password) {
                return Some(opened);
            }
        }
        for _ in 0..PROMPTS_PER_FILE {
            let Some(password) = prompt(self.name).map(Password::new) else { break };
            if let Some(opened) = opens(self, &password) {
                passwords.memory().typed.push(password);
                return Some(opened);
            }
        }
        passwords.memory().given_up.push(self.digest);
        None
    }

    /// Remember how this reading ended.
    pub(crate) fn ended(&self, end: End) {
        self.passwords.memory().ends.entry(self.digest).or_insert_with(|| Arc::new(end));
    }

    /// Take what it costs to decrypt so many bytes, of which `per_hash` take as long as a hash computation.
    pub(crate) fn spend_bytes(&mut self, bytes: usize, per_hash: u64) -> Result<(), OverBudget> {
        let free = self.bytes_free.min(bytes as u64);
        self.bytes_free -= free;
        self.spend(0, (bytes as u64 - free) / per_hash)
    }

    /// Take `hashes` for a derivation of `iterations` from the budgets. A second reading is free of the run's budget: it computes again
    /// what the first one has paid for.
    pub(crate) fn spend(&mut self, iterations: u64, hashes: u64) -> Result<(), OverBudget> {
        if iterations > MAX_ITERATIONS {
            return Err(OverBudget::Derivation(iterations));
        }
        let file = self.hashes_left.checked_sub(hashes).ok_or(OverBudget::File)?;
        if self.before.is_none() {
            let spent = |left: u64| left.checked_sub(hashes);
            self.passwords
                .hashes_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent)
                .map_err(|_| OverBudget::Run)?;
        }
        self.hashes_left = file;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_has_one_password_a_line_however_windows_wrote_it() {
        let expected = vec!["one".to_owned(), " two ".to_owned(), "drei\u{e4}".to_owned()];
        let text = "one\r\n two \r\n\r\ndrei\u{e4}";
        assert_eq!(Passwords::lines(text.as_bytes()).unwrap(), expected);
        assert_eq!(Passwords::lines(&[b"\xef\xbb\xbf", text.as_bytes()].concat()).unwrap(), expected);
        for (mark, bytes) in [
            ([0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            ([0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(Passwords::lines(&[mark.to_vec(), bytes].concat()).unwrap(), expected);
        }
        assert!(Passwords::lines(b"caf\xe9").unwrap_err().contains("byte 3"));
    }

    #[test]
    fn the_empty_password_has_two_encodings_and_text_beyond_ascii_too() {
        assert_eq!(Password::NULL.bmp_forms(), [Zeroizing::new(vec![])]);
        assert_eq!(Password::new("").bmp_forms(), [Zeroizing::new(vec![0, 0])]);
        assert_eq!(Password::new("\u{e9}").bmp_forms().len(), 2);
        assert_eq!(Password::new("\u{1f511}").bmp_forms()[0].as_slice(), [0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
    }

    #[test]
    fn of_a_hundred_thousand_passwords_each_is_tried_once_and_in_its_place() {
        let given = (0..100_000).chain([7, 8, 9]).map(|number| format!("password {number}"));
        let passwords = Passwords::new([String::new()].into_iter().chain(given));
        let begun = std::time::Instant::now();
        let candidates = passwords.for_file("a", b"a").candidates();
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
        assert_eq!(candidates.len(), 100_002);
        assert_eq!((candidates[1].utf8(), candidates[9].utf8()), (&b""[..], &b"password 7"[..]));
    }

    #[test]
    fn what_one_file_or_one_run_may_spend_is_bounded() {
        let passwords = Passwords::new([]);
        let mut attempts = passwords.for_file("a", b"a");
        assert_eq!(attempts.spend(MAX_ITERATIONS + 1, 1), Err(OverBudget::Derivation(MAX_ITERATIONS + 1)));
        assert_eq!(attempts.spend(1, HASHES_PER_FILE), Ok(()));
        assert_eq!(attempts.spend(1, 1), Err(OverBudget::File));
        for _ in 1..HASHES_PER_RUN / HASHES_PER_FILE {
            assert_eq!(passwords.for_file("b", b"b").spend(1, HASHES_PER_FILE), Ok(()));
        }
        assert_eq!(passwords.for_file("c", b"c").spend(1, HASHES_PER_FILE), Err(OverBudget::Run));
    }

    #[test]
    fn what_was_typed_for_one_file_is_tried_on_the_next_and_nobody_is_asked_twice() {
        let asked = std::sync::Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        let passwords = Passwords::new(["given".to_owned()]).with_prompt(move |name| {
            counter.fetch_add(1, Ordering::Relaxed);
            (name == "known").then(|| "typed".to_owned())
        });
        let right = |_: &mut Attempts<'_>, password: &Password| (password.utf8() == b"typed").then_some(());
        let mut first = passwords.for_file("known", b"1");
        let candidates = first.candidates();
        assert_eq!(candidates.len(), 3);
        assert_eq!(first.ask(&candidates, right), Some(()));
        assert_eq!(passwords.for_file("other", b"2").candidates().last().unwrap().utf8(), b"typed");
        for _ in 0..2 {
            assert_eq!(passwords.for_file("unknown", b"3").ask(&[], |_, _| None::<()>), None);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert_eq!(format!("{passwords:?}"), "Passwords { given: 1, prompt: true }");
    }
}
