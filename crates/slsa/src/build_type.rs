use std::fmt;

use serde::Serialize;

/// Who ran the build and wrote the provenance, as it says itself: `runDetails.builder.id`.
///
/// Compared byte for byte. A claim until the signer of the provenance is known to speak for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BuilderId(pub String);

impl fmt::Display for BuilderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of build: `buildDefinition.buildType`. It says how parameters and dependencies are to
/// be understood. Compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BuildType(pub String);

impl BuildType {
    /// The generic build of a Go program, described in this crate's documentation.
    pub const GO: &'static str = "https://chainsign.dev/buildtypes/go/v1";

    /// Any build, described in this crate's documentation.
    pub const GENERIC: &'static str = "https://chainsign.dev/buildtypes/generic/v1";
    /// A job of Jenkins, described in this crate's documentation.
    pub const JENKINS: &'static str = "https://chainsign.dev/buildtypes/jenkins/v1";
    /// A task of Tekton that describes itself, as this crate's documentation says.
    pub const TEKTON: &'static str = "https://chainsign.dev/buildtypes/tekton/v1";

    /// [`GO`](Self::GO) as a build type.
    pub fn go() -> Self {
        BuildType(Self::GO.to_owned())
    }

    /// Whose build type it is, where it is known here.
    pub fn producer(&self) -> Producer {
        let uri = self.0.as_str();
        let exact = EXACT.iter().find(|(known, _)| *known == uri);
        let prefix = || PREFIXES.iter().find(|(known, _)| uri.starts_with(known));
        exact.or_else(prefix).map_or(Producer::Other, |(_, producer)| *producer)
    }
}

impl fmt::Display for BuildType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who defined a build type, and so where its source is to be found in the provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Producer {
    /// This crate: [`BuildType::GO`], [`BuildType::GENERIC`], [`BuildType::JENKINS`],
    /// [`BuildType::TEKTON`].
    Chainsign,
    /// GitHub's `attest-build-provenance`, npm, and others who describe a GitHub workflow.
    GitHubActions,
    /// The builders of slsa-github-generator.
    SlsaGitHubGenerator,
    /// GitLab, its control plane or its runner.
    GitLab,
    /// Tekton Chains.
    TektonChains,
    /// Google Cloud Build.
    GoogleCloudBuild,
    /// Docker BuildKit.
    BuildKit,
    /// Nobody known here.
    Other,
}

/// From the producers' documentation: github.com/actions/toolkit `packages/attest`,
/// github.com/slsa-framework/github-actions-buildtypes and slsa-github-generator, docs.gitlab.com "SLSA provenance
/// specification", github.com/tektoncd/chains `docs/predicate/slsa/v2.md` and `docs/intoto.md`,
/// docs.cloud.google.com/build/gcb-buildtypes, github.com/moby/buildkit
/// `docs/attestations/slsa-definitions.md`.
const EXACT: [(&str, Producer); 17] = [
    (BuildType::GO, Producer::Chainsign),
    (BuildType::GENERIC, Producer::Chainsign),
    (BuildType::JENKINS, Producer::Chainsign),
    (BuildType::TEKTON, Producer::Chainsign),
    ("https://actions.github.io/buildtypes/workflow/v1", Producer::GitHubActions),
    (
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
        Producer::GitHubActions,
    ),
    ("https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1", Producer::GitLab),
    ("https://tekton.dev/chains/v2/slsa", Producer::TektonChains),
    ("https://tekton.dev/chains/v2/slsa-tekton", Producer::TektonChains),
    ("https://tekton.dev/predicate/chains/slsa/v2", Producer::TektonChains),
    ("https://cloud.google.com/build/gcb-buildtypes/google-worker/v1", Producer::GoogleCloudBuild),
    ("https://mobyproject.org/buildkit@v1", Producer::BuildKit),
    (
        "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
        Producer::BuildKit,
    ),
    ("https://slsa.dev/container-based-build/v0.1", Producer::SlsaGitHubGenerator),
    ("https://slsa.dev/container-based-build/v0.1?draft", Producer::SlsaGitHubGenerator),
    ("tekton.dev/v1/TaskRun", Producer::TektonChains),
    ("tekton.dev/v1/PipelineRun", Producer::TektonChains),
];
const PREFIXES: [(&str, Producer); 4] = [
    ("https://github.com/slsa-framework/slsa-github-generator/", Producer::SlsaGitHubGenerator),
    ("https://gitlab.com/gitlab-org/gitlab-runner/-/blob/", Producer::GitLab),
    ("tekton.dev/v1beta1/", Producer::TektonChains),
    ("https://tekton.dev/attestations/chains", Producer::TektonChains),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, wanted: Producer) {
        assert_eq!(BuildType(uri.to_owned()).producer(), wanted);
    }

    #[test]
    fn producers_are_told_by_their_build_types() {
        for own in [BuildType::GO, BuildType::GENERIC, BuildType::JENKINS, BuildType::TEKTON] {
            check(own, Producer::Chainsign);
        }
        check("https://actions.github.io/buildtypes/workflow/v1", Producer::GitHubActions);
        check(
            "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
            Producer::SlsaGitHubGenerator,
        );
        check(
            "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v17.0.0/PROVENANCE.md",
            Producer::GitLab,
        );
        check("tekton.dev/v1beta1/TaskRun", Producer::TektonChains);
        check("https://actions.github.io/buildtypes/workflow/v11", Producer::Other);
        check(
            "https://github.com/slsa-framework/slsa-github-generator-evil/go@v1",
            Producer::Other,
        );
        check("", Producer::Other);
    }
}
