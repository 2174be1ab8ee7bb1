use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A module as the binary names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// Module path, case kept.
    pub path: String,
    /// Version as recorded: a tag, a pseudo-version, `(devel)` or, rarely, nothing.
    pub version: String,
    /// Hash of the module's content from `go.sum`. Absent with `-mod=vendor`, for `(devel)`
    /// modules, and on a module that is replaced (its replacement has one).
    pub sum: Option<ModuleSum>,
    /// What was built in its place, after a `replace` directive.
    pub replace: Option<Box<Module>>,
}

impl Module {
    /// A module without sum and replacement.
    pub fn new(path: impl Into<String>, version: impl Into<String>) -> Self {
        Self { path: path.into(), version: version.into(), sum: None, replace: None }
    }

    /// The module whose source was compiled: the replacement where there is one.
    pub fn effective(&self) -> &Module {
        self.replace.as_deref().unwrap_or(self)
    }

    /// The version, or `None` where Go knew none (`(devel)` or nothing).
    pub fn known_version(&self) -> Option<&str> {
        known_version(&self.version)
    }

    /// Whether [`path`](Self::path) is a folder of the build machine, as after
    /// `replace example.com/a => ../a`.
    ///
    /// Go's rule: a replacement path that starts with `./` or `../`, or is absolute (also as
    /// Windows writes it).
    pub fn is_local_folder(&self) -> bool {
        let path = self.path.as_bytes();
        matches!(path, b"." | b"..")
            || path.starts_with(b"./")
            || path.starts_with(b"../")
            || path.starts_with(b".\\")
            || path.starts_with(b"..\\")
            || path.starts_with(b"/")
            || path.starts_with(b"\\")
            || matches!(path, [drive, b':', b'/' | b'\\', ..] if drive.is_ascii_alphabetic())
    }
}

/// `None` for the two ways in which Go says that it does not know a version.
pub(crate) fn known_version(version: &str) -> Option<&str> {
    (!matches!(version, "" | "(devel)")).then_some(version)
}

/// A sum as `go.sum` has it: `h1:` and the base64 of a SHA-256.
///
/// It is a hash over the names and hashes of all files of a module (`dirhash.Hash1`), not the
/// hash of any file. A text in another form is kept and has no [`h1`](Self::h1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleSum(String);

impl ModuleSum {
    /// Takes the text as it stands.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for example `h1:…=`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 32 bytes of an `h1` sum; `None` for any other text.
    pub fn h1(&self) -> Option<[u8; 32]> {
        let encoded = self.0.strip_prefix("h1:")?;
        STANDARD.decode(encoded).ok()?.try_into().ok()
    }

    /// The `h1` sum with these 32 bytes.
    pub fn from_h1(digest: &[u8; 32]) -> Self {
        Self(format!("h1:{}", STANDARD.encode(digest)))
    }
}

impl fmt::Debug for ModuleSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ModuleSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
