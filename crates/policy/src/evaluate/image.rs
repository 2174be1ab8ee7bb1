//! What must be true of a container image.
//!
//! What an image says about itself was checked against the digest that names it, and so were its
//! layers. Where one of them cannot be believed, every rule that is written fails or is an error.

use std::fmt::Display;

use chainsign_artifact::image::{BaseSource, ImageFacts};
use chainsign_artifact::{ArtifactFacts, Content, ImageContent, Inside, Noted};
use chainsign_core::identity::TextMatcher;

use super::case::Target;
use super::go::{Absent, faulty, platforms};
use crate::language::{self, ImageCondition};
use crate::model::{Image, ImageEnvironment};
use crate::verdict::{Outcome, Reason, Rule, RuleId};

/// The artifact as an image.
pub(crate) enum ImageView<'a> {
    /// It is one: for each platform.
    Images(Vec<OneImage<'a>>),
    /// It is none, or cannot be read.
    Absent(Absent),
}

/// An image for one platform.
pub(crate) struct OneImage<'a> {
    /// Begins every message about it. Empty when it is the only one.
    label: String,
    facts: &'a ImageFacts,
    inside: &'a Inside,
}

impl<'a> ImageView<'a> {
    pub(crate) fn of(facts: &'a ArtifactFacts) -> Self {
        match &facts.content {
            Content::Images(images) => Self::images(images),
            _ => ImageView::Absent(Absent {
                certainly_not: true,
                outcome: Outcome::Fail,
                reason: Reason::NoImage,
                message: "the artifact is no container image".to_owned(),
            }),
        }
    }

    /// For listing the rules of a policy.
    pub(crate) fn nothing() -> Self {
        ImageView::Absent(Absent {
            certainly_not: false,
            outcome: Outcome::Error,
            reason: Reason::NoImage,
            message: String::new(),
        })
    }

    fn images(images: &'a ImageContent) -> Self {
        if let Some(absent) = faulty(images) {
            return ImageView::Absent(absent);
        }
        let mut all = Vec::new();
        for (label, image) in platforms(images).into_iter().zip(&images.images) {
            if let Some(fault) = image.inside.faults.first() {
                return ImageView::Absent(Absent::fault(fault, super::go::Place::Image, &label));
            }
            all.push(OneImage { label, facts: &image.facts, inside: &image.inside });
        }
        ImageView::Images(all)
    }
}

/// Every rule that is written, in the order of the language.
pub(super) fn rules(wanted: &Image, target: &Target<'_>) -> Vec<Rule> {
    let presence = id("layers");
    let images = match &target.image {
        ImageView::Images(images) => images,
        ImageView::Absent(absent) => {
            let skip = absent.certainly_not && wanted.when == Some(ImageCondition::Image);
            let blocked = |cause: Rule| {
                let rest = checks(wanted).into_iter().map(|check| match skip {
                    true => skipped(check.id, &absent.message),
                    false => Rule::blocked(check.id, &cause),
                });
                let rest: Vec<_> = rest.collect();
                std::iter::once(cause.clone()).chain(rest).collect()
            };
            return blocked(match skip {
                true => skipped(presence, &absent.message),
                false => Rule::new(presence, absent.outcome, absent.reason, absent.message.clone()),
            });
        }
    };
    let described = images.iter().map(|image| {
        let facts = image.facts;
        let digest = facts.manifest.as_ref().unwrap_or(&facts.id);
        format!(
            "{}: {digest}, {}, {}",
            facts.platform,
            counted(facts.layers.len(), "layer"),
            counted(image.inside.files, "file")
        )
    });
    let message = "a container image whose layers are those that its manifest names";
    let mut rules = vec![Rule::pass(presence, message).with(described)];
    rules.extend(checks(wanted).iter().map(|check| check.rule(images)));
    rules
}

/// One rule that is written.
struct Check<'a> {
    id: RuleId,
    kind: Kind<'a>,
}

type Each<'a> = Box<dyn Fn(RuleId, &OneImage<'_>) -> Rule + 'a>;

enum Kind<'a> {
    /// Over each platform's image: the worst result counts.
    Each(Each<'a>),
    /// Over all together.
    Platforms(&'a [language::PlatformName]),
}

struct Checks<'a>(Vec<Check<'a>>);

impl<'a> Checks<'a> {
    fn each(&mut self, id: RuleId, check: Each<'a>) {
        self.0.push(Check { id, kind: Kind::Each(check) });
    }
}

fn checks(wanted: &Image) -> Vec<Check<'_>> {
    let mut checks = Checks(Vec::new());
    if let Some(platforms) = &wanted.platforms {
        checks.0.push(Check { id: id("platforms"), kind: Kind::Platforms(platforms) });
    }
    if wanted.user.is_some() {
        checks.each(id("user"), Box::new(user));
    }
    for (name, wanted, of) in [
        ("entrypoint", &wanted.entrypoint, entrypoint as fn(&ImageFacts) -> &[String]),
        ("command", &wanted.command, command),
    ] {
        if let Some(wanted) = wanted {
            checks.each(id(name), Box::new(move |id, image| words(id, of(image.facts), wanted)));
        }
    }
    if let Some(wanted) = &wanted.environment {
        let below = id("environment");
        if !wanted.forbid.is_empty() || !wanted.forbid_values.is_empty() {
            checks.each(
                below.below("forbid"),
                Box::new(|id, image| forbidden_variables(id, image, wanted)),
            );
        }
        for (name, wanted) in &wanted.values {
            let check = move |id, image: &OneImage<'_>| {
                let found = variables(image).filter(|(found, _)| found == name);
                // The last one counts, and some readers take the first.
                let mut values: Vec<_> = found.map(|(_, value)| value).collect();
                values.dedup();
                match values.as_slice() {
                    [] => text(id, &format!("variable {name}"), None, wanted),
                    [value] => text(id, &format!("variable {name}"), Some(value), wanted),
                    _ => {
                        let message = format!("sets the variable {name} to several values");
                        Rule::fail(id, Reason::ValueMismatch, message)
                            .compared(values.join(", "), wanted)
                    }
                }
            };
            checks.each(below.below("values").below(name), Box::new(check));
        }
    }
    if let Some(wanted) = &wanted.base {
        checks.each(id("base"), Box::new(|id, image| base(id, image, wanted)));
    }
    for (name, written, what, of) in [
        ("shell", wanted.shell.is_some(), "a shell", shells as fn(&Inside) -> &Noted),
        ("packageManager", wanted.package_manager.is_some(), "a package manager", managers),
    ] {
        if written {
            checks.each(id(name), Box::new(move |id, image| none(id, what, of(image.inside))));
        }
    }
    if wanted.elevated_files.is_some() {
        checks.each(id("elevatedFiles"), Box::new(elevated));
    }
    if wanted.ca_certificates.is_some() {
        checks.each(id("caCertificates"), Box::new(certificates));
    }
    for (name, wanted) in &wanted.labels {
        let check = move |id, image: &OneImage<'_>| {
            let found = image.facts.config.labels.get(name);
            text(id, &format!("label {name}"), found.map(String::as_str), wanted)
        };
        checks.each(id("labels").below(name), Box::new(check));
    }
    for (name, wanted) in &wanted.annotations {
        let check = move |id, image: &OneImage<'_>| {
            let found = image.facts.annotations.get(name);
            text(id, &format!("annotation {name}"), found.map(String::as_str), wanted)
        };
        checks.each(id("annotations").below(name), Box::new(check));
    }
    checks.0
}

impl Check<'_> {
    fn rule(&self, images: &[OneImage<'_>]) -> Rule {
        match &self.kind {
            Kind::Platforms(wanted) => platforms_are(self.id.clone(), images, wanted),
            Kind::Each(check) => {
                let labelled = images.iter().map(|image| {
                    let mut rule = check(self.id.clone(), image);
                    rule.message.insert_str(0, &image.label);
                    rule
                });
                super::worst(labelled).unwrap_or_else(|| {
                    Rule::error(self.id.clone(), Reason::NoImage, "found no image")
                })
            }
        }
    }
}

/// Both ways: none is missing, and none is there that nobody looked for.
fn platforms_are(id: RuleId, images: &[OneImage<'_>], wanted: &[language::PlatformName]) -> Rule {
    let found: Vec<_> = images.iter().map(|image| &image.facts.platform).collect();
    let list = |platforms: Vec<String>| platforms.join(", ");
    let found_text = list(found.iter().map(ToString::to_string).collect());
    let wanted_text = list(wanted.iter().map(|platform| platform.0.to_string()).collect());
    let missing = wanted.iter().find(|wanted| !found.iter().any(|it| it.is_for(&wanted.0)));
    let other = found.iter().find(|it| !wanted.iter().any(|wanted| it.is_for(&wanted.0)));
    let message = match (missing, other) {
        (None, None) => {
            return Rule::pass(id, format!("is for {found_text}"))
                .compared(found_text, wanted_text);
        }
        (Some(missing), _) => format!("is not for {}: found {found_text}", missing.0),
        (None, Some(other)) => format!("is also for {other}, wanted {wanted_text}"),
    };
    Rule::fail(id, Reason::ValueMismatch, message).compared(found_text, wanted_text)
}

/// image-spec `config.md`: user or UID, and group after a colon. None is the same as root.
fn user(id: RuleId, image: &OneImage<'_>) -> Rule {
    let wanted = "a number that is not 0";
    let found = image.facts.config.user.as_str();
    let user = found.split(':').next().unwrap_or_default();
    let digits = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, user.parse::<u32>()) {
        (true, Ok(1..)) => Rule::pass(id, format!("runs as {found}")).compared(found, wanted),
        (true, Ok(0)) => root(id, found),
        (false, _) if matches!(user, "" | "root") => root(id, found),
        _ => {
            let message =
                format!("runs as {found:?}, which is no number: who that is, is not known");
            Rule::error(id, Reason::NotKnowable, message)
                .compared(found, wanted)
                .hint("write the UID: USER 65532:65532")
        }
    }
}

fn root(id: RuleId, found: &str) -> Rule {
    let shown = if found.is_empty() { "nobody in particular, which is root" } else { found };
    Rule::fail(id, Reason::RunsAsRoot, format!("runs as {shown}, wanted a number that is not 0"))
        .compared(shown, "a number that is not 0")
        .hint("set a user in the last stage: USER 65532:65532")
}

fn words(id: RuleId, found: &[String], wanted: &[String]) -> Rule {
    let shown = |words: &[String]| match words {
        [] => "nothing".to_owned(),
        words => format!("{words:?}"),
    };
    let (found_text, wanted_text) = (shown(found), shown(wanted));
    match found == wanted {
        true => Rule::pass(id, format!("is {found_text}")),
        false => {
            let message = format!("found {found_text}, wanted {wanted_text}");
            Rule::fail(id, Reason::ValueMismatch, message)
        }
    }
    .compared(found_text, wanted_text)
}

fn forbidden_variables(id: RuleId, image: &OneImage<'_>, wanted: &ImageEnvironment) -> Rule {
    let forbidden = |(name, value): &(&str, &str)| {
        wanted.forbid.iter().any(|glob| glob.matches(name))
            || wanted.forbid_values.iter().any(|text| text.matches(value))
    };
    // Values may be secrets: only names are told.
    let found: Vec<_> = variables(image).filter(forbidden).map(|(name, _)| name).collect();
    let set = image.facts.config.environment.len();
    match found.first() {
        None => Rule::pass(id, format!("none of {set} variables is forbidden")),
        Some(first) => {
            let message = format!("sets the variable {first}, which is forbidden");
            Rule::fail(id, Reason::Forbidden, message)
                .compared(first, "no forbidden variable")
                .with(found.iter().skip(1).copied())
                .hint("what an image sets, everybody who can pull it can read")
        }
    }
}

/// `NAME=value`; without a value, the empty one.
fn variables<'a>(image: &OneImage<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let variables = image.facts.config.environment.iter();
    variables.map(|it| it.split_once('=').unwrap_or((it.as_str(), "")))
}

fn base(id: RuleId, image: &OneImage<'_>, wanted: &language::Base) -> Rule {
    let digests = wanted.digests.iter().map(|digest| digest.0.to_string());
    let names = wanted.names.iter().map(|glob| glob.0.as_str().to_owned());
    let wanted_text = digests.chain(names).collect::<Vec<_>>().join(" or ");
    let Some(found) = image.facts.base() else {
        let message = format!("does not say on which image it was built, wanted {wanted_text}");
        return Rule::fail(id, Reason::ValueMissing, message)
            .compared("nothing", wanted_text)
            .hint("annotate the manifest with org.opencontainers.image.base.digest and base.name");
    };
    let source = match found.source {
        BaseSource::Annotation => "an annotation",
        _ => "a label",
    };
    let digest = found.digest.as_ref().map(ToString::to_string);
    let parts = [found.name.clone(), digest].into_iter().flatten().collect::<Vec<_>>();
    let found_text = parts.join(" ");
    let right_digest = wanted.digests.is_empty()
        || found.digest.is_some_and(|found| wanted.digests.iter().any(|it| it.0 == found));
    let right_name = wanted.names.is_empty()
        || found.name.is_some_and(|found| wanted.names.iter().any(|it| it.0.matches(&found)));
    if right_digest && right_name {
        let message = format!("was built on {found_text}, says {source}");
        return Rule::pass(id, message).compared(found_text, wanted_text);
    }
    let message = format!("was built on {found_text}, says {source}; wanted {wanted_text}");
    Rule::fail(id, Reason::ValueMismatch, message).compared(found_text, wanted_text)
}

/// Files that must not be there.
fn none(id: RuleId, what: &str, found: &Noted) -> Rule {
    let Some(first) = found.first.first() else {
        return Rule::pass(id, format!("has no file with the name of {what}"));
    };
    let more = match found.count {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Rule::fail(id, Reason::FileNotAllowed, format!("has {what}: {first}{more}"))
        .compared(first, "none")
        .with(found.first.iter().skip(1))
}

fn elevated(id: RuleId, image: &OneImage<'_>) -> Rule {
    let unknown = &image.inside.unknown_permissions;
    match (image.inside.elevated.count, unknown.first.first()) {
        (0, Some(first)) => {
            let message = format!("what {first} may do when it is run cannot be told");
            Rule::error(id, Reason::NotKnowable, message).with(unknown.first.iter().skip(1))
        }
        (0, None) => Rule::pass(id, "no file gives rights to whoever runs it"),
        _ => none(id, "a file that gives rights to whoever runs it", &image.inside.elevated),
    }
}

fn certificates(id: RuleId, image: &OneImage<'_>) -> Rule {
    match image.inside.ca_certificates.first.first() {
        Some(first) => Rule::pass(id, format!("has certificates of authorities in {first}")),
        None => {
            let message = "has no certificates of authorities where Go looks for them";
            Rule::fail(id, Reason::FileMissing, message)
                .compared("none", "etc/ssl/certs/ca-certificates.crt or the like")
                .hint("copy them: COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/")
        }
    }
}

fn text(id: RuleId, what: &str, found: Option<&str>, wanted: &TextMatcher) -> Rule {
    match found {
        None => {
            let message = format!("has no {what}, wanted {wanted}");
            Rule::fail(id, Reason::ValueMissing, message).compared("nothing", wanted)
        }
        Some(found) if wanted.matches(found) => {
            Rule::pass(id, format!("the {what} is {found}")).compared(found, wanted)
        }
        Some(found) => {
            let message = format!("found the {what} {found}, wanted {wanted}");
            Rule::fail(id, Reason::ValueMismatch, message).compared(found, wanted)
        }
    }
}

fn entrypoint(facts: &ImageFacts) -> &[String] {
    &facts.config.entrypoint
}

fn command(facts: &ImageFacts) -> &[String] {
    &facts.config.command
}

fn shells(inside: &Inside) -> &Noted {
    &inside.shells
}

fn managers(inside: &Inside) -> &Noted {
    &inside.package_managers
}

fn skipped(id: RuleId, message: &str) -> Rule {
    let message = format!("`when: image` does not hold: {message}");
    Rule::new(id, Outcome::Skipped, Reason::ConditionNotMet, message)
}

fn id(name: &str) -> RuleId {
    RuleId::new("image").below(name)
}

/// `1 layer`, `2 layers`
fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    let many = if count == N::from(1) { "" } else { "s" };
    format!("{count} {one}{many}")
}
