//! To be waited for and posted to.

use super::Query;
use crate::model::{Fault, Locator, Param, Settings, Term, Wait};
use crate::sys::deferral::Deferral;

/// To be waited for and posted to: `wait`, `post` and `lock`.
pub trait Counters: Sync {
    /// The options of this kind for `wait` and `lock`.
    fn wait_params(&self) -> &'static [&'static Param];

    /// The options of this kind for `post`.
    fn post_params(&self) -> &'static [&'static Param];

    /// Waits until the value can be lowered, and lowers it.
    ///
    /// # Errors
    /// [`crate::model::Class::WouldBlock`] when the time is over first, [`crate::model::Class::NotFound`] also
    /// when it is removed meanwhile.
    fn wait(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
        wait: Wait,
    ) -> Result<(), Fault>;

    /// Raises the value.
    ///
    /// # Errors
    /// [`crate::model::Class::Limit`] above the highest value.
    fn post(&self, look: &Query, locator: &Locator, settings: &Settings) -> Result<(), Fault>;

    /// Waits as [`Counters::wait`] does, for as long as a command runs.
    ///
    /// # Errors
    /// As [`Counters::wait`].
    fn hold(
        &self,
        look: &Query,
        locator: &Locator,
        settings: &Settings,
        wait: Wait,
    ) -> Result<ReleaseMode, Fault>;

    /// Several operations at once, for the kinds that have them.
    fn atomic(&self) -> Option<&dyn Atomic> {
        None
    }
}

/// How what [`Counters::hold`] took is given back.
pub enum ReleaseMode {
    /// The kernel gives it back when this process ends, however it ends and whatever it has become by exec.
    UntilExit,
    /// Somebody has to, when the command has ended.
    Supervised {
        /// Gives it back.
        release: Box<dyn FnOnce() -> Result<(), Fault>>,
        /// No signal ends the supervisor meanwhile.
        signals: Deferral,
    },
}

/// To do several operations on the members of a set at once, or none.
pub trait Atomic {
    /// Does all of them when all can be done.
    ///
    /// # Errors
    /// As [`Counters::wait`] and [`Counters::post`]; a usage error for a member that the set does not have.
    fn operate(
        &self,
        look: &Query,
        locator: &Locator,
        terms: &[Term],
        wait: Wait,
    ) -> Result<(), Fault>;
}
