//! The certificate authority: Fulcio's v2 API.
//!
//! A request brings an identity token and a key, and proves that it has the key by signing the
//! token's identity (or with a certificate request's own signature). The answer is a certificate
//! that binds both for ten minutes, with the SCT of the CT log in it.

mod authority;
mod identity;
mod oids;
mod request;
mod routes;

use std::sync::Arc;

use der::Encode as _;
use jiff::SignedDuration;

use crate::Error;
use crate::ct::{CtLog, Precertificate, sct_list_extension};
use crate::keys::ClientKey;
use crate::misbehaviour::{Behaviour, Misbehaviour, Service};
use crate::oidc::Oidc;
use crate::state::Store;
use crate::trust::Lifetime;
use crate::x509::authority::Authority;
use crate::x509::{self, Profile};
use identity::Identity;

pub(crate) use routes::routes;

/// The authority.
#[derive(Debug)]
pub(crate) struct Fulcio {
    root: Authority,
    intermediate: Authority,
    oidc: Arc<Oidc>,
    ct: Arc<CtLog>,
    behaviour: Arc<Behaviour>,
}

impl Fulcio {
    pub(crate) fn open(
        store: &Store,
        lifetime: Lifetime,
        oidc: Arc<Oidc>,
        ct: Arc<CtLog>,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let root = authority::root(store, lifetime)?;
        let intermediate = authority::intermediate(store, lifetime, &root)?;
        Ok(Fulcio { root, intermediate, oidc, ct, behaviour })
    }

    /// The certificates above a leaf, DER: intermediate, root.
    pub(crate) fn chain(&self) -> [&[u8]; 2] {
        [&self.intermediate.certificate, &self.root.certificate]
    }

    /// Answers a request for a certificate: the leaf, DER.
    fn certify(&self, body: &[u8], bearer: Option<&str>) -> Result<Vec<u8>, routes::Refusal> {
        let request = request::CertificateRequest::parse(body)?;
        let token = request.token.as_deref().or(bearer).ok_or(routes::Refusal::Token)?;
        let claims = self.oidc.authenticate(token).map_err(|error| {
            tracing::debug!(?error, "refused a token");
            routes::Refusal::Token
        })?;
        let identity = Identity::new(&claims).ok_or(routes::Refusal::Token)?;
        let key = request.key.proven(&identity)?;
        Ok(self.issue(&key, &identity)?)
    }

    /// Issues a certificate as fulcio's `docs/certificate-specification.md` describes it. The TBS
    /// is built once: the SCT covers it, and is appended to it.
    fn issue(&self, key: &ClientKey, identity: &Identity) -> Result<Vec<u8>, Error> {
        let failed = Error::encoding("a certificate");
        let issuer = &self.intermediate;
        let mut not_before = self.behaviour.now(Service::Fulcio);
        if self.behaviour.is(&Misbehaviour::ExpiredCertificate) {
            not_before = not_before.checked_sub(EXPIRED_SINCE).unwrap_or(not_before);
        }
        let mut tbs = x509::to_be_signed(Profile {
            subject: x509_cert::name::RdnSequence::default(),
            subject_spki: key.spki(),
            issuer: &issuer.name,
            issuer_spki: issuer.key.spki(),
            curve: issuer.key.curve(),
            not_before,
            not_after: not_before.checked_add(VALIDITY).unwrap_or(not_before),
            first: authority::leaf_usage().map_err(failed)?,
            last: identity.extensions().map_err(failed)?,
        })
        .map_err(failed)?;
        let sct = self.ct.submit(&Precertificate {
            issuer_key_hash: x509::sha256(issuer.key.spki()),
            tbs: &tbs.to_der().map_err(failed)?,
        })?;
        if let Some(sct) = sct {
            tbs.extensions.get_or_insert_default().push(sct_list_extension(&sct)?);
        }
        x509::sign(tbs, &issuer.key)
    }
}

/// Of the public instance.
const VALIDITY: SignedDuration = SignedDuration::from_mins(10);

/// An expired certificate starts this long ago, and so ended an hour ago.
const EXPIRED_SINCE: SignedDuration = SignedDuration::from_mins(70);
