//! The number of atoms, the first line of a frame.

use crate::error::{Error, Fault, Result, excerpt};
use crate::lines::parse_count;
use crate::scan::{Head, Position};

/// Longest line that is looked at as a number of atoms.
const COUNT_LINE: usize = 64;

/// The first line of the frame that starts at `buffer[from..]`, where a line that is not blank is known to start; none if
/// it is not all there.
pub(crate) fn head(at: Position, buffer: &[u8], from: usize, at_end: bool) -> Result<Option<Head>> {
    let rest = &buffer[from..];
    let end = memchr::memchr(b'\n', rest);
    let text = rest[..end.unwrap_or(rest.len())].trim_ascii();
    let too_long = text.len() > COUNT_LINE;
    if text.is_empty() || (end.is_none() && !at_end && !too_long) {
        return Ok(None);
    }
    let n_atoms = if too_long { None } else { parse_count(text) };
    let Some(n_atoms) = n_atoms else { return Err(not_a_count(at, text)) };
    let body = (from + end.unwrap_or(rest.len()) + 1).min(buffer.len());
    Ok(Some(Head { n_atoms, start: from, body, lines: 1, comments: 1 }))
}

#[cold]
fn not_a_count(at: Position, text: &[u8]) -> Error {
    let expected = match at.frame {
        0 => "the number of atoms, the first line of an extended XYZ file",
        _ => "the number of atoms of the next frame (does the frame before have more rows than it says?)",
    };
    Fault::new(excerpt(text), expected).at(at.frame, at.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::lines::skip_blank_lines;
    use crate::scan::RawFrame;

    /// All frames of a text, offered in one piece.
    fn scan(text: &str) -> Result<Vec<RawFrame>> {
        let (mut at, mut from, mut frames) = (Position::default(), 0, Vec::new());
        loop {
            let (start, blank) = skip_blank_lines(text.as_bytes(), from, true);
            at.line += blank;
            let Some(raw) = Format::Extxyz.next(at, text.as_bytes(), start, true)? else { return Ok(frames) };
            (at.frame, at.line, from) = (at.frame + 1, raw.next_line, raw.range.end);
            frames.push(raw);
        }
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
        let next = |text: &[u8]| Format::Extxyz.next(Position::default(), text, 0, false);
        for end in 0..text.len() {
            assert_eq!(next(&text[..end]).unwrap(), None, "{end}");
        }
        assert!(next(text).unwrap().is_some());
        assert!(next(&[b'7'; 100]).is_err());
    }
}
