//! What layouts and links say (in-toto specification, section 4.3 and 4.4). Unknown fields are ignored; they are
//! signed all the same, because signatures are over the document.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use serde::Deserialize;

use super::rule::ArtifactRule;
use super::{Files, LayoutKey};

/// Who does what.
#[derive(Debug, Deserialize)]
pub(super) struct Layout {
    pub(super) expires: Timestamp,
    /// By the ids under which steps name them.
    pub(super) keys: BTreeMap<String, LayoutKey>,
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) inspect: Vec<Inspection>,
}

/// One step.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) name: String,
    #[serde(default)]
    pub(super) expected_materials: Vec<ArtifactRule>,
    #[serde(default)]
    pub(super) expected_products: Vec<ArtifactRule>,
    /// The ids of the keys that may do it.
    pub(super) pubkeys: Vec<String>,
    #[serde(default)]
    pub(super) expected_command: Vec<String>,
    pub(super) threshold: NonZeroUsize,
}

/// Something that the verifier looks at.
#[derive(Debug, Deserialize)]
pub(super) struct Inspection {
    pub(super) name: String,
    #[serde(default)]
    pub(super) expected_materials: Vec<ArtifactRule>,
    #[serde(default)]
    pub(super) expected_products: Vec<ArtifactRule>,
    pub(super) run: Vec<String>,
}

/// What was recorded of one step.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) materials: Files,
    pub(super) products: Files,
    #[serde(default)]
    pub(super) command: Vec<String>,
}

impl Link {
    pub(super) fn says_the_same(&self, other: &Link) -> bool {
        self.materials == other.materials && self.products == other.products
    }
}
