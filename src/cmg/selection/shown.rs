//! The CA of `--issuer` as it is told in a message.

use std::fmt;

use crate::certificate::general_name::{hex, upper_hex};
use crate::cmg::names::attribute_key;
use crate::cmg::selection::{Issuer, RootAttributes};

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Thumbprint(thumbprint) => f.write_str(&upper_hex(thumbprint)),
            Self::Sha256(sha256) => f.write_str(&hex(sha256)),
            Self::Attributes(attributes) => attributes.fmt(f),
            Self::Roots(roots) => {
                for (place, root) in roots.iter().enumerate() {
                    let separator = if place == 0 { "" } else { " | " };
                    write!(f, "{separator}{root}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for RootAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (kind, value)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{}={value}", attribute_key(kind.as_bytes()))?;
        }
        Ok(())
    }
}
