//! What the API server asks (Kubernetes API reference, `admission.k8s.io/v1`, `AdmissionRequest`).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, Limits};

/// The request of a review. Fields that decide nothing here are left out, and those that a newer API
/// server adds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    pub(super) uid: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) sub_resource: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: String,
    pub(super) operation: String,
    #[serde(borrow, default)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) old_object: Option<&'a RawValue>,
}

/// A kind with its group and version.
#[derive(Deserialize)]
pub(super) struct Kind {
    #[serde(default)]
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

impl Kind {
    /// As objects write it: `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        let separator = if self.group.is_empty() { "" } else { "/" };
        format!("{}{separator}{}", self.group, self.version)
    }
}

impl<'a> Request<'a> {
    /// Reads a review, in which every key is there once.
    pub(super) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let mut bounds = chainsign_core::Limits::default();
        // The object is two levels down.
        (bounds.document_bytes, bounds.json_depth) = (limits.bytes, limits.depth.saturating_add(2));
        let document: Document<'_> =
            chainsign_core::json::parse(REVIEW, bytes, &bounds).map_err(failed)?;
        let found = format!("{} {}", document.api_version, document.kind);
        if found != VERSION {
            return Err(Error::Review { found: short(&found), wanted: VERSION });
        }
        let raw = document.request.ok_or_else(|| Error::Review {
            found: "a review without request".to_owned(),
            wanted: "the request of an API server",
        })?;
        let request: Request<'a> =
            chainsign_core::json::parse(REVIEW, raw.get().as_bytes(), &bounds).map_err(failed)?;
        if request.uid.is_empty() {
            let found = "a request without uid".to_owned();
            return Err(Error::Review { found, wanted: "the request of an API server" });
        }
        Ok(request)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
}

fn failed(error: chainsign_core::Error) -> Error {
    match error {
        chainsign_core::Error::LimitReached { what, limit, found } => {
            Error::LimitReached { what, limit, found }
        }
        error => Error::Json { file: "the review".to_owned(), error },
    }
}

/// At most 200 characters of a text.
pub(super) fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

const REVIEW: &str = "JSON";
const VERSION: &str = "admission.k8s.io/v1 AdmissionReview";
