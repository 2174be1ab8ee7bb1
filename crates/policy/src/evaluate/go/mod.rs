//! What must be true of the Go binary itself.
//!
//! "Attested equals actual" is here: the facts come from the bytes that were digested, never from
//! a document. Where they cannot be read, every rule that is written fails or is an error.

mod hardening;
mod joins;
mod programs;
mod records;
mod settings;
mod view;

use chainsign_gosbom::{GoRelease, Module, ModuleInfo};
use serde_json::{Value, json};

use super::case::Target;
use crate::evidence::Testimony;
use crate::language::{Go, GoCondition};
use crate::verdict::{Outcome, Reason, Rule, RuleId};

pub(crate) use view::{Absent, GoImage, GoView, Place, Programs, faulty, platforms};

/// The Go rules of a policy, and the binary they are about.
pub(super) struct GoRules<'a> {
    rules: &'a Go,
    state: State<'a>,
}

/// As what an attestation is joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    Sbom,
    Provenance,
}

enum State<'a> {
    /// There are programs to look at.
    Ready { all: &'a Programs<'a>, presence: Rule },
    /// There is none that can be read, for this reason.
    Blocked { presence: Rule },
    /// The policy's condition says that the rules do not apply.
    Skipped { message: String },
}

impl<'a> GoRules<'a> {
    pub(super) fn new(rules: &'a Go, target: &'a Target<'a>) -> Self {
        let id = id("binary");
        let state = match &target.go {
            GoView::Programs(all) => match all.others.first() {
                None => {
                    let message = match all.place {
                        Place::Itself => "a Go binary with build information".to_owned(),
                        place => {
                            let (number, place) = (all.number(), place.word());
                            format!("{number} in the {place}, all with build information")
                        }
                    };
                    let presence = Rule::pass(id, message).with(all.images.iter().map(described));
                    State::Ready { all, presence }
                }
                // Part of a universal file would run and be looked at by no rule.
                Some(first) => {
                    let message = format!("found an image that is not Go in the file, at {first}");
                    let presence = Rule::fail(id, Reason::NotGo, message).with(all.others.iter());
                    State::Blocked { presence }
                }
            },
            GoView::Absent(Absent { certainly_not: true, message, .. })
                if matches!(rules.when.0, Some(GoCondition::GoBinary)) =>
            {
                State::Skipped { message: message.clone() }
            }
            GoView::Absent(Absent { outcome, reason, message, .. }) => State::Blocked {
                presence: Rule::new(id, *outcome, *reason, message.clone()).hint(
                    "these rules need the build information that Go writes into every binary: \
                     build without packers and obfuscators, or drop the `go` rules for this \
                     artifact",
                ),
            },
        };
        GoRules { rules, state }
    }

    /// Every rule that needs nothing but the binary.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let go = self.rules;
        let mut rules = vec![match &self.state {
            State::Ready { presence, .. } | State::Blocked { presence } => presence.clone(),
            State::Skipped { message } => skipped(id("binary"), message),
        }];
        if let Some(wanted) = go.programs.as_ref() {
            rules.push(self.whole(id("programs"), |id, all| programs::only(id, all, wanted)));
        }
        if let Some(wanted) = go.min_version.as_ref() {
            rules.push(self.each(id("minVersion"), |id, it| min_version(id, it, wanted.0)));
        }
        for (name, wanted) in &go.settings {
            let id = id("settings").below(name);
            rules.push(self.each(id, |id, it| settings::rule(id, it, name, &wanted.0)));
        }
        if go.replace.is_some() {
            rules.push(self.each(id("replace"), replace));
        }
        if go.static_linking.is_some() {
            rules.push(self.each(id("static"), static_linking));
        }
        if let Some(wanted) = go.hardening.as_ref() {
            for check in hardening::checks(&id("hardening"), wanted) {
                rules.push(self.each(check.id.clone(), |id, image| check.rule(id, image)));
            }
        }
        if go.records.is_some() {
            rules.push(self.each(id("records"), records::rule));
        }
        rules
    }

    /// The rules that join this attestation, held against a candidate.
    pub(super) fn joins(&self, attestation: &str, candidate: &Testimony) -> Vec<Rule> {
        self.joining(attestation)
            .map(|join| match &self.state {
                State::Ready { all, .. } => join.rule(all, candidate),
                State::Blocked { presence } => Rule::blocked(join.id(), presence),
                State::Skipped { message } => skipped(join.id(), message),
            })
            .collect()
    }

    /// The rules that join this attestation, when there is none.
    pub(super) fn joins_without(&self, attestation: &str, cause: &Rule) -> Vec<Rule> {
        self.joining(attestation)
            .map(|join| match &self.state {
                State::Ready { .. } | State::Blocked { .. } => Rule::blocked(join.id(), cause),
                State::Skipped { message } => skipped(join.id(), message),
            })
            .collect()
    }

    /// Every image as expressions look at it, or the result of a rule that needs one.
    pub(super) fn values(&self, id: &RuleId) -> Result<Vec<Value>, Box<Rule>> {
        match &self.state {
            State::Ready { all, .. } => all.images.iter().map(|it| value(id, it, all)).collect(),
            State::Blocked { presence } => Err(Box::new(Rule::blocked(id.clone(), presence))),
            State::Skipped { message } => Err(Box::new(skipped(id.clone(), message))),
        }
    }

    /// Whether a rule joins this attestation as a document of this kind.
    pub(super) fn joins_as(&self, attestation: &str, kind: Joined) -> bool {
        self.joining(attestation).any(|join| join.kind() == kind)
    }

    fn joining(&self, attestation: &str) -> impl Iterator<Item = joins::Join<'a>> {
        joins::of(self.rules).filter(move |join| join.attestation() == attestation)
    }

    /// One rule over every image: the worst of them.
    fn each(&self, id: RuleId, rule: impl Fn(RuleId, &GoImage<'_>) -> Rule) -> Rule {
        self.whole(id, |id, all| worst(&id, &all.images, |image| rule(id.clone(), image)))
    }

    /// One rule over all programs together.
    fn whole(&self, id: RuleId, rule: impl Fn(RuleId, &Programs<'_>) -> Rule) -> Rule {
        match &self.state {
            State::Ready { all, .. } => rule(id, all),
            State::Blocked { presence } => Rule::blocked(id, presence),
            State::Skipped { message } => skipped(id, message),
        }
    }
}

/// The worst result of all images, labelled where there are several, and what else is not met.
fn worst(id: &RuleId, images: &[GoImage<'_>], rule: impl Fn(&GoImage<'_>) -> Rule) -> Rule {
    let labelled = images.iter().map(|image| {
        let mut rule = rule(image);
        rule.message.insert_str(0, &image.label);
        rule
    });
    let none = || Rule::error(id.clone(), Reason::NotGo, "found no Go image");
    super::worst(labelled).unwrap_or_else(none)
}

fn min_version(id: RuleId, image: &GoImage<'_>, wanted: GoRelease) -> Rule {
    let wanted_text = format!("Go {wanted} or later");
    let Some(version) = image.build_info.go_version() else {
        let message = format!("the binary does not say which Go built it, wanted {wanted_text}");
        return Rule::error(id, Reason::GoVersionUnknown, message);
    };
    let Some(release) = version.release() else {
        let message = format!("found {version}, which is no release, wanted {wanted_text}");
        return Rule::error(id, Reason::GoVersionUnknown, message).compared(version, wanted_text);
    };
    if release < wanted {
        let message = format!("built with Go {release}, wanted {wanted_text}");
        return Rule::fail(id, Reason::GoVersionTooOld, message).compared(release, wanted_text);
    }
    Rule::pass(id, format!("built with Go {release}")).compared(release, wanted_text)
}

fn replace(id: RuleId, image: &GoImage<'_>) -> Rule {
    let modules = match modules(&id, image) {
        Ok(modules) => modules,
        Err(rule) => return *rule,
    };
    let all = modules.main.iter().chain(&modules.deps);
    let replaced: Vec<_> = all
        .filter_map(|module| {
            let by = module.replace.as_ref()?;
            Some(format!("{} {} => {} {}", module.path, module.version, by.path, by.version))
        })
        .collect();
    match replaced.first() {
        None => Rule::pass(id, format!("none of {} modules is replaced", modules.deps.len())),
        Some(first) => {
            let message =
                format!("found {} replaced modules, wanted none: {first}", replaced.len());
            Rule::fail(id, Reason::ModuleReplaced, message)
                .compared(first, "no replaced module")
                .with(replaced.iter().skip(1))
                .hint("release from a go.mod without `replace` directives")
        }
    }
}

fn static_linking(id: RuleId, image: &GoImage<'_>) -> Rule {
    use chainsign_gosbom::Linkage;
    let wanted = "neither a loader nor libraries";
    match &image.facts.linkage {
        Linkage::Static => Rule::pass(id, "needs neither a loader nor libraries"),
        Linkage::Dynamic { interpreter, needed } => {
            let needs: Vec<_> = interpreter.iter().chain(needed).map(String::as_str).collect();
            let needs = needs.join(", ");
            Rule::fail(id, Reason::NotStatic, format!("needs {needs}, wanted {wanted}"))
                .compared(needs, wanted)
                .hint("build with CGO_ENABLED=0 and without -buildmode=pie, or link statically")
        }
        _ => {
            let message = "the headers do not tell what the binary needs to start";
            Rule::error(id, Reason::NotKnowable, message)
        }
    }
}

/// What is not known is not there, so that asking for it is an error.
fn value(id: &RuleId, image: &GoImage<'_>, all: &Programs<'_>) -> Result<Value, Box<Rule>> {
    let info = modules(id, image)?;
    let module = |module: &Module| {
        let mut value = json!({"path": module.path, "version": module.version});
        if let Some(sum) = &module.sum {
            value["sum"] = sum.as_str().into();
        }
        if let Some(by) = &module.replace {
            value["replacedBy"] = json!({"path": by.path, "version": by.version});
        }
        value
    };
    let settings = info.settings.iter().map(|it| (it.key.clone(), it.value.clone().into()));
    let mut value = json!({
        "path": info.path,
        "modules": info.deps.iter().map(module).collect::<Vec<_>>(),
        "settings": settings.collect::<serde_json::Map<_, _>>(),
    });
    if let Some(main) = &info.main {
        value["main"] = module(main);
    }
    if let Some(release) = image.build_info.go_version().and_then(|version| version.release()) {
        value["version"] = release.to_string().into();
    }
    if let Some(path) = all.programs.get(image.program).and_then(|program| program.paths.first()) {
        value["file"] = (*path).into();
    }
    if let Some(is_static) = image.facts.linkage.is_static() {
        value["static"] = is_static.into();
    }
    Ok(value)
}

/// The module list, or the result of every rule that needs it.
fn modules<'a>(id: &RuleId, image: &GoImage<'a>) -> Result<&'a ModuleInfo, Box<Rule>> {
    image.build_info.modules().map_err(|reason| {
        let message = format!("the build information cannot be read: {reason}");
        Box::new(Rule::error(id.clone(), Reason::BuildInfoUnreadable, message))
    })
}

fn described(image: &GoImage<'_>) -> String {
    let version = image.build_info.go_version().map_or("an unknown Go", |it| it.as_str());
    let main = match image.build_info.modules() {
        Ok(modules) => modules.path.as_str(),
        Err(_) => "unknown main package",
    };
    format!("{}{main}, built with {version}", image.label)
}

fn skipped(id: RuleId, message: &str) -> Rule {
    let message = format!("`when: goBinary` does not hold: {message}");
    Rule::new(id, Outcome::Skipped, Reason::ConditionNotMet, message)
}

fn id(name: &str) -> RuleId {
    RuleId::new("go").below(name)
}
