//! From medians to the one table, its verdict, and the copy of it in `docs/performance.md`. Runs nothing.

use std::fs;
use std::time::SystemTime;

use crate::Result;
use crate::measure::Medians;
use crate::rows::Goal;

/// A measured row.
pub struct Line {
    /// What was done.
    pub name: &'static str,
    /// `ipcctl`.
    pub ours: Medians,
    /// The bare system calls.
    pub floor: Option<Medians>,
    /// The peer's label, and its medians if it is installed.
    pub peer: Option<(&'static str, Option<Medians>)>,
    /// What has to be reached.
    pub goals: &'static [Goal],
}

const HEADINGS: [&str; 9] = [
    "work",
    "ipcctl ms",
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

impl Goal {
    fn text(self) -> String {
        match self {
            Goal::TimesFaster(times) => format!("{times} × faster"),
            Goal::TimesFloor(times) => format!("≤ {times} × floor"),
            Goal::TimesPeer(times) => format!("≤ {times} × peer"),
            Goal::PeakMib(mib) => format!("< {mib} MiB"),
            Goal::MicrosEach(micros) => format!("< {micros} µs each beyond pauses"),
        }
    }

    /// `None` where the other side was not measured.
    fn is_met(self, line: &Line) -> Option<bool> {
        Some(match self {
            Goal::TimesFaster(times) => line.faster()? >= times,
            Goal::TimesFloor(times) => line.to_floor()? <= times,
            Goal::TimesPeer(times) => 1.0 / line.faster()? <= times,
            Goal::PeakMib(mib) => line.ours.peak_mib < mib,
            Goal::MicrosEach(micros) => {
                let pauses = f64::from(10_000_u32.div_ceil(128));
                line.ours.ms < 10_000.0 * micros / 1e3 + pauses
            }
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

    fn cells(&self) -> [String; 9] {
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
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Numbers to the right, words to the left.
            let right = matches!(column, 1..=3 | 5 | 6);
            text +=
                &if right { format!("| {cell:>width$} ") } else { format!("| {cell:<width$} ") };
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let right = if matches!(column, 1..=3 | 5 | 6) { ":" } else { "-" };
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

/// Says what the figures will be worth: how busy the machine is before the bench adds to it.
pub fn conditions() {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    if load > 0.5 {
        println!("note: load average {load}: other work runs here, so these figures are not final");
    }
}

/// Puts the table between the markers of `docs/performance.md`.
pub fn write(table: &str, lines: &[Line]) -> Result<()> {
    let document = fs::read_to_string(DOCUMENT)?;
    let (before, rest) =
        document.split_once(BEGIN).ok_or("docs/performance.md has lost its first marker")?;
    let (_, after) = rest.split_once(END).ok_or("docs/performance.md has lost its last marker")?;
    let today = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // The number alone: what follows it is a builder's mark.
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let caption = format!(
        "`cargo bench -- --write`, {}, Linux {kernel}, {cores} cores. {}.",
        today.split('T').next().unwrap_or_default(),
        verdict(lines)
    );
    fs::write(DOCUMENT, format!("{before}{BEGIN}\n{caption}\n\n{table}\n{END}{after}"))?;
    println!("written to docs/performance.md");
    Ok(())
}
