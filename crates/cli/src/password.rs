//! Passwords of key files: from the environment, from a terminal, or from standard input.
//!
//! As cosign does it, so that its scripts go on working: `COSIGN_PASSWORD` where it is set, even if
//! empty; else a prompt where standard input is a terminal; else all of standard input, line feed
//! included. Nothing is asked where `CI` is set.
//!
//! And PINs of tokens: from a file that the key's URI names, from `COSIGN_PKCS11_PIN`, or from a terminal.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use chainsign_keys::Password;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::{files, interrupt};

/// Where the password of a key file comes from.
#[derive(Clone, Debug)]
pub enum PasswordSource {
    /// It was given in an environment variable.
    Given(Password),
    /// Somebody at a terminal is asked.
    Terminal,
    /// All of standard input is the password.
    StandardInput,
    /// There is none, and why.
    Nowhere(&'static str),
}

/// Whether standard input is read for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardInput {
    /// Nothing reads it.
    Free,
    /// A document or an artifact is read from it.
    Taken,
}

impl PasswordSource {
    /// Finds the source of this process for the password in an environment variable. Nothing is
    /// read yet but the variable.
    pub fn detect(variable: &str, input: StandardInput) -> Self {
        if let Some(password) = std::env::var_os(variable) {
            return PasswordSource::Given(Password::new(password.into_encoded_bytes()));
        }
        match (io::stdin().is_terminal(), input) {
            (true, _) if std::env::var_os("CI").is_some() => {
                PasswordSource::Nowhere("CI is set, so that nobody is asked")
            }
            (true, _) => PasswordSource::Terminal,
            (false, StandardInput::Free) => PasswordSource::StandardInput,
            (false, StandardInput::Taken) => {
                PasswordSource::Nowhere("standard input is read for something else")
            }
        }
    }

    /// The password of an encrypted key.
    ///
    /// # Errors
    /// `no-password`; `limit-reached` for more than 64 KiB; `unreadable`.
    pub fn to_open(&self, key: &str) -> Result<Password, Failure> {
        match self {
            PasswordSource::Given(password) => Ok(password.clone()),
            PasswordSource::Terminal => ask(&format!("Password of {key}: ")),
            PasswordSource::StandardInput => read_input(),
            PasswordSource::Nowhere(why) => Err(nowhere(key, why)),
        }
    }

    /// The password to encrypt a key under, asked for twice at a terminal.
    ///
    /// # Errors
    /// As [`to_open`](Self::to_open); `no-password` also for nothing on standard input, where an
    /// empty password would be an accident, and for two that differ.
    pub fn to_protect(&self, key: &str) -> Result<Password, Failure> {
        match self {
            PasswordSource::Terminal => {
                let password = ask(&format!("New password of {key} (empty for none): "))?;
                if ask("The same again: ")?.is(&password) {
                    return Ok(password);
                }
                let message = "found two different passwords, wanted the same twice";
                Err(Failure::undecided("no-password", message)
                    .hint("nothing was written; try again"))
            }
            PasswordSource::StandardInput => {
                let password = read_input()?;
                if password.is_empty() {
                    let message = format!("found no password for {key}: standard input is empty");
                    return Err(Failure::undecided("no-password", message).hint(
                        "set COSIGN_PASSWORD; set it to nothing for a key that is not protected",
                    ));
                }
                Ok(password)
            }
            PasswordSource::Given(_) | PasswordSource::Nowhere(_) => self.to_open(key),
        }
    }
}

/// Where the PIN of a token comes from.
#[derive(Clone, Debug)]
pub enum PinSource {
    /// A file has it.
    File(PathBuf),
    /// It was given in the environment.
    Given(Password),
    /// Somebody at a terminal is asked.
    Terminal,
    /// There is none, and why.
    Nowhere(&'static str),
}

impl PinSource {
    /// Finds the source of this process: the file that is named, else the environment, else a
    /// terminal. Nothing is read yet but the variable.
    pub fn detect(file: Option<&Path>) -> Self {
        if let Some(file) = file {
            return PinSource::File(file.to_owned());
        }
        match std::env::var_os(PIN) {
            Some(pin) => PinSource::Given(Password::new(pin.into_encoded_bytes())),
            None if !io::stdin().is_terminal() => {
                PinSource::Nowhere("there is no terminal to ask at")
            }
            None if std::env::var_os("CI").is_some() => {
                PinSource::Nowhere("CI is set, so that nobody is asked")
            }
            None => PinSource::Terminal,
        }
    }

    /// The PIN of a token. A line end at the end of a file is none of it.
    ///
    /// # Errors
    /// `no-password`, also for one that is empty: it would cost one of the token's tries;
    /// `limit-reached`; `unreadable`.
    pub fn pin(&self, token: &str) -> Result<Password, Failure> {
        let pin = match self {
            PinSource::File(file) => {
                let mut bytes = Zeroizing::new(files::read_within("PIN", file, MOST_BYTES)?);
                while bytes.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                    bytes.pop();
                }
                Password::new(bytes.as_slice())
            }
            PinSource::Given(pin) => pin.clone(),
            PinSource::Terminal => ask(&format!("PIN of the token {token:?}: "))?,
            PinSource::Nowhere(why) => return Err(no_pin(token, why)),
        };
        match pin.is_empty() {
            true => Err(no_pin(token, "it is empty")),
            false => Ok(pin),
        }
    }
}

fn no_pin(token: &str, why: &str) -> Failure {
    Failure::undecided("no-password", format!("found no PIN for the token {token:?}: {why}"))
        .hint("set COSIGN_PKCS11_PIN, or name a file in the key's URI: ?pin-source=file:/PATH")
}

fn ask(prompt: &str) -> Result<Password, Failure> {
    let line = interrupt::outlived(|| rpassword::prompt_password(prompt));
    line.map(Password::new).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => {
            Failure::undecided("interrupted", "interrupted; nothing was done")
        }
        _ => Failure::because("no-password", "cannot ask on the terminal", &error),
    })
}

fn read_input() -> Result<Password, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1024));
    let read = files::standard_input("password")?.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::because("unreadable", "cannot read the password from standard input", &error)
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("the password on standard input has more than {MOST_BYTES} bytes");
        return Err(Failure::undecided("limit-reached", message));
    }
    Ok(Password::new(std::mem::take(&mut *bytes)))
}

fn nowhere(key: &str, why: &str) -> Failure {
    Failure::undecided("no-password", format!("found no password for {key}: {why}"))
        .hint("set COSIGN_PASSWORD")
}

/// cosign's variable.
const PIN: &str = "COSIGN_PKCS11_PIN";

/// No password is longer.
const MOST_BYTES: u64 = 64 << 10;
