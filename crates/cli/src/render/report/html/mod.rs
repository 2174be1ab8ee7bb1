//! The report as one page: the chain of trust from the artifact to the root, each check with its
//! evidence.
//!
//! The page stands alone. It has no script, asks for nothing (its content security policy allows
//! its own style sheet, by hash, and no address), and is read without colour and on paper as well.

mod markup;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::base64_encode;
use chainsign_policy::Outcome;
use chainsign_policy::verdict::{Report, Rule, Section};

use self::markup::Html;
use super::chain::{self, Kind, Link};
use super::view::{
    Proof, Run, Tally, Target, Word, causes, further, numbers, rule_word, state_words,
};
use crate::failure::Failure;

/// The whole page.
pub fn page(run: &Run<'_>) -> String {
    let mut html = Html::default();
    html.markup(HEAD);
    html.text(&base64_encode(ArtifactDigest::sha256(STYLE.as_bytes()).bytes()));
    html.markup(HEAD_REST).markup("<title>").text(&title(run)).markup("</title>\n<style>");
    html.markup(STYLE).markup("</style>\n</head>\n<body>\n");
    header(&mut html, run);
    html.markup("<main>\n");
    if let Err(failure) = &run.decided {
        html.markup("<section class=\"card fault\"><h2>Nothing was decided</h2>\n");
        fault(&mut html, failure);
        html.markup("</section>\n");
    }
    let targets: Vec<_> = run.targets().collect();
    if targets.len() > 1 {
        overview(&mut html, &targets);
    }
    for (index, target) in targets.iter().enumerate() {
        Article { html: &mut html, number: index + 1, target, alone: targets.len() == 1 }.write();
    }
    html.markup("</main>\n").markup(FOOT).text(env!("CARGO_PKG_VERSION")).markup(FOOT_REST);
    html.finish()
}

fn title(run: &Run<'_>) -> String {
    let what = match run.targets().next() {
        Some(target) if run.targets().len() == 1 => target.name(),
        _ => run.headline(),
    };
    format!("{}: {what}", run.word().as_str())
}

fn header(html: &mut Html, run: &Run<'_>) {
    html.markup("<header class=\"top ").markup(class(run.word())).markup("\">\n");
    html.markup("<p class=\"brand\">chainsign <span>verification report</span></p>\n<h1>");
    match run.targets().next() {
        Some(target) if run.targets().len() == 1 => {
            html.text(&target.name());
        }
        _ => {
            html.text(&run.headline());
        }
    }
    html.markup("</h1>\n<p class=\"verdict\">");
    badge(html, run.word());
    html.markup(" <span>").markup(sentence(run.word())).markup("</span></p>\n");
    if let Some(time) = run.dangerous_at {
        html.markup("<p class=\"danger\"><strong>Decided as of another time, ");
        html.text(&time.to_string());
        html.markup("</strong> (--dangerous-at): what expired since then counted again.</p>\n");
    }
    let policies: Vec<_> = run.targets().filter_map(|target| target.report()).collect();
    if let Some(report) = policies.first() {
        let policy = &report.policy;
        html.markup("<dl class=\"facts\">\n");
        html.markup("<div><dt>Policy</dt><dd>").text(&policy.name);
        if let Some(version) = policy.version {
            html.markup(" <span class=\"dim\">version</span> ").text(&version.to_string());
        }
        html.markup("</dd></div>\n<div><dt>Mode</dt><dd>").markup(policy.mode.as_str());
        html.markup("</dd></div>\n<div><dt>Decided for</dt><dd><time datetime=\"");
        html.text(&report.evaluated_at.to_string()).markup("\">");
        html.text(&report.evaluated_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        html.markup("</time></dd></div>\n");
        html.markup("<div><dt>Policy file</dt><dd>");
        digest(html, &policy.digest.to_string());
        html.markup("</dd></div>\n</dl>\n");
    }
    html.markup("</header>\n");
}

/// Several targets: one line each, the way in.
fn overview(html: &mut Html, targets: &[Target<'_>]) {
    html.markup("<section class=\"card\" aria-labelledby=\"targets\">\n");
    html.markup("<h2 id=\"targets\">Targets</h2>\n<div class=\"scroll\"><table>\n<thead><tr>");
    html.markup("<th scope=\"col\">Decision</th><th scope=\"col\">Target</th>");
    html.markup("<th scope=\"col\">Rules</th></tr></thead>\n<tbody>\n");
    for (index, target) in targets.iter().enumerate() {
        html.markup("<tr><td>");
        badge(html, target.word());
        html.markup("</td><th scope=\"row\"><a href=\"#t").number(index + 1).markup("\">");
        html.text(&target.name()).markup("</a></th><td>");
        if let Some(report) = target.report() {
            html.text(&Tally::of(report).words());
        }
        html.markup("</td></tr>\n");
    }
    html.markup("</tbody>\n</table></div>\n</section>\n");
}

/// One target.
struct Article<'a> {
    html: &'a mut Html,
    number: usize,
    target: &'a Target<'a>,
    alone: bool,
}

impl Article<'_> {
    fn write(&mut self) {
        self.html.markup("<article id=\"t").number(self.number).markup("\">\n");
        if !self.alone {
            self.html.markup("<h2 class=\"target\">");
            badge(self.html, self.target.word());
            self.html.markup(" ").text(&self.target.name()).markup("</h2>\n");
        }
        for digest in self.target.digests() {
            self.html.element("<p class=\"digest\"><code>", &digest, "</code></p>\n");
        }
        if let Some(failure) = self.target.failure() {
            self.html.markup("<section class=\"card fault\"><h3>Why nothing was decided</h3>\n");
            fault(self.html, failure);
            self.html.markup("</section>\n");
        }
        let proofs = self.target.proofs();
        self.strip(&proofs);
        if let Some(report) = self.target.report() {
            self.in_the_way(report);
        }
        if let Some(report) = self.target.report() {
            self.rules(report, &proofs);
        }
        self.proofs(&proofs);
        if let Some(report) = self.target.report() {
            self.aside(report);
        }
        self.looked_in();
        self.html.markup("</article>\n");
    }

    /// The chain at a glance.
    fn strip(&mut self, proofs: &[Proof<'_>]) {
        let chains: Vec<_> = proofs.iter().map(chain::links).collect();
        if chains.is_empty() {
            return;
        }
        let of = |kinds: &[Kind]| -> Vec<String> {
            let links = chains.iter().flatten().filter(|link| kinds.contains(&link.kind));
            let mut names: Vec<_> = links.map(|link| link.name.clone()).collect();
            names.sort();
            names.dedup();
            names
        };
        let count = |kind: Kind| chains.iter().flatten().filter(|it| it.kind == kind).count();
        let html = &mut *self.html;
        html.markup("<ol class=\"strip\" aria-label=\"The chain of trust at a glance\">\n");
        html.markup("<li><span>Artifact</span><strong>").text(&short_name(&self.target.name()));
        html.markup("</strong><small>");
        if let Some(first) = self.target.digests().first() {
            html.text(&short_digest(first));
        }
        html.markup("</small></li>\n<li><span>Documents</span><strong>").number(proofs.len());
        html.markup(" verified</strong><small>");
        let mut titles: Vec<_> = proofs.iter().map(|proof| chain::title(proof.bundle)).collect();
        titles.dedup();
        html.text(&titles.join(", ")).markup("</small></li>\n<li><span>Signers</span><strong>");
        let signers = of(&[Kind::Certificate, Kind::Key]);
        html.number(signers.len());
        html.markup(if signers.len() == 1 { " identity" } else { " identities" });
        html.markup("</strong><small>").text(&signers.join(", "));
        html.markup("</small></li>\n<li><span>Witnesses</span><strong>");
        let (entries, stamps) = (count(Kind::LogEntry), count(Kind::Timestamp));
        html.number(entries + stamps + count(Kind::CertificateLog)).markup("</strong><small>");
        html.number(entries).markup(if entries == 1 { " log entry, " } else { " log entries, " });
        html.number(stamps).markup(if stamps == 1 { " timestamp, " } else { " timestamps, " });
        html.number(count(Kind::CertificateLog)).markup(" certificates logged");
        html.markup("</small></li>\n<li><span>Trusted root</span><strong>");
        let roots = of(&[Kind::Root]);
        html.number(roots.len()).markup(if roots.len() == 1 { " root" } else { " roots" });
        html.markup("</strong><small>").text(&roots.join(", ")).markup("</small></li>\n</ol>\n");
    }

    /// What is not met, with what to do about it.
    fn in_the_way(&mut self, report: &Report) {
        let causes = causes(report);
        if causes.is_empty() {
            return;
        }
        self.html.markup("<section class=\"way\">\n<h3>What stands in the way</h3>\n");
        for (cause, followers) in causes {
            self.html.markup("<div class=\"card violation ").markup(rule_class(cause));
            self.html.markup("\">\n<h4>");
            rule_mark(self.html, cause);
            self.html.element(" <code>", cause.id.as_str(), "</code> ");
            self.html.element("<span class=\"dim\">", cause.reason.as_str(), "</span></h4>\n");
            self.html.element("<p>", &cause.message, "</p>\n");
            self.compared(cause);
            facts_list(self.html, &further(cause));
            hint(self.html, cause);
            if !followers.is_empty() {
                self.html.markup("<p class=\"dim\">Not met because of it: ");
                for (index, follower) in followers.iter().enumerate() {
                    self.html.markup(if index == 0 { "" } else { ", " });
                    self.html.element("<code>", follower.id.as_str(), "</code>");
                }
                self.html.markup("</p>\n");
            }
            self.html.markup("</div>\n");
        }
        self.html.markup("</section>\n");
    }

    fn compared(&mut self, rule: &Rule) {
        if rule.found.is_none() && rule.wanted.is_none() {
            return;
        }
        self.html.markup("<dl class=\"compared\">\n");
        if let Some(found) = &rule.found {
            self.html.element("<div><dt>found</dt><dd class=\"found\">", found, "</dd></div>\n");
        }
        if let Some(wanted) = &rule.wanted {
            self.html.element("<div><dt>wanted</dt><dd class=\"wanted\">", wanted, "</dd></div>\n");
        }
        self.html.markup("</dl>\n");
    }

    /// The documents, each with its chain to the trusted root.
    fn proofs(&mut self, proofs: &[Proof<'_>]) {
        if proofs.is_empty() {
            return;
        }
        self.html.markup("<section>\n<h3>Chain of trust</h3>\n");
        self.html.markup("<p class=\"lead\">From the artifact, through what was signed about it ");
        self.html.markup("and who signed it, to the root that was trusted beforehand. ");
        self.html.markup("Every tick is a check that was made and held.</p>\n");
        for (index, proof) in proofs.iter().enumerate() {
            self.proof(index + 1, proof);
        }
        self.html.markup("</section>\n");
    }

    fn proof(&mut self, number: usize, proof: &Proof<'_>) {
        let html = &mut *self.html;
        html.markup("<details class=\"card proof\" id=\"t").number(self.number).markup("-e");
        let open = self.alone && number == 1;
        html.number(number).markup(if open { "\" open>\n" } else { "\">\n" });
        html.markup("<summary><span class=\"number\">").number(number).markup("</span><span>");
        html.element("<strong>", &chain::title(proof.bundle), "</strong> ");
        html.element("<span class=\"path\">", &proof.origin, "</span>");
        if let Some(time) = proof.bundle.earliest() {
            html.markup("<br><small class=\"dim\">signed no later than <time>");
            html.text(&time.to_string()).markup("</time></small>");
        }
        html.markup("</span></summary>\n");
        if !proof.used_by.is_empty() {
            html.markup("<p class=\"usedby\">Decides ");
            for (index, id) in proof.used_by.iter().enumerate() {
                html.markup(if index == 0 { "" } else { " " });
                html.element("<code>", id.as_str(), "</code>");
            }
            html.markup("</p>\n");
        }
        html.markup("<ol class=\"chain\">\n<li class=\"artifact\"><p class=\"kind\">Artifact</p>");
        html.element("<p class=\"name\">", &self.target.name(), "</p>");
        for digest in self.target.digests() {
            html.element("<p class=\"looked\">", &digest, "</p>");
        }
        html.markup("</li>\n");
        for link in chain::links(proof) {
            write_link(html, &link);
        }
        html.markup("</ol>\n</details>\n");
    }

    fn rules(&mut self, report: &Report, proofs: &[Proof<'_>]) {
        self.html.markup("<section>\n<h3>Rules</h3>\n<p class=\"lead\">");
        self.html.text(&Tally::of(report).words()).markup("</p>\n");
        for section in &report.sections {
            self.section(section, proofs);
        }
        self.html.markup("</section>\n");
    }

    fn section(&mut self, section: &Section, proofs: &[Proof<'_>]) {
        self.html.markup("<section class=\"card rules\">\n<h4>");
        mark(self.html, section.outcome());
        self.html.element(" <code>", section.id.as_str(), "</code></h4>\n<ul>\n");
        for rule in &section.rules {
            self.rule(rule, proofs);
        }
        self.html.markup("</ul>\n</section>\n");
    }

    fn rule(&mut self, rule: &Rule, proofs: &[Proof<'_>]) {
        self.html.markup("<li class=\"").markup(rule_class(rule)).markup("\"><p>");
        rule_mark(self.html, rule);
        self.html.element(" <code>", rule.id.as_str(), "</code> ");
        self.html.text(&rule.message);
        for number in numbers(rule, proofs) {
            self.html.markup(" <a class=\"ref\" href=\"#t").number(self.number).markup("-e");
            self.html.number(number).markup("\">document ").number(number).markup("</a>");
        }
        self.html.markup("</p>\n");
        if let Some(asked) = self.target.asked(&rule.id) {
            self.html.markup("<p class=\"asked\">The policy asks: ").text(asked);
            self.html.markup("</p>\n");
        }
        if let Some(exception) = &rule.exception {
            self.html.markup("<p class=\"excepted\">It does not count: exception ");
            self.html.element("<code>", exception, "</code></p>\n");
        }
        if rule.outcome >= Outcome::Fail {
            self.compared(rule);
            hint(self.html, rule);
        }
        facts_list(self.html, &further(rule));
        self.html.markup("</li>\n");
    }

    /// What did not count, and what was made an exception of.
    fn aside(&mut self, report: &Report) {
        if !report.refused.is_empty() {
            self.html.markup("<section class=\"card\">\n<h3>Found and not counted</h3>\n<ul>\n");
            for refused in &report.refused {
                self.html.element("<li><p><code>", &refused.origin.to_string(), "</code> ");
                self.html.text(&refused.message);
                self.html.element(" <span class=\"dim\">", &refused.check, ", ");
                self.html.element("", &refused.reason, "</span></p></li>\n");
            }
            self.html.markup("</ul>\n</section>\n");
        }
        if !report.exceptions.is_empty() {
            self.html.markup("<section class=\"card\">\n<h3>Exceptions</h3>\n<ul>\n");
            for exception in &report.exceptions {
                self.html.element("<li><p><code>", &exception.id, "</code> ");
                self.html.text(&state_words(&exception.state)).markup("</p>\n<p class=\"asked\">");
                self.html.text(&exception.reason).markup("; approved by ");
                self.html.text(&exception.approved_by).markup("; until <time>");
                self.html.text(&exception.expires.to_string()).markup("</time></p></li>\n");
            }
            self.html.markup("</ul>\n</section>\n");
        }
    }

    fn looked_in(&mut self) {
        let files = &self.target.0.looked_in;
        if files.is_empty() {
            return;
        }
        self.html
            .markup("<details class=\"card\"><summary>Where evidence was looked for</summary>");
        self.html.markup("\n<ul class=\"facts-list\">\n");
        for file in files {
            self.html.element("<li>", &file.display().to_string(), "</li>\n");
        }
        self.html.markup("</ul></details>\n");
    }
}

fn write_link(html: &mut Html, link: &Link) {
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

fn facts_list(html: &mut Html, facts: &[&str]) {
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

fn hint(html: &mut Html, rule: &Rule) {
    if let Some(hint) = &rule.hint {
        html.element("<p class=\"hint\"><strong>What to do:</strong> ", hint, "</p>\n");
    }
}

fn fault(html: &mut Html, failure: &Failure) {
    for line in failure.message.lines() {
        html.element("<p>", line.trim(), "</p>\n");
    }
    for hint in &failure.hints {
        html.element("<p class=\"hint\"><strong>What to do:</strong> ", hint, "</p>\n");
    }
    html.element("<p class=\"dim\">Reason: <code>", &failure.reason, "</code></p>\n");
}

fn digest(html: &mut Html, text: &str) {
    html.element("<code class=\"digest\">", text, "</code>");
}

fn badge(html: &mut Html, word: Word) {
    html.markup(match word {
        Word::Pass => "<span class=\"badge pass\"><i aria-hidden=\"true\">✓</i>pass</span>",
        Word::Warn => "<span class=\"badge warn\"><i aria-hidden=\"true\">!</i>warn</span>",
        Word::Fail => "<span class=\"badge fail\"><i aria-hidden=\"true\">✕</i>fail</span>",
        Word::Error => "<span class=\"badge error\"><i aria-hidden=\"true\">?</i>error</span>",
    });
}

fn mark(html: &mut Html, outcome: Outcome) {
    html.markup(match outcome {
        Outcome::Pass => "<span class=\"mark pass\"><i aria-hidden=\"true\">✓</i>pass</span>",
        Outcome::Fail => "<span class=\"mark fail\"><i aria-hidden=\"true\">✕</i>fail</span>",
        Outcome::Error => "<span class=\"mark error\"><i aria-hidden=\"true\">?</i>error</span>",
        Outcome::Skipped => "<span class=\"mark\"><i aria-hidden=\"true\">–</i>skipped</span>",
    });
}

fn rule_mark(html: &mut Html, rule: &Rule) {
    match rule_word(rule) {
        "excepted" => {
            html.markup("<span class=\"mark warn\"><i aria-hidden=\"true\">!</i>excepted</span>");
        }
        _ => mark(html, rule.outcome),
    }
}

fn rule_class(rule: &Rule) -> &'static str {
    match rule_word(rule) {
        "excepted" => "warn",
        _ => rule.outcome.as_str(),
    }
}

fn class(word: Word) -> &'static str {
    word.as_str()
}

fn link_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Signed => "signed",
        Kind::Certificate | Kind::Key => "signer",
        Kind::CertificateLog | Kind::LogEntry | Kind::Timestamp => "witness",
        Kind::Authority => "authority",
        Kind::Root => "root",
    }
}

fn sentence(word: Word) -> &'static str {
    match word {
        Word::Pass => "Every rule is met.",
        Word::Warn => "Not every rule is met. The policy only warns.",
        Word::Fail => "Denied: the evidence says no.",
        Word::Error => "Undecided. It could not be found out, which is never taken for a yes.",
    }
}

/// The last part of a path.
fn short_name(name: &str) -> String {
    name.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(name).to_owned()
}

/// A digest's beginning, for the eye only: the whole of it stands below.
fn short_digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, hex)) if hex.len() > 12 => format!("{algorithm}:{}…", &hex[..12]),
        _ => digest.to_owned(),
    }
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
    base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-";
const HEAD_REST: &str = "'\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n\
    <meta name=\"referrer\" content=\"no-referrer\">\n\
    <meta name=\"robots\" content=\"noindex\">\n\
    <link rel=\"icon\" href=\"data:,\">\n";
const FOOT: &str = "<footer><p>Made by chainsign ";
const FOOT_REST: &str = ". This page says what was decided; it is no proof by itself. \
    To be sure, verify the artifact again: <code>chainsign verify</code>.</p></footer>\n\
    </body>\n</html>\n";
const STYLE: &str = include_str!("style.css");
/// Facts that are shown without being asked for.
const SHOWN_FACTS: usize = 6;
