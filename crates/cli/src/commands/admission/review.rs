//! Admission reviews.

use std::collections::{BTreeMap, BTreeSet};

use chainsign_admission::review::{self, Decision, Response, Review, Webhook};
use chainsign_core::image::ImageReference;
use chainsign_policy::verdict::Report;
use chainsign_policy::{Decision as Verdict, TargetName, Workload};

use super::decide::{Answer, Answers, Asked, decide};
use super::{ReviewRequest, failure};
use crate::commands::verify::{Decided, TargetOutcome, VerifyRequest};
use crate::failure::{Exit, Failure};
use crate::files;

/// A review that was read.
#[derive(Debug)]
pub struct ReviewRead {
    review: Review,
    webhook: Webhook,
}

/// The response to a review.
#[derive(Debug)]
pub struct Answered {
    /// The response.
    pub response: Response,
    /// What was decided on each image, or what kept all of them from being decided on.
    pub decided: Result<Vec<TargetOutcome>, Failure>,
}

impl ReviewRead {
    /// Reads a review.
    ///
    /// # Errors
    /// `unreadable`, `limit-reached`; `bad-review` and `bad-manifest` for what cannot be answered.
    pub fn read(request: &ReviewRequest) -> Result<Self, Failure> {
        let bytes = files::read("admission review", &request.path)?;
        let review = review::read(&bytes, &request.options)
            .map_err(|error| failure(&request.path.display().to_string(), &error))?;
        Ok(ReviewRead { review, webhook: request.webhook })
    }

    /// Every image that is to be decided on, each once.
    pub fn references(&self) -> Vec<ImageReference> {
        let mut references: Vec<_> =
            self.review.images().iter().map(|it| it.image.clone()).collect();
        references.sort();
        references.dedup();
        references
    }

    /// Decides on every image. Nothing is asked of anybody where there is nothing to decide.
    ///
    /// There is a response whatever happens: what keeps everything from being verified is a refusal.
    pub fn answer(&self, request: Result<VerifyRequest, Failure>) -> Answered {
        let asked: Vec<_> = self.review.images().iter().map(|it| self.asked(it)).collect();
        if asked.is_empty() {
            let response = self.review.respond(&BTreeMap::new(), self.webhook);
            return Answered { response, decided: Ok(Vec::new()) };
        }
        match request.and_then(|request| decide(request, &asked)) {
            Err(failure) => {
                let message = &failure.message;
                let undecided = |_: &Answer| Decision::Undecided { message: message.clone() };
                let each = vec![Answer::default(); asked.len()];
                Answered { response: self.respond(&each, &undecided), decided: Err(failure) }
            }
            Ok(answers) => {
                let decision = |answer: &Answer| decision(&answers, answer);
                let mut response = self.respond(&answers.each, &decision);
                let policies: BTreeSet<_> = answers
                    .outcomes
                    .iter()
                    .filter_map(|it| Some(report(it)?.policy.name.as_str()))
                    .collect();
                if !policies.is_empty() {
                    let names: Vec<_> = policies.into_iter().collect();
                    response = response.with_policy(&names.join(", "));
                }
                Answered { response, decided: Ok(answers.outcomes) }
            }
        }
    }

    fn respond(&self, each: &[Answer], decision: &dyn Fn(&Answer) -> Decision) -> Response {
        let written = self.review.images().iter().map(|it| it.written.clone());
        let decisions = written.zip(each).map(|(written, answer)| (written, decision(answer)));
        self.review.respond(&decisions.collect(), self.webhook)
    }

    fn asked(&self, image: &chainsign_admission::Use) -> Asked {
        let reference = image.image.clone();
        let (namespace, kind) = (self.review.namespace(), self.review.kind());
        let mut workload = Workload::new(reference.name.clone(), namespace, kind);
        if let Some(it) = &image.workload {
            workload.labels.clone_from(&it.labels);
        }
        Asked { reference, name: TargetName::Workload(workload) }
    }
}

impl Answered {
    /// 0: allowed; 1: the evidence says no; 2: it could not be found out.
    pub fn exit(&self) -> Exit {
        match self.response.code() {
            None => Exit::Yes,
            Some(403) => Exit::No,
            Some(_) => Exit::Undecided,
        }
    }
}

/// What the outcomes of an image come to.
fn decision(answers: &Answers, answer: &Answer) -> Decision {
    let exit = answers.exit(answer);
    let worst = || answers.of(answer).filter(|outcome| outcome.exit() == exit);
    let warned = |outcome: &&TargetOutcome| match &outcome.decided {
        Ok(Decided::Verdict(verdict)) => verdict.decision() == Verdict::Warn,
        _ => false,
    };
    let said = |outcomes: &mut dyn Iterator<Item = &TargetOutcome>| -> Vec<String> {
        outcomes.flat_map(says).collect()
    };
    match (exit, &answer.digest) {
        (Exit::Yes, Some(digest)) => {
            let messages = said(&mut answers.of(answer).filter(warned));
            match messages.is_empty() {
                true => Decision::Allow { digest: digest.clone() },
                false => Decision::Warn { digest: Some(digest.clone()), messages },
            }
        }
        (Exit::No, _) => Decision::Deny { message: said(&mut worst()).join("; ") },
        _ => {
            let messages = said(&mut worst());
            let nothing = "nothing was decided on this image".to_owned();
            let message = if messages.is_empty() { nothing } else { messages.join("; ") };
            Decision::Undecided { message }
        }
    }
}

fn report(outcome: &TargetOutcome) -> Option<&Report> {
    match &outcome.decided {
        Ok(Decided::Verdict(verdict)) => Some(verdict.report()),
        _ => None,
    }
}

/// What stands in the way, a sentence each.
fn says(outcome: &TargetOutcome) -> Vec<String> {
    if let Err(failure) = &outcome.decided {
        return vec![failure.message.clone()];
    }
    let Some(report) = report(outcome) else { return Vec::new() };
    // What only follows from another rule says nothing new.
    let causes = report.violations().filter(|rule| rule.because.is_none());
    let policy = &report.policy.name;
    causes.map(|rule| format!("policy {policy}: {}: {}", rule.id, rule.message)).collect()
}
