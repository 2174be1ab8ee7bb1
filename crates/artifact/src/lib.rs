#![doc = include_str!("../README.md")]

pub mod archive;
mod error;
mod facts;
mod folder;
mod handle;
pub mod image;
mod meter;
mod open;
mod snapshot;
mod stream;
mod witness;

pub use error::{Change, Error, FileKind};
pub use facts::{ArtifactFacts, Content, Limits};
pub use folder::regular_files;
pub use meter::Meter;
pub use open::OpenArtifact;
