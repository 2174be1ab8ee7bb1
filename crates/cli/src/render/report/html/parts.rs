//! What the page is made of.

use chainsign_policy::Outcome;
use chainsign_policy::verdict::{Report, Rule};

use super::markup::Html;
use crate::failure::Failure;
use crate::render::report::chain::{Kind, Link};
use crate::render::report::view::{Word, rule_word};

/// By which policy, and for which time.
pub(super) fn policy(html: &mut Html, report: &Report) {
    let policy = &report.policy;
    html.markup("<div><dt>Policy</dt><dd>").text(&policy.name);
    if let Some(version) = policy.version {
        html.markup(" <span class=\"dim\">version</span> ").text(&version.to_string());
    }
    html.markup("</dd></div>\n<div><dt>Mode</dt><dd>").markup(policy.mode.as_str());
    html.markup("</dd></div>\n<div><dt>Decided for</dt><dd><time datetime=\"");
    html.text(&report.evaluated_at.to_string()).markup("\">");
    html.text(&report.evaluated_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    html.markup("</time></dd></div>\n<div class=\"wide\"><dt>Policy file</dt>");
    html.markup("<dd class=\"digest\">");
    html.text(&policy.digest.to_string()).markup("</dd></div>\n");
}

/// A link of the chain, with the checks that hold it.
pub(super) fn link(html: &mut Html, link: &Link) {
    html.markup("<li class=\"").markup(link_class(link.kind)).markup("\"><p class=\"kind\">");
    html.markup(link.kind.title());
    html.element("</p>\n<p class=\"name\">", &link.name, "</p>\n");
    if !link.checks.is_empty() {
        html.markup("<ul class=\"checks\">\n");
        for (id, meaning, looked_at) in &link.checks {
            html.markup("<li><p>").markup(meaning).markup(" <code>").markup(id);
            html.element("</code></p><p class=\"looked\">", looked_at, "</p></li>\n");
        }
        html.markup("</ul>\n");
    }
    fields(html, &link.facts);
    if !link.more.is_empty() {
        html.markup("<details><summary>Everything else that it says (").number(link.more.len());
        html.markup(")</summary>\n");
        fields(html, &link.more);
        html.markup("</details>\n");
    }
    html.markup("</li>\n");
}

fn fields(html: &mut Html, fields: &[(&'static str, String)]) {
    if fields.is_empty() {
        return;
    }
    html.markup("<dl class=\"fields\">\n");
    for (label, value) in fields {
        html.markup("<div><dt>").markup(label);
        html.element("</dt><dd>", value, "</dd></div>\n");
    }
    html.markup("</dl>\n");
}

/// Evidence, a line each; folded where it is long.
pub(super) fn facts_list(html: &mut Html, facts: &[&str]) {
    if facts.is_empty() {
        return;
    }
    let long = facts.len() > SHOWN_FACTS;
    if long {
        html.markup("<details><summary>").number(facts.len()).markup(" facts</summary>");
    }
    html.markup("<ul class=\"facts-list\">\n");
    for fact in facts {
        html.element("<li>", fact, "</li>\n");
    }
    html.markup(if long { "</ul></details>\n" } else { "</ul>\n" });
}

/// What to do about a rule.
pub(super) fn hint(html: &mut Html, rule: &Rule) {
    if let Some(hint) = &rule.hint {
        html.element("<p class=\"hint\"><strong>What to do:</strong> ", hint, "</p>\n");
    }
}

/// Why nothing was decided.
pub(super) fn fault(html: &mut Html, failure: &Failure) {
    for line in failure.message.lines() {
        html.element("<p>", line.trim(), "</p>\n");
    }
    for hint in &failure.hints {
        html.element("<p class=\"hint\"><strong>What to do:</strong> ", hint, "</p>\n");
    }
    html.element("<p class=\"dim\">Reason: <code>", &failure.reason, "</code></p>\n");
}

/// What a target came to.
pub(super) fn badge(html: &mut Html, word: Word) {
    html.markup(match word {
        Word::Pass => "<span class=\"badge pass\"><i aria-hidden=\"true\">✓</i>pass</span>",
        Word::Warn => "<span class=\"badge warn\"><i aria-hidden=\"true\">!</i>warn</span>",
        Word::Fail => "<span class=\"badge fail\"><i aria-hidden=\"true\">✕</i>fail</span>",
        Word::Error => "<span class=\"badge error\"><i aria-hidden=\"true\">?</i>error</span>",
    });
}

/// What rules came to.
pub(super) fn mark(html: &mut Html, outcome: Outcome) {
    html.markup(match outcome {
        Outcome::Pass => "<span class=\"mark pass\"><i aria-hidden=\"true\">✓</i>pass</span>",
        Outcome::Fail => "<span class=\"mark fail\"><i aria-hidden=\"true\">✕</i>fail</span>",
        Outcome::Error => "<span class=\"mark error\"><i aria-hidden=\"true\">?</i>error</span>",
        Outcome::Skipped => "<span class=\"mark\"><i aria-hidden=\"true\">–</i>skipped</span>",
    });
}

/// What a rule counts as.
pub(super) fn rule_mark(html: &mut Html, rule: &Rule) {
    match rule_word(rule) {
        "excepted" => {
            html.markup("<span class=\"mark warn\"><i aria-hidden=\"true\">!</i>excepted</span>");
        }
        _ => mark(html, rule.outcome),
    }
}

/// The style of what a rule counts as.
pub(super) fn rule_class(rule: &Rule) -> &'static str {
    match rule_word(rule) {
        "excepted" => "warn",
        _ => rule.outcome.as_str(),
    }
}

fn link_class(kind: Kind) -> &'static str {
    match kind {
        Kind::List | Kind::Signed => "signed",
        Kind::Certificate | Kind::Key => "signer",
        Kind::CertificateLog | Kind::LogEntry | Kind::Timestamp => "witness",
        Kind::Authority => "authority",
        Kind::Root => "root",
    }
}

/// Facts that are shown without being asked for.
const SHOWN_FACTS: usize = 6;
