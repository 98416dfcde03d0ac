//! How much is looked at to find the status of one certificate, and what is said where that was not enough.

use std::fmt;

/// How many signers beside the issuer are judged: a CA has a few, a hostile mesh as many as it likes.
const SIGNERS: usize = 64;
/// How many lists are looked at: a CA has some hundred where each speaks for a part of its certificates, and as many archives of them.
const LISTS: usize = 16_384;
/// How many signatures of lists, whose outcome is remembered, are asked under the key of the certificate's own issuer or, of delta CRLs, of
/// the list that they continue, and how many under
/// all other keys: one or two lists speak for a certificate, and whoever knows a CA's name can make others in it.
const OWN_SIGNATURES: usize = 1_024;
pub(super) const SIGNATURES: usize = 256;

/// How many lists not in force are kept of one issuer and scope: a CA that issues one a day makes as many in three years.
pub(super) const KEPT_OLD_LISTS: usize = 1_024;

/// Why not everything was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GaveUp {
    Signers,
    Lists,
    /// Of lists that are not in force not all were kept.
    OldLists,
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signers => {
                f.write_str("the CRL signers vouch for one another in too many ways, and the search was given up")
            }
            Self::Lists => write!(
                f,
                "there are more CRLs than are looked at for one certificate ({LISTS}, {OWN_SIGNATURES} signatures of them under the \
                 issuer's key and {SIGNATURES} under others), and the search was given up; give the CRLs that are in force alone"
            ),
            Self::OldLists => write!(
                f,
                "of more than {KEPT_OLD_LISTS} CRLs of that CA that are not in force the newest alone were looked at; give the CRLs \
                 that are in force alone"
            ),
        }
    }
}

/// What is left of it.
pub(super) struct Effort {
    signers: usize,
    lists: usize,
    own_signatures: usize,
    signatures: usize,
    /// Whether anything was left out, so that what would speak against the certificate may have been missed.
    pub(super) gave_up: Option<GaveUp>,
}

impl Effort {
    pub(super) fn new() -> Self {
        Self { signers: SIGNERS, lists: LISTS, own_signatures: OWN_SIGNATURES, signatures: SIGNATURES, gave_up: None }
    }

    /// Whether one more signer may be judged.
    pub(super) fn signer(&mut self) -> bool {
        take(&mut self.signers, 1)
    }

    /// Whether one more list may be looked at, which takes so many comparisons. None where nothing can be asked of it any more.
    pub(super) fn list(&mut self, comparisons: usize) -> bool {
        let may_go_on = self.gave_up != Some(GaveUp::Lists) && take(&mut self.lists, comparisons.max(1));
        self.or_give_up(may_go_on)
    }

    /// Whether one more signature may be asked under the key of the certificate's issuer.
    pub(super) fn own_signature(&mut self) -> bool {
        let may_go_on = take(&mut self.own_signatures, 1);
        self.or_give_up(may_go_on)
    }

    /// Whether any signature may still be asked under another key.
    pub(super) fn may_ask_others(&self) -> bool {
        self.signatures > 0 || self.gave_up.is_none()
    }

    /// Whether one more signature may be asked under another key.
    pub(super) fn signature(&mut self) -> bool {
        let may_go_on = take(&mut self.signatures, 1);
        self.or_give_up(may_go_on)
    }

    fn or_give_up(&mut self, may_go_on: bool) -> bool {
        if !may_go_on {
            self.gave_up = Some(GaveUp::Lists);
        }
        may_go_on
    }
}

fn take(left: &mut usize, count: usize) -> bool {
    let is_enough = *left >= count;
    *left = left.saturating_sub(count);
    is_enough
}
