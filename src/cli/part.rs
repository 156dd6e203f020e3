//! Which bytes of an object are meant: `--offset` and `--length`.

use std::ops::Range;

use crate::cli::values;
use crate::model::{Class, Fault};

/// Which bytes are meant.
#[derive(clap::Args, Clone, Debug)]
pub struct ByteRange {
    /// Start at this byte
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "0",
        hide_default_value = true,
        value_parser = values::size
    )]
    pub offset: u64,

    /// Exactly this many bytes [default: to the end]
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub length: Option<u64>,
}

impl ByteRange {
    /// Returns true if it is not the whole object.
    pub fn is_given(&self) -> bool {
        self.offset != 0 || self.length.is_some()
    }

    /// Where it begins and ends in an object of `size` bytes.
    ///
    /// # Errors
    /// It reaches past the end.
    pub fn of(&self, size: u64) -> Result<Range<u64>, Fault> {
        self.with(self.length, size)
    }

    /// The same with another length than that of the command line.
    ///
    /// # Errors
    /// As [`ByteRange::of`].
    pub fn with(&self, length: Option<u64>, size: u64) -> Result<Range<u64>, Fault> {
        let offset = self.offset;
        if offset > size {
            let cause = format!("it has {size} bytes: offset {offset} is past its end");
            return Err(Fault::new(Class::Failed, cause));
        }
        let end = length.map_or(Some(size), |length| offset.checked_add(length));
        end.filter(|end| *end <= size).map(|end| offset..end).ok_or_else(|| {
            let length = length.unwrap_or(0);
            let from = if offset == 0 { String::new() } else { format!(" from offset {offset}") };
            Fault::new(
                Class::Failed,
                format!("it has {size} bytes: {length} bytes{from} reach past its end"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(offset: u64, length: Option<u64>, size: u64) -> Result<Range<u64>, String> {
        ByteRange { offset, length }.of(size).map_err(|fault| fault.cause)
    }

    #[test]
    fn a_part_lies_inside_its_object() {
        assert_eq!(part(0, None, 10), Ok(0..10));
        assert_eq!(part(4, Some(6), 10), Ok(4..10));
        assert_eq!(part(10, None, 10), Ok(10..10));
        assert_eq!(part(0, None, 0), Ok(0..0));
        assert!(part(11, None, 10).unwrap_err().contains("offset 11"));
        assert!(part(4, Some(7), 10).unwrap_err().contains("7 bytes from offset 4"));
        assert!(part(u64::MAX, Some(u64::MAX), u64::MAX).is_err());
    }
}
