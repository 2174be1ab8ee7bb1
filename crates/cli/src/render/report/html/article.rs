//! One target on the page: what it came to, rule by rule, and the chain behind each document.

use chainsign_policy::Outcome;
use chainsign_policy::verdict::{Report, Rule, Section};

use super::markup::Html;
use super::parts::{self, badge, facts_list, fault, hint, mark, rule_class, rule_mark};
use crate::render::report::chain::{self, Kind};
use crate::render::report::view::{Proof, Tally, Target, causes, further, numbers, state_words};

/// One target.
pub(super) struct Article<'a> {
    pub(super) html: &'a mut Html,
    /// Its number on the page.
    pub(super) number: usize,
    pub(super) target: &'a Target<'a>,
    pub(super) place: Place,
    /// Its policy, where the page's head does not name it.
    pub(super) policy: Option<&'a Report>,
}

/// Where an article stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The page is about this target only, and its heading names it.
    Alone,
    /// Among others.
    Among,
}

impl Article<'_> {
    /// Writes all of it.
    pub(super) fn write(&mut self) {
        self.html.markup("<article id=\"t").number(self.number).markup("\">\n");
        if self.place == Place::Among {
            self.html.markup("<h2 class=\"target\">");
            badge(self.html, self.target.word());
            self.html.markup(" ").text(&self.target.name()).markup("</h2>\n");
            for digest in self.target.digests() {
                self.html.element("<p class=\"digest\">", &digest, "</p>\n");
            }
        }
        if let Some(report) = self.policy {
            self.html.markup("<dl class=\"facts\">\n");
            parts::policy(self.html, report);
            self.html.markup("</dl>\n");
        }
        if let Some(failure) = self.target.failure() {
            self.html.markup("<section class=\"card fault\">");
            self.part("Why nothing was decided");
            fault(self.html, failure);
            self.html.markup("</section>\n");
        }
        self.made();
        let proofs = self.target.proofs();
        self.strip(&proofs);
        if let Some(report) = self.target.report() {
            self.in_the_way(report);
            self.rules(report, &proofs);
        }
        self.proofs(&proofs);
        if let Some(report) = self.target.report() {
            self.aside(report);
        }
        self.looked_in();
        self.html.markup("</article>\n");
    }

    /// Who did which step, where a layout decided.
    fn made(&mut self) {
        let made = self.target.made();
        if made.is_empty() {
            return;
        }
        self.html.markup("<section class=\"card\">");
        self.part("How it was made");
        self.html.markup("<ul>\n");
        for line in &made {
            self.html.element("<li>", line, "</li>\n");
        }
        self.html.markup("</ul></section>\n");
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
        html.markup("<div role=\"group\" aria-label=\"The chain of trust at a glance\">\n");
        html.markup("<ol class=\"strip\">\n");
        html.markup("<li><span>Artifact</span><strong>").text(&short_name(&self.target.path()));
        html.markup("</strong><small>");
        if let Some(first) = self.target.digests().first() {
            html.text(&short_digest(first));
        }
        html.markup("</small></li>\n<li><span>Documents</span><strong>").number(proofs.len());
        html.markup(" verified</strong><small>");
        let mut titles: Vec<_> = proofs.iter().map(|proof| chain::title(proof.bundle)).collect();
        titles.dedup();
        let unused = proofs.iter().filter(|proof| proof.used_by.is_empty()).count();
        if self.target.report().is_some() && unused > 0 {
            html.number(proofs.len() - unused).markup(" accepted by the policy; ");
        }
        html.text(&titles.join(", ")).markup("</small></li>\n<li><span>Signers</span><strong>");
        let signers = of(&[Kind::Certificate, Kind::Key]);
        html.number(signers.len());
        html.markup(if signers.len() == 1 { " identity" } else { " identities" });
        html.markup("</strong><small>").text(&signers.join(", "));
        html.markup("</small></li>\n<li><span>Witnesses</span><strong>");
        let (entries, stamps) = (count(Kind::LogEntry), count(Kind::Timestamp));
        let certificates = count(Kind::CertificateLog);
        html.number(entries + stamps + certificates).markup("</strong><small>");
        let kinds = [
            (entries, " log entry", " log entries"),
            (stamps, " timestamp", " timestamps"),
            (certificates, " certificate logged", " certificates logged"),
        ];
        for (index, (number, one, many)) in kinds.into_iter().enumerate() {
            html.markup(if index == 0 { "" } else { ", " }).number(number);
            html.markup(if number == 1 { one } else { many });
        }
        html.markup("</small></li>\n<li><span>Trusted root</span><strong>");
        let roots = of(&[Kind::Root]);
        html.number(roots.len()).markup(if roots.len() == 1 { " root" } else { " roots" });
        html.markup("</strong><small>")
            .text(&roots.join(", "))
            .markup("</small></li>\n</ol>\n</div>\n");
    }

    /// What is not met, with what to do about it.
    fn in_the_way(&mut self, report: &Report) {
        let causes = causes(report);
        if causes.is_empty() {
            return;
        }
        self.html.markup("<section>\n");
        self.part("What stands in the way");
        for (cause, followers) in causes {
            self.html.markup("<div class=\"card violation ").markup(rule_class(cause));
            let (open, close) = self.place.sub();
            self.html.markup("\">\n").markup(open);
            rule_mark(self.html, cause);
            self.html.element(" <code>", cause.id.as_str(), "</code> ");
            self.html.element("<span class=\"dim\">", cause.reason.as_str(), "</span>");
            self.html.markup(close);
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
        self.html.markup("<section>\n");
        self.part("Chain of trust");
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
        let open = self.place == Place::Alone && number == 1;
        html.number(number).markup(if open { "\" open>\n" } else { "\">\n" });
        html.markup("<summary><span class=\"number\">").number(number).markup("</span><span>");
        html.element("<strong>", &chain::title(proof.bundle), "</strong> ");
        html.element("<span class=\"path\">", &proof.origin, "</span>");
        if let Some(time) = proof.bundle.earliest() {
            html.markup("<br><small class=\"dim\">signed no later than <time>");
            html.text(&time.to_string()).markup("</time></small>");
        }
        html.markup("</span></summary>\n");
        if self.target.report().is_some() {
            html.markup("<p class=\"usedby\">");
            match proof.used_by.is_empty() {
                true => html.markup("It verified, and no rule of the policy is met by it."),
                false => html.markup("Decides "),
            };
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
            parts::link(html, &link);
        }
        html.markup("</ol>\n</details>\n");
    }

    fn rules(&mut self, report: &Report, proofs: &[Proof<'_>]) {
        self.html.markup("<section>\n");
        self.part("Rules");
        self.html.markup("<p class=\"lead\">");
        self.html.text(&Tally::of(report).words()).markup("</p>\n");
        for section in &report.sections {
            self.section(report, section, proofs);
        }
        self.html.markup("</section>\n");
    }

    fn section(&mut self, report: &Report, section: &Section, proofs: &[Proof<'_>]) {
        let (open, close) = self.place.sub();
        self.html.markup("<section class=\"card rules\">\n").markup(open);
        mark(self.html, section.outcome());
        self.html.element(" <code>", section.id.as_str(), "</code>").markup(close);
        self.html.markup("<ul>\n");
        for rule in &section.rules {
            self.rule(report, section, rule, proofs);
        }
        self.html.markup("</ul>\n</section>\n");
    }

    fn rule(&mut self, report: &Report, section: &Section, rule: &Rule, proofs: &[Proof<'_>]) {
        let documents = numbers(rule, proofs);
        self.html.markup("<li class=\"").markup(rule_class(rule)).markup("\"><p>");
        rule_mark(self.html, rule);
        // The section's own rule, whether there is anything to look at, needs no name.
        let id = rule.id.as_str();
        let below = id.strip_prefix(section.id.as_str()).map(|rest| rest.trim_start_matches('.'));
        if below != Some("") {
            self.html.element(" <code>", below.unwrap_or(id), "</code>");
        }
        self.html.markup(" ").text(&rule.message);
        for number in &documents {
            self.html.markup(" <a class=\"ref\" href=\"#t").number(self.number).markup("-e");
            self.html.number(*number).markup("\">document ").number(*number).markup("</a>");
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
        // What stands in the way is told above, and what a document says of itself below.
        let told = report.violations().any(|violation| violation.id == rule.id)
            || (below == Some("") && rule.outcome == Outcome::Pass && !documents.is_empty());
        if !told {
            if rule.outcome >= Outcome::Fail {
                self.compared(rule);
                hint(self.html, rule);
            }
            facts_list(self.html, &further(rule));
        }
        self.html.markup("</li>\n");
    }

    /// What did not count, and what was made an exception of.
    fn aside(&mut self, report: &Report) {
        if !report.refused.is_empty() {
            self.html.markup("<section class=\"card\">\n");
            self.part("Found and not counted");
            self.html.markup("<ul>\n");
            for refused in &report.refused {
                self.html.element("<li><p><code>", &refused.origin.to_string(), "</code> ");
                self.html.text(&refused.message);
                self.html.element(" <span class=\"dim\">", &refused.check, ", ");
                self.html.element("", &refused.reason, "</span></p></li>\n");
            }
            self.html.markup("</ul>\n</section>\n");
        }
        if !report.exceptions.is_empty() {
            self.html.markup("<section class=\"card\">\n");
            self.part("Exceptions");
            self.html.markup("<ul>\n");
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

    /// A heading of the target's own: the page's second level when the target has the first.
    fn part(&mut self, text: &'static str) {
        let (open, close) = match self.place {
            Place::Alone => ("<h2 class=\"part\">", "</h2>\n"),
            Place::Among => ("<h3 class=\"part\">", "</h3>\n"),
        };
        self.html.markup(open).markup(text).markup(close);
    }
}

impl Place {
    /// A heading below the one of a part.
    fn sub(self) -> (&'static str, &'static str) {
        match self {
            Place::Alone => ("<h3 class=\"sub\">", "</h3>\n"),
            Place::Among => ("<h4 class=\"sub\">", "</h4>\n"),
        }
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
