//! Links between certificates of the trusted root, whose signatures are verified once.
//!
//! webpki builds every path anew, from the signer up to the trust anchor, and checks everything
//! about it. Of that, only the signatures between certificates of the trusted root itself are
//! remembered: the same key, message, signature and algorithm always give the same answer.

use std::sync::OnceLock;

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

/// The signatures on some certificates, with the first key that was found to have made each.
#[derive(Debug, Default)]
pub(super) struct Links(Vec<Link>);

#[derive(Debug)]
struct Link {
    message: Vec<u8>,
    signature: Vec<u8>,
    made_by: OnceLock<MadeBy>,
}

#[derive(Debug, PartialEq)]
struct MadeBy {
    public_key: Vec<u8>,
    public_key_algorithm: AlgorithmIdentifier,
    signature_algorithm: AlgorithmIdentifier,
}

impl Links {
    /// `(TBSCertificate, signature)` of each certificate.
    pub(super) fn new(certificates: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let link = |(message, signature)| Link { message, signature, made_by: OnceLock::new() };
        Links(certificates.into_iter().map(link).collect())
    }

    fn find(&self, message: &[u8], signature: &[u8]) -> Option<&Link> {
        self.0.iter().find(|link| link.signature == signature && link.message == message)
    }
}

/// An algorithm that remembers [`Links`].
#[derive(Debug)]
pub(super) struct Remembering<'a> {
    pub(super) algorithm: &'static dyn SignatureVerificationAlgorithm,
    pub(super) links: &'a Links,
}

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let verify = || self.algorithm.verify_signature(public_key, message, signature);
        let Some(link) = self.links.find(message, signature) else { return verify() };
        let by = MadeBy {
            public_key: public_key.to_vec(),
            public_key_algorithm: self.public_key_alg_id(),
            signature_algorithm: self.signature_alg_id(),
        };
        if link.made_by.get() == Some(&by) {
            return Ok(());
        }
        verify()?;
        // Whoever was first stays; another key that made the same signature is verified each time.
        let _ = link.made_by.set(by);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
