//! A registry whose certificate is for another name than the one it is reached by.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use super::client::fault;
use crate::{Error, Tls};

/// TLS as it is otherwise, but for the name that certificates must be for.
pub(super) fn configuration(tls: &Tls, name: &str) -> Result<ClientConfig, Error> {
    let of_name = "the name of the registry's certificate";
    let name = ServerName::try_from(name.to_owned()).map_err(|error| fault(of_name, error))?;
    let authorities = certificates("the certificates of authorities", &tls.authorities)?;
    let provider = Arc::new(default_provider());
    let believed = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider));
    let believed = believed.map_err(|error| fault("the certificates to believe", error))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault("the TLS versions", error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Named { believed, name }));
    let mut configuration = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let what = "the client certificate";
            let chain = certificates(what, &client.chain)?;
            let key = PrivateKeyDer::from_pem_slice(&client.key);
            let key = key.map_err(|error| fault(what, error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| fault(what, error))?
        }
    };
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}

fn certificates(what: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.map_err(|error| fault(what, error))
}

/// Verifies as the platform does, for one name.
#[derive(Debug)]
struct Named {
    believed: Verifier,
    name: ServerName<'static>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let name = &self.name;
        self.believed.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.believed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.believed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.believed.supported_verify_schemes()
    }
}
