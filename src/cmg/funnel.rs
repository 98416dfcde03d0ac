//! How many certificates each step of a selection leaves, in the documented order: the client's own selection, and the CMG
//! connection point's, whose log shows the same counts.

use schemars::JsonSchema;
use serde::Serialize;

/// A step and what it asks of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its name, in every output.
    pub name: &'static str,
    /// What it asks, in a few words.
    pub title: &'static str,
}

/// How a ConfigMgr client selects its certificate ("Plan for certificates"). The last step is applied to what is left, not
/// to each certificate by itself.
pub const CLIENT_STEPS: [Step; 6] = [
    Step { name: "issuers", title: "chains to a root in the certificate issuers list" },
    Step { name: "store", title: "is in the Personal store of the computer" },
    Step { name: "valid", title: "is valid, not revoked, and its private key is there" },
    Step { name: "client-authentication", title: "allows client authentication" },
    Step { name: "criteria", title: "meets the selection criteria" },
    Step { name: "longest-validity", title: "has the longest validity of those that are left" },
];

/// How the CMG connection point selects its certificate ("Configuration Manager clients fail to communicate with the CMG":
/// the verbose SMS_Cloud_ProxyConnector.log).
pub const CONNECTION_POINT_STEPS: [Step; 4] = [
    Step { name: "digital-signature", title: "key usage allows digital signatures" },
    Step { name: "allowed-root", title: "chains to an allowed root CA (the others: \"Not allowed cert\")" },
    Step { name: "private-key", title: "has a private key (the others: \"No private key cert\")" },
    Step { name: "client-auth", title: "allows client authentication (the others: \"Not client auth cert\")" },
];

/// Counts what each step leaves. Each thread may count for itself; [`Self::merge`] adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnel<const N: usize> {
    steps: [Step; N],
    considered: u64,
    left: [u64; N],
}

impl Funnel<6> {
    /// The client's selection.
    pub fn client() -> Self {
        Self::new(CLIENT_STEPS)
    }
}

impl Funnel<4> {
    /// The connection point's selection.
    pub fn connection_point() -> Self {
        Self::new(CONNECTION_POINT_STEPS)
    }
}

impl<const N: usize> Funnel<N> {
    fn new(steps: [Step; N]) -> Self {
        Self { steps, considered: 0, left: [0; N] }
    }

    /// Counts one certificate: whether it passes each step, in order. Steps behind the first that it fails do not count.
    /// Returns whether it passed all.
    pub fn count(&mut self, passes: [bool; N]) -> bool {
        self.considered += 1;
        for (left, passes) in self.left.iter_mut().zip(passes) {
            if !passes {
                return false;
            }
            *left += 1;
        }
        true
    }

    /// That one certificate was selected in the end, where the last step chooses one of several.
    pub fn keep_one(&mut self) {
        if let Some(last) = self.left.last_mut() {
            *last = (*last).min(1);
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.considered += other.considered;
        for (left, more) in self.left.iter_mut().zip(other.left) {
            *left += more;
        }
    }

    /// The counts, as they are written.
    pub fn counts(&self) -> FunnelCounts {
        let steps = self.steps.iter().zip(self.left);
        FunnelCounts {
            considered: self.considered,
            steps: steps.map(|(step, left)| StepCount { step: step.name, title: step.title, left }).collect(),
        }
    }
}

/// The counts of a selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct FunnelCounts {
    /// How many certificates there were before the first step.
    pub considered: u64,
    /// What each step left.
    pub steps: Vec<StepCount>,
}

/// The count of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct StepCount {
    /// The step's name.
    pub step: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// How many certificates it left.
    pub left: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_counts_what_the_steps_before_left() {
        let mut funnel = Funnel::connection_point();
        assert!(funnel.count([true; 4]));
        assert!(!funnel.count([true, true, false, true]));
        assert!(!funnel.count([true, false, true, true]));
        assert!(!funnel.count([false, true, true, true]));
        let counts = funnel.counts();
        assert_eq!(counts.considered, 4);
        assert_eq!(counts.steps.iter().map(|step| step.left).collect::<Vec<_>>(), [3, 2, 1, 1]);
        assert_eq!(counts.steps[1].step, "allowed-root");
    }

    #[test]
    fn threads_add_up_and_the_last_step_keeps_one() {
        let (mut one, mut two) = (Funnel::client(), Funnel::client());
        one.count([true; 6]);
        two.count([true; 6]);
        two.count([true, true, false, true, true, true]);
        one.merge(&two);
        one.keep_one();
        assert_eq!(one.counts().considered, 3);
        assert_eq!(one.counts().steps.iter().map(|step| step.left).collect::<Vec<_>>(), [3, 3, 2, 2, 2, 1]);
    }
}
