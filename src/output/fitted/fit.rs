//! What a table gives up to fit: the decision alone. Nothing is written here.

use unicode_width::UnicodeWidthStr;

use super::{FitStep, Fitted, GAP, Sort, Widths};

/// A name is not made shorter than this to keep other columns, and not shorter than that to keep the table.
const FLOORS: [usize; 2] = [20, 9];
/// Columns that go first where nobody has chosen any, in this order, and those that go last: what one types next.
const FIRST: &[&str] = &["age", "content", "about", "percent", "group"];
const LAST: &[&str] = &["used-by", "knob"];
/// So much longer than names sentences of the last stay.
const LAST_MORE: usize = 4;

impl Fitted {
    /// The widths after the least that makes the table fit.
    pub(super) fn fit(&self) -> (Widths, FitStep) {
        let whole = FitStep { joined: false, without_mode: false, ids_alone: false, dropped: 0 };
        let Some(room) = self.width else {
            let widths = (0..self.columns.len()).map(|at| Some(self.natural(at, whole)));
            return (widths.collect(), whole);
        };
        for floor in FLOORS {
            let joined = FitStep { joined: !self.chosen, ..whole };
            let without_mode = FitStep { without_mode: !self.chosen, ..joined };
            let steps = [whole, joined, without_mode, FitStep { ids_alone: true, ..without_mode }];
            if let Some(fitting) =
                steps.into_iter().find_map(|step| Some((self.widths(step, floor, room)?, step)))
            {
                return fitting;
            }
        }
        let last = |dropped| FitStep {
            joined: !self.chosen,
            without_mode: !self.chosen,
            ids_alone: true,
            dropped,
        };
        let fitting = (1..self.columns.len())
            .find_map(|count| Some((self.widths(last(count), FLOORS[1], room)?, last(count))));
        fitting.unwrap_or_else(|| {
            // Not even one column fits: it is cut.
            let step = last(self.columns.len().saturating_sub(1));
            let mut widths = vec![None; self.columns.len()];
            if let Some(first) = widths.first_mut() {
                *first = Some(room);
            }
            (widths, step)
        })
    }

    /// The columns in the order in which they are given up. The first one never is.
    fn goers(&self) -> impl Iterator<Item = usize> {
        let rank = |at: &usize| match self.columns[*at].name.as_str() {
            _ if self.chosen => 1,
            name if FIRST.contains(&name) => 0,
            name if LAST.contains(&name) => 2,
            _ => 1,
        };
        let place = |at: usize| FIRST.iter().position(|name| *name == self.columns[at].name);
        let mut all: Vec<usize> = (1..self.columns.len()).rev().collect();
        all.sort_by_key(|at| (rank(at), if rank(at) == 0 { place(*at) } else { None }));
        all.into_iter()
    }

    /// Returns true if the column is there after this step.
    fn is_there(&self, at: usize, step: FitStep) -> bool {
        let name = self.columns[at].name.as_str();
        let joins = step.joined && self.column("address").is_some();
        let goes = (joins && name == "key") || (step.without_mode && name == "mode");
        !goes && !self.goers().take(step.dropped).any(|goer| goer == at)
    }

    /// What the table needs after this step with names no shorter than that, if it fits into the room.
    fn widths(&self, step: FitStep, floor: usize, room: usize) -> Option<Widths> {
        let there = |at: usize| self.is_there(at, step);
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let mut widths: Widths =
            all.iter().map(|at| there(*at).then(|| self.least(*at, step, floor))).collect();
        let count = widths.iter().flatten().count();
        let mark = if step.dropped > 0 { 1 + GAP } else { 0 };
        let taken = widths.iter().flatten().sum::<usize>() + GAP * count.saturating_sub(1) + mark;
        let mut left = room.checked_sub(taken)?;
        // What is left goes to processes first, then to names, then to sentences.
        for sort in [Sort::Processes, Sort::Name, Sort::Prose] {
            for at in all.iter().copied().filter(|at| self.columns[*at].sort == sort) {
                if let Some(Some(width)) = widths.get_mut(at) {
                    let more = self.natural(at, step).saturating_sub(*width).min(left);
                    *width += more;
                    left -= more;
                }
            }
        }
        Some(widths)
    }

    /// The width of a column whose cells are whole.
    fn natural(&self, at: usize, step: FitStep) -> usize {
        let column = &self.columns[at];
        let same = match column.sort {
            Sort::Rigid | Sort::Prose => true,
            Sort::Name => !step.joined || column.name != "address",
            Sort::Processes => !step.ids_alone,
        };
        let cells = self.rows.iter().map(|row| self.text(row, at, step, usize::MAX).width());
        let widest = if same { column.widest } else { cells.max().unwrap_or(0) };
        widest.max(self.title(at).width())
    }

    /// The least that a column can be.
    fn least(&self, at: usize, step: FitStep, floor: usize) -> usize {
        let natural = self.natural(at, step);
        match self.columns[at].sort {
            Sort::Processes if step.ids_alone => {
                let cells = self.rows.iter().map(|row| self.text(row, at, step, 0).width());
                cells.max().unwrap_or(0).max(self.title(at).width())
            }
            Sort::Rigid | Sort::Processes => natural,
            Sort::Name if step.joined && self.columns[at].name == "address" => {
                let keys = self.rows.iter().map(|row| self.suffix(row, at, step).width());
                natural.min(floor + keys.max().unwrap_or(0))
            }
            Sort::Prose if LAST.contains(&self.columns[at].name.as_str()) => {
                natural.min(floor + LAST_MORE)
            }
            Sort::Name | Sort::Prose => natural.min(floor.max(self.title(at).width())),
        }
    }
}
