//! Words and numbers of rows, one after the other.

use crate::error::excerpt;
use crate::number::{fast_int, fast_real, is_space, leading_spaces, parse_int, parse_real, short_real};

/// A place in the rows.
pub(crate) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// The word from here to the next blank or line end.
    #[inline]
    fn peek(&self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        &rest[..rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len())]
    }

    /// The word from here on, as it may stand in a message.
    pub fn excerpt(&self) -> String {
        excerpt(self.peek())
    }

    /// The next word, understood by `parse`; without one, or if it is not understood, the cursor stays in front of it.
    #[inline]
    pub fn word<T>(&mut self, parse: impl Fn(&'a [u8]) -> Option<T>) -> Option<T> {
        self.at = next_word(self.bytes, self.at);
        let word = self.peek();
        let value = if word.is_empty() { None } else { parse(word) }?;
        self.at += word.len();
        Some(value)
    }

    #[inline]
    pub fn int(&mut self) -> Option<i64> {
        if let Some((value, end)) = fast_int(self.bytes, self.at) {
            self.at = end;
            return Some(value);
        }
        self.word(parse_int)
    }

    #[inline]
    pub fn real(&mut self) -> Option<f64> {
        let [value] = self.reals()?;
        Some(value)
    }

    /// Several real numbers.
    #[inline]
    pub fn reals<const N: usize>(&mut self) -> Option<[f64; N]> {
        self.reals_by(fast_real)
    }

    /// [`Cursor::reals`], fastest where numbers have few digits and one space between them.
    #[inline]
    pub fn short_reals<const N: usize>(&mut self) -> Option<[f64; N]> {
        self.reals_by(|bytes, at| short_real(bytes, at).or_else(|| fast_real(bytes, at)))
    }

    /// The place is kept in a register from one number to the next.
    #[inline(always)]
    fn reals_by<const N: usize>(&mut self, usual: impl Fn(&[u8], usize) -> Option<(f64, usize)>) -> Option<[f64; N]> {
        let (bytes, mut at) = (self.bytes, self.at);
        let mut values = [0.0; N];
        for value in &mut values {
            if let Some((x, end)) = usual(bytes, at) {
                (*value, at) = (x, end);
            } else if let Some((x, end)) = unusual_real(bytes, at) {
                (*value, at) = (x, end);
            } else {
                self.at = next_word(bytes, at);
                return None;
            }
        }
        self.at = at;
        Some(values)
    }

    /// Steps over the line end; none if a word stands before it and must not.
    #[inline]
    pub fn end_row(&mut self, whole: bool) -> Option<()> {
        if self.bytes.get(self.at) != Some(&b'\n') {
            self.at = next_word(self.bytes, self.at);
        }
        let rest = &self.bytes[self.at..];
        match rest.first() {
            Some(b'\n') => self.at += 1,
            Some(_) if whole => return None,
            _ => self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1),
        }
        Some(())
    }
}

/// Where the blanks end that start at `at`; line ends are not blanks.
#[inline(always)]
fn next_word(bytes: &[u8], mut at: usize) -> usize {
    while let Some(n) = leading_spaces(bytes, at) {
        at += n;
        if n < 8 {
            break;
        }
    }
    while bytes.get(at).is_some_and(|&byte| byte != b'\n' && is_space(byte)) {
        at += 1;
    }
    at
}

/// Numbers after tabs, without a point, with very many digits, and what is none.
#[inline(never)]
fn unusual_real(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    if let Some((value, end)) = fast_int(bytes, at).filter(|&(_, end)| !bytes[at..end].contains(&b'-')) {
        return Some((value as f64, end));
    }
    let at = next_word(bytes, at);
    let word = Cursor { bytes, at }.peek();
    parse_real(word).map(|value| (value, at + word.len()))
}

/// The words of a line.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| is_space(byte)).filter(|word| !word.is_empty())
}
