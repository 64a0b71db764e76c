//! States as bytes, for checkpoints and for sending them to another process: little-endian numbers behind a name.

use crate::{Error, Result};

/// Appends numbers.
pub(crate) fn put(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    out.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
}

/// Appends bytes behind their number.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, [bytes.len() as u64]);
    out.extend_from_slice(bytes);
}

pub(crate) fn damaged() -> Error {
    Error::argument("state", "bytes that are not a complete state of this version", "what to_bytes() returned")
}

/// What is left to read. Nothing is allocated that the remaining bytes could not fill.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// # Errors
    /// [`Error::Argument`], here and below, if the bytes do not begin with `magic` or end too early.
    pub fn new(bytes: &'a [u8], magic: &[u8]) -> Result<Self> {
        Ok(Self { bytes: bytes.strip_prefix(magic).ok_or_else(damaged)? })
    }

    pub fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk().ok_or_else(damaged)?;
        self.bytes = rest;
        Ok(*first)
    }

    pub fn number(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub fn u32(&mut self) -> Result<u32> {
        u32::try_from(self.number()?).map_err(|_| damaged())
    }

    pub fn numbers(&mut self, n: usize) -> Result<Vec<u64>> {
        let bytes = self.bytes_of(n.checked_mul(8).ok_or_else(damaged)?)?;
        Ok(bytes.as_chunks().0.iter().map(|&number| u64::from_le_bytes(number)).collect())
    }

    /// As [`Self::numbers`], three in each row.
    pub fn rows(&mut self, n: usize) -> Result<Vec<[u64; 3]>> {
        Ok(self.numbers(n.checked_mul(3).ok_or_else(damaged)?)?.as_chunks().0.to_vec())
    }

    /// As many items as a number in front of them says.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        (0..self.number()?).map(|_| item(self)).collect()
    }

    /// As many bytes as a number in front of them says.
    pub fn slice(&mut self) -> Result<&'a [u8]> {
        let n = usize::try_from(self.number()?).map_err(|_| damaged())?;
        self.bytes_of(n)
    }

    fn bytes_of(&mut self, n: usize) -> Result<&'a [u8]> {
        let (first, rest) = self.bytes.split_at_checked(n).ok_or_else(damaged)?;
        self.bytes = rest;
        Ok(first)
    }

    /// # Errors
    /// [`Error::Argument`] if anything is left.
    pub fn finish(self) -> Result<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(damaged()) }
    }
}
