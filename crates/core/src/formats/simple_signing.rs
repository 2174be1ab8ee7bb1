//! What cosign signed of an image before the Sigstore bundle: a payload that names it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::ArtifactDigest;
use crate::{Error, Limits, json};

/// The payload of cosign's signature of an image (cosign `specs/SIGNATURE_SPEC.md`, "Payload";
/// containers/image `docs/containers-signature.5.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleSigning {
    /// How the signer named the image, in words of their own; often empty.
    pub docker_reference: String,
    /// The digest of the image's manifest or index.
    pub digest: ArtifactDigest,
    /// What the signer says about the signature: cosign's `--annotations`.
    pub annotations: Map<String, Value>,
}

impl SimpleSigning {
    /// Parses a payload.
    ///
    /// # Errors
    /// [`Error::Json`] for a payload that is none, and for members of `critical` that are not known:
    /// the format says that such a signature must be refused. [`Error::Invalid`] for a payload of
    /// another type. What is wrong with the digest; what [`json::check`] refuses.
    pub fn parse(payload: &[u8], limits: &Limits) -> Result<Self, Error> {
        let Payload { critical, optional } = json::parse(DOCUMENT, payload, limits)?;
        if critical.kind != KIND {
            let found = critical.kind.chars().take(80).collect::<String>();
            let reason = format!("found the type {found:?}, wanted {KIND:?}");
            return Err(Error::Invalid { document: DOCUMENT, reason });
        }
        Ok(SimpleSigning {
            docker_reference: critical.identity.docker_reference,
            digest: critical.image.docker_manifest_digest.parse()?,
            annotations: optional.unwrap_or_default(),
        })
    }

    /// The payload, as cosign writes it.
    pub fn to_payload(&self) -> Vec<u8> {
        let payload = Payload {
            critical: Critical {
                identity: Identity { docker_reference: self.docker_reference.clone() },
                image: Image { docker_manifest_digest: self.digest.to_string() },
                kind: KIND.to_owned(),
            },
            optional: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
        };
        // A struct of strings and JSON has a JSON form.
        serde_json::to_vec(&payload).unwrap_or_default()
    }
}

#[derive(Deserialize, Serialize)]
struct Payload {
    critical: Critical,
    optional: Option<Map<String, Value>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Identity {
    docker_reference: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Image {
    docker_manifest_digest: String,
}

const DOCUMENT: &str = "cosign payload";
const KIND: &str = "cosign container image signature";

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> String {
        format!("sha256:{}", "0b".repeat(32))
    }

    #[test]
    fn a_payload_is_written_as_cosign_writes_it() {
        let digest = digest();
        let text = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"ghcr.io/acme/app"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
        );
        let payload = SimpleSigning::parse(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(payload.docker_reference, "ghcr.io/acme/app");
        assert_eq!(payload.digest.to_string(), digest);
        assert_eq!(String::from_utf8(payload.to_payload()).unwrap(), text);
    }

    #[test]
    fn what_is_critical_and_not_known_is_refused() {
        let parse = |critical: &str| {
            let text = format!(r#"{{"critical":{{{critical}}},"optional":{{"a":"b"}}}}"#);
            SimpleSigning::parse(text.as_bytes(), &Limits::default())
        };
        let identity = r#""identity":{"docker-reference":""}"#;
        let image = format!(r#""image":{{"docker-manifest-digest":"{}"}}"#, digest());
        let kind = r#""type":"cosign container image signature""#;
        assert_eq!(parse(&format!("{identity},{image},{kind}")).unwrap().annotations["a"], "b");
        let more = parse(&format!(r#"{identity},{image},{kind},"until":"tomorrow""#));
        assert!(matches!(&more, Err(Error::Json { reason, .. }) if reason.contains("until")));
        let other = parse(&format!(r#"{identity},{image},"type":"atomic container signature""#));
        let reason = "found the type \"atomic container signature\", wanted \"cosign container image signature\"".to_owned();
        assert_eq!(other, Err(Error::Invalid { document: DOCUMENT, reason }));
        let none = parse(&format!(r#"{identity},"image":{{"docker-manifest-digest":"x"}},{kind}"#));
        assert_eq!(none, Err(Error::DigestAlgorithm { found: "x".to_owned() }));
    }
}
