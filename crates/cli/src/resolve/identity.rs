//! Who signs: the token that was given, else what the environment offers, else somebody at a
//! terminal.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use chainsign_core::identity::Issuer;
use chainsign_keyless::Error;
use chainsign_keyless::identity::{
    Login, LoginFlow, LoginRequest, Provider, SecretText, Surroundings, TokenSource,
};

use crate::commands::sign::service_failure;
use crate::failure::Failure;
use crate::files;
use crate::flags::shared::{AuthFlow, LoginFlags, OidcProvider, TokenFlags};
use crate::password::StandardInput;
use crate::person::AtTerminal;

/// Where the identity token comes from. Nobody is asked to log in yet, and nobody will be but on a
/// terminal or where a flag wants it.
///
/// # Errors
/// `no-identity-token`, at once; `bad-flag`; `unreadable` for a file that a flag names.
pub(super) fn tokens(
    token: TokenFlags,
    login: LoginFlags,
    input: StandardInput,
) -> Result<TokenSource, Failure> {
    if let Some(given) = &token.identity_token {
        return self::given(&given.0);
    }
    let providers = match token.oidc_provider {
        _ if token.oidc_disable_ambient_providers => Vec::new(),
        Some(provider) => vec![self::provider(provider)?],
        None => Provider::ALL.to_vec(),
    };
    let around = Surroundings {
        variable: &|name| std::env::var(name).ok(),
        line: &|path| files::first_line(path),
    };
    match TokenSource::detect_among(&providers, around) {
        // A place that was named is the only one.
        Err(error @ Error::NoIdentityToken { .. }) if token.oidc_provider.is_none() => {
            match flow(&login, input)? {
                Some(flow) => self::login(flow, login).map(TokenSource::Login),
                None => Err(nobody(&error, &login)),
            }
        }
        found => found.map_err(|error| service_failure(&error)),
    }
}

fn given(text: &str) -> Result<TokenSource, Failure> {
    // No token has a slash in it: as with cosign, that is a path.
    let path = text.strip_prefix('@').or(text.contains('/').then_some(text));
    Ok(match path {
        Some(path) => TokenSource::File(PathBuf::from(path)),
        None => TokenSource::Given(SecretText::new(super::text("identity token", text)?)),
    })
}

fn provider(flag: OidcProvider) -> Result<Provider, Failure> {
    Ok(match flag {
        OidcProvider::Envvar => Provider::Variable,
        OidcProvider::GithubActions => Provider::GithubActions,
        OidcProvider::BuildkiteAgent => Provider::Buildkite,
        OidcProvider::Circleci => Provider::CircleCi,
        OidcProvider::Filesystem => Provider::File,
        OidcProvider::Google => Provider::Google,
        OidcProvider::Spiffe => {
            let message = "--oidc-provider spiffe is not taken: SPIFFE's workload API is gRPC over a socket, which is not spoken here";
            return Err(Failure::undecided("bad-flag", message).hint(JWT_SVID));
        }
    })
}

/// How to log in, if at all.
fn flow(flags: &LoginFlags, input: StandardInput) -> Result<Option<LoginFlow>, Failure> {
    if flags.oob {
        if input == StandardInput::Taken {
            let message = "found --oob, and standard input is read for something else";
            return Err(Failure::undecided("bad-flag", message)
                .hint("--fulcio-auth-flow device types nothing here"));
        }
        return Ok(Some(LoginFlow::Code));
    }
    Ok(match flags.fulcio_auth_flow {
        Some(AuthFlow::Normal) => Some(LoginFlow::Browser),
        Some(AuthFlow::Device) => Some(LoginFlow::Device),
        Some(AuthFlow::ClientCredentials) => Some(LoginFlow::ClientCredentials),
        Some(AuthFlow::Token) => None,
        None if input == StandardInput::Free && somebody_is_there() => Some(LoginFlow::Browser),
        None => None,
    })
}

fn login(flow: LoginFlow, flags: LoginFlags) -> Result<Login, Failure> {
    let redirect = flags.oidc_redirect_url.parse();
    let redirect = redirect.map_err(|error: Error| service_failure(&error))?;
    let client_secret = flags.oidc_client_secret_file.map(|path| {
        let text = super::text("client secret", &format!("@{}", path.display()))?;
        // cosign, too, drops the line end.
        Ok(SecretText::new(text.trim()))
    });
    let client_secret = client_secret.transpose()?;
    if flow == LoginFlow::ClientCredentials && client_secret.is_none() {
        let message = "found --fulcio-auth-flow client_credentials and no secret";
        return Err(Failure::undecided("bad-flag", message)
            .hint("name its file with --oidc-client-secret-file"));
    }
    let request = LoginRequest {
        flow,
        issuer: flags.oidc_issuer.map(Issuer),
        client_id: flags.oidc_client_id,
        client_secret,
        redirect,
        deadline: LoginRequest::DEADLINE,
    };
    Ok(Login::new(request, Arc::new(AtTerminal)))
}

/// No token, and nobody to ask.
fn nobody(error: &Error, flags: &LoginFlags) -> Failure {
    let mut failure = service_failure(error);
    if std::env::var_os("SPIFFE_ENDPOINT_SOCKET").is_some() {
        failure = failure.hint(JWT_SVID);
    }
    match flags.fulcio_auth_flow {
        Some(AuthFlow::Token) => failure,
        _ => failure.hint(
            "nobody is asked to log in where there is no terminal; --fulcio-auth-flow device shows an address and a code, and waits",
        ),
    }
}

/// Somebody who sees what is asked and can answer. In CI nobody is, even where it has a terminal.
fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
        && io::stderr().is_terminal()
        && std::env::var_os("CI").is_none_or(|value| value.is_empty())
}

const JWT_SVID: &str = "let spiffe-helper write a JWT-SVID with the audience sigstore to a file, and name it: --identity-token @FILE";
