//! Transparency logs: what is sent, and the comparison of what comes back with it.
//!
//! The entry that a log returns is what the leaf hash covers, so every member of it is compared:
//! a log that leaves a member out, adds one or changes one has logged something else.

mod v1;
mod v2;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::dsse::Envelope;
use chainsign_core::encoding::pem_encode;
use chainsign_core::key::{KeyAlgorithm, PublicKey};
use chainsign_core::material::LogEntry;
use chainsign_core::{Limits, json};
use serde::Deserialize;
use serde_json::Value;

use super::{Remote, Services};
use crate::error::Error;

/// What a log is asked to take.
pub(crate) struct Proposal<'a> {
    pub(crate) content: ProposedContent<'a>,
    /// Of what was signed: the artifact, or the envelope's pre-authentication encoding. None with
    /// an algorithm that signs messages.
    pub(crate) digest: Option<&'a ArtifactDigest>,
    pub(crate) signature: &'a [u8],
    pub(crate) verifier: Verifier<'a>,
    pub(crate) algorithm: KeyAlgorithm,
}

#[derive(Clone, Copy)]
pub(crate) enum ProposedContent<'a> {
    Message,
    Envelope(&'a Envelope),
}

/// What verifies the signature.
#[derive(Clone, Copy)]
pub(crate) enum Verifier<'a> {
    /// DER.
    Certificate(&'a [u8]),
    Key(&'a PublicKey),
}

impl Proposal<'_> {
    /// The digest, where an entry needs one.
    fn digest(&self) -> Result<&ArtifactDigest, Error> {
        let what = "what is logged by its digest";
        self.digest.ok_or(Error::Unsupported { signer: self.algorithm, what })
    }
}

impl Verifier<'_> {
    /// As Rekor v1 stores it: PEM with LF line ends.
    fn pem(&self) -> String {
        match self {
            Verifier::Certificate(der) => pem_encode("CERTIFICATE", der),
            Verifier::Key(key) => key.to_pem(),
        }
    }
}

impl Services {
    /// Has an entry made. On success the returned entry is, member by member, what was proposed.
    /// Its proof is not verified here.
    pub(crate) async fn log(
        &self,
        log: &Remote,
        proposal: &Proposal<'_>,
    ) -> Result<LogEntry, Error> {
        match log.service.major_api_version {
            1 => v1::log(self, log, proposal).await,
            // `Services::new` admits no other version.
            _ => v2::log(self, log, proposal).await,
        }
    }
}

/// Compares the entry a log returned with what it must have made of the proposal, and returns its
/// kind and version.
fn compare(log: &Remote, body: &[u8], wanted: &Value) -> Result<(String, String), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        kind: String,
        api_version: String,
    }
    let malformed = |error: chainsign_core::Error| log.malformed(error);
    let found: Value = json::parse("its entry", body, &Limits::default()).map_err(malformed)?;
    if let Some(differs) = difference(&found, wanted, String::new()) {
        return Err(Error::LoggedSomethingElse { endpoint: log.endpoint.clone(), differs });
    }
    let Head { kind, api_version } =
        serde_json::from_value(found).map_err(|error| log.malformed(error))?;
    Ok((kind, api_version))
}

/// The place of the first difference between two JSON values.
fn difference(found: &Value, wanted: &Value, place: String) -> Option<String> {
    // The depth is that of `wanted`, which we made.
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            let named = |name: &str| {
                if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
            };
            let missing_or_other = wanted.iter().find_map(|(name, value)| match found.get(name) {
                Some(found) => difference(found, value, named(name)),
                None => Some(named(name)),
            });
            let unknown = || found.keys().find(|name| !wanted.contains_key(*name));
            missing_or_other.or_else(|| Some(named(unknown()?)))
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            let pairs = found.iter().zip(wanted).enumerate();
            pairs
                .map(|(index, (found, wanted))| {
                    difference(found, wanted, format!("{place}[{index}]"))
                })
                .find_map(|difference| difference)
        }
        (found, wanted) if found == wanted => None,
        _ => Some(place),
    }
}

/// An entry holds certificate, signature and proof; a large tree's proof is 2 KiB.
const ANSWER_BYTES: usize = 1 << 20;
