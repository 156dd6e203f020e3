//! Tab-separated values for `cut` and `awk`: no heading, exact numbers, `-` for what is not known.

use std::io::{self, Write};

use super::{Cell, Renderer, View};

pub(super) struct Plain {
    columns: usize,
    line: String,
}

impl Plain {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, line: String::new() }
    }
}

impl Renderer for Plain {
    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        self.line.clear();
        for (at, value) in cells.iter().take(self.columns).enumerate() {
            if at > 0 {
                self.line.push('\t');
            }
            view.exact(value, "-", &mut self.line);
        }
        self.line.push('\n');
        out.write_all(self.line.as_bytes())
    }

    fn finish(
        &mut self,
        _out: &mut dyn Write,
        _view: &View,
        _warnings: &[String],
    ) -> io::Result<()> {
        Ok(())
    }
}
