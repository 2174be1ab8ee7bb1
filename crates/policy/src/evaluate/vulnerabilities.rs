//! What a vulnerability scan may have found.
//!
//! VEX documents can only take findings out, only when an authority of the policy signed them, and
//! only while they are young: whoever can delete the newest of them could bring back an older one.
//! What such an authority says and nobody here understands might be that something is affected after
//! all: beside a document that cannot be read, nothing is taken out.

use jiff::Timestamp;

use super::case::Case;
use super::line;
use crate::evidence::{About, Finding, Scan, Severity, Testimony, VexStatement};
use crate::language::{UnknownSeverity, spoken};
use crate::model::{VexSource, Vulnerabilities};
use crate::purl::Purl;
use crate::verdict::{Reason, Rule, RuleId};

/// Every rule, in the order of [`rule_ids`].
pub(super) fn rules(
    id: &RuleId,
    wanted: &Vulnerabilities,
    candidate: &Testimony,
    case: &Case<'_>,
) -> Vec<Rule> {
    let scan = match candidate.scan() {
        Ok(scan) => scan,
        Err(reason) => {
            let rule = |id| Rule::fail(id, Reason::Unreadable, reason);
            return rule_ids(id, wanted).into_iter().map(rule).collect();
        }
    };
    let mut rules = Vec::new();
    if let Some(limit) = wanted.scanned_within {
        rules.push(scanned_within(id.below(SCANNED), limit, scan, case));
    }
    rules.push(severity(id.below(SEVERITY), wanted, scan, case));
    rules
}

/// The ids of the rules that are written.
pub(super) fn rule_ids(id: &RuleId, wanted: &Vulnerabilities) -> Vec<RuleId> {
    let scanned = wanted.scanned_within.map(|_| id.below(SCANNED));
    scanned.into_iter().chain([id.below(SEVERITY)]).collect()
}

fn scanned_within(id: RuleId, limit: jiff::SignedDuration, scan: &Scan, case: &Case<'_>) -> Rule {
    let wanted = format!("at most {} before {}", spoken(limit), case.now);
    let Some(finished) = scan.finished else {
        let message = format!("the scan does not say when it ended, wanted {wanted}");
        return Rule::fail(id, Reason::ValueMissing, message).compared("no time", wanted);
    };
    if finished > case.now {
        let message = format!("the scan says that it ended {finished}, which is not yet");
        return Rule::fail(id, Reason::ValueMismatch, message).compared(finished, wanted);
    }
    if case.now.duration_since(finished) > limit {
        let message = format!("the scan ended {finished}, wanted {wanted}");
        return Rule::fail(id, Reason::TooOld, message)
            .compared(finished, wanted)
            .hint("scan again: vulnerabilities become known after a release");
    }
    Rule::pass(id, format!("the scan ended {finished}, {wanted}"))
}

fn severity(id: RuleId, wanted: &Vulnerabilities, scan: &Scan, case: &Case<'_>) -> Rule {
    let documents = wanted.vex.as_ref().map_or(Vec::new(), |vex| documents(vex, case));
    let unreadable: Vec<_> = documents.iter().filter_map(unreadable).collect();
    let (mut worse, mut suppressed) = (Vec::new(), Vec::new());
    for finding in &scan.findings {
        let not_worse = finding.severity.is_none_or(|severity| severity <= wanted.max);
        let unknown = finding.severity.is_none() || finding.partly_understood;
        let may_be_worse = unknown && wanted.unknown == UnknownSeverity::Deny;
        if not_worse && !may_be_worse {
            continue;
        }
        let vex = wanted.vex.as_ref().filter(|_| unreadable.is_empty());
        match suppression(finding, vex, &documents, case) {
            Some(why) => suppressed.push(format!("{}: {why}", named(finding))),
            None => worse.push(named(finding)),
        }
    }
    let wanted_text = match wanted.max {
        Severity::None => "none".to_owned(),
        max => format!("{} or less", max.as_str()),
    };
    let taken_out = || suppressed.iter().map(|it| format!("not counted: {it}"));
    match worse.first() {
        None => {
            let message = format!(
                "{} vulnerabilities found, {} of them not counted, none worse than {}",
                scan.findings.len(),
                suppressed.len(),
                wanted.max.as_str()
            );
            Rule::pass(id, message).with(taken_out())
        }
        Some(first) => {
            let more = match worse.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Rule::fail(id, Reason::Vulnerable, format!("found {first}{more}, wanted {wanted_text}"))
                .compared(first, wanted_text)
                .with(worse.iter().skip(1))
                .with(taken_out())
                .with(unreadable)
                .hint("update the package, or say in a VEX document why it does not matter")
        }
    }
}

/// The documents that count: type, signer and age.
fn documents<'a>(wanted: &VexSource, case: &Case<'a>) -> Vec<&'a Testimony> {
    let counts = |testimony: &&&Testimony| {
        let of_type = testimony.statement().is_some_and(|statement| {
            let uri = statement.predicate_type.as_str();
            uri == OPENVEX || uri.starts_with(OPENVEX_VERSIONED) || uri == CYCLONEDX
        });
        let young = || {
            testimony
                .signed_at()
                .is_some_and(|signed| case.now.duration_since(signed) <= wanted.max_age)
        };
        of_type && young() && wanted.by.iter().any(|it| it.meets(testimony, case).is_ok())
    };
    case.evidence.iter().filter(counts).copied().collect()
}

/// Why nothing is taken out beside a document.
fn unreadable(document: &&Testimony) -> Option<String> {
    let reason = document.vex().err()?;
    Some(format!("{} cannot be read, so that nothing is taken out: {reason}", document.name()))
}

/// Why a finding does not count: what the latest statement about it says. Of statements of one
/// time, one that does not take it out counts. One that does not take it out is as late as it says it
/// is, also where that is not yet, and the latest where it does not say; it counts also where it may
/// be about another artifact.
fn suppression(
    finding: &Finding,
    wanted: Option<&VexSource>,
    documents: &[&Testimony],
    case: &Case<'_>,
) -> Option<String> {
    let wanted = wanted?;
    let package: Option<Purl> = finding.package.as_deref().and_then(|purl| purl.parse().ok());
    let about = |statement: &VexStatement| {
        statement.about(&finding.ids, package.as_ref(), case.target.identities.sets())
    };
    let suppresses = |statement: &VexStatement| {
        let justified = statement.status != crate::evidence::Status::NotAffected
            || statement.justification.is_some();
        justified && wanted.suppress.contains(&statement.status)
    };
    let statements = documents.iter().filter_map(|document| {
        let statements = &document.vex().ok()?.statements;
        Some(statements.iter().map(move |statement| (*document, statement)))
    });
    let counts = |statement: &VexStatement| match about(statement) {
        About::Nothing => false,
        about if suppresses(statement) => {
            about == About::This && statement.time.is_some_and(|time| time <= case.now)
        }
        _ => true,
    };
    let latest = statements.flatten().filter(|(_, statement)| counts(statement)).max_by_key(
        |(_, statement)| (statement.time.unwrap_or(Timestamp::MAX), !suppresses(statement)),
    )?;
    let (document, statement) = latest;
    suppresses(statement).then(|| {
        let why = statement.justification.as_deref().unwrap_or("");
        let why = if why.is_empty() { String::new() } else { format!(", {why}") };
        format!("{}{why}, says {}", statement.status.as_str(), line(document))
    })
}

fn named(finding: &Finding) -> String {
    let severity = match (finding.severity, finding.partly_understood) {
        (None, _) => "unknown severity".to_owned(),
        (Some(severity), false) => severity.as_str().to_owned(),
        (Some(severity), true) => format!("{} or worse", severity.as_str()),
    };
    let package = finding.package.as_ref().map_or(String::new(), |purl| format!(" in {purl}"));
    format!("{} ({severity}){package}", finding.ids.join(" "))
}

const SCANNED: &str = "scannedWithin";
const SEVERITY: &str = "maxSeverity";
const CYCLONEDX: &str = chainsign_core::predicate::CYCLONEDX;
const OPENVEX: &str = chainsign_core::predicate::OPENVEX;
const OPENVEX_VERSIONED: &str = "https://openvex.dev/ns/";
