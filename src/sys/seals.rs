//! Seals of memory: `fcntl(2)` F_GET_SEALS and F_ADD_SEALS, `memfd_create(2)`.

use std::io;
use std::os::fd::AsFd;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};

/// Every seal and its word, in the order in which they are told.
const SEALS: &[(&str, libc::c_int)] = &[
    ("write", libc::F_SEAL_WRITE),
    ("future-write", libc::F_SEAL_FUTURE_WRITE),
    ("grow", libc::F_SEAL_GROW),
    ("shrink", libc::F_SEAL_SHRINK),
    ("exec", EXEC),
    ("seal", libc::F_SEAL_SEAL),
];

/// F_SEAL_EXEC of the kernel's `<linux/fcntl.h>`, which the C library's headers lack.
const EXEC: libc::c_int = 0x20;

/// A set of seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seals(libc::c_int);

impl Seals {
    /// The seals of these words.
    ///
    /// # Errors
    /// The word that is none.
    pub fn named(words: &[String]) -> Result<Self, &String> {
        let mut seals = 0;
        for word in words {
            let known = SEALS.iter().find(|(name, _)| name == word);
            seals |= known.map(|(_, seal)| *seal).ok_or(word)?;
        }
        Ok(Self(seals))
    }

    /// Their words.
    pub fn words(self) -> Vec<&'static str> {
        SEALS.iter().filter(|(_, seal)| self.0 & seal != 0).map(|(name, _)| *name).collect()
    }

    /// All the words that there are.
    pub fn all() -> impl Iterator<Item = &'static str> {
        SEALS.iter().map(|(name, _)| *name)
    }
}

/// The seals that a file has.
///
/// # Errors
/// EINVAL for a file that can have none.
///
/// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
#[doc(alias = "fcntl")]
pub fn seals(file: impl AsFd) -> io::Result<Seals> {
    Ok(Seals(fcntl(file, FcntlArg::F_GET_SEALS)?))
}

/// Adds seals, which cannot be taken away again.
///
/// # Errors
/// EPERM for a descriptor that cannot write and for a file that is sealed against seals, EBUSY for the seal `write` while a
/// process has the file mapped shared and writable, EINVAL for a file that can have none.
///
/// [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html)
#[doc(alias = "fcntl")]
pub fn seal(file: impl AsFd, seals: Seals) -> io::Result<()> {
    fcntl(file, FcntlArg::F_ADD_SEALS(SealFlag::from_bits_retain(seals.0)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::memfd::{MFdFlags, memfd_create};

    #[test]
    fn every_word_is_read_as_what_is_told() {
        let file = memfd_create(c"x", MFdFlags::MFD_ALLOW_SEALING).unwrap();
        assert!(seals(&file).unwrap().words().is_empty());
        let words = ["grow".to_owned(), "shrink".to_owned()];
        seal(&file, Seals::named(&words).unwrap()).unwrap();
        assert_eq!(seals(&file).unwrap().words(), words);
        assert_eq!(Seals::named(&["nothing".to_owned()]), Err(&"nothing".to_owned()));
    }
}
