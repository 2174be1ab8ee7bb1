//! The documents that carry signatures, each parsed into one [`SignedMaterial`].

pub mod bundle;

use crate::material::SignedMaterial;
use crate::{Error, Limits, json};

/// Parses a document of any format that is known by its own marks.
///
/// # Errors
/// [`Error::UnknownFormat`] when it has the marks of none; else what the format's parser says.
pub fn parse(document: &[u8], limits: &Limits) -> Result<SignedMaterial, Error> {
    json::check("signature document", document, limits)?;
    let marks: Marks = serde_json::from_slice(document).map_err(|error| Error::UnknownFormat {
        found: format!("JSON that is not an object with text members ({error})"),
    })?;
    if marks.media_type.is_some() || marks.verification_material.is_some() {
        return bundle::parse(document, limits);
    }
    Err(Error::UnknownFormat {
        found: "JSON without a mediaType or verificationMaterial".to_owned(),
    })
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    media_type: Option<serde::de::IgnoredAny>,
    verification_material: Option<serde::de::IgnoredAny>,
}
