//! Signed files of checksums that may list the targets.

use std::path::PathBuf;

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::DigestAlgorithm;
use chainsign_policy::{Candidate, Checksums, Origin, Verifiers};
use jiff::Timestamp;

use super::documents::{self, Document, EvidenceFile};
use super::targets::{Asked, Signed};
use crate::failure::Failure;
use crate::files;

/// A file of checksums, and the documents that may be its signature.
pub(in crate::commands) struct List {
    checksums: Checksums,
    documents: Vec<Document>,
    /// The file itself.
    pub(super) file: EvidenceFile,
    /// The files of the documents.
    pub(super) files: Vec<EvidenceFile>,
}

impl List {
    /// Parses a file of checksums and the documents that were found beside it.
    ///
    /// # Errors
    /// `limit-reached`; `bad-checksums` for a file that is not exactly a list of checksums.
    pub(super) fn of(file: EvidenceFile, files: Vec<EvidenceFile>) -> Result<Self, Failure> {
        let name = file.path.display().to_string();
        let checksums = Checksums::parse(&name, &file.content).map_err(|error| {
            Failure::undecided("bad-checksums", format!("{name}: {error}")).hint(HOW_TO_MAKE)
        })?;
        Ok(List { checksums, documents: documents::parse(&files)?, file, files })
    }

    /// The files of the documents.
    pub(super) fn looked_in(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|file| file.path.clone())
    }
}

/// Reads every file of checksums, with the documents beside it.
///
/// # Errors
/// `unreadable`, and as [`List::of`].
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<List>, Failure> {
    let list = |path: &PathBuf| {
        let content = files::read("file of checksums", path)?;
        let beside = documents::read_files(&documents::beside_file(path))?;
        List::of(EvidenceFile { path: path.clone(), content }, beside)
    };
    paths.iter().map(list).collect()
}

/// The algorithms of the digests that are listed.
pub(super) fn algorithms(lists: &[List]) -> impl Iterator<Item = DigestAlgorithm> {
    lists.iter().flat_map(|list| list.checksums.algorithms())
}

/// What becomes of the documents beside each list.
pub(super) fn candidates(
    lists: &[List],
    verifiers: &Verifiers<'_>,
    facts: &ArtifactFacts,
    now: Timestamp,
) -> Vec<Candidate> {
    let of_list = |list: &List| {
        let candidate = |document: &Document| match &document.material {
            Ok(material) => {
                let origin = Origin::new(document.origin.clone());
                verifiers.check_listed(&origin, material, &list.checksums, facts, now)
            }
            Err(error) => Candidate::malformed(Origin::new(document.origin.clone()), error),
        };
        list.documents.iter().map(candidate).collect::<Vec<_>>()
    };
    lists.iter().flat_map(of_list).collect()
}

/// A document that was named for the target: does it verify as the signature of a list?
pub(super) fn named(
    lists: &[List],
    document: &Document,
    verifiers: &Verifiers<'_>,
    facts: &ArtifactFacts,
    now: Timestamp,
) -> Option<Candidate> {
    let material = document.material.as_ref().ok()?;
    let origin = Origin::new(document.origin.clone());
    let check =
        |list: &List| verifiers.check_listed(&origin, material, &list.checksums, facts, now);
    lists.iter().map(check).find(|it| matches!(it, Candidate::Verified(_)))
}

/// The first list that lists the target and that the signer asked for has signed, by any of the
/// documents beside it or named: where that was found. Else why each does not do.
pub(super) fn signed(
    lists: &[List],
    named: &[Document],
    facts: &ArtifactFacts,
    by: &Asked<'_>,
    now: Timestamp,
) -> Result<Signed, Vec<(String, Failure)>> {
    let mut failures = Vec::new();
    for list in lists {
        let name = list.checksums.name();
        let listed = match list.checksums.lists(&facts.name, &facts.digests) {
            Ok(listed) => listed,
            Err(reason) => {
                failures.push((name.to_owned(), Failure::no("not-listed", reason)));
                continue;
            }
        };
        for document in list.documents.iter().chain(named) {
            let Ok(material) = &document.material else { continue };
            match by.verify(material, std::iter::once(list.checksums.digests()), now) {
                Ok((bundle, _)) if bundle.statement().is_none() => {
                    return Ok(Signed {
                        origin: document.origin.clone(),
                        via: Some(format!("{name}, which lists {listed}")),
                        built: None,
                        digests: facts.digests.clone(),
                        bundle,
                    });
                }
                Ok(_) => {
                    let message = format!("found an attestation about {name}, wanted a signature");
                    failures.push((document.origin.clone(), Failure::no("unsigned", message)));
                }
                Err(failure) => failures.push((document.origin.clone(), failure)),
            }
        }
    }
    Err(failures)
}

/// What to do about a file of checksums that is none.
pub(in crate::commands) const HOW_TO_MAKE: &str =
    "make it with sha256sum, one line for each file and nothing else";
