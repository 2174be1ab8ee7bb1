#![doc = include_str!("../README.md")]

mod artifact;
mod bounds;
mod certificate;
mod confusion;
mod content;
mod evidence;
mod key;
mod log;
mod refusal;
mod root;
mod timestamp;
mod verifier;

pub use certificate::claimed_identity;
pub use chainsign_core::trust::DisabledInstance;
pub use confusion::{Confusion, Instance};
pub use evidence::{
    Check, Inclusion, TimeAuthority, UnusedEvidence, UnusedReason, VerifiedBundle,
    VerifiedCertificate, VerifiedKey, VerifiedLogEntry, VerifiedSigner, VerifiedTime,
};
pub use refusal::{CheckId, Refusal};
pub use verifier::Verifier;
