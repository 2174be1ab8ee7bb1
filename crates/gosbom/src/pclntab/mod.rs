//! Go's function table (pclntab): which packages and files were compiled in.
//!
//! The runtime needs this table for stack traces, so it survives `strip` and `-ldflags="-s -w"`.
//! Its file names carry module versions (`github.com/spf13/cobra@v1.10.2/command.go`) in nearly
//! every build, also with `-trimpath`. That makes it a second, independent record of what is in
//! the binary, to hold the module list against ([`FunctionTable::compare`]).
//!
//! Security: whoever can edit the module list can edit this table too, but only by keeping both
//! consistent. A module that the table shows and the list omits is a finding. The reverse is
//! **not**: a module whose functions were all inlined or dropped leaves no trace.
//!
//! Layout: `internal/abi` (`PCLnTabMagic`), `runtime/symtab.go` (`pcHeader`) and
//! `debug/gosym/pclntab.go`; Go 1.2, 1.16, 1.18 and 1.20 formats.

mod compare;
mod files;
mod names;
mod table;

use std::collections::BTreeSet;

pub use compare::{Comparison, ListedModule, Trace};
pub use files::Files;

use serde::{Deserialize, Serialize};

use crate::source::{Input, ReadAt};
use crate::{Error, GoSlice, Limits};

/// What the function table of one image names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FunctionTable {
    /// Format of the table.
    pub format: TableFormat,
    /// Offset of the table, in bytes from the start of the file.
    pub offset: u64,
    /// Number of functions.
    pub functions: u64,
    /// Import paths of the packages that have a function in the table, `main` among them.
    pub packages: BTreeSet<String>,
    /// Source files, in the order of the table.
    pub files: Files,
    /// Modules whose version is part of a file name.
    pub modules: BTreeSet<VersionedModule>,
}

/// The Go release that introduced a format of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TableFormat {
    /// Go 1.2 to 1.15
    Go1_2,
    /// Go 1.16 and 1.17
    Go1_16,
    /// Go 1.18 and 1.19
    Go1_18,
    /// Go 1.20 and later
    Go1_20,
}

/// A module and its version, as a file name gives them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VersionedModule {
    /// Module path, unescaped.
    pub path: String,
    /// Version.
    pub version: String,
}

/// Reads the function table of an image.
///
/// `Ok(None)`: there is none where the linker puts it, as in WebAssembly, in object files before
/// linking, and after an obfuscator changed its magic number.
///
/// Reads the whole table (a quarter of a typical binary) in small pieces.
///
/// # Errors
/// [`Error::LimitReached`], [`Error::Io`].
pub fn read(
    source: &dyn ReadAt,
    slice: &GoSlice,
    limits: &Limits,
) -> Result<Option<FunctionTable>, Error> {
    let input = Input::new(source, limits);
    let window = input.window();
    for &place in &slice.function_tables {
        if let Some(table) = table::find(window, place)? {
            return table.read().map(Some);
        }
    }
    Ok(None)
}
