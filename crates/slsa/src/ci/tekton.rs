//! Tekton Pipelines, from inside a task.
//!
//! Tekton sets no variables. A task passes on what Tekton substitutes (tekton.dev, "Variable
//! Substitutions Supported by Tasks and Pipelines"), under the names below. The build type is our
//! own: that of Tekton Chains must have the whole spec of the run, which no step can see.

use serde_json::{Map, Value};

use super::field::FieldKind;
use super::lookup::{FoundSource, Lookup, Names};
use crate::{BuildFacts, BuildType, Error};

pub(super) fn describe(lookup: &mut Lookup<'_>) -> Result<BuildFacts, Error> {
    let mut facts = lookup.facts(BuildType::TEKTON, None)?;
    lookup.own_source(&mut facts, FoundSource::default());
    let pipeline = lookup.find(PIPELINE)?;
    let defined = if pipeline.is_some() { pipeline } else { lookup.find(TASK)? };
    lookup.entry_point(&mut facts, defined);
    lookup.variables_go_to("parameters");

    let pipeline_run = lookup.find(PIPELINE_RUN)?;
    let run = if pipeline_run.is_some() { pipeline_run } else { lookup.find(TASK_RUN)? };
    lookup.run(&mut facts, run, None);

    let mut tekton = Map::new();
    for (name, names) in INTERNAL {
        let found = lookup.find(names)?;
        lookup.put(&mut tekton, FieldKind::Internal, ("internalParameters.tekton", name), found);
    }
    if !tekton.is_empty() {
        facts.internal_parameters.insert("tekton".to_owned(), Value::Object(tekton));
    }
    Ok(facts)
}

/// `$(context.pipeline.name)`
const PIPELINE: Names = Names::variable("TEKTON_PIPELINE_NAME");
/// `$(context.task.name)`
const TASK: Names = Names::variable("TEKTON_TASK_NAME");
/// `$(context.pipelineRun.uid)`
const PIPELINE_RUN: Names = Names::variable("TEKTON_PIPELINERUN_UID");
/// `$(context.taskRun.uid)`
const TASK_RUN: Names = Names::variable("TEKTON_TASKRUN_UID");
const INTERNAL: [(&str, Names); 6] = [
    // `$(context.taskRun.namespace)`
    ("namespace", Names::variable("TEKTON_TASKRUN_NAMESPACE")),
    // `$(context.pipelineRun.name)`
    ("pipelineRun", Names::variable("TEKTON_PIPELINERUN_NAME")),
    ("pipelineRunUid", PIPELINE_RUN),
    ("task", TASK),
    // `$(context.taskRun.name)`
    ("taskRun", Names::variable("TEKTON_TASKRUN_NAME")),
    ("taskRunUid", TASK_RUN),
];
pub(super) const VARIABLES: &[&str] = &[
    "TEKTON_PIPELINE_NAME",
    "TEKTON_PIPELINERUN_NAME",
    "TEKTON_PIPELINERUN_UID",
    "TEKTON_TASK_NAME",
    "TEKTON_TASKRUN_NAME",
    "TEKTON_TASKRUN_NAMESPACE",
    "TEKTON_TASKRUN_UID",
];
