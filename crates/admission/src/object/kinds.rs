//! The kinds of Kubernetes that run pods.

/// Where a kind has what its pods are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodTemplate {
    /// The object is a pod.
    Itself,
    /// `template`
    Template,
    /// `spec.template`
    Spec,
    /// `spec.jobTemplate.spec.template`
    Job,
}

impl PodTemplate {
    /// Where a kind has it, whatever the version of its group; nothing for a kind that runs no pods, or is
    /// not known.
    pub(crate) fn of(group: &str, kind: &str) -> Option<Self> {
        KINDS.iter().find(|(groups, its, _)| groups.contains(&group) && *its == kind).map(|it| it.2)
    }

    /// The way to the template: the mapping with `metadata` and `spec` of the pods.
    pub(crate) fn pod(self) -> &'static [&'static str] {
        match self {
            Self::Itself => &[],
            Self::Template => &["template"],
            Self::Spec => &["spec", "template"],
            Self::Job => &["spec", "jobTemplate", "spec", "template"],
        }
    }
}

/// Whether the kinds of a group are Kubernetes' own: those that are not in [`KINDS`] run no pods.
pub(super) fn is_built_in(group: &str) -> bool {
    GROUPS.contains(&group)
}

/// Kubernetes API reference, "Workload Resources". `extensions` is where four of them once were.
const KINDS: [(&[&str], &str, PodTemplate); 9] = [
    (&[""], "Pod", PodTemplate::Itself),
    (&[""], "PodTemplate", PodTemplate::Template),
    (&[""], "ReplicationController", PodTemplate::Spec),
    (&["apps", "extensions"], "Deployment", PodTemplate::Spec),
    (&["apps", "extensions"], "ReplicaSet", PodTemplate::Spec),
    (&["apps", "extensions"], "DaemonSet", PodTemplate::Spec),
    (&["apps"], "StatefulSet", PodTemplate::Spec),
    (&["batch"], "Job", PodTemplate::Spec),
    (&["batch"], "CronJob", PodTemplate::Job),
];

/// Kubernetes API reference, "API Groups".
const GROUPS: [&str; 24] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];
