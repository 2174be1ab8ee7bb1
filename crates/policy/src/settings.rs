//! Which build settings a Go binary can show.
//!
//! From Go 1.26, `cmd/go/internal/load/pkg.go`, `setBuildInfo`, and `cmd/go/internal/cfg/cfg.go`,
//! `GetArchEnv`. A rule on a setting that no binary records could never be met, or worse, would be
//! met by its absence: it is refused when the policy loads.

use crate::error::{LoadError, Place};
use Recording::{Always, Stamp, WhenSet, WhenSetWithoutTrimpath, WhenTrue, WithCgoWithoutTrimpath};

/// When Go records a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    /// In every binary (of that architecture).
    Always,
    /// Only when it is true: its absence is `false`.
    WhenTrue,
    /// Only when it is set: its absence is the empty text.
    WhenSet,
    /// Only when it is set, and never in a binary built with `-trimpath` (golang/go#52372).
    WhenSetWithoutTrimpath,
    /// Only when cgo is enabled, and never in a binary built with `-trimpath`.
    WithCgoWithoutTrimpath,
    /// Only when Go stamped the binary from a version control system.
    Stamp,
}

impl Recording {
    /// When this setting is recorded. `None` for one that is never.
    pub(crate) fn of(setting: &str) -> Option<Self> {
        RECORDED.iter().find(|(name, _)| *name == setting).map(|(_, recording)| *recording)
    }
}

/// Checks that a setting can be known from a binary.
///
/// `with_trimpath` says that the same policy wants `-trimpath`.
///
/// # Errors
/// [`LoadError::UnknowableSetting`]; [`LoadError::UnknownKey`] for a name that Go does not have.
pub(crate) fn check(setting: &str, at: Place, with_trimpath: bool) -> Result<(), LoadError> {
    let unknowable =
        |reason| Err(LoadError::UnknowableSetting { at, setting: setting.to_owned(), reason });
    match Recording::of(setting) {
        Some(Recording::WhenSetWithoutTrimpath | Recording::WithCgoWithoutTrimpath)
            if with_trimpath =>
        {
            unknowable("Go leaves it out of binaries that are built with -trimpath")
        }
        Some(_) => Ok(()),
        None if UNRECORDED.contains(&setting) => unknowable("Go does not record it"),
        None => Err(LoadError::UnknownKey {
            at,
            key: setting.to_owned(),
            wanted: RECORDED.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }),
    }
}

const RECORDED: [(&str, Recording); 36] = [
    ("-asan", WhenTrue),
    ("-asmflags", WhenSet),
    ("-buildmode", Always),
    ("-compiler", Always),
    ("-cover", WhenTrue),
    ("-gccgoflags", WhenSet),
    ("-gcflags", WhenSet),
    ("-ldflags", WhenSetWithoutTrimpath),
    ("-msan", WhenTrue),
    ("-pgo", WhenSet),
    ("-race", WhenTrue),
    ("-tags", WhenSet),
    ("-trimpath", WhenTrue),
    ("DefaultGODEBUG", WhenSet),
    ("CGO_ENABLED", Always),
    ("CGO_CFLAGS", WithCgoWithoutTrimpath),
    ("CGO_CPPFLAGS", WithCgoWithoutTrimpath),
    ("CGO_CXXFLAGS", WithCgoWithoutTrimpath),
    ("CGO_LDFLAGS", WithCgoWithoutTrimpath),
    ("GO386", Always),
    ("GOAMD64", Always),
    ("GOARCH", Always),
    ("GOARM", Always),
    ("GOARM64", Always),
    ("GOEXPERIMENT", WhenSet),
    ("GOFIPS140", WhenSet),
    ("GOMIPS", Always),
    ("GOMIPS64", Always),
    ("GOOS", Always),
    ("GOPPC64", Always),
    ("GORISCV64", Always),
    ("GOWASM", Always),
    ("vcs", Stamp),
    ("vcs.modified", Stamp),
    ("vcs.revision", Stamp),
    ("vcs.time", Stamp),
];

/// Flags and variables of `go build` that change what is built and that no binary records.
const UNRECORDED: [&str; 23] = [
    "-a",
    "-buildid",
    "-buildvcs",
    "-installsuffix",
    "-linkshared",
    "-mod",
    "-modcacherw",
    "-modfile",
    "-overlay",
    "-pkgdir",
    "-s",
    "-toolexec",
    "-w",
    "CC",
    "CGO_FFLAGS",
    "CXX",
    "GOFLAGS",
    "GONOSUMDB",
    "GOPRIVATE",
    "GOPROXY",
    "GOSUMDB",
    "GOTOOLCHAIN",
    "GOWORK",
];
