//! The atoms of a frame: rows of words into typed columns.

use super::columns::{Field, Kind, Layout};
use crate::elements::atomic_number;
use crate::error::{Fault, excerpt};
use crate::frame::{Column, ColumnData, Frame, TextColumn};
use crate::number::{fast_real, is_space, leading_spaces, parse_bool, parse_int, parse_real};

/// Reads `n_atoms` rows into the arrays of `frame`; a fault comes with the row it is in.
///
/// `whole_rows` refuses words beyond the last column, which plain xyz files may have.
pub(super) fn parse(
    layout: &Layout,
    rows: &[u8],
    n_atoms: usize,
    whole_rows: bool,
    frame: &mut Frame,
) -> Result<(), (usize, Fault)> {
    // A word takes two bytes with its separator: what is reserved never exceeds a few times the text that is there.
    let room = |width: usize| n_atoms.saturating_mul(width).min(rows.len() / 2 + 1);
    let mut sinks: Vec<Sink> = layout.fields.iter().map(|field| Sink::new(field, room)).collect();
    let mut cursor = Cursor { bytes: rows, at: 0 };
    for row in 0..n_atoms {
        let start = cursor.at;
        let read = sinks.iter_mut().try_for_each(|sink| sink.read(&mut cursor));
        let ended = read.and_then(|()| cursor.end_row(whole_rows));
        if ended.is_none() {
            return Err((row, fault(layout, rows, start, cursor.at, whole_rows)));
        }
    }
    for (sink, field) in sinks.into_iter().zip(&layout.fields) {
        sink.finish(field, frame);
    }
    Ok(())
}

/// Where the words of one field go.
enum Sink {
    Species(Vec<u8>),
    Number(Vec<u8>),
    Position(Vec<[f64; 3]>),
    Skipped,
    Vector(Vec<f64>),
    Real(Vec<f64>, usize),
    Int(Vec<i64>, usize),
    Bool(Vec<bool>, usize),
    Text(TextColumn, usize),
}

impl Sink {
    fn new(field: &Field, room: impl Fn(usize) -> usize) -> Self {
        match *field {
            Field::Species => Self::Species(Vec::with_capacity(room(1))),
            Field::Number => Self::Number(Vec::with_capacity(room(1))),
            Field::Position => Self::Position(Vec::with_capacity(room(1))),
            Field::Skipped => Self::Skipped,
            Field::Data { kind: Kind::Real, width: 3, .. } => Self::Vector(Vec::with_capacity(room(3))),
            Field::Data { kind: Kind::Real, width, .. } => Self::Real(Vec::with_capacity(room(width)), width),
            Field::Data { kind: Kind::Int, width, .. } => Self::Int(Vec::with_capacity(room(width)), width),
            Field::Data { kind: Kind::Bool, width, .. } => Self::Bool(Vec::with_capacity(room(width)), width),
            Field::Data { kind: Kind::Text, width, .. } => Self::Text(TextColumn::default(), width),
        }
    }

    /// Takes its words from the row; none if one of them is missing or wrong, with the cursor in front of it.
    #[inline]
    fn read(&mut self, row: &mut Cursor) -> Option<()> {
        match self {
            Self::Species(numbers) => row.word(atomic_number).map(|z| numbers.push(z)),
            Self::Number(numbers) => row.word(|word| element_number(parse_int(word)?)).map(|z| numbers.push(z)),
            Self::Position(positions) => row.reals().map(|r| positions.push(r)),
            Self::Skipped => row.word(|_| Some(())),
            Self::Vector(values) => row.reals::<3>().map(|v| values.extend_from_slice(&v)),
            Self::Real(values, width) => fill(*width, || row.real().map(|x| values.push(x))),
            Self::Int(values, width) => fill(*width, || row.word(parse_int).map(|k| values.push(k))),
            Self::Bool(values, width) => fill(*width, || row.word(parse_bool).map(|b| values.push(b))),
            Self::Text(texts, width) => fill(*width, || {
                let text = row.word(|word| Some(String::from_utf8_lossy(word).into_owned()))?;
                texts.push(&text);
                Some(())
            }),
        }
    }

    fn finish(self, field: &Field, frame: &mut Frame) {
        let data = match self {
            Self::Species(numbers) | Self::Number(numbers) => return frame.numbers = numbers,
            Self::Position(positions) => return frame.positions = positions,
            Self::Skipped => return,
            Self::Vector(values) | Self::Real(values, _) => ColumnData::Real(values),
            Self::Int(values, _) => ColumnData::Int(values),
            Self::Bool(values, _) => ColumnData::Bool(values),
            Self::Text(texts, _) => ColumnData::Text(texts),
        };
        if let Field::Data { name, width, .. } = field {
            frame.columns.push(Column { name: name.clone(), width: *width, data });
        }
    }
}

fn fill(width: usize, mut one: impl FnMut() -> Option<()>) -> Option<()> {
    (0..width).try_for_each(|_| one())
}

fn element_number(z: i64) -> Option<u8> {
    u8::try_from(z).ok().filter(|&z| (z as usize) < crate::SYMBOLS.len())
}

/// A place in the rows.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The word from here to the next blank or line end.
    #[inline]
    fn peek(&self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        &rest[..rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len())]
    }

    /// The next word, understood by `parse`.
    #[inline]
    fn word<T>(&mut self, parse: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        self.at = next_word(self.bytes, self.at);
        let word = self.peek();
        let value = if word.is_empty() { None } else { parse(word) }?;
        self.at += word.len();
        Some(value)
    }

    #[inline]
    fn real(&mut self) -> Option<f64> {
        let [value] = self.reals()?;
        Some(value)
    }

    /// Several real numbers; the place is kept in a register from one to the next.
    #[inline]
    fn reals<const N: usize>(&mut self) -> Option<[f64; N]> {
        let (bytes, mut at) = (self.bytes, self.at);
        let mut values = [0.0; N];
        for value in &mut values {
            if let Some((x, end)) = fast_real(bytes, at) {
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
    fn end_row(&mut self, whole: bool) -> Option<()> {
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
    let at = next_word(bytes, at);
    let word = Cursor { bytes, at }.peek();
    parse_real(word).map(|value| (value, at + word.len()))
}

/// Says what is wrong in the row that starts at `start`, with the word at `at` or with the number of words.
#[cold]
fn fault(layout: &Layout, rows: &[u8], start: usize, at: usize, whole: bool) -> Fault {
    let row = rows[start..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = words(row);
    if count < layout.width || (whole && count > layout.width) {
        let expected = format!("{} columns (Properties={})", layout.width, layout.properties);
        return Fault::new(format!("{count} columns in {}", excerpt(row.trim_ascii())), expected);
    }
    let column = words(&rows[start..at]);
    let (name, expected) = layout.field_of(column).map_or(("", "a word"), |field| (field.name(), field.expected()));
    let word = excerpt(Cursor { bytes: rows, at }.peek());
    Fault::new(format!("{word} in column {} ({name})", column + 1), expected)
}

fn words(text: &[u8]) -> usize {
    text.split(|&byte| is_space(byte)).filter(|word| !word.is_empty()).count()
}
