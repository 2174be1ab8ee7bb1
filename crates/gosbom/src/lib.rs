#![doc = include_str!("../README.md")]

mod buildinfo;
mod container;
pub mod diff;
mod error;
mod facts;
mod limits;
pub mod pclntab;
pub mod purl;
mod read;
pub mod sbom;
mod source;
mod stored;

pub use buildinfo::{
    BuildInfo, BuildInfoSource, GoRelease, GoVersion, LineFault, Module, ModuleInfo, ModuleSum,
    ModulesUnavailable, Prerelease, Setting,
};
pub use container::Container;
pub use error::{Error, GoSign, Packer};
pub use facts::{Arch, BinaryFacts, CodeSignature, Kind, Linkage, Os, Relro};
pub use limits::{Depth, Limit, Limits};
pub use read::{GoBinary, GoSlice, OtherSlice, RuntimeCopy, SecondRecords, read, runtime_copy};
pub use source::ReadAt;
