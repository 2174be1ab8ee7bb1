//! `generate-key-pair`, `import-key-pair`, `public-key`, and `--key` of the others

use std::path::{Path, PathBuf};

use chainsign_core::key::PublicKey;
use chainsign_keys::token::{SUPPORTED, TokenUri};
use chainsign_keys::{Error, PrivateKey};

use crate::commands::keys::{
    Existing, KeyPairFiles, KeyPairRequest, KeyReference, NewKey, PublicKeyRequest, open,
};
use crate::commands::token::{self, TokenReference};
use crate::failure::Failure;
use crate::files::beside;
use crate::flags::keys::{GenerateKeyPairFlags, ImportKeyPairFlags, PublicKeyFlags};
use crate::password::{PasswordSource, PinSource, StandardInput};

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
/// `not-built` for keys that are elsewhere; `bad-flag` for a key in a token, which does not leave it.
pub fn import(flags: ImportKeyPairFlags) -> Result<KeyPairRequest, Failure> {
    let key = reference(&flags.key)?;
    if let KeyReference::Token(token) = key {
        let message = format!("found the key {token}, which does not leave its token");
        return Err(Failure::undecided("bad-flag", message)
            .hint("sign with it where it is: --key takes the same URI"));
    }
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
/// As [`reference()`] and [`open()`].
pub fn private(given: &str, input: StandardInput) -> Result<PrivateKey, Failure> {
    open(&reference(given)?, &PasswordSource::detect(PASSWORD, input))
}

/// The public key of `--key`.
///
/// # Errors
/// As [`reference()`]; `bad-key`.
pub fn public(given: &str) -> Result<PublicKey, Failure> {
    let reference = reference(given)?;
    if let KeyReference::Token(token) = reference {
        return token.public_key();
    }
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

/// Where a key is: `env://VARIABLE`, a `pkcs11:` URI or a file. What names a service is refused, not
/// taken for a file's name.
///
/// # Errors
/// `not-built`; `bad-flag` for a URI that is malformed, has a PIN in it, or whose module is not known.
pub fn reference(given: &str) -> Result<KeyReference, Failure> {
    if given.starts_with(TokenUri::SCHEME) {
        return token(given).map(|token| KeyReference::Token(Box::new(token)));
    }
    match given.split_once("://") {
        Some(("env", variable)) => Ok(KeyReference::Variable(variable.to_owned())),
        Some(_) => Err(not_built(given)),
        None => Ok(KeyReference::File(PathBuf::from(given))),
    }
}

/// A key in a token. Its module comes from the URI or the environment, as with cosign; none is looked
/// for, since a module is code that runs here.
fn token(given: &str) -> Result<TokenReference, Failure> {
    if !SUPPORTED {
        return Err(token::failure(&Error::NoTokens));
    }
    let uri: TokenUri = given.parse().map_err(|error| token::failure(&error))?;
    let named = uri.module_path().map(PathBuf::from);
    let Some(module) = named.or_else(|| std::env::var_os(MODULE).map(PathBuf::from)) else {
        let message = format!("found no PKCS#11 module for the key {given}");
        return Err(Failure::undecided("bad-flag", message).hint(
            "name the one that came with the token: ?module-path=/PATH, or COSIGN_PKCS11_MODULE_PATH",
        ));
    };
    let pin = PinSource::detect(uri.pin_source());
    Ok(TokenReference { uri, module, pin })
}

/// Whether one of the paths is standard input.
pub fn input_taken<'a>(paths: impl IntoIterator<Item = &'a str>) -> StandardInput {
    match paths.into_iter().any(|path| path == "-") {
        true => StandardInput::Taken,
        false => StandardInput::Free,
    }
}

fn not_built(given: &str) -> Failure {
    let message =
        format!("found the key {given:?}, wanted a file, env://VARIABLE or a pkcs11: URI");
    Failure::undecided("not-built", message)
        .hint("keys in key services and clusters are not built yet, and URLs are not fetched")
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
const MODULE: &str = "COSIGN_PKCS11_MODULE_PATH";
