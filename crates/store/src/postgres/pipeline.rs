//! Sends several statements at once and reads the answers in order: one round trip for a transaction.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Something under way on a connection.
pub(crate) type Sent<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts all in order (a request goes out when its future is first polled), then waits for the answers, which come
/// in the same order.
pub(crate) async fn in_order<T: Send>(mut sent: Vec<Sent<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = sent.iter().map(|_| None).collect();
    let mut started = false;
    let mut first = 0;
    poll_fn(|cx| {
        if !started {
            for (future, answer) in sent.iter_mut().zip(&mut answers) {
                if let Poll::Ready(value) = future.as_mut().poll(cx) {
                    *answer = Some(value);
                }
            }
            started = true;
        }
        while let Some(answer) = answers.get_mut(first) {
            if answer.is_none() {
                match sent.get_mut(first).map(|future| future.as_mut().poll(cx)) {
                    Some(Poll::Ready(value)) => *answer = Some(value),
                    _ => return Poll::Pending,
                }
            }
            first += 1;
        }
        Poll::Ready(())
    })
    .await;
    answers.into_iter().flatten().collect()
}
