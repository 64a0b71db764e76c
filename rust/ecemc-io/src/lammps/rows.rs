//! The atoms of a frame: rows of words into typed columns.

use super::columns::{Field, Kind, Layout, Triple};
use crate::cursor::{Cursor, words};
use crate::elements::atomic_number;
use crate::error::{Fault, excerpt};
use crate::frame::{ColumnData, TextColumn};

/// The values of one field.
#[derive(Debug)]
pub(super) enum Data {
    Element(Vec<u8>),
    Int(Vec<i64>),
    Real(Vec<f64>),
    Vector(Vec<[f64; 3]>),
    Text(TextColumn),
}

impl Data {
    fn new(kind: Kind, room: usize) -> Self {
        match kind {
            Kind::Element => Self::Element(Vec::with_capacity(room)),
            Kind::Int | Kind::Type => Self::Int(Vec::with_capacity(room)),
            Kind::Real | Kind::Foreign => Self::Real(Vec::with_capacity(room)),
            Kind::Vector => Self::Vector(Vec::with_capacity(room)),
            Kind::Text => Self::Text(TextColumn::default()),
        }
    }

    /// Takes its words from the row; none if one of them is missing or wrong, with the cursor in front of it.
    #[inline]
    fn read(&mut self, row: &mut Cursor) -> Option<()> {
        match self {
            Self::Element(numbers) => row.word(atomic_number).map(|z| numbers.push(z)),
            Self::Int(values) => row.int().map(|k| values.push(k)),
            Self::Real(values) => row.short_reals().map(|[x]| values.push(x)),
            Self::Vector(values) => row.short_reals().map(|v| values.push(v)),
            Self::Text(texts) => row.word(Some).map(|text| texts.push(&String::from_utf8_lossy(text))),
        }
    }

    /// Puts the rows in another order.
    fn arrange(&mut self, order: &[u32]) {
        fn picked<T: Copy>(values: &mut Vec<T>, order: &[u32]) {
            *values = order.iter().map(|&row| values[row as usize]).collect();
        }
        match self {
            Self::Element(values) => picked(values, order),
            Self::Int(values) => picked(values, order),
            Self::Real(values) => picked(values, order),
            Self::Vector(values) => picked(values, order),
            Self::Text(texts) => {
                let old: Vec<&str> = texts.iter().collect();
                let mut new = TextColumn::default();
                for &row in order {
                    new.push(old[row as usize]);
                }
                *texts = new;
            }
        }
    }

    /// As a column of a frame.
    pub fn into_column(self) -> ColumnData {
        match self {
            Self::Element(values) => ColumnData::Int(values.into_iter().map(i64::from).collect()),
            Self::Int(values) => ColumnData::Int(values),
            Self::Real(values) => ColumnData::Real(values),
            Self::Vector(values) => ColumnData::Real(values.into_flattened()),
            Self::Text(texts) => ColumnData::Text(texts),
        }
    }
}

/// The fields of a frame by name.
#[derive(Debug)]
pub(super) struct Table {
    pub columns: Vec<(String, Data)>,
}

impl Table {
    /// Reads `n_atoms` rows; a fault comes with the row it is in.
    pub fn read(layout: &Layout, skip_elements: bool, rows: &[u8], n_atoms: usize) -> Result<Self, (usize, Fault)> {
        let first_row = rows.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let mut kinds = layout.resolved(first_row);
        if skip_elements {
            kinds.iter_mut().filter(|kind| **kind == Kind::Element).for_each(|kind| *kind = Kind::Text);
        }
        // A row takes two bytes or more for each word: what is reserved never exceeds a few times the text that is there.
        let room = n_atoms.min(rows.len() / (2 * layout.width) + 1);
        let mut data: Vec<Data> = kinds.into_iter().map(|kind| Data::new(kind, room)).collect();
        let mut cursor = Cursor { bytes: rows, at: 0 };
        for row in 0..n_atoms {
            let start = cursor.at;
            let read = data.iter_mut().try_for_each(|data| data.read(&mut cursor));
            if read.and_then(|()| cursor.end_row(true)).is_none() {
                return Err((row, fault(layout, rows, start, cursor.at)));
            }
        }
        let names = layout.fields.iter().map(|field| field.name.clone());
        Ok(Self { columns: names.zip(data).collect() })
    }

    /// The column of that name.
    pub fn get(&self, name: &str) -> Option<&Data> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, data)| data)
    }

    /// Takes the column of that name out.
    pub fn take(&mut self, name: &str) -> Option<Data> {
        let at = self.columns.iter().position(|(n, _)| n == name)?;
        Some(self.columns.remove(at).1)
    }

    /// Takes three columns out, wherever they stand.
    pub fn take_vectors(&mut self, names: &Triple) -> Option<Vec<[f64; 3]>> {
        if let Some(Data::Vector(_)) = self.get(names[0]) {
            let Some(Data::Vector(values)) = self.take(names[0]) else { return None };
            return Some(values);
        }
        if names.iter().any(|name| self.get(name).is_none()) {
            return None;
        }
        let [x, y, z] = names.map(|name| match self.take(name) {
            Some(Data::Real(values)) => values,
            _ => Vec::new(),
        });
        Some(x.into_iter().zip(y).zip(z).map(|((x, y), z)| [x, y, z]).collect())
    }

    /// Puts the rows in another order.
    pub fn arrange(&mut self, order: &[u32]) {
        self.columns.iter_mut().for_each(|(_, data)| data.arrange(order));
    }
}

/// Says what is wrong in the row that starts at `start`, with the word at `at` or with the number of words.
#[cold]
fn fault(layout: &Layout, rows: &[u8], start: usize, at: usize) -> Fault {
    let row = rows[start..].split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    if row.starts_with(b"ITEM:") {
        return Fault::new(excerpt(row), "one more row (the frame has fewer rows than its number of atoms)");
    }
    let count = words(row).count();
    if count != layout.width {
        let expected = format!("{} columns ({})", layout.width, layout.names().join(" "));
        return Fault::new(format!("{count} columns in {}", excerpt(row)), expected);
    }
    let column = words(&rows[start..at]).count();
    let expected = layout.field_of(column).map_or("a word", Field::expected);
    let name = layout.names().swap_remove(column.min(layout.width - 1));
    let word = Cursor { bytes: rows, at }.excerpt();
    let remedy = if name == "element" { format!(", or {}", super::types::REMEDY) } else { String::new() };
    Fault::new(format!("{word} in column {} ({name})", column + 1), format!("{expected}{remedy}"))
}
