//! What the columns of a frame mean: the words after `ITEM: ATOMS`.

use super::header::{Line, Misplaced};
use crate::cursor::words;
use crate::number::{parse_int, parse_real};

/// Three columns that make a vector.
pub(super) type Triple = [&'static str; 3];

/// Coordinates in the order in which they are preferred, which is ASE's: wrapped or as they are, scaled to the box, unwrapped,
/// unwrapped and scaled; and whether they are scaled.
pub(super) const COORDINATES: [(Triple, bool); 4] =
    [(["x", "y", "z"], false), (["xs", "ys", "zs"], true), (["xu", "yu", "zu"], false), (["xsu", "ysu", "zsu"], true)];
pub(super) const VELOCITY: Triple = ["vx", "vy", "vz"];
pub(super) const FORCE: Triple = ["fx", "fy", "fz"];

/// What the words of a column are. The names that LAMMPS gives decide, not the words: a force of `0` is a real number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A chemical symbol.
    Element,
    Int,
    Real,
    /// Three real numbers; the field takes three columns.
    Vector,
    Text,
    /// The atom type: a number, or a label if the first row of the frame has one.
    Type,
    /// A name that LAMMPS does not know: real numbers, or texts if the first row of the frame has one.
    Foreign,
}

/// One column, or three that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Name of the (first) column.
    pub name: String,
    pub kind: Kind,
}

impl Field {
    fn width(&self) -> usize {
        if self.kind == Kind::Vector { 3 } else { 1 }
    }

    /// What its words look like.
    pub fn expected(&self) -> &'static str {
        match self.kind {
            Kind::Int | Kind::Type => "a whole number",
            Kind::Real | Kind::Vector | Kind::Foreign => "a real number",
            Kind::Element => "a chemical symbol",
            Kind::Text => "a word",
        }
    }
}

/// The fields of a row in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The words that this was made from.
    columns: Vec<u8>,
    pub fields: Vec<Field>,
    /// Words in a row.
    pub width: usize,
}

impl Layout {
    /// Whether this is what `line` says.
    pub fn is_of(&self, line: &Line) -> bool {
        !self.columns.is_empty() && self.columns == line.text
    }

    /// Understands `ITEM: ATOMS id type x y z …`.
    pub fn parse(line: &Line) -> Result<Self, Misplaced> {
        let names: Vec<String> =
            words(line.text).skip(2).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let has = |triple: &Triple| triple.iter().all(|name| names.iter().any(|n| n == name));
        if !COORDINATES.iter().any(|(triple, _)| has(triple)) {
            return Err(line.fault("columns x y z (or xs ys zs, xu yu zu, xsu ysu zsu)"));
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        if let Some([twice, ..]) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(line.fault(format!("each column once, not {twice} twice")));
        }
        let (mut fields, mut at) = (Vec::with_capacity(names.len()), 0);
        while at < names.len() {
            let field = Field { name: names[at].clone(), kind: kind(&names[at..]) };
            at += field.width();
            fields.push(field);
        }
        Ok(Self { columns: line.text.to_owned(), fields, width: names.len() })
    }

    /// The kinds of the fields with the first row at hand.
    pub fn resolved(&self, first_row: &[u8]) -> Vec<Kind> {
        let mut words = words(first_row);
        let resolve = |field: &Field| {
            let word = words.nth(field.width() - 1).unwrap_or_default();
            match field.kind {
                Kind::Type if parse_int(word).is_some() || word.is_empty() => Kind::Int,
                Kind::Foreign if parse_real(word).is_some() || word.is_empty() => Kind::Real,
                Kind::Type | Kind::Foreign => Kind::Text,
                kind => kind,
            }
        };
        self.fields.iter().map(resolve).collect()
    }

    /// The field that the word `column` (counted from 0) of a row belongs to.
    pub fn field_of(&self, column: usize) -> Option<&Field> {
        let mut end = 0;
        self.fields.iter().find(|field| {
            end += field.width();
            column < end
        })
    }

    /// Names of the columns.
    pub fn names(&self) -> Vec<String> {
        words(&self.columns).skip(2).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }
}

/// The kind of the first of the columns, with those after it in sight.
fn kind(names: &[String]) -> Kind {
    let triples = COORDINATES.iter().map(|(triple, _)| triple).chain([&VELOCITY, &FORCE]);
    for triple in triples {
        if names.iter().take(3).eq(triple) {
            return Kind::Vector;
        }
        if triple.contains(&names[0].as_str()) {
            return Kind::Real;
        }
    }
    match names[0].as_str() {
        "element" => Kind::Element,
        "type" => Kind::Type,
        "typelabel" => Kind::Text,
        "id" | "mol" | "proc" | "procp1" | "ix" | "iy" | "iz" => Kind::Int,
        "mass" | "q" => Kind::Real,
        name if name.starts_with("i_") || name.starts_with("i2_") => Kind::Int,
        name if ["c_", "f_", "v_", "d_", "d2_"].iter().any(|prefix| name.starts_with(prefix)) => Kind::Real,
        _ => Kind::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Result<Layout, Misplaced> {
        Layout::parse(&Line { text: text.as_bytes(), number: 8 })
    }

    #[test]
    fn columns_that_stand_together_make_vectors() {
        let layout = layout("ITEM: ATOMS id type x y z fx fz fy vx vy vz c_pe label").unwrap();
        let kinds = layout.resolved(b"1 C 0 0 0 0 0 0 0 0 0 0 abc");
        let (int, real, vector, text) = (Kind::Int, Kind::Real, Kind::Vector, Kind::Text);
        assert_eq!(kinds, [int, text, vector, real, real, real, vector, real, text]);
        assert_eq!(layout.resolved(b""), [int, int, vector, real, real, real, vector, real, real]);
        assert_eq!(layout.width, 13);
        let names = [1, 2, 4, 5, 12].map(|column| layout.field_of(column).unwrap().name.as_str());
        assert_eq!(names, ["type", "x", "x", "fx", "label"]);
        assert_eq!(layout.field_of(13), None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(layout("ITEM: ATOMS id type x y").unwrap_err().1.expected.contains("columns x y z"));
        assert!(layout("ITEM: ATOMS id x y z id").unwrap_err().1.expected.contains("not id twice"));
        assert_eq!(layout("ITEM: ATOMS").unwrap_err().0, 8);
    }
}
