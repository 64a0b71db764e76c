//! The atoms of a frame: rows of words into typed columns.

use super::columns::{Field, Kind, Layout};
use crate::cursor::{Cursor, words};
use crate::elements::atomic_number;
use crate::error::{Fault, excerpt};
use crate::frame::{Column, ColumnData, Frame, TextColumn};
use crate::number::{parse_bool, parse_int};

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
            Self::Int(values, width) => fill(*width, || row.int().map(|k| values.push(k))),
            Self::Bool(values, width) => fill(*width, || row.word(parse_bool).map(|b| values.push(b))),
            Self::Text(texts, width) => fill(*width, || {
                let text = row.word(Some)?;
                texts.push(&String::from_utf8_lossy(text));
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

/// Says what is wrong in the row that starts at `start`, with the word at `at` or with the number of words.
#[cold]
fn fault(layout: &Layout, rows: &[u8], start: usize, at: usize, whole: bool) -> Fault {
    let row = rows[start..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = words(row).count();
    if count < layout.width || (whole && count > layout.width) {
        let expected = format!("{} columns (Properties={})", layout.width, layout.properties);
        return Fault::new(format!("{count} columns in {}", excerpt(row.trim_ascii())), expected);
    }
    let column = words(&rows[start..at]).count();
    let (name, expected) = layout.field_of(column).map_or(("", "a word"), |field| (field.name(), field.expected()));
    let word = Cursor { bytes: rows, at }.excerpt();
    Fault::new(format!("{word} in column {} ({name})", column + 1), expected)
}
