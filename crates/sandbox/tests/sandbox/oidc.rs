//! The issuer: services.md section 2.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chainsign_sandbox::{Error, GithubWorkflow, TokenRequest};
use jiff::SignedDuration;
use serde_json::json;

use crate::client::{COMMIT, EMAIL, NOW, WORKFLOW, claims, get, get_as, post_form, sha256, start};

#[tokio::test]
async fn discovery_says_what_clients_need() {
    let sandbox = start().await;
    let answer = get(&sandbox, "/.well-known/openid-configuration").await;
    assert_eq!(answer.status, 200);
    let url = sandbox.url();
    assert_eq!(sandbox.issuer(), url);
    let wanted = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "device_authorization_endpoint": format!("{url}/device/code"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported":
            ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "scopes_supported": ["openid", "email"],
        "claims_supported": ["iss", "aud", "sub", "iat", "exp", "email", "email_verified"],
    });
    assert_eq!(answer.json(), wanted);
    sandbox.stop().await;
}

#[tokio::test]
async fn tokens_verify_with_the_published_key() {
    let sandbox = start().await;
    let token = sandbox.token(TokenRequest::email(EMAIL).unwrap()).unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let header: serde_json::Value =
        serde_json::from_slice(&decode(signed.split('.').next().unwrap())).unwrap();
    let keys = get(&sandbox, "/keys").await.json();
    let key = &keys["keys"][0];
    assert_eq!(header, json!({ "alg": "RS256", "kid": key["kid"], "typ": "JWT" }));
    assert_eq!(
        (key["kty"].as_str(), key["use"].as_str(), key["alg"].as_str(), key["e"].as_str()),
        (Some("RSA"), Some("sig"), Some("RS256"), Some("AQAB"))
    );
    let (n, e) = (decode(key["n"].as_str().unwrap()), decode(key["e"].as_str().unwrap()));
    assert_eq!(n.len(), 256);
    let key = RsaPublicKeyComponents { n, e };
    let verified = key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature));
    assert!(verified.is_ok());
    let altered = [signed, "x"].concat();
    assert!(
        key.verify(&RSA_PKCS1_2048_8192_SHA256, altered.as_bytes(), &decode(signature)).is_err()
    );
}

#[tokio::test]
async fn an_email_token_has_dexs_claims() {
    let sandbox = start().await;
    let request = TokenRequest::email(EMAIL).unwrap();
    let wanted = json!({
        "iss": sandbox.url(),
        "aud": "sigstore",
        "sub": EMAIL,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 600,
        "email": EMAIL,
        "email_verified": true,
        "federated_claims": { "connector_id": sandbox.url(), "user_id": EMAIL },
    });
    assert_eq!(claims(&sandbox.token(request.clone()).unwrap()), wanted);
    let other = request.audience("other").lifetime(SignedDuration::from_secs(-1));
    let claims = claims(&sandbox.token(other).unwrap());
    assert_eq!((&claims["aud"], &claims["exp"]), (&json!("other"), &json!(NOW - 1)));
}

#[tokio::test]
async fn a_workflow_token_has_githubs_claims_and_no_email() {
    let sandbox = start().await;
    let workflow = GithubWorkflow::new(WORKFLOW, COMMIT).unwrap();
    let token = claims(&sandbox.token(TokenRequest::github_workflow(workflow)).unwrap());
    assert_eq!(token.get("email"), None);
    let wanted = [
        ("iss", sandbox.url()),
        ("aud", "sigstore"),
        ("sub", "repo:acme/app:ref:refs/tags/v1.2.3"),
        ("actor", "acme"),
        ("event_name", "push"),
        ("job_workflow_ref", WORKFLOW),
        ("job_workflow_sha", COMMIT),
        ("ref", "refs/tags/v1.2.3"),
        ("ref_type", "tag"),
        ("repository", "acme/app"),
        ("repository_owner", "acme"),
        ("repository_visibility", "public"),
        ("run_attempt", "1"),
        ("run_id", "1"),
        ("runner_environment", "github-hosted"),
        ("sha", COMMIT),
        ("workflow", ".github/workflows/release.yml"),
        ("workflow_ref", WORKFLOW),
        ("workflow_sha", COMMIT),
    ];
    for (claim, value) in wanted {
        assert_eq!(token[claim], value, "{claim}");
    }
}

#[tokio::test]
async fn a_reusable_workflow_is_named_apart_from_its_caller() {
    let sandbox = start().await;
    let builder = "builders/go/.github/workflows/build.yml@refs/tags/v2";
    let workflow = GithubWorkflow::new(builder, COMMIT).unwrap().called_by(WORKFLOW).unwrap();
    let workflow = workflow.event("workflow_dispatch").unwrap();
    let token = claims(&sandbox.token(TokenRequest::github_workflow(workflow)).unwrap());
    let wanted = [
        ("sub", "repo:acme/app:ref:refs/tags/v1.2.3"),
        ("event_name", "workflow_dispatch"),
        ("job_workflow_ref", builder),
        ("repository", "acme/app"),
        ("workflow_ref", WORKFLOW),
        ("sha", COMMIT),
    ];
    for (claim, value) in wanted {
        assert_eq!(token[claim], value, "{claim}");
    }
    assert_ne!(token["job_workflow_sha"], COMMIT);
}

#[test]
fn what_is_no_identity_gets_no_token() {
    let refused = |result: Result<TokenRequest, Error>| match result.unwrap_err() {
        Error::Identity { what, found, .. } => (what, found),
        other => panic!("{other}"),
    };
    let long = format!("{}@sandbox.invalid", "a".repeat(250));
    for address in ["", "dev", "dev@localhost", "@a.b", "a@b@c.d", "a@.b", "a b@c.d", &long] {
        let shown: String = address.chars().take(200).collect();
        assert_eq!(refused(TokenRequest::email(address)), ("e-mail address", shown));
    }
    let workflow = |workflow: &str, commit: &str| {
        GithubWorkflow::new(workflow, commit).map(TokenRequest::github_workflow)
    };
    for text in [
        "",
        "acme/app",
        "acme/app/.github/workflows/release.yml",
        "acme/app/.github/workflows/release.yml@main",
        "acme/app/.github/workflows/release.yml@refs/heads",
        "acme/app/.github/workflows/release.yml@refs/heads/a b",
        "acme/app/.github/other/release.yml@refs/heads/main",
        "acme/../.github/workflows/release.yml@refs/heads/main",
        "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main",
    ] {
        assert_eq!(refused(workflow(text, COMMIT)), ("workflow", text.to_owned()));
    }
    for commit in ["", "main", &COMMIT.to_uppercase(), &COMMIT[1..]] {
        assert_eq!(refused(workflow(WORKFLOW, commit)), ("commit", (*commit).to_owned()));
    }
}

const REDIRECT: &str = "http://localhost:9/auth/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// Runs a login up to its code, with one query parameter replaced.
async fn authorize(
    sandbox: &chainsign_sandbox::Sandbox,
    replaced: Option<(&str, &str)>,
) -> crate::client::Answer {
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", "sigstore"),
        ("scope", "openid email"),
        ("redirect_uri", REDIRECT),
        ("state", "a state & more"),
        ("nonce", "a nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if let Some((name, value)) = replaced {
        query.retain(|(other, _)| *other != name);
        query.push((name, value));
    }
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        })
        .collect();
    get(sandbox, &format!("/auth?{}", query.join("&"))).await
}

fn code(location: &str) -> &str {
    let query = location.strip_prefix(REDIRECT).unwrap().strip_prefix("?code=").unwrap();
    query.strip_suffix("&state=a%20state%20%26%20more").unwrap()
}

#[tokio::test]
async fn a_login_with_pkce_gives_a_token_once() {
    let sandbox = start().await;
    let answer = authorize(&sandbox, None).await;
    assert_eq!(answer.status, 303);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code(answer.header("location"))),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = post_form(&sandbox, "/token", &form).await;
    assert_eq!(tokens.status, 200);
    let tokens = tokens.json();
    assert_eq!(tokens["access_token"], tokens["id_token"]);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(600)));
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["email"], "dev@sandbox.invalid");
    assert_eq!(claims["aud"], "sigstore");

    let wanted = json!({
        "error": "invalid_grant",
        "error_description": "found an unknown or used code",
    });
    assert_eq!(post_form(&sandbox, "/token", &form).await.refusal(), (400, wanted));
}

#[tokio::test]
async fn a_login_with_a_hint_is_of_that_person() {
    let sandbox = start().await;
    let answer = authorize(&sandbox, Some(("login_hint", "eve@sandbox.invalid"))).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code(answer.header("location"))),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = post_form(&sandbox, "/token", &form).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["email"], "eve@sandbox.invalid");
}

#[tokio::test]
async fn a_code_is_bound_to_verifier_and_redirect() {
    let sandbox = start().await;
    let cases = [
        (REDIRECT, "another verifier", "the code_verifier does not fit the code_challenge"),
        (
            "http://localhost:8/",
            VERIFIER,
            "found another redirect_uri than at the authorization endpoint",
        ),
    ];
    for (redirect_uri, verifier, description) in cases {
        let answer = authorize(&sandbox, None).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code(answer.header("location"))),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let wanted = json!({ "error": "invalid_grant", "error_description": description });
        assert_eq!(post_form(&sandbox, "/token", &form).await.refusal(), (400, wanted));
    }
}

#[tokio::test]
async fn the_code_can_be_shown_instead() {
    let sandbox = start().await;
    let answer = authorize(&sandbox, Some(("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"))).await;
    assert_eq!(answer.status, 200);
    let (_, rest) = answer.text().split_once("<code>").unwrap();
    let (code, _) = rest.split_once("</code>").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(post_form(&sandbox, "/token", &form).await.status, 200);
}

#[tokio::test]
async fn logins_that_cannot_be_approved_say_why() {
    let sandbox = start().await;
    let cases = [
        ("response_type", "token", r#"found the response_type "token", wanted "code""#),
        ("client_id", "", "found no client_id"),
        (
            "redirect_uri",
            "http://example.com/",
            r#"found the redirect_uri "http://example.com/", wanted a loopback one"#,
        ),
        (
            "redirect_uri",
            "https://localhost/",
            r#"found the redirect_uri "https://localhost/", wanted a loopback one"#,
        ),
        (
            "code_challenge_method",
            "plain",
            r#"found the code_challenge_method Some("plain"), wanted a code_challenge with "S256""#,
        ),
        (
            "code_challenge",
            "",
            r#"found the code_challenge_method Some("S256"), wanted a code_challenge with "S256""#,
        ),
        (
            "login_hint",
            "eve",
            r#"e-mail address: found "eve", wanted an address such as dev@sandbox.invalid"#,
        ),
    ];
    for (name, value, description) in cases {
        let wanted = json!({ "error": "invalid_request", "error_description": description });
        let answer = authorize(&sandbox, Some((name, value))).await;
        assert_eq!(answer.refusal(), (400, wanted));
    }
    let answer = post_form(&sandbox, "/token", &[("grant_type", "password")]).await;
    let wanted = json!({
        "error": "unsupported_grant_type",
        "error_description": r#"found the grant_type "password""#,
    });
    assert_eq!(answer.refusal(), (400, wanted));
}

#[tokio::test]
async fn a_device_gets_a_token() {
    let sandbox = start().await;
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let form = [
        ("client_id", "sigstore"),
        ("scope", "openid email"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let device = post_form(&sandbox, "/device/code", &form).await.json();
    let url = sandbox.url();
    assert_eq!(device["verification_uri"], format!("{url}/device"));
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(300), &json!(1)));
    let user_code = device["user_code"].as_str().unwrap();
    assert_eq!(device["verification_uri_complete"], format!("{url}/device?user_code={user_code}"));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "sigstore"),
        ("device_code", device["device_code"].as_str().unwrap()),
        ("code_verifier", VERIFIER),
    ];
    let tokens = post_form(&sandbox, "/token", &form).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["email"], "dev@sandbox.invalid");
    let again = post_form(&sandbox, "/token", &form).await;
    assert_eq!(again.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn tokens_can_be_asked_for_over_http() {
    let sandbox = start().await;
    let token = get(&sandbox, "/sandbox/token?email=eve@sandbox.invalid").await;
    assert_eq!(token.status, 200);
    assert_eq!(claims(token.text())["email"], "eve@sandbox.invalid");
    let query = format!("github_workflow={WORKFLOW}&commit={COMMIT}&event=schedule");
    let token = get(&sandbox, &format!("/sandbox/token?{query}&audience=other")).await;
    let claims_of = claims(token.text());
    assert_eq!(claims_of["job_workflow_ref"], WORKFLOW);
    assert_eq!(
        (&claims_of["event_name"], &claims_of["aud"]),
        (&json!("schedule"), &json!("other"))
    );

    let cases = [
        ("", "wanted either email, or github_workflow and commit"),
        ("email=a@b.c&github_workflow=x", "wanted either email, or github_workflow and commit"),
        ("email=x", r#"e-mail address: found "x", wanted an address such as dev@sandbox.invalid"#),
    ];
    for (query, description) in cases {
        let wanted = json!({ "error": "invalid_request", "error_description": description });
        let answer = get(&sandbox, &format!("/sandbox/token?{query}")).await;
        assert_eq!(answer.refusal(), (400, wanted), "{query}");
    }
}

#[tokio::test]
async fn a_workflow_finds_a_runners_token_endpoint() {
    let sandbox = start().await;
    let path =
        format!("/actions/token?github_workflow={WORKFLOW}&commit={COMMIT}&audience=sigstore");
    let answer = get_as(&sandbox, &path, "anything").await.json();
    assert_eq!(answer["count"], 1);
    assert_eq!(claims(answer["value"].as_str().unwrap())["job_workflow_ref"], WORKFLOW);
    let wanted = json!({ "error": "invalid_token", "error_description": "found no bearer token" });
    assert_eq!(get(&sandbox, &path).await.refusal(), (401, wanted));
}
