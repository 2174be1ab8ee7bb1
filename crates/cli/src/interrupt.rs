//! Ctrl-C while somebody is asked for a password.
//!
//! The terminal then shows nothing of what is typed, and a process that an interrupt ends leaves it so.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// Does something that an interrupt ends on its own, by an error of kind `Interrupted`, after which the
/// process is expected to end. After any other outcome an interrupt ends it as it would have without.
///
/// An interrupt that does not reach the work, because another process sent it or because the terminal
/// was not the work's yet, ends the process a moment later, with the terminal as it was before.
pub(crate) fn outlived<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let terminal = Terminal::now();
        let (ready, watched) = channel();
        // Without a watcher an interrupt does what it always does.
        let _ = std::thread::Builder::new().spawn(|| watch(ready, terminal));
        let _ = watched.recv();
    });
    STATE.store(WORKING, Ordering::SeqCst);
    let done = work();
    // The watcher may see the interrupt only now, and must not end the process before it says why.
    let interrupted = |error: &io::Error| error.kind() == io::ErrorKind::Interrupted;
    let state = if done.as_ref().is_err_and(interrupted) { INTERRUPTED } else { IDLE };
    STATE.store(state, Ordering::SeqCst);
    done
}

fn watch(ready: Sender<()>, terminal: Option<Terminal>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let mut ready = Some(ready);
        loop {
            let interrupted = tokio::signal::ctrl_c();
            // Taken up with the first poll.
            let interrupted = tokio::join!(interrupted, async { drop(ready.take()) }).0;
            if interrupted.is_err() {
                return;
            }
            if STATE.load(Ordering::SeqCst) == WORKING {
                tokio::time::sleep(FOR_THE_WORK).await;
            }
            match STATE.load(Ordering::SeqCst) {
                INTERRUPTED => {}
                IDLE => end(None),
                _ => end(terminal.as_ref()),
            }
        }
    });
}

#[expect(clippy::exit, reason = "what an interrupt does")]
fn end(terminal: Option<&Terminal>) {
    if let Some(terminal) = terminal {
        terminal.restore();
    }
    std::process::exit(EXIT_CODE)
}

/// The terminal with its settings.
#[cfg(unix)]
struct Terminal {
    device: std::fs::File,
    settings: rustix::termios::Termios,
}

#[cfg(unix)]
impl Terminal {
    fn now() -> Option<Self> {
        let device = std::fs::File::open("/dev/tty").ok()?;
        let settings = rustix::termios::tcgetattr(&device).ok()?;
        Some(Terminal { device, settings })
    }

    fn restore(&self) {
        let now = rustix::termios::OptionalActions::Now;
        // Nothing is left to be done if it fails.
        let _ = rustix::termios::tcsetattr(&self.device, now, &self.settings);
    }
}

/// Elsewhere the work has it to itself.
#[cfg(not(unix))]
struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    fn now() -> Option<Self> {
        None
    }

    fn restore(&self) {}
}

static STATE: AtomicU8 = AtomicU8::new(IDLE);

const IDLE: u8 = 0;
/// The work is going on.
const WORKING: u8 = 1;
/// An interrupt ended the work.
const INTERRUPTED: u8 = 2;

/// The time in which an interrupt that is typed ends the work.
const FOR_THE_WORK: Duration = Duration::from_millis(200);

/// As shells have it: 128 and the number of the signal.
const EXIT_CODE: i32 = 130;
