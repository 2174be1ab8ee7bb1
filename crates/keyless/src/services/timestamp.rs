//! RFC 3161 timestamps over HTTP (section 3.4).

use chainsign_core::digest::ArtifactDigest;
use cms::signed_data::SignedData;
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

use super::{Body, Remote, Request, Services};
use crate::error::Error;

impl Services {
    /// Asks for a timestamp over the SHA-256 of the bytes, and returns the authority's response as
    /// it came, DER.
    ///
    /// On success the authority granted it, for this digest and in answer to this request. Its
    /// signature and time are not verified here.
    pub(crate) async fn timestamp(
        &self,
        authority: &Remote,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let asked = Asked::new(bytes).map_err(|error| authority.malformed(error))?;
        let query = asked.query().map_err(|error| authority.malformed(error))?;
        let request = Request {
            endpoint: &authority.endpoint,
            // The address of an authority is the complete one.
            url: authority.url.clone(),
            timeout: self.options().timeouts.timestamp,
            limit: ANSWER_BYTES,
            body: Body::Bytes { content_type: "application/timestamp-query", bytes: &query },
            accept: "application/timestamp-reply",
            header: None,
            secret: None,
            also: &[],
        };
        let answer = self.http().send(request).await?;
        asked.check(authority, &answer.body)?;
        Ok(answer.body)
    }
}

/// What must come back.
struct Asked {
    digest: ArtifactDigest,
    nonce: Int,
}

impl Asked {
    fn new(bytes: &[u8]) -> Result<Self, der::Error> {
        let mut nonce = [0; 8];
        // A nonce that is not random only loses its use against replay, which the digest of a
        // fresh signature prevents as well.
        let _ = aws_lc_rs::rand::fill(&mut nonce);
        // Positive, and without a leading zero that DER would drop.
        nonce[0] = nonce[0] & 0x7f | 0x40;
        Ok(Asked { digest: ArtifactDigest::sha256(bytes), nonce: Int::new(&nonce)? })
    }

    /// With the authority's certificate in the answer, so that it can be verified by tools that
    /// have only the root.
    fn query(&self) -> Result<Vec<u8>, der::Error> {
        let request = TimeStampReq {
            version: TspVersion::V1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA_256, parameters: None },
                hashed_message: OctetString::new(self.digest.bytes())?,
            },
            req_policy: None,
            nonce: Some(self.nonce.clone()),
            cert_req: true,
            extensions: None,
        };
        request.to_der()
    }

    /// RFC 3161 section 2.4.2: status, message imprint and nonce, before anything else is done
    /// with the answer.
    fn check(&self, authority: &Remote, answer: &[u8]) -> Result<(), Error> {
        let malformed = |error: der::Error| authority.malformed(error);
        let response = TimeStampResp::from_der(answer).map_err(malformed)?;
        // PkiStatus numbers: 0 granted, 1 granted with modifications.
        let status = response.status.status as u8;
        let (0 | 1, Some(token)) = (status, response.time_stamp_token) else {
            let texts = response.status.status_string.unwrap_or_default();
            let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
            return Err(Error::TimestampDeclined {
                endpoint: authority.endpoint.clone(),
                status,
                message: texts.join(" ").escape_debug().take(MESSAGE_CHARACTERS).collect(),
            });
        };
        if token.content_type != SIGNED_DATA {
            return Err(authority.malformed("found a token that is not signed data"));
        }
        let signed: SignedData = token.content.decode_as().map_err(malformed)?;
        let content = signed.encap_content_info;
        let info = match content.econtent {
            Some(info) if content.econtent_type == TST_INFO => info,
            _ => return Err(authority.malformed("found a token without a TSTInfo")),
        };
        let info = TstInfo::from_der(info.value()).map_err(malformed)?;
        let other = |differs| {
            Err(Error::TimestampOfSomethingElse { endpoint: authority.endpoint.clone(), differs })
        };
        let imprint = info.message_imprint;
        if imprint.hash_algorithm.oid != SHA_256
            || imprint.hashed_message.as_bytes() != self.digest.bytes()
        {
            return other("message imprint");
        }
        if info.nonce.as_ref() != Some(&self.nonce) {
            return other("nonce");
        }
        Ok(())
    }
}

/// RFC 5754 section 2.2
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// RFC 5652 section 5.1
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// RFC 3161 section 2.4.2
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A token with a certificate chain has some KiB.
const ANSWER_BYTES: usize = 256 << 10;

/// Of what an authority says about its refusal.
const MESSAGE_CHARACTERS: usize = 300;
