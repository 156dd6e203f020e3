//! `list`: objects to a table.

use std::io;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::filter::Filter;
use crate::cli::judging::{InStates, Judging};
use crate::cli::params::Params;
use crate::cli::values;
use crate::holders::Scanner;
use crate::kinds::capability::{Query, StageNeeds, Want};
use crate::kinds::search::FileSearch;
use crate::leftover::Classifier;
use crate::listing::access::AccessLists;
use crate::listing::columns;
use crate::listing::holders::{HolderColumns, check_process};
use crate::listing::judged::{Judged, LATE, Stages, ValuePlace};
use crate::listing::mixed;
use crate::listing::selection::{self, Walk};
use crate::listing::states::{Means, States};
use crate::listing::troubles;
use crate::model::{Breadth, COMMON, Fault, Kind, Named, Settings, Value};
use crate::output::{Cell, Format, Groups, Renderer, SUMS};
use crate::waits::TROUBLES;
use clap::builder::{PossibleValue, PossibleValuesParser};

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

    /// Only objects that these processes hold: P,Q
    ///
    /// One of them is enough; repeatable. Attached, open, mapped, locked, registered, or waited for; objects of every kind, also those without a name.
    #[arg(
        long,
        value_name = "PID",
        value_delimiter = ',',
        value_parser = clap::value_parser!(i32).range(1..),
        help_heading = "Selection"
    )]
    pid: Vec<i32>,

    #[command(flatten)]
    states: InStates<false>,

    /// Only what is in trouble, of any sort or of these
    ///
    /// Looks at every object, also at those that have no name, unless some are named.
    #[arg(
        long,
        value_name = "WORD",
        hide_possible_values = true,
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(TROUBLES.iter().map(|one| {
            PossibleValue::new(one.word).help(one.about)
        })),
        help_heading = "Selection"
    )]
    trouble: Option<Vec<String>>,

    /// Every object, also those that have no name
    ///
    /// Without it a listing leaves out what lives and ends with its processes, unless its facility is named.
    #[arg(long, help_heading = "Selection")]
    all: bool,

    /// Sort by these columns: A,-B; a hyphen reverses the order
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, help_heading = "Output")]
    sort: Option<String>,

    /// Print sums instead of objects: how many and how large
    #[arg(
        long,
        value_name = "COLUMN",
        value_parser = values::named::<GroupBy>(),
        conflicts_with_all = ["sort", "columns"],
        hide_short_help = true,
        help_heading = "Output"
    )]
    group_by: Option<GroupBy>,
}

/// By what objects are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GroupBy {
    Owner,
    Group,
    State,
    Kind,
    Facility,
    Producer,
}

impl Named for GroupBy {
    const ALL: &'static [Self] =
        &[Self::Owner, Self::Group, Self::State, Self::Kind, Self::Facility, Self::Producer];

    fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Group => "group",
            Self::State => "state",
            Self::Kind => "kind",
            Self::Facility => "facility",
            Self::Producer => "producer",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Owner => "Who owns them",
            Self::Group => "Their group",
            Self::State => "Their state",
            Self::Kind => "Their kind",
            Self::Facility => "Their facility",
            Self::Producer => "The program that names objects so",
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  ipcctl list                                   everything
  ipcctl list shm --family sysv --sort -size    System V segments, the largest first
  ipcctl list --mine --older-than 1day          what I left behind
  ipcctl list --pid $$                          what this shell holds
  ipcctl list mq -o +bytes,last-used            more columns for queues
  ipcctl list --group-by owner                  how much each user has
  ipcctl list pipe -o +readers,writers          who is at which end
  ipcctl list --trouble -o +trouble             what is stuck, and who has it
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
            newer_than: None,
            min_size: None,
            kinds: Params::default(),
        };
        let judging = Judging::default();
        Self {
            filter,
            judging,
            pid: Vec::new(),
            states: InStates::default(),
            trouble: None,
            all: false,
            sort: None,
            group_by: None,
        }
    }
}

const DEFAULT: &[&str] =
    &["address", "key", "owner", "mode", "size", "content", "state", "age", "used-by"];

/// Lists objects.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let (chosen, sorted) = (preferred("IPCCTL_COLUMNS", cx), preferred("IPCCTL_SORT", cx));
    let chosen_in =
        chosen.as_ref().filter(|_| cx.options.columns.is_none()).map(|_| "IPCCTL_COLUMNS");
    let sorted_in = sorted.as_ref().filter(|_| args.sort.is_none()).map(|_| "IPCCTL_SORT");
    cx.options.columns = cx.options.columns.take().or(chosen);
    let sorted = args.sort.clone().or(sorted).filter(|_| args.group_by.is_none());
    // Putting all columns together takes time, which a plain listing does not need.
    let named = cx.options.columns.is_some() || sorted.is_some();
    let known = if named { columns::of_objects() } else { Vec::new() };
    let columns = columns::choose(cx.options.columns.as_deref(), DEFAULT, &known);
    let columns = columns.map_err(|stop| named_in(chosen_in, stop))?;
    let columns: Vec<&str> = match args.group_by {
        Some(by) => vec![by.name(), "size"],
        None => columns.iter().map(String::as_str).collect(),
    };
    let order = order(sorted.as_deref(), &known).map_err(|stop| named_in(sorted_in, stop))?;
    let mut pids = Vec::new();
    for pid in &args.pid {
        match check_process(*pid, cx) {
            Ok(()) => pids.push(*pid),
            Err(fault) => cx.complain(&fault),
        }
    }
    if pids.is_empty() && !args.pid.is_empty() {
        let renderer = cx.renderer("objects", &columns);
        return cx.finish(renderer, &[]);
    }
    let names = columns.iter().copied().chain(order.iter().map(|(name, _)| name.as_str()));
    let stages = Stages::of(names);
    let stages = Stages { trouble: stages.trouble || args.trouble.is_some(), ..stages };
    let states = States::new(&args.states, stages);
    // If nothing else is asked of the processes, only these are looked at.
    let scanner = match stages.holders || states.wanted() {
        false if !pids.is_empty() => Rc::new(Scanner::only(&cx.proc, &pids)),
        _ => cx.scanner.clone(),
    };
    let records = selection::records(&args.filter);
    let judge = states.judge(&args.judging, cx, &scanner);
    let judge = judge.unwrap_or_else(|fault| {
        cx.complain(&fault);
        None
    });
    let listing = Listing {
        filter: &args.filter,
        breadth: if args.all || !args.pid.is_empty() || args.trouble.is_some() {
            Breadth::All
        } else {
            Breadth::Usual
        },
        trouble: args.trouble.as_deref(),
        options: args.filter.kinds.for_any(&records)?,
        // Without a choice, formats that name values tell all that comes for free.
        everything_free: cx.format().names_values()
            && cx.options.columns.is_none()
            && args.group_by.is_none(),
        renderer: match args.group_by {
            Some(by) => {
                let sums = cx.renderer("groups", &[by.name(), SUMS[0], SUMS[1]]);
                Box::new(Groups::new(by.name(), sums))
            }
            None => cx.renderer("objects", &columns),
        },
        total: (0, 0),
        lists: (cx.format() == Format::Table && columns.contains(&"mode"))
            .then(AccessLists::default),
        columns: &columns,
        order: &order,
        stages,
        holders: HolderColumns::new(&scanner, &pids, stages.holders),
        states,
        places: Vec::new(),
        placed: None,
        kept: Vec::new(),
        stop: None,
    };
    listing.walk(cx, &scanner, judge.as_ref())
}

/// What the user prefers where the command line does not say. Scripts that read other formats are not surprised by it.
fn preferred(name: &str, cx: &Context) -> Option<String> {
    let given = std::env::var(name).ok().filter(|given| !given.is_empty());
    given.filter(|_| cx.format() == Format::Table)
}

/// What is wrong with a choice, with the variable of the environment that it comes from.
fn named_in(variable: Option<&str>, stop: Exit) -> Exit {
    match (variable, stop) {
        (Some(variable), Exit::Usage(fault)) => {
            Exit::Usage(Fault { cause: format!("{variable}: {}", fault.cause), ..fault })
        }
        (_, stop) => stop,
    }
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
    options: Settings,
    breadth: Breadth,
    /// Only what is in one of these troubles; in any, if there are none.
    trouble: Option<&'a [String]>,
    columns: &'a [&'a str],
    everything_free: bool,
    order: &'a [(String, bool)],
    renderer: Box<dyn Renderer>,
    stages: Stages,
    holders: HolderColumns<'a>,
    states: States<'a>,
    /// Where the values of a record are in objects of the kind that came last.
    places: Vec<Option<ValuePlace>>,
    placed: Option<&'static Kind>,
    /// Objects that cannot be written yet, with their turns.
    kept: Vec<(usize, Judged)>,
    stop: Option<io::Error>,
    /// Objects that were written, and their bytes.
    total: (u64, u64),
    /// Where modes are printed for people.
    lists: Option<AccessLists>,
}

impl Listing<'_> {
    /// Looks at everything, writes what can be written at once, and the rest at the end.
    fn walk(
        mut self,
        cx: &mut Context,
        scanner: &Scanner,
        judge: Option<&Classifier>,
    ) -> VerbResult {
        let (columns, order, filter) = (self.columns, self.order, self.filter);
        let sorted_by = order.iter().map(|(name, _)| name.as_str());
        let mut names: Vec<&str> = columns.iter().copied().chain(sorted_by).collect();
        filter.columns().for_each(|name| names.push(name));
        names.extend(self.states.needs());
        if self.stages.trouble {
            names.extend(troubles::NEEDS);
        }
        let want = if self.everything_free { Want::FreeAnd(&names) } else { Want::Only(&names) };
        let needs = StageNeeds { holders: self.stages.holders, history: self.states.wanted() };
        let (proc, options) = (cx.proc.clone(), std::mem::take(&mut self.options));
        let breadth = self.breadth;
        let files = FileSearch::default();
        let look = Query {
            breadth,
            needs,
            processes: scanner,
            files: Some(&files),
            options: &options,
            ..Query::new(want, &proc)
        };
        let means = Means { look: &look, judge };
        let mut walk = Walk::new(filter, &look, "list");
        if self.holders.is_of_some() {
            walk.only_held();
        }
        let keeps = !self.order.is_empty() || walk.reordered;
        let _ = walk
            .run(cx, &mut |cx, object, turn| self.take(cx, (object.into(), turn), keeps, &means));
        match self.stop.take() {
            Some(error) => Err(error.into()),
            None => self.finish(cx, &means, &walk.warnings),
        }
    }

    /// Writes an object, or keeps it when there is an order to bring it into, or its holders to be looked for with
    /// those of others.
    fn take(
        &mut self,
        cx: &mut Context,
        (mut one, turn): (Judged, usize),
        keeps: bool,
        means: &Means,
    ) -> ControlFlow<()> {
        if !self.filter.matches(&one.object, cx.view.now)
            || !self.states.expects(&mut one, means)
            || !self.holders.expects(&mut one)
        {
            return ControlFlow::Continue(());
        }
        if keeps || self.holders.expected || self.states.expected || self.stages.trouble {
            self.kept.push((turn, one));
            return ControlFlow::Continue(());
        }
        match self.write(cx, &mut one, means) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.stop = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn write(&mut self, cx: &mut Context, one: &mut Judged, means: &Means) -> io::Result<()> {
        if let Some(lists) = &mut self.lists {
            lists.mark(&mut one.object, means.look);
        }
        if !self.placed.is_some_and(|kind| std::ptr::eq(kind, one.object.kind)) {
            self.place(one);
        }
        self.total.0 += 1;
        if let Value::Bytes(size) = one.object.size {
            self.total.1 = self.total.1.saturating_add(size);
        }
        let cells: Vec<Cell> = self.places.iter().map(|place| one.at(*place)).collect();
        self.renderer.record(&mut cx.out, &cx.view, &cells)
    }

    /// Finds the columns in the objects of a kind, of which the same facts were read in the same order.
    fn place(&mut self, one: &Judged) {
        self.placed = Some(one.object.kind);
        let mut names = self.columns.to_vec();
        if self.everything_free {
            let free = COMMON.iter().map(|column| &column.field).filter(|field| field.free);
            let late = LATE.iter().filter(|column| self.stages.tell(column));
            let more = free.map(|field| field.name).chain(late.map(|column| column.field.name));
            let more = more.chain(one.object.facts.iter().map(|(field, _)| field.name));
            names.extend(more.filter(|name| !self.columns.contains(name)));
        }
        self.places = names.iter().map(|name| one.place(name)).collect();
        self.renderer.names(&names);
    }

    fn finish(mut self, cx: &mut Context, means: &Means, warnings: &[String]) -> VerbResult {
        let mut kept = std::mem::take(&mut self.kept);
        let has_some = self.total.0 > 0 || !kept.is_empty();
        if has_some && self.states.wanted() && mixed::is_mixed(&cx.proc) {
            cx.caution(mixed::MIXED);
        }
        self.holders.fill(&mut kept, cx);
        self.states.fill(&mut kept, means);
        means.judge.into_iter().flat_map(Classifier::notes).for_each(|note| cx.note(note));
        if self.stages.trouble {
            troubles::fill(kept.iter_mut().map(|(_, one)| one), means.look);
        }
        if let Some(words) = self.trouble {
            kept.retain(|(_, one)| troubles::is_asked(one, words));
        }
        kept.sort_by(|(turn, one), (other_turn, two)| {
            let mut orders = self.order.iter().map(|(name, reversed)| {
                match (one.column(name), two.column(name)) {
                    (Some(one), Some(two)) => one.order(&two, *reversed),
                    (one, two) => one.is_none().cmp(&two.is_none()),
                }
            });
            let order = orders.find(|order| order.is_ne());
            order.unwrap_or_else(|| turn.cmp(other_turn))
        });
        for (_, one) in &mut kept {
            self.write(cx, one, means)?;
        }
        if self.total.0 > 1 {
            let mut size = String::new();
            cx.view.human(&Value::Bytes(self.total.1), &mut size);
            self.renderer.footer(format!("{} objects, {size}", self.total.0));
        }
        cx.finish(self.renderer, warnings)
    }
}
