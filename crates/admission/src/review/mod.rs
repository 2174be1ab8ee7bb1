//! Admission reviews (`admission.k8s.io/v1`): what is to be decided on, and the response.
//!
//! Decided on are the images that would start to run: of pods, of the ephemeral containers put into them, and
//! of every kind that makes pods, when they are created, and when they are changed such that other
//! pods would come out of them. What cannot start an image is allowed without looking ([`NotLookedAt`] says
//! why), so that nobody needs a verifier to scale down, delete or repair something.
//!
//! An update starts nothing new if the template of its pods is as it was, or, of a pod, if its labels are and it ran
//! the same reference in the same place before. Labels count because policies are chosen by them. Of a custom resource
//! nothing but its metadata and status may have changed, and of those no label and no image.
//!
//! Only what was found out allows: an image without a decision, a place that cannot be read and a review whose
//! object cannot be read are refused, with code 500 where a refusal by evidence has 403.

mod request;
mod response;
mod scope;

use std::collections::BTreeMap;

pub use response::{Decision, Response, Webhook};

use crate::place::{Unread, Use};
use crate::{Error, Options};
use request::Request;
use scope::Scope;

/// A review, and the images that are to be decided on.
#[derive(Clone, Debug)]
pub struct Review {
    uid: String,
    namespace: String,
    kind: String,
    name: String,
    images: Vec<Use>,
    /// Of each image, where it is in the object (RFC 6901).
    pointers: Vec<String>,
    unread: Vec<Unread>,
    not_looked_at: Option<NotLookedAt>,
    fault: Option<Error>,
    pinning: Pinning,
}

/// Whether references in the object may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pinning {
    Allowed,
    /// A controller made the object, and would take a changed one for one that it has to make again.
    ByOwner,
}

/// Why there is nothing to decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLookedAt {
    /// The object is deleted.
    #[error("a deletion starts nothing")]
    Deletion,
    /// The object is connected to (`exec`, `attach`, `port-forward`, `proxy`).
    #[error("a connection starts no image")]
    Connection,
    /// What is changed is a part that names no image: `status`, `scale`, `binding`.
    #[error("the subresource {0} names no image")]
    Subresource(String),
    /// The images are those that were there before.
    #[error("the update starts nothing that did not run before")]
    Unchanged,
    /// The object is being deleted, and names no image that it did not name before.
    #[error("the object is being deleted")]
    BeingDeleted,
    /// The object names no image.
    #[error("the object names no image")]
    RunsNothing,
}

/// Reads an admission review.
///
/// An object that cannot be read is not an error here: the review has no images then, and the
/// [response](Review::respond) is a refusal that says why.
///
/// # Errors
/// What cannot be answered, because there is no review in it: [`Error::Json`], [`Error::LimitReached`], and [`Error::Review`] for
/// another version (`v1beta1`), an unknown operation, or a review without request or UID.
pub fn read(bytes: &[u8], options: &Options) -> Result<Review, Error> {
    let request = Request::parse(bytes, &options.limits)?;
    let mut review = Review {
        uid: request.uid.clone(),
        namespace: request.namespace.clone(),
        kind: request.kind.kind.clone(),
        name: request.name.clone(),
        images: Vec::new(),
        pointers: Vec::new(),
        unread: Vec::new(),
        not_looked_at: None,
        fault: None,
        pinning: Pinning::Allowed,
    };
    match scope::of(&request, options) {
        Ok(Scope::NotLookedAt(reason)) => review.not_looked_at = Some(reason),
        Ok(Scope::Decide { images, unread, pinning }) => {
            (review.images, review.pointers) = images.into_iter().unzip();
            (review.unread, review.pinning) = (unread, pinning);
        }
        Err(error) => review.fault = Some(error),
    }
    Ok(review)
}

impl Review {
    /// The identifier that the response repeats.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The namespace of the object; empty for an object without one.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The kind of the object.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name of the object; empty where the API server makes one later.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The images to decide on.
    pub fn images(&self) -> &[Use] {
        &self.images
    }

    /// Places of which cannot be told what image they name. Each is a refusal.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Why there is nothing to decide.
    pub fn not_looked_at(&self) -> Option<&NotLookedAt> {
        self.not_looked_at.as_ref()
    }

    /// Why the object could not be read. It is a refusal.
    pub fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// The response to the review. `decisions` is by the references as they are [written](Use::written).
    ///
    /// It is allowed if each image is, and nothing is left that could not be found out. A mutating webhook puts
    /// the digest that was verified behind each reference that has none.
    pub fn respond(&self, decisions: &BTreeMap<String, Decision>, webhook: Webhook) -> Response {
        response::make(self, decisions, webhook)
    }
}
