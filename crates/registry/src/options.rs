//! What a [`Registry`](crate::Registry) is told once, for all that it does.

use std::time::Duration;

use chainsign_core::image::ImageName;

use crate::Credentials;

/// How registries are reached, and where what is stored about images is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who asks.
    pub credentials: Credentials,
    /// Whom to believe to be the registry.
    pub tls: Tls,
    /// Where http without TLS will do.
    pub plain_http: PlainHttp,
    /// The repository of signatures and attestations, when it is not the image's own
    /// (`COSIGN_REPOSITORY`). Images are read from their own all the same.
    pub signatures_in: Option<ImageName>,
    /// What stands before the names of cosign's tags (`--attachment-tag-prefix`).
    pub tag_prefix: Option<String>,
    /// What is tried again, and how often.
    pub retry: Retry,
    /// How much a registry may make us read.
    pub limits: Limits,
    /// The longest that one call of a function of [`Registry`](crate::Registry) takes, with all its
    /// requests, retries and pauses.
    pub timeout: Duration,
}

impl Default for Options {
    /// Nobody's credentials, the system's certificates, https except to loopback addresses, and three
    /// minutes, which is what cosign takes at most.
    fn default() -> Self {
        Options {
            credentials: Credentials::Anonymous,
            tls: Tls::default(),
            plain_http: PlainHttp::OnLoopback,
            signatures_in: None,
            tag_prefix: None,
            retry: Retry::default(),
            limits: Limits::default(),
            timeout: Duration::from_secs(180),
        }
    }
}

/// Certificates. PEM, as files have it.
#[derive(Clone, Default)]
pub struct Tls {
    /// Certificates of authorities that are believed besides the system's.
    pub authorities: Vec<u8>,
    /// Our own certificate with its chain, and its key, if the registry asks for them.
    pub client: Option<ClientCertificate>,
    /// Whose certificates are believed.
    pub server: ServerCertificate,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let client = self.client.as_ref().map(|_| "[redacted]");
        f.debug_struct("Tls")
            .field("authorities", &String::from_utf8_lossy(&self.authorities))
            .field("client", &client)
            .field("server", &self.server)
            .finish()
    }
}

/// A certificate to show to registries, in PEM.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, then those of its authorities.
    pub chain: Vec<u8>,
    /// Its private key.
    pub key: zeroize::Zeroizing<Vec<u8>>,
}

/// What is asked of a registry's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerCertificate {
    /// It is valid, and for the registry's name.
    #[default]
    Valid,
    /// It is valid, and for this name, whatever the registry is called (`--registry-server-name`).
    ValidFor(String),
    /// Nothing (`--allow-insecure-registry`). Whoever sits between may read credentials and answer
    /// in the registry's place. What is read is checked against digests all the same; what a tag
    /// stands for, and which signatures there are, is not.
    DangerousAny,
}

/// Where a registry may be asked without TLS, which hides nothing, credentials included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Nowhere.
    Never,
    /// At loopback addresses that do not speak TLS, as Docker does.
    #[default]
    OnLoopback,
    /// At every registry that does not speak TLS (`--allow-http-registry`).
    DangerousAnywhere,
}

/// What is tried again: what ended without an answer, and the statuses 408, 429, 500, 502, 503
/// and 504.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often a request is sent, at least once.
    pub attempts: u32,
    /// The pause after the first attempt. It doubles each time; what is drawn is between half and all
    /// of it. A `Retry-After` that is longer takes its place.
    pub pause: Duration,
    /// The longest pause. A registry that wants a longer one is not asked again.
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            attempts: 5,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// How much a registry may make us read. Reaching a limit is an
/// [`Error::LimitReached`](crate::Error::LimitReached) that names it; nothing is cut short in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one manifest or index: what registries take at most (distribution spec, "Pushing
    /// manifests").
    pub manifest_bytes: u64,
    /// Bytes of one signature, attestation or SBOM (`COSIGN_MAX_ATTACHMENT_SIZE`; cosign's number).
    pub document_bytes: u64,
    /// Bytes of all documents about one image together.
    pub documents_bytes: u64,
    /// Things stored about one image (cosign's number).
    pub items: usize,
    /// Pages of one list.
    pub pages: usize,
    /// Requests at the same time.
    pub parallel: usize,
    /// Bytes of one layer as stored.
    pub layer_bytes: u64,
    /// Bytes that the folder of pulled blobs is brought down to after a pull, least recently used first.
    /// What the last pull needs is kept, however large.
    pub cache_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            manifest_bytes: 4 << 20,
            document_bytes: 128 << 20,
            documents_bytes: 256 << 20,
            items: 1000,
            pages: 100,
            parallel: 16,
            layer_bytes: 16 << 30,
            cache_bytes: 4 << 30,
        }
    }
}
