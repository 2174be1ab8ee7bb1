use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::digest::ArtifactDigest;
use crate::encoding::Base64Bytes;
use crate::error::at_most;
use crate::key::{KeyAlgorithm, PublicKey};
use crate::material::LogId;
use crate::{Error, Limits, json};

/// The keys and certificates that are trusted: `TrustedRoot`.
#[derive(Clone, Debug)]
pub struct TrustedRoot {
    /// Transparency logs (Rekor).
    pub tlogs: Vec<LogInstance>,
    /// Certificate transparency logs.
    pub ctlogs: Vec<LogInstance>,
    /// Certificate authorities (Fulcio).
    pub certificate_authorities: Vec<CertificateAuthority>,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<CertificateAuthority>,
    /// What is in the document but cannot be used, with the reason.
    pub disabled: Vec<DisabledInstance>,
    digest: ArtifactDigest,
    json: String,
}

/// A log: `TransparencyLogInstance`.
#[derive(Clone, Debug)]
pub struct LogInstance {
    /// Where it is.
    pub base_url: String,
    /// The id its entries name.
    pub log_id: LogId,
    /// Its key.
    pub public_key: PublicKey,
    /// The key's algorithm.
    pub algorithm: KeyAlgorithm,
    /// When the key was valid.
    pub valid_for: ValidFor,
    /// Who runs it; empty when the document does not say.
    pub operator: String,
}

/// A certificate authority or timestamp authority: `CertificateAuthority`.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    /// Where it is.
    pub uri: String,
    /// Its subject: organization and common name.
    pub subject: String,
    /// Certificates in DER: for a certificate authority intermediates first, root last; for a
    /// timestamp authority the signer first.
    pub certificates: Vec<Vec<u8>>,
    /// When it was trusted.
    pub valid_for: ValidFor,
    /// Who runs it; empty when the document does not say.
    pub operator: String,
}

/// A time range, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidFor {
    /// The first moment.
    pub start: Timestamp,
    /// The last moment; `None` while it is in use.
    pub end: Option<Timestamp>,
}

impl ValidFor {
    /// Whether the moment is in the range.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && self.end.is_none_or(|end| time <= end)
    }
}

/// An instance that cannot be used. It never matches; reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledInstance {
    /// Its place in the document, e.g. `tlogs[2]`.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl TrustedRoot {
    /// Parses a trusted root of version 0.1 or 0.2.
    ///
    /// # Errors
    /// [`Error::MediaType`], [`Error::Json`], [`Error::DuplicateKey`], [`Error::LimitReached`] for
    /// the document; an instance that is wrong by itself goes to [`disabled`](Self::disabled).
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            media_type: String,
            #[serde(borrow, default)]
            tlogs: Vec<&'a RawValue>,
            #[serde(borrow, default)]
            ctlogs: Vec<&'a RawValue>,
            #[serde(borrow, default)]
            certificate_authorities: Vec<&'a RawValue>,
            #[serde(borrow, default)]
            timestamp_authorities: Vec<&'a RawValue>,
        }
        let document = "trusted root";
        let wire: Wire<'_> = json::parse(document, bytes, limits)?;
        if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
            let wanted = MEDIA_TYPES[0];
            return Err(Error::MediaType { document, found: wire.media_type, wanted });
        }
        let mut disabled = Vec::new();
        let bounded = |instances: &[&RawValue]| {
            at_most(
                "instances of one kind in a trusted root",
                limits.trust_entries,
                instances.len(),
            )
        };
        for instances in
            [&wire.tlogs, &wire.ctlogs, &wire.certificate_authorities, &wire.timestamp_authorities]
        {
            bounded(instances)?;
        }
        Ok(TrustedRoot {
            tlogs: usable("tlogs", &wire.tlogs, log_instance, &mut disabled),
            ctlogs: usable("ctlogs", &wire.ctlogs, log_instance, &mut disabled),
            certificate_authorities: usable(
                "certificateAuthorities",
                &wire.certificate_authorities,
                |json| authority(json, limits),
                &mut disabled,
            ),
            timestamp_authorities: usable(
                "timestampAuthorities",
                &wire.timestamp_authorities,
                |json| authority(json, limits),
                &mut disabled,
            ),
            disabled,
            digest: ArtifactDigest::sha256(bytes),
            json: String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// SHA-256 of the document's bytes: what a policy pins, and what verified bundles carry.
    pub fn digest(&self) -> &ArtifactDigest {
        &self.digest
    }

    /// The document as it was read.
    pub fn json(&self) -> &str {
        &self.json
    }
}

fn usable<T>(
    place: &str,
    instances: &[&RawValue],
    read: impl Fn(&str) -> Result<T, String>,
    disabled: &mut Vec<DisabledInstance>,
) -> Vec<T> {
    let mut usable = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        match read(instance.get()) {
            Ok(instance) => usable.push(instance),
            Err(reason) => {
                disabled.push(DisabledInstance { place: format!("{place}[{index}]"), reason });
            }
        }
    }
    usable
}

fn log_instance(json: &str) -> Result<LogInstance, String> {
    let wire: WireLog = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let key = wire.public_key;
    let algorithm = KeyAlgorithm::from_name(&key.key_details)
        .ok_or_else(|| format!("the key algorithm {:?} is not known", key.key_details))?;
    // Rekor v1, Rekor v2 and CT logs all name 32 bytes in what they issue; a shorter id could
    // match more than one log.
    let id = wire.log_id.ok_or("it has no logId")?.key_id.0;
    let found = id.len();
    let id = id.try_into().map_err(|_| format!("its logId has {found} bytes, wanted 32"))?;
    Ok(LogInstance {
        base_url: wire.base_url,
        log_id: LogId(id),
        public_key: PublicKey::from_spki(key.raw_bytes.0),
        algorithm,
        valid_for: key.valid_for.ok_or("its key has no validFor")?.range()?,
        operator: wire.operator.unwrap_or_default(),
    })
}

fn authority(json: &str, limits: &Limits) -> Result<CertificateAuthority, String> {
    let wire: WireAuthority = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let certificates: Vec<_> =
        wire.cert_chain.certificates.into_iter().map(|c| c.raw_bytes.0).collect();
    if certificates.is_empty() {
        return Err("its certificate chain is empty".to_owned());
    }
    let found = certificates.len();
    at_most("certificates of one authority", limits.certificates, found)
        .map_err(|error| error.to_string())?;
    let subject = wire.subject.unwrap_or_default();
    let names = [subject.organization, subject.common_name];
    let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
    Ok(CertificateAuthority {
        uri: wire.uri.unwrap_or_default(),
        subject: names.join(" "),
        certificates,
        valid_for: wire.valid_for.ok_or("it has no validFor")?.range()?,
        operator: wire.operator.unwrap_or_default(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    #[serde(default)]
    base_url: String,
    public_key: WireKey,
    log_id: Option<WireLogId>,
    operator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKey {
    raw_bytes: Base64Bytes,
    key_details: String,
    valid_for: Option<WireRange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: Base64Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAuthority {
    subject: Option<WireSubject>,
    uri: Option<String>,
    cert_chain: WireChain,
    valid_for: Option<WireRange>,
    operator: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSubject {
    organization: String,
    common_name: String,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Vec<WireCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: Base64Bytes,
}

/// A range as the documents write it; shared with the signing config.
#[derive(Deserialize)]
pub(super) struct WireRange {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl WireRange {
    pub(super) fn range(self) -> Result<ValidFor, String> {
        let start = self.start.ok_or("its validFor has no start")?;
        if self.end.is_some_and(|end| end < start) {
            return Err("its validFor ends before it starts".to_owned());
        }
        Ok(ValidFor { start, end: self.end })
    }
}

const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn root(tlogs: &str) -> TrustedRoot {
        let media_type = MEDIA_TYPES[0];
        let text = format!(r#"{{"mediaType":"{media_type}","tlogs":[{tlogs}],"new":1}}"#);
        TrustedRoot::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn log(details: &str, valid_for: &str) -> String {
        let id = crate::encoding::base64_encode([7; 32]);
        format!(
            r#"{{"baseUrl":"http://x","publicKey":{{"rawBytes":"AQID","keyDetails":"{details}"{valid_for}}},"logId":{{"keyId":"{id}"}}}}"#
        )
    }

    #[test]
    fn an_unusable_log_disables_only_itself() {
        let range = r#","validFor":{"start":"2024-01-01T00:00:00Z","end":"2025-01-01T00:00:00Z"}"#;
        let good = log("PKIX_ED25519", range);
        let root = root(&format!(
            "{good},{},{},{}",
            log("PKIX_FUTURE", range),
            log("PKIX_ED25519", r#","validFor":{}"#),
            log("PKIX_ED25519", ""),
        ));
        assert_eq!(root.tlogs.len(), 1);
        let reasons: Vec<_> =
            root.disabled.iter().map(|d| format!("{}: {}", d.place, d.reason)).collect();
        assert_eq!(
            reasons,
            [
                r#"tlogs[1]: the key algorithm "PKIX_FUTURE" is not known"#,
                "tlogs[2]: its validFor has no start",
                "tlogs[3]: its key has no validFor",
            ]
        );
        let valid_for = root.tlogs[0].valid_for;
        let at = |text: &str| valid_for.contains(text.parse().unwrap());
        assert!(at("2024-01-01T00:00:00Z") && at("2025-01-01T00:00:00Z"));
        assert!(!at("2023-12-31T23:59:59Z") && !at("2025-01-01T00:00:01Z"));
    }

    #[test]
    fn another_media_type_is_refused() {
        let error = TrustedRoot::parse(br#"{"mediaType":"x"}"#, &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::MediaType { document: "trusted root", .. }), "{error}");
    }
}
