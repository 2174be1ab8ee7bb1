//! References changed where they are written, and nothing else.

use std::collections::BTreeMap;

use chainsign_core::digest::ArtifactDigest;

use crate::Error;
use crate::place::Use;

/// The source with a digest behind each reference that has none.
pub(crate) fn pin(
    source: &[u8],
    images: &[Use],
    digests: &BTreeMap<String, ArtifactDigest>,
) -> Result<Vec<u8>, Error> {
    let mut ends = Vec::new();
    for image in images {
        if let Some(digest) = missing_digest(image, digests)? {
            let (at, reference) = (image.place.clone(), image.written.clone());
            let span = image.edit.clone();
            let span = span.map_err(|reason| Error::NotEditable { at, reference, reason })?;
            ends.push((span.end, digest));
        }
    }
    ends.sort_by_key(|(end, _)| *end);
    ends.dedup();
    let (mut pinned, mut from) = (Vec::with_capacity(source.len() + 80 * ends.len()), 0);
    for (end, digest) in ends {
        pinned.extend_from_slice(source.get(from..end).unwrap_or_default());
        pinned.extend_from_slice(format!("@{digest}").as_bytes());
        from = end;
    }
    pinned.extend_from_slice(source.get(from..).unwrap_or_default());
    Ok(pinned)
}

/// The digest that a reference is to get; nothing if it has it.
fn missing_digest<'d>(
    image: &Use,
    digests: &'d BTreeMap<String, ArtifactDigest>,
) -> Result<Option<&'d ArtifactDigest>, Error> {
    let (at, reference) = (image.place.clone(), image.written.clone());
    match (&image.image.digest, digests.get(&image.written)) {
        (None, None) => Err(Error::NoDigest { at, reference }),
        (None, Some(digest)) => Ok(Some(digest)),
        (Some(found), Some(wanted)) if found != wanted => {
            Err(Error::OtherDigest { at, reference, wanted: wanted.clone() })
        }
        (Some(_), _) => Ok(None),
    }
}
