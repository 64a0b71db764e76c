//! Where frames begin and end, found without looking into them.

use std::ops::Range;

use crate::error::{Error, Fault, Result, excerpt};

/// Longest line that is looked at as a number of atoms.
const COUNT_LINE: usize = 64;
/// Bytes in which line ends are counted at once.
const BLOCK: usize = 4096;

/// The place of one whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawFrame {
    /// Frame, counted from 0.
    pub index: usize,
    /// Line of the file that holds the number of atoms, counted from 1.
    pub line: usize,
    pub n_atoms: usize,
    /// Comment line and rows, as bytes of the buffer.
    pub range: Range<usize>,
    /// The file ends without a line end after the last row.
    pub unfinished: bool,
}

/// Counts frames and lines while it goes through a file.
#[derive(Debug)]
pub(crate) struct Scanner {
    frame: usize,
    line: usize,
}

impl Scanner {
    pub fn new() -> Self {
        Self { frame: 0, line: 1 }
    }

    /// Frames found so far.
    pub fn frames(&self) -> usize {
        self.frame
    }

    /// The frame that starts at `buffer[from..]`; none if `buffer` holds no whole one.
    ///
    /// `at_end` tells that nothing follows the buffer.
    pub fn next(&mut self, buffer: &[u8], from: usize, at_end: bool) -> Result<Option<RawFrame>> {
        let Some((count, blank)) = count_line(buffer, from, at_end) else { return Ok(None) };
        let line = self.line + blank;
        let text = buffer[count.clone()].trim_ascii();
        if text.len() > COUNT_LINE || (count.end == buffer.len() && !at_end) {
            return Err(self.not_a_count(text, line));
        }
        let n_atoms = parse_count(text).ok_or_else(|| self.not_a_count(text, line))?;
        let start = (count.end + 1).min(buffer.len());
        let rest = &buffer[start..];
        let end = nth_line_end(rest, n_atoms);
        let (end, unfinished) = match end {
            Some(end) => (start + end + 1, false),
            None if !at_end => return Ok(None),
            None => {
                let missing = missing(rest, n_atoms);
                match missing {
                    None => (buffer.len(), true),
                    Some(missing) => return Err(Error::Truncated { frame: self.frame, line, missing }),
                }
            }
        };
        let raw = RawFrame { index: self.frame, line, n_atoms, range: start..end, unfinished };
        self.frame += 1;
        self.line = line + n_atoms + 2;
        Ok(Some(raw))
    }

    #[cold]
    fn not_a_count(&self, text: &[u8], line: usize) -> Error {
        let expected = match self.frame {
            0 => "the number of atoms, the first line of an extended XYZ file",
            _ => "the number of atoms of the next frame (does the frame before have more rows than it says?)",
        };
        Fault::new(excerpt(text), expected).at(self.frame, line)
    }
}

/// The next line that is not blank and how many blank ones are before it; none if it is not all there yet,
/// unless it is already too long to be one.
fn count_line(buffer: &[u8], from: usize, at_end: bool) -> Option<(Range<usize>, usize)> {
    let (mut start, mut blank) = (from, 0);
    loop {
        let rest = buffer.get(start..)?;
        let end = match memchr::memchr(b'\n', rest) {
            Some(length) => start + length,
            None if at_end || rest.trim_ascii_start().len() > COUNT_LINE => buffer.len(),
            None => return None,
        };
        if !buffer[start..end].trim_ascii().is_empty() {
            return Some((start..end, blank));
        }
        if end == buffer.len() {
            return None;
        }
        (start, blank) = (end + 1, blank + 1);
    }
}

/// Where line `n` (counted from 0) ends. Counting block by block is several times faster than visiting each line end.
fn nth_line_end(text: &[u8], n: usize) -> Option<usize> {
    let (mut start, mut left) = (0, n);
    for block in text.chunks(BLOCK) {
        let lines = memchr::memchr_iter(b'\n', block).count();
        if lines > left {
            return memchr::memchr_iter(b'\n', block).nth(left).map(|end| start + end);
        }
        start += block.len();
        left -= lines;
    }
    None
}

fn parse_count(text: &[u8]) -> Option<usize> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// What is missing from the last frame of a file; nothing if only its last line end is.
fn missing(rest: &[u8], n_atoms: usize) -> Option<String> {
    let open_line = rest.last().is_some_and(|&byte| byte != b'\n');
    let lines = memchr::memchr_iter(b'\n', rest).count() + usize::from(open_line);
    match lines.checked_sub(1) {
        None => Some(format!("the comment line and the rows of {n_atoms} atoms are missing")),
        Some(rows) if rows < n_atoms => Some(format!("it has {rows} of {n_atoms} rows")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All frames of a text, offered in one piece.
    fn scan(text: &str) -> Result<Vec<RawFrame>> {
        let (mut scanner, mut at, mut frames) = (Scanner::new(), 0, Vec::new());
        while let Some(raw) = scanner.next(text.as_bytes(), at, true)? {
            at = raw.range.end;
            frames.push(raw);
        }
        Ok(frames)
    }

    #[test]
    fn frames_lines_and_blank_lines_are_counted() {
        let frames = scan("1\n\nH 0 0 0\n\n \r\n 2 \r\nc\r\nH 0 0 0\r\nH 0 0 1\n0\n\n\n\n").unwrap();
        let found: Vec<_> = frames.iter().map(|f| (f.index, f.line, f.n_atoms, f.unfinished)).collect();
        assert_eq!(found, [(0, 1, 1, false), (1, 6, 2, false), (2, 10, 0, false)]);
        assert!(scan("").unwrap().is_empty());
        assert!(scan("\n \n").unwrap().is_empty());
    }

    #[test]
    fn the_last_line_end_may_be_missing() {
        let frames = scan("1\nc\nH 0 0 0").unwrap();
        assert!(frames[0].unfinished);
    }

    #[test]
    fn a_frame_that_is_cut_off_says_what_is_missing() {
        for (text, want) in [
            ("2\nc\nH 0 0 0\n", "it has 1 of 2 rows"),
            ("2\nc\n", "it has 0 of 2 rows"),
            ("2\n", "the comment line and the rows of 2 atoms are missing"),
            ("2", "the comment line and the rows of 2 atoms are missing"),
            ("18446744073709551615\nc\nH 0 0 0\n", "it has 1 of 18446744073709551615 rows"),
        ] {
            let Err(Error::Truncated { frame: 0, line: 1, missing }) = scan(text) else { panic!("{text}") };
            assert_eq!(missing, want);
        }
    }

    #[test]
    fn other_first_lines_are_refused() {
        for text in
            ["H 0 0 0\n", "-1\n\n", "1.0\n\n", "99999999999999999999\n\n", "\u{1}\u{2}", "1\nc\nH 0 0 0\nH 0 0 1\n"]
        {
            assert!(matches!(scan(text), Err(Error::Format { .. })), "{text}");
        }
    }

    #[test]
    fn half_a_frame_waits_for_more() {
        let text = b"1\nc\nH 0 0 0\n";
        for end in 0..text.len() {
            assert_eq!(Scanner::new().next(&text[..end], 0, false).unwrap(), None, "{end}");
        }
        assert!(Scanner::new().next(text, 0, false).unwrap().is_some());
        assert!(Scanner::new().next(&[b'7'; 100], 0, false).is_err());
    }
}
