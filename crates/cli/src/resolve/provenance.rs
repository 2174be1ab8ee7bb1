//! `provenance`

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chainsign_core::glob::Glob;
use chainsign_keyless::identity::{Provider, SecretText, Surroundings, TokenSource};
use chainsign_slsa::ci::{self, Ci, NamedVariable, Show, Stated};
use chainsign_slsa::subjects::named_digest;
use chainsign_slsa::{BuildType, BuilderId, OnCommitMismatch};

use crate::commands::provenance::subjects::{Named, SubjectsRequest};
use crate::commands::provenance::{ProvenanceRequest, fault};
use crate::failure::Failure;
use crate::flags::provenance::{BuildFlags, CiFlag, ProvenanceFlags, SubjectFlags};
use crate::flags::shared::TokenFlags;

/// `provenance`
///
/// Of the environment it takes the variables that the CI system's description knows and those that
/// the flags name. The token is not asked for yet.
///
/// # Errors
/// `bad-flag` for what is not of the form that its flag wants; `several-cis` when two CI systems
/// are there at once.
pub fn provenance(flags: ProvenanceFlags) -> Result<ProvenanceRequest, Failure> {
    let (ci, default_type) = match flags.build.ci {
        Some(CiFlag::None) => (Ci::Generic, Some(BuildType::go())),
        Some(CiFlag::Github) => (Ci::Github, None),
        Some(CiFlag::Gitlab) => (Ci::Gitlab, None),
        Some(CiFlag::CloudBuild) => (Ci::CloudBuild, None),
        Some(CiFlag::Tekton) => (Ci::Tekton, None),
        Some(CiFlag::Jenkins) => (Ci::Jenkins, None),
        Some(CiFlag::Generic) => (Ci::Generic, None),
        None => match ci::detect(&variable).map_err(|error| fault(&error))? {
            Some(ci) => (ci, None),
            None => (Ci::Generic, Some(BuildType::go())),
        },
    };
    let on_mismatch = match &flags.build.source_commit {
        Some(_) => OnCommitMismatch::Record,
        None => OnCommitMismatch::Refuse,
    };
    let token = token(ci, flags.token)?;
    let stated = stated(flags.build, default_type)?;
    let named = stated.variables.iter().map(|named| named.name.as_str());
    let names = ci.variables().iter().copied().chain(named);
    let environment: BTreeMap<String, String> =
        names.filter_map(|name| Some((name.to_owned(), variable(name)?))).collect();
    Ok(ProvenanceRequest {
        ci,
        environment,
        token,
        stated,
        binaries: flags.binaries,
        on_mismatch,
        subjects: subjects(flags.subjects)?,
    })
}

/// The token that was given, else what the environment offers, for a CI system whose tokens say
/// something about the job. Without one the environment has to do.
fn token(ci: Ci, flags: TokenFlags) -> Result<Option<TokenSource>, Failure> {
    let Some(given) = flags.identity_token else {
        let providers = [Provider::Variable, Provider::GithubActions];
        let around = Surroundings { variable: &variable, line: &|_| None };
        let offered = || TokenSource::detect_among(&providers, around).ok();
        return Ok((!ci.claims().is_empty()).then(offered).flatten());
    };
    if ci.claims().is_empty() {
        let message = "an identity token says something about a job of GitHub or GitLab only";
        return Err(Failure::undecided("bad-flag", message)
            .hint("leave --identity-token out, or add --ci github or --ci gitlab"));
    }
    let text = super::text("identity token", &given.0)?;
    Ok(Some(TokenSource::Given(SecretText::new(text))))
}

fn stated(flags: BuildFlags, default_type: Option<BuildType>) -> Result<Stated, Failure> {
    let mut stated = Stated::default();
    stated.builder_id = flags.builder_id.map(BuilderId);
    stated.build_type = flags.build_type.map(BuildType);
    stated.default_build_type = default_type;
    stated.repository = parsed("--source-uri", flags.source_uri)?;
    stated.reference = parsed("--source-ref", flags.source_ref)?;
    stated.commit = parsed("--source-commit", flags.source_commit)?;
    stated.invocation_id = flags.invocation_id;
    stated.started_on = flags.started_on;
    stated.finished_on = flags.finished_on;
    for (name, value) in flags.parameters {
        if stated.parameters.iter().any(|(known, _)| *known == name) {
            let message = format!("found the parameter {name:?} twice");
            return Err(Failure::undecided("bad-flag", message));
        }
        stated.parameters.push((name, value.into()));
    }
    let named = |show: Show| move |name: String| NamedVariable { name, show };
    let shown = flags.variables.into_iter().map(named(Show::Value));
    let variables = shown.chain(flags.masked_variables.into_iter().map(named(Show::Name)));
    for variable in variables {
        if stated.variables.iter().any(|known| known.name == variable.name) {
            let message = format!("found the variable {} twice", variable.name);
            return Err(Failure::undecided("bad-flag", message));
        }
        stated.variables.push(variable);
    }
    Ok(stated)
}

fn subjects(flags: SubjectFlags) -> Result<SubjectsRequest, Failure> {
    let digests = flags.digests.iter().map(|text| named_digest(text));
    let digests: Result<Vec<_>, _> = digests.collect();
    Ok(SubjectsRequest {
        files: flags.patterns.into_iter().map(pattern).collect::<Result<_, _>>()?,
        checksums: flags.checksums,
        artifacts: flags.artifacts,
        digests: digests
            .map_err(|error| Failure::because("bad-flag", "--subject-digest", &error))?,
    })
}

/// A glob has a `*`. A file whose name has one too cannot be named: there is no telling.
fn pattern(text: String) -> Result<Named, Failure> {
    if !text.contains('*') {
        return Ok(Named::File(text.into()));
    }
    let bad = |reason: String| Failure::undecided("bad-flag", format!("--subject: {reason}"));
    if std::path::Path::new(&text).exists() {
        return Err(bad(format!("{text:?} is a file and a glob at once"))
            .hint("give the file another name, or list it with --subject-checksums"));
    }
    text.parse::<Glob>().map(Named::Glob).map_err(bad)
}

fn parsed<T: FromStr<Err: Display>>(
    flag: &str,
    text: Option<String>,
) -> Result<Option<T>, Failure> {
    let parse = |text: String| {
        text.parse().map_err(|error| Failure::undecided("bad-flag", format!("{flag}: {error}")))
    };
    text.map(parse).transpose()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
