//! From medians to the one table, its verdict, and the copy of it in `docs/performance.md`. Runs nothing.

use std::fs;
use std::io;
use std::time::SystemTime;

use crate::Result;
use crate::measure::Medians;

/// A measured row.
pub struct Line {
    /// What was done.
    pub name: &'static str,
    /// `ipcctl`.
    pub ours: Medians,
    /// The other build of it.
    pub before: Option<Medians>,
    /// The bare system calls.
    pub floor: Option<Medians>,
    /// The peer's label, and its medians if it is installed.
    pub peer: Option<(&'static str, Option<Medians>)>,
    /// What has to be reached.
    pub goals: &'static [Goal],
}

const HEADINGS: [&str; 11] = [
    "work",
    "ipcctl ms",
    "before ms",
    "to before",
    "floor ms",
    "ratio to floor",
    "peer ms",
    "times faster",
    "peak MiB",
    "goal",
    "met",
];
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
const BEGIN: &str = "<!-- table: written by cargo bench -- --write -->";
const END: &str = "<!-- end of table -->";

/// What has to be reached.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At least so many times faster than the peer.
    TimesFaster(f64),
    /// At most so many times the floor.
    TimesFloor(f64),
    /// At least so much of the floor's speed.
    PartOfFloor(f64),
    /// At most so many times the peer.
    TimesPeer(f64),
    /// Peak memory below so many MiB.
    PeakMib(f64),
}

impl Goal {
    fn text(self) -> String {
        match self {
            Goal::TimesFaster(1.0) => "faster".into(),
            Goal::TimesFaster(times) => format!("{times} × faster"),
            Goal::TimesFloor(times) => format!("≤ {times} × floor"),
            Goal::PartOfFloor(part) => format!("≥ {part} of floor's speed"),
            Goal::TimesPeer(times) => format!("≤ {times} × peer"),
            Goal::PeakMib(mib) => format!("< {mib} MiB"),
        }
    }

    /// `None` where the other side was not measured.
    fn is_met(self, line: &Line) -> Option<bool> {
        Some(match self {
            Goal::TimesFaster(times) => line.faster()? >= times,
            Goal::TimesFloor(times) => line.to_floor()? <= times,
            Goal::PartOfFloor(part) => 1.0 / line.to_floor()? >= part,
            Goal::TimesPeer(times) => 1.0 / line.faster()? <= times,
            Goal::PeakMib(mib) => line.ours.peak_mib < mib,
        })
    }
}

impl Line {
    fn to_floor(&self) -> Option<f64> {
        Some(self.ours.ms / self.floor?.ms)
    }

    fn faster(&self) -> Option<f64> {
        Some(self.peer?.1?.ms / self.ours.ms)
    }

    fn missed(&self) -> impl Iterator<Item = Goal> {
        self.goals.iter().copied().filter(|goal| goal.is_met(self) == Some(false))
    }

    fn unmeasured(&self) -> bool {
        self.goals.iter().any(|goal| goal.is_met(self).is_none())
    }

    fn cells(&self) -> [String; 11] {
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.2}"));
        let peer = match self.peer {
            None => "-".into(),
            Some((label, None)) => format!("not installed ({label})"),
            Some((label, Some(peer))) => format!("{:.2} ({label})", peer.ms),
        };
        let list = |goals: &mut dyn Iterator<Item = Goal>| {
            goals.map(Goal::text).collect::<Vec<_>>().join(", ")
        };
        let met = match list(&mut self.missed()) {
            _ if self.goals.is_empty() => "-".into(),
            missed if !missed.is_empty() => format!("NO: {missed}"),
            _ if self.unmeasured() => "not measured".into(),
            _ => "yes".into(),
        };
        let goal =
            if self.goals.is_empty() { "-".into() } else { list(&mut self.goals.iter().copied()) };
        [
            self.name.into(),
            number(Some(self.ours.ms)),
            number(self.before.map(|before| before.ms)),
            number(self.before.map(|before| self.ours.ms / before.ms)),
            number(self.floor.map(|floor| floor.ms)),
            number(self.to_floor()),
            peer,
            number(self.faster()),
            number(Some(self.ours.peak_mib)),
            goal,
            met,
        ]
    }
}

/// The table, as Markdown that reads as it stands.
pub fn table(lines: &[Line]) -> String {
    let mut rows = vec![HEADINGS.map(String::from)];
    rows.extend(lines.iter().map(Line::cells));
    // Another build is measured only when it is named.
    let compared = lines.iter().any(|line| line.before.is_some());
    let shown = |column: &usize| compared || !matches!(column, 2 | 3);
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in
            row.iter().zip(&widths).enumerate().filter(|(column, _)| shown(column))
        {
            // Numbers to the right, words to the left.
            let right = matches!(column, 1..=5 | 7 | 8);
            text +=
                &if right { format!("| {cell:>width$} ") } else { format!("| {cell:<width$} ") };
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate().filter(|(column, _)| shown(column)) {
                let right = if matches!(column, 1..=5 | 7 | 8) { ":" } else { "-" };
                text += &format!("|{}{right}", "-".repeat(width + 1));
            }
            text += "|\n";
        }
    }
    text
}

/// `N goals missed`, the last line of a run.
pub fn verdict(lines: &[Line]) -> String {
    let goals: usize = lines.iter().map(|line| line.goals.len()).sum();
    let missed: usize = lines.iter().map(|line| line.missed().count()).sum();
    format!("{missed} goals missed (of {goals})")
}

/// Says what the figures will be worth: how busy the machine is before the bench adds to it, and whether that matters.
pub fn conditions(urgent: &io::Result<()>) {
    if let Err(error) = urgent {
        println!("note: not before the rest of the machine (SCHED_FIFO): {error}");
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    if load > 0.5 {
        println!(
            "note: load average {load}: other work runs here, which costs those who wait for it"
        );
    }
}

/// Puts the table between the markers of `docs/performance.md`.
pub fn write(table: &str, lines: &[Line], urgent: bool) -> Result<()> {
    let document = fs::read_to_string(DOCUMENT)?;
    let (before, rest) =
        document.split_once(BEGIN).ok_or("docs/performance.md has lost its first marker")?;
    let (_, after) = rest.split_once(END).ok_or("docs/performance.md has lost its last marker")?;
    let today = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // The number alone: what follows it is a builder's mark.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let urgent = if urgent { ", under SCHED_FIFO" } else { "" };
    let caption = format!(
        "`cargo bench -- --write`, {}, Linux {kernel}, {cores} cores of {}{urgent}. {}.",
        today.split('T').next().unwrap_or_default(),
        processor(),
        verdict(lines)
    );
    fs::write(DOCUMENT, format!("{before}{BEGIN}\n{caption}\n\n{table}\n{END}{after}"))?;
    println!("written to docs/performance.md");
    Ok(())
}

/// What the processor calls itself; its family and model say which one it is where the name does not.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let mut values =
            lines.filter(|(field, _)| field.trim() == name).map(|(_, value)| value.trim());
        values.next().unwrap_or("unknown").to_owned()
    };
    format!("{} (family {}, model {})", field("model name"), field("cpu family"), field("model"))
}
