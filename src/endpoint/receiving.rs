//! The loop of a receiver: take, deliver, and never wait with something in hand.

use super::deadline::Deadline;
use super::delivery::Deliver;
use super::rescue::{Rescued, rescue};
use super::{OnProgress, StreamEnd};
use crate::kinds::capability::{Attempt, Received, Receiver};
use crate::model::{Fault, Wait};
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
    let there = if plan.drain { receiver.queued() } else { None };
    let most = plan.count.unwrap_or(u64::MAX).min(there.unwrap_or(u64::MAX));
    let mut taken = 0;
    let end = loop {
        let mut end = take(receiver, deliver, plan, passed, (most, &mut taken));
        let finished = deliver.finish();
        if end.is_ok()
            || matches!(end, Err(StreamEnd::Late | StreamEnd::Signal(_))) && finished.is_err()
        {
            end = finished;
        }
        // What is to be tried again is not done.
        if end.is_err() || !retry(receiver, deliver, &mut taken) {
            break end;
        }
    };
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
    (most, taken): (u64, &mut u64),
) -> Result<(), StreamEnd> {
    while *taken < most {
        if let Some(signal) = signal::ending() {
            return Err(StreamEnd::Signal(signal));
        }
        // What is there at once takes no time.
        if *taken > 0 && plan.patience.is_over() {
            return Err(StreamEnd::Late);
        }
        deliver.ready()?;
        if retry(receiver, deliver, taken) {
            continue;
        }
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
                let attempt = |receiver: &mut dyn Receiver| receiver.receive(wait);
                match wait_for(receiver, deliver, (wait, taken), attempt)? {
                    Some(found) => found,
                    None => continue,
                }
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
                let attempt = |receiver: &mut dyn Receiver| receiver.wait_for_sender(wait);
                wait_for(receiver, deliver, (wait, taken), attempt)?;
            }
            Received::End => return Ok(()),
        }
    }
    Ok(())
}

/// Makes attempts until one is done or the time is over, with a look around between them. `None`: a message is to be tried again.
fn wait_for<T>(
    receiver: &mut dyn Receiver,
    deliver: &mut dyn Deliver,
    (wait, taken): (Wait, &mut u64),
    mut attempt: impl FnMut(&mut dyn Receiver) -> Result<Attempt<T>, Fault>,
) -> Result<Option<T>, StreamEnd> {
    loop {
        match attempt(receiver)? {
            Attempt::Done(done) => return Ok(Some(done)),
            Attempt::Late if wait.is_over() => return Err(StreamEnd::Late),
            Attempt::Late => {}
            Attempt::Signal => {
                if let Some(signal) = signal::ending() {
                    return Err(StreamEnd::Signal(signal));
                }
            }
        }
        look(deliver)?;
        if retry(receiver, deliver, taken) {
            return Ok(None);
        }
    }
}

/// Puts back what is to be tried again. Returns true if there was something.
fn retry(receiver: &mut dyn Receiver, deliver: &mut dyn Deliver, taken: &mut u64) -> bool {
    let (all, back) = deliver.retry(&mut |message, mark| {
        let back = |receiver: &mut dyn Receiver| receiver.put_back(message, mark, Wait::Not);
        receiver.takes_back() && matches!(back(receiver), Ok(Attempt::Done(())))
    });
    *taken -= back;
    all > 0
}

/// In a pause: looks whether a reader of messages has gone, and whether a command has ended.
fn look(deliver: &mut dyn Deliver) -> Result<(), StreamEnd> {
    if deliver.is_unread() {
        return Err(StreamEnd::Unread);
    }
    deliver.settle()
}
