//! What to do where a path fails because the certificate of a CA on it has expired.

use crate::path::{Check, Missing, Path};
use crate::report::sanitize::terminal;

/// The CA may have been renewed long ago, and only the newer certificate not be at hand; `None` where no CA's has expired.
pub(crate) fn next_step(path: &Path) -> Option<String> {
    let (at, failure) = path.failure.as_ref()?;
    let place = path.certificates.iter().position(|one| one == at).filter(|place| *place > 0)?;
    if failure.check != Check::Validity || !failure.found.starts_with("notAfter ") {
        return None;
    }
    let below = path.certificates.get(place - 1)?;
    let told = Missing::issuer_of(below).aia.into_iter().find(|address| address.starts_with("http"));
    let from = match told {
        Some(address) => format!("it is published at {}, or ask the PKI team", terminal(&address)),
        None => "ask the PKI team for it (`certutil -ca.cert FILE` at that CA writes it)".to_owned(),
    };
    Some(format!(
        "If that CA was renewed, its newer certificate is missing here: {from}. Put it beside the other files and run this \
         again. Else have the CA renewed; `--at TIME` judges at another moment."
    ))
}
