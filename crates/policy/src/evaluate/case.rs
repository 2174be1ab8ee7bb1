//! What is known about one artifact, in the form in which rules look at it.

use chainsign_artifact::{ArtifactFacts, Content};
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestMatch};
use chainsign_gosbom::{
    BinaryFacts, BuildInfo, Error as GoError, GoBinary, GoSlice, SecondRecords,
};
use jiff::Timestamp;

use crate::evidence::{Refused, Testimony, Unavailable};
use crate::verdict::{Outcome, Reason};

/// Everything that an evaluation looks at.
pub(crate) struct Case<'a> {
    pub(crate) target: Target<'a>,
    /// The root that the caller trusts, for policies that name none.
    pub(crate) caller_root: Option<&'a ArtifactDigest>,
    /// In their own order, each once, all about the target.
    pub(crate) evidence: Vec<&'a Testimony>,
    pub(crate) refused: &'a [Refused],
    pub(crate) unavailable: &'a [Unavailable],
    pub(crate) now: Timestamp,
}

impl<'a> Case<'a> {
    /// Puts evidence in order, leaves duplicates out, and leaves out what is about another
    /// artifact: the verifier has checked that, and a caller that mixes artifacts up must not be
    /// able to undo it.
    pub(crate) fn new(
        target: Target<'a>,
        caller_root: Option<&'a ArtifactDigest>,
        evidence: impl IntoIterator<Item = &'a Testimony>,
        refused: &'a [Refused],
        unavailable: &'a [Unavailable],
        now: Timestamp,
    ) -> Self {
        let about_target = |testimony: &&Testimony| {
            matches!(target.digests.compare(&testimony.subject), DigestMatch::Match(_))
        };
        let mut evidence: Vec<_> = evidence.into_iter().filter(about_target).collect();
        evidence.sort_by_cached_key(|testimony| testimony.order());
        evidence.dedup_by(|left, right| {
            left.document.is_some()
                && left.document == right.document
                && left.root == right.root
                && left.signer == right.signer
        });
        Case { target, caller_root, evidence, refused, unavailable, now }
    }
}

/// The artifact.
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    pub(crate) digests: &'a ArtifactDigests,
    pub(crate) go: GoView<'a>,
}

impl<'a> Target<'a> {
    pub(crate) fn of(facts: &'a ArtifactFacts) -> Self {
        let go = match &facts.content {
            Content::GoBinary(binary) => GoView::of(binary),
            Content::NotGo(error) => GoView::absent(error),
            _ => GoView::Absent {
                certainly_not_go: false,
                outcome: Outcome::Error,
                reason: Reason::BuildInfoUnreadable,
                message: "what is inside the artifact is not understood here".to_owned(),
            },
        };
        Target { name: &facts.name, digests: &facts.digests, go }
    }
}

/// The artifact as a Go binary.
pub(crate) enum GoView<'a> {
    /// It is one: its Go images, and what else is in the file.
    Binary { images: Vec<GoImage<'a>>, others: Vec<String> },
    /// It is none, or cannot be read.
    Absent { certainly_not_go: bool, outcome: Outcome, reason: Reason, message: String },
}

/// One Go image: all there is, except in universal files.
pub(crate) struct GoImage<'a> {
    /// Begins every message about this image. Empty when it is the only one.
    pub(crate) label: String,
    pub(crate) build_info: &'a BuildInfo,
    pub(crate) facts: &'a BinaryFacts,
    /// What else says which modules are in it, where that was read.
    pub(crate) second_records: Option<&'a SecondRecords>,
}

impl<'a> GoView<'a> {
    fn of(binary: &'a GoBinary) -> Self {
        let several = binary.slices.len() > 1;
        let image = |slice: &'a GoSlice| GoImage {
            label: match slice.facts.arch {
                _ if !several => String::new(),
                Some(arch) => format!("the image for {arch}: "),
                None => format!("the image at offset {}: ", slice.offset),
            },
            build_info: &slice.build_info,
            facts: &slice.facts,
            second_records: slice.second_records.as_ref(),
        };
        let others = binary.other_slices.iter();
        GoView::Binary {
            images: binary.slices.iter().map(image).collect(),
            others: others.map(|it| format!("offset {}: {}", it.offset, it.reason)).collect(),
        }
    }

    fn absent(error: &GoError) -> Self {
        let (certainly_not_go, outcome, reason) = match error {
            GoError::NotExecutable { .. } | GoError::NotGo { .. } => {
                (true, Outcome::Fail, Reason::NotGo)
            }
            GoError::NoBuildInfo { .. } => (false, Outcome::Fail, Reason::NoBuildInfo),
            _ => (false, Outcome::Error, Reason::BuildInfoUnreadable),
        };
        GoView::Absent { certainly_not_go, outcome, reason, message: error.to_string() }
    }

    /// For listing the rules of a policy.
    pub(crate) fn nothing() -> Self {
        GoView::Absent {
            certainly_not_go: false,
            outcome: Outcome::Error,
            reason: Reason::BuildInfoUnreadable,
            message: String::new(),
        }
    }
}
