//! Who signs: identity tokens and where they come from.
//!
//! A token is a bearer secret: whoever has it can sign as its subject until it expires. It is kept
//! in memory that is wiped, is never printed, and is sent to the certificate authority only.

mod ambient;
mod claims;
mod disclosed;
mod login;
mod secret;
mod source;
mod token;

pub use ambient::{AmbientBuildkite, AmbientGithub, AmbientGoogle};
pub use claims::TokenClaims;
pub use disclosed::{Coverage, Disclosed};
pub use login::{
    Browsing, CodeFuture, DevicePrompt, Login, LoginFlow, LoginRequest, LoopbackRedirect, Person,
};
pub use secret::SecretText;
pub use source::{Provider, Surroundings, TokenSource};
pub use token::IdentityToken;
