//! The OIDC issuer.

pub(crate) mod request;
