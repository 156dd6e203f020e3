//! What is to be looked for, and with it what has to be read of each process. Knows no process.

use std::collections::{HashMap, HashSet};

use super::locks::LockScope;
use super::maps::MapsWanted;
use crate::model::{Calls, FileClass, FileFacts, FileId, IpcNamespace, Subject, Trace};

/// What is to be looked for. Only what is asked for is paid for.
#[derive(Clone, Default)]
pub struct Questions {
    subjects: HashMap<Subject, Ways>,
    pub(super) registered: HashSet<i32>,
    pub(super) classes: Vec<&'static FileClass>,
    /// Single files of classes that are not looked for as a whole.
    pub(super) files: HashSet<(usize, FileId)>,
    /// The classes that are looked for as a whole, by their places.
    whole: HashSet<usize>,
    /// On which files locks are looked for.
    pub(super) locks: LockScope,
    /// Threads that wait to open a file of a class are looked for, too.
    pub(super) openers: bool,
    /// What has to be read for any of them.
    needed: Ways,
    /// Only these processes are looked at; empty: all.
    pub(super) only: Vec<i32>,
    /// Processes outside of this pid namespace are taken to hold nothing.
    pub(super) alone: bool,
}

/// Where holders of a subject are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ways {
    /// Mappings of files, private ones too.
    mappings: bool,
    /// Mappings of segments, which are always shared.
    attachments: bool,
    descriptors: bool,
    /// Calls on an id or a descriptor.
    calls: bool,
    /// Calls on a word of its memory.
    pub(super) words: bool,
    opening: bool,
    /// Locks that are held by way of descriptors, and calls that wait for one.
    pub(super) locks: bool,
}

impl Ways {
    fn of(trace: &Trace) -> Self {
        let (holding, file) = (trace.holding, trace.file().is_some());
        Self {
            mappings: holding.mappings && file,
            attachments: holding.mappings && !file,
            descriptors: holding.descriptors,
            calls: matches!(holding.calls, Calls::OnId | Calls::OnDescriptor),
            // If no process waits for it, its mappings are all there is.
            words: holding.calls == Calls::OnWord && trace.waited,
            opening: holding.calls == Calls::Opening,
            locks: holding.locks,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            mappings: self.mappings | other.mappings,
            attachments: self.attachments | other.attachments,
            descriptors: self.descriptors | other.descriptors,
            calls: self.calls | other.calls,
            words: self.words | other.words,
            opening: self.opening | other.opening,
            locks: self.locks | other.locks,
        }
    }

    fn cover(self, other: Self) -> bool {
        self.and(other) == self
    }
}

impl Questions {
    /// Also look for the holders of the object with this trace.
    pub fn ask(&mut self, trace: &Trace) {
        if trace.is_nobody() {
            return;
        }
        let ways = Ways::of(trace);
        // A file of two names can be two objects.
        let known = self.subjects.entry(trace.subject).or_default();
        *known = known.and(ways);
        self.needed = self.needed.and(ways);
        if let (true, Some(file)) = (ways.locks, trace.file()) {
            self.locks.add(file);
        }
        if trace.registered > 0 {
            self.registered.insert(trace.registered);
        }
    }

    /// Also find every file of this class that a process shows, and with `openers` those that a thread waits to open.
    pub fn find(&mut self, class: &'static FileClass, openers: bool) {
        let at = self.place(class);
        self.whole.insert(at);
        self.openers |= openers && class.sources.opening;
        if class.sources.locks {
            self.locks = LockScope::Everything;
        }
    }

    /// Also find where this file of a class is locked.
    pub fn find_file(&mut self, class: &'static FileClass, file: FileId) {
        let at = self.place(class);
        self.files.insert((at, file));
        if class.sources.locks {
            self.locks.add(file);
        }
    }

    /// The place of this class among those that are looked for.
    fn place(&mut self, class: &'static FileClass) -> usize {
        let known = self.classes.iter().position(|known| std::ptr::eq(*known, class));
        known.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        })
    }

    /// Returns true if the class is looked for as a whole.
    pub(super) fn is_whole(&self, class: &FileClass) -> bool {
        let at = self.classes.iter().position(|known| std::ptr::eq(*known, class));
        at.is_some_and(|at| self.whole.contains(&at))
    }

    /// Returns true if nothing is to be looked for.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.classes.is_empty()
    }

    /// Returns true if the holders of an object with this trace are looked for: because it was asked for, or because every
    /// file of its class is.
    pub(super) fn has(&self, trace: &Trace) -> bool {
        let ways = Ways::of(trace);
        let asked = self.subjects.get(&trace.subject).is_some_and(|known| known.cover(ways));
        // A search for the class answers only as far as its sources show such holders.
        let in_class = trace
            .holding
            .found_in
            .iter()
            .any(|class| self.shows(class, trace) && self.shown_by(class).cover(ways));
        (asked || in_class)
            && (trace.registered == 0 || self.registered.contains(&trace.registered))
    }

    /// Returns true if a search for this class finds the object with this trace.
    fn shows(&self, class: &FileClass, trace: &Trace) -> bool {
        let at = self.classes.iter().position(|known| std::ptr::eq(*known, class));
        let file = |at| trace.file().is_some_and(|file| self.files.contains(&(at, file)));
        at.is_some_and(|at| self.whole.contains(&at) || file(at))
    }

    /// Where a search for this class shows holders.
    fn shown_by(&self, class: &FileClass) -> Ways {
        Ways {
            mappings: class.sources.mappings || class.sources.shared,
            descriptors: class.sources.descriptors,
            opening: class.sources.opening && self.openers,
            locks: class.sources.locks,
            ..Ways::default()
        }
    }

    /// Where holders of this subject are looked for; `None` if it was not asked for.
    pub(super) fn ways(&self, subject: &Subject) -> Option<Ways> {
        self.subjects.get(subject).copied()
    }

    /// Returns true if the segment with this id, of the caller's namespace, is looked for.
    pub(super) fn has_segment(&self, id: u32) -> bool {
        self.needed.attachments
            && self.subjects.contains_key(&Subject::Segment(IpcNamespace::OWN, id))
    }

    /// The classes that a file belongs to, of those that are looked for in such a place: their places among the classes.
    pub(super) fn classes_of<'q>(
        &'q self,
        facts: &'q FileFacts,
        place: fn(&FileClass) -> bool,
    ) -> impl Iterator<Item = usize> + 'q {
        let classes = self.classes.iter().enumerate();
        let is_asked =
            |at: usize| self.whole.contains(&at) || self.files.contains(&(at, facts.file));
        let is_one = move |(at, class): &(usize, &&FileClass)| {
            place(class) && (class.is)(facts) && is_asked(*at)
        };
        classes.filter(is_one).map(|(at, _)| at)
    }

    /// Returns true if threads that wait for words in this file are looked for.
    pub(super) fn waits_on_words(&self, facts: &FileFacts) -> bool {
        self.classes_of(facts, |class| class.sources.words).next().is_some()
    }

    fn any_class(&self, place: fn(&FileClass) -> bool) -> bool {
        self.classes.iter().any(|class| place(class))
    }

    /// The mappings that have to be looked at.
    pub(super) fn maps(&self) -> MapsWanted {
        if self.needed.mappings || self.any_class(|class| class.sources.mappings) {
            MapsWanted::Files
        } else if self.needed.attachments
            || self.any_class(|class| class.sources.words || class.sources.shared)
        {
            MapsWanted::Shared
        } else {
            MapsWanted::None
        }
    }

    /// Returns true if descriptors have to be looked at.
    pub(super) fn descriptors(&self) -> bool {
        self.needed.descriptors
            || self.locks.any()
            || self.any_class(|class| class.sources.descriptors)
    }

    /// Returns true if the calls have to be looked at that threads wait in.
    pub(super) fn calls(&self) -> bool {
        self.needed.calls
            || self.needed.words
            || self.locks.any()
            || self.any_class(|class| class.sources.words)
            || self.opening()
    }

    /// Returns true if threads that wait to open a file are looked for.
    pub(super) fn opening(&self) -> bool {
        self.needed.opening || self.openers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileId, Holding, Sources};

    const FILE: Subject = Subject::File(FileId { device: 1, inode: 2 });
    const ID: Subject = Subject::Segment(IpcNamespace::OWN, 0);

    static CLASS: FileClass = FileClass {
        name: "test",
        sources: Sources { descriptors: true, opening: true, ..Sources::NONE },
        is: |_| true,
    };
    static ATTACHED: Holding = Holding { mappings: true, ..Holding::NONE };
    static CALLED: Holding = Holding { calls: Calls::OnId, ..Holding::NONE };
    static WORD: Holding =
        Holding { mappings: true, descriptors: true, calls: Calls::OnWord, ..Holding::NONE };
    static QUEUE: Holding =
        Holding { descriptors: true, calls: Calls::OnDescriptor, ..Holding::NONE };
    static OPENED: Holding = Holding {
        descriptors: true,
        calls: Calls::Opening,
        found_in: std::slice::from_ref(&CLASS),
        ..Holding::NONE
    };

    fn needs(trace: Trace) -> (MapsWanted, bool, bool) {
        let mut questions = Questions::default();
        questions.ask(&trace);
        assert!(trace.is_nobody() || questions.has(&trace), "{trace:?}");
        (questions.maps(), questions.descriptors(), questions.calls())
    }

    #[test]
    fn only_what_is_asked_for_is_looked_at() {
        let counted = |count, holding| Trace { counted: Some(count), ..Trace::new(ID, holding) };
        let waited = Trace { waited: true, ..Trace::new(FILE, &WORD) };
        for (trace, expected) in [
            (counted(0, &ATTACHED), (MapsWanted::None, false, false)),
            (counted(1, &ATTACHED), (MapsWanted::Shared, false, false)),
            (counted(0, &CALLED), (MapsWanted::None, false, false)),
            (Trace::new(ID, &CALLED), (MapsWanted::None, false, true)),
            (Trace::new(FILE, &WORD), (MapsWanted::Files, true, false)),
            (waited, (MapsWanted::Files, true, true)),
            (Trace::new(FILE, &QUEUE), (MapsWanted::None, true, true)),
            (Trace::new(FILE, &OPENED), (MapsWanted::None, true, true)),
        ] {
            assert_eq!(needs(trace), expected, "{trace:?}");
        }
    }

    #[test]
    fn a_file_of_a_class_that_is_looked_for_needs_no_question() {
        let mut questions = Questions::default();
        assert!(questions.is_empty());
        questions.find(&CLASS, false);
        assert_eq!((questions.descriptors(), questions.calls()), (true, false));
        assert!(!questions.has(&Trace::new(FILE, &OPENED)), "nobody who opens it would be seen");
        questions.find(&CLASS, true);
        assert_eq!((questions.classes.len(), questions.calls()), (1, true));
        assert!(questions.has(&Trace::new(FILE, &OPENED)));
        // The class reads descriptors: a holder that has the file mapped would not be seen.
        static MAPPED: Holding = Holding {
            mappings: true,
            descriptors: true,
            found_in: std::slice::from_ref(&CLASS),
            ..Holding::NONE
        };
        assert!(!questions.has(&Trace::new(FILE, &MAPPED)));
    }

    #[test]
    fn a_question_that_takes_more_looking_is_not_answered_by_one_that_took_less() {
        let mut questions = Questions::default();
        questions.ask(&Trace::new(FILE, &WORD));
        let waited = Trace { waited: true, ..Trace::new(FILE, &WORD) };
        assert!(!questions.has(&waited));
        questions.ask(&waited);
        assert!(questions.has(&waited) && questions.has(&Trace::new(FILE, &WORD)));
        assert!(!questions.has(&Trace { registered: 7, ..waited }));
    }
}
