//! Why something could not be signed.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chainsign_core::digest::{ArtifactDigest, DigestAlgorithm};
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::trust::ServiceKind;
use jiff::Timestamp;

use crate::PublicEntry;

/// Why something could not be signed.
///
/// No variant holds an identity token, a request token or a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no identity token, and nowhere to get one from.
    #[error("no identity token: found none of {looked_for}")]
    NoIdentityToken {
        /// The environment variables that were looked for, separated by commas.
        looked_for: &'static str,
    },
    /// The environment says that it gives out identity tokens, but not how to ask for one.
    #[error("{environment} gives no identity token: found no {missing}")]
    AmbientIncomplete {
        /// Which environment.
        environment: &'static str,
        /// The variable that is missing.
        missing: &'static str,
    },
    /// The file of an identity token cannot be read.
    #[error("the identity token in {} cannot be read", .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The identity token is not a JSON Web Token with the claims that signing needs.
    #[error("the identity token is malformed: {reason}")]
    TokenMalformed {
        /// What was found and what was wanted.
        reason: String,
    },
    /// The identity token was issued for somebody else.
    #[error("the identity token is for the audience {found:?}, wanted {wanted:?}")]
    TokenAudience {
        /// The token's audiences.
        found: Vec<String>,
        /// The one wanted.
        wanted: String,
    },
    /// The identity token is not valid any more, by more than the skew allowed.
    #[error("the identity token expired at {expired}, and it is {now}")]
    TokenExpired {
        /// Its end.
        expired: Timestamp,
        /// The time it was compared with.
        now: Timestamp,
    },
    /// The identity token is not valid yet, by more than the skew allowed.
    #[error("the identity token is not valid before {from}, and it is {now}")]
    TokenNotYetValid {
        /// Its start.
        from: Timestamp,
        /// The time it was compared with.
        now: Timestamp,
    },
    /// The token names an e-mail address that its issuer has not verified. Fulcio refuses it.
    #[error("the identity token's e-mail address {email} is not verified by its issuer")]
    TokenEmailUnverified {
        /// The address.
        email: String,
    },
    /// The identity token that a login gave is of another issuer than the one that gave it.
    #[error("the identity token is of the issuer {found}, wanted {wanted}")]
    TokenIssuer {
        /// The token's issuer.
        found: String,
        /// The one that was asked.
        wanted: String,
    },
    /// The identity token that a login gave is of another login.
    #[error("the identity token is of another login: its nonce differs")]
    TokenNonce,
    /// The services name no issuer to log in at.
    #[error("no OIDC issuer to log in at: the services name none")]
    NoIssuer,
    /// What an issuer's address says of itself is about another issuer.
    #[error("the {endpoint} calls itself {found}")]
    OtherIssuer {
        /// The issuer that was asked.
        endpoint: Endpoint,
        /// What it calls itself.
        found: String,
    },
    /// The issuer does not offer what a login needs.
    #[error("the {endpoint} offers no login of this kind: found no {wanted}")]
    IssuerLacks {
        /// The issuer.
        endpoint: Endpoint,
        /// What is missing in its description.
        wanted: &'static str,
    },
    /// An address for the answer of a login that is not of this machine.
    #[error("found the redirect URL {found:?}, wanted http with a loopback address or localhost")]
    RedirectUrl {
        /// The text.
        found: String,
    },
    /// No socket for the answer of a login.
    #[error("cannot listen at {address} for the answer of the login")]
    CannotListen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The browser brought the answer to another login, or to one that somebody else began.
    #[error("the answer of the {endpoint} is to another login: its state differs")]
    LoginState {
        /// The issuer.
        endpoint: Endpoint,
    },
    /// The person declined, or may not log in.
    #[error("the {endpoint} denied the login")]
    LoginDenied {
        /// The issuer.
        endpoint: Endpoint,
    },
    /// The code for a device was not entered in time.
    #[error("the {endpoint} gave up: the code expired before anybody entered it")]
    LoginExpired {
        /// The issuer.
        endpoint: Endpoint,
    },
    /// The issuer refused the login for another reason.
    #[error("the {endpoint} refused the login: {error}{}", colon(.description))]
    LoginRefused {
        /// The issuer.
        endpoint: Endpoint,
        /// The code of its error, e.g. `invalid_grant` (RFC 6749 section 5.2), cut to a line.
        error: String,
        /// What it says of it, cut to a line.
        description: String,
    },
    /// Nobody could be asked for the code that the browser shows.
    #[error("cannot ask for the code of the login")]
    LoginCode(#[source] std::io::Error),
    /// Nobody logged in.
    #[error("nobody logged in within {} seconds", .limit.as_secs())]
    LoginTimedOut {
        /// How long was waited.
        limit: Duration,
    },
    /// The system gives no random numbers.
    #[error("no random numbers from the system")]
    NoRandomness,
    /// A service has an address that cannot be used.
    #[error("unusable address of the {endpoint}: {reason}")]
    Address {
        /// The service.
        endpoint: Endpoint,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no service that certifies ephemeral keys.
    #[error("no certificate authority: the services name none that certifies the identity")]
    NoCertificateAuthority,
    /// The services cannot prove when a certificate's key signed.
    #[error(
        "the services prove no time of signing: found neither a timestamp authority nor a log of version 1"
    )]
    NoProvenTime,
    /// A service did not answer, in any of the attempts.
    #[error("no answer from the {endpoint} ({attempts} attempts)")]
    Unreachable {
        /// The service.
        endpoint: Endpoint,
        /// How often it was tried.
        attempts: u32,
        /// The last failure.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A service's certificate is not believed; no second attempt is made.
    #[error("no answer from the {endpoint}: its certificate is not trusted")]
    Untrusted {
        /// The service.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A service answered, but not as wanted, in the last of the attempts.
    #[error("the {endpoint} answered with status {status}{}", colon(.message))]
    Status {
        /// The service.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
        /// What the service said, cut to a line.
        message: String,
        /// How long the service asked to wait, where that is longer than we do.
        retry_after: Option<Duration>,
    },
    /// An answer is larger than any honest one.
    #[error("the answer of the {endpoint} exceeds {limit} bytes")]
    AnswerTooLarge {
        /// The service.
        endpoint: Endpoint,
        /// The bound.
        limit: usize,
    },
    /// An answer is not what the service's protocol says.
    #[error("malformed answer of the {endpoint}: {reason}")]
    MalformedAnswer {
        /// The service.
        endpoint: Endpoint,
        /// What was found and what was wanted.
        reason: String,
    },
    /// The certificate authority certified another key than ours.
    #[error("the {endpoint} certified another key: found {found}, wanted {wanted}")]
    CertifiedAnotherKey {
        /// The service.
        endpoint: Endpoint,
        /// The fingerprint of the certificate's key.
        found: ArtifactDigest,
        /// The fingerprint of our key.
        wanted: ArtifactDigest,
    },
    /// The certificate authority gave the signed certificate timestamp beside the certificate. A
    /// bundle has no place for it, so that nobody could verify the certificate.
    #[error(
        "the {endpoint} answered with a detached signed certificate timestamp, wanted one in the certificate"
    )]
    DetachedSct {
        /// The service.
        endpoint: Endpoint,
    },
    /// The log answered with an entry that is not about what was sent.
    #[error("the {endpoint} logged something else: its entry has another {differs}")]
    LoggedSomethingElse {
        /// The service.
        endpoint: Endpoint,
        /// The first member of the entry that differs, e.g. `spec.data.hash.value`.
        differs: String,
    },
    /// A log of version 2 has the very same entry already, because an earlier attempt reached it
    /// and its answer did not reach us, and gives no proof of it. Signing again makes another one.
    #[error("the {endpoint} has this entry already{}", with_index(.index))]
    AlreadyLogged {
        /// The service.
        endpoint: Endpoint,
        /// The entry's index, where the log says it.
        index: Option<u64>,
    },
    /// The timestamp authority declined.
    #[error("the {endpoint} declined: status {status}{}", colon(.message))]
    TimestampDeclined {
        /// The service.
        endpoint: Endpoint,
        /// The PKIStatus (RFC 3161 section 2.4.2).
        status: u8,
        /// What the authority said.
        message: String,
    },
    /// The timestamp is not the answer to our request.
    #[error("the {endpoint} answered another request: its timestamp has another {differs}")]
    TimestampOfSomethingElse {
        /// The service.
        endpoint: Endpoint,
        /// `message imprint` or `nonce`.
        differs: &'static str,
    },
    /// The signer signs digests of another algorithm.
    #[error("a key of {signer} signs {wanted} digests, found {found}")]
    DigestAlgorithm {
        /// The signer's algorithm.
        signer: KeyAlgorithm,
        /// The digest algorithm it needs.
        wanted: DigestAlgorithm,
        /// The one given.
        found: DigestAlgorithm,
    },
    /// The signer's algorithm cannot be used for this content: pure Ed25519 has no signature over
    /// a digest, and Rekor v1 takes no statement with another digest than SHA-256.
    #[error("a key of {signer} cannot sign {what}")]
    Unsupported {
        /// The signer's algorithm.
        signer: KeyAlgorithm,
        /// What was to be done.
        what: &'static str,
    },
    /// The holder of the key did not sign.
    #[error("the signer failed")]
    Signer(#[source] Box<dyn StdError + Send + Sync>),
    /// Signing failed when a log had an entry of it already.
    #[error("failed when {} was public already", PublicEntry::list(.published))]
    AfterPublication {
        /// The entries.
        published: Vec<PublicEntry>,
        /// What failed then.
        source: Box<Error>,
    },
    /// A document could not be read or written.
    #[error(transparent)]
    Document(#[from] chainsign_core::Error),
}

/// A service at its address, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is.
    pub kind: ServiceKind,
    /// Where it is.
    pub url: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind, self.url)
    }
}

fn with_index(index: &Option<u64>) -> String {
    index.map(|index| format!(", with the index {index}")).unwrap_or_default()
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
