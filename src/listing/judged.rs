//! An object with what the later stages of a listing found out about it: who holds it, its state, the program behind it;
//! and the columns that come of that.

use std::borrow::Cow;
use std::sync::Arc;

use crate::leftover::producers;
use crate::model::{Calls, Field, Holder, Holders, Named, Object, Place, Returner, Value, Verdict};
use crate::waits::Diagnosis;

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
    /// What is wrong with it, once that has been looked for.
    pub trouble: Option<Diagnosis>,
}

impl From<Box<Object>> for Judged {
    fn from(object: Box<Object>) -> Self {
        Self { object, holders: None, verdict: None, producer: None, trouble: None }
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
    /// The search for what is wrong.
    Trouble,
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
        get: |one| match &one.verdict {
            None => NOT_JUDGED,
            Some(Verdict { state, against: Some(Returner::Process(process)), .. }) => {
                Value::WordFor(state.name(), Arc::clone(process))
            }
            Some(verdict) => Value::Word(verdict.state.name()),
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
        field: Field::costly("against", "Of a suspect, the process that may come back for it."),
        stage: Stage::Evidence,
        get: |one| match &one.verdict {
            None => NOT_JUDGED,
            Some(verdict) => match &verdict.against {
                None => Value::None("none"),
                Some(Returner::Unseen) => NOT_ALL,
                Some(Returner::Nobody) => Value::List([].into()),
                Some(Returner::Process(one)) => Value::List([Value::Witness(one.clone())].into()),
            },
        },
    },
    LateColumn {
        field: Field::costly("producer", "Program known to use this naming pattern."),
        stage: Stage::Producer,
        get: |one| one.producer.map_or(Value::None("not known"), Value::Word),
    },
    LateColumn {
        field: Field::costly("trouble", "What is wrong with it, in a word."),
        stage: Stage::Trouble,
        get: |one| match &one.trouble {
            None => NOT_LOOKED,
            Some(Diagnosis::Well) => Value::None("none"),
            Some(Diagnosis::Trouble(word, _)) => Value::Word(word),
            Some(Diagnosis::Unknown(reason)) => Value::Unknown(reason),
        },
    },
    LateColumn {
        field: Field::costly("trouble-evidence", "What the trouble was seen by."),
        stage: Stage::Trouble,
        get: |one| match &one.trouble {
            Some(Diagnosis::Trouble(_, lines)) => {
                Value::List(lines.iter().map(|line| Value::Text(line.as_str().into())).collect())
            }
            _ => Value::None("none"),
        },
    },
    LateColumn {
        field: Field::costly(
            "used-by",
            "Processes that hold it: attached, open, mapped, locked or registered.",
        ),
        stage: Stage::Holders,
        get: Judged::used_by,
    },
    LateColumn {
        field: Field::costly(
            "waits",
            "Processes with a thread that waits for it, and in which call.",
        ),
        stage: Stage::Holders,
        get: Judged::waits,
    },
    LateColumn {
        field: Field::costly("pids", "The holders' process ids alone, with blanks between them."),
        stage: Stage::Holders,
        get: |one| one.words(|holder| vec![Value::Pid(holder.pid)]),
    },
    LateColumn {
        field: Field::costly("fds", "Descriptors of it: PID/FD, with blanks between them."),
        stage: Stage::Holders,
        get: |one| {
            one.words(|holder| {
                let word = |fd: &i32| Value::Text(format!("{}/{fd}", holder.pid).into());
                holder.fds.iter().map(word).collect()
            })
        },
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
        get: |one| match &one.holders {
            Some(found) if one.is_of_calls() && !found.is_held() => NO_TRACE,
            Some(found) => found.unseen.map_or(NOT_ALL, Value::Count),
            None => NOT_LOOKED,
        },
    },
];

const NOT_JUDGED: Value = Value::Unknown("it was not judged");
const NOT_LOOKED: Value = Value::Unknown("it was not looked for");
const NOT_ALL: Value = Value::Unknown("not every process could be seen");
const NO_TRACE: Value =
    Value::Unknown("waiting processes are told, and other users leave no trace");
const NO_CALLS: Value = Value::Unknown("who waits for it leaves no trace");

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
    /// What is wrong is looked for.
    pub trouble: bool,
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
                Stage::Trouble => stages.trouble = true,
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
            Stage::Holders => {
                self.holders && !matches!(column.field.name, "holders" | "pids" | "fds")
            }
            Stage::Verdict => self.verdict,
            Stage::Evidence => self.evidence,
            Stage::Producer => self.producer,
            Stage::Trouble => self.trouble,
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

    /// Returns true if there is something to tell in the column called `name`.
    pub fn tells(&self, name: &str) -> bool {
        self.column(name).is_some_and(|value| value.is_known())
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
            Some(_) if self.is_of_calls() => NO_TRACE,
            Some(found) if found.is_waited_for() => {
                let holding = found.holding();
                match holding.is_held() || holding.complete() {
                    true => Value::Holders(Arc::new(holding)),
                    false => NOT_ALL,
                }
            }
            Some(found) if found.is_held() || found.complete() => Value::Holders(found.clone()),
            Some(_) => NOT_ALL,
        }
    }

    /// The column WAITS: none only where that is certain, and where threads that wait show at all.
    fn waits(&self) -> Value {
        let Some(trace) = self.object.trace else { return NOT_LOOKED };
        match &self.holders {
            None => NOT_LOOKED,
            Some(found) if found.is_waited_for() => Value::Holders(Arc::new(found.waiting())),
            Some(_) if trace.holding.calls == Calls::None => NO_CALLS,
            // The kernel counts the calls that wait.
            Some(found) if self.is_of_calls() && found.is_held() => Value::Holders(found.clone()),
            Some(found) if found.complete() => Value::None("none"),
            Some(_) => NOT_ALL,
        }
    }

    fn is_of_calls(&self) -> bool {
        self.object.trace.is_some_and(|trace| trace.is_of_calls())
    }

    /// Words about the holders, or why there are none.
    fn words(&self, of: fn(&Holder) -> Vec<Value>) -> Value {
        match self.used_by() {
            Value::Holders(found) => {
                let words: Box<[Value]> = found.holders.iter().flat_map(of).collect();
                if words.is_empty() { Value::None("none") } else { Value::Words(words) }
            }
            unknown => unknown,
        }
    }
}
