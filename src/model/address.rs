//! `FACILITY:LOCATOR`: the one name that every verb prints and accepts.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::os::unix::ffi::OsStrExt;

use super::encoding::decode;
use super::facility::Facility;
use super::locator::{Locator, WORD, word_offset};

/// The address of one object. Printed, it is safe on a terminal and in a shell, and parses back to itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What the object is for.
    pub facility: Facility,
    /// Which one it is.
    pub locator: Locator,
}

impl Address {
    /// Reads `FACILITY:LOCATOR`, with `%XX` for any byte.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(text: &OsStr) -> Result<Self, String> {
        match Selector::parse(text)? {
            Selector::Address(address) => Ok(address),
            Selector::Facility(facility) => Err(format!(
                "{} is a facility; an address names one object: {}",
                facility.name(),
                facility.patterns()
            )),
        }
    }
}

impl Address {
    /// What an address means if its `+0xOFFSET` is a part of a name: `None` where it has none.
    pub fn plain(text: &OsStr) -> Option<Self> {
        let bytes = text.as_bytes();
        let colon = bytes.iter().position(|&byte| byte == b':')?;
        word_offset(bytes.get(colon + 1..)?)?;
        let facility = Facility::parse(&bytes[..colon]).ok()?;
        let locator = facility.locator(&decode(&bytes[colon + 1..])).ok()?;
        Some(Self { facility, locator })
    }
}

impl Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.facility.name())?;
        out.write_str(":")?;
        self.locator.fmt(out)
    }
}

/// A facility as a whole, or one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every object of a facility.
    Facility(Facility),
    /// One object.
    Address(Address),
}

impl Selector {
    /// Reads `FACILITY` or `FACILITY:LOCATOR`.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(text: &OsStr) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let Some(colon) = bytes.iter().position(|&byte| byte == b':') else {
            return Facility::parse(bytes).map(Self::Facility);
        };
        let facility = Facility::parse(&bytes[..colon])?;
        let text = &bytes[colon + 1..];
        let word = word_offset(text).filter(|_| facility.forms().contains(&&WORD));
        let locator = match word {
            Some((memory, at)) => Locator::Word(Box::new(facility.locator(&decode(memory))?), at),
            None => facility.locator(&decode(text))?,
        };
        Ok(Self::Address(Address { facility, locator }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use proptest::prelude::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(OsStr::new(text))
    }

    #[test]
    fn the_form_of_the_locator_says_the_family() {
        for (text, family) in [
            ("shm:0", Family::Sysv),
            ("shm:2147483647", Family::Sysv),
            ("msg:0xffffffff", Family::Sysv),
            ("sem:/gate", Family::Posix),
            ("fifo:/run/x", Family::File),
        ] {
            assert_eq!(parse(text).unwrap().locator.form().family, family, "{text}");
        }
    }

    #[test]
    fn nothing_is_wrapped_truncated_or_guessed() {
        for text in [
            "shm:-1",
            "shm:4294967296",
            "shm:2147483648",
            "shm:0x100000001",
            "shm:0x0",
            "shm:0x",
            "shm:0x+1",
            "shm:+1",
            "shm: 1",
            "shm:",
            "sem:/a/b",
            "sem:/",
            "mq:noslash",
            "mq:/.",
            "mq:/a%00b",
            "fifo:",
            "pipe:/x",
            ":/x",
            "",
            "shm",
            "shm:99999999999999999999999",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("sem:/{}", "x".repeat(251))).is_ok());
        assert!(parse(&format!("sem:/{}", "x".repeat(252))).is_err());
        assert!(parse(&format!("shm:/{}", "x".repeat(255))).is_ok());
        assert!(parse(&format!("shm:/{}", "x".repeat(256))).is_err());
    }

    #[test]
    fn an_alias_prints_as_the_facility() {
        assert_eq!(parse("msg:0x5EED").unwrap().to_string(), "mq:0x5eed");
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(facility in 0..4usize, number: u32, name: Vec<u8>, form in 0..3) {
            let facility = Facility::all().nth(facility).unwrap();
            let locator = match (facility, form) {
                (Facility::Fifo, _) => {
                    let mut path = b"/".to_vec();
                    path.extend(name.iter().filter(|b| **b != 0));
                    Locator::Path(std::path::absolute(OsString::from_vec(path)).unwrap().into())
                }
                (_, 0) => Locator::Id(number >> 1),
                (_, 1) => Locator::Key(number.max(1)),
                _ => {
                    let named = facility.named(&[b"/", name.as_slice()].concat());
                    prop_assume!(named.is_ok());
                    named.unwrap()
                }
            };
            let address = Address { facility, locator };
            prop_assert_eq!(Address::parse(OsStr::new(&address.to_string())), Ok(address));
        }

        #[test]
        fn any_input_is_an_address_or_a_sentence(bytes: Vec<u8>) {
            if let Err(sentence) = Selector::parse(OsStr::from_bytes(&bytes)) {
                prop_assert!(!sentence.chars().any(char::is_control));
            }
        }
    }
}
