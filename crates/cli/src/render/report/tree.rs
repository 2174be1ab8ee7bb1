//! The report for people: a tree of rules with their evidence, and the documents behind them.

use chainsign_policy::Outcome;
use chainsign_policy::verdict::{Report, Rule, Section};

use super::chain;
use super::view::{
    Proof, Run, Tally, Target, Word, causes, further, numbers, rule_word, state_words,
};
use crate::failure::Failure;
use crate::plain::plain;
use crate::printer::{ERROR, FAINT, GOOD, HEADING, HINT, WARNING, paint};

/// The whole report. Lines are folded at `width`, where a terminal has one.
pub fn lines(run: &Run<'_>, width: Option<usize>) -> Vec<String> {
    let mut tree = Tree { width, by_policy: false, lines: Vec::new() };
    for sentence in run.weakened.sentences() {
        tree.line(0, &mark(Word::Warn), &sentence);
    }
    for target in run.targets() {
        tree.target(&target);
        tree.lines.push(String::new());
    }
    if run.targets().len() > 1 || run.word() != Word::Pass {
        tree.closing(run);
    } else {
        tree.lines.pop();
    }
    tree.lines
}

/// One target, as [`lines`] has it.
pub fn target_lines(target: &Target<'_>, width: Option<usize>) -> Vec<String> {
    let mut tree = Tree { width, by_policy: false, lines: Vec::new() };
    tree.target(target);
    tree.lines
}

struct Tree {
    width: Option<usize>,
    /// Whether a policy decided on the target.
    by_policy: bool,
    lines: Vec<String>,
}

impl Tree {
    fn target(&mut self, target: &Target<'_>) {
        self.by_policy = target.report().is_some();
        self.line(0, &mark(target.word()), &paint(HEADING, &plain(&target.name())));
        match target.report() {
            Some(report) => self.policy(target, report),
            None => self.line(MARK, "", target.meaning()),
        }
        for line in target.made() {
            self.line(MARK, "", &plain(&line));
        }
        if let Some(failure) = target.failure() {
            self.failure(failure);
        }
        for digest in target.digests() {
            self.line(MARK, "", &paint(FAINT, &digest));
        }
        let proofs = target.proofs();
        if let Some(report) = target.report() {
            report.sections.iter().for_each(|section| self.section(section, &proofs));
        }
        if !proofs.is_empty() {
            self.line(2, "", &paint(HEADING, "evidence"));
        }
        for (index, proof) in proofs.iter().enumerate() {
            self.proof(index + 1, proof);
        }
        if let Some(report) = target.report() {
            self.aside(report);
        }
    }

    /// What to look at first, at the end, where a terminal shows it.
    fn closing(&mut self, run: &Run<'_>) {
        self.line(0, "", &paint(HEADING, &run.headline()));
        for target in run.targets() {
            self.line(2, &mark(target.word()), &plain(&target.name()));
            if let Some(failure) = target.failure() {
                self.line(2 + MARK, "", &plain(&failure.reason));
            }
            let Some(report) = target.report() else { continue };
            for (cause, followers) in causes(report) {
                let because = match followers.len() {
                    0 => String::new(),
                    1 => ", and 1 rule because of it".to_owned(),
                    many => format!(", and {many} rules because of it"),
                };
                let id = plain(cause.id.as_str());
                self.line(2 + MARK, "", &format!("{id} ({}){because}", cause.reason));
            }
        }
    }

    /// Why nothing was decided.
    fn failure(&mut self, failure: &Failure) {
        for line in failure.message.lines() {
            self.line(MARK, "", &plain(line.trim()));
        }
        for hint in &failure.hints {
            self.line(MARK, &paint(HINT, "hint: "), &plain(hint));
        }
    }

    fn policy(&mut self, target: &Target<'_>, report: &Report) {
        let policy = &report.policy;
        let version = policy.version.map_or_else(String::new, |it| format!(" version {it}"));
        let name = plain(&policy.name);
        let line = format!(
            "{} by policy {name}{version} ({}): {}",
            match target.word() {
                Word::Pass => "passed",
                Word::Warn => "not passed, and only warned about,",
                Word::Fail => "denied",
                Word::Error => "undecided",
            },
            policy.mode.as_str(),
            Tally::of(report).words()
        );
        self.line(MARK, "", &line);
    }

    fn section(&mut self, section: &Section, proofs: &[Proof<'_>]) {
        let id = plain(section.id.as_str());
        if let [rule] = section.rules.as_slice()
            && rule.id == section.id
        {
            let name = format!("{}: ", paint(HEADING, &id));
            return self.rule(2, &name, section, rule, proofs);
        }
        self.line(2, &outcome_mark(section.outcome()), &paint(HEADING, &id));
        for rule in &section.rules {
            let name = plain(rule.id.as_str());
            let below = name.strip_prefix(&*id).map(|rest| rest.trim_start_matches('.'));
            let name = match below {
                // The section's own rule: whether there is anything to look at.
                Some("") => String::new(),
                Some(below) => format!("{below}: "),
                None => format!("{name}: "),
            };
            self.rule(4, &name, section, rule, proofs);
        }
    }

    /// `name` is painted, or empty.
    fn rule(
        &mut self,
        indent: usize,
        name: &str,
        section: &Section,
        rule: &Rule,
        proofs: &[Proof<'_>],
    ) {
        let reason = match rule.outcome {
            Outcome::Pass => String::new(),
            _ => paint(FAINT, &format!(" ({})", rule.reason)),
        };
        let message = plain(&rule.message);
        self.line(indent, &rule_mark(rule), &format!("{name}{message}{reason}"));
        let indent = indent + MARK;
        if rule.outcome >= Outcome::Fail {
            for (label, value) in [("found", &rule.found), ("wanted", &rule.wanted)] {
                // Most messages say it already.
                if let Some(value) = value.as_ref().filter(|it| !rule.message.contains(*it)) {
                    self.line(indent, &format!("{label:7} "), &plain(value));
                }
            }
        }
        // What a document says of itself is told once, with the evidence.
        let names_documents = rule.outcome == Outcome::Pass && rule.id == section.id;
        if !names_documents || rule.relies_on.is_empty() {
            for line in further(rule) {
                self.line(indent, &paint(FAINT, "- "), &paint(FAINT, &plain(line)));
            }
        }
        if rule.id == section.id || !section.id.as_str().starts_with("attestations.") {
            let numbers = numbers(rule, proofs);
            let numbers: Vec<_> = numbers.iter().map(|it| format!("evidence {it}")).collect();
            if !numbers.is_empty() {
                self.line(indent, &paint(FAINT, "- "), &paint(FAINT, &numbers.join(", ")));
            }
        }
        if let Some(exception) = &rule.exception {
            let line = format!("does not count: exception {}", plain(exception));
            self.line(indent, "", &paint(WARNING, &line));
        }
        if let Some(hint) = &rule.hint {
            self.line(indent, &paint(HINT, "hint: "), &plain(hint));
        }
    }

    fn proof(&mut self, number: usize, proof: &Proof<'_>) {
        let title = chain::title(proof.bundle);
        let heading = format!("{} ({})", plain(&proof.origin), plain(&title));
        self.line(4, &format!("{number:<3} "), &heading);
        let mut checks = Vec::new();
        for link in chain::links(proof) {
            let fact = |wanted: &str| {
                link.facts.iter().find(|(label, _)| *label == wanted).map(|(_, value)| value)
            };
            let also = |label: &str| fact(label).map_or(String::new(), |it| format!(", {it}"));
            let name = &link.name;
            let (label, text) = match link.kind {
                chain::Kind::List => ("via", name.clone()),
                chain::Kind::Signed => ("signed", signed(proof)),
                chain::Kind::Key => ("key", name.clone()),
                chain::Kind::Certificate => {
                    ("signer", format!("{name}{}", also("identity issuer")))
                }
                chain::Kind::CertificateLog => ("ct log", format!("{name}{}", also("logged"))),
                chain::Kind::LogEntry => {
                    ("log", format!("{name}{}{}", also("entry"), also("taken")))
                }
                chain::Kind::Timestamp => ("time", format!("{}, {name}", proven(fact("time")))),
                chain::Kind::Authority => ("ca", name.clone()),
                chain::Kind::Root => ("root", format!("{name}{}", also("digest"))),
            };
            self.line(8, &paint(FAINT, &format!("{label:6} ")), &plain(&text));
            for (id, ..) in link.checks {
                if !checks.contains(&id) {
                    checks.push(id);
                }
            }
        }
        self.line(8, &paint(FAINT, "checks "), &paint(GOOD, &checks.join(", ")));
        if self.by_policy && proof.used_by.is_empty() {
            self.line(8, "", &paint(WARNING, "no rule of the policy is met by it"));
        }
    }

    /// What did not count.
    fn aside(&mut self, report: &Report) {
        for refused in &report.refused {
            let line = format!(
                "{}: {} ({}, {})",
                plain(&refused.origin.to_string()),
                plain(&refused.message),
                plain(&refused.check),
                plain(&refused.reason)
            );
            self.line(2, &paint(WARNING, "not counted "), &line);
        }
        for exception in &report.exceptions {
            let line = format!(
                "{}, {}; until {}: {}, approved by {}",
                plain(&exception.id),
                plain(&state_words(&exception.state)),
                exception.expires,
                plain(&exception.reason),
                plain(&exception.approved_by)
            );
            self.line(2, &paint(WARNING, "exception "), &line);
        }
    }

    /// A line behind its head, folded under it. Style sequences have no width.
    fn line(&mut self, indent: usize, head: &str, text: &str) {
        let hang = indent + visible(head);
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(hang).max(ROOM));
        let mut folded = fold(text, room).into_iter();
        let first = folded.next().unwrap_or_default();
        self.lines.push(format!("{:indent$}{head}{first}", ""));
        self.lines.extend(folded.map(|more| format!("{:hang$}{more}", "")));
    }
}

fn signed(proof: &Proof<'_>) -> String {
    match proof.bundle.statement() {
        Some(statement) => statement.predicate_type.to_string(),
        None if proof.via.is_some() => "that list".to_owned(),
        None => "the artifact itself".to_owned(),
    }
}

fn proven(time: Option<&String>) -> &str {
    time.map_or("no time", String::as_str)
}

fn mark(word: Word) -> String {
    let style = match word {
        Word::Pass => GOOD,
        Word::Warn => WARNING,
        Word::Fail | Word::Error => ERROR,
    };
    paint(style, &format!("{:5} ", word.as_str()))
}

fn outcome_mark(outcome: Outcome) -> String {
    let style = match outcome {
        Outcome::Pass => GOOD,
        Outcome::Skipped => FAINT,
        Outcome::Fail | Outcome::Error => ERROR,
    };
    paint(style, &format!("{:5} ", outcome.as_str()))
}

fn rule_mark(rule: &Rule) -> String {
    match rule_word(rule) {
        // The outcome stands; a line below says that it does not count.
        "excepted" => paint(WARNING, &format!("{:5} ", rule.outcome.as_str())),
        _ => outcome_mark(rule.outcome),
    }
}

/// The words of a text on lines of at most `room` columns; a longer word has a line of its own.
fn fold(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let width = visible(word);
        if used > 0 && used + 1 + width > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += width;
        }
    }
    lines
}

/// Columns of a text: its characters, without our style sequences.
fn visible(text: &str) -> usize {
    let (mut columns, mut in_style) = (0, false);
    for c in text.chars() {
        match (in_style, c) {
            (false, '\x1b') => in_style = true,
            (true, 'm') => in_style = false,
            (true, _) => {}
            (false, _) => columns += 1,
        }
    }
    columns
}

/// Columns of a mark.
const MARK: usize = 6;
/// Columns that a text gets in the narrowest terminal.
const ROOM: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_folded_between_words_and_styles_have_no_width() {
        assert_eq!(fold("one two three", 7), ["one two", "three"]);
        assert_eq!(fold("sha256:0123456789 is long", 8), ["sha256:0123456789", "is long"]);
        assert_eq!(fold(&format!("{} b c", paint(GOOD, "a")), 3).len(), 2);
        assert_eq!(fold("", 8), [""]);
    }
}
