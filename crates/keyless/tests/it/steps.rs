//! Every fault at every step of a batch: what was done before it, what it is called, what was asked
//! after it, and that a second run does the rest.

use std::num::NonZeroUsize;
use std::time::Duration;

use chainsign_core::digest::ArtifactDigest;
use chainsign_keyless::identity::{AmbientGithub, SecretText, TokenSource};
use chainsign_keyless::{Error, Incomplete, Session, ToSign};

use crate::fake::{Answer, Fake, To, given, token};

/// What a service does from one file on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Refuses(u16),
    IsBusy,
    IsBusyForAnHour,
    Conflicts,
    IsSlow,
    CutsShort,
    SaysSomethingElse,
}

impl Fault {
    /// Those that need no waiting: all but one.
    const AT_ONCE: [Fault; 8] = [
        Fault::Refuses(400),
        Fault::Refuses(401),
        Fault::Refuses(422),
        Fault::IsBusy,
        Fault::IsBusyForAnHour,
        Fault::Conflicts,
        Fault::CutsShort,
        Fault::SaysSomethingElse,
    ];

    fn answer(self, mut honest: Answer) -> Answer {
        match self {
            Fault::Refuses(status) => Answer::status(status, "no"),
            Fault::IsBusy => Answer::status(503, "busy"),
            Fault::IsBusyForAnHour => {
                Answer::status(429, "busy").with_header("retry-after", "3600")
            }
            Fault::Conflicts => Answer::status(409, "it is there"),
            Fault::IsSlow => {
                honest.delay = Duration::from_secs(60);
                honest
            }
            Fault::CutsShort => {
                honest.body.truncate(honest.body.len() / 2);
                honest
            }
            Fault::SaysSomethingElse => Answer { body: b"{}".to_vec(), ..honest },
        }
    }

    /// How often the service is asked for the file that fails.
    fn attempts(self) -> usize {
        if self == Fault::IsBusy { 3 } else { 1 }
    }

    fn is(self, step: To, error: &Error) -> bool {
        match (self, error) {
            (Fault::Refuses(wanted), Error::Status { status, .. }) => *status == wanted,
            (Fault::IsBusy, Error::Status { status: 503, retry_after: None, .. }) => true,
            (Fault::IsBusyForAnHour, Error::Status { status: 429, retry_after, .. }) => {
                *retry_after == Some(Duration::from_secs(3600))
            }
            // A log that has the entry must say which.
            (Fault::Conflicts, Error::MalformedAnswer { reason, .. }) => {
                step == To::Rekor1
                    && reason == "found a conflict that names no entry, wanted a Location"
            }
            (Fault::Conflicts, Error::Status { status: 409, .. }) => step != To::Rekor1,
            (Fault::IsSlow, Error::Unreachable { attempts: 1, .. })
            | (Fault::CutsShort | Fault::SaysSomethingElse, Error::MalformedAnswer { .. }) => true,
            _ => false,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_ends_a_batch_where_it_is_and_a_second_run_does_the_rest() {
    let steps = [To::Github, To::Fulcio, To::Rekor1, To::Tsa];
    // All of it is waiting.
    let slow = steps.map(|step| (step, tokio::spawn(ends_there(step, Fault::IsSlow))));
    let mut faults = Vec::new();
    let mut add = |step, fault, outcome| {
        if let Err(what) = outcome {
            faults.push(format!("{step:?} {fault:?}: {what}"));
        }
    };
    for step in steps {
        for fault in Fault::AT_ONCE {
            add(step, fault, ends_there(step, fault).await);
        }
    }
    for (step, outcome) in slow {
        add(step, Fault::IsSlow, outcome.await.unwrap());
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn ends_there(step: To, fault: Fault) -> Result<(), String> {
    // Tokens and certificates are for all files, logs and timestamps for each.
    let fails = if matches!(step, To::Rekor1 | To::Tsa) { 2 } else { 0 };
    let fake = Fake::start(move |seen, nth, answer| match seen.to == step && nth >= fails {
        true => fault.answer(answer),
        false => answer,
    })
    .await;
    let mut options = Fake::options();
    if fault == Fault::IsSlow {
        options.retry.attempts = 1;
        // Long enough for the honest answers of a busy machine.
        let short = Duration::from_secs(8);
        let timeouts = &mut options.timeouts;
        match step {
            To::Github => timeouts.token = short,
            To::Fulcio => timeouts.certificate = short,
            To::Rekor1 => timeouts.log = short,
            _ => timeouts.timestamp = short,
        }
    }
    let source = TokenSource::Github(AmbientGithub {
        request_url: format!("{}/github?api-version=2.0", fake.url),
        request_token: SecretText::new("secret"),
    });
    let session = Session::keyless(fake.services_with(1, options), source);
    let outcome = session.sign_all(contents(0..FILES), NonZeroUsize::MIN).await;
    let Err(Incomplete { done, failed, not_started }) = outcome else {
        return Err("signed".to_owned());
    };
    let done: Vec<usize> = done.iter().map(|(index, _)| *index).collect();
    if done != (0..fails).collect::<Vec<_>>() || not_started != (fails + 1..FILES) {
        return Err(format!("done {done:?}, not started {not_started:?}"));
    }
    let [(index, error)] = &failed[..] else { return Err(format!("{failed:?}")) };
    // What is public already is named with the error.
    let error = match (step, error) {
        (To::Tsa, Error::AfterPublication { published, source }) if published.len() == 1 => source,
        (To::Tsa, error) => return Err(format!("no entry is named: {error:?}")),
        (_, error) => error,
    };
    if *index != fails || !fault.is(step, error) {
        return Err(format!("file {index} failed with {error:?}"));
    }
    let asked = |to| fake.seen(to).len();
    let later = match step {
        To::Github => asked(To::Fulcio) + asked(To::Rekor1) + asked(To::Tsa),
        To::Fulcio => asked(To::Rekor1) + asked(To::Tsa),
        _ => 0,
    };
    if later > 0 || asked(step) != fails + fault.attempts() {
        return Err(format!("{later} later requests, {} of the step", asked(step)));
    }
    // The second run, when the fault is over.
    let honest = Fake::honest().await;
    let session = Session::keyless(honest.services(), given(&token()));
    let rest = session.sign_all(contents(fails..FILES), NonZeroUsize::MIN).await;
    match rest.map(|rest| rest.len()) {
        Ok(count) if count == FILES - fails => Ok(()),
        other => Err(format!("the second run: {other:?}")),
    }
}

fn contents(which: std::ops::Range<usize>) -> Vec<ToSign> {
    let content = |index: usize| ArtifactDigest::sha256(index.to_string().as_bytes());
    which.map(|index| ToSign::Artifact(content(index))).collect()
}

const FILES: usize = 5;
