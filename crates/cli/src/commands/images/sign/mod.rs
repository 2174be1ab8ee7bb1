//! `sign` and `attest` of images: signed, verified as anybody will, and stored beside the image.

mod outputs;
mod say;
mod store;

use std::time::Duration;

use chainsign_core::image::ImageReference;
use chainsign_keyless::PublicEntry;
use chainsign_registry::Stored;
use chainsign_verify::VerifiedBundle;

pub use outputs::ImageOutputs;
use outputs::PreparedOutputs;
pub use say::{Layouts, Replace, Say};
use store::Store;
pub use store::Upload;

use super::{RegistryRequest, failure};
use crate::commands::sign::{
    self, CONCURRENT, Form, ServicesRequest, SignWith, public_nevertheless, release,
    service_failure, timed_out_signing, within,
};
use crate::failure::Failure;

/// Images to sign, or to attest something about.
#[derive(Debug)]
pub struct SignImagesRequest {
    /// The images. A tag is resolved once, and the digest is signed.
    pub images: Vec<ImageReference>,
    /// Of an index also each of its images.
    pub children: Children,
    /// What is said of each.
    pub what: Say,
    /// In which forms.
    pub layouts: Layouts,
    /// Where it goes.
    pub upload: Upload,
    /// Files that are written, too. For one image.
    pub outputs: ImageOutputs,
    /// The registries.
    pub registry: RegistryRequest,
    /// The services.
    pub services: ServicesRequest,
    /// Who signs.
    pub signer: SignWith,
    /// How long it may take until an image is signed, and then until the next is.
    pub timeout: Option<Duration>,
}

/// What becomes of the images of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    /// They are covered by what is said of the index.
    Covered,
    /// Each is signed as well (cosign's `--recursive`).
    Each,
}

/// An image of which something was said.
#[derive(Debug)]
pub struct SignedImage {
    /// With its digest; a tag stays beside it.
    pub image: ImageReference,
    /// Where it is stored.
    pub stored: Vec<Stored>,
    /// What else was removed for it.
    pub replaced: usize,
    /// What goes to standard output.
    pub printed: Option<Vec<u8>>,
    /// What is public now.
    pub published: Vec<PublicEntry>,
    /// The proof that it verifies.
    pub verified: VerifiedBundle,
}

/// An image of which nothing was said, or of which it is not stored everywhere.
#[derive(Debug)]
pub struct UnsignedImage {
    /// The image.
    pub image: ImageReference,
    /// Why. What is public nevertheless is in the message.
    pub failure: Failure,
}

/// What became of the images, in their order.
#[derive(Debug, Default)]
pub struct SignedImages {
    /// Those that are done.
    pub signed: Vec<SignedImage>,
    /// The others.
    pub unsigned: Vec<UnsignedImage>,
    /// What kept the trusted root from being newer, or from being cached.
    pub warning: Option<String>,
}

/// Signs images, or attests something about them.
///
/// # Errors
/// Before anything is signed: an image that cannot be resolved, and as [`sign::sign`]. What concerns one
/// image afterwards is in its place.
pub async fn sign_images(request: SignImagesRequest) -> Result<SignedImages, Failure> {
    let trust = request.services.trust.load()?;
    let form = match (&request.what, request.layouts) {
        (Say::Signed { .. }, Layouts::Legacy) => Form::Digest,
        _ => Form::Envelope,
    };
    let signing = sign::prepare(&request.services, &trust, request.signer, form)?;
    let mut outputs = PreparedOutputs::prepare(&request.outputs)?;
    let registry = request.registry.connect()?;
    let mut images = Vec::new();
    for reference in &request.images {
        let image = registry.resolve(reference).await.map_err(|error| failure(&error))?;
        if request.children == Children::Each {
            for child in image.children() {
                images.push(registry.child(&image, child).await.map_err(|it| failure(&it))?);
            }
        }
        images.push(image);
    }
    let mut pieces = Vec::new();
    for image in &images {
        pieces.extend(request.what.pieces(image, request.layouts)?);
    }
    let contents = pieces.iter().map(|piece| piece.content.clone());
    let mut batch = signing.session.batch(contents, CONCURRENT);
    let mut done = SignedImages { warning: trust.warning.clone(), ..SignedImages::default() };
    let mut rest = Failure::undecided("not-begun", "not begun, because an image before it failed");
    let mut pieces = pieces.iter();
    let store =
        Store { registry: &registry, upload: request.upload, replace: request.what.replaced()? };
    loop {
        let bundle = match within(request.timeout, batch.next()).await {
            None => {
                rest = timed_out_signing();
                break;
            }
            Some(None) => break,
            Some(Some((_, bundle))) => bundle,
        };
        let Some(piece) = pieces.next() else { continue };
        let image = piece.image.reference().clone();
        let finished = async {
            let bundle = bundle.map_err(|error| service_failure(&error))?;
            let about = piece.artifact();
            let fresh = release(bundle, about, &signing.session, &trust.verifier).await?;
            let written = outputs.write(piece, &fresh);
            written.map_err(|it| public_nevertheless(it, &fresh.published))?;
            store.take(piece, fresh).await
        };
        match finished.await {
            Ok(signed) => done.add(signed),
            Err(failure) => done.unsigned.push(UnsignedImage { image, failure }),
        }
    }
    done.unsigned.extend(pieces.map(|piece| UnsignedImage {
        image: piece.image.reference().clone(),
        failure: rest.clone(),
    }));
    Ok(done)
}

impl SignedImages {
    /// Adds an image; the second form of one that is there already to it.
    fn add(&mut self, signed: SignedImage) {
        match self.signed.last_mut() {
            Some(last) if last.image == signed.image => {
                last.stored.extend(signed.stored);
                last.published.extend(signed.published);
                last.replaced += signed.replaced;
            }
            _ => self.signed.push(signed),
        }
    }
}
