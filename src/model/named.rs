//! Choices that have a word on the command line: the words stand beside the type that they are words for, once.

/// A closed set of choices, each with a word.
pub trait Named: Copy + PartialEq + Send + Sync + 'static {
    /// Those that can be asked for, in the order in which help lists them.
    const ALL: &'static [Self];

    /// The word, which columns print as well.
    fn name(self) -> &'static str;

    /// What it means, in a line of help.
    fn help(self) -> &'static str;
}

/// The words of all choices, for a sentence: `sysv, posix or file`.
pub fn choices<T: Named>() -> String {
    listed(T::ALL.iter().map(|one| one.name().to_owned()).collect(), "or")
}

/// `a, b or c`.
pub(super) fn listed(mut words: Vec<String>, last: &str) -> String {
    match (words.pop(), words.is_empty()) {
        (Some(one), false) => format!("{} {last} {one}", words.join(", ")),
        (one, _) => one.unwrap_or_default(),
    }
}
