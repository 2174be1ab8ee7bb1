#![doc = include_str!("../README.md")]

mod error;
mod facts;
mod handle;
mod open;
mod snapshot;
mod stream;
mod witness;

pub use error::{Change, Error, FileKind};
pub use facts::{ArtifactFacts, Content, Limits};
pub use open::OpenArtifact;
