//! What a certificate says of a token: fulcio `pkg/identity/{email,github}/principal.go` and
//! `pkg/certificate/extensions.go`.

use der::Encode as _;
use der::asn1::{Ia5String, ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::oids;
use crate::oidc::claims::{Claims, GithubClaims};
use crate::x509::{Criticality, extension, raw_extension};

/// An identity that a certificate is issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// What the client signs to prove that it has the key.
    pub(super) challenge: String,
    name: SubjectName,
    /// Ascending; none is empty.
    values: Vec<(ObjectIdentifier, Encoding, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum SubjectName {
    Email(String),
    Uri(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Raw,
    Utf8String,
}

impl Identity {
    /// The identity of a person or a GitHub Actions workflow; `None` when the claims are of
    /// neither, or of an address that is not verified.
    pub(super) fn new(claims: &Claims) -> Option<Self> {
        match (&claims.email, &claims.github) {
            (_, Some(github)) => Some(workflow(claims, github)),
            (Some(email), None) if email.email_verified => Some(Identity {
                challenge: email.email.clone(),
                name: SubjectName::Email(email.email.clone()),
                values: around(claims, Vec::new(), Vec::new()),
            }),
            _ => None,
        }
    }

    /// Subject alternative name and Fulcio's own extensions, in the public instance's order.
    pub(super) fn extensions(&self) -> der::Result<Vec<Extension>> {
        let name = match &self.name {
            SubjectName::Email(address) => GeneralName::Rfc822Name(Ia5String::new(address)?),
            SubjectName::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri)?),
        };
        // Critical, because the subject is empty (RFC 5280 section 4.2.1.6).
        let mut extensions = vec![extension(Criticality::Critical, &SubjectAltName(vec![name]))?];
        for (oid, encoding, value) in &self.values {
            let value = match encoding {
                Encoding::Raw => value.clone().into_bytes(),
                Encoding::Utf8String => Utf8StringRef::new(value)?.to_der()?,
            };
            extensions.push(raw_extension(*oid, Criticality::Ignorable, value)?);
        }
        Ok(extensions)
    }
}

fn workflow(claims: &Claims, github: &GithubClaims) -> Identity {
    let on_github = |path: &str| format!("https://github.com/{path}");
    let signer = on_github(&github.job_workflow_ref);
    let repository = on_github(&github.repository);
    let GithubClaims { run_id, run_attempt, .. } = github;
    let raw = vec![
        (oids::WORKFLOW_TRIGGER, github.event_name.clone()),
        (oids::WORKFLOW_SHA, github.sha.clone()),
        (oids::WORKFLOW_NAME, github.workflow.clone()),
        (oids::WORKFLOW_REPOSITORY, github.repository.clone()),
        (oids::WORKFLOW_REF, github.reference.clone()),
    ];
    let text = vec![
        (oids::BUILD_SIGNER_URI, signer.clone()),
        (oids::BUILD_SIGNER_DIGEST, github.job_workflow_sha.clone()),
        (oids::RUNNER_ENVIRONMENT, github.runner_environment.clone()),
        (oids::SOURCE_REPOSITORY_URI, repository.clone()),
        (oids::SOURCE_REPOSITORY_DIGEST, github.sha.clone()),
        (oids::SOURCE_REPOSITORY_REF, github.reference.clone()),
        (oids::SOURCE_REPOSITORY_ID, github.repository_id.clone()),
        (oids::SOURCE_OWNER_URI, on_github(&github.repository_owner)),
        (oids::SOURCE_OWNER_ID, github.repository_owner_id.clone()),
        (oids::BUILD_CONFIG_URI, on_github(&github.workflow_ref)),
        (oids::BUILD_CONFIG_DIGEST, github.workflow_sha.clone()),
        (oids::BUILD_TRIGGER, github.event_name.clone()),
        (
            oids::RUN_INVOCATION_URI,
            format!("{repository}/actions/runs/{run_id}/attempts/{run_attempt}"),
        ),
        (oids::VISIBILITY, github.repository_visibility.clone()),
    ];
    Identity {
        challenge: claims.sub.clone(),
        name: SubjectName::Uri(signer),
        values: around(claims, raw, text),
    }
}

/// The values with those that every identity has: both issuers and the subject.
fn around(
    claims: &Claims,
    raw: Vec<(ObjectIdentifier, String)>,
    text: Vec<(ObjectIdentifier, String)>,
) -> Vec<(ObjectIdentifier, Encoding, String)> {
    let issuer = claims.iss.clone();
    let raw = [(oids::ISSUER_V1, issuer.clone())].into_iter().chain(raw);
    let text = [(oids::ISSUER_V2, issuer)].into_iter().chain(text);
    let text = text.chain([(oids::TOKEN_SUBJECT, claims.sub.clone())]);
    raw.map(|(oid, value)| (oid, Encoding::Raw, value))
        .chain(text.map(|(oid, value)| (oid, Encoding::Utf8String, value)))
        .filter(|(_, _, value)| !value.is_empty())
        .collect()
}
