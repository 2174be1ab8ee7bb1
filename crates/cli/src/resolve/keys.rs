//! `generate-key-pair`, `import-key-pair`, `public-key`, and `--key` of the others

use std::path::{Path, PathBuf};

use chainsign_core::key::PublicKey;
use chainsign_keys::PrivateKey;

use crate::commands::keys::{
    Existing, KeyPairFiles, KeyPairRequest, KeyReference, NewKey, PublicKeyRequest, open,
};
use crate::failure::Failure;
use crate::files::beside;
use crate::flags::keys::{GenerateKeyPairFlags, ImportKeyPairFlags, PublicKeyFlags};
use crate::password::{PasswordSource, StandardInput};

/// `generate-key-pair`
///
/// # Errors
/// `not-built` for keys that are made elsewhere.
pub fn generate(flags: GenerateKeyPairFlags) -> Result<KeyPairRequest, Failure> {
    if let Some(elsewhere) = flags.kms.or(flags.elsewhere) {
        return Err(not_built(&elsewhere));
    }
    Ok(KeyPairRequest {
        key: NewKey::Generate(flags.kind),
        files: files(&flags.output_key_prefix, flags.yes),
        password: PasswordSource::detect(PASSWORD, StandardInput::Free),
    })
}

/// `import-key-pair`
///
/// # Errors
/// `not-built` for keys that are elsewhere.
pub fn import(flags: ImportKeyPairFlags) -> Result<KeyPairRequest, Failure> {
    let key = reference(&flags.key)?;
    // Two passwords do not fit through one standard input.
    let old = PasswordSource::detect(OLD_PASSWORD, StandardInput::Taken);
    let input = input_taken([flags.key.as_str()]);
    Ok(KeyPairRequest {
        key: NewKey::Import { key, password: old },
        files: files(&flags.output_key_prefix, flags.yes),
        password: PasswordSource::detect(PASSWORD, input),
    })
}

/// `public-key`
///
/// # Errors
/// `not-built` for keys that are elsewhere.
pub fn public_key(flags: PublicKeyFlags) -> Result<PublicKeyRequest, Failure> {
    Ok(PublicKeyRequest {
        password: PasswordSource::detect(PASSWORD, input_taken([flags.key.as_str()])),
        key: reference(&flags.key)?,
        outfile: flags.outfile,
    })
}

/// The private key of `--key`, opened.
///
/// # Errors
/// As [`reference()`] and [`open`].
pub fn private(given: &str, input: StandardInput) -> Result<PrivateKey, Failure> {
    open(&reference(given)?, &PasswordSource::detect(PASSWORD, input))
}

/// The public key of `--key`.
///
/// # Errors
/// As [`reference()`]; `bad-key`.
pub fn public(given: &str) -> Result<PublicKey, Failure> {
    let reference = reference(given)?;
    let text = reference.read("public key")?;
    PublicKey::from_pem(&text).map_err(|error| {
        let failure = Failure::because("bad-key", &format!("--key {reference}"), &error);
        match String::from_utf8_lossy(&text).contains("PRIVATE KEY-----") {
            true => failure
                .hint("this is the private key: `chainsign public-key` prints the public one"),
            false => failure,
        }
    })
}

/// Where a key is: `env://VARIABLE` or a file. What names a service is refused, not taken for a
/// file's name.
///
/// # Errors
/// `not-built`.
pub fn reference(given: &str) -> Result<KeyReference, Failure> {
    match given.split_once("://") {
        Some(("env", variable)) => Ok(KeyReference::Variable(variable.to_owned())),
        Some(_) => Err(not_built(given)),
        None if given.starts_with("pkcs11:") => Err(not_built(given)),
        None => Ok(KeyReference::File(PathBuf::from(given))),
    }
}

/// Whether one of the paths is standard input.
pub fn input_taken<'a>(paths: impl IntoIterator<Item = &'a str>) -> StandardInput {
    match paths.into_iter().any(|path| path == "-") {
        true => StandardInput::Taken,
        false => StandardInput::Free,
    }
}

fn not_built(given: &str) -> Failure {
    let message = format!("found the key {given:?}, wanted a file or env://VARIABLE");
    Failure::undecided("not-built", message).hint(
        "keys in key services, clusters and tokens are not built yet, and URLs are not fetched",
    )
}

fn files(prefix: &Path, replace: bool) -> KeyPairFiles {
    KeyPairFiles {
        private: beside(prefix, ".key"),
        public: beside(prefix, ".pub"),
        existing: if replace { Existing::Replace } else { Existing::Keep },
    }
}

const PASSWORD: &str = "COSIGN_PASSWORD";
const OLD_PASSWORD: &str = "CHAINSIGN_OLD_PASSWORD";
