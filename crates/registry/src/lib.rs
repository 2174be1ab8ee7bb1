#![doc = include_str!("../README.md")]

mod credentials;
mod documents;
mod error;
mod options;
mod pull;
mod registry;
mod resolved;
mod secret;
mod stored;
mod transport;

pub use credentials::{CredentialFiles, Credentials};
pub use documents::{Descriptor, Manifest, NotAPlatform, Platform};
pub use error::{Action, AddressFault, Asker, Error, Limit, Subject};
pub use options::{ClientCertificate, Limits, Options, PlainHttp, Retry, ServerCertificate, Tls};
pub use pull::{Platforms, Pulled};
pub use registry::{Registry, Traffic};
pub use resolved::{Kind, Resolved};
pub use secret::Secret;
pub use stored::{Attached, Content, ContentKind, Item, Store, Stored, ToAttach, Unread, Wanted};
