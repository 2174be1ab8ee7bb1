use jiff::Timestamp;

/// Why an artifact was not made as a layout says, or why that could not be found out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A document is not what in-toto writes.
    #[error("{document} is no layout and no link: {reason}")]
    Malformed {
        /// The document.
        document: String,
        /// The parser's words.
        reason: String,
    },
    /// A key is none, or of a kind that is not verified.
    #[error("{key} is no key that can be used: {reason}")]
    Key {
        /// The key.
        key: String,
        /// Why not.
        reason: String,
    },
    /// The layout's document is a link.
    #[error("{document} is a link, wanted a layout")]
    NotALayout {
        /// The document.
        document: String,
    },
    /// Nobody was named who owns the layout.
    #[error("found no key of the layout's owner, wanted at least one")]
    NoOwner,
    /// An owner of the layout has not signed it.
    #[error("the layout is not signed by {key}")]
    NotSigned {
        /// The owner's key.
        key: String,
    },
    /// The layout does not count any more.
    #[error("the layout expired {expires}; it is now {now}")]
    Expired {
        /// Until when it counted.
        expires: Timestamp,
        /// The time for which it is decided.
        now: Timestamp,
    },
    /// The layout has no step, so that it says nothing.
    #[error("found a layout without a step, wanted at least one")]
    NoStep,
    /// Nothing is there about a step.
    #[error("found no link of the step {step}, only of {}", listed(.found))]
    MissingLink {
        /// The step.
        step: String,
        /// The steps of which there are links.
        found: Vec<String>,
    },
    /// What is there about a step is not by anybody who may do it.
    #[error("no key that may do the step {step} signed {}", listed(.links))]
    Unauthorized {
        /// The step.
        step: String,
        /// The links that are about it.
        links: Vec<String>,
    },
    /// Fewer different functionaries than wanted did a step.
    #[error("found {found} signers of the step {step}, wanted {wanted}")]
    TooFewSigners {
        /// The step.
        step: String,
        /// How many different keys signed.
        found: usize,
        /// How many must.
        wanted: usize,
    },
    /// Two functionaries who may do a step saw different files.
    #[error("{first} and {second} have different materials or products of the step {step}")]
    LinksDiffer {
        /// The step.
        step: String,
        /// One link.
        first: String,
        /// The other.
        second: String,
    },
    /// A step is another layout.
    #[error("the step {step} is a layout of its own, which is not supported")]
    Sublayout {
        /// The step.
        step: String,
    },
    /// The artifact is not what the last step made.
    #[error("found {artifact}, wanted a product of the step {step}")]
    NotAProduct {
        /// The last step.
        step: String,
        /// The artifact's digests.
        artifact: String,
    },
    /// There is a file that no rule allows.
    #[error("{item}: {path} is among the {side}, which {rule} forbids")]
    Disallowed {
        /// The step or inspection.
        item: String,
        /// `materials` or `products`.
        side: &'static str,
        /// The rule.
        rule: String,
        /// The first of the files.
        path: String,
    },
    /// There is no file that a rule requires.
    #[error("{item}: {path} is not among the {side}, which {rule} requires")]
    Required {
        /// The step or inspection.
        item: String,
        /// `materials` or `products`.
        side: &'static str,
        /// The rule.
        rule: String,
        /// The file.
        path: String,
    },
    /// An inspection wants a command to be run. Commands out of layouts are not run.
    #[error("the inspection {name} wants to run `{command}`, which is not run")]
    InspectionNotRun {
        /// The inspection.
        name: String,
        /// The command.
        command: String,
    },
    /// What an inspection looks at is not as its command needs it.
    #[error("the inspection {name}: {reason}")]
    InspectionFailed {
        /// The inspection.
        name: String,
        /// Why.
        reason: String,
    },
    /// A bound was reached.
    #[error("{what}: found more than {limit}, wanted at most that")]
    LimitReached {
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

impl LayoutError {
    /// The cause as a stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed-layout",
            Self::Key { .. } => "bad-key",
            Self::NotALayout { .. } => "not-a-layout",
            Self::NoOwner => "no-layout-key",
            Self::NotSigned { .. } => "layout-not-signed",
            Self::Expired { .. } => "layout-expired",
            Self::NoStep => "no-step",
            Self::MissingLink { .. } => "missing-link",
            Self::Unauthorized { .. } => "unauthorized-link",
            Self::TooFewSigners { .. } => "too-few-signers",
            Self::LinksDiffer { .. } => "links-differ",
            Self::Sublayout { .. } => "sublayout",
            Self::NotAProduct { .. } => "not-a-product",
            Self::Disallowed { .. } => "file-disallowed",
            Self::Required { .. } => "file-missing",
            Self::InspectionNotRun { .. } => "inspection-not-run",
            Self::InspectionFailed { .. } => "inspection-failed",
            Self::LimitReached { .. } => "limit-reached",
        }
    }

    /// Whether it could not be found out, rather than that the evidence says no.
    pub fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Key { .. }
                | Self::NoOwner
                | Self::Sublayout { .. }
                | Self::InspectionNotRun { .. }
                | Self::LimitReached { .. }
        )
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}
