//! Everything that a decision about one target looks at: its evidence, and facts about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainsign_artifact::{ArtifactFacts, Limits};
use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::image::ImageReference;
use chainsign_policy::{Candidate, Origin, TargetName};

use super::documents::{self, Document, EvidenceFile};
use super::lists::{self, List};
use super::opened::Opened;
use crate::failure::{Exit, Failure};

/// Something to decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetToVerify {
    /// What it is.
    pub place: Place,
    /// As what it is decided on, where it is not what it was named as.
    pub used_as: Option<UsedAs>,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, or a folder with the layout of an image.
    File(PathBuf),
    /// An image in a registry.
    Image(ImageReference),
}

/// The image as which a target is decided on: on its own, or run by a workload of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedAs {
    /// What a policy's `match` meets.
    pub name: TargetName,
    /// The digest that the target must have.
    pub digest: Option<ArtifactDigest>,
}

impl Place {
    /// The image, if it is one.
    pub fn image(&self) -> Option<&ImageReference> {
        match self {
            Place::File(_) => None,
            Place::Image(reference) => Some(reference),
        }
    }

    /// As it was named.
    pub(super) fn written(&self) -> PathBuf {
        match self {
            Place::File(path) => path.clone(),
            Place::Image(reference) => PathBuf::from(reference.to_string()),
        }
    }
}

impl From<Place> for TargetToVerify {
    /// A target that is decided on as what it is.
    fn from(place: Place) -> Self {
        TargetToVerify { place, used_as: None }
    }
}

impl TargetToVerify {
    /// What a policy's `match` meets.
    pub(super) fn name(&self) -> TargetName {
        match (&self.used_as, &self.place) {
            (Some(used_as), _) => used_as.name.clone(),
            (None, Place::File(path)) => file(path),
            (None, Place::Image(reference)) => TargetName::Image(reference.name.clone()),
        }
    }
}

/// A target that is decided on as the file that it is.
pub(in crate::commands) fn file(target: &Path) -> TargetName {
    TargetName::File(target.display().to_string())
}

/// The name, if it is not a file's.
pub(super) fn image(name: &TargetName) -> Option<TargetName> {
    (!matches!(name, TargetName::File(_))).then(|| name.clone())
}

/// The name, if it is that of more than an image.
pub(super) fn workload(name: &TargetName) -> Option<TargetName> {
    matches!(name, TargetName::Workload(_)).then(|| name.clone())
}

/// What was named for all targets.
#[derive(Default)]
pub(in crate::commands) struct Named {
    pub(in crate::commands) documents: Vec<PathBuf>,
    pub(in crate::commands) lists: Vec<List>,
}

/// Everything that a decision about one target looks at.
#[derive(Debug)]
pub(in crate::commands) struct Gathered {
    pub(in crate::commands) target: PathBuf,
    /// As what it is decided on.
    pub(in crate::commands) name: TargetName,
    /// The same, where it is not what was named.
    pub(in crate::commands) used_as: Option<TargetName>,
    pub(in crate::commands) files: Vec<EvidenceFile>,
    pub(in crate::commands) documents: Vec<Document>,
    /// What is said to be there and could not be read.
    pub(in crate::commands) unread: Vec<Unread>,
    pub(in crate::commands) facts: Arc<ArtifactFacts>,
    /// Where evidence was looked for besides its files.
    pub(in crate::commands) looked_in: Vec<PathBuf>,
}

/// A document that a registry says it has, and that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) struct Unread {
    pub(in crate::commands) origin: String,
    pub(in crate::commands) message: String,
    /// [`Exit::No`]: it is not what it should be. [`Exit::Undecided`]: it could not be had.
    pub(in crate::commands) exit: Exit,
}

impl Unread {
    pub(super) fn candidate(&self) -> Candidate {
        let origin = Origin::new(self.origin.clone());
        match self.exit {
            Exit::Undecided => Candidate::unavailable(origin, self.message.clone()),
            Exit::Yes | Exit::No => {
                let (document, reason) = ("what is stored", self.message.clone());
                let error = chainsign_core::Error::Invalid { document, reason };
                Candidate::malformed(origin, &error)
            }
        }
    }

    pub(in crate::commands) fn failure(&self) -> Failure {
        match self.exit {
            Exit::Undecided => Failure::undecided("evidence-unavailable", self.message.clone())
                .hint("without it, that a signature is missing is not known: try again"),
            Exit::Yes | Exit::No => Failure::no("malformed-evidence", self.message.clone()),
        }
    }
}

/// A target that no decision could be made about.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) target: PathBuf,
    pub(super) name: TargetName,
    /// The same, where it is not what was named.
    pub(super) used_as: Option<TargetName>,
    /// Where evidence was looked for by then.
    pub(super) looked_in: Vec<PathBuf>,
    pub(super) failure: Failure,
}

/// What there is to keep of a target.
pub(super) type Seen = Result<Gathered, Failed>;

impl Gathered {
    pub(super) fn looked_in(&self) -> Vec<PathBuf> {
        let files = self.files.iter().map(|file| file.path.clone());
        self.looked_in.iter().cloned().chain(files).collect()
    }
}

/// Opens a target, and reads it and the evidence about it. On failure also says where evidence was
/// looked for by then.
pub(in crate::commands) fn gather(
    limits: &Limits,
    target: &Path,
    name: TargetName,
    named: &Named,
) -> Result<(Opened, Gathered), (Vec<PathBuf>, Failure)> {
    let opened = Opened::open(target, limits).map_err(|failure| (Vec::new(), failure))?;
    let mut looked_in = documents::beside_file(target);
    looked_in.extend_from_slice(&named.documents);
    let algorithms = |documents: &[Document]| {
        let of_documents = documents::algorithms(documents).into_iter();
        of_documents.chain(lists::algorithms(&named.lists)).collect()
    };
    let read = |looked_in: &mut Vec<PathBuf>| -> Result<Gathered, Failure> {
        let mut files = documents::read_files(looked_in)?;
        let mut documents = documents::parse(&files)?;
        let mut facts = opened.facts(algorithms(&documents), limits)?;
        let sha256 = facts.digests.get(DigestAlgorithm::Sha256).map(|digest| digest.hex());
        if let Some(path) = sha256.and_then(|hex| documents::beside_digest(target, &hex)) {
            looked_in.push(path);
            files = documents::read_files(looked_in)?;
            documents = documents::parse(&files)?;
            facts = opened.facts(algorithms(&documents), limits)?;
        }
        Ok(Gathered {
            target: target.to_owned(),
            used_as: image(&name),
            name: name.clone(),
            files,
            documents,
            unread: Vec::new(),
            facts: Arc::new(facts),
            looked_in: Vec::new(),
        })
    };
    match read(&mut looked_in) {
        Ok(gathered) => Ok((opened, gathered)),
        Err(failure) => Err((looked_in, failure)),
    }
}
