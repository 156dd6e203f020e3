//! The loop of a mover: from one queue into another. It has at most one message in hand, and does not wait with it as
//! long as nobody else fills the other queue.

use super::StreamEnd;
use super::dead_letters::DeadLetters;
use super::deadline::{Deadline, patiently};
use super::rescue::{Rescued, rescue};
use super::{OnProgress, kept_mark};
use crate::kinds::capability::{Attempt, Bounded, Received, Receiver, Sender};
use crate::model::{Class, Fault, Mark, Wait};
use crate::sys::signal;

/// How much is to be moved.
#[derive(Clone, Copy, Debug)]
pub struct MovePlan {
    /// So many messages; without one, what is there now.
    pub count: Option<u64>,
    /// Until something else ends it.
    pub follow: bool,
    /// All messages get the priority or type that was asked for.
    pub marked: bool,
    /// How long to wait.
    pub patience: Deadline,
}

/// What came of it.
#[derive(Debug)]
pub struct MoveOutcome {
    /// Messages that were moved, and their bytes.
    pub moved: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that the other queue can never hold and that went elsewhere.
    pub dead: u64,
    /// The word that messages had and the other queue has not: *priority*, and how many had it.
    pub dropped: Option<(&'static str, u64)>,
    /// Why it ended; `Ok` when it did what it was asked for.
    pub end: Result<(), StreamEnd>,
    /// What became of the message in hand.
    pub rescued: Rescued,
}

/// Moves messages, in their order.
pub fn messages(
    from: &mut dyn Receiver,
    to: &mut dyn Sender,
    dead: Option<&mut DeadLetters>,
    plan: &MovePlan,
    passed: OnProgress<'_>,
) -> MoveOutcome {
    let most = to.most();
    let mut mover = Mover {
        from,
        to,
        dead,
        plan,
        passed,
        most,
        in_hand: None,
        moved: 0,
        bytes: 0,
        buried: 0,
        dropped: None,
    };
    let end = mover.run();
    let in_hand = mover.in_hand.map(|mark| (mover.from.message().to_vec(), mark));
    let Mover { from, moved, bytes, buried: dead, dropped, .. } = mover;
    let rescued = rescue(from, in_hand.as_slice());
    MoveOutcome { moved, bytes, dead, dropped, end, rescued }
}

struct Mover<'a> {
    from: &'a mut dyn Receiver,
    to: &'a mut dyn Sender,
    dead: Option<&'a mut DeadLetters>,
    plan: &'a MovePlan,
    passed: OnProgress<'a>,
    /// Bytes that a message there may have.
    most: usize,
    /// The message that was taken last is in no queue.
    in_hand: Option<Mark>,
    moved: u64,
    bytes: u64,
    buried: u64,
    dropped: Option<(&'static str, u64)>,
}

impl Mover<'_> {
    fn run(&mut self) -> Result<(), StreamEnd> {
        let waits = self.plan.follow || self.plan.count.is_some();
        let there = if waits { None } else { self.from.queued() };
        let goal = self.plan.count.or(there).unwrap_or(u64::MAX);
        // The next message has at least so many bytes.
        let mut least = 0;
        while self.moved + self.buried < goal {
            if let Some(signal) = signal::ending() {
                return Err(StreamEnd::Signal(signal));
            }
            if self.moved + self.buried > 0 && self.plan.patience.is_over() {
                return Err(StreamEnd::Late);
            }
            let Some(room) = self.wait_for_room(least)? else {
                // Meanwhile another message may be the next.
                least = 0;
                continue;
            };
            match self.from.receive_up_to(room, Wait::Not)? {
                Attempt::Done(Bounded::Longer(length)) => {
                    self.most = self.to.most();
                    // What is not known may fit when there is more room.
                    least = length.map_or(room + 1, |length| length.max(room + 1));
                    if least > self.most {
                        self.take_too_long(least, length.is_none())?;
                        least = 0;
                    }
                }
                Attempt::Done(Bounded::Taken(mark)) => {
                    self.pass(mark)?;
                    least = 0;
                }
                Attempt::Done(Bounded::Unmeasured) => {
                    if let Attempt::Done(Received::Message(mark)) = self.from.receive(Wait::Not)? {
                        self.pass(mark)?;
                    }
                }
                Attempt::Late | Attempt::Signal if waits => {
                    least = 0;
                    self.wait_for_message()?;
                }
                Attempt::Late | Attempt::Signal => return Ok(()),
            }
        }
        Ok(())
    }

    /// Bytes that have room there; `None`: it is time to look around.
    fn wait_for_room(&mut self, least: usize) -> Result<Option<usize>, StreamEnd> {
        let wait = self.plan.patience.next();
        match self.to.wait_for_room(least, wait)? {
            Attempt::Done(room) => Ok(Some(room.min(self.most))),
            Attempt::Late if wait.is_over() => Err(StreamEnd::Late),
            Attempt::Late | Attempt::Signal => Ok(None),
        }
    }

    /// Waits until there is a message. One without bytes may have to be taken to see it.
    fn wait_for_message(&mut self) -> Result<(), StreamEnd> {
        let from = &mut *self.from;
        let wait = self.plan.patience.next();
        match patiently(wait, |wait| from.receive_up_to(0, wait), || Ok(()))? {
            Bounded::Taken(mark) => self.pass(mark),
            Bounded::Longer(_) | Bounded::Unmeasured => Ok(()),
        }
    }

    /// Passes on the message that was taken.
    fn pass(&mut self, mark: Mark) -> Result<(), StreamEnd> {
        self.in_hand = Some(mark);
        let length = self.from.message().len();
        if length > self.most
            && let Some(fault) = self.to.refuse(length as u64, false)
        {
            return self.bury(mark, fault);
        }
        let kept = if self.plan.marked { Mark::None } else { mark };
        let kept = kept_mark(&*self.to, kept, &mut self.dropped);
        let (from, to) = (&*self.from, &mut *self.to);
        // Somebody else may have filled it. Back in its own queue the message would be behind others.
        let sent = match to.send(from.message(), kept, Wait::Not) {
            Ok(Attempt::Done(())) => Ok(()),
            Ok(Attempt::Late | Attempt::Signal) => {
                let wait = self.plan.patience.next();
                patiently(wait, |wait| to.send(from.message(), kept, wait), || Ok(()))
            }
            Err(fault) => Err(fault.into()),
        };
        match sent {
            Err(StreamEnd::Fault(fault)) if fault.class == Class::Limit => self.bury(mark, fault),
            Err(end) => Err(end),
            Ok(()) => {
                self.in_hand = None;
                self.moved += 1;
                self.bytes += length as u64;
                (self.passed)(1, length as u64);
                Ok(())
            }
        }
    }

    /// The next message is longer than the other queue can ever hold. It is taken if it can go elsewhere.
    fn take_too_long(&mut self, length: usize, or_more: bool) -> Result<(), StreamEnd> {
        if self.dead.is_some() {
            return match self.from.receive(Wait::Not)? {
                Attempt::Done(Received::Message(mark)) => self.pass(mark),
                _ => Ok(()),
            };
        }
        match self.to.refuse(length as u64, or_more) {
            Some(fault) => Err(self.too_long(fault).into()),
            None => Ok(()),
        }
    }

    /// What the other queue can never hold goes elsewhere, or ends it.
    fn bury(&mut self, mark: Mark, fault: Fault) -> Result<(), StreamEnd> {
        let Some(dead) = &mut self.dead else {
            let back = self.from.message().to_vec();
            if let Ok(Attempt::Done(())) = self.from.put_back(&back, mark, Wait::Not) {
                self.in_hand = None;
            }
            return Err(self.too_long(fault).into());
        };
        dead.take(self.from.message(), mark).map_err(|fault| Fault {
            cause: format!("the dead letter cannot be kept: {}", fault.cause),
            ..fault
        })?;
        self.in_hand = None;
        self.buried += 1;
        Ok(())
    }

    fn too_long(&self, fault: Fault) -> Fault {
        let number = self.moved + self.buried + 1;
        Fault { cause: format!("message {number}: {}", fault.cause), hint: None, ..fault }
            .hint("it is left where it is; --dead-letter takes such messages and goes on")
    }
}
