use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use chainsign_core::digest::ArtifactDigest;

/// Why something could not be read from, or written to, a registry.
///
/// In the texts `what` is a thing in a repository, such as
/// `manifest sha256:… of ghcr.io/acme/app`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry answered that it has no such thing (404).
    #[error("{what} is not there")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The registry answered that it has no such repository (404, `NAME_UNKNOWN`).
    #[error("{what} is not there: the registry has no such repository")]
    RepositoryUnknown {
        /// What was asked for.
        what: String,
    },
    /// The registry wants to know who asks, or knows and does not believe it (401).
    #[error("not allowed to {action} {what} {who}{}", said(.message))]
    Unauthorized {
        /// What was asked for.
        what: String,
        /// What was to be done with it.
        action: Action,
        /// As whom.
        who: Asker,
        /// What the registry says about it.
        message: String,
    },
    /// The registry knows who asks and refuses (403).
    #[error("not allowed to {action} {what} {who}: refused{}", said(.message))]
    Forbidden {
        /// What was asked for.
        what: String,
        /// What was to be done with it.
        action: Action,
        /// As whom.
        who: Asker,
        /// What the registry says about it.
        message: String,
    },
    /// Too many requests (429), after all attempts, or with a pause that is too long.
    #[error("{what} could not be had: the registry has had too many requests{}", pause(.retry_after))]
    Throttled {
        /// What was asked for.
        what: String,
        /// How long the registry wants us to wait.
        retry_after: Option<Duration>,
    },
    /// Another status that says no, after all attempts.
    #[error("{what} could not be had: the registry answered with status {status}{}", said(.message))]
    Status {
        /// What was asked for.
        what: String,
        /// The status.
        status: u16,
        /// What the registry says about it.
        message: String,
    },
    /// No answer, or not all of it, after all attempts.
    #[error("{what} could not be had: no complete answer in {attempts} attempts")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// How often.
        attempts: u32,
        /// The last attempt's failure.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The server's certificate is not believed; no second attempt is made.
    #[error("{what} could not be had: the server's certificate is not trusted")]
    Untrusted {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// [`Options::timeout`](crate::Options::timeout) passed.
    #[error("{what}: not done within {after:?}")]
    Deadline {
        /// What was to be done.
        what: String,
        /// The time there was.
        after: Duration,
    },
    /// What came is not what its digest says.
    #[error("{what}: found digest {found}, wanted {wanted}")]
    OtherDigest {
        /// What was asked for.
        what: String,
        /// The digest of what came.
        found: ArtifactDigest,
        /// What was asked for, or what the header `Docker-Content-Digest` says.
        wanted: ArtifactDigest,
    },
    /// What came is not of the size that its descriptor says.
    #[error("{what}: found {found} bytes, wanted {wanted}")]
    OtherSize {
        /// What was asked for.
        what: String,
        /// How many bytes came; one more than wanted if there were more.
        found: u64,
        /// How many the descriptor says.
        wanted: u64,
    },
    /// The document says that it is of another type than the header, or the descriptor, says.
    #[error("{what}: found media type {found:?}, wanted {wanted:?}")]
    OtherMediaType {
        /// What was asked for.
        what: String,
        /// What the document says.
        found: String,
        /// What the header, or the descriptor, says.
        wanted: String,
    },
    /// Neither an image manifest nor an index, of OCI's or Docker's second version.
    #[error("{what}: found media type {found:?}, wanted an image manifest or index")]
    UnknownMediaType {
        /// What was asked for.
        what: String,
        /// The media type.
        found: String,
    },
    /// A document has a field of another kind of document: read as both, it says two things
    /// (GHSA-qq97-vm5h-rrhg, CVE-2021-41190).
    #[error("{what}: found the field {field:?}, which {kind} has not")]
    ForeignField {
        /// What was asked for.
        what: String,
        /// The field.
        field: String,
        /// What it is read as.
        kind: &'static str,
    },
    /// A document from the registry is malformed.
    #[error("{what} is malformed")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        source: chainsign_core::Error,
    },
    /// A document that is stored as being about this image says that it is about another one.
    #[error("{what}: found a document about {found}, wanted one about {wanted}")]
    OtherSubject {
        /// The document.
        what: String,
        /// Its subject, if it names one.
        found: Subject,
        /// The image.
        wanted: ArtifactDigest,
    },
    /// Too much, too large or too long.
    #[error("{what}: reached the limit of {allowed} {limit}")]
    LimitReached {
        /// Of what.
        what: String,
        /// Which limit.
        limit: Limit,
        /// Its value.
        allowed: u64,
    },
    /// The registry's demand for authentication is not one that can be met.
    #[error("{registry} wants authentication that cannot be given: {reason}")]
    Challenge {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Tokens would be had at a place to which no credentials may go (GHSA-xf85, GHSA-9m43).
    #[error("{registry} sends to {realm} for tokens, where no credentials may go: {reason}")]
    Realm {
        /// The registry.
        registry: String,
        /// Where it sends us.
        realm: String,
        /// Why not.
        reason: AddressFault,
    },
    /// The registry wants us to get a token for more than, or something other than, what we ask it for.
    #[error("{registry} wants a token for {found:?}, wanted {wanted:?}")]
    Scope {
        /// The registry.
        registry: String,
        /// The scope that it names.
        found: String,
        /// What is needed.
        wanted: String,
    },
    /// A redirect, the location of an upload or the link to a list's next page leads where we do not
    /// follow.
    #[error("{what}: the registry sends to {found}, which is not followed: {reason}")]
    Redirect {
        /// What was asked for.
        what: String,
        /// Where it leads.
        found: String,
        /// Why not.
        reason: AddressFault,
    },
    /// A tag that others write too was changed by them each time after we wrote it.
    #[error("{what}: others kept changing it, in {attempts} attempts")]
    LostUpdate {
        /// The tag.
        what: String,
        /// How often it was written.
        attempts: u32,
    },
    /// The registry of a reference is no address.
    #[error("the name of a registry is not an address: {registry}")]
    Address {
        /// The registry.
        registry: String,
    },
    /// A file of credentials cannot be read, or is malformed.
    #[error("cannot use the credentials in {}: {reason}", path.display())]
    CredentialFile {
        /// The file.
        path: PathBuf,
        /// What is wrong. Never what is in it.
        reason: String,
    },
    /// A credential helper failed.
    #[error("credential helper docker-credential-{helper} failed for {registry}: {reason}")]
    CredentialHelper {
        /// Its name.
        helper: String,
        /// For which registry.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// A credential has characters that no header may have.
    #[error("unusable credentials for {registry}: they have characters that no header may have")]
    CredentialText {
        /// For which registry.
        registry: String,
    },
    /// The certificates in [`Tls`](crate::Tls) cannot be used.
    #[error("cannot use {what}")]
    Certificate {
        /// Which.
        what: &'static str,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The folder of pulled blobs cannot be used.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No image of an index is for the platform.
    #[error("{what}: found images for {found}, wanted one for {wanted}")]
    NoSuchPlatform {
        /// The index.
        what: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
}

impl Error {
    /// Whether this is about what the registry has, and not about having reached it: asking again
    /// would give the same. `false` means that it could not be found out. Bytes with another digest
    /// are not what is there under the one that was asked for: they say nothing of that.
    pub fn is_about_content(&self) -> bool {
        matches!(
            self,
            Error::NotFound { .. }
                | Error::RepositoryUnknown { .. }
                | Error::OtherSize { .. }
                | Error::OtherMediaType { .. }
                | Error::UnknownMediaType { .. }
                | Error::ForeignField { .. }
                | Error::Malformed { .. }
                | Error::OtherSubject { .. }
        )
    }
}

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Reading.
    Pull,
    /// Writing.
    Push,
    /// Deleting.
    Delete,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Action::Pull => "read",
            Action::Push => "write",
            Action::Delete => "delete",
        })
    }
}

/// As whom a registry was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Without credentials: there are none for this registry.
    Anonymous,
    /// With the credentials for this registry.
    Known,
}

impl std::fmt::Display for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Asker::Anonymous => "without credentials",
            Asker::Known => "with the credentials for it",
        })
    }
}

/// What a stored document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// It does not say.
    None,
    /// This.
    Digest(ArtifactDigest),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::None => f.write_str("nothing"),
            Subject::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The limits of [`Limits`](crate::Limits), and those that nobody needs to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Of one manifest or index.
    ManifestBytes,
    /// Of one signature, attestation or SBOM.
    DocumentBytes,
    /// Of all of them together.
    DocumentsBytes,
    /// Of one layer.
    LayerBytes,
    /// Of a token's answer, or of a message.
    AnswerBytes,
    /// Stored about one image.
    Items,
    /// Of one list.
    Pages,
    /// Of indexes within indexes.
    IndexesDeep,
    /// From one address to the next.
    Redirects,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Limit::ManifestBytes => "bytes of a manifest",
            Limit::DocumentBytes => "bytes of a document",
            Limit::DocumentsBytes => "bytes of documents about one image",
            Limit::LayerBytes => "bytes of a layer",
            Limit::AnswerBytes => "bytes of an answer",
            Limit::Items => "things stored about one image",
            Limit::Pages => "pages of a list",
            Limit::IndexesDeep => "indexes within indexes",
            Limit::Redirects => "redirects",
        })
    }
}

/// Why an address that a registry names is not gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressFault {
    /// It is no address.
    Malformed,
    /// It is not encrypted, and where it was named is.
    NotEncrypted,
    /// It is inside of a private network, or this computer, by its number, and the registry is not.
    Private,
    /// It is another host than the one that named it.
    OtherHost,
    /// It has a user name or password in it.
    Credentials,
}

impl std::fmt::Display for AddressFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AddressFault::Malformed => "it is no address",
            AddressFault::NotEncrypted => "it is not encrypted",
            AddressFault::Private => "it is inside of a private network",
            AddressFault::OtherHost => "it is another host",
            AddressFault::Credentials => "it has credentials in it",
        })
    }
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn pause(retry_after: &Option<Duration>) -> String {
    let asked = |pause: &Duration| format!(", and wants a pause of {} s", pause.as_secs());
    retry_after.as_ref().map(asked).unwrap_or_default()
}
