#![doc = include_str!("../README.md")]

mod error;
mod misbehaviour;
mod oidc;
mod options;
mod sandbox;

pub use error::Error;
pub use misbehaviour::{ErrorStatus, Fork, Misbehaviour, Service};
pub use oidc::request::{GithubWorkflow, TokenRequest};
pub use options::{Clock, Listen, OfferedLogs, Options};
pub use sandbox::Sandbox;
