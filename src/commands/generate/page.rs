//! A manual page: sections in the order that man-pages(7) gives, some made of definitions, some of prose. Knows no page in particular.

use std::fs;
use std::io;
use std::path::Path;

use super::roff;

/// The day of the manual: changed with what it says, so that the same commit makes the same pages.
const DATE: &str = "2026-11-21";

/// What a page opens with; what it has no name for follows; then what it ends with.
const OPENING: &[&str] = &["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OUTPUT OPTIONS"];
const ENDING: &[&str] = &["EXIT STATUS", "ENVIRONMENT", "FILES", "NOTES", "EXAMPLES", "SEE ALSO"];

/// Made sections that a section of prose of the same name continues; it takes the place of any other.
const CONTINUED: &[&str] = &["DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"];

/// A page that is being put together.
pub(super) struct Page {
    name: String,
    number: char,
    sections: Vec<(String, String)>,
}

impl Page {
    /// A page with its first section. `name` is `ipcctl-list`, `about` a line without a full stop.
    pub(super) fn new(name: &str, number: char, about: &str) -> Self {
        let mut page = Self { name: name.to_owned(), number, sections: Vec::new() };
        page.add("NAME", format!("{} \\- {}\n", roff::plain(name), roff::plain(about)));
        page
    }

    /// Adds a section whose body is roff, unless the body is empty.
    pub(super) fn add(&mut self, title: &str, body: String) {
        if !body.is_empty() {
            self.sections.push((title.to_owned(), body));
        }
    }

    /// Adds the sections of a file of prose.
    pub(super) fn add_prose(&mut self, text: &str) {
        for (title, body) in sections(text) {
            let made = self.sections.iter_mut().find(|(made, _)| made == title);
            match made {
                Some((_, made)) if title == "SEE ALSO" => {
                    *made = format!("{},\n{made}", body.trim_end())
                }
                Some((_, made)) if CONTINUED.contains(&title) => made.push_str(&continued(&body)),
                Some((_, made)) => *made = body,
                None => self.add(title, body),
            }
        }
    }

    /// Writes the page into a directory, as `NAME.NUMBER`.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn write(mut self, directory: &Path) -> io::Result<()> {
        self.sections.sort_by_key(|(title, _)| rank(title));
        let version = env!("CARGO_PKG_VERSION");
        let title = self.name.to_ascii_uppercase();
        let mut text = format!(".TH {title} {} {DATE} \"ipcctl {version}\"\n", self.number);
        for (title, body) in &self.sections {
            text.push_str(&format!(".SH {title}\n{body}"));
        }
        fs::write(directory.join(self.file_name()), text)
    }

    /// `NAME.NUMBER`.
    pub(super) fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.number)
    }
}

/// The sections of a file of prose. Comments above the first one are for those who edit it.
fn sections(text: &str) -> impl Iterator<Item = (&str, String)> {
    let parts = text.split("\n.SH ").skip(usize::from(!text.starts_with(".SH ")));
    let parts = parts.filter_map(|part| part.trim_start_matches(".SH ").split_once('\n'));
    parts.map(|(title, body)| (title.trim_matches('"'), format!("{}\n", body.trim_end())))
}

fn continued(body: &str) -> String {
    let begins_itself = [".PP", ".TP", ".SS", ".IP"].iter().any(|one| body.starts_with(one));
    if begins_itself { body.to_owned() } else { format!(".PP\n{body}") }
}

fn rank(title: &str) -> usize {
    let at = |list: &[&str]| list.iter().position(|one| *one == title);
    let middle = OPENING.len();
    at(OPENING).or_else(|| at(ENDING).map(|at| middle + 1 + at)).unwrap_or(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_takes_the_place_of_what_was_made_or_continues_it() {
        let directory = tempfile::tempdir().unwrap();
        let prose = ".\\\" for editors\n.SH DESCRIPTION\nmore\n.SH EXIT STATUS\nits own\n.SH SEE ALSO\n.BR a (1)\n";
        let mut page = Page::new("x", '1', "tries");
        page.add("SEE ALSO", ".BR b (1)\n".into());
        page.add("EXIT STATUS", "common\n".into());
        page.add("DESCRIPTION", "made\n".into());
        page.add_prose(prose);
        page.write(directory.path()).unwrap();
        let text = fs::read_to_string(directory.path().join("x.1")).unwrap();
        let (_, body) = text.split_once('\n').unwrap();
        assert_eq!(
            body,
            ".SH NAME\nx \\- tries\n.SH DESCRIPTION\nmade\n.PP\nmore\n.SH EXIT STATUS\nits own\n\
             .SH SEE ALSO\n.BR a (1),\n.BR b (1)\n"
        );
    }
}
