//! Where frames begin and end, found without looking into them.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::lines::{line_ends, nth_line_end};

/// How far a file is read: everything before is known, everything from here on is not.
///
/// Stored beside results, it lets a later [`crate::Reader`] go on where this one stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes from the start of the (decompressed) stream.
    pub offset: u64,
    /// Number of the next frame, counted from 0.
    pub frame: usize,
    /// Number of the next line, counted from 1.
    pub line: usize,
}

impl Default for Position {
    /// The start of a file.
    fn default() -> Self {
        Self { offset: 0, frame: 0, line: 1 }
    }
}

/// The place of one whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawFrame {
    /// Frame, counted from 0.
    pub index: usize,
    /// First line of the frame in the file, counted from 1.
    pub line: usize,
    pub n_atoms: usize,
    /// All of it, as bytes of the buffer.
    pub range: Range<usize>,
    /// The file ends without a line end after the last row.
    pub unfinished: bool,
    /// The line after the frame.
    pub next_line: usize,
}

/// The start of a frame, which tells how many lines follow.
#[derive(Debug)]
pub(crate) struct Head {
    pub n_atoms: usize,
    /// First byte of the frame.
    pub start: usize,
    /// First byte after what was understood.
    pub body: usize,
    /// Lines from `start` to `body`.
    pub lines: usize,
    /// Lines from `body` on that stand before the rows.
    pub comments: usize,
}

impl Head {
    /// The whole frame; none if `buffer` does not hold it yet.
    pub fn frame(&self, at: Position, buffer: &[u8], at_end: bool) -> Result<Option<RawFrame>> {
        let rest = &buffer[self.body..];
        let lines = self.n_atoms.saturating_add(self.comments);
        let end = lines.checked_sub(1).map_or(Some(self.body), |last| Some(self.body + nth_line_end(rest, last)? + 1));
        if end.is_none() && !at_end {
            return Ok(None);
        }
        let missing = if end.is_none() { self.missing(rest) } else { None };
        if let Some(missing) = missing {
            return Err(Error::Truncated { frame: at.frame, line: at.line, missing });
        }
        Ok(Some(self.raw(at, self.n_atoms, end.unwrap_or(buffer.len()), end.is_none())))
    }

    /// The frame as if it had no more rows than are there, to see whether they are rows at all.
    pub fn begun(&self, at: Position, buffer: &[u8]) -> Option<RawFrame> {
        let lines = line_ends(&buffer[self.body..]);
        let end = self.body + memchr::memrchr(b'\n', &buffer[self.body..])? + 1;
        Some(self.raw(at, lines.checked_sub(self.comments)?, end, false))
    }

    fn raw(&self, at: Position, n_atoms: usize, end: usize, unfinished: bool) -> RawFrame {
        let next_line = at.line + self.lines + self.comments + n_atoms;
        RawFrame { index: at.frame, line: at.line, n_atoms, range: self.start..end, unfinished, next_line }
    }

    /// What is missing from the last frame of a file; nothing if only its last line end is.
    fn missing(&self, rest: &[u8]) -> Option<String> {
        let open_line = rest.last().is_some_and(|&byte| byte != b'\n');
        let n_atoms = self.n_atoms;
        match (line_ends(rest) + usize::from(open_line)).checked_sub(self.comments) {
            None => Some(format!("the comment line and the rows of {n_atoms} atoms are missing")),
            Some(rows) if rows < n_atoms => Some(format!("it has {rows} of {n_atoms} rows")),
            Some(_) => None,
        }
    }
}
