//! `sandbox start`, `sandbox token`

use std::path::{Path, PathBuf};
use std::time::Duration;

use chainsign_core::Limits;
use chainsign_core::trust::ClientTrustConfig;
use chainsign_sandbox::{OfferedLogs, Options, ReferrersApi, Sandbox};

use crate::failure::{Failure, with_causes};
use crate::files::{self, Output};

/// A sandbox to start.
#[derive(Debug)]
pub struct StartRequest {
    /// The port; 0 for any free one.
    pub port: u16,
    /// Where the trust config goes.
    pub trust_config: PathBuf,
    /// The logs that its signing config offers.
    pub logs: OfferedLogs,
    /// Where keys and logs are kept.
    pub state: Option<PathBuf>,
    /// Whether its registry has the referrers API.
    pub referrers: ReferrersApi,
}

/// Starts a sandbox and writes its trust config. It serves until it is stopped or dropped.
///
/// # Errors
/// `unwritable`; `sandbox` when it cannot listen or keep its state.
pub async fn start(request: StartRequest) -> Result<Sandbox, Failure> {
    let output = Output::prepare(&request.trust_config)?;
    let options = Options {
        port: request.port,
        state: request.state,
        offered_logs: request.logs,
        referrers: request.referrers,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        Failure::because("sandbox", "cannot start the sandbox", &error)
            .hint("another port: --port N, or --port 0 for any free one")
    })?;
    output.write(sandbox.trust_config())?;
    Ok(sandbox)
}

/// A token to ask a running sandbox for.
#[derive(Debug)]
pub struct TokenRequest {
    /// Its trust config, which says where it is.
    pub trust_config: PathBuf,
    /// For whom.
    pub identity: Identity,
}

/// For whom a token is.
#[derive(Debug)]
pub enum Identity {
    /// A person.
    Email(String),
    /// A run of a GitHub Actions workflow.
    Workflow {
        /// `OWNER/REPO/.github/workflows/FILE@REF`
        workflow: String,
        /// The source commit.
        commit: String,
        /// The workflow that calls it, if it is a reusable one.
        called_by: Option<String>,
        /// What triggered it, if not a push.
        event: Option<String>,
    },
}

/// Asks a sandbox for a token. One that was started in the same moment is waited for, a few seconds
/// at most: until its trust config is there, and until it answers.
///
/// # Errors
/// `bad-trust`; `unreadable` when there is no trust config, and `unreachable` when no sandbox answers,
/// both after waiting; `sandbox` with its reason when it refuses.
pub async fn token(request: &TokenRequest) -> Result<String, Failure> {
    for _ in 0..ATTEMPTS {
        match ask(request).await? {
            Asked::Token(token) => return Ok(token),
            Asked::NotYet(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    match ask(request).await? {
        Asked::Token(token) => Ok(token),
        Asked::NotYet(failure) => Err(failure),
    }
}

/// What asking once came to.
enum Asked {
    Token(String),
    /// What a sandbox that is only starting would do as well.
    NotYet(Failure),
}

async fn ask(request: &TokenRequest) -> Result<Asked, Failure> {
    let path = &request.trust_config;
    let document = match files::read("trust config", path) {
        Ok(document) => document,
        Err(failure) => {
            let failure = failure.hint("start one: chainsign sandbox start");
            return if path.exists() { Err(failure) } else { Ok(Asked::NotYet(failure)) };
        }
    };
    let config = ClientTrustConfig::parse(&document, &Limits::default())
        .map_err(|error| Failure::because("bad-trust", &path.display().to_string(), &error))?;
    let issuer = config.signing_config.oidc_issuers.first().map(|service| service.url.clone());
    let issuer = issuer.ok_or_else(|| {
        let message = format!("{} names no OIDC issuer", path.display());
        Failure::undecided("bad-trust", message)
    })?;
    let query: Vec<(&str, &str)> = match &request.identity {
        Identity::Email(email) => vec![("email", email)],
        Identity::Workflow { workflow, commit, called_by, event } => {
            let called_by = called_by.as_deref().map(|caller| ("called_by", caller));
            let event = event.as_deref().map(|event| ("event", event));
            let own = [("github_workflow", workflow.as_str()), ("commit", commit)];
            own.into_iter().chain(called_by).chain(event).collect()
        }
    };
    let unreachable = |error: reqwest::Error| {
        let message = format!("no sandbox answers at {issuer}: {}", with_causes(&error));
        Failure::undecided("unreachable", message).hint("start it: chainsign sandbox start")
    };
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build();
    let asked = client.map_err(unreachable)?.get(format!("{issuer}/sandbox/token")).query(&query);
    let answer = match asked.send().await {
        Err(error) if error.is_connect() && path != Path::new("-") => {
            return Ok(Asked::NotYet(unreachable(error)));
        }
        answer => answer.map_err(unreachable)?,
    };
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    if status.is_success() {
        return Ok(Asked::Token(text));
    }
    let message = format!("the sandbox at {issuer} gives no token: {status} {}", text.trim());
    Err(Failure::undecided("sandbox", message))
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Five seconds: a sandbox starts in a tenth of one.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
