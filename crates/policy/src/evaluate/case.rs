//! What is known about one artifact, in the form in which rules look at it.

use chainsign_artifact::ArtifactFacts;
use chainsign_core::digest::{ArtifactDigest, ArtifactDigests, DigestAlgorithm, DigestMatch};
use jiff::Timestamp;

use super::go::GoView;
use super::image::ImageView;
use crate::evidence::{Refused, Testimony, Unavailable};

/// Everything that an evaluation looks at.
pub(crate) struct Case<'a> {
    pub(crate) target: Target<'a>,
    /// The root that the caller trusts, for policies that name none.
    pub(crate) caller_root: Option<&'a ArtifactDigest>,
    /// All evidence, in its own order, each once, all about the target.
    pub(crate) all: Vec<&'a Testimony>,
    /// What of it counts: without what is on a deny list.
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
        let about_target = |it: &&Testimony| target.identities.matches(&it.subject);
        let mut evidence: Vec<_> = evidence.into_iter().filter(about_target).collect();
        evidence.sort_by_cached_key(|testimony| testimony.order());
        evidence.dedup_by(|left, right| left.is_same(right));
        let all = evidence.clone();
        Case { target, caller_root, all, evidence, refused, unavailable, now }
    }

    /// The place of a piece of evidence among all, which is its place in the report.
    pub(crate) fn place(&self, testimony: &Testimony) -> Option<usize> {
        self.all.iter().position(|it| std::ptr::eq(*it, testimony))
    }
}

/// The artifact.
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    pub(crate) identities: Identities<'a>,
    pub(crate) go: GoView<'a>,
    pub(crate) image: ImageView<'a>,
}

impl<'a> Target<'a> {
    pub(crate) fn of(facts: &'a ArtifactFacts) -> Self {
        Target {
            name: &facts.name,
            identities: Identities(facts.identities().collect()),
            go: GoView::of(facts),
            image: ImageView::of(facts),
        }
    }

    /// For listing the rules of a policy.
    pub(crate) fn nothing() -> Self {
        Target {
            name: "",
            identities: Identities(Vec::new()),
            go: GoView::nothing(),
            image: ImageView::nothing(),
        }
    }
}

/// The sets of digests by which evidence may name the artifact: that of its bytes, and that of the
/// image in it.
#[derive(Clone)]
pub(crate) struct Identities<'a>(Vec<&'a ArtifactDigests>);

impl Identities<'_> {
    /// Whether the digest is one of the artifact's.
    pub(crate) fn holds(&self, digest: &ArtifactDigest) -> bool {
        self.0.iter().any(|known| known.get(digest.algorithm()) == Some(digest))
    }

    /// Whether the artifact has a digest of this algorithm.
    pub(crate) fn knows(&self, algorithm: DigestAlgorithm) -> bool {
        self.0.iter().any(|known| known.get(algorithm).is_some())
    }

    /// Compares digests that somebody states with each set alone. A match with one is a match.
    pub(crate) fn compare(&self, stated: &ArtifactDigests) -> DigestMatch {
        let rank = |found: &DigestMatch| match found {
            DigestMatch::NothingShared => 0,
            DigestMatch::Disagree { .. } => 1,
            DigestMatch::Match(_) => 2,
        };
        let found = self.0.iter().map(|known| stated.compare(known));
        found.max_by_key(rank).unwrap_or(DigestMatch::NothingShared)
    }

    pub(crate) fn matches(&self, stated: &ArtifactDigests) -> bool {
        matches!(self.compare(stated), DigestMatch::Match(_))
    }

    /// Each set alone.
    pub(crate) fn sets(&self) -> &[&ArtifactDigests] {
        &self.0
    }

    /// All digests, in words.
    pub(crate) fn listed(&self) -> String {
        let texts: Vec<_> =
            self.0.iter().flat_map(|it| it.iter()).map(ToString::to_string).collect();
        texts.join(", ")
    }

    /// The digests of the artifact itself.
    pub(crate) fn own(&self) -> ArtifactDigests {
        self.0.first().map_or_else(ArtifactDigests::default, |own| (*own).clone())
    }

    /// The digest of the image in it, where that is another one.
    pub(crate) fn image(&self) -> Option<ArtifactDigest> {
        self.0.get(1)?.iter().next().cloned()
    }
}
