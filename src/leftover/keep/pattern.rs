//! Patterns of addresses in keep lists: what they match as printed, and whether they can match anything. Makes no call.

use glob::Pattern;

use crate::model::{
    ABSTRACT, Encoded, FILE, Facility, ID, INODE, KEY, LocatorForm, MARKED_PATH, NAME, PATH,
    PROCESS, TCP, UDP,
};

/// What makes a pattern.
pub(super) const SPECIAL: [char; 3] = ['*', '?', '['];

/// Reads a pattern. What is not special in it may be typed raw, and is encoded as addresses are printed.
///
/// # Errors
/// Why it is none.
pub(super) fn read(text: &str) -> Result<Pattern, String> {
    let mut encoded = String::with_capacity(text.len());
    let mut inside = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' if !inside => inside = true,
            // The first one after the bracket is a member.
            ']' if inside => inside = text[..at].ends_with('[') || text[..at].ends_with("[!"),
            _ => {}
        }
        if inside || "*?]".contains(letter) || letter == '%' && is_encoded(&text[at..]) {
            encoded.push(letter);
        } else {
            Encoded(letter.encode_utf8(&mut [0; 4]).as_bytes()).push(&mut encoded);
        }
    }
    Pattern::new(&encoded).map_err(|error| error.msg.to_owned())
}

fn is_encoded(text: &str) -> bool {
    text.as_bytes().get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Returns true if a locator of the facility may fit the pattern `locator`.
pub(super) fn can_match(facility: Facility, locator: &str) -> bool {
    facility.forms().iter().any(|form| can_have(form, locator))
}

/// Returns true if a locator of this form may fit.
fn can_have(form: &LocatorForm, pattern: &str) -> bool {
    let beginning = pattern.split(SPECIAL).next().unwrap_or_default();
    let begins = |with: &str| beginning.starts_with(with) || with.starts_with(beginning);
    // What stands in brackets is one letter, whichever.
    let letters = |allowed: &str| {
        let mut inside = false;
        pattern.chars().all(|letter| {
            let was_inside = inside;
            inside = letter == '[' || inside && letter != ']';
            inside || was_inside || allowed.contains(letter) || SPECIAL.contains(&letter)
        })
    };
    let is = |one: &'static LocatorForm| form == one;
    if is(&NAME) {
        begins("/") && !pattern.get(1..).is_some_and(|name| name.contains('/'))
    } else if is(&PATH) || is(&MARKED_PATH) {
        begins("/")
    } else if is(&KEY) {
        // Keys are printed without zeros before them.
        begins("0x") && !beginning.starts_with("0x0") && letters("0123456789abcdefx")
    } else if is(&ID) || is(&INODE) {
        letters("0123456789")
    } else if is(&FILE) || is(&PROCESS) {
        letters("0123456789:/@")
    } else if is(&ABSTRACT) {
        begins("@")
    } else if is(&TCP) {
        begins("tcp:")
    } else if is(&UDP) {
        begins("udp:")
    } else {
        false
    }
}
