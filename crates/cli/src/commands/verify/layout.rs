//! Targets that must have been made as an in-toto layout says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chainsign_artifact::archive::{Unpacked, UnpackedKind};
use chainsign_artifact::{Limits, OpenArtifact};
use chainsign_core::digest::{ArtifactDigests, DigestAlgorithm, DigestSet};
use chainsign_slsa::layout::{
    Document, Files, Inspected, Inspector, LayoutError, LayoutKey, VerifiedLayout, verify,
};
use jiff::Timestamp;

use super::LayoutDemand;
use super::documents::{self, EvidenceFile};
use super::gather::{Place, TargetToVerify};
use super::targets::{Decided, TargetOutcome};
use crate::commands::artifact;
use crate::failure::Failure;
use crate::{files, parallel};

/// A target that was made as its layout says.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its digests.
    pub digests: ArtifactDigests,
    /// Who did what.
    pub layout: VerifiedLayout,
}

/// Everything that a decision looks at beside the target.
struct Chain {
    layout: EvidenceFile,
    links: Vec<EvidenceFile>,
    keys: Vec<LayoutKey>,
}

/// Decides on every target, on all processors.
///
/// # Errors
/// `unreadable`, `limit-reached`, and `bad-key` for what is named for all targets. What concerns one target is in its
/// [`TargetOutcome`].
pub(super) fn verify_all(
    targets: &[TargetToVerify],
    demand: &LayoutDemand,
    now: Timestamp,
) -> Result<Vec<TargetOutcome>, Failure> {
    let chain = Chain::read(demand)?;
    let decide = |target: &TargetToVerify| match &target.place {
        Place::File(path) => chain.decide(path, now).map(|made| Decided::Made(Box::new(made))),
        Place::Image(reference) => {
            let message = format!("found the image {reference}, wanted a file: steps name files");
            Err(Failure::undecided("bad-flag", message)
                .hint("verify what the image was made of, or the image without --layout"))
        }
    };
    Ok(parallel::map(targets, |target| TargetOutcome {
        target: target.place.written(),
        used_as: None,
        looked_in: chain.looked_in(),
        given: None,
        asked: Vec::new(),
        decided: decide(target),
    }))
}

impl Chain {
    fn read(demand: &LayoutDemand) -> Result<Self, Failure> {
        let key = |path: &PathBuf| {
            let name = path.display().to_string();
            LayoutKey::parse(&name, &files::read("key", path)?).map_err(|error| failure(&error))
        };
        let links = documents::with_extension(&demand.links, &["link"])?;
        let mut layout = documents::read_files(std::slice::from_ref(&demand.layout))?;
        Ok(Chain {
            keys: demand.keys.iter().map(key).collect::<Result<_, _>>()?,
            links: documents::read_files(&links)?,
            layout: layout.remove(0),
        })
    }

    fn looked_in(&self) -> Vec<PathBuf> {
        std::iter::once(&self.layout).chain(&self.links).map(|file| file.path.clone()).collect()
    }

    fn decide(&self, target: &Path, now: Timestamp) -> Result<Made, Failure> {
        let artifact = artifact::open(target)?;
        let digests = artifact.digests(DigestAlgorithm::ALL);
        let digests = digests.map_err(|error| artifact::failure(&error))?;
        let names: Vec<_> = self.links.iter().map(|file| file.path.display().to_string()).collect();
        let links = names.iter().zip(&self.links);
        let links: Vec<_> =
            links.map(|(name, file)| Document { name, bytes: &file.content }).collect();
        let name = self.layout.path.display().to_string();
        let layout = Document { name: &name, bytes: &self.layout.content };
        let unpacking = Unpacking { target, artifact: &artifact, digests: &digests };
        let layout = verify(layout, &self.keys, &links, &digests, &unpacking, now)
            .map_err(|error| failure(&error))?;
        Ok(Made { digests, layout })
    }
}

/// Knows what unpacking the target leaves. `tar` alone is known, by its own flags.
struct Unpacking<'a> {
    target: &'a Path,
    artifact: &'a OpenArtifact,
    digests: &'a ArtifactDigests,
}

impl Inspector for Unpacking<'_> {
    fn inspect(&self, command: &[String]) -> Option<Result<Inspected, String>> {
        let [tar, flags, archive] = command else { return None };
        let is_target = || self.target.file_name().is_some_and(|name| name == archive.as_str());
        let known = tar == "tar" && UNPACKING.contains(&flags.as_str()) && is_target();
        known.then(|| self.unpacked(archive))
    }
}

impl Unpacking<'_> {
    /// The files of a folder that held the target alone, before and after.
    fn unpacked(&self, name: &str) -> Result<Inspected, String> {
        let mut products = Files::new();
        let mut fault = None;
        let mut entry = |entry: Unpacked| {
            let path = entry.path;
            let digest = match entry.kind {
                UnpackedKind::File(digests) => sha256(&digests),
                UnpackedKind::HardLink { target } => products.get(&target).cloned(),
                UnpackedKind::SymbolicLink | UnpackedKind::Special => None,
                _ => None,
            };
            match digest {
                Some(digest) => drop(products.insert(path, digest)),
                None => drop(fault.get_or_insert(path)),
            }
        };
        let read = self.artifact.unpacked(DigestAlgorithm::ALL, &Limits::default(), &mut entry);
        let read = read.map_err(|error| crate::failure::with_causes(&error))?;
        if read != *self.digests {
            return Err("the target changed while it was read".to_owned());
        }
        // What in-toto records of a link depends on where it leads.
        if let Some(path) = fault {
            return Err(format!("{path} is a link or a device, whose content is not recorded"));
        }
        let materials: Files =
            BTreeMap::from([(name.to_owned(), sha256(self.digests).unwrap_or_default())]);
        for (path, digest) in &materials {
            if products.insert(path.clone(), digest.clone()).is_some() {
                return Err(format!("the archive holds a file {path}, in whose place it is"));
            }
        }
        Ok(Inspected { materials, products })
    }
}

/// in-toto records SHA-256, and compares all that is recorded.
fn sha256(digests: &ArtifactDigests) -> Option<DigestSet> {
    let digest = digests.get(DigestAlgorithm::Sha256)?;
    Some(DigestSet::from(&ArtifactDigests::from(digest.clone())))
}

fn failure(error: &LayoutError) -> Failure {
    let failure = match error.is_undecided() {
        true => Failure::undecided(error.reason(), error.to_string()),
        false => Failure::no(error.reason(), error.to_string()),
    };
    match error {
        LayoutError::InspectionNotRun { .. } => failure.hint(
            "commands out of layouts are not run; `tar xzf TARGET` and its like are understood, for a target \
             of that name",
        ),
        LayoutError::MissingLink { .. } => {
            failure.hint("name the folder with all links with --links")
        }
        _ => failure,
    }
}

/// How tar is told to unpack, plain or compressed: GNU tar and bsdtar find out by what.
const UNPACKING: [&str; 12] =
    ["xf", "-xf", "xzf", "-xzf", "xvf", "-xvf", "xzvf", "-xzvf", "xvzf", "-xvzf", "xjf", "xJf"];
