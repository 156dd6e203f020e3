//! What a run gave: its status and streams, and assertions that show all of it when they fail.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

use crate::strict_json;

/// A finished run whose status nobody has looked at yet.
#[must_use = "a run's status must be checked: `.ok()` or `.code(n)`"]
pub struct Run {
    pub command: String,
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Run {
    /// Exit 0 and not a word on standard error.
    #[track_caller]
    pub fn ok(self) -> Output {
        let output = self.code(0);
        assert!(
            output.0.stderr.is_empty(),
            "expected silence on standard error\n{}",
            output.report()
        );
        output
    }

    /// This exit status; standard error is left to the caller.
    #[track_caller]
    pub fn code(self, expected: i32) -> Output {
        let output = Output(self);
        assert!(
            output.0.status.code() == Some(expected),
            "expected exit {expected}\n{}",
            output.report()
        );
        output
    }

    /// The exit status alone, for runs that may end in one of several ways.
    #[track_caller]
    pub fn any_code(self, expected: &[i32]) -> (i32, Output) {
        let output = Output(self);
        let code = output.0.status.code().filter(|code| expected.contains(code));
        let code =
            code.unwrap_or_else(|| panic!("expected exit in {expected:?}\n{}", output.report()));
        (code, output)
    }
}

/// A run whose status was as expected.
pub struct Output(Run);

impl Output {
    #[track_caller]
    pub fn stdout(&self) -> &str {
        std::str::from_utf8(&self.0.stdout)
            .unwrap_or_else(|_| panic!("standard output is not UTF-8\n{}", self.report()))
    }

    #[track_caller]
    pub fn stderr(&self) -> &str {
        std::str::from_utf8(&self.0.stderr)
            .unwrap_or_else(|_| panic!("standard error is not UTF-8\n{}", self.report()))
    }

    /// This text on either stream, whatever its case: for what may be data or talk.
    #[track_caller]
    pub fn tells(&self, expected: &str) -> &Self {
        let both = format!("{}{}", self.stdout(), self.stderr()).to_lowercase();
        assert!(
            both.contains(&expected.to_lowercase()),
            "expected {expected:?} on either stream\n{}",
            self.report()
        );
        self
    }

    pub fn raw(&self) -> &[u8] {
        &self.0.stdout
    }

    pub fn lines(&self) -> Vec<&str> {
        self.stdout().lines().collect()
    }

    /// Exactly this and nothing else on standard output.
    #[track_caller]
    pub fn prints(&self, expected: &str) -> &Self {
        assert!(
            self.stdout() == expected,
            "expected standard output {expected:?}\n{}",
            self.report()
        );
        self
    }

    #[track_caller]
    pub fn shows(&self, expected: &str) -> &Self {
        assert!(
            self.stdout().contains(expected),
            "expected {expected:?} on standard output\n{}",
            self.report()
        );
        self
    }

    #[track_caller]
    pub fn hides(&self, unexpected: &str) -> &Self {
        assert!(
            !self.stdout().contains(unexpected),
            "unexpected {unexpected:?} on standard output\n{}",
            self.report()
        );
        self
    }

    /// This text in the talk on standard error, whatever its case.
    #[track_caller]
    pub fn says(&self, expected: &str) -> &Self {
        let found = self.stderr().to_lowercase().contains(&expected.to_lowercase());
        assert!(found, "expected {expected:?} on standard error\n{}", self.report());
        self
    }

    #[track_caller]
    pub fn says_not(&self, unexpected: &str) -> &Self {
        let found = self.stderr().to_lowercase().contains(&unexpected.to_lowercase());
        assert!(!found, "unexpected {unexpected:?} on standard error\n{}", self.report());
        self
    }

    /// Nothing raw: no control character but the newline, in either stream.
    #[track_caller]
    pub fn is_safe_on_a_terminal(&self) -> &Self {
        for text in [self.stdout(), self.stderr()] {
            let raw = text.chars().find(|letter| letter.is_control() && *letter != '\n');
            assert!(raw.is_none(), "raw control character {raw:?}\n{}", self.report());
        }
        self
    }

    /// Nothing raw but the tabs and newlines that a format of fields and lines is made of.
    #[track_caller]
    pub fn is_safe_for_fields(&self) -> &Self {
        let raw = self
            .stdout()
            .chars()
            .find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
        assert!(raw.is_none(), "raw control character {raw:?}\n{}", self.report());
        self
    }

    /// Standard output as one JSON document, by a strict parser.
    #[track_caller]
    pub fn json(&self) -> Value {
        strict_json::parse(&self.0.stdout).unwrap_or_else(|error| {
            panic!("standard output is not one JSON document: {error}\n{}", self.report())
        })
    }

    /// The objects of a listing in JSON.
    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        let document = self.json();
        let objects = document["objects"].as_array();
        objects
            .unwrap_or_else(|| panic!("no \"objects\" in the document\n{}", self.report()))
            .clone()
    }

    /// The warnings of a listing in JSON.
    #[track_caller]
    pub fn warnings(&self) -> Vec<Value> {
        let document = self.json();
        let warnings = document["warnings"].as_array();
        warnings
            .unwrap_or_else(|| panic!("no \"warnings\" in the document\n{}", self.report()))
            .clone()
    }

    /// The addresses of a listing in JSON, in its order.
    #[track_caller]
    pub fn addresses(&self) -> Vec<String> {
        self.objects()
            .iter()
            .map(|object| object["address"].as_str().expect("an address").to_owned())
            .collect()
    }

    /// The one object of a listing in JSON.
    #[track_caller]
    pub fn only(&self) -> Value {
        let mut objects = self.objects();
        assert!(
            objects.len() == 1,
            "expected one object, found {}\n{}",
            objects.len(),
            self.report()
        );
        objects.remove(0)
    }

    /// Command, status and both streams.
    pub fn report(&self) -> String {
        let Run { command, status, stdout, stderr } = &self.0;
        let status = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, signal) => format!("killed by signal {signal:?}"),
        };
        format!(
            "command: {command}\nstatus:  {status}\n--- standard output\n{}--- standard error\n{}---",
            String::from_utf8_lossy(stdout),
            String::from_utf8_lossy(stderr),
        )
    }
}
