//! A trusted root and a signing config made from addresses and PEM files, for a Sigstore without a
//! TUF repository.

mod key;
mod wire;

use chainsign_core::Limits;
use chainsign_core::trust::{ClientTrustConfig, Selector, SigningConfig, TrustedRoot, ValidFor};
use der::Encode as _;
use jiff::Timestamp;
use x509_cert::Certificate;

use crate::Error;

/// The services of a Sigstore, from which its trusted root and its signing config are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    /// Certificate authorities (Fulcio).
    pub certificate_authorities: Vec<Authority>,
    /// OpenID Connect issuers; for signing only.
    pub oidc_issuers: Vec<Service>,
    /// Transparency logs (Rekor).
    pub transparency_logs: Vec<Log>,
    /// How many of the transparency logs are used.
    pub transparency_log_selector: Selector,
    /// Certificate transparency logs.
    pub certificate_logs: Vec<Log>,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<Authority>,
    /// How many of the timestamp authorities are used.
    pub timestamp_authority_selector: Selector,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its address.
    pub url: String,
    /// The major version of its API: 1, and 2 for logs that are Rekor v2.
    pub api_version: u32,
    /// From when to when it counts. Without a start: from the start of its certificate; keys have none.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
    /// Who runs it. Services of one operator count once.
    pub operator: String,
}

/// A service that issues certificates or timestamps.
#[derive(Clone, Debug, PartialEq)]
pub struct Authority {
    /// The service.
    pub service: Service,
    /// Its certificates as PEM: what issues first, the root last.
    pub certificate_chain: Vec<u8>,
}

/// A log.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The service.
    pub service: Service,
    /// Its public key as PEM.
    pub public_key: Vec<u8>,
    /// The origin of its checkpoints: for Rekor v2, whose key ids depend on it. Without one the host of
    /// the address.
    pub origin: Option<String>,
}

impl Services {
    /// The trusted root. Everything in it can be used: it is read again before it is given out.
    ///
    /// # Errors
    /// [`Error::Service`] for PEM that is none, a key of an algorithm that no client knows, a log
    /// without a start, a validity that ends before it starts, and for anything that a verifier would
    /// not use.
    pub fn trusted_root(&self) -> Result<TrustedRoot, Error> {
        let logs = |logs: &[Log]| logs.iter().map(wire::Log::of).collect::<Result<Vec<_>, _>>();
        let authorities = |authorities: &[Authority]| {
            authorities.iter().map(wire::Authority::of).collect::<Result<Vec<_>, _>>()
        };
        let root = wire::TrustedRoot::new(
            logs(&self.transparency_logs)?,
            authorities(&self.certificate_authorities)?,
            logs(&self.certificate_logs)?,
            authorities(&self.timestamp_authorities)?,
        );
        let root = TrustedRoot::parse(&document(&root)?, &Limits::default())?;
        match root.disabled.first() {
            None => Ok(root),
            Some(it) => Err(Error::service(&it.place, it.reason.clone())),
        }
    }

    /// The signing config: every service but the certificate transparency logs.
    ///
    /// # Errors
    /// As [`trusted_root`](Self::trusted_root).
    pub fn signing_config(&self) -> Result<SigningConfig, Error> {
        let authorities = |authorities: &[Authority]| {
            let service = |it: &Authority| wire::Service::of(&it.service, it.valid_for()?);
            authorities.iter().map(service).collect::<Result<Vec<_>, _>>()
        };
        let issuer = |it: &Service| wire::Service::of(it, it.valid_for(None)?);
        let log = |it: &Log| wire::Service::of(&it.service, it.service.valid_for(None)?);
        let config = wire::SigningConfig::new(
            authorities(&self.certificate_authorities)?,
            self.oidc_issuers.iter().map(issuer).collect::<Result<_, _>>()?,
            self.transparency_logs.iter().map(log).collect::<Result<_, _>>()?,
            self.transparency_log_selector,
            authorities(&self.timestamp_authorities)?,
            self.timestamp_authority_selector,
        );
        Ok(SigningConfig::parse(&document(&config)?, &Limits::default())?)
    }

    /// Both in one file.
    ///
    /// # Errors
    /// As [`trusted_root`](Self::trusted_root).
    pub fn trust_config(&self) -> Result<Vec<u8>, Error> {
        let (root, config) = (self.trusted_root()?, self.signing_config()?);
        Ok(ClientTrustConfig::write(root.json(), config.json())?)
    }
}

impl Service {
    fn valid_for(&self, start: Option<Timestamp>) -> Result<ValidFor, Error> {
        let start = self.start.or(start).ok_or_else(|| {
            Error::service(&self.url, "found no start, and a key says none: wanted start-time")
        })?;
        match self.end {
            Some(end) if end < start => {
                let reason = format!("found the end {end} before the start {start}");
                Err(Error::service(&self.url, reason))
            }
            end => Ok(ValidFor { start, end }),
        }
    }
}

impl Authority {
    fn certificates(&self) -> Result<Vec<Certificate>, Error> {
        let wrong = |reason: String| Error::service(&self.service.url, reason);
        // The parser complains about the end of a certificate that nobody has begun.
        let begin = b"-----BEGIN CERTIFICATE-----";
        if !self.certificate_chain.windows(begin.len()).any(|window| window == begin) {
            return Err(wrong("found no certificate in the chain, wanted PEM".to_owned()));
        }
        match Certificate::load_pem_chain(&self.certificate_chain) {
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(wrong(format!("the certificate chain is not PEM: {error}"))),
        }
    }

    /// As it says, else from the start of the certificate that issues.
    fn valid_for(&self) -> Result<ValidFor, Error> {
        let start = match self.certificates()?.first() {
            Some(first) => {
                let since = first.tbs_certificate.validity.not_before.to_unix_duration();
                i64::try_from(since.as_secs()).ok().and_then(|it| Timestamp::from_second(it).ok())
            }
            None => None,
        };
        self.service.valid_for(start)
    }

    fn chain(&self) -> Result<Vec<Vec<u8>>, Error> {
        let wrong = |error: der::Error| Error::service(&self.service.url, error.to_string());
        self.certificates()?.iter().map(|it| it.to_der().map_err(wrong)).collect()
    }
}

fn document(wire: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec_pretty(wire);
    let mut json = json.map_err(|error| chainsign_core::Error::json("trusted root", &error))?;
    json.push(b'\n');
    Ok(json)
}
