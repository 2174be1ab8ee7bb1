//! `doctor`: what signing and verifying need, and whether it is there.

use std::sync::Arc;
use std::time::Duration;

use chainsign_core::trust::ServiceKind;
use chainsign_keyless::identity::TokenSource;
use chainsign_keyless::{Options, Reached, Services};
use jiff::{SignedDuration, Timestamp};

use super::sign::service_failure;
use super::trust::{Trust, TrustRequest};
use crate::failure::Failure;

/// What is looked at.
#[derive(Debug)]
pub struct DoctorRequest {
    /// Where the identity token would come from, or why there is none.
    pub tokens: Result<TokenSource, Failure>,
    /// The Sigstore that would be used.
    pub trust: TrustRequest,
    /// Whether its services may be asked.
    pub services: AskServices,
    /// The clock of this machine.
    pub now: Timestamp,
}

/// Whether services may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskServices {
    /// Each is asked whether it answers.
    Ask,
    /// No socket is opened.
    Offline,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What: a stable word.
    pub about: &'static str,
    /// How it is.
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hints: Vec<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// It was not looked at.
    Skipped,
    /// It works, and may not for long.
    Warning,
    /// Signing or verifying will fail.
    Problem,
}

/// Looks at the identity, the trusted root, the signing services and the clock. Nothing is signed; a
/// token that was given is read, and goes nowhere.
pub async fn doctor(request: DoctorRequest) -> Vec<Finding> {
    let mut findings = vec![identity(request.tokens, request.now)];
    let trust = match request.trust.load() {
        Ok(trust) => trust,
        Err(failure) => {
            findings.push(Finding::problem("trusted-root", failure));
            return findings;
        }
    };
    findings.push(root(&trust));
    findings.extend(services(&trust, request.services, request.now).await);
    findings
}

fn identity(tokens: Result<TokenSource, Failure>, now: Timestamp) -> Finding {
    const ABOUT: &str = "identity";
    match tokens {
        Err(failure) => Finding::problem(ABOUT, failure),
        Ok(source) => match source.given(now) {
            None => Finding::good(ABOUT, not_asked(&source)),
            Some(Err(error)) => Finding::problem(ABOUT, service_failure(&error)),
            Some(Ok(token)) => {
                let left = token.expires().duration_since(now).as_secs();
                let message = format!("a token for {}, valid for {left} s", token.subject());
                Finding::good(ABOUT, message)
            }
        },
    }
}

fn not_asked(source: &TokenSource) -> String {
    match source {
        TokenSource::File(path) => format!("a token in {}, which was not read", path.display()),
        TokenSource::Login(_) => {
            "no token; on this terminal, signing asks somebody to log in".to_owned()
        }
        _ => "the token service of this job, which was not asked".to_owned(),
    }
}

fn root(trust: &Trust) -> Finding {
    let disabled = &trust.root.disabled;
    let mut finding = Finding::good("trusted-root", trust.origin.clone());
    if let Some(warning) = &trust.warning {
        finding = finding.but(warning.clone());
    }
    if !disabled.is_empty() {
        let places: Vec<_> =
            disabled.iter().map(|it| format!("{}: {}", it.place, it.reason)).collect();
        finding.message = format!("{} (not usable: {})", finding.message, places.join("; "));
    }
    finding
}

/// Every service that would be chosen to sign now, asked at the same time, and the clock by their
/// answers.
async fn services(trust: &Trust, ask: AskServices, now: Timestamp) -> Vec<Finding> {
    const ABOUT: &str = "signing-services";
    let Some(config) = &trust.signing_config else {
        let message = "no signing config: this Sigstore is to verify with only";
        return vec![Finding { state: State::Skipped, ..Finding::good(ABOUT, message) }];
    };
    let selection = match config.select(Services::LOG_VERSIONS, now) {
        Ok(selection) => selection,
        Err(error) => {
            let failure = Failure::because("bad-trust", "the signing config", &error);
            return vec![Finding::problem(ABOUT, failure)];
        }
    };
    if ask == AskServices::Offline {
        let message = "not asked: --offline";
        return vec![Finding { state: State::Skipped, ..Finding::good(ABOUT, message) }];
    }
    let services = Services::new(selection, Options::default(), Arc::new(Timestamp::now));
    let services = match services {
        Ok(services) => services,
        Err(error) => return vec![Finding::problem(ABOUT, service_failure(&error))],
    };
    let reached = services.reach(TIMEOUT).await;
    let mut findings: Vec<_> = reached.iter().map(answer).collect();
    let clocks = reached.iter().filter_map(|it| it.outcome.as_ref().ok()?.clocks);
    findings.extend(clock(clocks.map(|(theirs, ours)| ours.duration_since(theirs))));
    findings
}

fn answer(reached: &Reached) -> Finding {
    let Reached { kind, service, outcome } = reached;
    let about = match kind {
        ServiceKind::CertificateAuthority => "certificate-authority",
        ServiceKind::OidcIssuer => "oidc-issuer",
        ServiceKind::TransparencyLog => "transparency-log",
        ServiceKind::TimestampAuthority => "timestamp-authority",
    };
    let (url, version) = (&service.url, service.major_api_version);
    match outcome {
        Ok(answered) => {
            let took = answered.took.as_millis();
            Finding::good(about, format!("{url}, version {version}, answers in {took} ms"))
        }
        Err(reason) => {
            let failure =
                Failure::undecided("unreachable", format!("{url} does not answer: {reason}"));
            Finding::problem(about, failure.hint("check the network, the proxy and the firewall"))
        }
    }
}

/// Services give times in seconds, and an answer is on its way for a while.
fn clock(skews: impl Iterator<Item = SignedDuration>) -> Option<Finding> {
    const ABOUT: &str = "clock";
    let worst = skews.max_by_key(|skew| skew.abs())?;
    let seconds = worst.as_secs();
    if worst.abs() <= CLOCK {
        return Some(Finding::good(ABOUT, format!("within {} s of the services", CLOCK.as_secs())));
    }
    let message = format!("this machine's clock differs by {seconds} s from a service's");
    let failure = Failure::undecided("clock", message);
    Some(Finding::problem(
        ABOUT,
        failure.hint("set the clock: tokens and certificates are valid for minutes"),
    ))
}

impl Finding {
    fn good(about: &'static str, message: impl Into<String>) -> Self {
        Finding { about, state: State::Good, message: message.into(), hints: Vec::new() }
    }

    fn problem(about: &'static str, failure: Failure) -> Self {
        let Failure { message, hints, .. } = failure;
        Finding { about, state: State::Problem, message, hints }
    }

    fn but(mut self, warning: String) -> Self {
        self.state = State::Warning;
        self.message = warning;
        self
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);
const CLOCK: SignedDuration = SignedDuration::from_secs(5);
