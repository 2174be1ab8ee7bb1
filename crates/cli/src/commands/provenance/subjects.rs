//! The subjects that were named on the command line, with their digests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chainsign_core::checksums::Checksums;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm};
use chainsign_core::glob::Glob;
use chainsign_slsa::subjects::{Release, ReleaseContent, Subjects};

use super::fault;
use crate::commands::artifact;
use crate::failure::Failure;
use crate::files;
use crate::parallel;

/// What provenance is to be about.
#[derive(Debug, Default)]
pub struct SubjectsRequest {
    /// Files, each named by its file name.
    pub files: Vec<Named>,
    /// Checksum files.
    pub checksums: Vec<PathBuf>,
    /// GoReleaser's lists of artifacts.
    pub artifacts: Vec<PathBuf>,
    /// Digests with their names.
    pub digests: Vec<(String, ArtifactDigest)>,
}

/// One file, or all that a glob matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This file.
    File(PathBuf),
    /// Every file whose path, as typed, it matches.
    Glob(Glob),
}

/// The types of what GoReleaser lists and is no subject, each with its number.
pub type PassedOver = BTreeMap<String, usize>;

impl SubjectsRequest {
    /// Whether nothing was named.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.checksums.is_empty()
            && self.artifacts.is_empty()
            && self.digests.is_empty()
    }

    /// Finds and digests them.
    ///
    /// # Errors
    /// `bad-subjects` when two have one name, there are too many, a glob matches nothing, or a list
    /// cannot be read; `digest-mismatch` (exit 1) when a file is not what GoReleaser made; as
    /// [`artifact::open`] and [`files::read`].
    pub fn collect(&self) -> Result<(Subjects, PassedOver), Failure> {
        let (mut subjects, mut passed_over) = (Subjects::new(), PassedOver::new());
        let mut add =
            |name: &str, digests| subjects.add(name, digests).map_err(|error| fault(&error));
        let mut paths = Vec::new();
        for named in &self.files {
            paths.extend(named.paths()?);
        }
        let digested = parallel::map(&paths, |path| digests(path, &[]));
        for (path, digests) in paths.iter().zip(digested) {
            add(&file_name(path)?, digests?)?;
        }
        for (name, digest) in &self.digests {
            add(name, digest.clone().into())?;
        }
        for path in &self.artifacts {
            let release = release(path)?;
            for (kind, count) in release.passed_over {
                *passed_over.entry(kind).or_default() += count;
            }
            let digested = parallel::map(&release.artifacts, |it| content_digests(&it.content));
            for (artifact, digests) in release.artifacts.iter().zip(digested) {
                add(&artifact.name, digests?)?;
            }
        }
        for path in &self.checksums {
            let checksums = checksums(path)?;
            subjects.add_checksums(&checksums).map_err(|error| fault(&error))?;
        }
        if subjects.is_empty() {
            return Err(Failure::undecided("bad-subjects", "the lists name no subject"));
        }
        Ok((subjects, passed_over))
    }
}

impl Named {
    /// The files, sorted.
    ///
    /// # Errors
    /// `bad-subjects` when it matches nothing; `limit-reached`; `unreadable`.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        let glob = match self {
            Named::File(path) => return Ok(vec![path.clone()]),
            Named::Glob(glob) => glob,
        };
        let found = matching(glob)?;
        if found.is_empty() {
            let message = format!("no file matches {:?}", glob.as_str());
            return Err(Failure::undecided("bad-subjects", message)
                .hint("`*` stays within one folder, `**` does not; quote it from the shell"));
        }
        Ok(found)
    }
}

/// The files that a glob matches, sorted. There may be none.
///
/// # Errors
/// `limit-reached`; `unreadable`.
pub fn matching(glob: &Glob) -> Result<Vec<PathBuf>, Failure> {
    let mut walk = Walk { glob, found: Vec::new(), seen: 0 };
    walk.folder(&literal_folder(glob.as_str()), 0)?;
    walk.found.sort();
    Ok(walk.found)
}

/// The files that a glob matches.
struct Walk<'a> {
    glob: &'a Glob,
    found: Vec<PathBuf>,
    seen: usize,
}

impl Walk<'_> {
    /// Looks at what is in a folder. Links to folders are not followed.
    fn folder(&mut self, folder: &str, depth: usize) -> Result<(), Failure> {
        let place = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
        let unreadable = |error: &std::io::Error| {
            Failure::because("unreadable", &format!("cannot list {}", place.display()), error)
        };
        for entry in fs::read_dir(place).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            self.seen += 1;
            if self.seen > ENTRIES || depth > DEPTH {
                let message = format!(
                    "{:?} leads to more than {ENTRIES} files or {DEPTH} folders into each other",
                    self.glob.as_str()
                );
                return Err(Failure::undecided("limit-reached", message));
            }
            // A name that is not text matches nothing that can be typed.
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = format!("{folder}{name}");
            if entry.file_type().map_err(|error| unreadable(&error))?.is_dir() {
                if self.leads_into(&path) {
                    self.folder(&format!("{path}/"), depth + 1)?;
                }
            } else if self.glob.matches(&path) && Path::new(&path).is_file() {
                self.found.push(PathBuf::from(path));
            }
        }
        Ok(())
    }

    /// Whether something in that folder can match.
    fn leads_into(&self, folder: &str) -> bool {
        let pattern = self.glob.as_str();
        pattern.contains("**") || folder.matches('/').count() < pattern.matches('/').count()
    }
}

/// The folder of a glob up to its first `*`, with the slash behind it.
fn literal_folder(glob: &str) -> String {
    let literal = glob.split('*').next().unwrap_or_default();
    literal.rfind('/').map_or("", |end| &literal[..=end]).to_owned()
}

fn release(path: &Path) -> Result<Release, Failure> {
    let bytes = files::read("list of artifacts", path)?;
    Release::parse(&bytes).map_err(|error| fault(&error))
}

fn checksums(path: &Path) -> Result<Checksums, Failure> {
    let bytes = files::read("checksum file", path)?;
    Checksums::parse(path.display().to_string(), &bytes)
        .map_err(|error| Failure::because("bad-subjects", &path.display().to_string(), &error))
}

fn content_digests(content: &ReleaseContent) -> Result<ArtifactDigests, Failure> {
    let (path, noted) = match content {
        ReleaseContent::Image(digest) => return Ok(digest.clone().into()),
        ReleaseContent::File { path, noted } => (path, noted),
        _ => {
            return Err(Failure::undecided("bad-subjects", "an artifact of a kind not known here"));
        }
    };
    let algorithms: Vec<_> = noted.iter().map(ArtifactDigest::algorithm).collect();
    let digests = digests(Path::new(path), &algorithms)
        .map_err(|failure| failure.hint("paths in artifacts.json begin where goreleaser ran"))?;
    if let Some(noted) = noted
        && let Some(found) = digests.get(noted.algorithm())
        && found != noted
    {
        let message = format!("{path} is not what GoReleaser made: found {found}, wanted {noted}");
        return Err(Failure::no("digest-mismatch", message)
            .hint("something changed it after goreleaser: run goreleaser again"));
    }
    Ok(digests)
}

fn digests(path: &Path, also: &[DigestAlgorithm]) -> Result<ArtifactDigests, Failure> {
    let algorithms = [DigestAlgorithm::Sha256].into_iter().chain(also.iter().copied());
    let digests = artifact::open(path)?.digests(algorithms);
    digests.map_err(|error| artifact::failure(&error))
}

fn file_name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    name.map(str::to_owned).ok_or_else(|| {
        let message = format!("{} has no file name to name the subject by", path.display());
        Failure::undecided("bad-subjects", message)
            .hint("name it with its digest: --subject-digest NAME@sha256:HEX")
    })
}

/// A release has some hundred files, a build folder some ten thousand.
const ENTRIES: usize = 100_000;
/// Folders into each other.
const DEPTH: usize = 64;
