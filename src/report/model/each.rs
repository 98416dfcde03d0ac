//! A list of records that are made one at a time while they are written, so that ten thousand never stand in memory at once.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// Items, and how a record is made of each.
pub struct Each<'a, T, R> {
    items: &'a [T],
    make: Box<dyn Fn(&'a T) -> R + 'a>,
}

impl<'a, T, R> Each<'a, T, R> {
    /// Of these items, by this function.
    pub fn new(items: &'a [T], make: impl Fn(&'a T) -> R + 'a) -> Self {
        Self { items, make: Box::new(make) }
    }

    /// The records, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = R> + use<'_, 'a, T, R> {
        self.items.iter().map(|item| (self.make)(item))
    }
}

impl<T, R> std::fmt::Debug for Each<'_, T, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Each({})", self.items.len())
    }
}

impl<T, R: Serialize> Serialize for Each<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<T, R: JsonSchema> JsonSchema for Each<'_, T, R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<R>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<R>::json_schema(generator)
    }
}
