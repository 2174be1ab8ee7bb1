//! A policy's verdict, as a tree for people and as a document for programs.

use chainsign_policy::verdict::{Report, Rule, Section};
use chainsign_policy::{Decision, Outcome, Verdict};
use serde::Serialize;

use crate::printer::{ERROR, FAINT, GOOD, HEADING, HINT, WARNING, paint};

/// The tree: section, rule, evidence; for what is not a pass also what was found and wanted.
pub fn lines(verdict: &Verdict) -> Vec<String> {
    let report = verdict.report();
    let mut lines = Vec::new();
    for section in &report.sections {
        lines.push(format!(
            "  {} {}",
            mark(section.outcome()),
            paint(HEADING, section.id.as_str())
        ));
        section.rules.iter().for_each(|rule| rule_lines(section, rule, &mut lines));
    }
    for refused in &report.refused {
        lines.push(format!(
            "  {} {}: {} ({}, {})",
            paint(WARNING, "not counted"),
            refused.origin,
            refused.message,
            refused.check,
            refused.reason
        ));
    }
    for exception in &report.exceptions {
        lines.push(format!(
            "  {} {} until {}: {}, approved by {} ({:?})",
            paint(WARNING, "exception"),
            exception.id,
            exception.expires,
            exception.reason,
            exception.approved_by,
            exception.state
        ));
    }
    lines
}

/// One word for the decision.
pub fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "pass",
        Decision::Warn => "warn",
        Decision::Deny => "fail",
        Decision::Undecided => "error",
    }
}

/// The decision in its colour, as wide as the longest.
pub fn decision_mark(of: Decision) -> String {
    let style = match of {
        Decision::Allow => GOOD,
        Decision::Warn => WARNING,
        Decision::Deny | Decision::Undecided => ERROR,
    };
    paint(style, &format!("{:5}", decision(of)))
}

fn rule_lines(section: &Section, rule: &Rule, lines: &mut Vec<String>) {
    let name = rule.id.as_str();
    let name =
        name.strip_prefix(section.id.as_str()).map_or(name, |rest| rest.trim_start_matches('.'));
    let name = if name.is_empty() { section.id.as_str() } else { name };
    let reason = match rule.effective() {
        Outcome::Pass => String::new(),
        _ => paint(FAINT, &format!(" ({})", rule.reason)),
    };
    lines.push(format!("    {} {name}: {}{reason}", mark(rule.effective()), rule.message));
    let evidence = rule.evidence.iter().map(|line| paint(FAINT, &format!("            {line}")));
    lines.extend(evidence);
    if let Some(hint) = &rule.hint {
        lines.push(format!("            {} {hint}", paint(HINT, "hint:")));
    }
}

fn mark(outcome: Outcome) -> String {
    let style = match outcome {
        Outcome::Pass => GOOD,
        Outcome::Skipped => FAINT,
        Outcome::Fail | Outcome::Error => ERROR,
    };
    paint(style, &format!("{:5}", outcome.as_str()))
}

/// A verdict as JSON, part of `chainsign.verify/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictJson {
    policy: PolicyJson,
    evaluated_at: String,
    sections: Vec<SectionJson>,
    evidence: Vec<EvidenceJson>,
    refused: Vec<RefusedJson>,
    exceptions: Vec<ExceptionJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyJson {
    name: String,
    version: Option<u64>,
    digest: String,
    mode: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SectionJson {
    id: String,
    outcome: &'static str,
    rules: Vec<RuleJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson {
    id: String,
    outcome: &'static str,
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceJson {
    origin: String,
    document: Option<String>,
    format: String,
    root: Option<String>,
    signer: String,
    predicate_type: Option<String>,
    signed_at: Option<String>,
    checks: Vec<CheckJson>,
}

#[derive(Debug, Serialize)]
struct CheckJson {
    check: String,
    evidence: String,
}

#[derive(Debug, Serialize)]
struct RefusedJson {
    origin: String,
    document: Option<String>,
    check: String,
    reason: String,
    message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExceptionJson {
    id: String,
    expires: String,
    reason: String,
    approved_by: String,
    state: String,
}

impl From<&Report> for VerdictJson {
    fn from(report: &Report) -> Self {
        VerdictJson {
            policy: PolicyJson {
                name: report.policy.name.clone(),
                version: report.policy.version,
                digest: report.policy.digest.to_string(),
                mode: report.policy.mode.as_str(),
            },
            evaluated_at: report.evaluated_at.to_string(),
            sections: report.sections.iter().map(SectionJson::from).collect(),
            evidence: report
                .evidence
                .iter()
                .map(|evidence| EvidenceJson {
                    origin: evidence.origin.to_string(),
                    document: evidence.document.as_ref().map(ToString::to_string),
                    format: evidence.format.clone(),
                    root: evidence.root.as_ref().map(ToString::to_string),
                    signer: evidence.signer.clone(),
                    predicate_type: evidence.predicate_type.clone(),
                    signed_at: evidence.signed_at.map(|time| time.to_string()),
                    checks: evidence
                        .checks
                        .iter()
                        .map(|(check, evidence)| CheckJson {
                            check: check.clone(),
                            evidence: evidence.clone(),
                        })
                        .collect(),
                })
                .collect(),
            refused: report
                .refused
                .iter()
                .map(|refused| RefusedJson {
                    origin: refused.origin.to_string(),
                    document: refused.document.as_ref().map(ToString::to_string),
                    check: refused.check.clone(),
                    reason: refused.reason.clone(),
                    message: refused.message.clone(),
                })
                .collect(),
            exceptions: report
                .exceptions
                .iter()
                .map(|exception| ExceptionJson {
                    id: exception.id.clone(),
                    expires: exception.expires.to_string(),
                    reason: exception.reason.clone(),
                    approved_by: exception.approved_by.clone(),
                    state: format!("{:?}", exception.state),
                })
                .collect(),
        }
    }
}

impl From<&Section> for SectionJson {
    fn from(section: &Section) -> Self {
        SectionJson {
            id: section.id.to_string(),
            outcome: section.outcome().as_str(),
            rules: section
                .rules
                .iter()
                .map(|rule| RuleJson {
                    id: rule.id.to_string(),
                    outcome: rule.outcome.as_str(),
                    reason: rule.reason.to_string(),
                    message: rule.message.clone(),
                    found: rule.found.clone(),
                    wanted: rule.wanted.clone(),
                    evidence: rule.evidence.clone(),
                    hint: rule.hint.clone(),
                    because: rule.because.as_ref().map(ToString::to_string),
                    exception: rule.exception.clone(),
                })
                .collect(),
        }
    }
}
