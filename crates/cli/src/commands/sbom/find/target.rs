//! What is to be looked at: the paths as they were named, and the files of folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chainsign_artifact::regular_files;

use super::{Source, Unread, UnreadKind, file_name};
use crate::commands::artifact;
use crate::failure::Failure;

/// Something to look at.
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// How the SBOM calls it.
    pub(super) name: String,
    /// How the SBOM calls its place.
    pub(super) location: String,
    pub(super) origin: Origin,
    pub(super) kind: TargetKind,
}

/// How it came to be looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The only path named.
    Only,
    /// One of several.
    Named,
    /// In a folder.
    Listed,
}

/// What it is on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetKind {
    File,
    /// A folder with container images in OCI layout.
    Layout,
}

impl Target {
    /// Everything to look at, in the order of the paths.
    pub(super) fn of(sources: &[Source]) -> Result<Vec<Self>, Failure> {
        let mut targets = Vec::new();
        for source in sources {
            let path = &source.path;
            if !path.is_dir() {
                targets.push(Self::named(source, sources.len(), TargetKind::File));
            } else if path.join(LAYOUT).is_file() {
                targets.push(Self::named(source, sources.len(), TargetKind::Layout));
            } else {
                let files = regular_files(path, FILES);
                let files = files.map_err(|error| artifact::failure(&error))?;
                let listed = with_layouts(files).into_iter();
                targets
                    .extend(listed.map(|(it, kind)| Self::listed(it, kind, path, sources.len())));
            }
        }
        Ok(targets)
    }

    fn named(source: &Source, named: usize, kind: TargetKind) -> Self {
        let Source { path, called } = source;
        let (location, origin) = match named {
            1 => (file_name(path), Origin::Only),
            _ => (with_slashes(path), Origin::Named),
        };
        let name = called.clone().unwrap_or_else(|| file_name(path));
        let location = called.clone().unwrap_or(location);
        Target { path: path.clone(), name, location, origin, kind }
    }

    /// Below the only folder, places are relative to it.
    fn listed(path: PathBuf, kind: TargetKind, folder: &Path, named: usize) -> Self {
        let relative = match named {
            1 => path.strip_prefix(folder).unwrap_or(&path),
            _ => &path,
        };
        let (location, name) = (with_slashes(relative), file_name(&path));
        Target { location, name, path, origin: Origin::Listed, kind }
    }

    pub(super) fn unread(&self, failure: Failure, kind: UnreadKind) -> Unread {
        // The message begins with the path that was opened.
        let opened = format!("{}: ", self.path.display());
        let reason = failure.message.strip_prefix(&opened).unwrap_or(&failure.message).to_owned();
        Unread { path: self.location.clone(), reason, kind }
    }
}

/// Puts each OCI layout in the place of the files that it consists of.
fn with_layouts(mut files: Vec<PathBuf>) -> Vec<(PathBuf, TargetKind)> {
    let marks = files.iter().filter(|file| file.file_name().is_some_and(|name| name == LAYOUT));
    let layouts: BTreeSet<_> = marks.filter_map(|mark| Some(mark.parent()?.to_owned())).collect();
    let is_part_of = |file: &Path, folder: &Path| {
        let inside = file.strip_prefix(folder).ok().and_then(|inside| inside.iter().next());
        inside.is_some_and(|first| PARTS.iter().any(|part| first == *part))
    };
    if !layouts.is_empty() {
        files.retain(|file| {
            !file.ancestors().any(|folder| layouts.contains(folder) && is_part_of(file, folder))
        });
    }
    let layouts = layouts.into_iter().map(|folder| (folder, TargetKind::Layout));
    layouts.chain(files.into_iter().map(|file| (file, TargetKind::File))).collect()
}

/// The path as archives and SBOMs write it on every system.
fn with_slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    match std::path::MAIN_SEPARATOR {
        '/' => text.into_owned(),
        separator => text.replace(separator, "/"),
    }
}

/// Files of all folders together: a large image has a quarter million.
const FILES: usize = 1_000_000;
/// What makes a folder an OCI layout: image-spec v1.1, `image-layout.md`.
const LAYOUT: &str = "oci-layout";
/// What is in it, and in one that Docker can load.
const PARTS: [&str; 5] = [LAYOUT, "index.json", "blobs", "manifest.json", "repositories"];
