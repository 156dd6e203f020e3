//! Aligned columns that fit a terminal, with colours: rows are kept until all are there, then what matters least goes first.
//! A line is never longer than the terminal is wide, and a process id is never cut.

mod fit;

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::{Cell as Place, Columns};
use tabled::settings::{Alignment, Color, Padding, Style};
use unicode_width::UnicodeWidthStr;

use super::color::{Palette, Tone};
use super::shorten::{DOTS, cut, shorten};
use super::{Cell, Layout, Renderer, View, text, title};
use crate::model::Value;

/// Blanks between two columns.
const GAP: usize = 2;

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
}
