//! What was read from a binary, in a form that can be kept and read back.
//!
//! The types derive their forms where they stand; here are those that need one of their own. What
//! is read back is equal to what was kept, with two exceptions that [`Error::Recorded`] and
//! [`GoSlice`](crate::GoSlice) tell: an error that says "we could not find out" keeps its words only,
//! and a slice no longer knows where in the file more could be read.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{BuildInfo, Container, Error, GoSign, Limits, ModulesUnavailable, Packer};

/// Bytes: as text where they are text, else in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Bytes {
    Text(String),
    Hex(String),
}

/// For `#[serde(with)]`.
pub(crate) mod bytes {
    use super::{Bytes, Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Bytes::from(bytes).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        Bytes::deserialize(deserializer)?.into_bytes().map_err(serde::de::Error::custom)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Hex(hex::encode(bytes)),
        }
    }
}

impl Bytes {
    fn into_bytes(self) -> Result<Vec<u8>, hex::FromHexError> {
        match self {
            Bytes::Text(text) => Ok(text.into_bytes()),
            Bytes::Hex(text) => hex::decode(text),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredBuildInfo {
    go_version: Option<String>,
    modules: Bytes,
    /// Why the text is not read, where that cannot be told from it.
    unreadable: Option<Unreadable>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Unreadable {
    Absent,
    Unframed { len: usize },
    Unreachable { address: u64 },
}

impl Serialize for BuildInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unreadable = match self.modules() {
            Ok(_) | Err(ModulesUnavailable::Malformed { .. }) => None,
            Err(ModulesUnavailable::Absent) => Some(Unreadable::Absent),
            Err(ModulesUnavailable::Unframed { len }) => Some(Unreadable::Unframed { len }),
            Err(ModulesUnavailable::Unreachable { address }) => {
                Some(Unreadable::Unreachable { address })
            }
        };
        let stored = StoredBuildInfo {
            go_version: self.go_version().map(|version| version.as_str().to_owned()),
            modules: self.raw_modules().into(),
            unreadable,
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BuildInfo {
    /// The module text is parsed anew, within the default limits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredBuildInfo::deserialize(deserializer)?;
        let modules = stored.modules.into_bytes().map_err(de::Error::custom)?;
        let version = stored.go_version;
        let reason = match stored.unreadable {
            None => {
                let info = Self::from_text(version.as_deref(), &modules, &Limits::default());
                return info.map_err(de::Error::custom);
            }
            Some(Unreadable::Absent) => ModulesUnavailable::Absent,
            Some(Unreadable::Unframed { len }) => ModulesUnavailable::Unframed { len },
            Some(Unreadable::Unreachable { address }) => {
                ModulesUnavailable::Unreachable { address }
            }
        };
        Ok(Self::unreadable(version.as_deref(), reason, modules))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum StoredError {
    NotExecutable { start: Bytes },
    NotGo { container: Container },
    NoBuildInfo { container: Container, sign: GoSign },
    Packed { container: Container, packer: Packer },
    Garbled { go_version: String },
    Recorded { message: String },
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match self {
            Self::NotExecutable { start } => {
                StoredError::NotExecutable { start: start.as_slice().into() }
            }
            Self::NotGo { container } => StoredError::NotGo { container: *container },
            Self::NoBuildInfo { container, sign } => {
                StoredError::NoBuildInfo { container: *container, sign: *sign }
            }
            Self::Packed { container, packer } => {
                StoredError::Packed { container: *container, packer: *packer }
            }
            Self::Garbled { go_version } => StoredError::Garbled { go_version: go_version.clone() },
            Self::Malformed { .. }
            | Self::LimitReached { .. }
            | Self::Recorded { .. }
            | Self::Io(_) => StoredError::Recorded { message: self.to_string() },
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match StoredError::deserialize(deserializer)? {
            StoredError::NotExecutable { start } => {
                Self::NotExecutable { start: start.into_bytes().map_err(de::Error::custom)? }
            }
            StoredError::NotGo { container } => Self::NotGo { container },
            StoredError::NoBuildInfo { container, sign } => Self::NoBuildInfo { container, sign },
            StoredError::Packed { container, packer } => Self::Packed { container, packer },
            StoredError::Garbled { go_version } => Self::Garbled { go_version },
            StoredError::Recorded { message } => Self::Recorded { message },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limit;

    #[test]
    fn build_information_is_read_back_as_it_was() {
        let limits = Limits::default();
        let text = "path\tx\nmod\tx\tv1\t\nbuild\tCGO_ENABLED=0\n";
        for info in [
            BuildInfo::from_text(Some("go1.26.8"), text.as_bytes(), &limits).unwrap(),
            BuildInfo::from_text(None, b"path\t\xff\n", &limits).unwrap(),
            BuildInfo::from_text(Some("go1.26.8"), b"mod\tx\n", &limits).unwrap(),
            BuildInfo::from_text(Some("go1.26.8"), b"", &limits).unwrap(),
            BuildInfo::unreadable(
                Some("x"),
                ModulesUnavailable::Unframed { len: 3 },
                vec![1, 2, 255],
            ),
            BuildInfo::unreadable(
                Some("x"),
                ModulesUnavailable::Unreachable { address: 9 },
                vec![],
            ),
        ] {
            let stored = serde_json::to_string(&info).unwrap();
            assert_eq!(serde_json::from_str::<BuildInfo>(&stored).unwrap(), info, "{stored}");
        }
    }

    #[test]
    fn errors_keep_their_words_and_what_they_mean() {
        let container = Container::Elf;
        for (error, same) in [
            (Error::NotExecutable { start: b"#!/bin\xff".to_vec() }, true),
            (Error::NotExecutable { start: Vec::new() }, true),
            (Error::NotGo { container }, true),
            (Error::NoBuildInfo { container, sign: GoSign::BuildId }, true),
            (Error::Packed { container, packer: Packer::Upx }, true),
            (Error::Garbled { go_version: "unknown".to_owned() }, true),
            (Error::Malformed { container, part: "a table", offset: 7 }, false),
            (Error::LimitReached { limit: Limit::Headers, found: 9, allowed: 8 }, false),
            (Error::Io(std::io::Error::other("gone")), false),
        ] {
            let stored = serde_json::to_string(&error).unwrap();
            let back: Error = serde_json::from_str(&stored).unwrap();
            assert_eq!(back.to_string(), error.to_string());
            match same {
                true => assert_eq!(format!("{back:?}"), format!("{error:?}")),
                false => assert!(matches!(back, Error::Recorded { .. }), "{stored}"),
            }
            assert_eq!(serde_json::to_string(&back).unwrap(), stored);
        }
    }
}
