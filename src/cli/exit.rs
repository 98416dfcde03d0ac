//! The exit status: one number for what scripts must tell apart.

use std::process::ExitCode;

/// How a run ended. Of several, the first in the order of [`ExitStatus::combine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Done.
    Success = 0,
    /// Done, and the certificates have findings; `verify`: not valid.
    Findings = 1,
    /// Usage or settings are wrong, a SOURCE does not exist, or no certificate was found.
    Usage = 2,
    /// Done, and some input could not be read.
    Problems = 3,
    /// The output could not be written.
    Output = 4,
    /// The export was refused.
    Refused = 5,
}

impl ExitStatus {
    /// The first that applies of 2, 4, 5, 3, 1.
    pub(crate) fn combine(self, other: Self) -> Self {
        let rank = |status: Self| match status {
            Self::Usage => 5,
            Self::Output => 4,
            Self::Refused => 3,
            Self::Problems => 2,
            Self::Findings => 1,
            Self::Success => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus::{Findings, Output, Problems, Refused, Success, Usage};

    #[test]
    fn the_first_that_applies_of_2_4_5_3_1_decides() {
        let order = [Usage, Output, Refused, Problems, Findings, Success];
        for (index, first) in order.iter().enumerate() {
            for second in &order[index..] {
                assert_eq!(first.combine(*second), *first);
                assert_eq!(second.combine(*first), *first);
            }
        }
    }
}
