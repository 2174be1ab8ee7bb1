//! Fulcio's certificate extensions: fulcio `docs/oid-info.md`.

use der::asn1::ObjectIdentifier;

const fn oid(text: &'static str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// Their values are the text's bytes, without DER around them.
pub(super) const ISSUER_V1: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.1");
pub(super) const WORKFLOW_TRIGGER: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.2");
pub(super) const WORKFLOW_SHA: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.3");
pub(super) const WORKFLOW_NAME: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.4");
pub(super) const WORKFLOW_REPOSITORY: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.5");
pub(super) const WORKFLOW_REF: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.6");

// Their values are DER UTF8Strings.
pub(super) const ISSUER_V2: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.8");
pub(super) const BUILD_SIGNER_URI: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.9");
pub(super) const BUILD_SIGNER_DIGEST: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.10");
pub(super) const RUNNER_ENVIRONMENT: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.11");
pub(super) const SOURCE_REPOSITORY_URI: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.12");
pub(super) const SOURCE_REPOSITORY_DIGEST: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.13");
pub(super) const SOURCE_REPOSITORY_REF: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.14");
pub(super) const SOURCE_REPOSITORY_ID: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.15");
pub(super) const SOURCE_OWNER_URI: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.16");
pub(super) const SOURCE_OWNER_ID: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.17");
pub(super) const BUILD_CONFIG_URI: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.18");
pub(super) const BUILD_CONFIG_DIGEST: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.19");
pub(super) const BUILD_TRIGGER: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.20");
pub(super) const RUN_INVOCATION_URI: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.21");
pub(super) const VISIBILITY: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.22");
pub(super) const TOKEN_SUBJECT: ObjectIdentifier = oid("1.3.6.1.4.1.57264.1.24");
