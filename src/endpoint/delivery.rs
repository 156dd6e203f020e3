//! Messages that were taken and not yet delivered: who takes charge of them, and gives them back when they cannot be.

use super::StreamEnd;
use crate::model::Mark;

/// A message that was taken from where it was.
pub type Taken = (Vec<u8>, Mark);

/// Where messages go that are received.
pub trait Deliver {
    /// Waits until one more message can be delivered.
    ///
    /// # Errors
    /// Why none can be.
    fn ready(&mut self) -> Result<(), StreamEnd>;

    /// Takes charge of a message.
    ///
    /// # Errors
    /// Why it, or one before it, could not be delivered: see [`Deliver::undelivered`].
    fn deliver(&mut self, message: &[u8], mark: Mark) -> Result<(), StreamEnd>;

    /// Before a pause of unknown length: what was taken is shown.
    ///
    /// # Errors
    /// As [`Deliver::deliver`].
    fn settle(&mut self) -> Result<(), StreamEnd>;

    /// At the end, whatever it was.
    ///
    /// # Errors
    /// As [`Deliver::deliver`].
    fn finish(&mut self) -> Result<(), StreamEnd>;

    /// Returns true if there is no reader to deliver to.
    fn is_unread(&mut self) -> bool;

    /// Bytes with which the output ends of a message that could not be delivered.
    fn torn(&self) -> u64 {
        0
    }

    /// Hands over messages that are to be tried again: `put_back` puts one back to where it was. What it does not is tried again
    /// from here. Returns how many there were, and how many of them are back.
    fn retry(&mut self, put_back: &mut dyn FnMut(&[u8], Mark) -> bool) -> (u64, u64) {
        let _ = put_back;
        (0, 0)
    }

    /// Messages that could not be delivered, in the order in which they came.
    fn undelivered(&mut self) -> Vec<Taken>;
}
