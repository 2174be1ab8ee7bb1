use std::fmt;

use chainsign_core::Limits;
use chainsign_core::artifact::Artifact;
use chainsign_core::encoding::base64_encode;
use chainsign_core::formats::bundle;
use chainsign_core::material::{Credential, Format, LogEntry, SignedContent, SignedMaterial};
use chainsign_core::requirements::Requirements;
use chainsign_core::verifier::BundleVerifier;
use jiff::Timestamp;

use super::signed::SignedBy;
use crate::Error;

/// A signature that is public: with its log entries and timestamps.
pub struct Logged {
    pub(super) content: SignedContent,
    pub(super) credential: SignedBy,
    pub(super) log_entries: Vec<LogEntry>,
    pub(super) timestamps: Vec<Vec<u8>>,
    pub(super) published: Vec<PublicEntry>,
}

impl Logged {
    /// Writes the bundle, version 0.3, and reads it again as a verifier will.
    ///
    /// # Errors
    /// [`Error::AfterPublication`] around [`Error::Document`] when the material makes no valid
    /// bundle, because a service answered with what a bundle cannot hold.
    pub fn bundle(self) -> Result<UnverifiedBundle, Error> {
        let credential = match self.credential {
            SignedBy::Certificate(leaf) => Credential::Certificate { leaf, others: Vec::new() },
            // cosign's hint: base64 of the SHA-256 of the key.
            SignedBy::Key(key) => {
                Credential::Key { hint: base64_encode(key.fingerprint().bytes()) }
            }
        };
        let material = SignedMaterial {
            format: Format::BundleV0_3,
            document: None,
            content: self.content,
            credential,
            log_entries: self.log_entries,
            timestamps: self.timestamps,
            detached_scts: Vec::new(),
        };
        let written = bundle::write(&material)
            .and_then(|bytes| Ok((bundle::parse(&bytes, &Limits::default())?, bytes)));
        match written {
            Ok((material, bytes)) => {
                Ok(UnverifiedBundle { material, bytes, published: self.published })
            }
            Err(error) if self.published.is_empty() => Err(error.into()),
            Err(error) => {
                let source = Box::new(error.into());
                Err(Error::AfterPublication { published: self.published, source })
            }
        }
    }
}

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logged").field("published", &self.published).finish_non_exhaustive()
    }
}

/// A finished bundle whose bytes come out only through a verifier.
///
/// What a service did wrong, or what was asked of the wrong service, is found here and not by the
/// first user of the artifact. There is no other way to them:
///
/// ```compile_fail,E0616
/// fn write_anyway(bundle: chainsign_keyless::UnverifiedBundle) -> Vec<u8> {
///     bundle.bytes
/// }
/// ```
pub struct UnverifiedBundle {
    material: SignedMaterial,
    bytes: Vec<u8>,
    published: Vec<PublicEntry>,
}

impl UnverifiedBundle {
    /// The entries that are public now, whether the bundle verifies or not.
    pub fn published(&self) -> &[PublicEntry] {
        &self.published
    }

    /// The index of the first of them.
    pub fn log_index(&self) -> Option<u64> {
        self.published.first().map(|entry| entry.index)
    }

    /// Verifies the bundle, exactly as it will be written, and gives its bytes away: JSON on one
    /// line with a line feed.
    ///
    /// # Errors
    /// [`Refused`], with the verifier's refusal and the entries that are public all the same.
    pub fn release<V: BundleVerifier>(
        self,
        verifier: &V,
        artifact: Artifact<'_>,
        requirements: &Requirements,
        now: Timestamp,
    ) -> Released<V> {
        match verifier.verify(&self.material, artifact, requirements, now) {
            Ok(verified) => Ok((verified, self.bytes)),
            Err(refusal) => Err(Refused { refusal, published: self.published }),
        }
    }
}

/// The proof of the verification with the bundle's bytes, or the refusal.
pub type Released<V> =
    Result<(<V as BundleVerifier>::Verified, Vec<u8>), Refused<<V as BundleVerifier>::Refusal>>;

impl fmt::Debug for UnverifiedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedBundle")
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

/// An entry of a transparency log, which anybody can read and nobody can remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicEntry {
    /// The log's address.
    pub log: String,
    /// The entry's index over all shards of the log.
    pub index: u64,
}

impl fmt::Display for PublicEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} of {}", self.index, self.log)
    }
}

impl PublicEntry {
    pub(crate) fn list(entries: &[PublicEntry]) -> String {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        entries.join(", ")
    }
}

/// A signature that was just made and does not verify.
#[derive(Debug)]
pub struct Refused<R> {
    /// The verifier's reason.
    pub refusal: R,
    /// What is public all the same.
    pub published: Vec<PublicEntry>,
}

impl<R: fmt::Display> fmt::Display for Refused<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signature that was just made does not verify: {}", self.refusal)?;
        match self.published.as_slice() {
            [] => Ok(()),
            entries => write!(f, "; already public: {}", PublicEntry::list(entries)),
        }
    }
}

impl<R: std::error::Error + 'static> std::error::Error for Refused<R> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.refusal.source()
    }
}
