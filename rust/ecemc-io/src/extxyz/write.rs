//! From frames to extended XYZ: every number in the fewest digits that read back as the same number.

use std::io::Write as _;

use super::header::classify;
use crate::elements::SYMBOLS;
use crate::frame::{Array, Column, ColumnData, Frame, Value};

/// What turns velocities into the momenta that extended XYZ knows.
#[derive(Debug, Clone)]
pub struct Momenta<'a> {
    /// Masses by atomic number, for frames without a column `masses`.
    pub masses: &'a [f64],
    /// Momentum of a unit mass at 1 Å/fs, in the unit of the file.
    pub unit: f64,
}

/// Why a frame has no form in extended XYZ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: got {got}, expected {expected}")]
pub struct Unwritable {
    what: String,
    got: String,
    expected: &'static str,
}

/// Appends a frame as extended XYZ text.
///
/// What the reader of this crate makes of it equals the frame, except that velocities become a column `momenta` and
/// arrays of more than one dimension (other than `virial` and `stress`) become texts of JSON, as ASE writes them.
///
/// # Errors
/// [`Unwritable`] for names and texts that the format has no place for: empty, with blanks or colons in them.
///
/// ```
/// use ecemc_io::{Frame, Momenta, Value, write_extxyz};
///
/// let frame = Frame {
///     numbers: vec![2],
///     positions: vec![[0.0, 0.5, 0.1]],
///     info: vec![("step".into(), Value::Int(7))],
///     ..Frame::default()
/// };
/// let mut text = Vec::new();
/// write_extxyz(&frame, &Momenta { masses: &[], unit: 1.0 }, &mut text)?;
/// assert_eq!(text, b"1\nProperties=species:S:1:pos:R:3 step=7 pbc=\"F F F\"\nHe 0.0 0.5 0.1\n");
/// # Ok::<(), ecemc_io::Unwritable>(())
/// ```
pub fn write_extxyz(frame: &Frame, momenta: &Momenta<'_>, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let extra = momenta_column(frame, momenta);
    let columns: Vec<&Column> = frame.columns.iter().chain(&extra).collect();
    out.extend_from_slice(frame.n_atoms().to_string().as_bytes());
    out.push(b'\n');
    header(frame, &columns, out)?;
    rows(frame, &columns, out)
}

/// Velocities as momenta, unless the frame has momenta already.
fn momenta_column(frame: &Frame, momenta: &Momenta<'_>) -> Option<Column> {
    let velocities = frame.velocities.as_ref().filter(|_| frame.column("momenta").is_none())?;
    let masses = frame.masses(momenta.masses);
    let values = velocities.iter().zip(masses.iter()).flat_map(|(v, m)| v.map(|v| m * (v * momenta.unit)));
    Some(Column { name: "momenta".into(), width: 3, data: ColumnData::Real(values.collect()) })
}

fn header(frame: &Frame, columns: &[&Column], out: &mut Vec<u8>) -> Result<(), Unwritable> {
    if let Some(lattice) = frame.lattice {
        pair("Lattice", &words(lattice.as_flattened(), push_real), out);
    }
    out.extend_from_slice(b"Properties=species:S:1:pos:R:3");
    for column in columns {
        let kind = match column.data {
            ColumnData::Real(_) => 'R',
            ColumnData::Int(_) => 'I',
            ColumnData::Bool(_) => 'L',
            ColumnData::Text(_) => 'S',
        };
        if column.name.is_empty() || column.name.contains(|c: char| c.is_whitespace() || ":\"'\\={}[]".contains(c)) {
            return Err(unwritable("column", &column.name, "a name without blanks, colons, quotes and brackets"));
        }
        // Writing to a vector cannot fail.
        let _ = write!(out, ":{}:{kind}:{}", column.name, column.width);
    }
    out.push(b' ');
    for (key, value) in &frame.info {
        if key.is_empty() || matches!(key.as_str(), "Lattice" | "Properties" | "pbc") || key.contains(char::is_control)
        {
            return Err(unwritable("info", key, "a key that is not empty and has no meaning of its own in the format"));
        }
        pair(key, &text_of(key, value), out);
    }
    let flags = frame.pbc.map(|flag| if flag { "T" } else { "F" });
    let _ = writeln!(out, "pbc=\"{}\"", flags.join(" "));
    Ok(())
}

fn unwritable(what: &str, got: &str, expected: &'static str) -> Unwritable {
    Unwritable { what: what.into(), got: format!("{got:?}"), expected }
}

/// `key=value `, quoted where it must be.
fn pair(key: &str, value: &str, out: &mut Vec<u8>) {
    quote(key, out);
    out.push(b'=');
    quote(value, out);
    out.push(b' ');
}

fn quote(text: &str, out: &mut Vec<u8>) {
    if text.chars().all(|c| c.is_alphanumeric() || "_-+.:/".contains(c)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for &byte in text.as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// The text of a value: bare where the reader takes it for what it is, else JSON after the mark that ASE uses.
fn text_of(key: &str, value: &Value) -> String {
    match value {
        Value::Bool(flag) => scalar(*flag, push_bool),
        Value::Int(number) => scalar(*number, push_int),
        Value::Real(number) => scalar(*number, push_real),
        Value::Text(text) if text.starts_with("_JSON ") || reads_back(text) => text.clone(),
        Value::Text(text) => format!("_JSON {}", json_text(text)),
        Value::BoolArray(array) => array_text(key, array, push_bool, bool::to_string),
        Value::IntArray(array) => array_text(key, array, push_int, i64::to_string),
        Value::RealArray(array) => array_text(key, array, push_real, |number| json_real(*number)),
        Value::TextArray(array) => format!("_JSON {}", json_array(array, |text| json_text(text))),
    }
}

/// Whether a text, once quoted, is read as that text by this reader and by ASE's.
fn reads_back(text: &str) -> bool {
    !text.contains(char::is_control)
        && text.contains(|c: char| !c.is_whitespace() && c != ',')
        && matches!(classify(text.to_owned()), Value::Text(_))
}

fn array_text<T: Copy>(key: &str, array: &Array<T>, push: fn(&mut Vec<u8>, T), json: fn(&T) -> String) -> String {
    let matrix = matches!(key, "virial" | "stress");
    match array.columns {
        // By old custom these two are written column by column.
        Some(3) if matrix && array.values.len() == 9 => {
            words(&[0, 3, 6, 1, 4, 7, 2, 5, 8].map(|k| array.values[k]), push)
        }
        None if array.values.len() > 1 && !(matrix && array.values.len() == 9) => words(&array.values, push),
        _ => format!("_JSON {}", json_array(array, json)),
    }
}

fn json_array<T>(array: &Array<T>, json: impl Fn(&T) -> String) -> String {
    let row = |values: &[T]| format!("[{}]", values.iter().map(&json).collect::<Vec<_>>().join(", "));
    match array.columns {
        None => row(&array.values),
        Some(columns) => format!("[{}]", array.values.chunks(columns.max(1)).map(row).collect::<Vec<_>>().join(", ")),
    }
}

fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => json.extend(format!("\\u{:04x}", c as u32).chars()),
            c => json.push(c),
        }
    }
    json + "\""
}

/// As Python's `json` writes and reads what JSON itself has no word for.
fn json_real(number: f64) -> String {
    match number {
        x if x.is_nan() => "NaN".into(),
        x if x.is_infinite() => if x > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        x => scalar(x, push_real),
    }
}

fn scalar<T: Copy>(value: T, push: fn(&mut Vec<u8>, T)) -> String {
    words(&[value], push)
}

fn words<T: Copy>(values: &[T], push: fn(&mut Vec<u8>, T)) -> String {
    let mut text = Vec::with_capacity(20 * values.len());
    for (k, &value) in values.iter().enumerate() {
        if k > 0 {
            text.push(b' ');
        }
        push(&mut text, value);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn push_real(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(zmij::Buffer::new().format(number).as_bytes());
}

fn push_int(out: &mut Vec<u8>, number: i64) {
    let _ = write!(out, "{number}");
}

fn push_bool(out: &mut Vec<u8>, flag: bool) {
    out.push(if flag { b'T' } else { b'F' });
}

/// One line for each atom.
fn rows(frame: &Frame, columns: &[&Column], out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let texts: Vec<Vec<&str>> = columns.iter().map(|column| texts(column)).collect::<Result<_, _>>()?;
    for (atom, (&number, position)) in frame.numbers.iter().zip(&frame.positions).enumerate() {
        out.extend_from_slice(SYMBOLS[number as usize].as_bytes());
        cells(out, position, push_real);
        for (column, texts) in columns.iter().zip(&texts) {
            let at = atom * column.width..(atom + 1) * column.width;
            match &column.data {
                ColumnData::Real(values) => cells(out, &values[at], push_real),
                ColumnData::Int(values) => cells(out, &values[at], push_int),
                ColumnData::Bool(values) => cells(out, &values[at], push_bool),
                ColumnData::Text(_) => cells(out, &texts[at], |out, text| out.extend_from_slice(text.as_bytes())),
            }
        }
        out.push(b'\n');
    }
    Ok(())
}

fn cells<T: Copy>(out: &mut Vec<u8>, values: &[T], push: fn(&mut Vec<u8>, T)) {
    for &value in values {
        out.push(b' ');
        push(out, value);
    }
}

/// The texts of a column, checked; none for numbers.
fn texts(column: &Column) -> Result<Vec<&str>, Unwritable> {
    let ColumnData::Text(texts) = &column.data else { return Ok(Vec::new()) };
    let texts: Vec<&str> = texts.iter().collect();
    match texts.iter().find(|text| text.is_empty() || text.contains(char::is_whitespace)) {
        Some(text) => {
            let column = format!("column {}", column.name);
            Err(unwritable(&column, text, "texts that are not empty and have no blanks"))
        }
        None => Ok(texts),
    }
}
