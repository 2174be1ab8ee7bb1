//! What the container itself shows, independent of what the build information claims.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Facts read from the headers of one executable.
///
/// `None` means that the format cannot say, never "no".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BinaryFacts {
    /// Operating system the file is made for.
    pub os: Option<Os>,
    /// Processor the file is made for.
    pub arch: Option<Arch>,
    /// Program, library or object.
    pub kind: Option<Kind>,
    /// Whether it runs without a loader and without libraries.
    pub linkage: Linkage,
    /// Whether it is a position-independent executable.
    pub pie: Option<bool>,
    /// Whether symbol table and debug information are gone.
    pub stripped: Option<bool>,
    /// Which relocated data becomes read-only after start-up (ELF only).
    pub relro: Option<Relro>,
    /// Whether all symbols are bound at start-up (`DF_BIND_NOW`, `DF_1_NOW`; ELF only).
    pub bind_now: Option<bool>,
    /// Whether the file asks for an executable stack. In PE: whether it is not marked as
    /// compatible with data execution prevention. `None` also where an ELF file says nothing and
    /// the kernel decides.
    pub executable_stack: Option<bool>,
    /// Go's build id: action ids and content ids, joined by `/`. Absent after
    /// `-ldflags=-buildid=`.
    pub go_build_id: Option<String>,
    /// The linker's identifier: the GNU build id note of ELF, the UUID of Mach-O.
    pub link_id: Option<Vec<u8>>,
    /// Whether a code signature is embedded (Mach-O and PE). It is **not verified** here.
    pub code_signature: Option<CodeSignature>,
}

/// How much of the relocated data is read-only (ELF).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Relro {
    /// None of it.
    Absent,
    /// All but the table of lazily bound functions.
    Partial,
    /// All of it; every symbol is bound at start-up.
    Full,
}

/// An embedded code signature, present but not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CodeSignature {
    /// There is none.
    Absent,
    /// Hashes only, as Go's own linker adds for macOS on arm64; says nothing about who made it.
    AdHoc,
    /// A signature with a certificate: Authenticode, or a Mach-O signature with a CMS blob.
    Certificate,
}

/// An operating system, named as `GOOS` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are GOOS values")]
pub enum Os {
    Aix,
    Android,
    Darwin,
    Dragonfly,
    Freebsd,
    Illumos,
    Ios,
    Js,
    Linux,
    Netbsd,
    Openbsd,
    Plan9,
    Solaris,
    Wasip1,
    Windows,
}

impl Os {
    /// The `GOOS` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aix => "aix",
            Self::Android => "android",
            Self::Darwin => "darwin",
            Self::Dragonfly => "dragonfly",
            Self::Freebsd => "freebsd",
            Self::Illumos => "illumos",
            Self::Ios => "ios",
            Self::Js => "js",
            Self::Linux => "linux",
            Self::Netbsd => "netbsd",
            Self::Openbsd => "openbsd",
            Self::Plan9 => "plan9",
            Self::Solaris => "solaris",
            Self::Wasip1 => "wasip1",
            Self::Windows => "windows",
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A processor, named as `GOARCH` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are GOARCH values")]
pub enum Arch {
    I386,
    Amd64,
    Arm,
    Arm64,
    Loong64,
    Mips,
    Mipsle,
    Mips64,
    Mips64le,
    Ppc64,
    Ppc64le,
    Riscv64,
    S390x,
    Wasm,
}

impl Arch {
    /// The `GOARCH` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::I386 => "386",
            Self::Amd64 => "amd64",
            Self::Arm => "arm",
            Self::Arm64 => "arm64",
            Self::Loong64 => "loong64",
            Self::Mips => "mips",
            Self::Mipsle => "mipsle",
            Self::Mips64 => "mips64",
            Self::Mips64le => "mips64le",
            Self::Ppc64 => "ppc64",
            Self::Ppc64le => "ppc64le",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::Wasm => "wasm",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a file is to the loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Kind {
    /// A program.
    Executable,
    /// A shared library or plug-in (`-buildmode=c-shared`, `plugin`).
    SharedLibrary,
    /// An object file, to be linked (`-buildmode=c-archive`).
    Object,
}

/// What a program needs from the system it starts on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Linkage {
    /// The headers do not tell.
    #[default]
    Unknown,
    /// Nothing: neither an interpreter nor a library.
    Static,
    /// A loader, libraries, or both.
    Dynamic {
        /// The program loader (`PT_INTERP`, `LC_LOAD_DYLINKER`). A Go PIE built without cgo names
        /// one although it needs no library, and does not start where it is missing.
        interpreter: Option<String>,
        /// Libraries in the order of the file (`DT_NEEDED`, `LC_LOAD_DYLIB`, PE imports).
        needed: Vec<String>,
    },
}

impl Linkage {
    pub(crate) fn new(interpreter: Option<String>, needed: Vec<String>) -> Self {
        if interpreter.is_none() && needed.is_empty() {
            return Self::Static;
        }
        Self::Dynamic { interpreter, needed }
    }

    /// Needs neither an interpreter nor a library; `None` if unknown.
    pub fn is_static(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Static => Some(true),
            Self::Dynamic { .. } => Some(false),
        }
    }
}
