//! Root and intermediate, and what every leaf may be used for.

use der::oid::db::rfc5280::ID_KP_CODE_SIGNING;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::Error;
use crate::keys::Curve;
use crate::state::Store;
use crate::trust::Lifetime;
use crate::x509::authority::{Authority, Plan};
use crate::x509::{Criticality, extension};

/// A self-signed P-384 root.
pub(super) fn root(store: &Store, lifetime: Lifetime) -> Result<Authority, Error> {
    let plan = Plan {
        file: "fulcio-root",
        common_name: "chainsign sandbox root: certificates mean nothing",
        curve: Curve::P384,
        issuer: None,
        not_before: lifetime.certificates_from(),
        not_after: lifetime.certificates_until(),
        extensions: authority_usage(None).map_err(failed)?,
    };
    Authority::load(store, plan)
}

/// The P-384 intermediate that signs leaves: for code signing, and for nothing below leaves.
pub(super) fn intermediate(
    store: &Store,
    lifetime: Lifetime,
    root: &Authority,
) -> Result<Authority, Error> {
    let mut extensions = authority_usage(Some(0)).map_err(failed)?;
    let purpose = ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]);
    extensions.push(extension(Criticality::Ignorable, &purpose).map_err(failed)?);
    let plan = Plan {
        file: "fulcio-intermediate",
        common_name: "chainsign sandbox intermediate: certificates mean nothing",
        curve: Curve::P384,
        issuer: Some(root),
        not_before: lifetime.certificates_from(),
        not_after: lifetime.certificates_until(),
        extensions,
    };
    Authority::load(store, plan)
}

/// Key usage and extended key usage of a leaf.
pub(super) fn leaf_usage() -> der::Result<Vec<Extension>> {
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    let purpose = ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]);
    Ok(vec![
        extension(Criticality::Critical, &usage)?,
        extension(Criticality::Ignorable, &purpose)?,
    ])
}

fn authority_usage(path_len_constraint: Option<u8>) -> der::Result<Vec<Extension>> {
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let constraints = BasicConstraints { ca: true, path_len_constraint };
    Ok(vec![
        extension(Criticality::Critical, &usage)?,
        extension(Criticality::Critical, &constraints)?,
    ])
}

fn failed(source: der::Error) -> Error {
    Error::encoding("an authority's certificate")(source)
}
