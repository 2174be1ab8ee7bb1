//! Images in registries: read, signed, attested, verified.

mod attestations;
mod fetch;
mod sign;
mod stored;

use std::path::PathBuf;

use chainsign_registry::{Error, Options, Registry, ServerCertificate};

pub use attestations::{VerifiedAttestation, VerifyAttestationRequest, verify_attestation};
pub use fetch::Platforms;
pub(in crate::commands) use fetch::{Fetched, ToFetch, fetch, pull};
pub use sign::{
    Children, ImageOutputs, Layouts, Replace, Say, SignImagesRequest, SignedImage, SignedImages,
    UnsignedImage, Upload, sign_images,
};
pub use stored::{
    AttachRequest, Attachment, Download, DownloadRequest, Downloaded, ToAttachFrom, Tree,
    TreeImage, TreeItem, TreeRequest, attach, download, tree,
};

use crate::failure::{Failure, with_causes};

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryRequest {
    /// The options of the client.
    pub options: Options,
    /// Whether they may be asked at all.
    pub asking: Asking,
    /// The folder in which layers are kept between runs; `None` for a folder of this run alone.
    pub cache: Option<PathBuf>,
}

/// Whether registries may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// They may.
    #[default]
    Allowed,
    /// `--offline`: no socket is opened.
    Never,
}

impl RegistryRequest {
    /// The flags that made it weaker, for reports.
    pub fn weakened(&self) -> Vec<&'static str> {
        let any = self.options.tls.server == ServerCertificate::DangerousAny;
        any.then_some("allow-insecure-registry").into_iter().collect()
    }

    /// The client of a run. Nothing is asked yet.
    ///
    /// # Errors
    /// `bad-flag` where none may be asked; as [`failure`].
    pub fn connect(&self) -> Result<Registry, Failure> {
        if self.asking == Asking::Never {
            let message = "found --offline, and an image that is in a registry";
            return Err(Failure::undecided("bad-flag", message).hint(
                "name a folder with its OCI layout instead (skopeo copy docker://… oci:app), with --as-image",
            ));
        }
        Registry::new(self.options.clone()).map_err(|error| failure(&error))
    }
}

/// What a registry did, as a failure with a stable reason. None of them says anything about the image:
/// a registry that does not answer has not said that an image is unsigned.
pub fn failure(error: &Error) -> Failure {
    let (reason, hint) = match error {
        Error::NotFound { .. } | Error::RepositoryUnknown { .. } => {
            ("image-not-found", "check the name, and whether its registry wants you to log in")
        }
        Error::Unauthorized { .. } | Error::Challenge { .. } | Error::Realm { .. } => (
            "registry-unauthorized",
            "log in with docker login or podman login, or give --registry-username and --registry-password",
        ),
        Error::Forbidden { .. } => (
            "registry-forbidden",
            "the registry knows who you are and refuses: ask for the right to it",
        ),
        Error::Throttled { .. } => {
            ("registry-throttled", "try later, or log in: many allow more then")
        }
        Error::Status { .. } => ("registry-error", "it is the registry's fault: try again later"),
        Error::Unreachable { .. } => {
            ("registry-unreachable", "check the name of the registry, and the way to it")
        }
        Error::Untrusted { .. } => (
            "registry-unreachable",
            "name the file of the authority that certified it with --registry-cacert, or in SSL_CERT_FILE",
        ),
        Error::Deadline { .. } => {
            ("timed-out", "give it longer with --timeout, or try again later")
        }
        Error::LimitReached { .. } => ("limit-reached", "nothing was left out in silence"),
        Error::NoSuchPlatform { .. } => {
            ("no-such-platform", "name one that is there, or leave out --platform")
        }
        Error::OtherDigest { .. } => CONTRADICTION,
        error if error.is_about_content() => CONTRADICTION,
        _ => return Failure::undecided("registry-error", with_causes(error)),
    };
    Failure::undecided(reason, with_causes(error)).hint(hint)
}

const CONTRADICTION: (&str, &str) =
    ("registry-contradiction", "what the registry sent is not what it should be: do not use it");
