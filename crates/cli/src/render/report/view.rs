//! What every report says, before any of them says it in its own way.

use chainsign_policy::verdict::{ExceptionState, Report, Rule, RuleId};
use chainsign_policy::{Decision, Outcome, Verdict};
use chainsign_slsa::layout::{VerifiedLayout, VerifiedStep};
use chainsign_verify::VerifiedBundle;
use jiff::Timestamp;

use crate::commands::verify::{AllowedBecause, Built, Decided, TargetOutcome};
use crate::failure::{Exit, Failure};

/// A run of `verify`, to be reported.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// What became of each target, or why nothing did.
    pub decided: Result<Vec<&'a TargetOutcome>, &'a Failure>,
    /// What was demanded less than usual.
    pub weakened: Weakened,
}

/// What was demanded less than usual, because the command line said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weakened {
    /// The other time for which it was decided.
    pub dangerous_at: Option<Timestamp>,
    /// The flags that left a proof out.
    pub flags: Vec<&'static str>,
}

impl Weakened {
    /// A sentence for each, that names the flag.
    pub fn sentences(&self) -> Vec<String> {
        let at = self.dangerous_at.map(|time| {
            format!("--dangerous-at: decided as of {time}; what expired since then counted again")
        });
        let flags = self.flags.iter();
        let flags =
            flags.map(|it| format!("--{it}: verified with less than this Sigstore promises"));
        at.into_iter().chain(flags).collect()
    }
}

impl<'a> Run<'a> {
    /// What a run of [`verify`](crate::commands::verify::verify) came to.
    pub fn new(decided: Result<&'a [TargetOutcome], &'a Failure>, weakened: Weakened) -> Self {
        Run { decided: decided.map(|outcomes| outcomes.iter().collect()), weakened }
    }

    /// The targets; none when the run failed as a whole.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = Target<'a>> {
        self.decided.as_deref().unwrap_or_default().iter().map(|outcome| Target(outcome))
    }

    /// The worst of all targets.
    pub fn word(&self) -> Word {
        match &self.decided {
            Ok(_) => self.targets().map(|target| target.word()).max().unwrap_or(Word::Error),
            Err(failure) => Word::of_exit(failure.exit),
        }
    }

    /// What that means, as a sentence.
    pub fn meaning(&self) -> &'static str {
        let worst = self.targets().max_by_key(|target| target.word());
        worst.map_or(self.word().meaning(), |target| target.meaning())
    }

    /// `3 targets: 2 pass, 1 fail`
    pub fn headline(&self) -> String {
        let words: Vec<_> = self.targets().map(|target| target.word()).collect();
        let count = |word: Word| words.iter().filter(|it| **it == word).count();
        let counts: Vec<_> = [Word::Fail, Word::Error, Word::Warn, Word::Pass]
            .into_iter()
            .filter(|word| count(*word) > 0)
            .map(|word| format!("{} {}", count(word), word.as_str()))
            .collect();
        match words.len() {
            0 => "nothing was decided".to_owned(),
            1 => format!("1 target: {}", words[0].as_str()),
            many => format!("{many} targets: {}", counts.join(", ")),
        }
    }
}

/// What a target came to, in one word. Ordered: the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It may be used.
    Pass,
    /// A rule failed, under a policy that only warns or records.
    Warn,
    /// The evidence says no.
    Fail,
    /// It could not be found out.
    Error,
}

impl Word {
    /// `pass`, `warn`, `fail` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }

    /// What it means for whoever wants to use the artifact, as a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pass => "Every rule is met.",
            Self::Warn => "Not every rule is met. The policy only warns.",
            Self::Fail => "Denied: the evidence says no.",
            Self::Error => "Undecided. It could not be found out, which is never taken for a yes.",
        }
    }

    /// What a verdict says.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict.decision() {
            Decision::Allow => Self::Pass,
            Decision::Warn => Self::Warn,
            Decision::Deny => Self::Fail,
            Decision::Undecided => Self::Error,
        }
    }

    /// What an exit code says.
    pub fn of_exit(exit: Exit) -> Self {
        match exit {
            Exit::Yes => Self::Pass,
            Exit::No => Self::Fail,
            Exit::Undecided => Self::Error,
        }
    }
}

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a>(pub &'a TargetOutcome);

impl<'a> Target<'a> {
    /// Its name as it was typed, and as what it was decided on.
    pub fn name(&self) -> String {
        let path = self.path();
        self.0.used_as.as_ref().map_or_else(|| path.clone(), |name| format!("{path} as {name}"))
    }

    /// Its name as it was typed.
    pub fn path(&self) -> String {
        self.0.target.display().to_string()
    }

    /// What it came to.
    pub fn word(&self) -> Word {
        match self.verdict() {
            Some(verdict) => Word::of(verdict),
            None => Word::of_exit(self.0.exit()),
        }
    }

    /// What that means for whoever wants to use it, as a sentence.
    pub fn meaning(&self) -> &'static str {
        match (self.word(), self.report()) {
            (Word::Pass, None) => match self.allowed() {
                Some(AllowedBecause::Listed(_)) => {
                    "The policy set always allows its digest. No rule was evaluated."
                }
                Some(AllowedBecause::NoPolicy) => {
                    "No policy is about it, and the policy set lets that pass. Nothing was looked at."
                }
                None if self.layout().is_some() => "Made as the layout says.",
                None if self.built().is_some() => "Built as was asked for.",
                None => "Signed by whom was asked for.",
            },
            (word, _) => word.meaning(),
        }
    }

    /// What a policy decided.
    pub fn verdict(&self) -> Option<&'a Verdict> {
        match &self.0.decided {
            Ok(Decided::Verdict(verdict)) => Some(verdict),
            _ => None,
        }
    }

    /// Every rule and all evidence, where a policy decided.
    pub fn report(&self) -> Option<&'a Report> {
        self.verdict().map(Verdict::report)
    }

    /// Why a set of policies lets it pass without a verdict.
    pub fn allowed(&self) -> Option<&'a AllowedBecause> {
        match &self.0.decided {
            Ok(Decided::Allowed(allowed)) => Some(&allowed.why),
            _ => None,
        }
    }

    /// The layout by which it was made.
    pub fn layout(&self) -> Option<&'a VerifiedLayout> {
        match &self.0.decided {
            Ok(Decided::Made(made)) => Some(&made.layout),
            _ => None,
        }
    }

    /// How it was built, by the provenance that was asked for.
    pub fn built(&self) -> Option<&'a Built> {
        match &self.0.decided {
            Ok(Decided::Signed(signed)) => signed.built.as_ref(),
            _ => None,
        }
    }

    /// Who built it from what, or did which step to make it, a line each.
    pub fn made(&self) -> Vec<String> {
        if let Some(Built { builder, source }) = self.built() {
            let said = |what: &str, value: Option<String>| value.map(|it| format!("{what} {it}"));
            let parts = [
                said("from", source.repository.as_ref().map(ToString::to_string)),
                said("at", source.reference.as_ref().map(ToString::to_string)),
                said("commit", source.commit.as_ref().map(ToString::to_string)),
            ];
            let source: Vec<_> = parts.into_iter().flatten().collect();
            return vec![format!("built by {builder}"), format!("built {}", source.join(", "))];
        }
        let Some(layout) = self.layout() else { return Vec::new() };
        let step = |step: &VerifiedStep| {
            let command = step.other_command.as_ref().map_or(String::new(), |command| {
                format!("; another command than the layout expects: {}", command.join(" "))
            });
            format!("step {}: signed by {}{command}", step.name, step.signers.join(", "))
        };
        let inspections = layout.inspections.iter().map(|name| {
            format!("inspection {name}: the content is as the rules say, and no command was run")
        });
        layout.steps.iter().map(step).chain(inspections).collect()
    }

    /// Why nothing was decided.
    pub fn failure(&self) -> Option<&'a Failure> {
        self.0.decided.as_ref().err()
    }

    /// Its digests, as far as they are known.
    pub fn digests(&self) -> Vec<String> {
        match &self.0.decided {
            Ok(Decided::Verdict(verdict)) => {
                verdict.report().artifact.digests.iter().map(ToString::to_string).collect()
            }
            Ok(Decided::Allowed(allowed)) => {
                allowed.digests.iter().map(ToString::to_string).collect()
            }
            Ok(Decided::Signed(signed)) => signed.digests.iter().map(ToString::to_string).collect(),
            Ok(Decided::Made(made)) => made.digests.iter().map(ToString::to_string).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// The documents that verified, in the order in which the rules look at them.
    pub fn proofs(&self) -> Vec<Proof<'a>> {
        let report = match &self.0.decided {
            Ok(Decided::Verdict(verdict)) => verdict.report(),
            Ok(Decided::Signed(signed)) => {
                return vec![Proof {
                    place: 0,
                    origin: signed.origin.clone(),
                    bundle: &signed.bundle,
                    via: signed.via.as_deref(),
                    used_by: Vec::new(),
                    root: self.root(&signed.bundle),
                }];
            }
            Ok(Decided::Made(_) | Decided::Allowed(_)) | Err(_) => return Vec::new(),
        };
        let proofs = report.evidence.iter().enumerate().filter_map(|(place, summary)| {
            let bundle = summary.bundle.as_deref()?;
            let used_by = report.rules().filter(|rule| rule.relies_on.contains(&place));
            Some(Proof {
                place,
                origin: summary.origin.to_string(),
                bundle,
                via: summary.via.as_deref(),
                used_by: used_by.map(|rule| &rule.id).collect(),
                root: self.root(bundle),
            })
        });
        let mut proofs: Vec<_> = proofs.collect();
        let first_use = |place| report.rules().position(|rule| rule.relies_on.contains(&place));
        proofs.sort_by_key(|proof| {
            (first_use(proof.place).unwrap_or(usize::MAX), proof.origin.clone())
        });
        proofs
    }

    /// What the policy asks for by this rule.
    pub fn asked(&self, id: &RuleId) -> Option<&'a str> {
        let asked = self.0.asked.iter().find(|explanation| explanation.id == *id);
        asked.map(|explanation| explanation.text.as_str())
    }

    /// Where the trusted root came from that verified this.
    fn root(&self, bundle: &VerifiedBundle) -> Option<String> {
        let digest = bundle.root_digest()?;
        let named = self.report().and_then(|it| it.roots.iter().find(|it| it.digest == *digest));
        Some(match named {
            Some(root) => format!("{} (named by the policy)", root.name),
            None => match &self.0.given {
                Some(given) if given.digest == *digest => given.origin.clone(),
                _ => "a root that is not named".to_owned(),
            },
        })
    }
}

/// A document that verified.
#[derive(Clone, Debug)]
pub struct Proof<'a> {
    /// Its place among the evidence of the verdict.
    pub place: usize,
    /// Where it was found.
    pub origin: String,
    /// What was proven.
    pub bundle: &'a VerifiedBundle,
    /// The signed list of checksums by which it is about the artifact; `None` for what is about the
    /// artifact itself.
    pub via: Option<&'a str>,
    /// The rules that were decided on it.
    pub used_by: Vec<&'a RuleId>,
    /// Where the trusted root came from; `None` when only a key was trusted.
    pub root: Option<String>,
}

/// The numbers under which reports show the documents that a rule was decided on.
pub fn numbers(rule: &Rule, proofs: &[Proof<'_>]) -> Vec<usize> {
    let shown = proofs.iter().enumerate();
    let used = shown.filter(|(_, proof)| rule.relies_on.contains(&proof.place));
    used.map(|(index, _)| index + 1).collect()
}

/// How many rules came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Met.
    pub pass: usize,
    /// Not met, and silenced by an exception.
    pub excepted: usize,
    /// Not met.
    pub fail: usize,
    /// Undecided.
    pub error: usize,
    /// Not evaluated, because the policy's own condition said so.
    pub skipped: usize,
}

impl Tally {
    /// Counts a report's rules.
    pub fn of(report: &Report) -> Self {
        let mut tally = Tally::default();
        for rule in report.rules() {
            let count = match rule.outcome {
                Outcome::Fail | Outcome::Error if is_excepted(rule) => &mut tally.excepted,
                Outcome::Pass => &mut tally.pass,
                Outcome::Fail => &mut tally.fail,
                Outcome::Error => &mut tally.error,
                Outcome::Skipped => &mut tally.skipped,
            };
            *count += 1;
        }
        tally
    }

    /// `20 pass, 3 fail, 1 excepted`: what there is none of is left out.
    pub fn words(self) -> String {
        let counts = [
            (self.fail, "fail"),
            (self.error, "error"),
            (self.pass, "pass"),
            (self.excepted, "excepted"),
            (self.skipped, "skipped"),
        ];
        let some = counts.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
    }
}

/// What a rule counts as, in one word: its outcome, or `excepted`.
pub fn rule_word(rule: &Rule) -> &'static str {
    if is_excepted(rule) { "excepted" } else { rule.outcome.as_str() }
}

fn is_excepted(rule: &Rule) -> bool {
    rule.exception.is_some() && rule.outcome >= Outcome::Fail
}

/// The rules that stand in the way, each with those that could not be met only because of it.
pub fn causes(report: &Report) -> Vec<(&Rule, Vec<&Rule>)> {
    let is_cause = |rule: &&Rule| {
        rule.because.as_ref().is_none_or(|id| report.violations().all(|it| it.id != *id))
    };
    let follow = |cause: &Rule| {
        let followers = report.violations().filter(|rule| rule.because.as_ref() == Some(&cause.id));
        followers.collect()
    };
    report.violations().filter(is_cause).map(|cause| (cause, follow(cause))).collect()
}

/// The evidence that says more than what was found.
pub fn further(rule: &Rule) -> Vec<&str> {
    let said = |line: &&str| rule.found.as_deref() == Some(line);
    rule.evidence.iter().map(String::as_str).filter(|line| !said(line)).collect()
}

/// What became of an exception, as a stable word.
pub fn state_word(state: &ExceptionState) -> &'static str {
    match state {
        ExceptionState::Used(_) => "used",
        ExceptionState::NotNeeded => "not-needed",
        ExceptionState::OtherArtifact => "other-artifact",
        ExceptionState::NotYet => "not-yet",
        ExceptionState::Expired => "expired",
    }
}

/// What became of an exception, in words.
pub fn state_words(state: &ExceptionState) -> String {
    match state {
        ExceptionState::Used(rules) => {
            let rules: Vec<_> = rules.iter().map(RuleId::as_str).collect();
            format!("used for {}", rules.join(", "))
        }
        ExceptionState::NotNeeded => "not needed: its rules are met".to_owned(),
        ExceptionState::OtherArtifact => "about other artifacts".to_owned(),
        ExceptionState::NotYet => "for an emergency that has not begun, and ignored".to_owned(),
        ExceptionState::Expired => "expired and ignored".to_owned(),
    }
}
