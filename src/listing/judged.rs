//! An object with what the later stages of a listing found out about it: who holds it, its state, the program behind it;
//! and the columns that come of that.

use std::borrow::Cow;
use std::sync::Arc;

use crate::leftover::producers;
use crate::model::{Field, Holders, Named, Object, Place, Value, Verdict};

/// An object, and what is known of it besides what its kind tells.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The object, where it was put when it was found: long listings move and keep it.
    pub object: Box<Object>,
    /// The processes that hold it, once they have been looked for.
    pub holders: Option<Arc<Holders>>,
    /// Its state, once that has been judged.
    pub verdict: Option<Verdict>,
    /// The program that is known to use its naming pattern, where that was asked.
    pub producer: Option<&'static str>,
}

impl From<Box<Object>> for Judged {
    fn from(object: Box<Object>) -> Self {
        Self { object, holders: None, verdict: None, producer: None }
    }
}

impl AsRef<Object> for Judged {
    fn as_ref(&self) -> &Object {
        &self.object
    }
}

/// The stage of a listing that fills a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The scan of the processes.
    Holders,
    /// The judgement of the state.
    Verdict,
    /// The same, with its reasons.
    Evidence,
    /// The look at the name.
    Producer,
}

/// A column that a later stage fills.
pub struct LateColumn {
    /// What it is called.
    pub field: Field,
    /// The stage that fills it.
    pub stage: Stage,
    get: fn(&Judged) -> Value,
}

/// The columns that later stages fill. They follow those that all kinds have.
pub static LATE: &[LateColumn] = &[
    LateColumn {
        field: Field::costly(
            "state",
            "Whether it is used, and if not, whether anybody will need it.",
        ),
        stage: Stage::Verdict,
        get: |one| {
            one.verdict.as_ref().map_or(NOT_JUDGED, |verdict| Value::Word(verdict.state.name()))
        },
    },
    LateColumn {
        field: Field::costly("evidence", "Why the object has this state."),
        stage: Stage::Evidence,
        get: |one| match &one.verdict {
            Some(verdict) => Value::List(
                verdict.evidence.iter().map(|line| Value::Text(line.as_str().into())).collect(),
            ),
            None => NOT_JUDGED,
        },
    },
    LateColumn {
        field: Field::costly("producer", "Program known to use this naming pattern."),
        stage: Stage::Producer,
        get: |one| one.producer.map_or(Value::None("not known"), Value::Word),
    },
    LateColumn {
        field: Field::costly(
            "used-by",
            "Processes that hold it: attached, open, mapped, registered, or waiting in a call.",
        ),
        stage: Stage::Holders,
        get: Judged::used_by,
    },
    LateColumn {
        field: Field::costly("holders", "Number of processes seen to hold it."),
        stage: Stage::Holders,
        get: |one| match one.used_by() {
            Value::Holders(found) => Value::Count(found.holders.len() as u64),
            unknown => unknown,
        },
    },
    LateColumn {
        field: Field::costly(
            "unseen",
            "Number of holders that could not be seen: attachments of a segment, waiting calls of a set.",
        ),
        stage: Stage::Holders,
        get: |one| match one.used_by() {
            Value::Holders(found) => found.unseen.map_or(NOT_ALL, Value::Count),
            unknown => unknown,
        },
    },
];

const NOT_JUDGED: Value = Value::Unknown("it was not judged");
const NOT_LOOKED: Value = Value::Unknown("it was not looked for");
const NOT_ALL: Value = Value::Unknown("not every process could be seen");
const NO_TRACE: Value = Value::Unknown("no process waits, and other users leave no trace");

/// The late column of this name, if it is one.
fn late(name: &str) -> Option<&'static LateColumn> {
    LATE.iter().find(|column| column.field.name == name)
}

/// The stages that the columns of these names need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// Holders are looked for.
    pub holders: bool,
    /// States are judged.
    pub verdict: bool,
    /// The reasons of states are told.
    pub evidence: bool,
    /// The program behind a name is looked up.
    pub producer: bool,
}

impl Stages {
    /// What the columns of these names need.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut stages = Self::default();
        for column in names.into_iter().filter_map(late) {
            match column.stage {
                Stage::Holders => stages.holders = true,
                Stage::Verdict => stages.verdict = true,
                Stage::Evidence => (stages.verdict, stages.evidence) = (true, true),
                Stage::Producer => stages.producer = true,
            }
        }
        stages
    }
}

impl Stages {
    /// Returns true if a record with all names tells this column, because its stage runs anyway. How many holders there are is
    /// to be seen from who they are.
    pub fn tell(&self, column: &LateColumn) -> bool {
        match column.stage {
            Stage::Holders => self.holders && column.field.name != "holders",
            Stage::Verdict => self.verdict,
            Stage::Evidence => self.evidence,
            Stage::Producer => self.producer,
        }
    }
}

/// Where a column's value is found in the objects of one listing of one kind: names are looked up once.
#[derive(Clone, Copy)]
pub enum ValuePlace {
    /// In what a later stage found out.
    Late(&'static LateColumn),
    /// In the object.
    Object(Place),
}

impl Judged {
    /// The value of the column called `name`; `None` when the kind has no such column.
    pub fn column(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.place(name).map(|place| self.at(Some(place)))
    }

    /// Where the column called `name` is found; `None` when the kind has no such column, or it was not read.
    pub fn place(&self, name: &str) -> Option<ValuePlace> {
        late(name).map(ValuePlace::Late).or_else(|| self.object.place(name).map(ValuePlace::Object))
    }

    /// The value in a place; nothing when it has none.
    pub fn at(&self, place: Option<ValuePlace>) -> Cow<'_, Value> {
        match place {
            Some(ValuePlace::Late(column)) => Cow::Owned((column.get)(self)),
            Some(ValuePlace::Object(place)) => self.object.at(Some(place)),
            None => self.object.at(None),
        }
    }

    /// Looks up the program that is known to use the naming pattern of the object.
    pub fn name_producer(&mut self) {
        self.producer = producers::origin(&self.object).and_then(|origin| origin.program());
    }

    /// Records a verdict. An object that was proved to be free has no holders, whatever could not be seen of processes.
    pub fn settle(&mut self, verdict: Verdict, nobody: &Arc<Holders>) {
        if verdict.free && !self.holders.as_ref().is_some_and(|found| found.complete()) {
            self.holders = Some(Arc::clone(nobody));
        }
        self.verdict = Some(verdict);
    }

    /// The column USED-BY: none only where that is certain.
    fn used_by(&self) -> Value {
        match &self.holders {
            None => NOT_LOOKED,
            Some(found) if found.is_held() => Value::Holders(found.clone()),
            Some(found) if !found.complete() => NOT_ALL,
            Some(_) if self.object.trace.is_some_and(|trace| trace.is_of_calls()) => NO_TRACE,
            Some(found) => Value::Holders(found.clone()),
        }
    }
}
