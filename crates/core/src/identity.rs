//! Who signed, as a Fulcio certificate says it, and matchers for it.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::Error;

/// The OIDC issuer that vouched for the signer, e.g. `https://token.actions.githubusercontent.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Issuer(pub String);

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one subject alternative name of a Fulcio certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum SubjectAlternativeName {
    /// rfc822Name: a person or a service account with an e-mail address.
    Email(String),
    /// uniformResourceIdentifier: a workflow, a SPIFFE id, a Kubernetes service account.
    Uri(String),
    /// otherName of type 1.3.6.1.4.1.57264.1.7: a user name with its domain, `user!domain`.
    OtherName(String),
}

impl SubjectAlternativeName {
    /// The text, whatever its kind.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(text) | Self::Uri(text) | Self::OtherName(text) => text,
        }
    }
}

impl fmt::Display for SubjectAlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A certificate's identity: subject, issuer, and what the issuer said about the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateIdentity {
    /// The subject alternative name.
    pub subject: SubjectAlternativeName,
    /// The issuer, from extension .1.8, or .1.1 in older certificates.
    pub issuer: Issuer,
    /// The other Fulcio extensions.
    pub extensions: FulcioExtensions,
}

macro_rules! fulcio_extensions {
    ($($(#[$doc:meta])* $arc:literal $field:ident $name:literal,)*) => {
        /// What the token's issuer said about the build: the extensions 1.3.6.1.4.1.57264.1.* of
        /// Fulcio's `docs/oid-info.md`. Absent ones are `None`.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct FulcioExtensions {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none", rename = $name)]
            pub $field: Option<String>,)*
        }

        impl FulcioExtensions {
            /// The names of all extensions as policies and reports spell them, with the last arc
            /// of their object identifier.
            pub const NAMES: &'static [(&'static str, u32)] = &[$(($name, $arc),)*];

            /// The value of the extension with this name. The outer `None`: no such name.
            pub fn by_name(&self, name: &str) -> Option<Option<&str>> {
                match name {
                    $($name => Some(self.$field.as_deref()),)*
                    _ => None,
                }
            }

            /// The place of the extension with this last arc of its object identifier.
            pub fn by_arc_mut(&mut self, arc: u32) -> Option<&mut Option<String>> {
                match arc {
                    $($arc => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

fulcio_extensions! {
    /// What triggered the workflow (GitHub, deprecated form).
    2 github_workflow_trigger "githubWorkflowTrigger",
    /// The workflow's commit (GitHub, deprecated form).
    3 github_workflow_sha "githubWorkflowSHA",
    /// The workflow's name (GitHub, deprecated form).
    4 github_workflow_name "githubWorkflowName",
    /// The workflow's repository (GitHub, deprecated form).
    5 github_workflow_repository "githubWorkflowRepository",
    /// The workflow's ref (GitHub, deprecated form).
    6 github_workflow_ref "githubWorkflowRef",
    /// The reusable workflow, or the workflow, that ran the build, with its ref.
    9 build_signer_uri "buildSignerURI",
    /// The commit of the build signer.
    10 build_signer_digest "buildSignerDigest",
    /// `github-hosted` or `self-hosted`.
    11 runner_environment "runnerEnvironment",
    /// The source repository.
    12 source_repository_uri "sourceRepositoryURI",
    /// The source commit.
    13 source_repository_digest "sourceRepositoryDigest",
    /// The source ref.
    14 source_repository_ref "sourceRepositoryRef",
    /// The repository's immutable id.
    15 source_repository_identifier "sourceRepositoryIdentifier",
    /// The repository's owner.
    16 source_repository_owner_uri "sourceRepositoryOwnerURI",
    /// The owner's immutable id.
    17 source_repository_owner_identifier "sourceRepositoryOwnerIdentifier",
    /// The top-level build configuration, with its ref.
    18 build_config_uri "buildConfigURI",
    /// The commit of the build configuration.
    19 build_config_digest "buildConfigDigest",
    /// What triggered the build.
    20 build_trigger "buildTrigger",
    /// The run.
    21 run_invocation_uri "runInvocationURI",
    /// The repository's visibility when it was signed.
    22 source_repository_visibility_at_signing "sourceRepositoryVisibilityAtSigning",
    /// The deployment environment.
    23 deployment_environment "deploymentEnvironment",
    /// The token's subject.
    24 token_subject "tokenSubject",
}

/// A pattern that matches whole strings only. `regex` syntax, linear time.
///
/// cosign's patterns match anywhere in the string, so that `github.com/acme` also allows
/// `github.com/acme-evil`; here a pattern that is meant to be a prefix must say so with `.*`.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: regex::Regex,
}

impl Pattern {
    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Pattern {
    type Err = Error;

    /// Compiles a pattern; its program may take at most 1 MiB.
    fn from_str(text: &str) -> Result<Self, Error> {
        let fault = |error: regex::Error| Error::Pattern {
            pattern: text.chars().take(200).collect(),
            reason: error.to_string(),
        };
        // The pattern alone first: so that "a)(b" does not become valid inside the group below.
        regex::RegexBuilder::new(text).size_limit(PATTERN_BYTES).build().map_err(fault)?;
        let whole = format!("^(?:{text})$");
        let regex = regex::RegexBuilder::new(&whole).size_limit(PATTERN_BYTES).build();
        Ok(Pattern { text: text.to_owned(), regex: regex.map_err(fault)? })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Pattern {}

/// Matches a text exactly, or by a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatcher {
    /// Byte for byte.
    Exact(String),
    /// The whole text by a pattern.
    Pattern(Pattern),
}

impl TextMatcher {
    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == text,
            Self::Pattern(pattern) => pattern.matches(text),
        }
    }
}

impl fmt::Display for TextMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Pattern(pattern) => write!(f, "pattern {}", pattern.as_str()),
        }
    }
}

/// Matches a [`CertificateIdentity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityMatcher {
    /// The subject wanted.
    pub subject: TextMatcher,
    /// The issuer wanted.
    pub issuer: TextMatcher,
}

impl IdentityMatcher {
    /// The exact subject and issuer.
    pub fn exact(subject: impl Into<String>, issuer: impl Into<String>) -> Self {
        IdentityMatcher {
            subject: TextMatcher::Exact(subject.into()),
            issuer: TextMatcher::Exact(issuer.into()),
        }
    }

    /// Whether both match.
    pub fn matches(&self, identity: &CertificateIdentity) -> bool {
        self.subject.matches(identity.subject.as_str()) && self.issuer.matches(&identity.issuer.0)
    }
}

/// Enough for long alternatives of workflows; far below what could exhaust memory.
const PATTERN_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_strings() {
        let pattern: Pattern = r"https://github\.com/acme/.*|x".parse().unwrap();
        assert!(pattern.matches("https://github.com/acme/app"));
        assert!(pattern.matches("x"));
        for other in ["evil https://github.com/acme/app", "https://github.com/acme", "xx", "x\n"] {
            assert!(!pattern.matches(other), "{other:?}");
        }
        let error = "a)(b".parse::<Pattern>();
        assert!(matches!(error, Err(Error::Pattern { .. })), "{error:?}");
    }

    #[test]
    fn extensions_are_found_by_name_and_by_arc() {
        let mut extensions = FulcioExtensions::default();
        *extensions.by_arc_mut(14).unwrap() = Some("refs/heads/main".to_owned());
        assert_eq!(extensions.by_name("sourceRepositoryRef"), Some(Some("refs/heads/main")));
        assert_eq!(extensions.by_name("runnerEnvironment"), Some(None));
        assert_eq!(extensions.by_name("nope"), None);
        assert_eq!(extensions.by_arc_mut(7), None);
    }
}
