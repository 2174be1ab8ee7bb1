//! Why a key could not be made, read or used.

use std::fmt::Write as _;

use chainsign_core::digest::DigestAlgorithm;
use chainsign_core::key::KeyAlgorithm;

use crate::KeyKind;
use crate::token::PinTries;

/// Why a key could not be made, read or used. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no private key in PEM.
    #[error("the private key is not PEM: {reason}")]
    NotPem {
        /// What was found and what was wanted.
        reason: &'static str,
    },
    /// The PEM block is something else.
    #[error("found a PEM block {found:?}, wanted a private key: {wanted}")]
    Label {
        /// Its label, at most 80 characters of it.
        found: String,
        /// The labels that are read.
        wanted: &'static str,
    },
    /// There are several private keys in one text.
    #[error("found several private keys in one file, wanted one")]
    SeveralKeys,
    /// The key is encrypted the way of RFC 1421, whose key derivation is one round of MD5.
    #[error(
        "the private key is encrypted in OpenSSL's traditional way, wanted PKCS#8 or cosign's format"
    )]
    TraditionalEncryption,
    /// The text is larger than any key.
    #[error("the private key has {found} bytes, wanted at most {limit}")]
    TooLarge {
        /// Its size in bytes.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// The encrypted key is no document of cosign's format.
    #[error("the encrypted private key is malformed")]
    Document(#[from] chainsign_core::Error),
    /// The key is encrypted with something that is not known here.
    #[error("the private key is encrypted with {found:?}, wanted {wanted}")]
    Scheme {
        /// What it says, at most 80 characters of it.
        found: String,
        /// What is known.
        wanted: &'static str,
    },
    /// The key asks for more work, or less, than any tool does. Found out before any is done.
    #[error("the private key asks for {found}, wanted {wanted}")]
    Work {
        /// Its parameters.
        found: String,
        /// What is accepted.
        wanted: &'static str,
    },
    /// A part of the encrypted key has a wrong length.
    #[error("the encrypted private key's {part} has {found} bytes, wanted {wanted}")]
    Length {
        /// Which part.
        part: &'static str,
        /// Its length.
        found: usize,
        /// What it has to be.
        wanted: &'static str,
    },
    /// The password is not the one that the key was encrypted with, or the file was changed. An
    /// authenticated cipher cannot tell the two apart.
    #[error("the password does not open the private key, or the file was changed")]
    WrongPassword,
    /// The key's bytes are not of its format.
    #[error("the private key is not {format}: {reason}")]
    Malformed {
        /// The format: PKCS#8 or SEC1.
        format: &'static str,
        /// The parser's words.
        reason: String,
    },
    /// The key is of an algorithm that is not signed with here.
    #[error("found a private key of {found}, wanted ECDSA P-256, P-384 or P-521, Ed25519 or RSA")]
    Algorithm {
        /// Its algorithm or curve, as an object identifier.
        found: String,
    },
    /// The RSA key has another size.
    #[error("found an RSA key of {found} bits, wanted 2048, 3072 or 4096")]
    RsaSize {
        /// Its size in bits.
        found: usize,
    },
    /// The parts of the key do not belong together, or are out of range.
    #[error("the {kind} private key is not a valid one: {reason}")]
    Rejected {
        /// What the file says it is.
        kind: &'static str,
        /// Why not.
        reason: String,
    },
    /// A name of a kind of key that is not known here.
    #[error("found the key kind {found:?}, wanted {}", kinds())]
    UnknownKind {
        /// The name, at most 80 characters of it.
        found: String,
    },
    /// A key of this kind cannot sign with that algorithm.
    #[error("a key of the kind {kind} cannot sign with {algorithm}")]
    OtherAlgorithm {
        /// The key's kind.
        kind: KeyKind,
        /// The algorithm asked for.
        algorithm: KeyAlgorithm,
    },
    /// The digest to sign is of another algorithm.
    #[error("a key that signs with {algorithm} signs {wanted} digests, found {found}")]
    Digest {
        /// The signer's algorithm.
        algorithm: KeyAlgorithm,
        /// The digest it signs.
        wanted: DigestAlgorithm,
        /// The digest it was given.
        found: DigestAlgorithm,
    },
    /// Pure Ed25519 signs the message itself, and was given a digest.
    #[error("a key that signs with {algorithm} signs the message itself, found its digest")]
    MessageNeeded {
        /// The signer's algorithm.
        algorithm: KeyAlgorithm,
    },
    /// This build cannot load the modules of tokens: it was made without the feature `pkcs11`.
    #[error("this build of chainsign cannot load PKCS#11 modules")]
    NoTokens,
    /// The text is no `pkcs11:` URI that can be used.
    #[error("the PKCS#11 URI is malformed: {reason}")]
    TokenUri {
        /// What was found and what was wanted.
        reason: String,
    },
    /// The URI has the PIN in it, where others see it. It is not repeated here.
    #[error("found a pin-value in the PKCS#11 URI, wanted the PIN elsewhere")]
    PinInUri,
    /// The module is no shared library that can be loaded here, or does not work.
    #[error("cannot use the PKCS#11 module {path}: {reason}")]
    Module {
        /// The module.
        path: String,
        /// The loader's words, or the module's.
        reason: String,
    },
    /// No token is there that is meant.
    #[error("found no token of {wanted}; those that are there: {found}")]
    TokenNotFound {
        /// The URI.
        wanted: String,
        /// The labels and slots of those that are there.
        found: String,
    },
    /// Several tokens could be meant.
    #[error("found several tokens of {wanted}, wanted one: {found}")]
    SeveralTokens {
        /// The URI.
        wanted: String,
        /// The labels and slots of those that are there.
        found: String,
    },
    /// The token asks for a PIN, and none was given.
    #[error("the token {token:?} asks for its PIN, found none")]
    PinNeeded {
        /// Its label.
        token: String,
    },
    /// The PIN is not the token's. It was sent once.
    #[error("the PIN is not that of the token {token:?}: {tries}")]
    WrongPin {
        /// Its label.
        token: String,
        /// What is left.
        tries: PinTries,
    },
    /// Too many wrong PINs were given. Nothing was sent, unless the token said so only then.
    #[error("the PIN of the token {token:?} is locked")]
    PinLocked {
        /// Its label.
        token: String,
    },
    /// The token has no key that is meant.
    #[error("found no {class} key of {wanted} in the token {token:?}, but {found}")]
    TokenKeyNotFound {
        /// `private` or `public`.
        class: &'static str,
        /// The token's label.
        token: String,
        /// The URI.
        wanted: String,
        /// The labels and ids of the keys that are there, and seen.
        found: String,
    },
    /// The token has several keys that could be meant.
    #[error("found several {class} keys of {wanted} in the token {token:?}, wanted one: {found}")]
    SeveralTokenKeys {
        /// `private` or `public`.
        class: &'static str,
        /// The token's label.
        token: String,
        /// The URI.
        wanted: String,
        /// The labels and ids of the keys that are there.
        found: String,
    },
    /// The key in the token cannot be used.
    #[error("the key in the token cannot be used: {reason}")]
    TokenKey {
        /// Why not.
        reason: &'static str,
    },
    /// The key wants the PIN before each signature (`CKA_ALWAYS_AUTHENTICATE`), which no library
    /// here can do for signatures of digests.
    #[error("the key in the token {token:?} asks for its PIN before each signature")]
    PinForEverySignature {
        /// The token's label.
        token: String,
    },
    /// The token has no mechanism for the algorithm, or not for this key.
    #[error("the token {token:?} cannot sign with {algorithm}")]
    TokenAlgorithm {
        /// Its label.
        token: String,
        /// The algorithm.
        algorithm: KeyAlgorithm,
    },
    /// A private key was asked for that is in a token, and stays there.
    #[error("the private key is in a token, and does not leave it")]
    StaysInToken,
    /// The token, or its module, failed.
    #[error("the token failed to {doing}: {reason}")]
    TokenFailed {
        /// What it was doing.
        doing: &'static str,
        /// Its words.
        reason: String,
    },
    /// The cryptographic library failed: the operating system gave no random numbers, or no memory.
    #[error("the cryptographic library failed to {doing}")]
    Backend {
        /// What it was doing.
        doing: &'static str,
    },
}

/// `a, b or c`
fn kinds() -> String {
    let mut text = String::new();
    for (index, kind) in KeyKind::ALL.into_iter().enumerate() {
        let separator = match index {
            0 => "",
            last if last + 1 == KeyKind::ALL.len() => " or ",
            _ => ", ",
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{kind}");
    }
    text
}
