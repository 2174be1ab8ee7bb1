//! Finding Go binaries in what was named: files, folders, archives and container images.

mod inner;
mod look;
mod target;

use std::fmt;
use std::path::Path;

use chainsign_artifact::Limits;
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::pclntab::Files;
use chainsign_gosbom::sbom::{ImageSubject, Location, Subject};
use chainsign_gosbom::{self as gosbom, GoBinary, GoSlice};

use super::{Progress, SbomRequest, Source};
use crate::failure::Failure;
use crate::parallel;
use inner::Contents;
use look::{Failed, Look, Looked, Why};
use target::{Origin, Target};

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) root: Root,
    /// Outside of images, or in the one that the SBOM describes.
    pub(super) binaries: Vec<FoundBinary>,
    pub(super) images: Vec<FoundImage>,
    pub(super) not_go: usize,
    pub(super) unread: Vec<Unread>,
}

/// What the SBOM describes.
#[derive(Default)]
pub(super) enum Root {
    /// The one binary that was named.
    Binary,
    /// The one archive that was named.
    Archive(Subject),
    /// The image in the one file or layout that was named.
    Image(ImageSubject),
    /// A folder, or several paths.
    #[default]
    Paths,
}

/// An image beside others, and the binaries in it.
pub(super) struct FoundImage {
    pub(super) subject: ImageSubject,
    pub(super) binaries: Vec<FoundBinary>,
}

/// A Go binary and where it was found.
pub(super) struct FoundBinary {
    pub(super) slices: Vec<GoSlice>,
    pub(super) subject: Subject,
}

/// A file of which the SBOM says nothing although somebody may expect it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where it is.
    pub path: String,
    /// Why nothing was read from it.
    pub reason: String,
    /// Whether there may be Go in it.
    pub kind: UnreadKind,
}

/// What it means for the SBOM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadKind {
    /// It was named, and holds no Go.
    NotGo,
    /// There may be Go in it: the SBOM is incomplete.
    Hidden,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl Found {
    /// Whether everything could be looked into.
    pub(super) fn is_complete(&self) -> bool {
        !self.unread.iter().any(|unread| unread.kind == UnreadKind::Hidden)
    }

    /// Those in images, too.
    pub(super) fn all_binaries(&self) -> impl Iterator<Item = &FoundBinary> {
        self.binaries.iter().chain(self.images.iter().flat_map(|image| &image.binaries))
    }

    fn or_nothing(self, sources: &[Source]) -> Result<Self, Failure> {
        if self.all_binaries().next().is_some() {
            return Ok(self);
        }
        let Found { not_go, unread, .. } = &self;
        let message = format!("found no Go binary in {} ({not_go} other files)", named(sources));
        let failure = Failure::undecided("no-go-binary", message);
        let shown = unread.iter().take(REASONS_SHOWN).map(ToString::to_string);
        Err(match unread.is_empty() {
            true => failure.hint("name a folder, archive or file with a Go program in it"),
            false => shown.fold(failure, Failure::hint),
        })
    }
}

/// Looks at all paths.
pub(super) fn find(
    request: &SbomRequest,
    sources: &[Source],
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Found, Failure> {
    let targets = Target::of(sources)?;
    progress.begin(targets.len());
    let platform = request.platform.as_ref();
    let look = Look { hash: request.hash, platform, limits, progress };
    let outcomes = parallel::map(&targets, |target| {
        let outcome = look.at(target);
        progress.advance();
        outcome
    });
    let mut found = Found::default();
    let mut saw_images = false;
    for (target, outcome) in targets.iter().zip(outcomes) {
        saw_images |= matches!(outcome, Ok(Looked::Images(_)));
        found.take(target, outcome)?;
    }
    if let Some(platform) = platform.filter(|_| !saw_images) {
        let message = format!("found no image for {platform} in {}", named(sources));
        return Err(Failure::undecided("no-such-platform", message)
            .hint("--platform chooses among container images; leave it out for other files"));
    }
    found.or_nothing(sources)
}

impl Found {
    fn take(&mut self, target: &Target, outcome: Result<Looked, Failed>) -> Result<(), Failure> {
        let is_only = target.origin == Origin::Only;
        match outcome {
            Ok(Looked::Binary(binary)) => {
                if is_only {
                    self.root = Root::Binary;
                }
                self.binaries.push(*binary);
            }
            Ok(Looked::Archive(archive, contents)) => {
                if is_only {
                    self.root = Root::Archive(archive);
                }
                let binaries = self.binaries_of(contents);
                self.binaries.extend(binaries);
            }
            Ok(Looked::Images(found)) if is_only => match <[_; 1]>::try_from(found.images) {
                Ok([(image, contents)]) => {
                    self.root = Root::Image(image);
                    self.binaries = self.binaries_of(contents);
                }
                Err(images) => {
                    self.root = match found.index {
                        Some(index) => Root::Image(index),
                        None => Root::Archive(Subject::new(&target.name)),
                    };
                    self.take_images(images);
                }
            },
            Ok(Looked::Images(found)) => self.take_images(found.images),
            Err(failed) if is_only => return Err(failed.failure),
            Err(Failed { why: Why::CannotOpen, failure }) if target.origin == Origin::Named => {
                return Err(failure);
            }
            Err(Failed { why: Why::NotGo, failure }) => {
                self.not_go += 1;
                if target.origin == Origin::Named {
                    self.unread.push(target.unread(failure, UnreadKind::NotGo));
                }
            }
            Err(Failed { failure, .. }) => {
                self.unread.push(target.unread(failure, UnreadKind::Hidden));
            }
        }
        Ok(())
    }

    fn take_images(&mut self, images: Vec<(ImageSubject, Contents)>) {
        for (mut subject, contents) in images {
            if let Some(name) = subject.names.first() {
                subject.name.clone_from(name);
            }
            let binaries = self.binaries_of(contents);
            self.images.push(FoundImage { subject, binaries });
        }
    }

    /// Takes note of everything else, and leaves the binaries.
    fn binaries_of(&mut self, contents: Contents) -> Vec<FoundBinary> {
        self.not_go += contents.not_go;
        self.unread.extend(contents.unread);
        contents.binaries
    }
}

impl FoundBinary {
    fn new(binary: GoBinary, digests: &ArtifactDigests, name: &str, place: Location) -> Self {
        let mut slices = binary.slices;
        for slice in &mut slices {
            // Thousands of names, of which an SBOM needs none.
            if let Some(table) =
                slice.second_records.as_mut().and_then(|it| it.function_table.as_mut())
            {
                table.files = Files::default();
            }
        }
        let subject = with_digests(Subject::new(name), digests).found(place);
        FoundBinary { slices, subject }
    }
}

fn with_digests(mut subject: Subject, digests: &ArtifactDigests) -> Subject {
    let sha256 = digests.get(DigestAlgorithm::Sha256);
    subject.sha256 = sha256.and_then(|digest| digest.bytes().try_into().ok());
    subject
}

/// Whether a file without build information may be Go nevertheless.
fn is_hidden(reason: &gosbom::Error) -> bool {
    !matches!(reason, gosbom::Error::NotExecutable { .. } | gosbom::Error::NotGo { .. })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn named(sources: &[Source]) -> String {
    let names: Vec<_> = sources.iter().map(Source::written).collect();
    names.join(", ")
}

/// Reasons told when nothing was found.
const REASONS_SHOWN: usize = 5;
