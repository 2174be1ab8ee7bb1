//! A policy in plain sentences, one for each of its rules, and what is odd about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chainsign_core::identity::TextMatcher;
use jiff::Timestamp;

use crate::language::{
    Go, Hardening, ImageCondition, MinRelro, MissingLicence, ModulesJoin, Select,
    UnknownParameters, UnknownSeverity, Via, spoken,
};
use crate::model::{
    AcceptedSummary, Attestation, Authority, Image, Model, RepositoryMatch, RootChoice, Scope,
    SignerTree, Slsa, SubjectMatch, Vulnerabilities, Who,
};
use crate::verdict::RuleId;

/// What one rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The rule.
    pub id: RuleId,
    /// What must hold, as a sentence.
    pub text: String,
}

/// Something in a policy that loads and that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lint {
    /// No rule asks for the authority.
    #[error("no rule asks for the authority {name}")]
    UnusedAuthority {
        /// The authority.
        name: String,
    },
    /// No authority stands under the root.
    #[error("no authority stands under the root {name}")]
    UnusedRoot {
        /// The root.
        name: String,
    },
    /// Any program may be in the archive or image.
    #[error("go.programs allows any program: {glob}")]
    AnyProgram {
        /// The glob.
        glob: String,
    },
    /// Whoever may label a workload decides whether the policy is about it.
    #[error("match.kubernetes asks for labels: whoever may change them takes a workload out")]
    ScopeByLabel,
    /// An exception is for an emergency.
    #[error("the exception {id} is for an emergency, until {expires}")]
    BreakGlass {
        /// The exception.
        id: String,
        /// When it ends.
        expires: Timestamp,
    },
    /// An exception has expired.
    #[error("the exception {id} expired {expires} and is ignored")]
    ExpiredException {
        /// The exception.
        id: String,
        /// When it expired.
        expires: Timestamp,
    },
    /// The policy has expired: it never passes.
    #[error("the policy expired {expires} and never passes")]
    ExpiredPolicy {
        /// When it expired.
        expires: Timestamp,
    },
    /// Nothing is ever denied.
    #[error("mode {mode}: nothing is denied")]
    NothingDenied {
        /// The mode.
        mode: &'static str,
    },
    /// An authority accepts any subject of its issuer.
    #[error("the authority {name} accepts anybody with an account at its issuer")]
    AnySubject {
        /// The authority.
        name: String,
    },
    /// The age of what a key signed bounds nothing.
    #[error(
        "{id} asks how old what the key {authority} signed is: whoever has it can have it \
         timestamped anew"
    )]
    AgeOfKey {
        /// What asks for the age.
        id: RuleId,
        /// The authority that is a key.
        authority: String,
    },
    /// Whoever starts a build chooses parameters that nobody looks at.
    #[error("{id} lets whoever starts the build choose parameters that no rule looks at")]
    UnknownParameters {
        /// The attestation.
        id: RuleId,
    },
}

/// One sentence for each rule, in the order of evaluation.
pub(crate) fn explain(model: &Model) -> Vec<Explanation> {
    let mut say = Sentences(Vec::new());
    match &model.scope {
        Some(Scope::Bound { target, by, .. }) => {
            say.that("policy.match", format!("{target} is one of {by}."));
        }
        Some(Scope::Unbound) => {
            say.that("policy.match", "The policy is asked about one of its targets.");
        }
        None => {}
    }
    if let Some(expires) = model.expires {
        say.that("policy.expires", format!("It is not {expires} yet."));
    }
    let deny = &model.deny;
    let lists = [
        ("digests", deny.digests.len(), "The artifact is not on the list"),
        (
            "certificates",
            deny.certificates.len(),
            "What a certificate on the list signed does not count",
        ),
        ("keys", deny.keys.len(), "What a key on the list signed does not count"),
        (
            "logEntries",
            deny.log_entries.len(),
            "What relies on a log entry on the list does not count",
        ),
    ];
    for (name, entries, text) in lists {
        if entries > 0 {
            say.that(&format!("deny.{name}"), format!("{text} (it has {entries})."));
        }
    }
    if let Some(wanted) = &model.signatures {
        let what = match wanted.via {
            None => "The artifact",
            Some(Via::Checksums) => "The artifact, or a file of checksums that lists it,",
        };
        say.that("signatures", format!("{what} is signed by {}.", signers(&wanted.tree)));
    }
    for it in &model.attestations {
        attestation(&mut say, it);
    }
    for it in &model.summaries {
        summary(&mut say, it);
    }
    if let Some(rules) = &model.go {
        go(&mut say, model, rules);
    }
    if let Some(wanted) = &model.image {
        image(&mut say, wanted);
    }
    for rule in &model.rules {
        let source = rule.expression.source();
        say.0.push(Explanation {
            id: rule.id.clone(),
            text: format!("{} ({source}).", rule.message),
        });
    }
    say.0
}

/// What is odd about a policy at a time.
pub(crate) fn lints(model: &Model, now: Timestamp) -> Vec<Lint> {
    let mut lints = Vec::new();
    if let Some(expires) = model.expires.filter(|expires| *expires <= now) {
        lints.push(Lint::ExpiredPolicy { expires });
    }
    if model.identity.mode != crate::verdict::Mode::Enforce {
        lints.push(Lint::NothingDenied { mode: model.identity.mode.as_str() });
    }
    let used = used(model);
    let unused = model.authorities.iter().filter(|it| !used.contains(it.name.as_str()));
    lints.extend(unused.map(|it| Lint::UnusedAuthority { name: it.name.clone() }));
    let stands_under = |name: &str| model.authorities.iter().any(|it| it.root() == Some(name));
    let unused = model.roots.iter().filter(|root| !stands_under(&root.name));
    lints.extend(unused.map(|root| Lint::UnusedRoot { name: root.name.clone() }));
    let any = model.authorities.iter().filter(|it| it.accepts_any_subject());
    lints.extend(any.map(|it| Lint::AnySubject { name: it.name.clone() }));
    for it in &model.attestations {
        let slsa = it.slsa.as_ref();
        if slsa.is_some_and(|it| it.parameters.unknown == UnknownParameters::DangerousAllow) {
            lints.push(Lint::UnknownParameters { id: it.id.clone() });
        }
    }
    for (id, by) in aged(model) {
        let keys = by.iter().filter(|it| matches!(it.who, Who::Key(_)));
        lints.extend(keys.map(|it| Lint::AgeOfKey { id: id.clone(), authority: it.name.clone() }));
    }
    let programs = model.go.as_ref().and_then(|go| go.programs.as_ref());
    let any = programs.into_iter().flat_map(|globs| globs.iter());
    let any = any.filter(|glob| matches!(glob.0.as_str(), "**" | "/**" | "**/*"));
    lints.extend(any.map(|glob| Lint::AnyProgram { glob: glob.0.as_str().to_owned() }));
    if model.scoped_by_label {
        lints.push(Lint::ScopeByLabel);
    }
    let standing = model.exceptions.iter().filter(|exception| exception.expires.0 > now);
    let glass = standing.filter(|exception| exception.break_glass.is_some());
    lints.extend(glass.map(|exception| Lint::BreakGlass {
        id: exception.id.to_string(),
        expires: exception.expires.0,
    }));
    let expired = model.exceptions.iter().filter(|exception| exception.expires.0 <= now);
    lints.extend(expired.map(|exception| Lint::ExpiredException {
        id: exception.id.to_string(),
        expires: exception.expires.0,
    }));
    lints
}

/// What asks for an age, with who signs it.
fn aged(model: &Model) -> Vec<(RuleId, &[Arc<Authority>])> {
    let mut aged = Vec::new();
    for it in &model.attestations {
        if it.max_age.is_some() {
            aged.push((it.id.below("maxAge"), it.by.as_slice()));
        }
        if let Some(vex) = it.vulnerabilities.as_ref().and_then(|it| it.vex.as_ref()) {
            aged.push((
                it.id.below("vulnerabilities").below("vex").below("maxAge"),
                vex.by.as_slice(),
            ));
        }
    }
    let summaries = model.summaries.iter().filter(|it| it.max_age.is_some());
    aged.extend(summaries.map(|it| (it.id.below("maxAge"), it.by.as_slice())));
    aged
}

struct Sentences(Vec<Explanation>);

impl Sentences {
    fn that(&mut self, id: &str, text: impl Into<String>) {
        self.0.push(Explanation { id: RuleId::new(id), text: text.into() });
    }

    fn below(&mut self, id: &RuleId, name: &str, text: impl Into<String>) {
        self.0.push(Explanation { id: id.below(name), text: text.into() });
    }
}

/// Recursion is bounded by the nesting that the YAML reader allows.
fn signers(tree: &SignerTree) -> String {
    let joined = |trees: &[SignerTree], word: &str| {
        let parts: Vec<_> = trees
            .iter()
            .map(|tree| match tree {
                SignerTree::Authority(_) => signers(tree),
                _ => format!("({})", signers(tree)),
            })
            .collect();
        parts.join(word)
    };
    match tree {
        SignerTree::Authority(authority) => format!("{} [{authority}]", authority.name),
        SignerTree::All(trees) => joined(trees, " and "),
        SignerTree::Any(trees) => joined(trees, " or "),
        SignerTree::AtLeast { count, of } => format!("at least {count} different of {}", names(of)),
    }
}

fn attestation(say: &mut Sentences, it: &Attestation) {
    let types: Vec<_> = it.types.iter().map(ToString::to_string).collect();
    let which = match it.select {
        Select::Any => "One",
        Select::Newest => "The newest",
        Select::All => "Every one",
    };
    let id = &it.id;
    say.that(
        id.as_str(),
        format!(
            "There is an attestation of type {} by {}. {which} of them must meet what follows.",
            types.join(" or "),
            names(&it.by),
        ),
    );
    if let Some(limit) = it.max_age {
        say.below(id, "maxAge", format!("It was signed at most {} ago.", spoken(limit)));
    }
    if let Some(wanted) = &it.slsa {
        slsa(say, id, wanted);
    }
    if let Some(wanted) = &it.sbom {
        let least = wanted.min_components.map_or(1, |least| least.get());
        say.below(id, "minComponents", format!("It lists {least} or more components."));
        if let Some(limit) = wanted.created_within.as_ref() {
            let text = format!("It was made at most {} ago, by its own word.", spoken(limit.0));
            say.below(id, "createdWithin", text);
        }
        if wanted.describes.is_some() {
            say.below(id, "describes", "It describes the artifact by a digest of its own.");
        }
        if !wanted.forbid.is_empty() {
            let list: Vec<_> = wanted.forbid.iter().map(|it| it.purl.0.to_string()).collect();
            say.below(
                id,
                "forbid",
                format!("It lists no forbidden version of {}.", list.join(", ")),
            );
        }
        if let Some(wanted) = wanted.licences.as_ref() {
            let list: Vec<_> = wanted.allow.iter().map(String::as_str).collect();
            let missing = match wanted.missing {
                MissingLicence::Deny => "states a licence, and every licence",
                MissingLicence::Allow => "that states a licence has one which",
            };
            let text = format!("Every component {missing} is one of {}.", list.join(", "));
            say.below(id, "licences", text);
        }
    }
    if let Some(wanted) = &it.vulnerabilities {
        vulnerabilities(say, id, wanted);
    }
    for rule in &it.rules {
        let text = format!("{} ({}).", rule.message, rule.expression.source());
        say.0.push(Explanation { id: rule.id.clone(), text });
    }
}

fn summary(say: &mut Sentences, it: &AcceptedSummary) {
    let inputs: Vec<_> = it.in_place_of.iter().map(|input| input.as_str()).collect();
    let levels: Vec<_> = it.levels.iter().map(ToString::to_string).collect();
    let policies = it.policies.as_ref().map_or(String::new(), |policies| {
        let policies: Vec<_> = policies.iter().map(ToString::to_string).collect();
        format!(" by the policy {}", policies.join(" or "))
    });
    let age = it.max_age.map_or(String::new(), |limit| format!(", at most {} ago", spoken(limit)));
    let text = format!(
        "Where {} is not met, a summary stands in for it that {} signed for the verifier {}, and in which it \
         verified{policies} that the artifact is the resource that {} and has {}{age}.",
        inputs.join(" or "),
        names(&it.by),
        it.verifier,
        is(&it.resource_uri),
        levels.join(" and "),
    );
    say.that(it.id.as_str(), text);
}

fn slsa(say: &mut Sentences, id: &RuleId, wanted: &Slsa) {
    let builder =
        |it: &crate::model::Builder| format!("{} for which {} speaks", it.id, it.signer.name);
    let builders: Vec<_> = wanted.builders.iter().map(builder).collect();
    say.below(id, "builder", format!("It was built by {}.", builders.join(", or by ")));
    if let Some(level) = wanted.level {
        let text = format!("The policy gives that builder and signer level {} or more.", level.0);
        say.below(id, "level", text);
    }
    let source = id.below("source");
    if let Some(wanted) = &wanted.build_type {
        say.below(id, "buildType", format!("The build type {}.", is(wanted)));
    }
    if let Some(wanted) = &wanted.repository {
        let text = match wanted {
            RepositoryMatch::Exact(repository) => format!("The source repository is {repository}."),
            RepositoryMatch::Pattern(pattern) => {
                format!("The source repository matches {}.", pattern.as_str())
            }
        };
        say.below(&source, "repository", text);
    }
    for (name, what, wanted) in [
        ("ref", "source ref", &wanted.reference),
        ("commit", "source commit", &wanted.commit),
        ("entryPoint", "file or job that defined the build", &wanted.entry_point),
    ] {
        if let Some(wanted) = wanted {
            say.below(&source, name, format!("The {what} {}.", is(wanted)));
        }
    }
    let parameters = id.below("externalParameters");
    for (name, wanted) in &wanted.parameters.values {
        say.below(&parameters, name, format!("The external parameter {name} {}.", is(wanted)));
    }
    if wanted.parameters.unknown == UnknownParameters::Deny {
        let known = match wanted.parameters.allow.as_slice() {
            [] => String::new(),
            allow => format!(", except {}, which may be anything", allow.join(", ")),
        };
        let text = format!("It has no external parameter that the policy does not know{known}.");
        say.0.push(Explanation { id: parameters, text });
    }
}

fn vulnerabilities(say: &mut Sentences, id: &RuleId, wanted: &Vulnerabilities) {
    if let Some(limit) = wanted.scanned_within {
        say.below(id, "scannedWithin", format!("The scan ended at most {} ago.", spoken(limit)));
    }
    let unknown = match wanted.unknown {
        UnknownSeverity::Deny => ", and none of unknown severity",
        UnknownSeverity::Allow => "",
    };
    let vex = wanted.vex.as_ref().map_or(String::new(), |vex| {
        let statuses: Vec<_> = vex.suppress.iter().map(|status| status.as_str()).collect();
        format!(
            ", not counting what {} called {} at most {} ago",
            names(&vex.by),
            statuses.join(" or "),
            spoken(vex.max_age)
        )
    });
    let max = wanted.max.as_str();
    let text = format!("It found no vulnerability worse than {max}{unknown}{vex}.");
    say.below(id, "maxSeverity", text);
}

fn go(say: &mut Sentences, model: &Model, rules: &Go) {
    let id = RuleId::new("go");
    let when = match rules.when.is_some() {
        true => {
            "Unless the artifact is certainly no Go binary and has none in it, it is or has one"
        }
        false => "The artifact is a Go binary, or an archive or image with one in it",
    };
    say.below(&id, "binary", format!("{when}, and all build information can be read."));
    if let Some(wanted) = rules.programs.as_ref() {
        let list: Vec<_> = wanted.iter().map(|glob| glob.0.as_str()).collect();
        let text = format!("The Go programs in the archive or image are {}.", list.join(", "));
        say.below(&id, "programs", text);
    }
    if let Some(wanted) = rules.min_version.as_ref() {
        say.below(&id, "minVersion", format!("It was built with Go {} or later.", wanted.0));
    }
    let settings = id.below("settings");
    for (name, wanted) in &rules.settings {
        let value = if wanted.0.is_empty() { "nothing" } else { wanted.0.as_str() };
        say.below(&settings, name, format!("The build setting {name} is {value}."));
    }
    if rules.replace.is_some() {
        say.below(&id, "replace", "None of its modules was replaced.");
    }
    if rules.static_linking.is_some() {
        say.below(&id, "static", "It needs neither a loader nor libraries.");
    }
    if let Some(wanted) = rules.hardening.as_ref() {
        hardening(say, &id.below("hardening"), wanted);
    }
    if rules.records.is_some() {
        say.below(&id, "records", "Nothing in it contradicts its build information.");
    }
    // Joins come in the order of the attestations that they join.
    for attestation in &model.attestations {
        let name = attestation.name.as_str();
        match rules.modules.as_ref() {
            Some(ModulesJoin::Equal(join)) if join.as_str() == name => {
                let text = format!("Its modules, versions and sums are those that {name} lists.");
                say.below(&id, "modules", text);
            }
            Some(ModulesJoin::Covers(join)) if join.as_str() == name => {
                let text =
                    format!("Its modules, versions and sums are among those that {name} lists.");
                say.below(&id, "modules", text);
            }
            _ => {}
        }
        if rules.listed.as_ref().is_some_and(|join| join.sbom.as_str() == name) {
            let text = format!("Every Go program, by its digest, is one that {name} lists.");
            say.below(&id, "listed", text);
        }
        if rules.commit.as_ref().is_some_and(|join| join.equals.as_str() == name) {
            say.below(&id, "commit", format!("It was stamped with the commit that {name} names."));
        }
        let parameters = rules.parameters.as_ref().filter(|join| join.of.as_str() == name);
        for (setting, parameter) in parameters.into_iter().flat_map(|join| &join.settings) {
            let text = format!("The build setting {setting} is the {} of {name}.", parameter.value);
            say.below(&id.below("parameters"), setting, text);
        }
    }
}

fn image(say: &mut Sentences, wanted: &Image) {
    let id = RuleId::new("image");
    let when = match wanted.when {
        Some(ImageCondition::Image) => "If the artifact is a container image",
        None => "The artifact is a container image",
    };
    let text = match wanted.when {
        Some(_) => format!("{when}, its layers are those that its manifest names."),
        None => format!("{when}, and its layers are those that its manifest names."),
    };
    say.below(&id, "layers", text);
    if let Some(platforms) = &wanted.platforms {
        let list: Vec<_> = platforms.iter().map(|platform| platform.0.to_string()).collect();
        say.below(
            &id,
            "platforms",
            format!("It is for {}, and for nothing else.", list.join(", ")),
        );
    }
    if wanted.user.is_some() {
        say.below(&id, "user", "It runs as a number that is not 0.");
    }
    for (name, words) in [("entrypoint", &wanted.entrypoint), ("command", &wanted.command)] {
        if let Some(words) = words {
            say.below(&id, name, format!("Its {name} is {words:?}."));
        }
    }
    if let Some(environment) = &wanted.environment {
        let below = id.below("environment");
        let names: Vec<_> = environment.forbid.iter().map(|glob| glob.as_str()).collect();
        let values: Vec<_> = environment.forbid_values.iter().map(is).collect();
        let named = format!("named {}", names.join(", "));
        let valued = format!("whose value {}", values.join(" or "));
        let text = match (names.is_empty(), values.is_empty()) {
            (true, true) => None,
            (false, true) => Some(named),
            (true, false) => Some(valued),
            (false, false) => Some(format!("{named}, and none {valued}")),
        };
        if let Some(text) = text {
            say.below(&below, "forbid", format!("It sets no variable {text}."));
        }
        for (name, wanted) in &environment.values {
            say.below(&below.below("values"), name, format!("The variable {name} {}.", is(wanted)));
        }
    }
    if let Some(base) = &wanted.base {
        let digests = base.digests.iter().map(|digest| digest.0.to_string()).collect::<Vec<_>>();
        let names = base.names.iter().map(|glob| glob.0.as_str()).collect::<Vec<_>>();
        let parts = [digests.join(" or "), names.join(" or ")];
        let parts: Vec<_> = parts.iter().filter(|it| !it.is_empty()).map(String::as_str).collect();
        let text = format!("It says that it was built on {}.", parts.join(", named "));
        say.below(&id, "base", text);
    }
    if wanted.shell.is_some() {
        say.below(&id, "shell", "It has no shell.");
    }
    if wanted.package_manager.is_some() {
        say.below(&id, "packageManager", "It has no package manager.");
    }
    if wanted.elevated_files.is_some() {
        say.below(&id, "elevatedFiles", "No file in it gives rights to whoever runs it.");
    }
    if wanted.ca_certificates.is_some() {
        say.below(&id, "caCertificates", "It has certificates of authorities where Go looks.");
    }
    for (place, what, texts) in
        [("labels", "label", &wanted.labels), ("annotations", "annotation", &wanted.annotations)]
    {
        for (name, wanted) in texts {
            say.below(&id.below(place), name, format!("The {what} {name} {}.", is(wanted)));
        }
    }
}

fn hardening(say: &mut Sentences, id: &RuleId, wanted: &Hardening) {
    if wanted.pie.is_some() {
        say.below(id, "pie", "It can be loaded at any address.");
    }
    if wanted.stripped.is_some() {
        say.below(id, "stripped", "It has no symbols and no debug information.");
    }
    match wanted.relro.0 {
        Some(MinRelro::Full) => say.below(id, "relro", "All its relocations are read-only."),
        Some(MinRelro::Partial) => say.below(id, "relro", "Its relocations are partly read-only."),
        None => {}
    }
    if wanted.bind_now.is_some() {
        say.below(id, "bindNow", "Its symbols are bound at start-up.");
    }
    if wanted.executable_stack.is_some() {
        say.below(id, "executableStack", "Its stack is not executable.");
    }
}

fn is(wanted: &TextMatcher) -> String {
    match wanted {
        TextMatcher::Exact(text) => format!("is {text}"),
        TextMatcher::Pattern(pattern) => format!("matches {}", pattern.as_str()),
    }
}

fn names(authorities: &[Arc<Authority>]) -> String {
    let names: Vec<_> = authorities.iter().map(|authority| authority.name.as_str()).collect();
    names.join(" or ")
}

/// The authorities that a rule asks for.
fn used(model: &Model) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    model.signatures.iter().for_each(|wanted| of_tree(&wanted.tree, &mut used));
    for it in &model.attestations {
        used.extend(it.by.iter().map(|authority| authority.name.as_str()));
        let builders = it.slsa.iter().flat_map(|slsa| &slsa.builders);
        used.extend(builders.map(|builder| builder.signer.name.as_str()));
        let vex = it.vulnerabilities.iter().filter_map(|it| it.vex.as_ref());
        used.extend(vex.flat_map(|vex| &vex.by).map(|authority| authority.name.as_str()));
    }
    let summaries = model.summaries.iter().flat_map(|it| &it.by);
    used.extend(summaries.map(|authority| authority.name.as_str()));
    used
}

fn of_tree<'a>(tree: &'a SignerTree, used: &mut BTreeSet<&'a str>) {
    match tree {
        SignerTree::Authority(authority) => drop(used.insert(&authority.name)),
        SignerTree::All(trees) | SignerTree::Any(trees) => {
            trees.iter().for_each(|tree| of_tree(tree, used));
        }
        SignerTree::AtLeast { of, .. } => used.extend(of.iter().map(|it| it.name.as_str())),
    }
}

impl Authority {
    /// The name of the policy's own root that it stands under.
    fn root(&self) -> Option<&str> {
        let root = match &self.who {
            Who::Identity(identity) => Some(&identity.root),
            Who::Key(key) => key.root.as_ref(),
        };
        match root {
            Some(RootChoice::Named { name, .. }) => Some(name),
            Some(RootChoice::Caller) | None => None,
        }
    }

    /// Whether its subject is not fixed: the policy then says that this is dangerous.
    fn accepts_any_subject(&self) -> bool {
        match &self.who {
            Who::Identity(identity) => matches!(
                identity.subject,
                SubjectMatch::Any | SubjectMatch::Text(TextMatcher::Pattern(_))
            ),
            Who::Key(_) => false,
        }
    }
}
