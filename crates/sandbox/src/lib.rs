#![doc = include_str!("../README.md")]

mod ct;
mod error;
mod fulcio;
mod http;
mod keys;
mod merkle;
mod misbehaviour;
mod oidc;
mod options;
mod pem;
mod registry;
mod rekor;
mod sandbox;
mod state;
mod trust;
mod tsa;
mod tuf;
mod x509;

pub use error::Error;
pub use misbehaviour::{ErrorStatus, Fork, Misbehaviour, Requests, Service};
pub use oidc::request::{GithubWorkflow, TokenRequest};
pub use options::{Clock, Listen, OfferedLogs, Options, ReferrersApi};
pub use sandbox::Sandbox;
