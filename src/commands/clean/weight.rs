//! How much memory the plan gives back. Each kind is asked once for all of its objects: some read a table for it.

use super::report::Row;
use crate::kinds;
use crate::kinds::capability::Query;
use crate::listing::judged::Judged;
use crate::model::Object;

/// The rows of the plan, with what the kernel gets back for each.
pub(super) fn rows<'u>(units: &'u [Vec<Judged>], look: &Query) -> Vec<Row<'u>> {
    let mut rows: Vec<Row> =
        units.iter().flatten().map(|one| Row { one, outcome: None, freed: None }).collect();
    let mut kinds: Vec<&str> = rows.iter().map(|row| row.one.object.kind.name).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let mut of_kind: Vec<&mut Row> =
            rows.iter_mut().filter(|row| row.one.object.kind.name == kind).collect();
        let objects: Vec<&Object> = of_kind.iter().map(|row| &*row.one.object).collect();
        let record = objects.first().and_then(|object| kinds::of_address(&object.address).ok());
        let Some(remove) = record.and_then(|record| record.remove) else { continue };
        for (row, freed) in of_kind.iter_mut().zip(remove.freed(look, &objects)) {
            row.freed = freed;
        }
    }
    rows
}
