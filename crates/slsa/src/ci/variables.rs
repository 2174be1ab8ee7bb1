//! Variables that the caller names: their values are read last, and some never.

use serde_json::Value;

use super::stated::{NamedVariable, Show};

/// What goes into the provenance for a variable with this value.
pub(super) fn shown(variable: &NamedVariable, value: String) -> Value {
    let masked =
        variable.show == Show::Name || names_a_secret(&variable.name) || has_credentials(&value);
    Value::String(if masked { MASKED.to_owned() } else { value })
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
fn has_credentials(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
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
    fn check(name: &str, value: &str, show: Show, wanted: &str) {
        let variable = NamedVariable { name: name.to_owned(), show };
        assert_eq!(shown(&variable, value.to_owned()), wanted, "{name}={value}");
    }

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        check("GOFLAGS", "-mod=readonly", Show::Value, "-mod=readonly");
        check("GOFLAGS", "-mod=readonly", Show::Name, MASKED);
        check("SOURCE", "https://github.com/acme/app", Show::Value, "https://github.com/acme/app");
        check("MONKEY", "a@b", Show::Value, "a@b");
        let secrets = [
            ("CI_JOB_TOKEN", "x"),
            ("client_secret", "x"),
            ("REGISTRY_PASSWORD", "x"),
            ("SIGNING_KEY", "x"),
            ("GH_PAT", "x"),
            ("CI_JOB_JWT_V2", "x"),
            ("CI_REPOSITORY_URL", "https://gitlab-ci-token:x@gitlab.com/acme/app.git"),
            ("MIRRORS", "https://a.example/ https://user:x@b.example/"),
        ];
        for (name, value) in secrets {
            check(name, value, Show::Value, MASKED);
        }
    }
}
