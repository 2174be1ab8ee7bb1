//! Where asynchronous work begins and ends.

use crate::failure::Failure;

/// Runs work that talks to services, until it is done. Not from within such work.
///
/// What the work keeps on the stack, which is much, is there for the verbs that do such work only.
///
/// # Errors
/// `system` when no thread can be started; what the work fails with.
#[inline(never)]
pub(crate) fn block_on<T, W>(work: impl FnOnce() -> W) -> Result<T, Failure>
where
    W: Future<Output = Result<T, Failure>>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::because("system", "cannot start the network runtime", &error))?;
    runtime.block_on(work())
}
