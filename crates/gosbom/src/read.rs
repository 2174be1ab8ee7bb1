use serde::{Deserialize, Serialize};

use crate::buildinfo::blob::{self, Found};
use crate::buildinfo::{BuildInfo, BuildInfoSource, frame};
use crate::container::{self, Container, Image, Segment, Slice, signs};
use crate::facts::BinaryFacts;
use crate::pclntab::{self, FunctionTable};
use crate::source::{Input, ReadAt, Window};
use crate::{Depth, Error, Limits};

/// A file that holds at least one Go program or library.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GoBinary {
    /// What the file is.
    pub container: Container,
    /// The Go images in the order of the file: one, except in universal files and archives. Never
    /// empty.
    pub slices: Vec<GoSlice>,
    /// The images in which no Go was found, with the reason.
    pub other_slices: Vec<OtherSlice>,
}

/// An image of a universal file or archive that is not Go, or that could not be read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OtherSlice {
    /// Where the image starts, in bytes from the start of the file.
    pub offset: u64,
    /// Why nothing was read from it.
    pub reason: Error,
}

/// One Go image.
///
/// Read back from its stored form, it no longer says where in the file more can be read:
/// [`pclntab::read`] and [`runtime_copy`] then find nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GoSlice {
    /// Name of the member, in an archive.
    pub name: Option<String>,
    /// Where the image starts, in bytes from the start of the file.
    pub offset: u64,
    /// Its length in bytes.
    pub size: u64,
    /// What the linker wrote about the build.
    pub build_info: BuildInfo,
    /// How the build information was found.
    pub build_info_source: BuildInfoSource,
    /// Where it stands, in bytes from the start of the file.
    pub build_info_offset: u64,
    /// What the headers show.
    pub facts: BinaryFacts,
    /// What else says which modules are in it; read with [`Depth::SecondRecords`] only.
    pub second_records: Option<SecondRecords>,
    /// Where module text may be; offsets from the start of the file, as in the next field.
    #[serde(skip)]
    data: Vec<Segment>,
    /// Where the function table may be.
    #[serde(skip)]
    pub(crate) function_tables: Vec<Segment>,
}

/// What the image says about its modules besides the build information.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecondRecords {
    /// Which packages were compiled in; `None` where [`pclntab::read`] finds no table.
    pub function_table: Option<FunctionTable>,
    /// The runtime's copy of the module list.
    pub runtime_copy: RuntimeCopy,
}

/// What the runtime's own copy of the module text says about the linker's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RuntimeCopy {
    /// The two are the same, byte by byte.
    Same,
    /// They differ: one of them was changed after linking.
    Differs {
        /// The text of the runtime's copy.
        #[serde(with = "crate::stored::bytes")]
        text: Vec<u8>,
    },
    /// There is no second copy: before Go 1.18, in WebAssembly, and where the header is gone.
    Absent,
}

/// Reads the build information and the facts of every Go image in `source`.
///
/// Reads headers, tables and the build information itself by positioned reads; the whole file is
/// never read, and nothing is decompressed. On success at least one image has a Go version; its
/// module list may still be absent or malformed ([`BuildInfo::modules`]).
///
/// # Errors
/// Each variant of [`Error`] says why nothing was found. In a file of several images that is the
/// reason that says most; an unreadable source and a reached limit fail the whole file.
pub fn read(source: &dyn ReadAt, limits: &Limits) -> Result<GoBinary, Error> {
    let input = Input::new(source, limits);
    let images = container::open(input.window())?;
    let mut slices = Vec::new();
    let mut other_slices = Vec::new();
    for slice in images.slices {
        let offset = slice.window.start();
        match read_slice(slice) {
            Ok(slice) => slices.push(slice.with_second_records(source, limits)?),
            Err(error @ (Error::Io(_) | Error::LimitReached { .. })) => return Err(error),
            Err(reason) => other_slices.push(OtherSlice { offset, reason }),
        }
    }
    if slices.is_empty() {
        let container = images.container;
        let reasons = other_slices.into_iter().map(|other| other.reason);
        let most = reasons.max_by_key(specificity);
        return Err(most.unwrap_or(Error::NotGo { container }));
    }
    Ok(GoBinary { container: images.container, slices, other_slices })
}

/// Compares the module text that the linker wrote beside the Go version with the copy that the
/// runtime uses (`debug.ReadBuildInfo`), which stands elsewhere in the data.
///
/// Whoever edits the build information of a finished binary has to know of both. Searches the
/// data of the image, which for a large binary are tens of megabytes.
///
/// # Errors
/// [`Error::LimitReached`], [`Error::Io`].
pub fn runtime_copy(
    source: &dyn ReadAt,
    slice: &GoSlice,
    limits: &Limits,
) -> Result<RuntimeCopy, Error> {
    if slice.build_info_source != BuildInfoSource::Header {
        return Ok(RuntimeCopy::Absent);
    }
    let input = Input::new(source, limits);
    let linked = slice.build_info.raw_modules();
    // The linker's own text starts behind 32 bytes of header, the Go version and two lengths.
    let version = slice.build_info.go_version().map_or(0, |version| version.as_str().len());
    let start = slice.build_info_offset;
    let own = start..start.saturating_add(64 + version as u64);
    Ok(match frame::text(input.window(), &slice.data, own)? {
        Some((_, text)) if text == linked => RuntimeCopy::Same,
        Some((_, text)) => RuntimeCopy::Differs { text },
        None => RuntimeCopy::Absent,
    })
}

impl GoSlice {
    fn with_second_records(mut self, source: &dyn ReadAt, limits: &Limits) -> Result<Self, Error> {
        if limits.depth == Depth::SecondRecords {
            self.second_records = Some(SecondRecords {
                function_table: pclntab::read(source, &self, limits)?,
                runtime_copy: runtime_copy(source, &self, limits)?,
            });
        }
        Ok(self)
    }
}

fn read_slice(slice: Slice<'_>) -> Result<GoSlice, Error> {
    let (window, image) = (slice.window, slice.image?);
    let Some(found) = find(window, &image)? else {
        return Err(signs::why_nothing(window, &image)?);
    };
    if let Some(go_version) = garbled(&found.build_info) {
        return Err(Error::Garbled { go_version });
    }
    let text_regions = image.text_regions();
    let from_file_start =
        |table: Segment| Segment { offset: table.offset.saturating_add(window.start()), ..table };
    Ok(GoSlice {
        name: slice.name,
        offset: window.start(),
        size: window.len(),
        build_info: found.build_info,
        build_info_source: found.source,
        build_info_offset: window.start() + found.offset,
        facts: image.facts,
        second_records: None,
        data: text_regions.into_iter().map(from_file_start).collect(),
        function_tables: image.function_tables.into_iter().map(from_file_start).collect(),
    })
}

/// By its header, or, where Go leaves a trace without one, by the frames of the module text.
fn find(window: Window<'_>, image: &Image) -> Result<Option<Found>, Error> {
    if let Some(found) = blob::find(window, image)? {
        return Ok(Some(found));
    }
    if image.go_sign.is_none() && image.facts.go_build_id.is_none() {
        return Ok(None);
    }
    let framed = frame::find(window, image)?;
    Ok(framed.or_else(|| frame::version_only(image)))
}

/// garble leaves the header but writes `unknown` for the version and no modules.
fn garbled(build_info: &BuildInfo) -> Option<String> {
    let version = build_info.go_version()?.as_str();
    (version == "unknown" && build_info.modules().is_err()).then(|| version.to_owned())
}

/// Which of several reasons to report: the one nearest to build information.
fn specificity(error: &Error) -> u8 {
    match error {
        Error::Garbled { .. } => 4,
        Error::Packed { .. } => 3,
        Error::NoBuildInfo { .. } => 2,
        Error::Malformed { .. } => 1,
        _ => 0,
    }
}
