#![doc = include_str!("../README.md")]

pub mod archive;
mod error;
mod facts;
mod folder;
mod handle;
pub mod image;
mod inside;
mod meter;
mod open;
mod snapshot;
mod stream;
mod witness;

pub use error::{Change, Error, FileKind};
pub use facts::{ArchiveContent, ArtifactFacts, Content, ImageContent, ImageInside, Limits};
pub use folder::regular_files;
pub use inside::{FaultKind, InnerFault, Inside, Noted, Program};
pub use meter::Meter;
pub use open::OpenArtifact;
