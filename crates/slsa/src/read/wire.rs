//! The two formats as they are written, and the way from each into the view.
//!
//! Unknown fields are ignored, as in-toto asks; null and empty are absent.

use chainsign_core::digest::DigestSet;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::read::interpret::{self, Claims};
use crate::read::{Dependency, Limits, Provenance, ProvenanceVersion, bounded, parameters};
use crate::{BuildType, BuilderId, Error};

/// <https://slsa.dev/provenance/v1>
pub(super) fn read_v1(predicate: &str, limits: &Limits) -> Result<Provenance, Error> {
    let V1 { build_definition: definition, run_details: run } = document(predicate)?;
    let definition = definition.unwrap_or_default();
    let run = run.unwrap_or_default();
    let metadata = run.metadata.unwrap_or_default();
    let values = limits.parameter_values;
    let claims = Claims {
        version: ProvenanceVersion::V1,
        build_type: present(definition.build_type).map(BuildType),
        external_parameters: parameters::parse(
            "externalParameters",
            definition.external_parameters,
            values,
        )?,
        dependencies: dependencies(
            "resolvedDependencies",
            definition.resolved_dependencies,
            limits,
        )?,
    };
    let internal = definition.internal_parameters;
    Ok(Provenance {
        builder_id: run.builder.and_then(|builder| present(builder.id)).map(BuilderId),
        internal_parameters: parameters::parse("internalParameters", internal, values)?,
        invocation_id: one_spelling(
            "metadata.invocationId",
            metadata.invocation_id,
            metadata.invocation_id_of_in_toto_golang,
        )?,
        started_on: time("metadata.startedOn", metadata.started_on)?,
        finished_on: time("metadata.finishedOn", metadata.finished_on)?,
        ..interpret::view(claims)?
    })
}

/// <https://slsa.dev/provenance/v0.2>
pub(super) fn read_v0_2(predicate: &str, limits: &Limits) -> Result<Provenance, Error> {
    let V0_2 { builder, build_type, invocation, metadata, materials } = document(predicate)?;
    let metadata = metadata.unwrap_or_default();
    let mut invocation = parameters::parse("invocation", invocation, limits.parameter_values)?;
    let internal_parameters = match invocation.remove("environment") {
        Some(Value::Object(environment)) => environment.into_iter().collect(),
        None | Some(Value::Null) => Default::default(),
        Some(_) => return Err(Error::NotAnObject { what: "invocation.environment" }),
    };
    let claims = Claims {
        version: ProvenanceVersion::V0_2,
        build_type: present(build_type).map(BuildType),
        external_parameters: invocation,
        dependencies: dependencies("materials", materials, limits)?,
    };
    Ok(Provenance {
        builder_id: builder.and_then(|builder| present(builder.id)).map(BuilderId),
        internal_parameters,
        invocation_id: one_spelling(
            "metadata.buildInvocationId",
            metadata.build_invocation_id,
            metadata.build_invocation_id_of_in_toto_golang,
        )?,
        started_on: time("metadata.buildStartedOn", metadata.build_started_on)?,
        finished_on: time("metadata.buildFinishedOn", metadata.build_finished_on)?,
        ..interpret::view(claims)?
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1<'a> {
    #[serde(borrow)]
    build_definition: Option<BuildDefinition<'a>>,
    run_details: Option<RunDetails>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'a> {
    build_type: Option<String>,
    #[serde(borrow)]
    external_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    internal_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    resolved_dependencies: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct RunDetails {
    builder: Option<Builder>,
    metadata: Option<MetadataV1>,
}

#[derive(Deserialize)]
struct Builder {
    id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataV1 {
    invocation_id: Option<String>,
    /// in-toto-golang's types, which older producers use, spell it so.
    #[serde(rename = "invocationID")]
    invocation_id_of_in_toto_golang: Option<String>,
    started_on: Option<String>,
    finished_on: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V0_2<'a> {
    builder: Option<Builder>,
    build_type: Option<String>,
    #[serde(borrow)]
    invocation: Option<&'a RawValue>,
    metadata: Option<MetadataV0_2>,
    #[serde(borrow)]
    materials: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataV0_2 {
    build_invocation_id: Option<String>,
    /// in-toto-golang's types spell it so, and with them slsa-github-generator.
    #[serde(rename = "buildInvocationID")]
    build_invocation_id_of_in_toto_golang: Option<String>,
    build_started_on: Option<String>,
    build_finished_on: Option<String>,
}

#[derive(Deserialize)]
struct Descriptor {
    name: Option<String>,
    uri: Option<String>,
    digest: Option<DigestSet>,
}

fn document<'a, T: Deserialize<'a>>(predicate: &'a str) -> Result<T, Error> {
    serde_json::from_str(predicate).map_err(|error| Error::shape("provenance", &error))
}

fn dependencies(
    what: &'static str,
    raw: Option<&RawValue>,
    limits: &Limits,
) -> Result<Vec<Dependency>, Error> {
    let found: Vec<Descriptor> = bounded::list(what, raw, limits.dependencies)?;
    let dependency = |it: Descriptor| Dependency {
        name: present(it.name),
        uri: present(it.uri),
        digest: it.digest.unwrap_or_default(),
    };
    Ok(found.into_iter().map(dependency).collect())
}

pub(crate) fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) fn time(what: &'static str, text: Option<String>) -> Result<Option<Timestamp>, Error> {
    let parse = |text: String| {
        text.parse().map_err(|_| Error::Time { what, found: text.chars().take(80).collect() })
    };
    present(text).map(parse).transpose()
}

/// One field under two spellings: either, or both if they say the same.
fn one_spelling(
    what: &'static str,
    first: Option<String>,
    second: Option<String>,
) -> Result<Option<String>, Error> {
    match (present(first), present(second)) {
        (Some(first), Some(second)) if first != second => {
            Err(Error::Ambiguous { what, first, second })
        }
        (first, second) => Ok(first.or(second)),
    }
}
