use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::object::Object;
use super::{DOCKER_LIST, DOCKER_MANIFEST, Descriptor, OCI_INDEX, OCI_MANIFEST, RawDescriptor};
use crate::error::{Error, Limit};

/// One image, or one artifact: image-spec, `manifest.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the artifact is, where it is none that runs.
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What this is about.
    pub subject: Option<Descriptor>,
    /// Anything else that is said about it.
    pub annotations: BTreeMap<String, String>,
}

/// What a manifest's bytes say.
#[derive(Clone, Debug)]
pub(crate) enum Document {
    Manifest(Box<Manifest>),
    Index(Vec<Descriptor>),
}

/// What is said to be stored about a digest: what can be read of each.
pub(crate) struct ReferrersIndex {
    pub(crate) manifests: Vec<Result<Descriptor, Error>>,
}

/// Reads a manifest or index. `header` is its `Content-Type`, or what its descriptor says.
///
/// It must be of the type that it says it is, where it says so, and have no field of the other kind
/// (GHSA-qq97-vm5h-rrhg).
pub(crate) fn parse(
    what: &str,
    header: Option<&str>,
    bytes: &[u8],
) -> Result<(String, Document), Error> {
    let object = Object::parse("manifest", what, bytes, &KNOWN)?;
    let own: Option<String> = object.field("mediaType")?;
    let header = header.filter(|header| !header.is_empty());
    let media_type = match (own, header) {
        (Some(own), Some(header)) if own != header => {
            let (found, wanted) = (own, header.to_owned());
            return Err(Error::OtherMediaType { what: what.to_owned(), found, wanted });
        }
        (Some(own), _) => own,
        (None, Some(header)) => header.to_owned(),
        (None, None) => {
            return Err(Error::UnknownMediaType { what: what.to_owned(), found: String::new() });
        }
    };
    let document = match media_type.as_str() {
        OCI_MANIFEST | DOCKER_MANIFEST => Document::Manifest(Box::new(manifest(object)?)),
        OCI_INDEX | DOCKER_LIST => Document::Index(index(object)?),
        _ => return Err(Error::UnknownMediaType { what: what.to_owned(), found: media_type }),
    };
    Ok((media_type, document))
}

/// Reads a list of referrers: an index in which one bad entry is that entry's fault. No more than `most`
/// entries are looked at: what is said of a bad one takes far more room than the entry.
pub(crate) fn parse_referrers(
    what: &str,
    bytes: &[u8],
    most: usize,
) -> Result<ReferrersIndex, Error> {
    let mut object = Object::parse("list of referrers", what, bytes, &KNOWN)?;
    object.kind = "list of referrers";
    object.has_none_of(&FOREIGN_TO_INDEXES)?;
    is_version_2(&object)?;
    if let Some(found) = object.field::<String>("mediaType")?.filter(|own| own != OCI_INDEX) {
        let wanted = OCI_INDEX.to_owned();
        return Err(Error::OtherMediaType { what: what.to_owned(), found, wanted });
    }
    // `null` is what Go writes for no entries.
    let entries: Vec<&RawValue> = object.field("manifests")?.unwrap_or_default();
    if entries.len() > most {
        let (what, limit, allowed) = (what.to_owned(), Limit::Items, most as u64);
        return Err(Error::LimitReached { what, limit, allowed });
    }
    let entry = |raw: &RawValue| {
        let descriptor: Result<RawDescriptor, _> = serde_json::from_str(raw.get());
        descriptor.map(Descriptor::from).map_err(|error| object.invalid(error.to_string()))
    };
    Ok(ReferrersIndex { manifests: entries.into_iter().map(entry).collect() })
}

fn manifest(mut object: Object<'_>) -> Result<Manifest, Error> {
    object.kind = "image manifest";
    object.has_none_of(&["manifests", "fsLayers", "history"])?;
    is_version_2(&object)?;
    let layers: Vec<RawDescriptor> = object.required("layers")?;
    Ok(Manifest {
        artifact_type: object.field("artifactType")?.filter(|text: &String| !text.is_empty()),
        config: object.required::<RawDescriptor>("config")?.into(),
        layers: layers.into_iter().map(Descriptor::from).collect(),
        subject: object.field::<RawDescriptor>("subject")?.map(Descriptor::from),
        annotations: object.field("annotations")?.unwrap_or_default(),
    })
}

fn index(mut object: Object<'_>) -> Result<Vec<Descriptor>, Error> {
    object.kind = "image index";
    object.has_none_of(&FOREIGN_TO_INDEXES)?;
    is_version_2(&object)?;
    let manifests: Vec<RawDescriptor> = object.required("manifests")?;
    Ok(manifests.into_iter().map(Descriptor::from).collect())
}

fn is_version_2(object: &Object<'_>) -> Result<(), Error> {
    match object.required::<u64>("schemaVersion")? {
        2 => Ok(()),
        found => Err(object.invalid(format!("found schema version {found}, wanted 2"))),
    }
}

const FOREIGN_TO_INDEXES: [&str; 4] = ["config", "layers", "fsLayers", "history"];

const KNOWN: [&str; 10] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "fsLayers",
    "history",
    "subject",
    "annotations",
];
