//! The report for the summary of a CI run: Markdown as GitHub and GitLab render it.
//!
//! What came from outside stands in code spans and code blocks only, where neither Markdown nor
//! HTML means anything, and no mention, reference or address becomes a link.

use chainsign_policy::Outcome;
use chainsign_policy::verdict::{Report, Rule};

use super::chain;
use super::view::{Proof, Run, Tally, Target, Word, causes, further, rule_word, state_words};
use crate::failure::Failure;
use crate::plain::plain;

/// The whole report. What does not fit into the summary of a CI step is left out, and said to be.
pub fn document(run: &Run<'_>) -> String {
    let mut page = Page::default();
    page.head(run);
    let (mut rows, mut told, mut detailed) = (0, 0, 0);
    if run.decided.is_ok() {
        page.markup("| target | decision | rules | digest |\n| --- | --- | --- | --- |\n");
        rows = page.each(run.targets(), Page::row);
        page.markup("\n");
        let in_the_way = run.targets().filter(|target| target.word() != Word::Pass);
        told = page.each(in_the_way, Page::in_the_way);
        detailed = page.each(run.targets(), Page::details);
    }
    if rows + told + detailed > 0 {
        page.markup("This is not all of it: left out are ")
            .number(rows)
            .markup(" rows of the table, ");
        page.number(told).markup(" targets that did not pass, and the details of ");
        page.number(detailed).markup(". The JSON and HTML reports have everything.\n");
    }
    page.0
}

/// Markdown. Markup is literals only; everything else is code.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Writes a part about each target as long as there is room, and counts those left out.
    fn each<'a>(
        &mut self,
        targets: impl Iterator<Item = Target<'a>>,
        write: impl Fn(&mut Page, &Target<'a>),
    ) -> usize {
        let mut left_out = 0;
        for target in targets {
            let mut part = Page::default();
            write(&mut part, &target);
            match self.0.len() + part.0.len() > SUMMARY_BYTES {
                true => left_out += 1,
                false => self.0.push_str(&part.0),
            }
        }
        left_out
    }

    fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    fn number(&mut self, number: usize) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// A code span (CommonMark 0.31, section 6.1).
    fn code(&mut self, text: &str) -> &mut Self {
        let text = plain(text);
        let fence = "`".repeat(longest_run(&text) + 1);
        // Otherwise a backtick at an end would be part of the fence.
        let pad =
            if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
        self.0.push_str(&format!("{fence}{pad}{text}{pad}{fence}"));
        self
    }

    /// A code span in a table, where a vertical line would end the cell.
    fn cell(&mut self, text: &str) -> &mut Self {
        self.code(&plain(text).replace('|', r"\u{7c}"))
    }

    /// A code block of these lines (section 4.5).
    fn block(&mut self, language: &'static str, lines: &[String]) -> &mut Self {
        let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
        let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        self.0.push_str(&format!("{fence}{language}\n{}\n{fence}\n\n", lines.join("\n")));
        self
    }

    fn head(&mut self, run: &Run<'_>) {
        self.markup("## ").markup(symbol(run.word())).markup(" chainsign: ");
        self.markup(match run.word() {
            Word::Pass => "every target passed\n\n",
            Word::Warn => "not every rule is met (the policy only warns)\n\n",
            Word::Fail => "denied\n\n",
            Word::Error => "undecided\n\n",
        });
        for sentence in run.weakened.sentences() {
            self.markup("🟡 ").code(&sentence).markup("\n\n");
        }
        if let Err(failure) = &run.decided {
            self.block("text", &failure_lines(failure));
            return;
        }
        let mut policies: Vec<_> =
            run.targets().filter_map(|target| Some(&target.report()?.policy)).collect();
        policies.dedup();
        for policy in policies {
            self.markup("Policy ").code(&policy.name);
            if let Some(version) = policy.version {
                self.markup(" version ").code(&version.to_string());
            }
            self.markup(", ").markup(policy.mode.as_str()).markup(", ");
            self.code(&policy.digest.to_string()).markup("\n\n");
        }
    }

    fn row(&mut self, target: &Target<'_>) {
        self.markup("| ").cell(&target.name()).markup(" | ").markup(symbol(target.word()));
        self.markup(" ").markup(target.word().as_str()).markup(" | ");
        match target.report() {
            Some(report) => self.0.push_str(&Tally::of(report).words()),
            None => drop(self.markup(target.meaning())),
        }
        self.markup(" | ");
        if let Some(digest) = target.digests().first() {
            self.cell(digest);
        }
        self.markup(" |\n");
    }

    fn in_the_way(&mut self, target: &Target<'_>) {
        self.markup("### ").markup(symbol(target.word())).markup(" ").code(&target.name());
        self.markup("\n\n");
        if let Some(failure) = target.failure() {
            self.block("text", &failure_lines(failure));
        }
        let Some(report) = target.report() else { return };
        for (cause, followers) in causes(report) {
            self.markup("**").code(cause.id.as_str()).markup("** ");
            self.markup(cause.outcome.as_str()).markup(", ").markup(cause.reason.as_str());
            self.markup("\n\n").block("diff", &violation_lines(cause));
            if !followers.is_empty() {
                self.markup("Not met because of it: ");
                for (index, follower) in followers.iter().enumerate() {
                    self.markup(if index == 0 { "" } else { ", " }).code(follower.id.as_str());
                }
                self.markup("\n\n");
            }
        }
    }

    fn details(&mut self, target: &Target<'_>) {
        for (index, line) in target.made().iter().enumerate() {
            let before = if index == 0 { "How it was made:\n\n- " } else { "- " };
            self.markup(before).code(line).markup("\n");
        }
        if target.layout().is_some() || target.built().is_some() {
            self.markup("\n");
        }
        let proofs = target.proofs();
        if target.report().is_none() && proofs.is_empty() {
            return;
        }
        self.markup("<details><summary>");
        if let Some(report) = target.report() {
            self.number(report.rules().count()).markup(" rules, ");
        }
        self.number(proofs.len()).markup(" verified documents</summary>\n\n");
        self.markup("#### ").code(&target.name()).markup("\n\n");
        if let Some(report) = target.report() {
            report.rules().for_each(|rule| self.rule(rule));
            self.markup("\n");
        }
        for proof in &proofs {
            self.proof(proof);
        }
        if let Some(report) = target.report() {
            self.aside(report);
        }
        self.markup("</details>\n\n");
    }

    fn rule(&mut self, rule: &Rule) {
        self.markup("- ").markup(match rule_word(rule) {
            "pass" => "✅ pass ",
            "fail" => "❌ fail ",
            "error" => "❔ error ",
            "excepted" => "🟡 excepted ",
            _ => "skipped ",
        });
        self.code(rule.id.as_str()).markup(": ").code(&rule.message).markup("\n");
    }

    fn proof(&mut self, proof: &Proof<'_>) {
        self.markup("**").code(&proof.origin).markup("** ").code(&chain::title(proof.bundle));
        self.markup("\n\n");
        for link in chain::links(proof) {
            self.markup("- ").markup(link.kind.title()).markup(": ").code(&link.name).markup("\n");
            for (label, value) in &link.facts {
                self.markup("  - ").markup(label).markup(": ").code(value).markup("\n");
            }
            for (id, _, looked_at) in &link.checks {
                self.markup("  - ✅ ").markup(id).markup(": ").code(looked_at).markup("\n");
            }
        }
        self.markup("\n");
    }

    fn aside(&mut self, report: &Report) {
        for refused in &report.refused {
            self.markup("- not counted: ").code(&refused.origin.to_string()).markup(": ");
            self.code(&refused.message).markup("\n");
        }
        for exception in &report.exceptions {
            self.markup("- exception ").code(&exception.id).markup(", ");
            self.code(&state_words(&exception.state)).markup(", until ");
            self.code(&exception.expires.to_string()).markup(": ").code(&exception.reason);
            self.markup(", approved by ").code(&exception.approved_by).markup("\n");
        }
        if !(report.refused.is_empty() && report.exceptions.is_empty()) {
            self.markup("\n");
        }
    }
}

fn symbol(word: Word) -> &'static str {
    match word {
        Word::Pass => "✅",
        Word::Warn => "🟡",
        Word::Fail => "❌",
        Word::Error => "❔",
    }
}

/// In the colours of a difference: what was found is red, what was wanted green.
fn violation_lines(rule: &Rule) -> Vec<String> {
    let mut lines = vec![format!("  {}", rule.message)];
    lines.extend(rule.found.iter().map(|found| format!("- found   {found}")));
    lines.extend(rule.wanted.iter().map(|wanted| format!("+ wanted  {wanted}")));
    let evidence = further(rule);
    lines.extend(evidence.iter().take(EVIDENCE_LINES).map(|line| format!("  | {line}")));
    if let more @ 1.. = evidence.len().saturating_sub(EVIDENCE_LINES) {
        lines.push(format!("  | and {more} lines more: see the other reports"));
    }
    lines.extend(rule.hint.iter().map(|hint| format!("  hint: {hint}")));
    if rule.outcome == Outcome::Error {
        lines.push("  It could not be found out, which is never taken for a yes.".to_owned());
    }
    lines
}

fn failure_lines(failure: &Failure) -> Vec<String> {
    let mut lines: Vec<_> = failure.message.lines().map(|line| line.trim().to_owned()).collect();
    lines.extend(failure.hints.iter().map(|hint| format!("hint: {hint}")));
    lines
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// GitHub refuses a step's summary of more than 1 MiB; other steps' output is not in it.
const SUMMARY_BYTES: usize = 900 << 10;
/// Lines of evidence behind one violation.
const EVIDENCE_LINES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::verify::TargetOutcome;
    use crate::render::report::view::Weakened;

    fn code(text: &str) -> String {
        let mut page = Page::default();
        page.code(text);
        page.0
    }

    #[test]
    fn nothing_gets_out_of_a_code_span() {
        assert_eq!(code("app"), "`app`");
        assert_eq!(code("`a``b"), "``` `a``b ```");
        assert_eq!(code("a\n\n# b"), r"`a\n\n# b`");
        assert_eq!(code("\u{202e}"), r"`\u{202e}`");
        assert_eq!(code(""), "`  `");
        let mut page = Page::default();
        page.cell("a|b\\|c");
        assert_eq!(page.0, r"`a\u{7c}b\\u{7c}c`");
    }

    #[test]
    fn a_summary_that_would_be_too_large_says_what_is_left_out() {
        let outcomes: Vec<_> = (0..20_000)
            .map(|number| TargetOutcome {
                target: format!("dist/{number}").into(),
                used_as: None,
                looked_in: Vec::new(),
                given: None,
                asked: Vec::new(),
                decided: Err(Failure::no("unsigned", "found no signature").hint("sign it")),
            })
            .collect();
        let document = |outcomes| super::document(&Run::new(Ok(outcomes), Weakened::default()));
        let whole = document(&outcomes[..3]);
        assert!(whole.contains("### ❌ `dist/2`") && !whole.contains("left out"), "{whole}");
        let cut = document(&outcomes);
        assert!(cut.len() < 1 << 20, "{} bytes", cut.len());
        let rows = cut.lines().filter(|line| line.starts_with("| `dist/")).count();
        let told = cut.lines().filter(|line| line.starts_with("### ")).count();
        let said = format!(
            "left out are {} rows of the table, {} targets that did not pass, and the details of 0.",
            20_000 - rows,
            20_000 - told
        );
        assert!(cut.contains(&said), "{}", &cut[cut.len() - 300..]);
    }

    #[test]
    fn nothing_gets_out_of_a_code_block() {
        let mut page = Page::default();
        page.block("text", &["```".to_owned(), "</details>\n```".to_owned()]);
        assert_eq!(page.0, "````text\n```\n</details>\\n```\n````\n\n");
    }
}
