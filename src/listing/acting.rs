//! What verbs that act did to which object: the document of their `--json`. Without it they say nothing but what went wrong.

use std::borrow::Cow;
use std::io;

use crate::cli::context::{Context, VerbResult};
use crate::kinds::{self, KindRecord};
use crate::model::{Address, Fault, Value};
use crate::output::{Cell, Format};
use crate::sys::stream::StandardOutput;

/// The keys that every record has. What a verb adds of its own stands before `reason`.
const COMMON: [&str; 3] = ["address", "kind", "result"];
const LAST: [&str; 2] = ["reason", "status"];

/// The word for an object to which it was not done, because of what `reason` says.
const FAILED: &str = "failed";

/// What was done, an object a record, in the order in which it was done.
pub struct ActReport {
    /// The keys that the verb adds.
    details: &'static [&'static str],
    records: Vec<Vec<Value>>,
    warnings: Vec<String>,
}

impl ActReport {
    /// A report of a verb that tells these details of each object. It comes before the first act: nothing is done where
    /// it could not be told.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn new(details: &'static [&'static str], cx: &Context) -> io::Result<Self> {
        if cx.format() == Format::Json {
            StandardOutput.check()?;
        }
        Ok(Self { details, records: Vec::new(), warnings: Vec::new() })
    }

    /// Something was done, and `result` says what: `created`, `removed`.
    pub fn done(&mut self, address: &Address, result: &'static str, details: Vec<Value>) {
        let record = kinds::of_address(address).ok();
        self.record((record, Some(address)), result, details, None);
    }

    /// The same, with what is worth saying of it.
    pub fn done_with(&mut self, address: &Address, result: &'static str, remark: &str) {
        self.done(address, result, Vec::new());
        if let Some(reason) =
            self.records.last_mut().and_then(|record| record.iter_mut().nth_back(1))
        {
            *reason = Value::Text(remark.into());
        }
    }

    /// It could not be done, or not wholly.
    pub fn failed(&mut self, address: &Address, fault: &Fault, details: Vec<Value>) {
        let record = kinds::of_address(address).ok();
        self.record((record, Some(address)), FAILED, details, Some(fault));
    }

    /// An object of this kind could not be made, so that it may have no address.
    pub fn not_made(&mut self, record: &KindRecord, address: Option<&Address>, fault: &Fault) {
        self.record((Some(record), address), FAILED, Vec::new(), Some(fault));
    }

    fn record(
        &mut self,
        (record, address): (Option<&KindRecord>, Option<&Address>),
        result: &'static str,
        mut details: Vec<Value>,
        fault: Option<&Fault>,
    ) {
        let nothing = || Value::None("none");
        details.resize(self.details.len(), nothing());
        let mut values = vec![
            address.map_or_else(nothing, |address| Value::Address(address.clone())),
            record.map_or_else(nothing, |record| Value::Word(record.kind.name)),
            Value::Word(result),
        ];
        values.append(&mut details);
        values.push(fault.map_or_else(nothing, |fault| Value::Text(fault.cause.as_str().into())));
        values.push(Value::Count(fault.map_or(0, |fault| fault.class as u64)));
        self.records.push(values);
    }

    /// Something is wrong all the same: said, and told in the document.
    pub fn warn(&mut self, text: String, cx: &Context) {
        cx.caution(&text);
        self.warnings.push(text);
    }

    /// Writes the document, if one was asked for.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(self, cx: &mut Context) -> VerbResult {
        if cx.format() != Format::Json {
            return Ok(());
        }
        let names: Vec<&str> = COMMON.iter().chain(self.details).chain(&LAST).copied().collect();
        let mut renderer = cx.renderer("objects", &names);
        renderer.names(&names);
        for record in &self.records {
            let cells: Vec<Cell> = record.iter().map(Cow::Borrowed).collect();
            renderer.record(&mut cx.out, &cx.view, &cells)?;
        }
        renderer.finish(&mut cx.out, &cx.view, &self.warnings)?;
        Ok(cx.flush()?)
    }
}
