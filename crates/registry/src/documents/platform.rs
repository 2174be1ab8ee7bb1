use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a child of an index runs on: image-spec, `image-index.md`, "platform".
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system, as Go names it: `linux`.
    pub os: String,
    /// The architecture, as Go names it: `arm64`.
    pub architecture: String,
    /// Its variant: `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The version of the operating system, which Windows images have.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Whether this is one of those that `wanted` means: what `wanted` leaves out may be anything.
    pub fn is(&self, wanted: &Platform) -> bool {
        let same = |mine: &Option<String>, wanted: &Option<String>| {
            wanted.is_none() || mine.as_deref().unwrap_or("") == wanted.as_deref().unwrap_or("")
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && same(&self.variant, &wanted.variant)
            && same(&self.os_version, &wanted.os_version)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        match &self.os_version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

/// A text that is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, wanted a platform such as linux/amd64 or linux/arm/v7")]
pub struct NotAPlatform {
    /// The text.
    pub found: String,
}

impl FromStr for Platform {
    type Err = NotAPlatform;

    /// Reads `os/architecture`, `os/architecture/variant`, and either with `:version` after it.
    fn from_str(text: &str) -> Result<Self, NotAPlatform> {
        let wrong = || NotAPlatform { found: text.chars().take(80).collect() };
        let (rest, os_version) = match text.split_once(':') {
            Some((rest, version)) => (rest, Some(version.to_owned())),
            None => (text, None),
        };
        let parts: Vec<_> = rest.split('/').map(ToOwned::to_owned).collect();
        if parts.iter().any(String::is_empty) || os_version.as_deref() == Some("") {
            return Err(wrong());
        }
        let (os, architecture, variant) = match <[String; 3]>::try_from(parts) {
            Ok([os, architecture, variant]) => (os, architecture, Some(variant)),
            Err(parts) => {
                let [os, architecture] = <[String; 2]>::try_from(parts).map_err(|_| wrong())?;
                (os, architecture, None)
            }
        };
        Ok(Platform { os, architecture, variant, os_version })
    }
}
