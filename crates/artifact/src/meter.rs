use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::OpenArtifact;

/// How much was read so far. Copies count together: one can be kept, and asked from another thread,
/// while the work goes on.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Bytes read so far. What is read twice counts twice.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl OpenArtifact {
    /// Counts what is read from the file, of [`size`](Self::size) bytes.
    pub fn meter(&self) -> &Meter {
        self.handle().meter()
    }
}
