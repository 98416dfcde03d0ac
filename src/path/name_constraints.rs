//! Name constraints (RFC 5280 section 4.2.1.10): whether the names of a certificate lie within what a CA above it permits.

mod keys;

use std::collections::{HashMap, HashSet};

use crate::abridged::abridged;
use crate::certificate::extensions::Subtree;
use crate::certificate::{Certificate, Decoded, GeneralName, oid};
use crate::path::graph::NodeId;
use crate::path::trace::{Check, Failure};
use crate::path::windows;

/// How many comparisons of a name with the constraints of a CA one certificate may cost, under all CAs above it: a thousand CAs with
/// constraints above a certificate with a thousand names are an attack, not a hierarchy.
const COMPARISONS: usize = 250_000;
/// How many bytes are looked up in one comparison; more of them count as more comparisons.
const COMPARED: usize = 128;

/// What has been compared for one certificate, or for the CAs above one. Many paths go over the same CAs, so that what came of it is
/// kept, and what it costs is limited for all of them together.
#[derive(Debug, Default)]
pub(crate) struct Comparisons {
    known: HashMap<(Option<NodeId>, NodeId), Result<(), Failure>>,
    spent: Spent,
}

impl Comparisons {
    /// Whether every name of `certificate` satisfies the constraints of the CA `above` it; `below` is the certificate's own place where it
    /// is a CA of the graph.
    pub(crate) fn check(
        &mut self,
        certificate: &Certificate,
        below: Option<NodeId>,
        constraints: &Constraints,
        above: NodeId,
    ) -> Result<(), Failure> {
        self.known.entry((below, above)).or_insert_with(|| constraints.check(certificate, &mut self.spent)).clone()
    }
}

/// The comparisons made so far.
#[derive(Debug, Default)]
pub(crate) struct Spent(usize);

impl Spent {
    fn spend(&mut self, comparisons: usize) -> Result<(), Failure> {
        self.0 = self.0.saturating_add(comparisons);
        if self.0 > COMPARISONS {
            return Err(Failure::new(Check::Budget, format!("at most {COMPARISONS} comparisons of names"), "more"));
        }
        Ok(())
    }
}

/// What a CA permits and excludes, read once for all certificates below it.
#[derive(Debug)]
pub(crate) struct Constraints {
    /// The CA, in messages.
    by: String,
    /// Why they cannot be read, or those of each form of names.
    forms: Result<HashMap<Form, OfForm>, String>,
}

impl Constraints {
    pub(crate) fn of(ca: &Certificate) -> Self {
        let by = ca.short_subject().into_owned();
        let constraints = match ca.name_constraints() {
            Decoded::Absent => Default::default(),
            Decoded::Present(constraints) => constraints,
            Decoded::Malformed(error) => return Self { by, forms: Err(error.to_string()) },
        };
        let mut forms: HashMap<Form, OfForm> = HashMap::new();
        for subtree in constraints.excluded.iter().flatten() {
            forms.entry(form(&subtree.base)).or_default().exclude(subtree);
        }
        for subtree in constraints.permitted.iter().flatten() {
            forms.entry(form(&subtree.base)).or_default().permit(subtree);
        }
        Self { by, forms: Ok(forms) }
    }

    /// Whether every name of `certificate` satisfies them.
    ///
    /// Of an end-entity certificate without DNS names, a common name that reads as one is held to DNS constraints too, as OpenSSL,
    /// GnuTLS and Windows hold it: such a name is still matched as a host's.
    pub(crate) fn check(&self, certificate: &Certificate, spent: &mut Spent) -> Result<(), Failure> {
        // Where nothing is left, not even the names are read.
        spent.spend(0)?;
        let forms = self.forms.as_ref().map_err(|error| {
            Failure::new(Check::NameConstraints, "name constraints that can be read", error.clone())
        })?;
        let mut one = |name: &GeneralName<'_>| match forms.get(&form(name)) {
            Some(constraints) => constraints.check(name, &self.by, spent),
            None => Ok(()),
        };

        let subject = certificate.subject();
        if !subject.is_empty() {
            one(&GeneralName::Directory(subject))?;
        }
        let alternatives = match certificate.subject_alternative_names() {
            Decoded::Present(names) => names,
            Decoded::Absent => Vec::new(),
            Decoded::Malformed(error) => {
                return Err(Failure::new(
                    Check::Extension,
                    "a well-formed subject alternative name",
                    error.to_string(),
                ));
            }
        };
        for name in &alternatives {
            one(name)?;
        }
        // "When a certificate has no rfc822Name in its alternative names, constraints on e-mail addresses apply to the
        // emailAddress attribute of the subject."
        if !alternatives.iter().any(|name| matches!(name, GeneralName::Email(_))) {
            for attribute in subject.attributes().filter(|attribute| attribute.oid() == oid::EMAIL_ADDRESS) {
                one(&GeneralName::Email(attribute.text().as_bytes()))?;
            }
        }
        let is_named = alternatives.iter().any(|name| matches!(name, GeneralName::Dns(_)));
        if !is_named && certificate.is_end_entity() {
            for attribute in subject.attributes().filter(|attribute| attribute.oid() == oid::COMMON_NAME) {
                let text = attribute.text();
                if text.contains('.') && keys::is_host(&text) && text.parse::<std::net::Ipv4Addr>().is_err() {
                    one(&GeneralName::Dns(text.as_bytes()))?;
                }
            }
        }
        Ok(())
    }
}

/// What a CA says of one form of names.
#[derive(Debug, Default)]
struct OfForm {
    /// What a name must not be, and which of the excluded subtrees says so, by the key that such a name has.
    excluded: HashMap<Vec<u8>, (&'static str, usize)>,
    permitted: HashSet<Vec<u8>>,
    /// The excluded subtrees, as they are told.
    bases: Vec<String>,
    first_permitted: Vec<String>,
    /// The first subtree of a form or with a distance that is not processed.
    not_processed: Option<String>,
}

impl OfForm {
    fn exclude(&mut self, subtree: &Subtree<'_>) {
        let Some((key, base)) = self.process(subtree) else { return };
        if let Some(wildcard) = keys::of_wildcard_within(&subtree.base) {
            self.excluded.entry(wildcard).or_insert(("no wildcard that can stand for a name within", self.bases.len()));
        }
        self.excluded.entry(key).or_insert(("no name within", self.bases.len()));
        self.bases.push(base);
    }

    fn permit(&mut self, subtree: &Subtree<'_>) {
        /// More are told in no message.
        const TOLD: usize = 5;
        let Some((key, base)) = self.process(subtree) else { return };
        if self.permitted.insert(key) && self.first_permitted.len() < TOLD {
            self.first_permitted.push(base);
        }
    }

    /// The key of a subtree, and its name in messages.
    fn process(&mut self, subtree: &Subtree<'_>) -> Option<(Vec<u8>, String)> {
        let base = abridged(subtree.base.to_string()).into_owned();
        let key = keys::of_subtree(&subtree.base).filter(|_| !subtree.has_distances);
        let Some(key) = key else {
            self.not_processed.get_or_insert(base);
            return None;
        };
        Some((key, base))
    }

    fn has_one_subtree(&self) -> bool {
        self.excluded.len() + self.permitted.len() == 1
    }

    /// Whether a name satisfies what is said of its form `by` a CA.
    fn check(&self, name: &GeneralName<'_>, by: &str, spent: &mut Spent) -> Result<(), Failure> {
        let refuse = |expected: String| Failure::new(Check::NameConstraints, expected, name.to_string());
        // "the application MUST either process this constraint or reject the certificate."
        if let Some(base) = &self.not_processed {
            let refused = refuse(format!("a constraint that can be judged, not {base}, by {by}"));
            let is_upn = matches!(name, GeneralName::Other { oid, .. } if *oid == oid::MS_USER_PRINCIPAL_NAME);
            return Err(if is_upn { refused.differing(&windows::UPN) } else { refused });
        }
        spent.spend(1)?;
        let (mut is_permitted, mut compared) = (false, 0);
        let can_be_judged = keys::of_name(name, |key| {
            compared += key.len();
            spent.spend(compared / COMPARED)?;
            compared %= COMPARED;
            if let Some((what, base)) = self.excluded.get(key) {
                return Err(refuse(format!("{what} {}, excluded by {by}", self.bases[*base])));
            }
            is_permitted |= self.permitted.contains(key);
            Ok(())
        })?;
        let permitted = || self.first_permitted.join(" or ");
        if !(can_be_judged || is_permitted && self.has_one_subtree()) {
            let base = self.bases.first().cloned().unwrap_or_else(permitted);
            return Err(refuse(format!("a name that can be held against {base}, a constraint of {by}")));
        }
        if !is_permitted && !self.permitted.is_empty() {
            return Err(refuse(format!("a name within {}, permitted by {by}", permitted())));
        }
        Ok(())
    }
}

/// A form of names by the number of its tag. Of `otherName` each type is a form of its own.
type Form = (u8, Vec<u8>);

fn form(name: &GeneralName<'_>) -> Form {
    match name {
        GeneralName::Other { oid, .. } => (0, oid.to_vec()),
        GeneralName::Email(_) => (1, Vec::new()),
        GeneralName::Dns(_) => (2, Vec::new()),
        GeneralName::Directory(_) => (4, Vec::new()),
        GeneralName::Uri(_) => (6, Vec::new()),
        GeneralName::Ip(_) => (7, Vec::new()),
        GeneralName::RegisteredId(_) => (8, Vec::new()),
        GeneralName::Unread(number, _) => (*number, Vec::new()),
    }
}
