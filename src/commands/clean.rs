//! `clean`: find what crashed programs left, and remove it.

mod doubt;
mod left;
mod report;
mod rest;
mod weight;

use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::ControlFlow;

use glob::Pattern;

use crate::cli::context::{Context, Exit, FOUND, VerbResult};
use crate::cli::filter::Filter;
use crate::cli::judging::{InStates, Judging};
use crate::cli::values;
use crate::holders::Scanner;
use crate::kinds::capability::{Query, StageNeeds, Want};
use crate::kinds::search::FileSearch;
use crate::kinds::{self, KINDS, KindRecord};
use crate::leftover::Classifier;
use crate::leftover::groups::{self, Member};
use crate::leftover::removal::Remover;
use crate::listing::columns::{self, ColumnHelp};
use crate::listing::judged::Judged;
use crate::listing::selection::{self, Walk};
use crate::listing::{mixed, removing, states};
use crate::model::{Address, Class, Fault, Object, Verdict};
use crate::output::{Format, Progress, ProgressUnit};
use crate::sys::stream::StandardOutput;
use doubt::{Doubt, SuspectWord};
use left::Left;
use report::{PLAN, RESULT, Report};
use rest::Rest;

/// Find what crashed programs left, and remove it
///
/// Removes leftovers: no process uses them, their creators have ended, and no living process can be expected to need them
/// again. Objects in use, idle or unknown are never removed. show prints the evidence for a state. Without root, only your
/// own objects are removed.
///
/// The plan is printed, then you are asked. Without a terminal nothing is removed unless --yes is given. Every object is
/// re-checked right before it is removed; one that changed is kept. Machine formats never ask: they need --yes or --dry-run,
/// and report what became of each object. Nothing is removed where the plan cannot be written.
///
/// Accepts the filters of list except --pid; --state can only narrow the selection.
///
/// /etc/ipcctl/keep, the files in /etc/ipcctl/keep.d and your own ~/.config/ipcctl/keep list what is never removed, one
/// address per line, with *, ? or […]. When a line can match nothing, nothing is removed. What tmpfiles.d(5) provides is kept,
/// too.
///
/// Exit status 0: all that was planned is removed. 1: something was skipped or failed, or consent was not given, or a source
/// could not be read. 8, with --exit-code: something was removed, or would be.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    states: InStates<true>,

    /// Never remove what matches: 'shm:/ora_*'
    ///
    /// Can be given several times.
    #[arg(long, value_name = "GLOB", value_parser = values::glob, help_heading = "Selection")]
    keep: Vec<Pattern>,

    /// Remove suspects; all: also if a process may open them
    ///
    /// The creators of suspects have ended, but they could be opened again: by a later run, or by a process that lives, which
    /// is named. The latter, and those of which not every process could be seen that may open them, go with --suspect=all.
    #[arg(
        long,
        value_name = "all",
        num_args = 0..=1,
        require_equals = true,
        value_parser = values::named::<SuspectWord>(),
        hide_possible_values = true,
        help_heading = None
    )]
    suspect: Option<Option<SuspectWord>>,

    /// Print the plan and remove nothing
    #[arg(long, short = 'n', help_heading = None)]
    dry_run: bool,

    /// Do not ask for confirmation
    #[arg(long, short, conflicts_with = "dry_run", help_heading = None)]
    yes: bool,

    /// Remove at most N objects
    ///
    /// Objects that belong together count each, and go together or stay.
    #[arg(long, value_name = "N", help_heading = None)]
    max: Option<usize>,

    /// Exit with 8 if something was or would be removed
    #[arg(long, help_heading = None)]
    exit_code: bool,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl clean                              show what is left over, and ask
  ipcctl clean --dry-run --suspect=all      what could go, with the reasons
  ipcctl clean shm --owner www-data --yes   segments of a service that is stopped
  ipcctl clean --keep 'shm:/cache_*' --yes  all but these
  ipcctl clean --dry-run --exit-code -q     for scripts: is anything left over?
  ipcctl clean --dry-run --json             the plan, for programs";

/// Finds and removes.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let columns = printed(cx)?;
    let proc = cx.proc.clone();
    // What is learned while planning is not used for removing: the answer may take its time.
    let scanner = Scanner::new(&proc);
    let names: Vec<&str> =
        columns.iter().map(String::as_str).chain(states::NEEDS.iter().copied()).collect();
    let options = args.filter.kinds.for_any(&selection::records(&args.filter))?;
    let files = FileSearch::default();
    let look = Query {
        needs: StageNeeds::HISTORY,
        processes: &scanner,
        files: Some(&files),
        options: &options,
        ..Query::new(Want::Only(&names), &proc)
    };
    let foreign = if mixed::is_mixed(&proc) { kinds_of_dev_shm(&look) } else { Vec::new() };
    if foreign.is_empty() {
        removing::recover_all(args.dry_run, &look, cx);
    } else {
        let cause = format!("{}: its objects are left alone", mixed::MIXED);
        cx.complain(&Fault::new(Class::Failed, cause).hint(mixed::WAY_OUT));
    }
    let judge = match states::judge(&args.judging, (&args.keep, true), cx, &scanner) {
        Ok(judge) => judge,
        Err(fault) => {
            cx.complain(&fault);
            return Ok(());
        }
    };
    let own = nix::unistd::geteuid().as_raw();
    let planner = Planner { args, look: &look, judge: &judge, own, foreign };
    let Plan { mut units, left, rest, warnings } = planner.plan(cx);
    judge.notes().iter().for_each(|note| cx.note(note));
    let over = args.max.map_or(0, |max| take_up_to(&mut units, max));
    if over > 0 {
        cx.note(&format!("{over} more would go without --max"));
    }
    let rows = weight::rows(&units, &look);
    let mut report = Report::new(&columns, rows, args.dry_run, left, warnings);
    if consents(args, cx, &mut report)? {
        let scanner = Scanner::new(&proc);
        let files = FileSearch::default();
        let look = Query { processes: &scanner, files: Some(&files), ..look };
        match states::judge_again(&args.judging, (&args.keep, true), cx, &scanner) {
            Ok(judge) => {
                let taken = args.taken();
                let allows = &|_: &Object, verdict: &Verdict| taken.includes(verdict);
                let remover = Remover { look: &look, judge: &judge, allows };
                remove(cx, &remover, &units, &mut report);
            }
            Err(fault) => cx.complain(&fault),
        }
    }
    report.finish(cx)?;
    // What is left is said last.
    cx.flush()?;
    rest.tell(cx);
    if args.exit_code && cx.status() == 0 && report.found() {
        cx.exit_with(FOUND);
    }
    Ok(())
}

/// Leaves so many objects in the plan, and says how many it takes out. What belongs together is not divided.
fn take_up_to(units: &mut Vec<Vec<Judged>>, max: usize) -> usize {
    let (mut count, mut over) = (0, 0);
    units.retain(|unit| {
        let fits = over == 0 && count + unit.len() <= max;
        *(if fits { &mut count } else { &mut over }) += unit.len();
        fits
    });
    over
}

/// What `--columns` chooses among.
pub(super) fn columns() -> ColumnHelp {
    let mut known = columns::of_objects();
    known.extend(RESULT.iter().map(|(name, help)| ((*name).to_owned(), (*help).to_owned())));
    known
}

/// The columns that are printed.
fn printed(cx: &Context) -> Result<Vec<String>, Exit> {
    let more: &[&str] = match cx.format() {
        Format::Table => &[],
        _ => &["producer", "result", "reason", "freed", "against"],
    };
    let default: Vec<&str> = PLAN.iter().chain(more).copied().collect();
    columns::choose(cx.options.columns.as_deref(), &default, &columns())
}

impl Args {
    /// How doubtful an object may be that is taken.
    fn taken(&self) -> Doubt {
        match self.suspect {
            None => Doubt::None,
            Some(None) => Doubt::Later,
            Some(Some(SuspectWord::All)) => Doubt::Now,
        }
    }
}

/// Makes the plan.
struct Planner<'a> {
    args: &'a Args,
    look: &'a Query<'a>,
    judge: &'a Classifier<'a>,
    /// Who runs this.
    own: u32,
    /// Kinds whose objects belong to another IPC namespace.
    foreign: Vec<&'static str>,
}

/// The kinds whose files are all in one directory.
fn kinds_of_dev_shm(look: &Query) -> Vec<&'static str> {
    let has_home = |record: &&&KindRecord| {
        let store = record.backing.and_then(|backing| backing.store(look).ok());
        store.is_some_and(|store| store.home().is_some())
    };
    KINDS.iter().filter(has_home).map(|record| record.kind.name).collect()
}

/// What is to be done.
struct Plan {
    /// What is to go, in units of what belongs together.
    units: Vec<Vec<Judged>>,
    /// What stays.
    left: Left,
    /// What could go, and is not taken.
    rest: Rest,
    /// What could not be looked at.
    warnings: Vec<String>,
}

impl Planner<'_> {
    fn plan(&self, cx: &mut Context) -> Plan {
        let filter = &self.args.filter;
        let mut seen = Vec::new();
        let mut walk = Walk::new(filter, self.look, "clean");
        let _ = walk.run(cx, &mut |cx, object, turn| {
            let is_foreign = self.foreign.contains(&object.kind.name);
            if !is_foreign && filter.matches(&object, cx.view.now) {
                let mut one = Judged::from(object);
                one.verdict = self.judge.at_once(&one.object, None, self.look);
                seen.push((turn, one));
            }
            ControlFlow::Continue(())
        });
        seen.sort_by_key(|(turn, _)| *turn);
        let (mut rest, mut left) = (Rest::default(), Left::default());
        seen.retain_mut(|(_, one)| {
            let judged = one.verdict.take();
            let verdict = judged.unwrap_or_else(|| self.judge.judge(&one.object, None, self.look));
            let verdict = &*one.verdict.insert(verdict);
            match (self.takes(verdict), is_mine(self.own, &one.object)) {
                (true, true) => return true,
                (true, false) => rest.others += 1,
                (false, true) if self.args.states.contain(verdict.state) => rest.add(verdict),
                (false, _) => {}
            }
            rest.outside += usize::from(verdict.outside);
            left.add(verdict);
            false
        });
        let chosen = seen.into_iter().map(|(_, one)| one);
        let mut units = groups::units(chosen, |address| self.member(address));
        for (one, address) in &units.stay {
            let own = &one.object.address;
            cx.note(&format!("{own} stays: it belongs to {address}, which stays"));
            one.verdict.iter().for_each(|verdict| left.add(verdict));
        }
        units.go.iter_mut().flatten().for_each(Judged::name_producer);
        Plan { units: units.go, left, rest, warnings: walk.warnings }
    }

    fn takes(&self, verdict: &Verdict) -> bool {
        self.args.states.contain(verdict.state) && self.args.taken().includes(verdict)
    }

    /// A member of a group that the selection does not name.
    fn member(&self, address: &Address) -> Member<Judged> {
        let found = kinds::of_address(address)
            .and_then(|record| record.inspect.find(self.look, &address.locator));
        match found {
            Ok(object) => {
                let verdict = self.judge.judge(&object, None, self.look);
                let goes = self.takes(&verdict) && is_mine(self.own, &object);
                let one = Judged { verdict: Some(verdict), ..Box::new(object).into() };
                if goes { Member::Goes(Box::new(one)) } else { Member::Stays }
            }
            Err(fault) if fault.class == Class::NotFound => Member::Absent,
            Err(_) => Member::Stays,
        }
    }
}

/// Shows the plan to people and asks, where that is to be done.
fn consents(args: &Args, cx: &mut Context, report: &mut Report) -> Result<bool, Exit> {
    let table = cx.format() == Format::Table;
    report.announce(cx, args.yes)?;
    // Nothing is removed where nobody can be told of it.
    cx.flush()?;
    StandardOutput.check()?;
    if args.dry_run || report.rows.is_empty() || args.yes {
        return Ok(args.yes);
    }
    let refused = |why: &str| {
        Fault::new(Class::Failed, format!("nothing was removed: {why}"))
            .hint("--yes removes without asking")
    };
    if !table {
        cx.complain(&refused("this format never asks"));
    } else if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        cx.complain(&refused("there is no terminal to ask on"));
    } else {
        let question = match report.rows.len() {
            1 => "remove it? [y/N] ".into(),
            count => format!("remove these {count} objects? [y/N] "),
        };
        if ask(&question)? {
            return Ok(true);
        }
        cx.complain(&Fault::new(Class::Failed, "nothing was removed"));
    }
    Ok(false)
}

/// Asks on the terminal.
fn ask(question: &str) -> io::Result<bool> {
    let mut errors = io::stderr().lock();
    errors.write_all(question.as_bytes())?;
    errors.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        errors.write_all(b"\n")?;
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Removes what is planned.
fn remove(cx: &mut Context, remover: &Remover, units: &[Vec<Judged>], report: &mut Report) {
    // Where the objects of a unit begin among the rows.
    let starts: Vec<usize> = units
        .iter()
        .scan(0, |next, unit| Some(std::mem::replace(next, *next + unit.len())))
        .collect();
    /// Fewer objects are gone before anybody could read it.
    const WORTH: usize = 1000;
    let count = report.rows.len();
    let shown = count >= WORTH && !cx.options.quiet;
    let progress = Progress::new(shown, Some(count as u64), ProgressUnit::Objects);
    remover.remove(units, &mut |unit, at, outcome| {
        if let Some(row) = starts.get(unit).and_then(|start| report.rows.get_mut(start + at)) {
            row.outcome = Some(outcome);
        }
        progress.add(1);
    });
    drop(progress);
    report.complain(cx);
}

/// Returns true if this user may remove it. Root may remove everything; others leave alone what is not theirs even where they could.
fn is_mine(own: u32, object: &Object) -> bool {
    let creator = object.past.as_ref().and_then(|past| past.creator);
    own == 0 || object.uid() == Some(own) || creator.is_some_and(|(creator, _)| creator == own)
}
