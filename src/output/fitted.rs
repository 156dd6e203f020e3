//! Aligned columns that fit a terminal, with colours: rows are kept until all are there, then what matters least goes first.
//! A line is never longer than the terminal is wide, and a process id is never cut.

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::{Cell as Place, Columns};
use tabled::settings::{Alignment, Color, Padding, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::color::{Palette, Tone};
use super::{Cell, Layout, Renderer, View, text, title};
use crate::model::Value;

/// Blanks between two columns.
const GAP: usize = 2;
/// A name is not made shorter than this to keep other columns, and not shorter than that to keep the table.
const FLOORS: [usize; 2] = [20, 9];
/// Columns that go first where nobody has chosen any, in this order, and those that go last: what one types next.
const FIRST: &[&str] = &["age", "content", "about", "percent", "group"];
const LAST: &[&str] = &["used-by", "knob"];
/// So much longer than names sentences of the last stay.
const LAST_MORE: usize = 4;
/// What stands for characters that are left out.
const DOTS: char = '…';

/// What can be done to a column that does not fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// Nothing: it is whole or not there.
    Rigid,
    /// Sentences: their end is left out.
    Prose,
    /// Names: their middle is left out.
    Name,
    /// Processes: their commands are left out, then all but some.
    Processes,
}

struct FittedColumn {
    name: String,
    right: bool,
    sort: Sort,
    /// Of its whole cells.
    widest: usize,
}

struct FittedCell {
    text: String,
    tone: Option<Tone>,
    /// The ids of the processes in it, and how many more there are that cannot be seen.
    processes: Option<(Vec<i32>, u64)>,
}

/// How much of the table has been given up.
#[derive(Clone, Copy)]
struct FitStep {
    /// KEY stands behind the address.
    joined: bool,
    without_mode: bool,
    ids_alone: bool,
    /// So many columns are gone besides.
    dropped: usize,
}

/// The width of each column; `None` for one that is not there.
type Widths = Vec<Option<usize>>;

/// Rows kept until all are there.
pub(super) struct Fitted {
    columns: Vec<FittedColumn>,
    rows: Vec<Vec<FittedCell>>,
    headings: bool,
    /// The columns were asked for by name: none goes before others.
    chosen: bool,
    palette: Palette,
    width: Option<usize>,
    footer: Option<String>,
}

impl Fitted {
    pub(super) fn new(layout: &Layout) -> Self {
        let column = |name: &&str| FittedColumn {
            name: (*name).to_owned(),
            right: false,
            sort: Sort::Rigid,
            widest: 0,
        };
        Self {
            columns: layout.columns.iter().map(column).collect(),
            rows: Vec::new(),
            headings: layout.headings,
            chosen: layout.chosen,
            palette: layout.palette.clone(),
            width: layout.width,
            footer: None,
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The widths after the least that makes the table fit.
    fn fit(&self) -> (Widths, FitStep) {
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

    fn title(&self, at: usize) -> String {
        if self.headings { title(&self.columns[at].name) } else { String::new() }
    }

    /// What stands behind the address: the key, where the column KEY is gone and there is one.
    fn suffix(&self, row: &[FittedCell], at: usize, step: FitStep) -> String {
        if !step.joined || self.columns[at].name != "address" {
            return String::new();
        }
        let key = self.column("key").and_then(|key| row.get(key)).map_or("-", |cell| &cell.text);
        if key == "-" { String::new() } else { format!(" {key}") }
    }

    /// The text of a cell in a column that is so wide.
    fn text(&self, row: &[FittedCell], at: usize, step: FitStep, width: usize) -> String {
        let Some(cell) = row.get(at) else { return String::new() };
        match (self.columns[at].sort, &cell.processes) {
            (Sort::Processes, Some((ids, unseen))) if step.ids_alone => {
                some_of(ids, *unseen, width)
            }
            (Sort::Name, _) => {
                let suffix = self.suffix(row, at, step);
                match width.checked_sub(suffix.width()).filter(|room| *room > 0) {
                    Some(room) => shorten(&cell.text, room) + &suffix,
                    None => cut(&cell.text, width),
                }
            }
            (Sort::Prose, _) => cut(&cell.text, width),
            _ if width < cell.text.width() => cut(&cell.text, width),
            _ => cell.text.clone(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (widths, step) = self.fit();
        let there: Vec<(usize, usize)> =
            widths.iter().enumerate().filter_map(|(at, width)| Some((at, (*width)?))).collect();
        let mut builder = Builder::with_capacity(self.rows.len() + 1, there.len());
        if self.headings {
            builder.push_record(there.iter().map(|(at, width)| cut(&self.title(*at), *width)));
        }
        for row in &self.rows {
            builder.push_record(there.iter().map(|(at, width)| self.text(row, *at, step, *width)));
        }
        if builder.count_records() == 0 {
            return Ok(());
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::zero());
        let last = there.len().saturating_sub(1);
        table.modify(Columns::new(..last), Padding::new(0, GAP, 0, 0));
        for (place, (at, _)) in there.iter().enumerate() {
            if self.columns[*at].right {
                table.modify(Columns::one(place), Alignment::right());
            }
        }
        if self.palette.is_on() {
            for (line, row) in self.rows.iter().enumerate() {
                for (place, (at, _)) in there.iter().enumerate() {
                    let Some(tone) = row.get(*at).and_then(|cell| cell.tone) else { continue };
                    let (begin, end) = self.palette.around(tone);
                    let place = Place::new(line + usize::from(self.headings), place);
                    table.modify(place, Color::new(begin, end));
                }
            }
        }
        let mut text = String::new();
        for (at, line) in table.to_string().lines().enumerate() {
            let line = line.trim_end();
            if at == 0 && self.headings {
                let fits = self.width.is_none_or(|width| line.width() + GAP < width);
                let mark = if step.dropped > 0 && fits {
                    format!("{:GAP$}{DOTS}", "")
                } else {
                    String::new()
                };
                text.push_str(&self.palette.paint(Tone::Heading, &(line.to_owned() + &mark)));
            } else {
                text.push_str(line);
            }
            text.push('\n');
        }
        if let (Some(footer), Some(width)) = (&self.footer, self.width) {
            text.push_str(&cut(footer, width));
            text.push('\n');
        }
        out.write_all(text.as_bytes())
    }
}

impl Renderer for Fitted {
    fn record(&mut self, _out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        let row = self.columns.iter_mut().zip(cells).map(|(column, value)| {
            let mut text = String::new();
            view.human(value, &mut text);
            column.right |= text::is_number(value);
            column.sort = column.sort.max(sort(value, &text));
            column.widest = column.widest.max(text.width());
            let processes = match &**value {
                Value::Holders(found) if found.is_held() => {
                    let ids = found.holders.iter().map(|holder| holder.pid).collect();
                    Some((ids, found.unseen.unwrap_or(0)))
                }
                _ => None,
            };
            FittedCell { text, tone: Tone::of(&column.name, value), processes }
        });
        let row = row.collect();
        self.rows.push(row);
        Ok(())
    }

    fn footer(&mut self, line: String) {
        self.footer = Some(line);
    }

    fn lines(&self) -> usize {
        let others = usize::from(self.headings) + usize::from(self.footer.is_some());
        self.rows.len() + others
    }

    fn finish(&mut self, out: &mut dyn Write, _view: &View, _: &[String]) -> io::Result<()> {
        self.write(out)
    }
}

fn sort(value: &Value, text: &str) -> Sort {
    match value {
        Value::Address(_) | Value::Name(_) => Sort::Name,
        Value::Holders(_) => Sort::Processes,
        Value::Text(_) if !text.contains(' ') => Sort::Name,
        Value::Text(_) | Value::Word(_) | Value::List(_) if text.contains(' ') => Sort::Prose,
        _ => Sort::Rigid,
    }
}

/// As many of the ids as there is room for, one at least, and how many more there are.
fn some_of(ids: &[i32], unseen: u64, width: usize) -> String {
    let more = |shown: usize| match (ids.len() - shown) as u64 + unseen {
        0 => String::new(),
        more if shown == 0 => format!("{more} hidden"),
        more => format!(" +{more}"),
    };
    let mut text = String::new();
    let mut best = None;
    for (at, id) in ids.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(&id.to_string());
        let all = text.clone() + &more(at + 1);
        if best.is_some() && all.len() > width {
            break;
        }
        best = Some(all);
    }
    best.unwrap_or_else(|| more(0))
}

/// The characters from the beginning that fit into so many columns.
fn head(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > width {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The characters up to the end that fit into so many columns. What would only change the character before it is left out.
fn tail(text: &str, width: usize) -> &str {
    let (mut taken, mut begin) = (0, text.len());
    for (at, letter) in text.char_indices().rev() {
        let wide = letter.width().unwrap_or(0);
        taken += wide;
        if taken > width {
            break;
        }
        if wide > 0 {
            begin = at;
        }
    }
    text.get(begin..).unwrap_or_default()
}

/// A name without its middle. Its end tells more than its beginning.
fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let head = head(text, room / 2);
    format!("{head}{DOTS}{}", tail(text, room - head.width()))
}

/// A sentence without its end.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    format!("{}{DOTS}", head(text, width - 1).trim_end())
}

/// A text in lines of at most so many columns, broken between words where there are some.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= width {
            if gap > 0 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while rest.width() > width {
            let part = match head(rest, width) {
                // Not even one character fits.
                "" => rest,
                part => part,
            };
            lines.push(part.to_owned());
            rest = rest.get(part.len()..).unwrap_or_default();
        }
        line.push_str(rest);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Holder, Holders, Timestamp};
    use crate::output::{Names, Times};
    use std::borrow::Cow;
    use std::sync::Arc;

    const COLUMNS: &[&str] =
        &["address", "key", "owner", "mode", "size", "state", "age", "used-by"];

    fn holders(pids: &[i32]) -> Value {
        let holder = |pid: &i32| Holder {
            pid: *pid,
            uid: None,
            command: Some(std::ffi::OsStr::new("a-command").into()),
            how: Box::default(),
            fds: Box::default(),
        };
        let holders = pids.iter().map(holder).collect();
        Value::Holders(Arc::new(Holders { holders, unseen: Some(0) }))
    }

    fn row(address: &str, key: Value, holders: Value) -> Vec<Cell<'static>> {
        let address = Address::parse(address.as_ref()).unwrap();
        let cells = [
            Value::Address(address),
            key,
            Value::Text("somebody".into()),
            Value::Mode(0o600),
            Value::Bytes(1 << 20),
            Value::Word("in-use"),
            Value::Age(Timestamp::seconds(0)),
            holders,
        ];
        cells.map(Cow::Owned).into()
    }

    fn rows() -> Vec<Vec<Cell<'static>>> {
        let long = format!("shm:/{}end", "long-name-".repeat(24));
        let many: Vec<i32> = (1000..1020).collect();
        vec![
            row(&long, Value::None("none"), holders(&[])),
            row("shm:3", Value::Key(0xdead), holders(&[41])),
            row("shm:/m%C3%A4rz-\u{6f22}\u{5b57}", Value::None("none"), holders(&many)),
        ]
    }

    fn render(columns: &[&str], width: usize, rows: &[Vec<Cell>], chosen: bool) -> String {
        let palette = Palette::plain();
        let layout = Layout {
            records: "rows",
            columns,
            headings: true,
            palette: &palette,
            chosen,
            width: Some(width),
        };
        let view = View { names: Names::default(), bytes: false, times: Times::Relative, now: 60 };
        let mut table = Fitted::new(&layout);
        let mut out = Vec::new();
        for row in rows {
            table.record(&mut out, &view, row).unwrap();
        }
        table.finish(&mut out, &view, &[]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 1..400 {
            for chosen in [false, true] {
                let text = render(COLUMNS, width, &rows(), chosen);
                assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
                assert_eq!(text.lines().count(), 4, "{width}:\n{text}");
            }
        }
    }

    #[test]
    fn what_matters_least_goes_first() {
        let rows = rows();
        let at = |width| render(COLUMNS, width, &rows, false);
        let whole = at(5000);
        assert!(whole.contains("end ") && whole.contains("a-command(1019)"), "{whole}");
        let widest = |text: &str| text.lines().map(str::width).max().unwrap();
        // Names first, and their end stays.
        let text = at(widest(&whole) - 200);
        assert!(text.contains('…') && text.contains("-end ") && text.contains("KEY"), "{text}");
        // Then the key, which stands behind its address.
        let one = [rows[1].clone()];
        let needs = widest(&render(COLUMNS, 200, &one, false));
        let text = render(COLUMNS, needs - 1, &one, false);
        assert!(text.contains("shm:3 0xdead") && !text.contains("KEY"), "{text}");
        let text = render(COLUMNS, needs - 4, &one, false);
        assert!(text.contains("shm:3 0xdead") && !text.contains("MODE"), "{text}");
        let text = render(COLUMNS, needs - 11, &one, false);
        assert!(text.contains(" 41") && !text.contains("a-command"), "{text}");
        // Then all but some process ids.
        let text = at(70);
        assert!(text.contains("1000 +19") || text.contains("1000 1001 +18"), "{text}");
        assert!(text.contains("41"), "{text}");
    }

    #[test]
    fn columns_that_were_asked_for_stay_as_long_as_they_can() {
        let text = render(COLUMNS, 75, &rows(), true);
        assert!(text.contains("KEY") && text.contains("MODE"), "{text}");
        // What had to go is said.
        let text = render(COLUMNS, 30, &rows(), true);
        assert!(text.lines().next().unwrap().ends_with('…'), "{text}");
    }

    #[test]
    fn sentences_lose_their_end() {
        let rows = [vec![
            Cow::Owned(Value::Word("SHMALL")),
            Cow::Owned(Value::Word("pages in all segments together")),
            Cow::Owned(Value::Word("kernel.shmall")),
        ]];
        let text = render(&["name", "about", "knob"], 40, &rows, false);
        assert!(text.contains("pages in all seg…") && text.contains("kernel.shmall"), "{text}");
    }

    #[test]
    fn characters_are_cut_whole_and_count_as_wide_as_they_are() {
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("漢字漢字漢字", 6), "漢…字");
        // A combining character does not stand alone after the dots.
        assert_eq!(shorten("abcde\u{301}f", 4), "a…e\u{301}f");
        assert_eq!(cut("one two three", 8), "one two…");
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
