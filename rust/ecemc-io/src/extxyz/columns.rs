//! What the columns of a frame mean: the value of `Properties`.

use crate::error::{Fault, excerpt};

/// The columns of a file that does not name them.
pub(super) const PLAIN: &str = "species:S:1:pos:R:3";

/// Type of a column of general data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Real,
    Int,
    Bool,
    Text,
}

/// What to do with the next few words of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// A chemical symbol (or an atomic number in its place).
    Species,
    /// An atomic number.
    Number,
    /// Three coordinates.
    Position,
    /// Species beside atomic numbers: the numbers say it all, so labels such as `OW` do no harm.
    Skipped,
    /// Anything else.
    Data { name: String, kind: Kind, width: usize },
}

impl Field {
    fn width(&self) -> usize {
        match self {
            Self::Position => 3,
            Self::Data { width, .. } => *width,
            _ => 1,
        }
    }

    /// Name in the file.
    pub fn name(&self) -> &str {
        match self {
            Self::Species | Self::Skipped => "species",
            Self::Number => "Z",
            Self::Position => "pos",
            Self::Data { name, .. } => name,
        }
    }

    /// What its words look like.
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Species => "a chemical symbol (a column Z:I:1 of atomic numbers permits any label)",
            Self::Number => "an atomic number from 0 to 118",
            Self::Data { kind: Kind::Int, .. } => "a whole number",
            Self::Data { kind: Kind::Bool, .. } => "T or F",
            Self::Position | Self::Data { kind: Kind::Real, .. } => "a real number",
            Self::Skipped | Self::Data { kind: Kind::Text, .. } => "a word",
        }
    }
}

/// The fields of a row in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The value of `Properties` that this was made from.
    pub properties: String,
    pub fields: Vec<Field>,
    /// Words in a row.
    pub width: usize,
}

impl Default for Layout {
    fn default() -> Self {
        let species = [Field::Species, Field::Position];
        Self { properties: PLAIN.to_owned(), fields: species.to_vec(), width: 4 }
    }
}

impl Layout {
    /// Understands `name:type:width:…`.
    pub fn parse(properties: &str) -> Result<Self, Fault> {
        let wrong = |expected: &str| Fault::new(format!("Properties={}", excerpt(properties.as_bytes())), expected);
        let parts: Vec<&str> = properties.split(':').collect();
        if !parts.len().is_multiple_of(3) {
            return Err(wrong("triples name:type:columns, such as species:S:1:pos:R:3"));
        }
        let mut fields = Vec::with_capacity(parts.len() / 3);
        for triple in parts.chunks_exact(3) {
            fields.push(field(triple[0], triple[1], triple[2]).map_err(|expected| wrong(&expected))?);
        }
        check(&mut fields).map_err(wrong)?;
        let width = fields.iter().fold(0, |sum: usize, field| sum.saturating_add(field.width()));
        Ok(Self { properties: properties.to_owned(), fields, width })
    }

    /// The field that the word `column` (counted from 0) of a row belongs to.
    pub fn field_of(&self, column: usize) -> Option<&Field> {
        let mut end = 0_usize;
        self.fields.iter().find(|field| {
            end = end.saturating_add(field.width());
            column < end
        })
    }
}

fn field(name: &str, kind: &str, width: &str) -> Result<Field, String> {
    let width = width.parse().ok().filter(|&width: &usize| width > 0);
    let Some(width) = width else { return Err(format!("a number of columns from 1 on after {name}:{kind}")) };
    let kind = match kind {
        "R" => Kind::Real,
        "I" => Kind::Int,
        "L" => Kind::Bool,
        "S" => Kind::Text,
        _ => return Err(format!("one of the types R, I, S, L after {name}")),
    };
    match (name, kind, width) {
        ("pos" | "positions", Kind::Real, 3) => Ok(Field::Position),
        ("pos" | "positions", ..) => Err("pos:R:3 for the positions".into()),
        ("species" | "symbols", Kind::Text, 1) => Ok(Field::Species),
        ("species" | "symbols", ..) => Err("species:S:1 for the chemical symbols".into()),
        ("Z" | "numbers", Kind::Int, 1) => Ok(Field::Number),
        ("Z" | "numbers", ..) => Err("Z:I:1 for the atomic numbers".into()),
        ("", ..) => Err("a name before every type".into()),
        _ => Ok(Field::Data { name: name.to_owned(), kind, width }),
    }
}

/// One column of each name, positions, and species or atomic numbers; the latter win.
fn check(fields: &mut [Field]) -> Result<(), &'static str> {
    let count = |wanted: &Field| fields.iter().filter(|field| *field == wanted).count();
    let (positions, species, numbers) = (count(&Field::Position), count(&Field::Species), count(&Field::Number));
    if positions != 1 {
        return Err("pos:R:3 once");
    }
    if species > 1 || numbers > 1 || species + numbers == 0 {
        return Err("species:S:1 (or Z:I:1) once");
    }
    let mut names: Vec<&String> =
        fields.iter().filter_map(|f| if let Field::Data { name, .. } = f { Some(name) } else { None }).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("each name once");
    }
    if numbers == 1 {
        for field in fields.iter_mut().filter(|field| **field == Field::Species) {
            *field = Field::Skipped;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_layout_is_the_default() {
        assert_eq!(Layout::parse(PLAIN).unwrap(), Layout::default());
    }

    #[test]
    fn any_order_and_any_data() {
        let layout = Layout::parse("forces:R:3:tag:I:1:pos:R:3:species:S:1:fixed:L:3:Z:I:1").unwrap();
        assert_eq!(layout.width, 12);
        assert_eq!(layout.fields[0], Field::Data { name: "forces".into(), kind: Kind::Real, width: 3 });
        assert_eq!(layout.fields[2..4], [Field::Position, Field::Skipped]);
        let names = [0, 3, 4, 7, 8, 11].map(|column| layout.field_of(column).unwrap().name());
        assert_eq!(names, ["forces", "tag", "pos", "species", "fixed", "Z"]);
        assert_eq!(layout.field_of(12), None);
    }

    #[test]
    fn nonsense_is_refused() {
        let wrong = [
            "",
            "species",
            "species:S:1",
            "pos:R:3",
            "species:S:1:pos:R:2",
            "species:S:1:pos:R:3:pos:R:3",
            "species:S:1:pos:R:3:a:R:0",
            "species:S:1:pos:R:3:a:R:x",
            "species:S:1:pos:R:3:a:Q:1",
            "species:S:1:pos:R:3:a:R:1:a:I:1",
            "species:R:1:pos:R:3",
            "Z:S:1:pos:R:3",
            "species:S:1:pos:R:3:q:R",
        ];
        for text in wrong {
            assert!(Layout::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn absurd_widths_do_not_overflow() {
        let text = format!("species:S:1:pos:R:3:a:R:{}:b:R:{}", usize::MAX, usize::MAX);
        assert_eq!(Layout::parse(&text).unwrap().width, usize::MAX);
    }
}
