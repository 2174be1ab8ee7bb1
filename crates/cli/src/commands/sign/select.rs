//! Which files are signed: those that are named, those in a folder, those that a glob matches, those
//! on a list of checksums.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use chainsign_core::checksums::Checksums;
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::glob::Glob;

use crate::commands::provenance::subjects::{Named, matching};
use crate::commands::verify::lists;
use crate::failure::Failure;
use crate::files;

/// A file that was selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The file.
    pub path: PathBuf,
    /// Its place in the folder that was named, or its file name: where its bundle goes in another
    /// folder.
    pub place: PathBuf,
    /// The digest that a list says it has.
    pub listed: Option<ArtifactDigest>,
}

/// How many files there may be, and whether they were counted or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One file, by its name.
    One,
    /// As many as there are.
    Many,
}

/// The files, each once: in the order in which they were named, and sorted within a folder or a glob.
/// Bundles in folders and among what a glob matches are not files to sign.
///
/// # Errors
/// `nothing-to-sign` for a folder without files, and as [`Named::paths`]; for a list `bad-list`, and
/// what it cannot be read for.
pub fn select(named: &[PathBuf], lists: &[PathBuf]) -> Result<(Vec<Selected>, Selection), Failure> {
    let mut selected: Vec<Selected> = Vec::new();
    let mut known = HashSet::new();
    let mut add = |file: Selected| {
        if known.insert(file.path.clone()) {
            selected.push(file);
        }
    };
    let one = named.len() == 1 && lists.is_empty() && is_file(&named[0]);
    for path in named {
        if is_file(path) {
            let place = PathBuf::from(path.file_name().unwrap_or(path.as_os_str()));
            add(Selected { path: path.clone(), place, listed: None });
        } else {
            expand(path)?.into_iter().for_each(&mut add);
        }
    }
    for list in lists {
        listed(list)?.into_iter().for_each(&mut add);
    }
    Ok((selected, if one { Selection::One } else { Selection::Many }))
}

/// A name that is there, or cannot be a glob, is a file's, unless it is a folder's.
fn is_file(path: &Path) -> bool {
    let glob = path.to_str().is_some_and(|text| text.contains('*'));
    !path.is_dir() && (path.exists() || !glob)
}

fn expand(path: &Path) -> Result<Vec<Selected>, Failure> {
    let text = path.to_str().ok_or_else(|| {
        let message = format!("{} is not text, and so no folder to look into", path.display());
        Failure::undecided("bad-flag", message)
    })?;
    let folder = text.trim_end_matches('/');
    let (pattern, below) = match path.is_dir() {
        true => (format!("{folder}/**"), Some(folder)),
        false => (text.to_owned(), None),
    };
    let glob: Glob = pattern.parse().map_err(|error: String| {
        Failure::undecided("bad-flag", format!("{text:?} is no glob: {error}"))
            .hint("`*` stays within one folder, `**` does not")
    })?;
    let mut paths = match below {
        Some(_) => matching(&glob)?,
        None => Named::Glob(glob).paths()?,
    };
    paths.retain(|path| !is_bundle(path));
    if paths.is_empty() {
        let message = format!("found no file to sign in {text:?}");
        return Err(Failure::undecided("nothing-to-sign", message)
            .hint("bundles (*.sigstore.json, *.sigstore.jsonl) are left out"));
    }
    let place = |path: &Path| match below {
        Some(folder) => path.strip_prefix(folder).unwrap_or(path).to_owned(),
        None => PathBuf::from(path.file_name().unwrap_or(path.as_os_str())),
    };
    Ok(paths.into_iter().map(|path| Selected { place: place(&path), path, listed: None }).collect())
}

/// What a list names, each relative to the list's own folder.
fn listed(list: &Path) -> Result<Vec<Selected>, Failure> {
    let bytes = files::read("list of checksums", list)?;
    let checksums = Checksums::parse(list.display().to_string(), &bytes)
        .map_err(|error| Failure::because("bad-list", &list.display().to_string(), &error))
        .map_err(|failure| failure.hint(lists::HOW_TO_MAKE))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let file = |(name, digest): (&str, &ArtifactDigest)| {
        let place = PathBuf::from(name);
        let within = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !place.components().all(within) {
            let message = format!("{} lists {name:?}, which is outside its folder", list.display());
            return Err(Failure::undecided("bad-list", message));
        }
        Ok(Selected { path: folder.join(&place), place, listed: Some(digest.clone()) })
    };
    checksums.entries().map(file).collect()
}

fn is_bundle(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.ends_with(".sigstore.json")
        || name.ends_with(".sigstore.jsonl")
        || files::is_unfinished(path)
}
