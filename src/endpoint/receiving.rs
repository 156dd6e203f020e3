//! The loop of a receiver: take, deliver, and never wait with something in hand.

use super::deadline::{Deadline, patiently};
use super::delivery::Deliver;
use super::rescue::{Rescued, rescue};
use super::{OnProgress, StreamEnd};
use crate::kinds::capability::{Attempt, Received, Receiver};
use crate::model::Wait;
use crate::sys::signal;

/// How much is to be received.
#[derive(Clone, Copy, Debug)]
pub struct ReceivePlan {
    /// So many messages; without one, until something else ends it.
    pub count: Option<u64>,
    /// No more than what is there now.
    pub drain: bool,
    /// Beyond the last writer.
    pub follow: bool,
    /// It is a copy: what is not delivered is not lost.
    pub copy: bool,
    /// How long to wait.
    pub patience: Deadline,
}

/// What came of it.
pub struct ReceiveOutcome {
    /// Messages, or bytes of a stream, that were delivered.
    pub delivered: u64,
    /// Why it ended; `Ok` when it did what it was asked for.
    pub end: Result<(), StreamEnd>,
    /// What became of what was taken and not delivered.
    pub rescued: Rescued,
    /// Bytes with which the output ends of a message that was not delivered.
    pub torn: u64,
}

/// Receives messages.
pub fn messages(
    receiver: &mut dyn Receiver,
    deliver: &mut dyn Deliver,
    plan: &ReceivePlan,
    passed: OnProgress<'_>,
) -> ReceiveOutcome {
    let mut taken = 0;
    let mut end = take(receiver, deliver, plan, passed, &mut taken);
    let finished = deliver.finish();
    if end.is_ok()
        || matches!(end, Err(StreamEnd::Late | StreamEnd::Signal(_))) && finished.is_err()
    {
        end = finished;
    }
    let undelivered = deliver.undelivered();
    let rescued = rescue(receiver, &undelivered);
    ReceiveOutcome {
        delivered: taken - undelivered.len() as u64,
        end,
        rescued,
        torn: deliver.torn(),
    }
}

fn take(
    receiver: &mut dyn Receiver,
    deliver: &mut dyn Deliver,
    plan: &ReceivePlan,
    passed: OnProgress<'_>,
    taken: &mut u64,
) -> Result<(), StreamEnd> {
    let there = if plan.drain { receiver.queued() } else { None };
    let most = plan.count.unwrap_or(u64::MAX).min(there.unwrap_or(u64::MAX));
    while *taken < most {
        if let Some(signal) = signal::ending() {
            return Err(StreamEnd::Signal(signal));
        }
        // What is there at once takes no time.
        if *taken > 0 && plan.patience.is_over() {
            return Err(StreamEnd::Late);
        }
        deliver.ready()?;
        let found = match receiver.receive(Wait::Not)? {
            Attempt::Done(found) => found,
            Attempt::Late | Attempt::Signal => {
                deliver.settle()?;
                if plan.drain {
                    return Ok(());
                }
                // Who was to get it may have gone meanwhile.
                look(deliver)?;
                let wait = plan.patience.next();
                patiently(wait, |wait| receiver.receive(wait), || look(deliver))?
            }
        };
        match found {
            Received::Message(mark) => {
                *taken += 1;
                passed(1, receiver.message().len() as u64);
                deliver.deliver(receiver.message(), mark)?;
            }
            Received::End if plan.follow => {
                deliver.settle()?;
                let wait = plan.patience.next();
                patiently(wait, |wait| receiver.wait_for_sender(wait), || look(deliver))?;
            }
            Received::End => return Ok(()),
        }
    }
    Ok(())
}

/// In a pause: looks whether a reader of messages has gone, and whether a command has ended.
fn look(deliver: &mut dyn Deliver) -> Result<(), StreamEnd> {
    if deliver.is_unread() {
        return Err(StreamEnd::Unread);
    }
    deliver.settle()
}
