//! Where a fresh signature goes: beside the image.

use chainsign_core::dsse::Envelope;
use chainsign_core::formats::bundle::MEDIA_TYPE_V0_3;
use chainsign_core::formats::cosign::write_annotations;
use chainsign_core::material::SignedContent;
use chainsign_core::predicate::PredicateType;
use chainsign_core::{Limits, formats};
use chainsign_registry::{Item, Registry, Resolved, ToAttach, Wanted};
use jiff::Timestamp;

use super::say::Piece;
use super::{Layouts, SignedImage, failure};
use crate::commands::images::fetch::document;
use crate::commands::sign::{Fresh, public_nevertheless};
use crate::failure::Failure;

/// Where signatures go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// Beside the image.
    ToRegistry,
    /// Nowhere but into files.
    No,
    /// To standard output, as an envelope.
    Print,
}

/// Where signatures go.
pub(super) struct Store<'a> {
    pub(super) registry: &'a Registry,
    pub(super) upload: Upload,
    /// The type of attestations that are replaced.
    pub(super) replace: Option<PredicateType>,
}

impl Store<'_> {
    /// Stores a signature in each of its forms, then removes what it replaces: what is new is there before
    /// anything old goes.
    ///
    /// # Errors
    /// As [`failure`], with what is public; `no-place-in-bundle`.
    pub(super) async fn take(
        &self,
        piece: &Piece<'_>,
        fresh: Fresh,
    ) -> Result<SignedImage, Failure> {
        let (mut stored, mut replaced) = (Vec::new(), 0);
        if self.upload == Upload::ToRegistry {
            let before = match &self.replace {
                Some(predicate_type) => self.of_type(piece.image, predicate_type).await?,
                None => Vec::new(),
            };
            for document in to_attach(piece, &fresh)? {
                let attached = self.registry.attach(piece.image, &document).await;
                stored.push(attached.map_err(|error| not_stored(&error, &fresh))?);
            }
            let own: Vec<_> = stored.iter().map(|it| &it.manifest).collect();
            let old: Vec<_> =
                before.into_iter().filter(|item| !own.contains(&&item.manifest)).collect();
            replaced = old.len();
            self.registry.remove(piece.image, &old).await.map_err(|error| {
                failure(&error)
                    .hint("the new attestation is stored; older ones of its type are, too")
            })?;
        }
        let printed = match (self.upload, fresh.verified.envelope()) {
            (Upload::Print, Some(envelope)) => Some(json_of(envelope)?),
            _ => None,
        };
        Ok(SignedImage {
            image: piece.image.reference().clone(),
            stored,
            replaced,
            printed,
            published: fresh.published,
            verified: fresh.verified,
        })
    }

    /// The attestations of a type that are there. What they say they are is believed: whoever may push
    /// may delete.
    async fn of_type(
        &self,
        image: &Resolved,
        predicate_type: &PredicateType,
    ) -> Result<Vec<Item>, Failure> {
        let attached = self.registry.attached(image, Wanted::Attestations).await;
        let attached = attached.map_err(|error| failure(&error))?;
        let limits = Limits::default();
        let is = |item: &Item| {
            let material = formats::parse(&document(item)?, &limits).ok()?;
            material.predicate_type(&limits).filter(|of| of == predicate_type)
        };
        Ok(attached.items.into_iter().filter(|item| is(item).is_some()).collect())
    }
}

/// What is stored of a signature, a document for each form.
fn to_attach(piece: &Piece<'_>, fresh: &Fresh) -> Result<Vec<ToAttach>, Failure> {
    let old_form = |error: chainsign_core::Error| {
        Failure::because("no-place-in-bundle", "cosign's old form", &error)
            .hint("leave out --format, or use a log of Rekor v1")
    };
    let statement = fresh.verified.statement();
    let predicate_type = statement.map(|statement| statement.predicate_type.clone());
    let mut documents = Vec::new();
    if piece.layouts != Layouts::Legacy {
        documents.push(ToAttach::Bundle {
            bytes: fresh.bytes.trim_ascii_end().to_vec(),
            media_type: MEDIA_TYPE_V0_3.to_owned(),
            predicate_type: predicate_type.clone(),
            created: Timestamp::now(),
        });
    }
    if piece.layouts != Layouts::Bundle {
        let mut annotations = write_annotations(&fresh.material).map_err(old_form)?;
        documents.push(match (&piece.payload, &fresh.material.content) {
            (Some(payload), _) => ToAttach::SimpleSigning { payload: payload.clone(), annotations },
            (None, SignedContent::Envelope(envelope)) => {
                let predicate_type = predicate_type.map(|it| it.to_string()).unwrap_or_default();
                annotations.insert("predicateType".to_owned(), predicate_type);
                ToAttach::Envelope { bytes: json_of(envelope)?, annotations }
            }
            (None, _) => return Ok(documents),
        });
    }
    Ok(documents)
}

pub(super) fn json_of(envelope: &Envelope) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(envelope)
        .map_err(|error| Failure::because("unwritable", "the envelope cannot be written", &error))
}

/// It is signed and logged, and not stored.
fn not_stored(error: &chainsign_registry::Error, fresh: &Fresh) -> Failure {
    let failed = failure(error);
    let message = format!("signed, and not stored: {}", failed.message);
    public_nevertheless(Failure { message, ..failed }, &fresh.published)
}
