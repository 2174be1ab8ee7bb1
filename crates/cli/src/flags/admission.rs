//! `verify` of the images that files name

use std::path::PathBuf;

use chainsign_admission::ImagePath;
use clap::{Args, ValueEnum};

use super::shared::key_value;

/// The images that files name
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Kubernetes and Dockerfiles")]
pub struct AdmissionFlags {
    /// Verify every image of this Kubernetes manifest (YAML or JSON), repeatable
    #[arg(long, value_name = "FILE|-", conflicts_with = "targets")]
    pub manifest: Vec<PathBuf>,
    /// Verify every image that this Dockerfile takes, repeatable
    #[arg(long, value_name = "FILE|-", conflicts_with = "targets")]
    pub dockerfile: Vec<PathBuf>,
    /// Decide on an AdmissionReview (admission.k8s.io/v1), and print the response
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["targets", "manifest", "dockerfile"])]
    pub admission_review: Option<PathBuf>,
    /// Write the manifest or Dockerfile with the digests that were verified, and nothing else changed
    /// (one file only, and only when all of it passes)
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["targets", "admission_review"])]
    pub pin: Option<PathBuf>,
    // Not a documentation comment, in which [*] would be a link.
    #[arg(
        long,
        value_name = "GROUP/KIND=PATH",
        conflicts_with_all = ["targets", "dockerfile"],
        help = "Where a custom resource has its images, or its pod spec: \
                argoproj.io/Rollout=spec.template.spec, tekton.dev/Task=spec.steps[*].image; repeatable"
    )]
    pub image_path: Vec<ImagePath>,
    /// Leave out custom resources that look as if they name images. Dangerous: those images may run
    #[arg(long, conflicts_with_all = ["targets", "dockerfile"])]
    pub dangerous_leave_out_unknown_kinds: bool,
    /// The namespace of objects that name none, which match.kubernetes of a policy meets
    #[arg(long, value_name = "NAMESPACE", default_value = "default", conflicts_with_all = ["targets", "dockerfile", "admission_review"])]
    pub namespace: String,
    /// What is passed to the build of the Dockerfile, also TARGETPLATFORM and its like; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_value, requires = "dockerfile")]
    pub build_arg: Vec<(String, String)>,
    /// What kind of webhook the response is for. A validating one may not write digests in
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "KIND",
        conflicts_with_all = ["targets", "manifest", "dockerfile"]
    )]
    pub webhook: WebhookKind,
}

impl AdmissionFlags {
    /// Whether there are files whose images are to be verified.
    pub fn is_any(&self) -> bool {
        !self.manifest.is_empty() || !self.dockerfile.is_empty() || self.admission_review.is_some()
    }
}

/// What kind of webhook a response is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum WebhookKind {
    /// One that may change objects
    #[default]
    Mutating,
    /// One that may not
    Validating,
}
