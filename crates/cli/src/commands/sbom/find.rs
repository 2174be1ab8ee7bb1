//! Finding Go binaries in what was named: files, folders, and the archives among them.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chainsign_artifact::archive::{Fault, InnerContent, InnerFile};
use chainsign_artifact::{Content, Error, Limits, OpenArtifact, regular_files};
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm};
use chainsign_gosbom::sbom::Subject;
use chainsign_gosbom::{self as gosbom, Depth, GoBinary, GoSlice};

use super::binary::not_go;
use super::{FileHash, Progress};
use crate::commands::artifact;
use crate::failure::{Failure, with_causes};

/// Everything that was found.
pub(super) struct Found {
    pub(super) root: Root,
    pub(super) binaries: Vec<FoundBinary>,
    pub(super) not_go: usize,
    pub(super) unread: Vec<Unread>,
}

/// What the SBOM describes.
pub(super) enum Root {
    /// The one binary that was named.
    Binary,
    /// The one archive that was named.
    Archive(Subject),
    /// A folder, or several paths.
    Paths,
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

    fn or_nothing(self, paths: &[PathBuf]) -> Result<Self, Failure> {
        if !self.binaries.is_empty() {
            return Ok(self);
        }
        let Found { not_go, unread, .. } = &self;
        let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let message = format!("found no Go binary in {} ({not_go} other files)", named.join(", "));
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
    paths: &[PathBuf],
    hash: FileHash,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Found, Failure> {
    let mut targets = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files = regular_files(path, FILES);
            let files = files.map_err(|error| artifact::failure(&error))?;
            targets.extend(files.into_iter().map(|file| Target::listed(file, path, paths.len())));
        } else {
            targets.push(Target::named(path, paths.len()));
        }
    }
    progress.begin(targets.len());
    let look = Look { hash, limits };
    let outcomes = in_parallel(&targets, |target| {
        let outcome = look.at(target);
        progress.advance();
        outcome
    });
    let mut found =
        Found { root: Root::Paths, binaries: Vec::new(), not_go: 0, unread: Vec::new() };
    for (target, outcome) in targets.iter().zip(outcomes) {
        found.take(target, outcome)?;
    }
    found.or_nothing(paths)
}

impl Found {
    fn take(&mut self, target: &Target, outcome: Result<Looked, Failed>) -> Result<(), Failure> {
        match outcome {
            Ok(Looked::Binary(binary)) => {
                if target.origin == Origin::Only {
                    self.root = Root::Binary;
                }
                self.binaries.push(*binary);
            }
            Ok(Looked::Archive(archive)) => {
                if target.origin == Origin::Only {
                    self.root = Root::Archive(archive.subject);
                }
                self.binaries.extend(archive.binaries);
                self.not_go += archive.not_go;
                self.unread.extend(archive.unread);
            }
            Err(failed) if target.origin == Origin::Only => return Err(failed.failure),
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
}

/// A file to look at.
struct Target {
    path: PathBuf,
    /// How the SBOM calls its place.
    location: String,
    origin: Origin,
}

/// How the file came to be looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The only path named.
    Only,
    /// One of several.
    Named,
    /// In a folder.
    Listed,
}

impl Target {
    fn named(path: &Path, named: usize) -> Self {
        let (location, origin) = match named {
            1 => (file_name(path), Origin::Only),
            _ => (with_slashes(path), Origin::Named),
        };
        Target { path: path.to_owned(), location, origin }
    }

    /// Below the only folder, places are relative to it.
    fn listed(file: PathBuf, folder: &Path, named: usize) -> Self {
        let relative = match named {
            1 => file.strip_prefix(folder).unwrap_or(&file),
            _ => &file,
        };
        Target { location: with_slashes(relative), path: file, origin: Origin::Listed }
    }

    fn unread(&self, failure: Failure, kind: UnreadKind) -> Unread {
        // The message begins with the path that was opened.
        let opened = format!("{}: ", self.path.display());
        let reason = failure.message.strip_prefix(&opened).unwrap_or(&failure.message).to_owned();
        Unread { path: self.location.clone(), reason, kind }
    }
}

/// What one file holds.
enum Looked {
    Binary(Box<FoundBinary>),
    Archive(FoundArchive),
}

struct FoundArchive {
    subject: Subject,
    binaries: Vec<FoundBinary>,
    not_go: usize,
    unread: Vec<Unread>,
}

/// Why one file says nothing.
struct Failed {
    why: Why,
    failure: Failure,
}

enum Why {
    CannotOpen,
    NotGo,
    Unreadable,
}

impl Failed {
    fn unreadable(error: &Error) -> Self {
        Failed { why: Why::Unreadable, failure: artifact::failure(error) }
    }
}

/// How files are looked at.
struct Look<'a> {
    hash: FileHash,
    limits: &'a Limits,
}

impl Look<'_> {
    fn at(&self, target: &Target) -> Result<Looked, Failed> {
        let artifact = artifact::open(&target.path)
            .map_err(|failure| Failed { why: Why::CannotOpen, failure })?;
        // A few KiB say what it is; only a Go binary or an archive is worth reading on.
        let start = artifact.content(&super::limits(Depth::BuildInfo));
        match start.map_err(|error| Failed::unreadable(&error))? {
            Content::GoBinary(_) => self.binary(target, &artifact),
            Content::NotGo(reason) => self.archive(target, &artifact, &reason),
            _ => Err(Failed {
                why: Why::Unreadable,
                failure: Failure::undecided("not-a-go-binary", "it has a content of unknown kind"),
            }),
        }
    }

    fn binary(&self, target: &Target, artifact: &OpenArtifact) -> Result<Looked, Failed> {
        let unreadable = |error| Failed::unreadable(&error);
        let (content, digests) = match self.hash {
            FileHash::Skip => {
                (artifact.content(self.limits).map_err(unreadable)?, ArtifactDigests::default())
            }
            FileHash::Sha256 => {
                let facts = artifact.facts(ALGORITHMS, self.limits).map_err(unreadable)?;
                (facts.content, facts.digests)
            }
        };
        match content {
            Content::GoBinary(binary) => Ok(Looked::Binary(Box::new(FoundBinary::new(
                binary,
                &digests,
                &file_name(&target.path),
                &target.location,
            )))),
            // It was one a moment ago, or is too large to be looked into further.
            Content::NotGo(reason) => {
                Err(Failed { why: Why::Unreadable, failure: not_go(artifact.name(), &reason) })
            }
            _ => Err(Failed {
                why: Why::Unreadable,
                failure: Failure::undecided("not-a-go-binary", "it has a content of unknown kind"),
            }),
        }
    }

    fn archive(
        &self,
        target: &Target,
        artifact: &OpenArtifact,
        reason: &gosbom::Error,
    ) -> Result<Looked, Failed> {
        let within = match target.origin {
            Origin::Only => None,
            Origin::Named | Origin::Listed => Some(target.location.as_str()),
        };
        let mut inner = Inner::new(within);
        let algorithms = match self.hash {
            FileHash::Sha256 => ALGORITHMS.as_slice(),
            FileHash::Skip => &[],
        };
        let facts = artifact.files(algorithms.iter().copied(), self.limits, &mut |file| {
            inner.take(file);
        });
        match facts {
            Ok(facts) => {
                let subject = with_digests(Subject::new(file_name(&target.path)), &facts.digests);
                let Inner { binaries, not_go, unread, .. } = inner;
                Ok(Looked::Archive(FoundArchive { subject, binaries, not_go, unread }))
            }
            Err(Error::Archive { fault: Fault::NotAnArchive, .. }) => {
                let why = if is_hidden(reason) { Why::Unreadable } else { Why::NotGo };
                Err(Failed { why, failure: not_go(artifact.name(), reason) })
            }
            Err(error @ Error::Archive { .. }) => {
                let failure = Failure::undecided("bad-archive", with_causes(&error));
                let hint = "unpack it with a tool that you trust, and name the folder";
                Err(Failed { why: Why::Unreadable, failure: failure.hint(hint) })
            }
            Err(error) => Err(Failed::unreadable(&error)),
        }
    }
}

/// The files of one archive, as they come.
struct Inner<'a> {
    /// The archive's place, when it is one file of several.
    within: Option<&'a str>,
    binaries: Vec<FoundBinary>,
    by_path: HashMap<(Vec<String>, String), usize>,
    not_go: usize,
    unread: Vec<Unread>,
}

impl<'a> Inner<'a> {
    fn new(within: Option<&'a str>) -> Self {
        let (binaries, unread) = (Vec::new(), Vec::new());
        Inner { within, binaries, by_path: HashMap::new(), not_go: 0, unread }
    }

    fn take(&mut self, file: InnerFile) {
        let location = match self.within {
            Some(archive) => format!("{archive}!{file}"),
            None => file.to_string(),
        };
        match file.content {
            InnerContent::GoBinary { digests, binary } => {
                let name = file_name(Path::new(&file.path));
                self.by_path.insert((file.within, file.path), self.binaries.len());
                self.binaries.push(FoundBinary::new(binary, &digests, &name, &location));
            }
            InnerContent::HardLink { target } => match self.by_path.get(&(file.within, target)) {
                Some(&linked) => {
                    let subject = &mut self.binaries[linked].subject;
                    *subject = std::mem::take(subject).found_at(location);
                }
                None => self.not_go += 1,
            },
            InnerContent::NotGo { reason, .. } if is_hidden(&reason) => {
                self.hidden(location, reason.to_string());
            }
            InnerContent::Archive(Err(fault)) => self.hidden(location, fault.to_string()),
            InnerContent::Archive(Ok(_)) => {}
            _ => self.not_go += 1,
        }
    }

    fn hidden(&mut self, path: String, reason: String) {
        self.unread.push(Unread { path, reason, kind: UnreadKind::Hidden });
    }
}

impl FoundBinary {
    fn new(binary: GoBinary, digests: &ArtifactDigests, name: &str, location: &str) -> Self {
        let mut slices = binary.slices;
        for slice in &mut slices {
            // Thousands of names, of which an SBOM needs none.
            if let Some(table) =
                slice.second_records.as_mut().and_then(|it| it.function_table.as_mut())
            {
                table.files = Vec::new();
            }
        }
        let subject = with_digests(Subject::new(name), digests).found_at(location);
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

/// The path as archives and SBOMs write it on every system.
fn with_slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    match std::path::MAIN_SEPARATOR {
        '/' => text.into_owned(),
        separator => text.replace(separator, "/"),
    }
}

/// Works on all processors; the results are in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = processors.min(items.len());
    if workers <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            match items.get(number) {
                Some(item) => done.push((number, work(item))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::with_capacity(items.len());
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                // Reported by the one place that reports them.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What an SBOM names a file by.
const ALGORITHMS: [DigestAlgorithm; 1] = [DigestAlgorithm::Sha256];
/// Files of all folders together: a large image has a quarter million.
const FILES: usize = 1_000_000;
/// Reasons told when nothing was found.
const REASONS_SHOWN: usize = 5;
