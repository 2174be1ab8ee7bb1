use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chainsign_core::Limits;
use chainsign_core::identity::{IdentityMatcher, Issuer, Pattern, TextMatcher};
use chainsign_core::json;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::SecretText;
use crate::Error;

/// An OpenID Connect identity token, parsed and checked for use.
///
/// What is checked is what would otherwise fail later, or at the wrong place: shape, audience,
/// times, a verified e-mail address. The signature is not checked: the certificate authority does
/// that, and only its answer counts.
#[derive(Clone)]
pub struct IdentityToken {
    text: SecretText,
    claims: Claims,
    expires: Timestamp,
}

impl IdentityToken {
    /// The audience of Sigstore's public instance and of most private ones.
    pub const AUDIENCE: &'static str = "sigstore";

    /// Parses a token in compact serialization (RFC 7519). White space around it is dropped, since
    /// files and variables end in line feeds.
    ///
    /// On success it has three parts, an issuer, a subject, [`Self::AUDIENCE`] among its audiences,
    /// and `now` is in its validity with [`Self::SKEW`] to either side.
    ///
    /// # Errors
    /// [`Error::TokenMalformed`], [`Error::TokenAudience`], [`Error::TokenExpired`],
    /// [`Error::TokenNotYetValid`], [`Error::TokenEmailUnverified`].
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, Error> {
        Self::parse_for(text, Self::AUDIENCE, now)
    }

    /// The same for another audience: a private certificate authority may know its clients by
    /// another name.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_for(text: &str, audience: &str, now: Timestamp) -> Result<Self, Error> {
        let text = text.trim_ascii();
        let (claims, _) = claims(text)?;
        if !claims.aud.contains(audience) {
            let wanted = audience.to_owned();
            return Err(Error::TokenAudience { found: claims.aud.into_vec(), wanted });
        }
        let expires = claims.valid_at(now)?;
        match claims.email.as_deref() {
            // Fulcio refuses these, and sigstore-go and sigstore-js before it.
            Some(email) if !email.is_empty() && !claims.email_verified.is_true() => {
                return Err(Error::TokenEmailUnverified { email: email.to_owned() });
            }
            _ => {}
        }
        Ok(IdentityToken { text: SecretText::new(text), claims, expires })
    }

    /// How much our clock and the issuer's may differ.
    pub const SKEW: SignedDuration = SignedDuration::from_secs(60);

    /// Who issued it: the claim `iss`.
    pub fn issuer(&self) -> Issuer {
        Issuer(self.claims.iss.clone())
    }

    /// The identity, which is also what the proof of possession signs: the claim `email` where it
    /// is not empty, else `sub`.
    pub fn subject(&self) -> &str {
        match self.claims.email.as_deref() {
            Some(email) if !email.is_empty() => email,
            _ => &self.claims.sub,
        }
    }

    /// When it expires: the claim `exp`.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The identities that a certificate for this token may have: what a fresh signature is
    /// verified against.
    ///
    /// The issuer is the token's, or the upstream one that a federating issuer such as Dex names.
    /// The subject follows Fulcio's rules for e-mail addresses, GitHub, GitLab, Buildkite and
    /// Kubernetes tokens, and subjects that are URIs. For other tokens any subject of that issuer
    /// is expected, because the authority's own configuration decides it.
    pub fn expected_identities(&self) -> Vec<IdentityMatcher> {
        let upstream = self.connector().filter(|id| *id != self.claims.iss);
        let issuers = [Some(self.claims.iss.as_str()), upstream];
        let subject = self.expected_subject();
        let matcher = |issuer: &str| IdentityMatcher {
            subject: subject.clone(),
            issuer: TextMatcher::Exact(issuer.to_owned()),
        };
        issuers.into_iter().flatten().map(matcher).collect()
    }

    /// The issuer behind the token's own, where that federates; else its own.
    pub(super) fn upstream_issuer(&self) -> Issuer {
        Issuer(self.connector().unwrap_or(&self.claims.iss).to_owned())
    }

    /// The subject that a certificate must have, where it is one.
    pub(super) fn exact_subject(&self) -> Option<String> {
        match self.expected_subject() {
            TextMatcher::Exact(subject) => Some(subject),
            TextMatcher::Pattern(_) => None,
        }
    }

    fn connector(&self) -> Option<&str> {
        let claims = self.claims.federated_claims.as_ref()?;
        claims.connector_id.as_deref().filter(|id| !id.is_empty())
    }

    /// What binds it to a login: the claim `nonce`.
    pub(super) fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    /// The token itself, for the certificate authority and nobody else.
    pub(crate) fn secret(&self) -> &SecretText {
        &self.text
    }

    /// Fulcio `pkg/identity/*/principal.go` and `config/identity/config.yaml`.
    fn expected_subject(&self) -> TextMatcher {
        let claims = &self.claims;
        if let Some(email) = claims.email.as_ref().filter(|email| !email.is_empty()) {
            return TextMatcher::Exact(email.clone());
        }
        if let Some(workflow) = &claims.job_workflow_ref {
            // The host is github.com or that of a GitHub Enterprise instance.
            return pattern(&format!("https://[^/]+/{}", escape(workflow)));
        }
        if let Some(config) = &claims.ci_config_ref_uri {
            return TextMatcher::Exact(format!("https://{config}"));
        }
        if let (Some(organization), Some(pipeline)) =
            (&claims.organization_slug, &claims.pipeline_slug)
        {
            return TextMatcher::Exact(format!("https://buildkite.com/{organization}/{pipeline}"));
        }
        if let Some(KubernetesClaims { namespace, serviceaccount }) = &claims.kubernetes {
            let account = &serviceaccount.name;
            return TextMatcher::Exact(format!(
                "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{account}"
            ));
        }
        if claims.sub.contains("://") {
            return TextMatcher::Exact(claims.sub.clone());
        }
        pattern(".+")
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("issuer", &self.claims.iss)
            .field("subject", &self.subject())
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The claims that this crate knows, and the payload that has all of them.
pub(super) fn claims(text: &str) -> Result<(Claims, Vec<u8>), Error> {
    let malformed = |reason: String| Error::TokenMalformed { reason };
    if text.len() > TOKEN_BYTES {
        let reason = format!("found {} bytes, wanted at most {TOKEN_BYTES}", text.len());
        return Err(malformed(reason));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        let found = parts.len();
        return Err(malformed(format!("found {found} parts between dots, wanted 3")));
    };
    let part = |what: &str, part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty());
        bytes.ok_or_else(|| malformed(format!("its {what} is not base64url")))
    };
    let header = part("header", header)?;
    let payload = part("payload", payload)?;
    part("signature", signature)?;
    let fault = |error: chainsign_core::Error| malformed(error.to_string());
    let limits = Limits::default();
    json::parse::<Header>("its header", &header, &limits).map_err(fault)?;
    let claims: Claims = json::parse("its payload", &payload, &limits).map_err(fault)?;
    for (name, value) in [("iss", &claims.iss), ("sub", &claims.sub)] {
        if value.is_empty() {
            return Err(malformed(format!("its claim {name:?} is empty")));
        }
    }
    Ok((claims, payload))
}

fn pattern(text: &str) -> TextMatcher {
    match text.parse::<Pattern>() {
        Ok(pattern) => TextMatcher::Pattern(pattern),
        // Only a claim of absurd length exceeds a pattern's size: then nothing but itself matches.
        Err(_) => TextMatcher::Exact(text.to_owned()),
    }
}

/// The text as a pattern that matches just it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if PATTERN_SYNTAX.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    _algorithm: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Flag,
    federated_claims: Option<FederatedClaims>,
    job_workflow_ref: Option<String>,
    ci_config_ref_uri: Option<String>,
    organization_slug: Option<String>,
    pipeline_slug: Option<String>,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Option<KubernetesClaims>,
}

impl Claims {
    /// Checks that `now` is in its validity, with [`IdentityToken::SKEW`] to either side, and says
    /// when it ends.
    pub(super) fn valid_at(&self, now: Timestamp) -> Result<Timestamp, Error> {
        let expires = self.exp.timestamp("exp")?;
        if now.duration_since(expires) >= IdentityToken::SKEW {
            return Err(Error::TokenExpired { expired: expires, now });
        }
        if let Some(from) = self.nbf.as_ref() {
            let from = from.timestamp("nbf")?;
            if from.duration_since(now) > IdentityToken::SKEW {
                return Err(Error::TokenNotYetValid { from, now });
            }
        }
        Ok(expires)
    }
}

#[derive(Clone, Deserialize)]
struct FederatedClaims {
    connector_id: Option<String>,
}

#[derive(Clone, Deserialize)]
struct KubernetesClaims {
    namespace: String,
    serviceaccount: KubernetesAccount,
}

#[derive(Clone, Deserialize)]
struct KubernetesAccount {
    name: String,
}

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(audience) => audience == wanted,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == wanted),
        }
    }

    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(audience) => vec![audience],
            Self::Several(audiences) => audiences,
        }
    }
}

/// Some issuers write the text `"true"`, which Fulcio accepts.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Flag {
    fn is_true(&self) -> bool {
        match self {
            Self::Bool(flag) => *flag,
            Self::Text(text) => matches!(text.as_str(), "true" | "True"),
        }
    }
}

impl Default for Flag {
    fn default() -> Self {
        Flag::Bool(false)
    }
}

/// Seconds since 1970, which need not be whole (RFC 7519 section 2).
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct NumericDate(f64);

impl NumericDate {
    fn timestamp(&self, claim: &str) -> Result<Timestamp, Error> {
        let seconds = SignedDuration::try_from_secs_f64(self.0.floor()).ok();
        let timestamp = seconds.and_then(|seconds| Timestamp::from_duration(seconds).ok());
        timestamp.ok_or_else(|| Error::TokenMalformed {
            reason: format!("its claim {claim:?} is {}, wanted seconds since 1970", self.0),
        })
    }
}

/// Real tokens have 1 to 3 KiB; those with many group claims some ten.
pub(super) const TOKEN_BYTES: usize = 64 << 10;

/// What `regex` reads as syntax (regex-syntax `is_meta_character`).
const PATTERN_SYNTAX: &str = r"\.+*?()|[]{}^$#&-~";

#[cfg(test)]
mod tests {
    use chainsign_core::identity::{CertificateIdentity, SubjectAlternativeName};

    use super::*;

    const NOW: &str = "2026-11-21T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn token(claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(r#"{"alg":"RS256"}"#), encode(claims), encode("secret"))
    }

    /// A good token's claims with some replaced; `null` removes one.
    fn claims(changes: serde_json::Value) -> String {
        let mut claims = serde_json::json!({
            "iss": "https://issuer.test", "sub": "somebody", "aud": "sigstore",
            "exp": now().as_second() + 600, "nbf": now().as_second(),
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                serde_json::Value::Null => {
                    claims.as_object_mut().unwrap().remove(name);
                }
                value => claims[name] = value.clone(),
            }
        }
        claims.to_string()
    }

    #[track_caller]
    fn parse(changes: serde_json::Value) -> Result<IdentityToken, Error> {
        IdentityToken::parse(&token(&claims(changes)), now())
    }

    #[test]
    fn a_good_token_is_read_and_never_printed() {
        let text = token(&claims(serde_json::json!({"aud": ["other", "sigstore"]})));
        let parsed = IdentityToken::parse(&format!("\n {text}\r\n"), now()).unwrap();
        assert_eq!(parsed.issuer().0, "https://issuer.test");
        assert_eq!(parsed.subject(), "somebody");
        assert_eq!(parsed.expires(), now() + SignedDuration::from_secs(600));
        assert_eq!(parsed.secret().expose(), text);
        for printed in [format!("{parsed:?}"), format!("{:?}", parsed.secret())] {
            for part in text.split('.') {
                assert!(!printed.contains(part), "{printed}");
            }
        }
    }

    #[test]
    fn the_identity_is_the_verified_email_else_the_subject() {
        for verified in [serde_json::json!(true), serde_json::json!("true")] {
            let email = serde_json::json!({"email": "dev@a.test", "email_verified": verified});
            assert_eq!(parse(email).unwrap().subject(), "dev@a.test");
        }
        assert_eq!(parse(serde_json::json!({"email": ""})).unwrap().subject(), "somebody");
        for unverified in
            [serde_json::json!(false), serde_json::json!("no"), serde_json::Value::Null]
        {
            let email = serde_json::json!({"email": "dev@a.test", "email_verified": unverified});
            let error = parse(email).unwrap_err();
            assert!(
                matches!(&error, Error::TokenEmailUnverified { email } if email == "dev@a.test"),
                "{error}"
            );
        }
    }

    #[test]
    fn times_have_a_minute_of_skew_and_no_more() {
        let second = now().as_second();
        parse(serde_json::json!({"exp": second - 59})).unwrap();
        parse(serde_json::json!({"exp": second as f64 + 0.5, "nbf": second + 60})).unwrap();
        let error = parse(serde_json::json!({"exp": second - 60})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the identity token expired at 2026-11-21T11:59:00Z, and it is 2026-11-21T12:00:00Z"
        );
        let error = parse(serde_json::json!({"nbf": second + 61})).unwrap_err();
        assert!(
            matches!(error, Error::TokenNotYetValid { from, .. } if from.as_second() == second + 61),
            "{error}"
        );
        let error = parse(serde_json::json!({"exp": 1e300})).unwrap_err();
        assert!(
            matches!(&error, Error::TokenMalformed { reason } if reason.starts_with("its claim \"exp\" is 1")),
            "{error}"
        );
    }

    #[test]
    fn another_audience_is_refused() {
        let error = parse(serde_json::json!({"aud": ["a", "sigstore2"]})).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"the identity token is for the audience ["a", "sigstore2"], wanted "sigstore""#
        );
    }

    #[test]
    fn what_is_not_a_token_says_why() {
        let payload = token(&claims(serde_json::json!({})));
        let payload = payload.split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode("{}");
        let claims_of = |text: &str| token(text);
        for (text, wanted) in [
            (String::new(), "found 1 parts between dots, wanted 3"),
            ("a.b.c.d".to_owned(), "found 4 parts between dots, wanted 3"),
            (format!("e30=.{payload}.YQ"), "its header is not base64url"),
            (format!("{header}.{payload}.YQ"), "its header is not valid: missing field `alg`"),
            (token("").replace("..", ".=."), "its payload is not base64url"),
            (
                format!("{}.", token("{}").rsplit_once('.').unwrap().0),
                "its signature is not base64url",
            ),
            (claims_of("[]"), "its payload is not valid: "),
            (claims_of(r#"{"iss":"a","iss":"b"}"#), "its payload has the key \"iss\" twice"),
            (
                token(&claims(serde_json::json!({"sub": null}))),
                "its payload is not valid: missing field `sub`",
            ),
            (
                token(&claims(serde_json::json!({"exp": null}))),
                "its payload is not valid: missing field `exp`",
            ),
            (token(&claims(serde_json::json!({"iss": ""}))), "its claim \"iss\" is empty"),
            ("a".repeat(70_000), "found 70000 bytes, wanted at most 65536"),
        ] {
            let error = IdentityToken::parse(&text, now()).unwrap_err();
            let Error::TokenMalformed { reason } = &error else { panic!("{error:?}") };
            assert!(reason.starts_with(wanted), "found {reason:?}, wanted {wanted:?}");
        }
    }

    #[test]
    fn a_gitlab_jobs_certificate_says_what_the_job_is() {
        let token = parse(serde_json::json!({
            "sub": "project_path:a/b:ref_type:tag:ref:v1", "ref": "v1", "ref_type": "tag",
            "ci_config_ref_uri": "gitlab.com/a/b//.gitlab-ci.yml@refs/tags/v1",
            "ci_config_sha": "c0", "sha": "d0", "project_path": "a/b", "project_id": "7",
            "namespace_path": "a", "namespace_id": 8, "job_id": "9", "pipeline_source": "push",
            "project_visibility": "private", "runner_environment": "gitlab-hosted",
        }));
        let told = token.unwrap().disclosed().unwrap();
        let config = "https://gitlab.com/a/b//.gitlab-ci.yml@refs/tags/v1";
        assert_eq!(told.subject, Some(SubjectAlternativeName::Uri(config.to_owned())));
        let names = chainsign_core::identity::FulcioExtensions::NAMES.iter();
        let values: Vec<String> = names
            .filter_map(|(name, arc)| Some(format!("{arc} {}", told.extensions.by_name(name)??)))
            .collect();
        let wanted = [
            format!("9 {config}"),
            "10 c0".to_owned(),
            "11 gitlab-hosted".to_owned(),
            "12 https://gitlab.com/a/b".to_owned(),
            "13 d0".to_owned(),
            "14 refs/tags/v1".to_owned(),
            "15 7".to_owned(),
            "16 https://gitlab.com/a".to_owned(),
            "17 8".to_owned(),
            format!("18 {config}"),
            "19 c0".to_owned(),
            "20 push".to_owned(),
            "21 https://gitlab.com/a/b/-/jobs/9".to_owned(),
            "22 private".to_owned(),
            "24 project_path:a/b:ref_type:tag:ref:v1".to_owned(),
        ];
        assert_eq!(values, wanted);
    }

    #[track_caller]
    fn expects(changes: serde_json::Value, subject: &str, issuer: &str) -> bool {
        let identity = CertificateIdentity {
            subject: SubjectAlternativeName::Uri(subject.to_owned()),
            issuer: Issuer(issuer.to_owned()),
            extensions: Default::default(),
        };
        parse(changes).unwrap().expected_identities().iter().any(|m| m.matches(&identity))
    }

    #[test]
    fn the_certificate_is_expected_to_name_the_tokens_identity() {
        let issuer = "https://issuer.test";
        let email = serde_json::json!({
            "email": "dev@a.test", "email_verified": true,
            "federated_claims": {"connector_id": "https://accounts.test"},
        });
        assert!(expects(email.clone(), "dev@a.test", issuer));
        assert!(expects(email.clone(), "dev@a.test", "https://accounts.test"));
        assert!(!expects(email.clone(), "dev@a.test", "https://other.test"));
        assert!(!expects(email, "other@a.test", issuer));

        let github = serde_json::json!({"job_workflow_ref": "acme/app/.github/workflows/r.yml@refs/heads/main"});
        let workflow = "https://github.com/acme/app/.github/workflows/r.yml@refs/heads/main";
        assert!(expects(github.clone(), workflow, issuer));
        assert!(!expects(github.clone(), &workflow.replace(".github/", "xgithub/"), issuer));
        assert!(!expects(github, &workflow.replace("github.com/", "github.com/evil/"), issuer));

        let gitlab = serde_json::json!({"ci_config_ref_uri": "gitlab.com/a/b//.gitlab-ci.yml@refs/heads/main"});
        assert!(expects(gitlab, "https://gitlab.com/a/b//.gitlab-ci.yml@refs/heads/main", issuer));
        let buildkite = serde_json::json!({"organization_slug": "acme", "pipeline_slug": "app"});
        assert!(expects(buildkite, "https://buildkite.com/acme/app", issuer));
        let kubernetes = serde_json::json!({"kubernetes.io": {"namespace": "n", "serviceaccount": {"name": "s"}}});
        assert!(expects(
            kubernetes,
            "https://kubernetes.io/namespaces/n/serviceaccounts/s",
            issuer
        ));
        let spiffe = serde_json::json!({"sub": "spiffe://acme.test/app"});
        assert!(expects(spiffe.clone(), "spiffe://acme.test/app", issuer));
        assert!(!expects(spiffe, "spiffe://acme.test/app2", issuer));
        assert!(expects(serde_json::json!({}), "anything", issuer));
        assert!(!expects(serde_json::json!({}), "anything", "https://other.test"));
    }
}
