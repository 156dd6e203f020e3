//! Walking over what a selection names: whole facilities, and objects by their addresses.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::cli::context::Context;
use crate::cli::filter::Filter;
use crate::kinds::capability::Query;
use crate::kinds::{self, KINDS, KindRecord};
use crate::model::{Address, Breadth, Facility, Fault, Found, Object, Selector};

/// A walk over a selection.
pub struct Walk<'a> {
    look: &'a Query<'a>,
    /// What is said when an object that is named cannot be found: `list`.
    act: &'static str,
    /// What is looked at, each with its turn: its place in the order of the output.
    steps: Vec<(usize, WalkStep<'a>)>,
    /// Objects do not come in the order of their turns.
    pub reordered: bool,
    /// Sources that could not be read.
    pub warnings: Vec<String>,
    /// What was noted; several kinds can have the same to say.
    noted: HashSet<String>,
}

/// Takes an object and its turn, and says whether to go on.
pub type Take<'t> = &'t mut dyn FnMut(&mut Context, Box<Object>, usize) -> ControlFlow<()>;

/// What is looked at in one go.
enum WalkStep<'a> {
    /// All objects of a kind that so broad a listing shows.
    Whole(&'static KindRecord, Breadth),
    /// One object, unless the listing of its facility has shown it.
    One { address: &'a Address, seen: bool },
}

impl WalkStep<'_> {
    /// Returns true if it is the processes that show the objects.
    fn asks_processes(&self) -> bool {
        match self {
            Self::Whole(record, _) => is_discovered(record),
            Self::One { address, .. } => kinds::of_address(address).is_ok_and(is_discovered),
        }
    }
}

fn is_discovered(record: &KindRecord) -> bool {
    !record.holding.found_in.is_empty()
}

/// Calls `find` for every address. Kinds that only processes show come last, so that one scan also looks for the holders of
/// all others; the answers are in the order of the addresses.
pub fn each<T>(addresses: &[Address], look: &Query, mut find: impl FnMut(&Address) -> T) -> Vec<T> {
    let mut turns: Vec<(usize, &Address)> = addresses.iter().enumerate().collect();
    turns.sort_by_key(|(_, address)| kinds::of_address(address).is_ok_and(is_discovered));
    announce(look, turns.iter().map(|(_, address)| *address));
    let mut found: Vec<_> = turns.into_iter().map(|(turn, one)| (turn, find(one))).collect();
    found.sort_by_key(|(turn, _)| *turn);
    found.into_iter().map(|(_, answer)| answer).collect()
}

/// Announces what will be asked of the processes for these objects.
fn announce<'a>(look: &Query, addresses: impl Iterator<Item = &'a Address>) {
    for address in addresses {
        if let Ok(record) = kinds::of_address(address) {
            record.inspect.announce(look, &address.locator);
        }
    }
}

/// The kinds that a selection names, in the order in which kinds are listed.
pub fn records(filter: &Filter) -> Vec<&'static KindRecord> {
    let is_named = |record: &KindRecord| {
        filter.selectors.is_empty()
            || filter.selectors.iter().any(|selector| match selector {
                Selector::Facility(facility) => *facility == record.kind.facility,
                Selector::Address(address) => kinds::of_address(address)
                    .is_ok_and(|named| std::ptr::eq(named.kind, record.kind)),
            })
    };
    KINDS.iter().copied().filter(|record| is_named(record)).collect()
}

impl<'a> Walk<'a> {
    /// A walk over what `filter` selects, as broad as `look` says; a facility that is named is listed as such at least.
    pub fn new(filter: &'a Filter, look: &'a Query<'a>, act: &'static str) -> Self {
        let whole: Vec<Facility> = filter
            .selectors
            .iter()
            .filter_map(|selector| match selector {
                Selector::Facility(facility) => Some(*facility),
                Selector::Address(_) => None,
            })
            .collect();
        let all = filter.selectors.is_empty();
        let breadth = if all { look.breadth } else { look.breadth.max(Breadth::Facility) };
        let chosen = KINDS
            .iter()
            .filter(|record| all || whole.contains(&record.kind.facility))
            .filter(|record| filter.allows(record.kind.family) && record.kind.listed <= breadth)
            .map(|record| WalkStep::Whole(record, breadth));
        let named = filter.selectors.iter().filter_map(|selector| match selector {
            Selector::Facility(_) => None,
            Selector::Address(address) => {
                Some(WalkStep::One { address, seen: whole.contains(&address.facility) })
            }
        });
        let mut steps: Vec<_> = chosen.chain(named).enumerate().collect();
        // One scan of the processes answers all questions if what they show is asked for last.
        steps.sort_by_key(|(_, step)| step.asks_processes());
        let reordered = !steps.is_sorted_by_key(|(turn, _)| *turn);
        Self { look, act, steps, reordered, warnings: Vec::new(), noted: HashSet::new() }
    }

    /// Leaves out the kinds whose objects no process holds.
    pub fn only_held(&mut self) {
        self.steps.retain(|(_, step)| match step {
            WalkStep::Whole(record, _) => record.holding.can_be_held(),
            WalkStep::One { .. } => true,
        });
    }

    /// Hands over every object that the selection names; the other filters are left to `take`.
    pub fn run(&mut self, cx: &mut Context, take: Take) -> ControlFlow<()> {
        let steps = std::mem::take(&mut self.steps);
        for (_, step) in &steps {
            if let WalkStep::Whole(record, _) = step {
                record
                    .holding
                    .found_in
                    .iter()
                    .for_each(|class| self.look.processes.announce(class));
            }
        }
        let named = steps.iter().filter_map(|(_, step)| match step {
            WalkStep::One { address, .. } => Some(*address),
            WalkStep::Whole(..) => None,
        });
        announce(self.look, named);
        for (turn, step) in steps {
            match step {
                WalkStep::Whole(record, breadth) => self.list(cx, record, (turn, breadth), take)?,
                WalkStep::One { address, seen } => {
                    let found = kinds::of_address(address)
                        .and_then(|record| record.inspect.find_all(self.look, &address.locator));
                    self.found(cx, (address, seen), found, (turn, take))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn list(
        &mut self,
        cx: &mut Context,
        record: &KindRecord,
        (turn, breadth): (usize, Breadth),
        take: Take,
    ) -> ControlFlow<()> {
        let look = Query { breadth, ..*self.look };
        record.inspect.list(&look, &mut |found| match found {
            Found::Object(object) => take(cx, object, turn),
            Found::Note(text) => {
                if self.noted.insert(text.clone()) {
                    cx.note(&text);
                }
                ControlFlow::Continue(())
            }
            Found::Missing(text) => {
                cx.warn(&text);
                self.warnings.push(text);
                ControlFlow::Continue(())
            }
        })
    }

    fn found(
        &mut self,
        cx: &mut Context,
        (address, seen): (&Address, bool),
        found: Result<Vec<Object>, Fault>,
        (turn, take): (usize, Take),
    ) -> ControlFlow<()> {
        match found {
            Ok(_) if seen => {}
            Ok(objects) => {
                objects.into_iter().try_for_each(|object| take(cx, object.into(), turn))?;
            }
            Err(fault) => cx.cannot(self.act, Some(address), &fault),
        }
        ControlFlow::Continue(())
    }
}
