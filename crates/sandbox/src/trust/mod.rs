//! The trust config: what clients need to sign with this sandbox and to verify what it issued.
//!
//! sigstore/protobuf-specs `sigstore_trustroot.proto`, in the form that all known clients take;
//! what that excludes is noted at the places.

mod config;
mod lifetime;

pub(crate) use config::{Deployment, LogKey, TrustConfig};
pub(crate) use lifetime::Lifetime;
