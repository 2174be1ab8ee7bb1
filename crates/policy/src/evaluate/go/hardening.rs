//! How the binary is protected, as its headers show it.

use chainsign_gosbom::Relro;

use super::GoImage;
use crate::language::{Hardening, MinRelro};
use crate::verdict::{Reason, Rule, RuleId};

/// One written expectation.
pub(super) struct Check<'a> {
    pub(super) id: RuleId,
    check: Box<dyn Fn(&GoImage<'_>) -> Found + 'a>,
    wanted: &'static str,
}

/// What the headers show.
enum Found {
    Good(&'static str),
    Bad(&'static str),
    Unknown,
}

/// The expectations that are written.
pub(super) fn checks<'a>(id: &RuleId, wanted: &'a Hardening) -> Vec<Check<'a>> {
    let mut checks = Vec::new();
    let mut add = |name: &str, wanted, check: Box<dyn Fn(&GoImage<'_>) -> Found + 'a>| {
        checks.push(Check { id: id.below(name), check, wanted });
    };
    if wanted.pie.is_some() {
        let texts = ("position-independent", "not position-independent");
        add("pie", texts.0, Box::new(move |image| yes(image.facts.pie, texts)));
    }
    if wanted.stripped.is_some() {
        let texts = ("no symbols", "symbols or debug information");
        add("stripped", texts.0, Box::new(move |image| yes(image.facts.stripped, texts)));
    }
    if let Some(least) = wanted.relro.as_ref() {
        let wanted = match least {
            MinRelro::Partial => "partly or wholly read-only relocations",
            MinRelro::Full => "wholly read-only relocations",
        };
        add("relro", wanted, Box::new(move |image| relro(image, *least)));
    }
    if wanted.bind_now.is_some() {
        let texts = ("symbols bound at start-up", "symbols bound when first used");
        add("bindNow", texts.0, Box::new(move |image| yes(image.facts.bind_now, texts)));
    }
    if wanted.executable_stack.is_some() {
        let texts = ("a stack that is not executable", "an executable stack");
        let not = |found: Option<bool>| found.map(|found| !found);
        let check = move |image: &GoImage<'_>| yes(not(image.facts.executable_stack), texts);
        add("executableStack", texts.0, Box::new(check));
    }
    checks
}

impl Check<'_> {
    pub(super) fn rule(&self, id: RuleId, image: &GoImage<'_>) -> Rule {
        let wanted = self.wanted;
        match (self.check)(image) {
            Found::Good(found) => Rule::pass(id, format!("has {found}")).compared(found, wanted),
            Found::Bad(found) => {
                Rule::fail(id, Reason::ValueMismatch, format!("found {found}, wanted {wanted}"))
                    .compared(found, wanted)
            }
            Found::Unknown => {
                let message = format!("the headers of this format do not tell, wanted {wanted}");
                Rule::error(id, Reason::NotKnowable, message)
            }
        }
    }
}

fn yes(found: Option<bool>, (good, bad): (&'static str, &'static str)) -> Found {
    match found {
        Some(true) => Found::Good(good),
        Some(false) => Found::Bad(bad),
        None => Found::Unknown,
    }
}

fn relro(image: &GoImage<'_>, least: MinRelro) -> Found {
    match (image.facts.relro, least) {
        (Some(Relro::Full), _) => Found::Good("wholly read-only relocations"),
        (Some(Relro::Partial), MinRelro::Partial) => Found::Good("partly read-only relocations"),
        (Some(Relro::Partial), MinRelro::Full) => Found::Bad("partly read-only relocations"),
        (Some(Relro::Absent), _) => Found::Bad("no read-only relocations"),
        _ => Found::Unknown,
    }
}
