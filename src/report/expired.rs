//! What to do where a path fails because the certificate of a CA on it has expired.

use crate::path::{Detail, Missing, Path};
use crate::report::describe;
use crate::report::sanitize::terminal;

/// The CA may have been renewed long ago: with the same key, and only the newer certificate is not at hand, or with another one, which
/// confirms nothing of what was issued before. `None` where no CA's has expired.
pub(crate) fn next_step(path: &Path) -> Option<String> {
    let (at, failure) = path.failure.as_ref()?;
    let place = path.certificates.iter().position(|one| one == at).filter(|place| *place > 0)?;
    if failure.detail != Some(Detail::Expired) {
        return None;
    }
    let below = path.certificates.get(place - 1)?;
    let told = Missing::issuer_of(below).aia.into_iter().find(|address| address.starts_with("http"));
    let from = match told {
        Some(address) => format!("it is published at {}, or ask the PKI team", terminal(&address)),
        None => "ask the PKI team for it (`certutil -ca.cert FILE` at that CA writes it)".to_owned(),
    };
    let anew = if below.is_end_entity() {
        "enrol the certificate anew".to_owned()
    } else {
        format!("have the certificate of {} issued anew", describe::subject(below))
    };
    Some(format!(
        "If that CA was renewed with the same key, its newer certificate is missing here: {from}. Put it beside the other files and \
         run this again. If it was renewed with a new key, {anew}. Else have the CA renewed; `--at TIME` judges at another moment."
    ))
}
