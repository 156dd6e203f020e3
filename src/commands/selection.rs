//! Walking over what a selection names: whole facilities, and objects by their addresses.

use std::ops::ControlFlow;

use super::context::Context;
use crate::cli::filter::Filter;
use crate::kinds::capability::Query;
use crate::kinds::{self, KINDS, KindRecord};
use crate::model::{Address, Facility, Found, Object, Selector};

/// A walk over a selection.
pub(super) struct Walk<'a> {
    pub(super) filter: &'a Filter,
    pub(super) look: &'a Query<'a>,
    /// What is said when an object that is named cannot be found: `list`.
    pub(super) act: &'static str,
    /// Sources that could not be looked at.
    pub(super) warnings: Vec<String>,
}

/// Takes an object, and says whether to go on.
pub(super) type Take<'t> = &'t mut dyn FnMut(&mut Context, Object) -> ControlFlow<()>;

impl Walk<'_> {
    /// Hands over every object that the selection names; the other filters are left to `take`.
    pub(super) fn run(&mut self, cx: &mut Context, take: Take) -> ControlFlow<()> {
        let filter = self.filter;
        let whole: Vec<Facility> = filter
            .selectors
            .iter()
            .filter_map(|selector| match selector {
                Selector::Facility(facility) => Some(*facility),
                Selector::Address(_) => None,
            })
            .collect();
        for record in KINDS {
            let chosen = filter.selectors.is_empty() || whole.contains(&record.kind.facility);
            if chosen && filter.allows(record.kind.family) {
                self.list(cx, record, take)?;
            }
        }
        for selector in &filter.selectors {
            if let Selector::Address(address) = selector {
                self.find(cx, address, whole.contains(&address.facility), take)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn list(&mut self, cx: &mut Context, record: &KindRecord, take: Take) -> ControlFlow<()> {
        record.inspect.list(self.look, &mut |sighting| match sighting {
            Found::Object(object) => take(cx, *object),
            Found::Note(text) => {
                cx.note(&text);
                ControlFlow::Continue(())
            }
            Found::Missing(text) => {
                cx.warn(&text);
                self.warnings.push(text);
                ControlFlow::Continue(())
            }
        })
    }

    /// One object by its address; `seen` when the listing of its facility has shown it.
    fn find(
        &mut self,
        cx: &mut Context,
        address: &Address,
        seen: bool,
        take: Take,
    ) -> ControlFlow<()> {
        let found = kinds::of_address(address)
            .and_then(|record| record.inspect.find(self.look, &address.locator));
        match found {
            Ok(_) if seen => {}
            Ok(object) => take(cx, object)?,
            Err(fault) => cx.cannot(self.act, Some(address), &fault),
        }
        ControlFlow::Continue(())
    }
}
