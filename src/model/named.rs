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
