//! Which targets a policy is about, and what it takes from their names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Glob, Name, OneOrMany, Opt};

/// Which targets the policy is about. What it does not match, it says nothing about, and nothing
/// evaluated is an error.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Match {
    /// Images, by registry and repository in full: docker.io/library/nginx. Tags and digests do
    /// not count.
    #[serde(default)]
    pub(crate) images: Opt<Names>,
    /// Files, by the name they are given under.
    #[serde(default)]
    pub(crate) files: Opt<Names>,
    /// Images that a workload of a cluster runs. With it, images that no workload runs do not count.
    #[serde(default)]
    pub(crate) kubernetes: Opt<At<Kubernetes>>,
}

/// The workloads whose images the policy is about. All that is written must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kubernetes {
    /// The namespaces.
    #[serde(default)]
    pub(crate) namespaces: Opt<Names>,
    /// The kinds: Pod, Deployment, CronJob.
    #[serde(default)]
    pub(crate) kinds: Opt<At<OneOrMany<Name>>>,
    /// Labels that the workload has, with their values.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// Names: `*` is anything without a slash, `**` anything, `{name}` captures one segment. A captured
/// text may be used as `{name}` in identities and expectations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Names {
    /// At least one of these matches.
    #[schemars(length(min = 1))]
    pub(crate) include: Vec<At<Glob>>,
    /// None of these matches.
    #[serde(default)]
    pub(crate) exclude: Vec<At<Glob>>,
}
