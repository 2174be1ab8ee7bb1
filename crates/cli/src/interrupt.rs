//! Ctrl-C while somebody is asked for a password.
//!
//! The terminal then shows nothing of what is typed, and a process that an interrupt ends leaves it so.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Does something that an interrupt ends on its own, by an error of kind `Interrupted`, after which the
/// process is expected to end. After any other outcome an interrupt ends it as it would have without.
pub(crate) fn outlived<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let (ready, watched) = channel();
        // Without a watcher an interrupt does what it always does.
        let _ = std::thread::Builder::new().spawn(|| watch(ready));
        let _ = watched.recv();
    });
    WORKING.store(true, Ordering::SeqCst);
    let done = work();
    // The watcher may see the interrupt only now, and must not end the process before it says why.
    let interrupted = |error: &io::Error| error.kind() == io::ErrorKind::Interrupted;
    WORKING.store(done.as_ref().is_err_and(interrupted), Ordering::SeqCst);
    done
}

fn watch(ready: Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    runtime.block_on(async {
        let mut ready = Some(ready);
        loop {
            let interrupted = tokio::signal::ctrl_c();
            // Taken up with the first poll.
            let interrupted = tokio::join!(interrupted, async { drop(ready.take()) }).0;
            if interrupted.is_err() {
                return;
            }
            if !WORKING.load(Ordering::SeqCst) {
                end();
            }
        }
    });
}

#[expect(clippy::exit, reason = "what an interrupt does")]
fn end() {
    std::process::exit(INTERRUPTED)
}

/// Whether the work is going on.
static WORKING: AtomicBool = AtomicBool::new(false);

/// As shells have it: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;
