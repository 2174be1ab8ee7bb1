use super::{Ci, Look};
use crate::Error;

/// The CI system that this environment is of; `None` outside of any that is known here.
///
/// A system is known by the variables that it sets in every job. Tekton and Google Cloud Build set
/// none: they are known by those that the documentation of this crate asks to be passed on.
///
/// # Errors
/// [`Error::SeveralCis`] when two systems are there at once, as where one starts jobs of another.
pub fn detect(environment: &Look<'_>) -> Result<Option<Ci>, Error> {
    let set = |name: &str| environment(name).is_some_and(|value| !value.trim().is_empty());
    let is_true = |name: &str| environment(name).as_deref() == Some("true");
    // Gitea and Forgejo run GitHub's actions, and say that they are GitHub too.
    let imitated = ["GITEA_ACTIONS", "FORGEJO_ACTIONS"].into_iter().any(is_true);
    let here = |ci: &Ci| match ci {
        Ci::Github => is_true("GITHUB_ACTIONS") && !imitated,
        Ci::Gitlab => is_true("GITLAB_CI"),
        Ci::CloudBuild => ["PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID"].into_iter().all(set),
        Ci::Tekton => ["TEKTON_TASKRUN_UID", "TEKTON_PIPELINERUN_UID"].into_iter().any(set),
        Ci::Jenkins => set("JENKINS_URL") || set("JENKINS_HOME"),
        Ci::Generic => false,
    };
    let mut found = Ci::ALL.into_iter().filter(here);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(Error::SeveralCis { first, second }),
        (first, _) => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], wanted: Result<Option<Ci>, Error>) {
        let look = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(detect(&look), wanted, "{variables:?}");
    }

    const GITHUB: (&str, &str) = ("GITHUB_ACTIONS", "true");
    const GITLAB: (&str, &str) = ("GITLAB_CI", "true");
    const JENKINS: (&str, &str) = ("JENKINS_URL", "https://ci.acme.example/");

    #[test]
    fn each_is_known_by_what_it_sets() {
        check(&[], Ok(None));
        check(&[("CI", "true"), ("BUILD_ID", "7"), ("PROJECT_ID", "x")], Ok(None));
        check(&[GITHUB], Ok(Some(Ci::Github)));
        check(&[GITLAB], Ok(Some(Ci::Gitlab)));
        check(&[JENKINS, ("BUILD_ID", "7")], Ok(Some(Ci::Jenkins)));
        check(&[("TEKTON_TASKRUN_UID", "1aa0")], Ok(Some(Ci::Tekton)));
        let cloud_build = [("PROJECT_ID", "a"), ("PROJECT_NUMBER", "7"), ("BUILD_ID", "5")];
        check(&cloud_build, Ok(Some(Ci::CloudBuild)));
        check(&[("GITHUB_ACTIONS", "false"), ("JENKINS_URL", " ")], Ok(None));
    }

    #[test]
    fn an_imitation_is_not_github() {
        check(&[GITHUB, ("GITEA_ACTIONS", "true")], Ok(None));
        check(&[GITHUB, ("FORGEJO_ACTIONS", "true")], Ok(None));
    }

    #[test]
    fn two_at_once_are_refused() {
        let both = |first, second| Err(Error::SeveralCis { first, second });
        check(&[GITHUB, JENKINS], both(Ci::Github, Ci::Jenkins));
        check(&[JENKINS, GITLAB], both(Ci::Gitlab, Ci::Jenkins));
        let error = Error::SeveralCis { first: Ci::Github, second: Ci::Gitlab };
        let text = "found GitHub Actions and GitLab CI at once, wanted one";
        assert_eq!(error.to_string(), text);
    }
}
