//! What the Go linker wrote into the binary: toolchain, main package, modules, build settings.
//!
//! The format is that of Go's `debug/buildinfo` and `runtime/debug` packages. Two things are kept
//! apart on purpose. The Go version and the module list are stored as two strings, and either can
//! be missing or broken alone; so [`BuildInfo::modules`] returns a `Result`, and "there are no
//! dependencies" is never what a caller sees when the list could not be read.

pub(crate) mod blob;
pub(crate) mod frame;
mod go_version;
mod module;
mod parse;
mod quote;

pub use go_version::{GoRelease, GoVersion, Prerelease};
pub(crate) use module::known_version;
pub use module::{Module, ModuleSum};
pub use parse::LineFault;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The build information of one binary.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildInfo {
    go_version: Option<GoVersion>,
    modules: Result<ModuleInfo, ModulesUnavailable>,
    raw_modules: Vec<u8>,
}

impl BuildInfo {
    /// Puts build information together from the two texts that Go keeps.
    ///
    /// `go_version` is what `runtime.Version()` returns; `None` says that it could not be found.
    /// `modules` is the text `debug.BuildInfo.String` gives without its `go` line, in the form
    /// the linker stores (without the two 16-byte frames); empty means that there is none.
    ///
    /// # Errors
    /// [`Error::LimitReached`]: the text exceeds `limits`. A malformed text is not an error here:
    /// it is what [`modules`](Self::modules) then returns.
    pub fn from_text(
        go_version: Option<&str>,
        modules: &[u8],
        limits: &crate::Limits,
    ) -> Result<Self, Error> {
        let parsed = if modules.is_empty() {
            Err(ModulesUnavailable::Absent)
        } else {
            parse::parse(modules, limits)?
                .map_err(|(line, fault)| ModulesUnavailable::Malformed { line, fault })
        };
        Ok(Self {
            go_version: go_version.map(GoVersion::new),
            modules: parsed,
            raw_modules: modules.to_vec(),
        })
    }

    pub(crate) fn with_unreadable_modules(
        go_version: &str,
        reason: ModulesUnavailable,
        raw: Vec<u8>,
    ) -> Self {
        Self::unreadable(Some(go_version), reason, raw)
    }

    pub(crate) fn unreadable(
        go_version: Option<&str>,
        reason: ModulesUnavailable,
        raw: Vec<u8>,
    ) -> Self {
        Self { go_version: go_version.map(GoVersion::new), modules: Err(reason), raw_modules: raw }
    }

    /// The toolchain that built the binary.
    ///
    /// `None` where only the module list was recovered: from a file without the build information
    /// header that names no version elsewhere.
    pub fn go_version(&self) -> Option<&GoVersion> {
        self.go_version.as_ref()
    }

    /// Main package, modules and settings.
    ///
    /// # Errors
    /// Why they cannot be known although the Go version can.
    pub fn modules(&self) -> Result<&ModuleInfo, ModulesUnavailable> {
        self.modules.as_ref().map_err(Clone::clone)
    }

    /// The module text as it stands in the binary, without its 16-byte frames.
    pub fn raw_modules(&self) -> &[u8] {
        &self.raw_modules
    }
}

impl fmt::Debug for BuildInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildInfo")
            .field("go_version", &self.go_version)
            .field("modules", &self.modules)
            .finish_non_exhaustive()
    }
}

/// Where the build information of an image was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BuildInfoSource {
    /// The linker's header with the Go version and the modules behind it: Go 1.18 and later.
    Header,
    /// The linker's header with the addresses of both: Go 1.13 to 1.17.
    AddressHeader,
    /// The runtime's copy of the module text, in a file without a header that can be read: always
    /// in WebAssembly, elsewhere a sign that somebody removed or damaged the header. The Go
    /// version is then known only if the container names it.
    ModuleFrames,
    /// The container names the Go version, and there is no module text.
    Container,
}

/// The parsed module text of a binary.
///
/// Bytes that are not UTF-8 appear as `\xNN` in every text here; the raw bytes are in
/// [`BuildInfo::raw_modules`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleInfo {
    /// Import path of the main package; `command-line-arguments` after `go build file.go`.
    pub path: String,
    /// The module that holds the main package. Absent after `go build file.go` and in `GOPATH`
    /// builds.
    pub main: Option<Module>,
    /// Every module that has a package in the import graph, in the order of the binary (sorted by
    /// path).
    pub deps: Vec<Module>,
    /// Build settings in the order of the binary.
    pub settings: Vec<Setting>,
}

/// One `build` line: for example `-trimpath=true`, `GOOS=linux`, `vcs.revision=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Name of the flag, environment variable or stamp.
    pub key: String,
    /// Its value, unquoted.
    pub value: String,
}

impl ModuleInfo {
    /// The value of a build setting, or `None` if the binary does not record it.
    ///
    /// A key that is recorded twice (Go never does) has the value of its last line.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .rev()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.as_str())
    }

    /// Version control system of the stamp, for example `git`.
    pub fn vcs(&self) -> Option<&str> {
        self.setting("vcs")
    }

    /// Revision stamped into the binary, for git the full commit id.
    pub fn vcs_revision(&self) -> Option<&str> {
        self.setting("vcs.revision")
    }

    /// Time of that revision, as stamped (RFC 3339).
    ///
    /// `None` if there is no stamp or if it is not a timestamp.
    pub fn vcs_time(&self) -> Option<jiff::Timestamp> {
        self.setting("vcs.time")?.parse().ok()
    }

    /// Whether the working tree differed from that revision.
    ///
    /// `None` if there is no stamp, or if it is neither `true` nor `false`.
    pub fn vcs_modified(&self) -> Option<bool> {
        match self.setting("vcs.modified")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The main package's path below its module: `cmd/x` for `example.com/app/cmd/x` in
    /// `example.com/app`. `None` if the main package is the module's root or has no module.
    pub fn main_subpath(&self) -> Option<&str> {
        let main = self.main.as_ref()?;
        let rest = self.path.strip_prefix(&main.path)?;
        rest.strip_prefix('/').filter(|rest| !rest.is_empty())
    }
}

/// Why a binary with a Go version has no readable module list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModulesUnavailable {
    /// The binary says nothing about modules: a `GOPATH` build without them, or one of another
    /// build system (Bazel before its Go rules 0.31, for instance).
    #[error("the binary has no module list")]
    Absent,
    /// There are bytes in the place of the module text, but not between the frames Go writes.
    #[error("the module list has no frame: {len} bytes, wanted 16 bytes, lines, 16 bytes")]
    Unframed {
        /// How many bytes were found.
        len: usize,
    },
    /// The module text points outside the file (Go 1.13 to 1.17 stored it by address).
    #[error("the module list lies outside the file, at address {address:#x}")]
    Unreachable {
        /// The address that no segment holds.
        address: u64,
    },
    /// A line of the module text is not as Go writes it.
    #[error("module list malformed at line {line}: {fault}")]
    Malformed {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
}
