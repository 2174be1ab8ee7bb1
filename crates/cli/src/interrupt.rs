//! Ctrl-C while somebody is asked for a password.
//!
//! The terminal then shows nothing of what is typed, and a process that an interrupt ends leaves it so.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Does something that an interrupt ends on its own, by an error. From then on an interrupt ends the
/// process as it would have without.
pub(crate) fn outlived<T>(work: impl FnOnce() -> T) -> T {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let (ready, watched) = channel();
        std::thread::spawn(|| watch(ready));
        // Without a watcher an interrupt does what it always does.
        let _ = watched.recv();
    });
    WORKING.store(true, Ordering::SeqCst);
    let done = work();
    WORKING.store(false, Ordering::SeqCst);
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
