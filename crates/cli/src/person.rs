//! Somebody at a terminal, who logs in.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::process::{Command, Stdio};

use chainsign_keyless::identity::{Browsing, CodeFuture, DevicePrompt, Person, SecretText};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::printer::{HEADING, OutputFormat, Printer, paint};

/// The terminal of this process. What is shown goes to standard error; a code is read from standard
/// input, where a flag asks for that or it is a terminal.
#[derive(Clone, Copy, Debug)]
pub struct AtTerminal;

impl Person for AtTerminal {
    fn browse(&self, address: &str) -> Browsing {
        match open(address) {
            true => {
                note(&format!("Log in in the browser that opens, or at this address:\n{address}"))
            }
            // Who can type here may do it with the browser of another machine.
            false if io::stdin().is_terminal() => return Browsing::Impossible,
            false => note(&format!("Log in at this address, on this machine:\n{address}")),
        }
        Browsing::Begun
    }

    fn code<'a>(&'a self, address: &'a str) -> CodeFuture<'a> {
        note(&format!(
            "Log in at this address, in any browser, and enter the code that it shows here:\n{address}"
        ));
        Box::pin(line())
    }

    fn device(&self, prompt: &DevicePrompt) {
        let minutes = prompt.lifetime.as_secs().div_ceil(60);
        let (address, code) = (&prompt.address, paint(HEADING, &prompt.code));
        note(&format!("Log in at {address}\nwith the code {code}, good for {minutes} minutes"));
        if let Some(address) = &prompt.address_with_code {
            note(&format!("or, if it shows the same code, at {address}"));
        }
    }
}

/// Whether a browser was started: the program that `BROWSER` names, else the desktop's.
fn open(address: &str) -> bool {
    if let Some(program) = std::env::var_os("BROWSER").filter(|program| !program.is_empty()) {
        let mut command = Command::new(program);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        return command.spawn().is_ok();
    }
    has_desktop() && open::that_detached(address).is_ok()
}

/// Without one the system's opener starts a browser in the terminal, or none, and says that it did.
fn has_desktop() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        return true;
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(is_set)
}

/// A line of standard input. It is read in a thread that nobody waits for when time is up: a read
/// cannot be called off.
async fn line() -> io::Result<SecretText> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::with_capacity(1024));
        let mut input = io::stdin().lock().take(CODE_BYTES);
        let read = input.read_line(&mut text);
        // Nobody receives it after the deadline.
        let _ = sender.send(read.map(|read| (read, text)));
    });
    let ended = |_| io::Error::other("the reading of standard input ended");
    match receiver.await.map_err(ended)?? {
        (0, _) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "standard input is at its end")),
        (_, text) => Ok(SecretText::new(text.as_str())),
    }
}

fn note(lines: &str) {
    Printer { format: OutputFormat::Text }.note(lines);
}

/// More than a code has.
const CODE_BYTES: u64 = 16 << 10;
