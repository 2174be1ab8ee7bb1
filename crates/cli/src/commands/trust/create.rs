//! `trust create`: a trusted root and a signing config from addresses and PEM files.

use std::path::PathBuf;

use chainsign_trust::create::Services;

use crate::failure::Failure;
use crate::files;

/// Documents to be made.
#[derive(Debug)]
pub struct CreateRequest {
    /// What they describe.
    pub services: Services,
    /// Where the trusted root goes.
    pub trusted_root: Option<PathBuf>,
    /// Where the signing config goes.
    pub signing_config: Option<PathBuf>,
    /// Where both in one file go.
    pub trust_config: Option<PathBuf>,
}

/// What was made.
#[derive(Debug)]
pub enum Created {
    /// The files were written.
    Written(Vec<PathBuf>),
    /// No file was named: the trust config.
    TrustConfig(Vec<u8>),
}

/// Makes the documents, all of them before any is written.
///
/// # Errors
/// `bad-service` for what no verifier could use; `unwritable`.
pub fn create(request: &CreateRequest) -> Result<Created, Failure> {
    let bad =
        |error: chainsign_trust::Error| Failure::because("bad-service", "nothing was made", &error);
    let CreateRequest { services, trusted_root, signing_config, trust_config } = request;
    let mut documents = Vec::new();
    if let Some(path) = trusted_root {
        documents.push((path, services.trusted_root().map_err(bad)?.json().as_bytes().to_vec()));
    }
    if let Some(path) = signing_config {
        documents.push((path, services.signing_config().map_err(bad)?.json().as_bytes().to_vec()));
    }
    if let Some(path) = trust_config {
        documents.push((path, services.trust_config().map_err(bad)?));
    }
    if documents.is_empty() {
        return services.trust_config().map_err(bad).map(Created::TrustConfig);
    }
    let written = documents.iter().map(|(path, _)| PathBuf::clone(path)).collect();
    files::write_all(documents)?;
    Ok(Created::Written(written))
}
