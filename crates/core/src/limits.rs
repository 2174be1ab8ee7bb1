//! How much work input may cause before it is trusted.

/// Bounds that every parser in this crate keeps. Reaching one is an
/// [`Error::LimitReached`](crate::Error::LimitReached) that names it; nothing is ever cut short in silence.
///
/// The defaults are generous for what real tools write and small enough that hostile
/// input costs milliseconds and a few mebibytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one document (bundle, envelope, statement, trusted root). The public
    /// log takes at most a few MiB; GitHub allows predicates of 16 MiB; base64 adds a third.
    pub document_bytes: usize,
    /// Nesting of JSON arrays and objects. Bundles need 8, SBOMs about 12.
    pub json_depth: usize,
    /// Keys of one JSON object. Keeps the memory of the duplicate-key check bounded.
    pub json_keys: usize,
    /// Subjects of one statement: the number GitHub's attestation action allows.
    pub subjects: usize,
    /// Log entries of one bundle (sigstore-go's bound).
    pub log_entries: usize,
    /// Signed timestamps of one bundle (sigstore-go's bound).
    pub timestamps: usize,
    /// Certificates of one bundle. Real chains have at most 4.
    pub certificates: usize,
    /// Signatures of one raw DSSE envelope. A Sigstore bundle has exactly one.
    pub envelope_signatures: usize,
    /// Hashes of one inclusion proof: a tree of 2^64 leaves needs no more.
    pub inclusion_proof_hashes: usize,
    /// Signatures with their material in one file of many, such as JSON lines.
    pub materials: usize,
    /// Logs, authorities and services, each, of one trusted root or signing config.
    pub trust_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            document_bytes: 32 << 20,
            json_depth: 64,
            json_keys: 1 << 16,
            subjects: 1024,
            log_entries: 32,
            timestamps: 32,
            certificates: 16,
            envelope_signatures: 16,
            inclusion_proof_hashes: 64,
            materials: 1000,
            trust_entries: 256,
        }
    }
}
