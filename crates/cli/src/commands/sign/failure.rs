use chainsign_keyless::{Error, PublicEntry};

use crate::failure::{Failure, with_causes};

/// What a service, or the token for it, did wrong.
pub fn service_failure(error: &Error) -> Failure {
    let (reason, hint) = match error {
        Error::NoIdentityToken { .. } => (
            "no-identity-token",
            "give one with --identity-token, or set SIGSTORE_ID_TOKEN; in GitHub Actions add `permissions: id-token: write`",
        ),
        Error::AmbientIncomplete { missing, .. } if missing.starts_with("ACTIONS_") => {
            ("no-identity-token", "add `permissions: id-token: write` to the job")
        }
        Error::AmbientIncomplete { .. } => {
            ("no-identity-token", "run it in a job, or give a token with --identity-token")
        }
        Error::TokenFile { .. } => {
            ("unreadable", "check the path; a token as text has no @ before it")
        }
        Error::TokenExpired { .. } => {
            ("bad-identity-token", "get a new token: they live for minutes")
        }
        Error::TokenAudience { .. } => {
            ("bad-identity-token", "ask for a token with the audience sigstore")
        }
        Error::TokenMalformed { .. } => {
            ("bad-identity-token", "a token has three parts between dots; a file is given as @FILE")
        }
        Error::TokenNotYetValid { .. } | Error::TokenEmailUnverified { .. } => {
            ("bad-identity-token", "ask the issuer for another token")
        }
        Error::Unsupported { .. } => {
            ("bad-key", "take a key of ecdsa-p256, or make no entry: --tlog-upload=false")
        }
        Error::Untrusted { .. } => (
            "unreachable",
            "this machine does not trust the service's certificate: name the file of its authority in SSL_CERT_FILE",
        ),
        Error::Unreachable { .. } => {
            ("unreachable", "is it running, and is the address in the signing config right?")
        }
        Error::NoCertificateAuthority => (
            "no-signing-config",
            "name one in the signing config or with --fulcio-url, or sign with --key",
        ),
        Error::NoProvenTime => (
            "no-proven-time",
            "a certificate lives for minutes: use a log of version 1 or a timestamp authority",
        ),
        Error::NoIssuer => {
            ("no-issuer", "name one with --oidc-issuer, or give a token with --identity-token")
        }
        Error::OtherIssuer { .. } => (
            "bad-issuer",
            "name the issuer as it names itself, to the letter: --oidc-issuer, or in the signing config",
        ),
        Error::IssuerLacks { .. } => {
            ("bad-issuer", "give a token with --identity-token, or try another --fulcio-auth-flow")
        }
        Error::RedirectUrl { .. } => {
            ("bad-flag", "the answer comes to this machine; --oob needs no address")
        }
        Error::CannotListen { .. } => {
            ("login-failed", "port 0 in --oidc-redirect-url takes any free one; --oob needs none")
        }
        Error::LoginDenied { .. } => ("login-denied", "log in as somebody who may, and allow it"),
        Error::LoginExpired { .. } | Error::LoginTimedOut { .. } => {
            ("login-timed-out", "run it again, and log in sooner")
        }
        Error::LoginState { .. } | Error::TokenNonce | Error::TokenIssuer { .. } => {
            ("login-mixed-up", "run it again; what came was the answer to something else")
        }
        Error::LoginCode(_) => {
            ("login-failed", "--fulcio-auth-flow device asks for nothing to be typed here")
        }
        Error::LoginRefused { .. } => (
            "login-failed",
            "run it again; the issuer may know this program by another --oidc-client-id",
        ),
        Error::AfterPublication { source, .. } => {
            return Failure { message: with_causes(error), ..service_failure(source) };
        }
        _ => return Failure::undecided("service", with_causes(error)),
    };
    let failure = Failure::undecided(reason, with_causes(error)).hint(hint);
    match error {
        Error::NoIdentityToken { .. } | Error::TokenAudience { .. } => failure.hint(
            "in GitLab add an `id_tokens:` entry with `aud: sigstore`; in CircleCI set SIGSTORE_ID_TOKEN to $(circleci run oidc get --claims '{\"aud\":\"sigstore\"}')",
        ),
        _ => failure,
    }
}

/// What went wrong with a signature that others can see by now.
pub(in crate::commands) fn public_nevertheless(
    failure: Failure,
    published: &[PublicEntry],
) -> Failure {
    let entries: Vec<_> = published.iter().map(ToString::to_string).collect();
    let message = match entries.is_empty() {
        true => failure.message,
        false => format!("{}; public is {}", failure.message, entries.join(" and ")),
    };
    Failure { message, ..failure }.hint("running it again signs it anew")
}

#[cfg(test)]
mod tests {
    use chainsign_core::trust::ServiceKind;
    use chainsign_keyless::Endpoint;

    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_from_silence() {
        let kind = ServiceKind::TimestampAuthority;
        let endpoint = Endpoint { kind, url: "https://tsa.test".to_owned() };
        let source = || Box::new(std::io::Error::other("the cause"));
        let untrusted = Error::Untrusted { endpoint: endpoint.clone(), source: source() };
        let silent = Error::Unreachable { endpoint, attempts: 4, source: source() };
        let said = |error: &Error| {
            let failure = service_failure(error);
            assert_eq!(failure.reason, "unreachable");
            assert!(failure.message.ends_with(": the cause"), "{}", failure.message);
            failure.hints.concat()
        };
        assert!(said(&untrusted).contains("SSL_CERT_FILE"));
        assert!(said(&silent).starts_with("is it running"));
    }
}
