//! The extended XYZ format.
//!
//! Follows the specification of libAtoms/extxyz, and ASE where that is more lenient; see [`crate::Reader`].

mod columns;
mod header;
mod rows;
mod scan;
mod write;

use self::columns::Layout;
use crate::error::{Error, Fault, Result};
use crate::frame::{Frame, Value};
use crate::scan::RawFrame;

pub(crate) use self::scan::head;
pub use self::write::{Momenta, Unwritable, write_extxyz};

/// Turns the text of frames into [`Frame`]s and remembers what the columns mean from one frame to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parser {
    layout: Layout,
}

impl Parser {
    /// Parses the frame `raw` of `buffer`.
    pub fn parse(&mut self, raw: &RawFrame, buffer: &[u8]) -> Result<Frame> {
        let at = |line: usize| move |fault: Fault| fault.at(raw.index, raw.line + line);
        let (_count, text) = split_line(&buffer[raw.range.clone()]);
        let (comment, rows) = split_line(text);
        let mut frame =
            Frame { info: header::parse(&String::from_utf8_lossy(comment)).map_err(at(1))?, ..Frame::default() };
        let named = self.understand(&mut frame).map_err(at(1))?;
        rows::parse(&self.layout, rows, raw.n_atoms, named, &mut frame).map_err(|(row, fault)| {
            if raw.unfinished && row + 1 == raw.n_atoms {
                let missing = format!("its last row ends after {}", fault.got);
                return Error::Truncated { frame: raw.index, line: raw.line, missing };
            }
            at(2 + row)(fault)
        })?;
        Ok(frame)
    }

    /// Takes what has a place of its own out of `info`; says whether the columns are named.
    fn understand(&mut self, frame: &mut Frame) -> std::result::Result<bool, Fault> {
        let lattice = take(frame, "Lattice").map(|value| lattice(&value)).transpose()?;
        let pbc = take(frame, "pbc").map(|value| flags(&value)).transpose()?;
        frame.lattice = lattice;
        frame.pbc = pbc.unwrap_or([lattice.is_some(); 3]);
        let properties = take(frame, "Properties");
        match &properties {
            None => self.layout = Layout::default(),
            Some(Value::Text(text)) if *text == self.layout.properties => {}
            Some(Value::Text(text)) => self.layout = Layout::parse(text)?,
            Some(_) => return Err(Fault::new("Properties without columns", "such as Properties=species:S:1:pos:R:3")),
        }
        Ok(properties.is_some())
    }
}

/// The first line and what comes after its end.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

fn take(frame: &mut Frame, key: &str) -> Option<Value> {
    let at = frame.info.iter().position(|(k, _)| k == key)?;
    Some(frame.info.remove(at).1)
}

/// Nine numbers row by row, however they are bracketed, or the three of an orthorhombic cell.
fn lattice(value: &Value) -> std::result::Result<[[f64; 3]; 3], Fault> {
    let numbers = value.reals().unwrap_or_default();
    match numbers[..] {
        [ax, ay, az, bx, by, bz, cx, cy, cz] => Ok([[ax, ay, az], [bx, by, bz], [cx, cy, cz]]),
        [a, b, c] => Ok([[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]]),
        _ => Err(Fault::new(format!("Lattice={value:?}"), "nine numbers, the three cell vectors one after the other")),
    }
}

/// Three truth values (or 1 and 0), or one for all.
fn flags(value: &Value) -> std::result::Result<[bool; 3], Fault> {
    let fault = || Fault::new(format!("pbc={value:?}"), "three of T and F, such as pbc=\"T T F\"");
    let flags: Vec<bool> = match value {
        Value::Bool(all) => vec![*all; 3],
        Value::BoolArray(array) => array.values.clone(),
        Value::IntArray(array) if array.values.iter().all(|&k| matches!(k, 0 | 1)) => {
            array.values.iter().map(|&k| k == 1).collect()
        }
        _ => return Err(fault()),
    };
    flags.try_into().map_err(|_| fault())
}
