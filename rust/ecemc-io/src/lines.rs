//! Lines of a buffer.

/// Bytes in which line ends are counted at once.
const BLOCK: usize = 4096;

/// Where line `n` (counted from 0) ends. Counting block by block is several times faster than visiting each line end.
pub(crate) fn nth_line_end(text: &[u8], n: usize) -> Option<usize> {
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

/// Number of line ends.
pub(crate) fn line_ends(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Steps over the blank lines from `at` on: where the first other line starts, and how many were blank.
///
/// Without a line end after it a blank line counts only if nothing follows the text.
pub(crate) fn skip_blank_lines(text: &[u8], mut at: usize, at_end: bool) -> (usize, usize) {
    let mut blank = 0;
    while let Some(length) = memchr::memchr(b'\n', &text[at..]) {
        if !text[at..at + length].trim_ascii().is_empty() {
            return (at, blank);
        }
        (at, blank) = (at + length + 1, blank + 1);
    }
    let rest_is_blank = at_end && text[at..].trim_ascii().is_empty();
    (if rest_is_blank { text.len() } else { at }, blank)
}

/// A number of atoms.
pub(crate) fn parse_count(text: &[u8]) -> Option<usize> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_found_across_blocks() {
        let text = "ab\n".repeat(5000);
        for n in [0, 1, 1364, 1365, 1366, 4999] {
            assert_eq!(nth_line_end(text.as_bytes(), n), Some(3 * n + 2));
        }
        assert_eq!(nth_line_end(text.as_bytes(), 5000), None);
        assert_eq!(line_ends(text.as_bytes()), 5000);
    }

    #[test]
    fn blank_lines_are_skipped_whole() {
        assert_eq!(skip_blank_lines(b"\n \r\n  7\n", 0, false), (4, 2));
        assert_eq!(skip_blank_lines(b"x\n \n ", 2, false), (4, 1));
        assert_eq!(skip_blank_lines(b"x\n \n ", 2, true), (5, 1));
        assert_eq!(skip_blank_lines(b"x", 0, true), (0, 0));
    }
}
