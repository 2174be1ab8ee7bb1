#![doc = include_str!("../README.md")]

mod confusion;
mod evidence;
mod refusal;
mod verifier;

pub use chainsign_core::trust::DisabledInstance;
pub use confusion::{Confusion, Instance};
pub use evidence::{
    Check, Inclusion, TimeAuthority, UnusedEvidence, UnusedReason, VerifiedBundle,
    VerifiedCertificate, VerifiedKey, VerifiedLogEntry, VerifiedSigner, VerifiedTime,
};
pub use refusal::{CheckId, Refusal};
pub use verifier::Verifier;
