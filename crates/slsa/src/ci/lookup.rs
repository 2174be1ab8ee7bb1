use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::field::{COMMIT_PATH, Field, FieldKind, Origin, Overruled};
use super::variables::Shown;
use super::{Ci, Look, Stated, variables};
use crate::read::Source;
use crate::source::{GitCommit, GitRef, Repository};
use crate::{BuildFacts, BuildType, BuilderId, Error};

/// Finds values and remembers where each was found.
pub(super) struct Lookup<'a> {
    ci: Ci,
    environment: &'a Look<'a>,
    claims: Option<&'a Look<'a>>,
    pub(super) stated: &'a Stated,
    fields: Vec<Field>,
    /// Where the variables that the caller names belong, in the build type.
    variables_path: Option<&'static str>,
}

/// A value's names: that of the claim, and that of the variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) claim: Option<&'static str>,
    pub(super) variable: Option<&'static str>,
}

impl Names {
    /// It is nowhere: only the caller can state it.
    pub(super) const NONE: Self = Names { claim: None, variable: None };

    pub(super) const fn both(claim: &'static str, variable: &'static str) -> Self {
        Names { claim: Some(claim), variable: Some(variable) }
    }

    pub(super) const fn claim(claim: &'static str) -> Self {
        Names { claim: Some(claim), variable: None }
    }

    pub(super) const fn variable(variable: &'static str) -> Self {
        Names { claim: None, variable: Some(variable) }
    }
}

/// A value, and where it was found.
#[derive(Clone, Debug)]
pub(super) struct Found<T = String> {
    pub(super) value: T,
    pub(super) origins: Vec<Origin>,
    pub(super) overruled: Vec<Overruled>,
}

impl<T> Found<T> {
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Found { value, origins: vec![origin], overruled: Vec::new() }
    }

    /// Another value made of this one.
    pub(super) fn map<U>(self, to: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: to(self.value), origins: self.origins, overruled: self.overruled }
    }

    /// Another value made of this one and a second. What was overruled of the parts is told where
    /// they stand alone.
    pub(super) fn with<U, V>(&self, other: &Found<U>, to: impl FnOnce(&T, &U) -> V) -> Found<V> {
        let mut origins = self.origins.clone();
        let new = |it: &&Origin| !self.origins.contains(it);
        origins.extend(other.origins.iter().filter(new).cloned());
        Found { value: to(&self.value, &other.value), origins, overruled: Vec::new() }
    }
}

impl Found {
    /// The value as what it must be.
    pub(super) fn parse<T: FromStr<Err: Display>>(self) -> Result<Found<T>, Error> {
        match self.value.parse() {
            Ok(value) => Ok(self.map(|_| value)),
            Err(error) => Err(self.wrong(error)),
        }
    }

    /// The value cannot be what it is for.
    pub(super) fn wrong(&self, reason: impl Display) -> Error {
        let origin = self.origins.first().cloned().unwrap_or(Origin::Fixed);
        Error::Value { origin, reason: reason.to_string() }
    }
}

impl<'a> Lookup<'a> {
    pub(super) fn new(
        ci: Ci,
        environment: &'a Look<'a>,
        claims: Option<&'a Look<'a>>,
        stated: &'a Stated,
    ) -> Self {
        Lookup { ci, environment, claims, stated, fields: Vec::new(), variables_path: None }
    }

    pub(super) fn into_fields(mut self) -> Vec<Field> {
        self.fields.sort_by_key(|field| field.kind);
        self.fields
    }

    /// The value of the claim, else that of the variable.
    pub(super) fn find(&self, names: Names) -> Result<Option<Found>, Error> {
        let claim = names.claim.map(|name| self.claim(name)).transpose()?.flatten();
        let variable = names.variable.map(|name| self.variable(name)).transpose()?.flatten();
        Ok(prefer(claim, variable))
    }

    /// As [`Self::find`], where the build type cannot be without it.
    pub(super) fn require(&self, what: &'static str, names: Names) -> Result<Found, Error> {
        self.find(names)?.ok_or_else(|| self.not_said(what, names))
    }

    /// As [`Self::require`], where the caller has not stated it.
    pub(super) fn require_unless_stated<T>(
        &self,
        stated: &Option<T>,
        what: &'static str,
        names: Names,
    ) -> Result<Option<Found>, Error> {
        match self.find(names)? {
            None if stated.is_none() => Err(self.not_said(what, names)),
            found => Ok(found),
        }
    }

    /// The error for a value that is nowhere.
    pub(super) fn not_said(&self, what: &'static str, names: Names) -> Error {
        Error::NotSaid { ci: self.ci, what, claim: names.claim, variable: names.variable }
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Result<Option<Found>, Error> {
        self.checked((self.environment)(name), || Origin::Variable(name.to_owned()))
    }

    fn claim(&self, name: &'static str) -> Result<Option<Found>, Error> {
        let value = self.claims.and_then(|claims| claims(name));
        self.checked(value, || Origin::Claim(name))
    }

    fn checked(
        &self,
        value: Option<String>,
        origin: impl FnOnce() -> Origin,
    ) -> Result<Option<Found>, Error> {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
        let reason = if value.len() > VALUE_BYTES {
            format!("found {} bytes, wanted at most {VALUE_BYTES}", value.len())
        } else if value.chars().any(char::is_control) {
            "found a control character".to_owned()
        } else if variables::has_credentials(&value) {
            "found a user name or password before a host".to_owned()
        } else {
            return Ok(Some(Found::new(value, origin())));
        };
        Err(Error::Value { origin: origin(), reason })
    }

    /// What is stated, else what was found.
    pub(super) fn or_stated<T: Clone + ToString + PartialEq>(
        &self,
        stated: &Option<T>,
        found: Option<Found<T>>,
    ) -> Option<Found<T>> {
        prefer(stated.clone().map(|value| Found::new(value, Origin::Stated)), found)
    }

    /// Records where a value is from.
    pub(super) fn say<T: ToString>(&mut self, kind: FieldKind, path: &str, found: &Found<T>) {
        self.fields.push(Field {
            kind,
            path: path.to_owned(),
            value: found.value.to_string(),
            origins: found.origins.clone(),
            overruled: found.overruled.clone(),
        });
    }

    /// The value, with where it is from recorded.
    fn told<T: ToString>(
        &mut self,
        kind: FieldKind,
        path: &str,
        found: Option<Found<T>>,
    ) -> Option<T> {
        let found = found?;
        self.say(kind, path, &found);
        Some(found.value)
    }

    /// A value that belongs into an object, with its path recorded.
    pub(super) fn put(
        &mut self,
        into: &mut Map<String, Value>,
        kind: FieldKind,
        (object, name): (&str, &str),
        found: Option<Found>,
    ) {
        let Some(found) = found else { return };
        self.say(kind, &format!("{object}.{name}"), &found);
        into.insert(name.to_owned(), Value::String(found.value));
    }

    /// The facts that every build has: the build type of the CI system, and who ran it.
    pub(super) fn facts(
        &mut self,
        build_type: &'static str,
        builder: Option<Found>,
    ) -> Result<BuildFacts, Error> {
        if self.stated.build_type.as_ref().is_some_and(|stated| stated.0 != build_type) {
            return Err(Error::FixedBuildType { ci: self.ci, wanted: build_type });
        }
        let build_type = Found::new(BuildType(build_type.to_owned()), Origin::Fixed);
        self.facts_of(build_type, builder)
    }

    /// [`Self::facts`] with a build type that the caller may choose.
    pub(super) fn facts_of(
        &mut self,
        build_type: Found<BuildType>,
        builder: Option<Found>,
    ) -> Result<BuildFacts, Error> {
        let found = builder.map(|found| found.map(BuilderId));
        let builder = self.or_stated(&self.stated.builder_id, found);
        let builder = builder.ok_or_else(|| self.not_said("builder id", Names::NONE))?;
        self.say(FieldKind::BuildType, "buildType", &build_type);
        self.say(FieldKind::BuilderId, "builder.id", &builder);
        Ok(BuildFacts::new(builder.value, build_type.value))
    }

    /// The source, from the system and the caller. The paths are those of repository and ref.
    pub(super) fn source(
        &mut self,
        facts: &mut BuildFacts,
        (repository_path, reference_path): (&str, &str),
        found: FoundSource,
    ) {
        let repository = self.or_stated(&self.stated.repository, found.repository);
        let reference = self.or_stated(&self.stated.reference, found.reference);
        let reported = found.commit.as_ref().map(|commit| commit.value.clone());
        let commit = self.or_stated(&self.stated.commit, found.commit);
        facts.source = Source {
            repository: self.told(FieldKind::Repository, repository_path, repository),
            reference: self.told(FieldKind::Reference, reference_path, reference),
            commit: self.told(FieldKind::Commit, COMMIT_PATH, commit),
        };
        facts.reported_commit = reported;
    }

    /// [`Self::source`] for the build types of this crate.
    pub(super) fn own_source(&mut self, facts: &mut BuildFacts, found: FoundSource) {
        let paths = ("externalParameters.source.repository", "externalParameters.source.ref");
        self.source(facts, paths, found);
    }

    /// The external parameter `entryPoint`: GitLab's, and that of the build types of this crate.
    pub(super) fn entry_point(&mut self, facts: &mut BuildFacts, found: Option<Found>) {
        let Some(found) = found else { return };
        self.say(FieldKind::EntryPoint, "externalParameters.entryPoint", &found);
        facts.external_parameters.insert("entryPoint".to_owned(), Value::String(found.value));
    }

    /// The run.
    pub(super) fn run(
        &mut self,
        facts: &mut BuildFacts,
        invocation: Option<Found>,
        started: Option<Found<Timestamp>>,
    ) {
        let invocation = self.or_stated(&self.stated.invocation_id, invocation);
        let started = self.or_stated(&self.stated.started_on, started);
        let finished = self.or_stated(&self.stated.finished_on, None);
        facts.invocation_id = self.told(FieldKind::Invocation, "metadata.invocationId", invocation);
        facts.started_on = self.told(FieldKind::Started, "metadata.startedOn", started);
        facts.finished_on = self.told(FieldKind::Finished, "metadata.finishedOn", finished);
    }

    /// Says that the build type has a parameter for the variables that the caller names.
    pub(super) fn variables_go_to(&mut self, parameter: &'static str) {
        self.variables_path = Some(parameter);
    }

    /// Adds the parameters and variables that the caller names.
    pub(super) fn add_parameters(&mut self, facts: &mut BuildFacts) -> Result<(), Error> {
        self.add_variables(facts)?;
        for (name, value) in &self.stated.parameters {
            if facts.external_parameters.insert(name.clone(), value.clone()).is_some() {
                let (parameters, name) = ("externalParameters", name.clone());
                return Err(Error::ReservedParameter { parameters, name });
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let found = Found::new(text, Origin::Stated);
            self.say(FieldKind::Parameter, &format!("externalParameters.{name}"), &found);
        }
        Ok(())
    }

    fn add_variables(&mut self, facts: &mut BuildFacts) -> Result<(), Error> {
        if self.stated.variables.is_empty() {
            return Ok(());
        }
        let parameter = self.variables_path.ok_or(Error::NoVariables { ci: self.ci })?;
        let mut values = Map::new();
        for named in &self.stated.variables {
            let name = &named.name;
            let value = (self.environment)(name).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| Error::VariableUnset { name: name.clone() })?;
            let shown = match variables::shown(named, &value) {
                Shown::Value => self.variable(name)?,
                Shown::Masked(mask) => {
                    Some(Found::new(mask.to_owned(), Origin::Variable(name.clone())))
                }
            };
            let place = (format!("externalParameters.{parameter}"), name.as_str());
            self.put(&mut values, FieldKind::Parameter, (&place.0, place.1), shown);
        }
        facts.external_parameters.insert(parameter.to_owned(), Value::Object(values));
        Ok(())
    }
}

/// What a CI system says about the source.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundSource {
    pub(super) repository: Option<Found<Repository>>,
    pub(super) reference: Option<Found<GitRef>>,
    pub(super) commit: Option<Found<GitCommit>>,
}

/// The first where there is one. The second is overruled if it says otherwise.
pub(super) fn prefer<T: ToString + PartialEq>(
    first: Option<Found<T>>,
    second: Option<Found<T>>,
) -> Option<Found<T>> {
    let (mut first, second) = match (first, second) {
        (Some(first), Some(second)) => (first, second),
        (first, second) => return first.or(second),
    };
    if first.value != second.value {
        first.overruled.extend(
            second.origins.first().map(|origin| Overruled {
                origin: origin.clone(),
                value: second.value.to_string(),
            }),
        );
    }
    // What the second had overruled agrees with the first, or is said with it.
    let differs = |it: &Overruled| it.value != first.value.to_string();
    first.overruled.extend(second.overruled.into_iter().filter(differs));
    Some(first)
}

/// Addresses and refs are far shorter; a longer one is no value but a mistake.
const VALUE_BYTES: usize = 4096;
