use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chainsign_core::digest::ArtifactDigest;
use serde::Deserialize;

use super::code::SCOPE;
use super::discovery::address;
use super::exchange::{AtIssuer, Granted};
use super::{Person, SecretText, unguessable};
use crate::error::Error;
use crate::services::one_line;

/// What a person is shown for a device login (RFC 8628 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevicePrompt {
    /// Where to go.
    pub address: String,
    /// The code to enter there.
    pub code: String,
    /// An address that has the code in it already; the person then compares the two.
    pub address_with_code: Option<String>,
    /// How long the code is good for.
    pub lifetime: Duration,
}

/// A device login: the token, once the person has approved it.
pub(super) async fn log_in(at: &AtIssuer<'_>, person: &dyn Person) -> Result<SecretText, Error> {
    let verifier = unguessable()?;
    let digest = ArtifactDigest::sha256(verifier.expose().as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(digest.bytes());
    // RFC 8628 has no PKCE; issuers that know it bind the code to us, and others ignore it.
    let fields =
        [("scope", SCOPE), ("code_challenge", &challenge), ("code_challenge_method", "S256")];
    let url = at.description.device(&at.endpoint)?;
    let answer: DeviceAnswer = at.post(url, &fields).await?;
    let (device_code, prompt, mut pace) = answer.read(at)?;
    person.device(&prompt);
    let fields = [
        ("grant_type", DEVICE_GRANT),
        ("device_code", device_code.expose()),
        ("code_verifier", verifier.expose()),
    ];
    let poll = async {
        loop {
            tokio::time::sleep(pace.0).await;
            match at.grant(&fields).await? {
                Granted::Token(token) => return Ok(token),
                Granted::Refused { error, description } => match error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => pace = pace.slower(),
                    _ => return Err(at.refused(error, description)),
                },
            }
        }
    };
    let expired = |_| Error::LoginExpired { endpoint: at.endpoint.clone() };
    tokio::time::timeout(prompt.lifetime, poll).await.map_err(expired)?
}

/// RFC 8628 section 3.2, or an error of RFC 6749.
#[derive(Deserialize)]
struct DeviceAnswer {
    device_code: Option<String>,
    user_code: Option<String>,
    verification_uri: Option<String>,
    verification_uri_complete: Option<String>,
    expires_in: Option<i64>,
    interval: Option<i64>,
    error: Option<String>,
    error_description: Option<String>,
}

impl DeviceAnswer {
    fn read(self, at: &AtIssuer<'_>) -> Result<(SecretText, DevicePrompt, Pace), Error> {
        if let Some(error) = self.error {
            let description = at.said(&self.error_description.unwrap_or_default());
            return Err(at.refused(at.said(&error), description));
        }
        let malformed =
            |reason: String| Error::MalformedAnswer { endpoint: at.endpoint.clone(), reason };
        let there = |found: Option<String>, wanted: &str| {
            let found = found.filter(|text| !text.is_empty());
            found.ok_or_else(|| malformed(format!("found no {wanted}")))
        };
        let code = there(self.user_code, "user_code")?;
        if code.len() > CODE_BYTES || code.bytes().any(|byte| byte.is_ascii_control()) {
            let found = one_line(&code);
            return Err(malformed(format!("found the user_code {found:?}, wanted a short text")));
        }
        let shown = |text: String| address(&at.endpoint, &text).map(String::from);
        let seconds = u64::try_from(self.expires_in.unwrap_or_default()).unwrap_or_default();
        if seconds == 0 {
            return Err(malformed("found no expires_in".to_owned()));
        }
        let prompt = DevicePrompt {
            address: shown(there(self.verification_uri, "verification_uri")?)?,
            code,
            address_with_code: self.verification_uri_complete.map(shown).transpose()?,
            lifetime: Duration::from_secs(seconds),
        };
        let device_code = SecretText::new(there(self.device_code, "device_code")?);
        Ok((device_code, prompt, Pace::from(self.interval)))
    }
}

/// The pause before each question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pace(Duration);

impl Pace {
    /// RFC 8628 section 3.5: five seconds more, for this and all that follow.
    fn slower(self) -> Self {
        Pace(self.0.saturating_add(Duration::from_secs(5)).min(SLOWEST))
    }
}

impl From<Option<i64>> for Pace {
    /// RFC 8628 section 3.2: five seconds where nothing is said. Some issuers say 0.
    fn from(seconds: Option<i64>) -> Self {
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| *seconds > 0).unwrap_or(5);
        Pace(Duration::from_secs(seconds).min(SLOWEST))
    }
}

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A person who has approved is not kept waiting longer.
const SLOWEST: Duration = Duration::from_secs(60);

/// Section 6.1 recommends eight characters.
const CODE_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_issuers_within_reason() {
        let seconds = |interval| Pace::from(interval).0.as_secs();
        assert_eq!([None, Some(0), Some(-3), Some(1), Some(7)].map(seconds), [5, 5, 5, 1, 7]);
        assert_eq!(seconds(Some(i64::MAX)), 60);
        let slower = Pace::from(Some(1)).slower();
        assert_eq!((slower.0.as_secs(), slower.slower().0.as_secs()), (6, 11));
        assert_eq!(Pace::from(Some(60)).slower().0.as_secs(), 60);
    }
}
