use std::io;

use serde::{Deserialize, Serialize};

use crate::{Container, Limit};

/// Why no build information could be read.
///
/// The variants separate "there is none" ([`NotExecutable`](Self::NotExecutable),
/// [`NotGo`](Self::NotGo), [`NoBuildInfo`](Self::NoBuildInfo)), "it is hidden"
/// ([`Packed`](Self::Packed), [`Garbled`](Self::Garbled)) and "we could not find out" (the rest).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes belong to no container that a Go toolchain writes.
    #[error("not an executable: the file starts with {}, wanted ELF, Mach-O, PE, XCOFF, Plan 9 a.out, WebAssembly or ar", escape(.start))]
    NotExecutable {
        /// The first bytes of the file, at most eight.
        start: Vec<u8>,
    },

    /// A well-formed executable without any sign of the Go toolchain.
    #[error("not a Go binary: {container} without Go build information or any other sign of Go")]
    NotGo {
        /// What the file is.
        container: Container,
    },

    /// Go made it, but its build information is not in it.
    #[error("Go binary without build information: {container}, recognised by {sign}")]
    NoBuildInfo {
        /// What the file is.
        container: Container,
        /// What shows that Go made it.
        sign: GoSign,
    },

    /// An executable packer hides what is inside.
    #[error("{container} packed with {packer}: what is inside cannot be read, unpack it first")]
    Packed {
        /// What the file is.
        container: Container,
        /// Who packed it.
        packer: Packer,
    },

    /// An obfuscator took the Go version and the module list out.
    #[error(
        "Go binary whose build information was removed by an obfuscator (Go version {go_version:?}, no modules)"
    )]
    Garbled {
        /// The text in the place of the Go version.
        go_version: String,
    },

    /// The container's own structure is broken.
    #[error("malformed {container}: {part} at offset {offset:#x}")]
    Malformed {
        /// What the file claims to be.
        container: Container,
        /// What does not hold.
        part: &'static str,
        /// Where in the file, in bytes from its start.
        offset: u64,
    },

    /// The file asks for more than [`Limits`](crate::Limits) allow.
    #[error("limit reached: {found} {limit}, allowed are {allowed}")]
    LimitReached {
        /// Which limit.
        limit: Limit,
        /// What the file asks for (at least).
        found: u64,
        /// What is allowed.
        allowed: u64,
    },

    /// An earlier reader could not find out, in its words: what [`Malformed`](Self::Malformed),
    /// [`LimitReached`](Self::LimitReached) and [`Io`](Self::Io) are when they are read back from a
    /// stored form.
    #[error("{message}")]
    Recorded {
        /// What it said.
        message: String,
    },

    /// The source could not be read.
    #[error("cannot read: {0}")]
    Io(#[source] io::Error),
}

/// What shows that the Go toolchain made a file that has no build information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum GoSign {
    /// A section that only the Go linker writes, for example `.gopclntab` or `.note.go.buildid`.
    Section,
    /// The header of Go's table of functions (pclntab), found by its magic number.
    FunctionTable,
    /// A Go build id in the text of the file.
    BuildId,
}

impl std::fmt::Display for GoSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Section => "a section that only Go writes",
            Self::FunctionTable => "Go's function table",
            Self::BuildId => "its Go build id",
        })
    }
}

/// An executable packer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Packer {
    /// UPX, <https://upx.github.io>
    Upx,
}

impl std::fmt::Display for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Upx => "UPX",
        })
    }
}

fn escape(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing (it is empty)".to_owned();
    }
    format!("\"{}\"", bytes.escape_ascii())
}
