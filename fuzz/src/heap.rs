//! The bound on memory, for tests with hostile inputs: at its peak the heap has at most eight times
//! the input, and a mebibyte. Included by tests whose allocator is `dhat::Alloc`; one test in a
//! process, because the allocator counts what all threads do.

use std::time::Instant;

/// What was over the bound.
#[derive(Default)]
pub(crate) struct HeapBound {
    over: Vec<String>,
}

impl HeapBound {
    /// Measures work on an input of this many bytes, and prints what it took and what came of it.
    pub(crate) fn check(&mut self, name: &str, size: usize, work: impl FnOnce() -> String) {
        let profiler = dhat::Profiler::builder().testing().build();
        let start = Instant::now();
        let outcome = work();
        let time = start.elapsed();
        let peak = dhat::HeapStats::get().max_bytes;
        drop(profiler);
        println!("{name}: {peak} bytes for {size}, {time:.1?}: {outcome:.70}");
        let bound = 8 * size + (1 << 20);
        if peak > bound {
            self.over.push(format!("{name}: found {peak} bytes at once, wanted at most {bound}"));
        }
    }

    /// Tells everything that was over the bound.
    pub(crate) fn assert(self) {
        assert!(self.over.is_empty(), "{:#?}", self.over);
    }
}
