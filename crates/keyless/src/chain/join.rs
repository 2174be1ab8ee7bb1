use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs the futures at the same time, to the end of all of them; outcomes in their order.
pub(super) async fn join_all<T>(
    futures: impl IntoIterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| Running::new(future)).collect();
    poll_fn(|context| {
        let mut pending = false;
        for one in &mut running {
            if let Running::Still(future) = one {
                match future.as_mut().poll(context) {
                    Poll::Ready(outcome) => *one = Running::Done(outcome),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let outcome = |one| match one {
        Running::Done(outcome) => Some(outcome),
        Running::Still(_) => None,
    };
    running.into_iter().filter_map(outcome).collect()
}

enum Running<F: Future> {
    Still(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Running<F> {
    fn new(future: F) -> Self {
        Running::Still(Box::pin(future))
    }
}
