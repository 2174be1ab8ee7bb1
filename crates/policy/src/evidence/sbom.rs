//! An SBOM as policies look at it.

use std::fmt;

use chainsign_gosbom::diff::ModuleSet;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// What an SBOM lists.
#[derive(Debug)]
pub(crate) struct Sbom {
    /// Components (CycloneDX, at any depth) or packages (SPDX), without what the document
    /// describes.
    pub(crate) components: usize,
    /// Its Go modules, or why they cannot be read.
    pub(crate) modules: Result<ModuleSet, String>,
}

impl Sbom {
    /// Reads CycloneDX or SPDX 2 in JSON. The statement that carried it bounds its size, nesting
    /// and keys.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let outline: Outline = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let components = if outline.bom_format.as_deref() == Some("CycloneDX") {
            outline.components.0
        } else if outline.spdx_version.is_some_and(|version| version.starts_with("SPDX-2.")) {
            // The package that the document describes is one of them.
            outline.packages.0.saturating_sub(1)
        } else {
            return Err("neither a CycloneDX nor an SPDX 2 document".to_owned());
        };
        let modules = ModuleSet::from_sbom(json).map_err(|error| error.to_string());
        Ok(Sbom { components, modules })
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    bom_format: Option<String>,
    #[serde(default)]
    components: Count,
    spdx_version: Option<String>,
    #[serde(default)]
    packages: Count,
}

/// How many elements a list has, with those of the lists inside that are called `components`.
#[derive(Clone, Copy, Default)]
struct Count(usize);

#[derive(serde::Deserialize)]
struct Element {
    #[serde(default)]
    components: Count,
}

impl<'de> Deserialize<'de> for Count {
    /// Recursion is bounded by the nesting that was allowed when the statement was parsed.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count(0))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                let mut count = 0_usize;
                while let Some(Element { components }) = seq.next_element()? {
                    count = count.saturating_add(1).saturating_add(components.0);
                }
                Ok(Count(count))
            }
        }
        deserializer.deserialize_any(Elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(json: &str) -> Result<usize, String> {
        Sbom::parse(json.as_bytes()).map(|sbom| sbom.components)
    }

    #[test]
    fn components_count_at_any_depth() {
        let json = r#"{"bomFormat":"CycloneDX","metadata":{"component":{"name":"x"}},
            "components":[{"name":"a","components":[{"name":"b"},{"name":"c"}]},{"name":"d"}]}"#;
        assert_eq!(count(json), Ok(4));
        assert_eq!(count(r#"{"bomFormat":"CycloneDX"}"#), Ok(0));
        assert_eq!(count(r#"{"spdxVersion":"SPDX-2.3","packages":[{},{},{}]}"#), Ok(2));
        let wanted = "neither a CycloneDX nor an SPDX 2 document".to_owned();
        assert_eq!(count(r#"{"components":[{}]}"#), Err(wanted));
    }
}
