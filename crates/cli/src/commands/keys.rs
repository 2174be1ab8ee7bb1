//! `generate-key-pair`, `import-key-pair`, `public-key`, and opening the key that signs.

use std::fmt;
use std::path::{Path, PathBuf};

use chainsign_core::key::PublicKey;
use chainsign_keys::file::KeyFile;
use chainsign_keys::{Error, KeyKind, Password, PrivateKey};

use super::token::TokenReference;
use crate::failure::Failure;
use crate::files::{self, Output};
use crate::password::PasswordSource;

/// A key pair to write.
#[derive(Debug)]
pub struct KeyPairRequest {
    /// Where the key comes from.
    pub key: NewKey,
    /// Where it goes.
    pub files: KeyPairFiles,
    /// What it is encrypted under.
    pub password: PasswordSource,
}

/// Where a new key comes from.
#[derive(Debug)]
pub enum NewKey {
    /// It is made.
    Generate(KeyKind),
    /// It is another tool's.
    Import {
        /// That key.
        key: KeyReference,
        /// What opens it.
        password: PasswordSource,
    },
}

/// The two files of a key pair.
#[derive(Debug)]
pub struct KeyPairFiles {
    /// For the encrypted private key.
    pub private: PathBuf,
    /// For the public key.
    pub public: PathBuf,
    /// What to do with files that are there.
    pub existing: Existing,
}

/// What to do with files that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and nothing is done.
    Keep,
    /// They are replaced.
    Replace,
}

/// Where a key is.
#[derive(Clone, Debug)]
pub enum KeyReference {
    /// In a file, or on standard input for `-`.
    File(PathBuf),
    /// In an environment variable, as PEM.
    Variable(String),
    /// In a token.
    Token(Box<TokenReference>),
}

/// A public key to show.
#[derive(Debug)]
pub struct PublicKeyRequest {
    /// The private key.
    pub key: KeyReference,
    /// What opens it.
    pub password: PasswordSource,
    /// Where the public key goes, if not to standard output.
    pub outfile: Option<PathBuf>,
}

/// A key pair that is written, or a public key that was asked for.
#[derive(Debug)]
pub struct Described {
    /// What it is.
    pub kind: KeyKind,
    /// The public key.
    pub public: PublicKey,
    /// The file of the private key that was written.
    pub private_file: Option<PathBuf>,
    /// The file of the public key that was written.
    pub public_file: Option<PathBuf>,
}

/// Makes or reads a key, and writes both files: the private one readable to its owner only. Both
/// are written whole, or neither.
///
/// # Errors
/// `exists` for a file that is there and may not be replaced, found out before a password is asked
/// for; `unwritable`; as [`open()`] and [`PasswordSource::to_protect`].
pub fn key_pair(request: &KeyPairRequest) -> Result<Described, Failure> {
    let KeyPairFiles { private, public, existing } = &request.files;
    if *existing == Existing::Keep {
        for path in [private, public] {
            not_there(path)?;
        }
    }
    let private_output = Output::prepare_secret(private)?;
    let public_output = Output::prepare(public)?;
    let key = match &request.key {
        NewKey::Generate(kind) => PrivateKey::generate(*kind).map_err(|error| failure(&error))?,
        NewKey::Import { key, password } => open(key, password)?,
    };
    let password = request.password.to_protect(&private.display().to_string())?;
    let sealed = key.to_encrypted_pem(&password).map_err(|error| failure(&error))?;
    // A full disk leaves no half of a pair, nor halves of two.
    let private_output = private_output.fill(sealed.as_bytes())?;
    let public_output = public_output.fill(key.public_key().to_pem().as_bytes())?;
    match existing {
        Existing::Replace => {
            public_output.finish()?;
            private_output.finish()?;
        }
        // Somebody may have made the files in the meantime.
        Existing::Keep => {
            private_output.finish_new()?;
            public_output.finish_new().inspect_err(|_| {
                // Ours, made a moment ago: half a pair would be in the way of the next try.
                let _ = std::fs::remove_file(private);
            })?;
        }
    }
    Ok(Described {
        kind: key.kind(),
        public: key.public_key().clone(),
        private_file: Some(private.clone()),
        public_file: Some(public.clone()),
    })
}

/// The public key of a private one.
///
/// # Errors
/// As [`open()`]; `unwritable`.
pub fn public_key(request: &PublicKeyRequest) -> Result<Described, Failure> {
    let output = request.outfile.as_deref().map(Output::prepare).transpose()?;
    let (kind, public) = match &request.key {
        KeyReference::Token(token) => token.public_key_of_owner()?,
        key => {
            let key = open(key, &request.password)?;
            (key.kind(), key.public_key().clone())
        }
    };
    let public_file = match output {
        Some(output) => Some(output.write(public.to_pem().as_bytes())?),
        None => None,
    };
    Ok(Described { kind, public, private_file: None, public_file })
}

/// Reads and opens a private key. A password is looked for only if the key is encrypted.
///
/// # Errors
/// `unreadable`, `bad-key`, `wrong-password`, and as [`PasswordSource::to_open`]; for a token as
/// [`TokenReference::private_key`].
pub fn open(key: &KeyReference, password: &PasswordSource) -> Result<PrivateKey, Failure> {
    if let KeyReference::Token(token) = key {
        return token.private_key();
    }
    let named = key.to_string();
    match KeyFile::parse(&key.read("private key")?).map_err(|error| of(&named, &error))? {
        KeyFile::Plain(key) => Ok(key),
        KeyFile::Encrypted(sealed) => {
            let password = password.to_open(&named)?;
            sealed.decrypt(&password).map_err(|error| wrong(&named, &error, &password))
        }
    }
}

impl KeyReference {
    /// The text of the key.
    ///
    /// # Errors
    /// `unreadable`, as what is in a token is; `limit-reached` for what is larger than any key.
    pub fn read(&self, what: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
        let text = match self {
            KeyReference::File(path) => files::read_within(what, path, KeyFile::MOST_BYTES as u64)?,
            KeyReference::Variable(name) => match std::env::var(name) {
                Ok(text) => text.into_bytes(),
                Err(_) => {
                    let message = format!("found no {what} in the environment variable {name}");
                    return Err(
                        Failure::undecided("unreadable", message).hint("set it to the PEM itself")
                    );
                }
            },
            KeyReference::Token(token) => {
                let message = format!("{token} is in a token, wanted the text of a {what}");
                return Err(Failure::undecided("unreadable", message));
            }
        };
        Ok(zeroize::Zeroizing::new(text))
    }
}

impl fmt::Display for KeyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyReference::File(path) => path.display().fmt(f),
            KeyReference::Variable(name) => write!(f, "env://{name}"),
            KeyReference::Token(token) => token.fmt(f),
        }
    }
}

/// A key's fault.
fn failure(error: &Error) -> Failure {
    Failure::undecided("bad-key", crate::failure::with_causes(error))
}

fn not_there(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(files::exists(path)),
    }
}

fn of(key: &str, error: &Error) -> Failure {
    let failure = Failure::because("bad-key", key, error);
    match error {
        Error::Label { found, .. } if found.contains("PUBLIC KEY") => {
            failure.hint("this is the public key: signing needs the private one")
        }
        Error::TraditionalEncryption => {
            failure.hint("convert it: openssl pkcs8 -topk8 -in KEY -out NEW")
        }
        Error::SeveralKeys => failure.hint("put the one that signs into a file of its own"),
        _ => failure,
    }
}

fn wrong(key: &str, error: &Error, password: &Password) -> Failure {
    let Error::WrongPassword = error else { return of(key, error) };
    let failure = Failure::because("wrong-password", key, error);
    if password.is_empty() {
        return failure
            .hint("the password was empty: set COSIGN_PASSWORD, or give it on standard input");
    }
    match password.ends_in_line_feed() {
        true => failure.hint(
            "the password ends in a line feed, which counts: printf '%s' writes none, echo does",
        ),
        false => failure,
    }
}
