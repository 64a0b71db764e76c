//! One configuration of a trajectory, whatever the format it came from.

use std::borrow::Cow;

use ecemc_core::Cell;

/// Atoms, cell and everything else that a file says about one configuration.
///
/// Lengths in Å, cell vectors are rows. Numbers are kept as they are, NaN included: whoever computes with them checks them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Atomic numbers, one per atom; 0 for `X`.
    pub numbers: Vec<u8>,
    /// Positions, one row per atom.
    pub positions: Vec<[f64; 3]>,
    /// Cell vectors, if the file gives them.
    pub lattice: Option<[[f64; 3]; 3]>,
    /// Periodic flags; without a word in the file all true with a lattice, all false without.
    pub pbc: [bool; 3],
    /// Velocities in Å/fs, one row per atom, of formats that define what they are. Extended XYZ does not: there they are
    /// columns such as `momenta`.
    pub velocities: Option<Vec<[f64; 3]>>,
    /// All other per-atom data, in file order.
    pub columns: Vec<Column>,
    /// All other data about the whole frame, in file order.
    pub info: Vec<(String, Value)>,
}

impl Frame {
    /// Number of atoms.
    pub fn n_atoms(&self) -> usize {
        self.numbers.len()
    }

    /// The cell, checked; open space without a lattice.
    ///
    /// # Errors
    /// [`ecemc_core::Error::SingularCell`] if a periodic vector is missing or the vectors span no volume.
    pub fn cell(&self) -> ecemc_core::Result<Cell> {
        match self.lattice {
            None if self.pbc == [false; 3] => Ok(Cell::open()),
            lattice => Cell::new(lattice.unwrap_or_default(), self.pbc),
        }
    }

    /// The column of that name, such as `forces`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Masses of the atoms in amu: the column `masses` if there is one, else by element from a table indexed by atomic
    /// numbers; NaN where that has no entry.
    ///
    /// ```
    /// use ecemc_io::Frame;
    ///
    /// let frame = Frame { numbers: vec![1, 2], ..Frame::default() };
    /// assert_eq!(frame.masses(&[0.0, 1.008, 4.0026])[..], [1.008, 4.0026]);
    /// ```
    pub fn masses(&self, table: &[f64]) -> Cow<'_, [f64]> {
        match self.column("masses").map(|column| (column.width, &column.data)) {
            Some((1, ColumnData::Real(masses))) => Cow::Borrowed(masses),
            Some((1, ColumnData::Int(masses))) => masses.iter().map(|&mass| mass as f64).collect(),
            _ => self.numbers.iter().map(|&z| table.get(usize::from(z)).copied().unwrap_or(f64::NAN)).collect(),
        }
    }

    /// What the file says about the frame under that key.
    pub fn info(&self, key: &str) -> Option<&Value> {
        self.info.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }
}

/// A named per-atom array of `width` values per atom.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name in the file.
    pub name: String,
    /// Values per atom.
    pub width: usize,
    /// Values, all those of the first atom first.
    pub data: ColumnData,
}

/// The values of a [`Column`].
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnData {
    /// Type `R`.
    Real(Vec<f64>),
    /// Type `I`.
    Int(Vec<i64>),
    /// Type `L`.
    Bool(Vec<bool>),
    /// Type `S`.
    Text(TextColumn),
}

/// Many short texts in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

impl TextColumn {
    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

/// A value about a whole frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number.
    Real(f64),
    /// A text, or whatever is nothing else.
    Text(String),
    /// Several truth values.
    BoolArray(Array<bool>),
    /// Several whole numbers.
    IntArray(Array<i64>),
    /// Several real numbers.
    RealArray(Array<f64>),
    /// Several texts.
    TextArray(Array<String>),
}

impl Value {
    /// The numbers of a numeric value in reading order, however it is shaped.
    ///
    /// ```
    /// assert_eq!(ecemc_io::Value::Int(3).reals(), Some(vec![3.0]));
    /// assert_eq!(ecemc_io::Value::Text("_JSON [[1, 2.5], [3, 4]]".into()).reals(), Some(vec![1.0, 2.5, 3.0, 4.0]));
    /// assert_eq!(ecemc_io::Value::Bool(true).reals(), None);
    /// ```
    pub fn reals(&self) -> Option<Vec<f64>> {
        match self {
            Self::Int(k) => Some(vec![*k as f64]),
            Self::Real(x) => Some(vec![*x]),
            Self::IntArray(a) => Some(a.values.iter().map(|&k| k as f64).collect()),
            Self::RealArray(a) => Some(a.values.clone()),
            Self::Text(text) => json_reals(text),
            _ => None,
        }
    }
}

/// The numbers of a list, or of lists in a list, as ASE writes matrices to extended XYZ.
fn json_reals(text: &str) -> Option<Vec<f64>> {
    let list = text.strip_prefix("_JSON ")?.trim().strip_prefix('[')?.strip_suffix(']')?;
    let words = list.split([',', '[', ']', ' ']).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok()).collect()
}

/// Values in one or two dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Array<T> {
    /// The values, row by row.
    pub values: Vec<T>,
    /// Length of a row; none for one dimension.
    pub columns: Option<usize>,
}

impl<T> Array<T> {
    /// A one-dimensional array.
    pub fn vector(values: Vec<T>) -> Self {
        Self { values, columns: None }
    }

    /// A two-dimensional array with rows of `columns` values.
    pub fn matrix(values: Vec<T>, columns: usize) -> Self {
        Self { values, columns: Some(columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_order() {
        let mut column = TextColumn::default();
        for text in ["a", "", "çé"] {
            column.push(text);
        }
        assert_eq!(column.iter().collect::<Vec<_>>(), ["a", "", "çé"]);
        assert_eq!((column.len(), column.is_empty()), (3, false));
    }

    #[test]
    fn the_cell_is_open_without_lattice_and_singular_when_promised() {
        let open = Frame::default();
        assert_eq!(open.cell().unwrap(), Cell::open());
        let promised = Frame { pbc: [true; 3], ..Frame::default() };
        assert!(promised.cell().is_err());
    }
}
