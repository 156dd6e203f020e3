//! `list`: objects to a table.

use std::io;
use std::ops::ControlFlow;

use super::columns;
use super::context::{Context, Exit, VerbResult};
use super::holders::HolderColumns;
use super::selection::Walk;
use super::states::{Means, States};
use crate::cli::filter::Filter;
use crate::cli::judging::{InStates, Judging};
use crate::kinds::capability::{Query, Want};
use crate::leftover::Classifier;
use crate::model::{COMMON, Column, Kind, Object, Place};
use crate::output::{Cell, Renderer};

/// List objects, all or those named
///
/// Prints one table of all System V and POSIX shared memory, message queues and semaphores, and of FIFOs that are open
/// or lie in /run, /tmp, $XDG_RUNTIME_DIR (two levels) or /dev/shm. The search for FIFOs is best effort. USED-BY lists
/// the processes that hold an object; columns that need a scan of all processes cost it only if they are printed.
/// Exit status 1 means that a source could not be read, so objects may be missing: standard error says which.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    judging: Judging,

    /// Only objects that this process holds
    ///
    /// Attached, open, mapped, registered, or waited for.
    #[arg(
        long,
        value_name = "PID",
        value_parser = clap::value_parser!(i32).range(1..),
        help_heading = "Selection"
    )]
    pid: Option<i32>,

    #[command(flatten)]
    states: InStates<false>,

    /// Sort by these columns: A,-B; a hyphen reverses the order
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, help_heading = "Output")]
    sort: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl list                                   everything
  ipcctl list shm --family sysv --sort -size    System V segments, the largest first
  ipcctl list --mine --older-than 1day          what I left behind
  ipcctl list --pid $$                          what this shell holds
  ipcctl list mq -o +bytes,last-used            more columns for queues
  ipcctl list shm --format plain -o address | xargs -r ipcctl rm";

impl Default for Args {
    fn default() -> Self {
        let filter = Filter {
            selectors: Vec::new(),
            family: None,
            owner: None,
            mine: false,
            name: None,
            older_than: None,
            min_size: None,
            fifo_dir: Vec::new(),
        };
        let judging = Judging::default();
        Self { filter, judging, pid: None, states: InStates::default(), sort: None }
    }
}

const DEFAULT: &[&str] =
    &["address", "key", "owner", "mode", "size", "content", "state", "age", "used-by"];

/// Lists objects.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    // Putting all columns together takes time, which a plain listing does not need.
    let named = cx.options.columns.is_some() || args.sort.is_some();
    let known = if named { columns::of_objects() } else { Vec::new() };
    let columns = columns::choose(cx.options.columns.as_deref(), DEFAULT, &known)?;
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let order = order(args.sort.as_deref(), &known)?;
    let mut listing = Listing {
        filter: &args.filter,
        // Without a choice, formats that name values tell all that comes for free.
        everything_free: cx.format().names_values() && cx.options.columns.is_none(),
        renderer: cx.renderer("objects", &columns),
        columns: &columns,
        order: &order,
        holders: HolderColumns::new(args.pid, &columns, &order),
        states: States::new(&args.states, &columns, &order),
        places: Vec::new(),
        placed: None,
        kept: Vec::new(),
        stop: None,
    };
    if let Err(fault) = listing.holders.check(cx) {
        cx.complain(&fault);
        return Ok(listing.renderer.finish(&mut cx.out, &cx.view, &[])?);
    }
    let scanner = cx.scanner.clone();
    let judge = listing.states.judge(&args.judging, cx, &scanner);
    let judge = judge.unwrap_or_else(|fault| {
        cx.complain(&fault);
        None
    });
    listing.walk(cx, judge.as_ref())
}

/// Column names with whether they are reversed.
fn order(list: Option<&str>, known: &[(String, String)]) -> Result<Vec<(String, bool)>, Exit> {
    let names = list.into_iter().flat_map(|list| list.split(','));
    names
        .map(|name| match name.trim().strip_prefix('-') {
            Some(name) => Ok((columns::check(name, known)?, true)),
            None => Ok((columns::check(name.trim(), known)?, false)),
        })
        .collect()
}

struct Listing<'a> {
    filter: &'a Filter,
    columns: &'a [&'a str],
    everything_free: bool,
    order: &'a [(String, bool)],
    renderer: Box<dyn Renderer>,
    holders: HolderColumns,
    states: States<'a>,
    /// Where the values of a record are in objects of the kind that came last.
    places: Vec<Option<Place>>,
    placed: Option<&'static Kind>,
    kept: Vec<Object>,
    stop: Option<io::Error>,
}

impl Listing<'_> {
    /// Looks at everything, writes what can be written at once, and the rest at the end.
    fn walk(mut self, cx: &mut Context, judge: Option<&Classifier>) -> VerbResult {
        let (columns, order, filter) = (self.columns, self.order, self.filter);
        let sorted_by = order.iter().map(|(name, _)| name.as_str());
        let mut names: Vec<&str> = columns.iter().copied().chain(sorted_by).collect();
        filter.columns().for_each(|name| names.push(name));
        names.extend(self.states.needs());
        let want = if self.everything_free { Want::FreeAnd(&names) } else { Want::Only(&names) };
        let proc = cx.proc.clone();
        let scanner = cx.scanner.clone();
        if self.holders.printed {
            scanner.expect_questions();
        }
        let look = Query { want, proc: &proc, directories: &filter.fifo_dir, fifos: &*scanner };
        let means = Means { look: &look, judge };
        let mut walk = Walk { filter, look: &look, act: "list", warnings: Vec::new() };
        let _ = walk.run(cx, &mut |cx, object| self.take(cx, object, &means));
        match self.stop.take() {
            Some(error) => Err(error.into()),
            None => self.finish(cx, &means, &walk.warnings),
        }
    }

    /// Writes an object, or keeps it when there is an order to bring it into, or its holders to be looked for with
    /// those of others.
    fn take(&mut self, cx: &mut Context, mut object: Object, means: &Means) -> ControlFlow<()> {
        if !self.filter.matches(&object, cx.view.now)
            || !self.states.expects(&mut object, means)
            || !self.holders.expects(&mut object, cx)
        {
            return ControlFlow::Continue(());
        }
        if !self.order.is_empty() || self.holders.expected || self.states.expected {
            self.kept.push(object);
            return ControlFlow::Continue(());
        }
        match self.write(cx, &object) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.stop = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn write(&mut self, cx: &mut Context, object: &Object) -> io::Result<()> {
        if !self.placed.is_some_and(|kind| std::ptr::eq(kind, object.kind)) {
            self.place(object);
        }
        let cells: Vec<Cell> = self.places.iter().map(|place| object.at(*place)).collect();
        self.renderer.record(&mut cx.out, &cx.view, &cells)
    }

    /// Finds the columns in the objects of a kind, of which the same facts were read in the same order.
    fn place(&mut self, object: &Object) {
        self.placed = Some(object.kind);
        let mut names = self.columns.to_vec();
        if self.everything_free {
            let wanted = |column: &&Column| {
                column.field.free || self.holders.has(column) || self.states.has(column)
            };
            let more = COMMON.iter().filter(wanted);
            let more = more.map(|column| column.field.name);
            let more = more.chain(object.facts.iter().map(|(field, _)| field.name));
            names.extend(more.filter(|name| !self.columns.contains(name)));
        }
        self.places = names.iter().map(|name| object.place(name)).collect();
        self.renderer.names(&names);
    }

    fn finish(mut self, cx: &mut Context, means: &Means, warnings: &[String]) -> VerbResult {
        let mut kept = std::mem::take(&mut self.kept);
        self.holders.fill(&mut kept, cx);
        self.states.fill(&mut kept, means);
        kept.sort_by(|one, two| {
            let mut orders = self.order.iter().map(|(name, reversed)| {
                match (one.column(name), two.column(name)) {
                    (Some(one), Some(two)) => one.order(&two, *reversed),
                    (one, two) => one.is_none().cmp(&two.is_none()),
                }
            });
            orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        for object in &kept {
            self.write(cx, object)?;
        }
        Ok(self.renderer.finish(&mut cx.out, &cx.view, warnings)?)
    }
}
