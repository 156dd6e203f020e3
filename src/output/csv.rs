//! Comma-separated values as RFC 4180 has them: a heading, exact numbers, empty for what is not known.

use std::io::{self, Write};

use super::{Cell, Layout, Renderer, View};

pub(super) struct Csv {
    columns: usize,
    heading: Option<Vec<String>>,
}

impl Csv {
    pub(super) fn new(layout: &Layout) -> Self {
        let heading = layout.columns.iter().map(|name| name.replace('-', "_")).collect();
        Self { columns: layout.columns.len(), heading: layout.headings.then_some(heading) }
    }

    fn heading(&mut self, writer: &mut csv::Writer<&mut dyn Write>) -> io::Result<()> {
        if let Some(heading) = self.heading.take() {
            writer.write_record(heading)?;
        }
        Ok(())
    }
}

impl Renderer for Csv {
    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new().buffer_capacity(512).from_writer(out);
        self.heading(&mut writer)?;
        let mut text = String::new();
        for value in cells.iter().take(self.columns) {
            text.clear();
            view.exact(value, "", &mut text);
            writer.write_field(&text)?;
        }
        writer.write_record(None::<&[u8]>)?;
        writer.flush()
    }

    fn finish(
        &mut self,
        out: &mut dyn Write,
        _view: &View,
        _warnings: &[String],
    ) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        self.heading(&mut writer)?;
        writer.flush()
    }
}
