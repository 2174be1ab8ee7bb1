//! `sign` and `attest` of images: signed, verified as anybody will, and stored beside the image.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::digest::{ArtifactDigests, DigestMatch};
use chainsign_core::dsse::Envelope;
use chainsign_core::formats::cosign::write_annotations;
use chainsign_core::formats::simple_signing::SimpleSigning;
use chainsign_core::image::ImageReference;
use chainsign_core::material::SignedContent;
use chainsign_core::predicate::{COSIGN_SIGN, PredicateType};
use chainsign_core::statement::{Statement, Subject};
use chainsign_keyless::{PublicEntry, ToSign};
use chainsign_registry::{Content, Registry, Resolved, Stored, ToAttach, Wanted};
use chainsign_verify::VerifiedBundle;
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{RegistryRequest, failure};
use crate::commands::sign::{
    self, CONCURRENT, Form, Fresh, Predicate, ServicesRequest, SignWith, release, service_failure,
    statement,
};
use crate::failure::Failure;
use crate::files::Output;

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

impl ImageOutputs {
    /// Whether any is written.
    pub fn is_any(&self) -> bool {
        let ImageOutputs { bundle, signature, payload, certificate } = self;
        [bundle, signature, payload, certificate].iter().any(|path| path.is_some())
    }
}

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

/// Files that are written about one signature.
#[derive(Clone, Debug, Default)]
pub struct ImageOutputs {
    /// The bundle.
    pub bundle: Option<PathBuf>,
    /// The signature of cosign's old form, base64; or the envelope.
    pub signature: Option<PathBuf>,
    /// What was signed.
    pub payload: Option<PathBuf>,
    /// The certificate, PEM.
    pub certificate: Option<PathBuf>,
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
        let next = match request.timeout {
            Some(limit) => timeout(limit, batch.next()).await,
            None => Ok(batch.next().await),
        };
        let bundle = match next {
            Err(_) => {
                rest = Failure::undecided("timed-out", "not signed within --timeout");
                break;
            }
            Ok(None) => break,
            Ok(Some((_, bundle))) => bundle,
        };
        let Some(piece) = pieces.next() else { continue };
        let image = piece.image.reference().clone();
        let finished = match bundle {
            Err(error) => Err(service_failure(&error)),
            Ok(bundle) => {
                let fresh =
                    release(bundle, piece.artifact(), &signing.session, &trust.verifier).await;
                match fresh {
                    Ok(fresh) => store.finish(piece, fresh, &mut outputs).await,
                    Err(failure) => Err(failure),
                }
            }
        };
        match finished {
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

/// One signature that is made.
struct Piece<'a> {
    image: &'a Resolved,
    digests: ArtifactDigests,
    content: ToSign,
    /// cosign's payload, where that is what is signed.
    payload: Option<Vec<u8>>,
    /// Whether an envelope goes to cosign's tag as well as, or instead of, a bundle.
    layouts: Layouts,
}

impl Say {
    /// The type of the attestations that are replaced.
    fn replaced(&self) -> Result<Option<PredicateType>, Failure> {
        Ok(match self {
            Say::Attested { predicate, replace: Replace::SameType } => {
                Some(predicate.predicate_type.clone())
            }
            Say::Stated { json, replace: Replace::SameType } => Some(parsed(json)?.predicate_type),
            _ => None,
        })
    }

    /// What is signed of an image: one thing for each form.
    fn pieces<'a>(&self, image: &'a Resolved, layouts: Layouts) -> Result<Vec<Piece<'a>>, Failure> {
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
                    let json = cosign_sign(&digests, annotations)?;
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

/// The statement in which cosign 3 signs an image (cosign `sign.go`, `signDigestBundle`).
fn cosign_sign(
    digests: &ArtifactDigests,
    annotations: &Map<String, Value>,
) -> Result<Vec<u8>, Failure> {
    let bad = |error: &dyn std::error::Error| {
        Failure::because("bad-subjects", "the statement cannot be written", error)
    };
    let annotations = (!annotations.is_empty()).then(|| Box::new(annotations.clone()));
    let subject = Subject { name: None, annotations, ..Subject::new("", digests) };
    let predicate_type =
        PredicateType::from_alias_or_uri(COSIGN_SIGN).map_err(|error| bad(&error))?;
    let predicate = RawValue::from_string("{}".to_owned()).map_err(|error| bad(&error))?;
    let statement = Statement::new(vec![subject], predicate_type, predicate);
    statement.to_json().map_err(|error| bad(&error))
}

impl Piece<'_> {
    /// What the fresh signature must be about.
    fn artifact(&self) -> Artifact<'_> {
        match &self.payload {
            Some(payload) => Artifact::Bytes(payload),
            None => Artifact::Digests(&self.digests),
        }
    }
}

/// Where signatures go.
struct Store<'a> {
    registry: &'a Registry,
    upload: Upload,
    /// The type of attestations that are replaced.
    replace: Option<PredicateType>,
}

impl Store<'_> {
    async fn finish(
        &self,
        piece: &Piece<'_>,
        fresh: Fresh,
        outputs: &mut PreparedOutputs,
    ) -> Result<SignedImage, Failure> {
        outputs.write(piece, &fresh)?;
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
            // What is new is there before anything old goes.
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
    ) -> Result<Vec<chainsign_registry::Item>, Failure> {
        let attached = self.registry.attached(image, Wanted::Attestations).await;
        let attached = attached.map_err(|error| failure(&error))?;
        let is = |content: &Content| {
            let material = match content {
                Content::Bundle(bytes) | Content::Envelope(bytes) => {
                    chainsign_core::formats::parse(bytes, &Limits::default()).ok()?
                }
                _ => return None,
            };
            let SignedContent::Envelope(envelope) = &material.content else { return None };
            let statement = Statement::parse(&envelope.payload.0, &Limits::default()).ok()?;
            (statement.predicate_type == *predicate_type).then_some(())
        };
        Ok(attached.items.into_iter().filter(|item| is(&item.content).is_some()).collect())
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
            media_type: BUNDLE.to_owned(),
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

fn json_of(envelope: &Envelope) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(envelope)
        .map_err(|error| Failure::because("unwritable", "the envelope cannot be written", &error))
}

/// It is signed and logged, and not stored.
fn not_stored(error: &chainsign_registry::Error, fresh: &Fresh) -> Failure {
    let failed = failure(error);
    let entries: Vec<_> =
        fresh.published.iter().map(|it| format!("entry {} of {}", it.index, it.log)).collect();
    let public = match entries.is_empty() {
        true => String::new(),
        false => format!("; public is {}", entries.join(" and ")),
    };
    let message = format!("signed, and not stored: {}{public}", failed.message);
    Failure { message, ..failed }.hint("running it again signs it anew")
}

/// The files of one signature, found to be writable.
struct PreparedOutputs {
    bundle: Option<Output>,
    signature: Option<Output>,
    payload: Option<Output>,
    certificate: Option<Output>,
}

impl PreparedOutputs {
    fn prepare(outputs: &ImageOutputs) -> Result<Self, Failure> {
        let prepare = |path: &Option<PathBuf>| path.as_deref().map(Output::prepare).transpose();
        Ok(PreparedOutputs {
            bundle: prepare(&outputs.bundle)?,
            signature: prepare(&outputs.signature)?,
            payload: prepare(&outputs.payload)?,
            certificate: prepare(&outputs.certificate)?,
        })
    }

    /// Writes what was asked for and has not been written for another form.
    fn write(&mut self, piece: &Piece<'_>, fresh: &Fresh) -> Result<(), Failure> {
        let write = |output: Option<Output>, bytes: &[u8]| match output {
            Some(output) => output.write(bytes).map(drop),
            None => Ok(()),
        };
        let annotations = || -> Result<BTreeMap<String, String>, Failure> {
            write_annotations(&fresh.material).map_err(|error| {
                Failure::because("no-place-in-bundle", "cosign's old form", &error)
            })
        };
        let envelope = match &fresh.material.content {
            SignedContent::Envelope(envelope) => Some(envelope),
            _ => None,
        };
        if piece.payload.is_none() {
            write(self.bundle.take(), &fresh.bytes)?;
        }
        if let Some(output) = self.signature.take() {
            let bytes = match envelope {
                Some(envelope) => json_of(envelope)?,
                None => {
                    let signature = annotations()?.remove("dev.cosignproject.cosign/signature");
                    signature.unwrap_or_default().into_bytes()
                }
            };
            write(Some(output), &bytes)?;
        }
        let signed = envelope.map(|it| it.payload.0.as_slice()).or(piece.payload.as_deref());
        write(self.payload.take(), signed.unwrap_or_default())?;
        if let Some(output) = self.certificate.take() {
            let certificate = annotations()?.remove("dev.sigstore.cosign/certificate");
            write(Some(output), certificate.unwrap_or_default().as_bytes())?;
        }
        Ok(())
    }
}

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
