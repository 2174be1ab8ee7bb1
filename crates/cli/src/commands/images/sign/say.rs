//! What is signed of an image.

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigests, DigestMatch};
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::predicate::PredicateType;
use chainsign_core::statement::{Statement, Subject};
use chainsign_keyless::ToSign;
use chainsign_registry::Resolved;
use serde_json::{Map, Value};

use crate::commands::sign::{Predicate, signing_statement, statement};
use crate::failure::Failure;

/// What is said of an image.
#[derive(Debug)]
pub enum Say {
    /// That it is signed, with what the signer adds.
    Signed {
        /// cosign's `--annotations`.
        annotations: Map<String, Value>,
        /// How the signer calls the image, where it is not its repository (cosign's
        /// `--sign-container-identity`). For cosign's old form.
        identity: Option<String>,
    },
    /// A predicate.
    Attested {
        /// The predicate.
        predicate: Predicate,
        /// Whether it takes the place of others of its type.
        replace: Replace,
    },
    /// This statement, of which the image is a subject. It is signed as it is.
    Stated {
        /// Its JSON.
        json: Vec<u8>,
        /// Whether it takes the place of others of its type.
        replace: Replace,
    },
}

/// Whether an attestation takes the place of those of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It does. They are removed once it is stored.
    SameType,
    /// It stands beside them.
    Nothing,
}

/// The forms in which signatures are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layouts {
    /// A Sigstore bundle that refers to the image, as cosign 3 writes it.
    Bundle,
    /// cosign's tags, which every version of it reads.
    Legacy,
    /// Both.
    Both,
}

/// One signature that is made.
pub(super) struct Piece<'a> {
    pub(super) image: &'a Resolved,
    digests: ArtifactDigests,
    pub(super) content: ToSign,
    /// cosign's payload, where that is what is signed.
    pub(super) payload: Option<Vec<u8>>,
    /// Whether an envelope goes to cosign's tag as well as, or instead of, a bundle.
    pub(super) layouts: Layouts,
}

impl Say {
    /// The type of the attestations that are replaced.
    ///
    /// # Errors
    /// `bad-predicate` for a statement that is none.
    pub(super) fn replaced(&self) -> Result<Option<PredicateType>, Failure> {
        Ok(match self {
            Say::Attested { predicate, replace: Replace::SameType } => {
                Some(predicate.predicate_type.clone())
            }
            Say::Stated { json, replace: Replace::SameType } => Some(parsed(json)?.predicate_type),
            _ => None,
        })
    }

    /// What is signed of an image: one thing for each form.
    ///
    /// # Errors
    /// `not-a-subject` (exit 1) for a statement about others; `bad-predicate`, `bad-subjects`.
    pub(super) fn pieces<'a>(
        &self,
        image: &'a Resolved,
        layouts: Layouts,
    ) -> Result<Vec<Piece<'a>>, Failure> {
        let digests = ArtifactDigests::from(image.digest().clone());
        let piece = |content, payload, layouts| Piece {
            image,
            digests: digests.clone(),
            content,
            payload,
            layouts,
        };
        let repository = image.reference().name.to_string();
        match self {
            Say::Attested { predicate, .. } => {
                let json = statement(&repository, &digests, predicate)?;
                Ok(vec![piece(ToSign::Statement(json), None, layouts)])
            }
            Say::Stated { json, .. } => {
                let about = parsed(json)?;
                let is = |it: &&Subject| {
                    it.digest
                        .acceptable()
                        .is_ok_and(|named| matches!(named.compare(&digests), DigestMatch::Match(_)))
                };
                if !about.subject.iter().any(|it| is(&it)) {
                    let image = image.reference();
                    let message = format!("the statement is not about {image}");
                    return Err(Failure::no("not-a-subject", message)
                        .hint("make the statement for this digest, or leave the image out"));
                }
                Ok(vec![piece(ToSign::Statement(json.clone()), None, layouts)])
            }
            Say::Signed { annotations, identity } => {
                let mut pieces = Vec::new();
                if layouts != Layouts::Legacy {
                    let annotations =
                        (!annotations.is_empty()).then(|| Box::new(annotations.clone()));
                    let subject = Subject { name: None, annotations, ..Subject::new("", &digests) };
                    let json = signing_statement(vec![subject])?;
                    pieces.push(piece(ToSign::Statement(json), None, Layouts::Bundle));
                }
                if layouts != Layouts::Bundle {
                    let payload = SimpleSigning {
                        docker_reference: identity.clone().unwrap_or(repository),
                        digest: image.digest().clone(),
                        annotations: annotations.clone(),
                    }
                    .to_payload();
                    let content = ToSign::Message(payload.as_slice().into());
                    pieces.push(piece(content, Some(payload), Layouts::Legacy));
                }
                Ok(pieces)
            }
        }
    }
}

fn parsed(json: &[u8]) -> Result<Statement, Failure> {
    Statement::parse(json, &Limits::default()).map_err(|error| {
        Failure::because("bad-predicate", "the statement cannot be signed", &error)
    })
}

impl Piece<'_> {
    /// What the fresh signature must be about.
    pub(super) fn artifact(&self) -> Artifact<'_> {
        match &self.payload {
            Some(payload) => Artifact::Bytes(payload),
            None => Artifact::Digests(&self.digests),
        }
    }
}
