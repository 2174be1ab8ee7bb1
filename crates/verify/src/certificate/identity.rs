//! Who a certificate says its holder is: Fulcio's `docs/oid-info.md` and
//! `docs/certificate-specification.md`.

use chainsign_core::identity::{
    CertificateIdentity, FulcioExtensions, Issuer, SubjectAlternativeName,
};
use const_oid::ObjectIdentifier;
use der::Decode;
use der::asn1::Utf8StringRef;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};

use super::x509::X509;

/// Reads the identity of a certificate.
///
/// # Errors
/// What was found and wanted: not exactly one subject alternative name of a kind that Fulcio
/// issues, no issuer, an extension that cannot be read, or two that contradict each other.
pub(crate) fn read(certificate: &X509) -> Result<CertificateIdentity, String> {
    let subject = subject(certificate)?;
    let mut issuer_v1 = None;
    let mut issuer_v2 = None;
    let mut extensions = FulcioExtensions::default();
    for extension in certificate.certificate.tbs_certificate.extensions.iter().flatten() {
        let Some(arc) = fulcio_arc(extension.extn_id) else { continue };
        let value = extension.extn_value.as_bytes();
        let place = match arc {
            ISSUER_V1 => &mut issuer_v1,
            ISSUER_V2 => &mut issuer_v2,
            arc => match extensions.by_arc_mut(arc) {
                Some(place) => place,
                None => continue,
            },
        };
        let text = if arc <= LAST_RAW { raw_text(value) } else { der_text(value) };
        *place = Some(text.ok_or_else(|| {
            let encoding = if arc <= LAST_RAW { "UTF-8" } else { "a DER UTF8String" };
            format!("found other bytes in the extension {}, wanted {encoding}", extension.extn_id)
        })?);
    }
    agree("issuer", issuer_v1.as_deref(), issuer_v2.as_deref())?;
    generations_agree(&extensions)?;
    let issuer = issuer_v2.or(issuer_v1).filter(|issuer| !issuer.is_empty());
    let issuer = Issuer(issuer.ok_or("found no issuer, wanted the extension .1.8 or .1.1")?);
    Ok(CertificateIdentity { subject, issuer, extensions })
}

fn subject(certificate: &X509) -> Result<SubjectAlternativeName, String> {
    let Some((_, names)) = certificate.extension::<SubjectAltName>()? else {
        return Err("found no subject alternative name, wanted one".to_owned());
    };
    let [name] = names.0.as_slice() else {
        return Err(format!("found {} subject alternative names, wanted one", names.0.len()));
    };
    match name {
        GeneralName::Rfc822Name(text) => Ok(SubjectAlternativeName::Email(text.to_string())),
        GeneralName::UniformResourceIdentifier(text) => {
            Ok(SubjectAlternativeName::Uri(text.to_string()))
        }
        GeneralName::OtherName(OtherName { type_id, value }) if *type_id == USER_NAME => {
            let text = value.decode_as::<Utf8StringRef<'_>>();
            let text = text.map_err(|error| format!("found an otherName: {error}"))?;
            Ok(SubjectAlternativeName::OtherName(text.to_string()))
        }
        _ => Err("found a subject alternative name of another kind, wanted an e-mail address, \
                  a URI, or Fulcio's otherName"
            .to_owned()),
    }
}

/// What the deprecated extensions and their successors both say must be the same.
fn generations_agree(extensions: &FulcioExtensions) -> Result<(), String> {
    let FulcioExtensions {
        github_workflow_trigger,
        github_workflow_sha,
        github_workflow_repository,
        github_workflow_ref,
        build_trigger,
        source_repository_digest,
        source_repository_uri,
        source_repository_ref,
        ..
    } = extensions;
    agree("trigger", github_workflow_trigger.as_deref(), build_trigger.as_deref())?;
    agree("commit", github_workflow_sha.as_deref(), source_repository_digest.as_deref())?;
    agree("ref", github_workflow_ref.as_deref(), source_repository_ref.as_deref())?;
    match (github_workflow_repository.as_deref(), source_repository_uri.as_deref()) {
        (Some(old), Some(new)) if new.strip_suffix(old).is_none_or(|base| !base.ends_with('/')) => {
            Err(format!("found the repository {old:?} in one extension and {new:?} in another"))
        }
        _ => Ok(()),
    }
}

fn agree(what: &str, old: Option<&str>, new: Option<&str>) -> Result<(), String> {
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            Err(format!("found the {what} {old:?} in one extension and {new:?} in another"))
        }
        _ => Ok(()),
    }
}

/// The last arc of 1.3.6.1.4.1.57264.1.*.
fn fulcio_arc(oid: ObjectIdentifier) -> Option<u32> {
    (oid.parent()? == FULCIO).then(|| oid.arcs().last()).flatten()
}

/// The deprecated extensions hold the text itself.
fn raw_text(value: &[u8]) -> Option<String> {
    String::from_utf8(value.to_vec()).ok()
}

fn der_text(value: &[u8]) -> Option<String> {
    Utf8StringRef::from_der(value).ok().map(|text| text.to_string())
}

const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const ISSUER_V1: u32 = 1;
const ISSUER_V2: u32 = 8;
/// Extensions up to here hold raw text, later ones a DER UTF8String.
const LAST_RAW: u32 = 6;
