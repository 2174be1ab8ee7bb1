//! What the API server is told (Kubernetes API reference, `admission.k8s.io/v1`, `AdmissionResponse`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chainsign_core::digest::ArtifactDigest;
use serde::Serialize;

use super::{Pinning, Review};
use crate::place::Use;

/// What was decided on an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It may run.
    Allow {
        /// What the reference led to, and was verified.
        digest: ArtifactDigest,
    },
    /// It may run, and whoever asked is told something.
    Warn {
        /// What the reference led to, if that is known.
        digest: Option<ArtifactDigest>,
        /// What they are told.
        messages: Vec<String>,
    },
    /// It must not run: the evidence says no.
    Deny {
        /// Why.
        message: String,
    },
    /// It could not be found out whether it may run. It must not.
    Undecided {
        /// What kept it from being found out.
        message: String,
    },
}

/// Which kind of webhook the response is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// One that may change objects: references get the digest that was verified.
    Mutating,
    /// One that may not, and whose response the API server refuses if it does. For every tag there is a
    /// warning that something else may be pulled.
    Validating,
}

/// The response to a review. Serialized, it is an `AdmissionReview`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    api_version: &'static str,
    kind: &'static str,
    response: Answer,
}

impl Response {
    /// Whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        self.response.allowed
    }

    /// 403 where the evidence says no, 500 where something could not be found out; nothing for what is allowed.
    pub fn code(&self) -> Option<u16> {
        self.response.status.as_ref().map(|status| status.code)
    }

    /// With the name of the policy that decided, for the audit log.
    #[must_use]
    pub fn with_policy(mut self, name: &str) -> Self {
        self.response.audit_annotations.insert("policy", cut(name, AUDIT));
        self
    }
}

/// The response to a review.
pub(super) fn make(
    review: &Review,
    decisions: &BTreeMap<String, Decision>,
    webhook: Webhook,
) -> Response {
    let mut tally = Tally::default();
    if let Some(reason) = &review.not_looked_at {
        tally.audit.insert("reason", cut(&reason.to_string(), AUDIT));
    }
    tally.undecided.extend(review.fault.as_ref().map(ToString::to_string));
    tally.undecided.extend(review.unread.iter().map(ToString::to_string));
    for (image, pointer) in review.images.iter().zip(&review.pointers) {
        tally.count(image, pointer, decisions.get(&image.written));
    }
    let pins = webhook == Webhook::Mutating && review.pinning == Pinning::Allowed;
    if !pins && tally.denied.is_empty() && tally.undecided.is_empty() {
        let tags = tally.loose.iter().map(|(image, _)| &image.written);
        let warning = |it| format!("{it} is a tag: what is pulled need not be what was verified");
        tally.warnings.extend(tags.map(warning));
    }
    tally.answer(review, pins)
}

/// What the decisions come to.
#[derive(Default)]
struct Tally<'r> {
    denied: Vec<String>,
    undecided: Vec<String>,
    warnings: Vec<String>,
    warned: bool,
    digests: Vec<String>,
    /// Images that a tag names, with their place in the object and their digest.
    loose: Vec<(&'r Use, Replace<'r>)>,
    audit: BTreeMap<&'static str, String>,
}

/// A step of a JSON patch (RFC 6902).
#[derive(Serialize)]
struct Replace<'r> {
    op: &'static str,
    path: &'r str,
    value: String,
}

impl<'r> Tally<'r> {
    fn count(&mut self, image: &'r Use, path: &'r str, decision: Option<&Decision>) {
        let (written, place, role) = (&image.written, &image.place.path, &image.role);
        let told = |message: &str| format!("{written} ({role}, {place}): {message}");
        let digest = match decision {
            None => return self.undecided.push(told("nothing was decided on this image")),
            Some(Decision::Deny { message }) => return self.denied.push(told(message)),
            Some(Decision::Undecided { message }) => return self.undecided.push(told(message)),
            Some(Decision::Warn { digest, messages }) => {
                self.warned = true;
                self.warnings
                    .extend(messages.iter().map(|message| format!("{written}: {message}")));
                digest.as_ref()
            }
            Some(Decision::Allow { digest }) => Some(digest),
        };
        let Some(digest) = digest else { return };
        match &image.image.digest {
            Some(wanted) if wanted != digest => {
                self.undecided.push(told(&format!("what was decided on is {digest}")));
            }
            Some(_) => {}
            None => {
                let value = format!("{written}@{digest}");
                self.loose.push((image, Replace { op: "replace", path, value }));
            }
        }
        let line = format!("{written}={digest}");
        if !self.digests.contains(&line) {
            self.digests.push(line);
        }
    }

    fn answer(mut self, review: &Review, pins: bool) -> Response {
        let (verdict, code) = if !self.denied.is_empty() {
            ("denied", Some((403, "Forbidden")))
        } else if !self.undecided.is_empty() {
            ("undecided", Some((500, "InternalError")))
        } else if review.not_looked_at.is_some() {
            ("not-looked-at", None)
        } else if self.warned {
            ("warned", None)
        } else {
            ("allowed", None)
        };
        self.audit.insert("verdict", verdict.to_owned());
        if !self.digests.is_empty() {
            self.audit.insert("digests", bounded(&self.digests, ", ", AUDIT));
        }
        let status = code.map(|(code, reason)| {
            let mut parts = Vec::new();
            if !self.denied.is_empty() {
                parts.push(format!("denied: {}", bounded(&self.denied, "; ", MESSAGE)));
            }
            if !self.undecided.is_empty() {
                let list = bounded(&self.undecided, "; ", MESSAGE);
                parts.push(format!("could not be found out: {list}"));
            }
            Status { status: "Failure", message: parts.join("; "), reason, code }
        });
        let allowed = status.is_none();
        let steps: Vec<_> = self.loose.into_iter().map(|(_, step)| step).collect();
        // A text and a list of three texts each: there is nothing that JSON could not hold.
        let patch = (allowed && pins && !steps.is_empty())
            .then(|| serde_json::to_vec(&steps).unwrap_or_default());
        Response {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Answer {
                uid: review.uid.clone(),
                allowed,
                status,
                warnings: warnings(&self.warnings),
                audit_annotations: self.audit,
                patch_type: patch.as_ref().map(|_| "JSONPatch"),
                patch: patch.map(|patch| STANDARD.encode(patch)),
            },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// The API server puts the webhook's name and a slash before each key, and drops keys that have
    /// a slash themselves (apiserver, `checkKeyFormat`).
    audit_annotations: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Status {
    status: &'static str,
    message: String,
    reason: &'static str,
    code: u16,
}

/// Warnings as the API server passes them on: without line ends, which it refuses, and within its bounds.
fn warnings(all: &[String]) -> Vec<String> {
    let (mut kept, mut total) = (Vec::new(), 0);
    for (index, warning) in all.iter().enumerate() {
        let warning = cut(warning, WARNING);
        total += warning.chars().count();
        if total > WARNINGS {
            kept.push(format!("{} more warnings", all.len() - index));
            break;
        }
        kept.push(warning);
    }
    kept
}

/// As many texts as fit, and how many did not.
fn bounded(texts: &[String], separator: &str, limit: usize) -> String {
    let (mut joined, mut left) = (String::new(), limit);
    for (index, text) in texts.iter().enumerate() {
        let text = cut(text, limit);
        let length = text.chars().count() + separator.len();
        if index > 0 && length > left {
            return format!("{joined}{separator}{} more", texts.len() - index);
        }
        if index > 0 {
            joined += separator;
        }
        joined += &text;
        left = left.saturating_sub(length);
    }
    joined
}

/// At most so many characters of a text, on one line.
fn cut(text: &str, limit: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= limit {
        return text.chars().map(plain).collect();
    }
    text.chars().take(limit.saturating_sub(1)).map(plain).chain(['…']).collect()
}

/// What the API server shortens warnings to (API reference: "over 256 characters … may be truncated").
const WARNING: usize = 256;
/// What it shows of all of them, with room for the count of the rest (apiserver, `truncateAtTotalRunes`).
const WARNINGS: usize = 4096 - 32;
/// A message is read in a terminal.
const MESSAGE: usize = 4096;
/// What every audit log takes.
const AUDIT: usize = 4096;
