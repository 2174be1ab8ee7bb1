//! Every number that bounds what a file can make us do, and how far to look.

use crate::Error;

/// Bounds on what is read from one file. Reaching one is an error, never a truncation.
///
/// The defaults leave at least a factor of ten to the largest real binaries measured, and keep what
/// is held in memory at once below eight times the file and a mebibyte.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// What is read of each image.
    pub depth: Depth,
    /// Bytes read from the source in total, headers and searches together.
    ///
    /// Default 1 GiB, and never more than four times the file's length and 1 MiB: a reader that
    /// follows the headers of a real file reads a few KiB; only a file whose section table is gone
    /// is searched, twice at most.
    pub bytes_read: u64,
    /// Entries of one header table: sections, segments, load commands, slices, members.
    ///
    /// Default 65,536, the most that an ELF header can count without its overflow encoding.
    pub headers: u64,
    /// Segments that are filled from the file. Real programs have about ten.
    pub segments: u64,
    /// Bytes of one table of names.
    pub name_table: u64,
    /// Bytes of the module text of one binary.
    pub module_text: u64,
    /// Bytes of one line of the module text.
    pub line: u64,
    /// Modules (main, dependencies and replacements) of one binary, or of its function table. The
    /// largest real ones have a few hundred.
    pub modules: u64,
    /// Bytes of the Go version string.
    pub go_version: u64,
    /// Slices of a universal binary.
    pub slices: u64,
    /// Object files in an archive.
    pub members: u64,
    /// Functions in a function table (pclntab).
    pub functions: u64,
    /// Bytes of the package and file names taken from a function table. The largest real table
    /// measured, of 88,000 functions, has less than 2 MiB of them.
    pub function_names: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: Depth::BuildInfo,
            bytes_read: 1 << 30,
            headers: 1 << 16,
            segments: 1024,
            name_table: 1 << 20,
            module_text: 16 << 20,
            line: 1 << 20,
            modules: 25_000,
            go_version: 4096,
            slices: 64,
            members: 16_384,
            functions: 4_000_000,
            function_names: 32 << 20,
        }
    }
}

/// What is read of each image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Headers and build information: a few KiB.
    #[default]
    BuildInfo,
    /// The [`SecondRecords`](crate::SecondRecords) too: for a large binary, tens of megabytes.
    SecondRecords,
}

/// The bound that a file reached, in [`Error::LimitReached`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::bytes_read`]
    BytesRead,
    /// [`Limits::headers`]
    Headers,
    /// [`Limits::segments`]
    Segments,
    /// [`Limits::name_table`]
    NameTable,
    /// [`Limits::module_text`]
    ModuleText,
    /// [`Limits::line`]
    Line,
    /// [`Limits::modules`]
    Modules,
    /// [`Limits::go_version`]
    GoVersion,
    /// [`Limits::slices`]
    Slices,
    /// [`Limits::members`]
    Members,
    /// [`Limits::functions`]
    Functions,
    /// [`Limits::function_names`]
    FunctionNames,
}

impl Limit {
    /// Is `found` within `allowed`?
    pub(crate) fn hold(self, found: u64, allowed: u64) -> Result<(), Error> {
        if found > allowed {
            return Err(Error::LimitReached { limit: self, found, allowed });
        }
        Ok(())
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BytesRead => "bytes read in total",
            Self::Headers => "entries of a header table",
            Self::Segments => "segments filled from the file",
            Self::NameTable => "bytes of a name table",
            Self::ModuleText => "bytes of module text",
            Self::Line => "bytes of one line of module text",
            Self::Modules => "modules",
            Self::GoVersion => "bytes of Go version",
            Self::Slices => "slices",
            Self::Members => "object files in an archive",
            Self::Functions => "functions",
            Self::FunctionNames => "bytes of package and file names",
        })
    }
}
