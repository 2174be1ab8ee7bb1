//! Variables that the caller names: their values are read last, and some never.

use super::stated::{NamedVariable, Show};

/// What of a variable goes into the provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Its value.
    Value,
    /// This word.
    Masked(&'static str),
}

/// What of a variable with this value goes into the provenance.
pub(super) fn shown(variable: &NamedVariable, value: &str) -> Shown {
    let secret = names_a_secret(&variable.name) || has_credentials(value);
    match variable.show {
        Show::Value if !secret => Shown::Value,
        Show::Value | Show::Name => Shown::Masked(MASKED),
    }
}

/// Whether the name says that the value is a secret. To mask a harmless one costs little: its value
/// can be stated as a parameter.
fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let anywhere = ["TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "PRIVATE"];
    let alone = ["KEY", "APIKEY", "PWD", "PASS", "PAT", "JWT", "AUTH"];
    anywhere.iter().any(|word| name.contains(word))
        || name.split('_').any(|word| alone.contains(&word))
}

/// Whether the value has a user name or password before a host, as GitLab's `CI_REPOSITORY_URL`.
/// The user `git` of ssh is everybody.
pub(super) fn has_credentials(value: &str) -> bool {
    value.replace("ssh://git@", "ssh://").split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.contains('@')
    })
}

/// GitLab's word for a value that is not shown (docs.gitlab.com, "SLSA provenance specification").
const MASKED: &str = "[MASKED]";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, show: Show, wanted: Shown) {
        let variable = NamedVariable { name: name.to_owned(), show };
        assert_eq!(shown(&variable, value), wanted, "{name}={value}");
    }

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        check("GOFLAGS", "-mod=readonly", Show::Value, Shown::Value);
        check("GOFLAGS", "-mod=readonly", Show::Name, Shown::Masked(MASKED));
        check("SOURCE", "https://github.com/acme/app", Show::Value, Shown::Value);
        check("SOURCE", "ssh://git@github.com/acme/app", Show::Value, Shown::Value);
        check("MONKEY", "a@b", Show::Value, Shown::Value);
        let secrets = [
            ("CI_JOB_TOKEN", "x"),
            ("client_secret", "x"),
            ("REGISTRY_PASSWORD", "x"),
            ("SIGNING_KEY", "x"),
            ("GH_PAT", "x"),
            ("CI_JOB_JWT_V2", "x"),
            ("CI_REPOSITORY_URL", "https://gitlab-ci-token:x@gitlab.com/acme/app.git"),
            ("SSH", "ssh://dev@git.acme.example/app"),
            ("MIRRORS", "https://a.example/ https://user:x@b.example/"),
        ];
        for (name, value) in secrets {
            check(name, value, Show::Value, Shown::Masked(MASKED));
        }
    }
}
