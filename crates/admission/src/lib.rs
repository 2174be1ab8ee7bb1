#![doc = include_str!("../README.md")]

pub mod dockerfile;
mod edit;
mod error;
mod field;
mod image_path;
mod limits;
pub mod manifest;
mod object;
mod place;
pub mod review;
mod tree;

pub use error::Error;
pub use image_path::ImagePath;
pub use limits::Limits;
pub use manifest::{Options, UnknownKinds};
pub use place::{Place, Reason, Role, Uneditable, Unread, Use, Workload};
