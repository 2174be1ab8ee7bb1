//! The steps of signing. Each consumes the one before, so that none can be left out:
//!
//! `EphemeralKey` → `CertifiedKey`, and with any signer `ToSign` → `Signed` → `Logged` →
//! `UnverifiedBundle`, which gives its bytes away only against a verification.

mod bundle;
mod join;
mod key;
mod signed;

pub use bundle::{Logged, PublicEntry, Refused, Released, UnverifiedBundle};
pub use key::{CertifiedKey, EphemeralKey};
pub use signed::{Signed, ToSign};

use chainsign_core::signer::Signer;

use crate::{Error, Services};

/// Signs one thing: signature, log entries and timestamps, bundle.
///
/// # Errors
/// What the steps say: [`ToSign::sign`], [`Signed::log`], [`Logged::bundle`].
pub async fn sign(
    content: ToSign,
    signer: &dyn Signer,
    services: &Services,
) -> Result<UnverifiedBundle, Error> {
    let signed = content.sign(signer).await?;
    let logged = signed.log(services).await?;
    logged.bundle()
}
