//! `docker-credential-NAME get`: the registry on standard input, JSON on standard output
//! (docker/docker-credential-helpers).

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chainsign_core::{Limits, json};
use serde::Deserialize;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::Login;
use crate::{Error, Secret};

/// Asks a helper. `None` when it has nothing for the registry.
pub(super) async fn ask(
    folder: Option<&Path>,
    helper: &str,
    server: &str,
) -> Result<Option<Login>, Error> {
    let fault = |reason: String| Error::CredentialHelper {
        helper: helper.chars().take(80).collect(),
        registry: server.to_owned(),
        reason,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !helper.bytes().all(plain) {
        return Err(fault("its name is not the end of a program's name".to_owned()));
    }
    let program = format!("docker-credential-{helper}");
    let child = Command::new(folder.map_or(program.clone().into(), |it| it.join(&program)))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| fault(error.to_string()))?;
    let child = Running(Arc::new(Mutex::new(child)));
    let (tell, told) = oneshot::channel();
    let (running, server_name) = (Arc::clone(&child.0), server.to_owned());
    // A thread of its own: a helper that hangs must not keep the runtime from ending.
    std::thread::spawn(move || {
        // Nobody listens once the time is over.
        let _ = tell.send(talk(&running, &server_name));
    });
    let answer = match tokio::time::timeout(PATIENCE, told).await {
        Ok(Ok(answer)) => answer.map_err(|error| fault(error.to_string()))?,
        Ok(Err(_)) => return Err(fault("it was not heard to the end".to_owned())),
        Err(_) => return Err(fault(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    if !answer.success {
        let text = String::from_utf8_lossy(&answer.output);
        // What helpers say that have nothing (docker-credential-helpers, `credentials/error.go`).
        if text.contains("credentials not found") {
            return Ok(None);
        }
        let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
        let line = line.replace(char::is_control, " ");
        return Err(fault(format!("it says {line:?}")));
    }
    let wire: Wire = json::parse("answer", &answer.output, &Limits::default())
        .map_err(|error| fault(error.to_string()))?;
    Ok(match wire.username.as_str() {
        "" if wire.secret.is_empty() => None,
        "<token>" => Some(Login::Identity(wire.secret)),
        _ => Some(Login::Basic { username: wire.username, password: wire.secret }),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    username: String,
    secret: Secret,
}

struct Answer {
    success: bool,
    output: Zeroizing<Vec<u8>>,
}

/// A helper that is ended when nobody waits for it any more.
struct Running(Arc<Mutex<Child>>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It has ended already, as a rule.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn talk(child: &Mutex<Child>, server: &str) -> std::io::Result<Answer> {
    let lock = || child.lock().unwrap_or_else(PoisonError::into_inner);
    let (input, output) = {
        let mut child = lock();
        (child.stdin.take(), child.stdout.take())
    };
    if let Some(mut input) = input
        && let Err(error) = input.write_all(server.as_bytes())
        // Some have their answer without reading which registry it is for.
        && error.kind() != ErrorKind::BrokenPipe
    {
        return Err(error);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(output) = output {
        output.take(LARGEST_ANSWER + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST_ANSWER {
        let reason = format!("its answer is larger than {LARGEST_ANSWER} bytes");
        return Err(std::io::Error::other(reason));
    }
    // The output has ended; only a helper that closed it early is waited for here.
    loop {
        if let Some(status) = lock().try_wait()? {
            return Ok(Answer { success: status.success(), output: bytes });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Helpers of cloud providers ask servers of their own.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest secrets are tokens of a few KiB.
const LARGEST_ANSWER: u64 = 64 << 10;
