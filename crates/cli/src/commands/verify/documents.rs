//! Finding the documents that may be evidence about a file. Nothing is believed here.

use std::path::{Path, PathBuf};

use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::material::SignedMaterial;
use chainsign_core::{Error, Limits, formats};

use crate::failure::Failure;
use crate::files::{self, beside};

/// A document that may be evidence.
#[derive(Debug)]
pub(in crate::commands) struct Document {
    /// Where it was found: a file name, and the line in a file of lines.
    pub(in crate::commands) origin: String,
    /// What it says, or why it cannot be read.
    pub(in crate::commands) material: Result<SignedMaterial, Error>,
}

/// The files beside a file that may hold evidence about it, where they exist.
pub(in crate::commands) fn beside_file(path: &Path) -> Vec<PathBuf> {
    let named = BESIDE.iter().map(|suffix| beside(path, suffix));
    named.filter(|path| path.is_file()).collect()
}

/// The file beside a file that is named after its digest, where it exists.
pub(in crate::commands) fn beside_digest(path: &Path, sha256_hex: &str) -> Option<PathBuf> {
    let found = path.with_file_name(format!("sha256:{sha256_hex}.jsonl"));
    found.is_file().then_some(found)
}

/// The documents in a folder: its files that end in `.json` or `.jsonl`, in the order of names.
///
/// # Errors
/// `unreadable`, and `limit-reached` for a folder of more files than are looked at.
pub(in crate::commands) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    with_extension(folder, &["json", "jsonl"])
}

/// The files in a folder that end in one of these, in the order of names.
///
/// # Errors
/// As [`in_folder`].
pub(super) fn with_extension(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let unreadable =
        |error: std::io::Error| files::folder_failure("unreadable", "read", folder, &error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|it| extensions.contains(&it)) && path.is_file() {
            if paths.len() == DOCUMENTS {
                let message =
                    format!("found more than {DOCUMENTS} documents in {}", folder.display());
                return Err(Failure::undecided("limit-reached", message));
            }
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file with documents, read.
#[derive(Clone, Debug)]
pub(in crate::commands) struct EvidenceFile {
    pub(in crate::commands) path: PathBuf,
    pub(in crate::commands) content: Vec<u8>,
}

/// Reads files and the documents in them.
///
/// # Errors
/// As [`read_files`] and [`parse`].
pub(in crate::commands) fn read(paths: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    parse(&read_files(paths)?)
}

/// Reads files with documents about one artifact.
///
/// # Errors
/// `unreadable`; `limit-reached` for more than 64 MiB.
pub(in crate::commands) fn read_files(paths: &[PathBuf]) -> Result<Vec<EvidenceFile>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let content = files::read("evidence", path)?;
        files.push(EvidenceFile { path: path.clone(), content });
        within_limit(&files)?;
    }
    Ok(files)
}

/// The documents about one artifact are not too many bytes together.
///
/// # Errors
/// `limit-reached` for more than 64 MiB.
pub(super) fn within_limit(files: &[EvidenceFile]) -> Result<(), Failure> {
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    if bytes > EVIDENCE_BYTES {
        let message = format!("found more than {EVIDENCE_BYTES} bytes of evidence for one file");
        return Err(Failure::undecided("limit-reached", message));
    }
    Ok(())
}

/// The documents in files: one that ends in `.jsonl` has one on each line, any other is one
/// document, or an object around several (PEP 740, GitHub).
///
/// # Errors
/// `limit-reached` for more than 1,000 documents.
pub(in crate::commands) fn parse(files: &[EvidenceFile]) -> Result<Vec<Document>, Failure> {
    let limits = Limits::default();
    let mut documents = Vec::new();
    for EvidenceFile { path, content } in files {
        let name = path.display().to_string();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let lines = content.split(|byte| *byte == b'\n').enumerate();
            for (index, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
                let origin = format!("{name}:{}", index + 1);
                documents.push(Document { origin, material: formats::parse(line, &limits) });
            }
        } else {
            match formats::parse_many(content, &limits) {
                Ok(many) => documents.extend(
                    many.into_iter().map(|material| Document { origin: name.clone(), material }),
                ),
                Err(error) => documents.push(Document { origin: name, material: Err(error) }),
            }
        }
        if documents.len() > DOCUMENTS {
            let message = format!("found more than {DOCUMENTS} documents for one file");
            return Err(Failure::undecided("limit-reached", message));
        }
    }
    Ok(documents)
}

/// [`digest_algorithms`] of those that can be read.
pub(super) fn algorithms(documents: &[Document]) -> Vec<DigestAlgorithm> {
    digest_algorithms(documents.iter().filter_map(|document| document.material.as_ref().ok()))
}

/// The algorithms of the digests that the documents speak of, and SHA-256.
pub(in crate::commands) fn digest_algorithms<'a>(
    materials: impl IntoIterator<Item = &'a SignedMaterial>,
) -> Vec<DigestAlgorithm> {
    let limits = Limits::default();
    let mut algorithms = vec![DigestAlgorithm::Sha256];
    for material in materials {
        algorithms.extend(material.digest_algorithms(&limits));
    }
    algorithms
}

const BESIDE: [&str; 3] = [".sigstore.json", ".sigstore.jsonl", ".intoto.jsonl"];
/// Documents looked at for one artifact.
const DOCUMENTS: usize = 1000;
/// Bytes of evidence read for one artifact.
const EVIDENCE_BYTES: usize = 64 << 20;
