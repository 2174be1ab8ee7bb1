//! The timestamp authority: RFC 3161, as sigstore/timestamp-authority serves it.

mod request;
mod routes;
mod token;

use std::sync::Arc;

use der::oid::db::rfc5280::ID_KP_TIME_STAMPING;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::Error;
use crate::keys::Curve;
use crate::misbehaviour::{Behaviour, Misbehaviour, Service};
use crate::state::Store;
use crate::trust::Lifetime;
use crate::x509::authority::{Authority, Plan};
use crate::x509::{Criticality, extension};
use request::TimestampRequest;
use routes::Refusal;

pub(crate) use routes::routes;

/// The authority.
#[derive(Debug)]
pub(crate) struct TimestampAuthority {
    root: Authority,
    signer: Authority,
    behaviour: Arc<Behaviour>,
}

impl TimestampAuthority {
    pub(crate) fn open(
        store: &Store,
        lifetime: Lifetime,
        behaviour: Arc<Behaviour>,
    ) -> Result<Self, Error> {
        let failed = Error::encoding("an authority's certificate");
        let (not_before, not_after) = (lifetime.certificates_from(), lifetime.certificates_until());
        let root = Authority::load(
            store,
            Plan {
                file: "tsa-root",
                common_name: "chainsign sandbox TSA root: timestamps mean nothing",
                curve: Curve::P256,
                issuer: None,
                not_before,
                not_after,
                extensions: root_usage().map_err(failed)?,
            },
        )?;
        let signer = Authority::load(
            store,
            Plan {
                file: "tsa",
                common_name: "chainsign sandbox TSA: timestamps mean nothing",
                curve: Curve::P256,
                issuer: Some(&root),
                not_before,
                not_after,
                extensions: signer_usage().map_err(failed)?,
            },
        )?;
        Ok(TimestampAuthority { root, signer, behaviour })
    }

    /// Certificates, DER: signer, root.
    pub(crate) fn chain(&self) -> [&[u8]; 2] {
        [&self.signer.certificate, &self.root.certificate]
    }

    /// Answers a request with a `TimeStampResp`, DER.
    fn timestamp(&self, mut request: TimestampRequest) -> Result<Vec<u8>, Refusal> {
        if self.behaviour.is(&Misbehaviour::TimestampOfAnotherMessage) {
            request.imprint = request.imprint.of_another_message().map_err(token::failed)?;
        }
        let now = self.behaviour.now(Service::TimestampAuthority);
        Ok(token::response(&self.signer, &request, now)?)
    }
}

fn root_usage() -> der::Result<Vec<Extension>> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let constraints = BasicConstraints { ca: true, path_len_constraint: Some(0) };
    Ok(vec![
        extension(Criticality::Critical, &usage)?,
        extension(Criticality::Critical, &constraints)?,
    ])
}

/// RFC 3161 section 2.3: for timestamps only, and critical.
fn signer_usage() -> der::Result<Vec<Extension>> {
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    let purpose = ExtendedKeyUsage(vec![ID_KP_TIME_STAMPING]);
    Ok(vec![extension(Criticality::Critical, &usage)?, extension(Criticality::Critical, &purpose)?])
}
