//! `provenance`

use std::fmt::Display;
use std::str::FromStr;

use chainsign_slsa::{BuildFacts, BuildType, BuilderId, OnCommitMismatch};
use jiff::Timestamp;

use crate::commands::provenance::ProvenanceRequest;
use crate::failure::Failure;
use crate::flags::facts::ProvenanceFlags;

/// `SOURCE_DATE_EPOCH`: seconds since 1970 (reproducible-builds.org).
///
/// # Errors
/// `bad-environment` when it is set to something else.
pub fn source_date_epoch() -> Result<Option<Timestamp>, Failure> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = value.to_str().and_then(|text| text.parse().ok());
    match seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(time) => Ok(Some(time)),
        None => {
            let message = format!("SOURCE_DATE_EPOCH is {value:?}, wanted seconds since 1970");
            Err(Failure::undecided("bad-environment", message))
        }
    }
}

/// `provenance`
///
/// # Errors
/// `bad-flag` for a repository, ref or commit that is not one.
pub fn provenance(flags: ProvenanceFlags) -> Result<ProvenanceRequest, Failure> {
    let build_type = flags.build_type.map_or_else(BuildType::go, BuildType);
    let mut facts = BuildFacts::new(BuilderId(flags.builder_id), build_type);
    facts.source.repository = parsed("--source-uri", flags.source_uri)?;
    facts.source.reference = parsed("--source-ref", flags.source_ref)?;
    facts.source.commit = parsed("--source-commit", flags.source_commit)?;
    for (name, value) in flags.parameters {
        if facts.external_parameters.insert(name.clone(), value.into()).is_some() {
            let message = format!("found the parameter {name:?} twice");
            return Err(Failure::undecided("bad-flag", message));
        }
    }
    facts.invocation_id = flags.invocation_id;
    facts.started_on = flags.started_on;
    facts.finished_on = flags.finished_on;
    let on_mismatch =
        if flags.override_stamp { OnCommitMismatch::Record } else { OnCommitMismatch::Refuse };
    Ok(ProvenanceRequest { path: flags.path, facts, on_mismatch })
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
