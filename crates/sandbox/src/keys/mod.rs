//! Keys: the sandbox's own, which sign, and those that clients send, which are checked.

mod client;
mod own;

pub(crate) use client::{ClientKey, KeyError, KeyKind, hash_of_signature, rsa_parts};
pub(crate) use own::{Curve, EcdsaKey, Ed25519Key, RsaKey};
