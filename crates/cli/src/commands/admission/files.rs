//! Manifests and Dockerfiles.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chainsign_admission::dockerfile::{self, Dockerfile};
use chainsign_admission::manifest::{self, Manifest};
use chainsign_admission::{Unread, Use};
use chainsign_core::digest::ArtifactDigest;
use chainsign_core::image::ImageReference;
use chainsign_policy::{TargetName, Workload};

use super::decide::{Asked, decide};
use super::{FileKind, FilesRequest, Input, failure, unread};
use crate::commands::verify::{TargetOutcome, VerifyRequest};
use crate::failure::{Exit, Failure};
use crate::files;

/// Files that were read.
#[derive(Debug)]
pub struct Files {
    read: Vec<Content>,
    namespace: String,
}

#[derive(Debug)]
enum Content {
    Manifest(Manifest),
    Dockerfile(Dockerfile),
}

/// What was decided on files.
#[derive(Debug)]
pub struct FilesDecided {
    /// What was decided on each image, and each place of which is not known what image it names.
    pub outcomes: Vec<TargetOutcome>,
    /// Each place that names an image.
    pub places: Vec<PlaceDecided>,
    /// The file with its digests, if there is one file and everything passed.
    pub pinned: Option<Result<Vec<u8>, Failure>>,
}

/// What was decided on the image that a place names.
#[derive(Clone, Debug)]
pub struct PlaceDecided {
    /// The place.
    pub place: String,
    /// The reference as it is written there.
    pub written: String,
    /// What it led to.
    pub digest: Option<ArtifactDigest>,
    /// What was decided.
    pub exit: Exit,
}

impl FilesDecided {
    /// The worst of all: a place that nothing was decided on is undecided, whatever else passed.
    pub fn exit(&self) -> Exit {
        let outcomes = self.outcomes.iter().map(TargetOutcome::exit);
        outcomes.chain(self.places.iter().map(|it| it.exit)).max().unwrap_or(Exit::Undecided)
    }
}

impl Files {
    /// Reads the files.
    ///
    /// # Errors
    /// `unreadable`, `limit-reached`, `bad-manifest`, `bad-dockerfile`; `no-image` if they name none.
    pub fn read(request: &FilesRequest) -> Result<Self, Failure> {
        let read = request.inputs.iter().map(|input| content(input, request));
        let read = read.collect::<Result<Vec<_>, _>>()?;
        let files = Files { read, namespace: request.namespace.clone() };
        if files.images().next().is_none() && files.unread().next().is_none() {
            let names: Vec<_> =
                request.inputs.iter().map(|it| it.path.display().to_string()).collect();
            let message = format!("found no image in {}", names.join(" and "));
            return Err(Failure::undecided("no-image", message)
                .hint("nothing was verified: name the file that says what runs"));
        }
        Ok(files)
    }

    /// Every image that they name, each once.
    pub fn references(&self) -> Vec<ImageReference> {
        let mut references: Vec<_> = self.images().map(|it| it.image.clone()).collect();
        references.sort();
        references.dedup();
        references
    }

    /// Decides on every image.
    ///
    /// # Errors
    /// What concerns all of them, as of `verify`.
    pub fn decide(&self, request: VerifyRequest) -> Result<FilesDecided, Failure> {
        let asked: Vec<_> = self.images().map(|it| self.asked(it)).collect();
        let answers = decide(request, &asked)?;
        let mut digests = BTreeMap::new();
        let places = self.images().zip(&answers.each).map(|(image, answer)| {
            let (written, digest) = (image.written.clone(), answer.digest.clone());
            digests.extend(digest.clone().map(|digest| (written.clone(), digest)));
            let place = format!("{} ({})", image.place, image.role);
            PlaceDecided { place, written, digest, exit: answers.exit(answer) }
        });
        let places: Vec<_> = places.collect();
        let mut outcomes = answers.outcomes;
        outcomes.extend(self.unread().map(unknown));
        let mut decided = FilesDecided { outcomes, places, pinned: None };
        if let ([one], Exit::Yes) = (self.read.as_slice(), decided.exit()) {
            decided.pinned = Some(one.pin(&digests));
        }
        Ok(decided)
    }

    fn images(&self) -> impl Iterator<Item = &Use> {
        self.read.iter().flat_map(|it| match it {
            Content::Manifest(it) => it.images(),
            Content::Dockerfile(it) => it.images(),
        })
    }

    fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.read.iter().flat_map(|it| match it {
            Content::Manifest(it) => it.unread(),
            Content::Dockerfile(it) => it.unread(),
        })
    }

    fn asked(&self, image: &Use) -> Asked {
        let reference = image.image.clone();
        let name = match &image.workload {
            None => TargetName::Image(reference.name.clone()),
            Some(it) => {
                let namespace = it.namespace.as_ref().unwrap_or(&self.namespace);
                let mut workload = Workload::new(reference.name.clone(), namespace, &it.kind);
                workload.labels.clone_from(&it.labels);
                TargetName::Workload(workload)
            }
        };
        Asked { reference, name }
    }
}

impl Content {
    fn pin(&self, digests: &BTreeMap<String, ArtifactDigest>) -> Result<Vec<u8>, Failure> {
        let pinned = match self {
            Content::Manifest(it) => it.pin(digests),
            Content::Dockerfile(it) => it.pin(digests),
        };
        pinned.map_err(|error| failure("the file to pin", &error))
    }
}

fn content(input: &Input, request: &FilesRequest) -> Result<Content, Failure> {
    let name = match input.path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => input.path.display().to_string(),
    };
    let read = match input.kind {
        FileKind::Manifest => {
            let bytes = files::read("manifest", &input.path)?;
            manifest::read(&bytes, &name, &request.options).map(Content::Manifest)
        }
        FileKind::Dockerfile => {
            let bytes = files::read("Dockerfile", &input.path)?;
            dockerfile::read(&bytes, &name, &request.build).map(Content::Dockerfile)
        }
    };
    read.map_err(|error| failure(&name, &error))
}

/// A place of which is not known what image it names, as what it is in a report: undecided.
fn unknown(place: &Unread) -> TargetOutcome {
    TargetOutcome {
        target: PathBuf::from(place.place.to_string()),
        used_as: None,
        looked_in: Vec::new(),
        given: None,
        asked: Vec::new(),
        decided: Err(unread(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_was_decided_on_is_undecided() {
        let place = |exit| PlaceDecided {
            place: "deploy.yaml:1".to_owned(),
            written: "app".to_owned(),
            digest: None,
            exit,
        };
        let decided = |places| FilesDecided { outcomes: Vec::new(), places, pinned: None }.exit();
        assert_eq!(decided(Vec::new()), Exit::Undecided);
        assert_eq!(decided(vec![place(Exit::Yes), place(Exit::Undecided)]), Exit::Undecided);
        assert_eq!(decided(vec![place(Exit::Yes), place(Exit::No)]), Exit::No);
    }
}
