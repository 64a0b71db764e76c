//! The text dump of LAMMPS (`dump atom` and `dump custom`).
//!
//! Follows the documentation of LAMMPS, and ASE where that has a convention; see [`crate::Reader`].

mod assemble;
mod columns;
mod domain;
mod header;
mod order;
mod rows;
mod types;
mod units;

use std::sync::Arc;

use self::columns::Layout;
use self::domain::Domain;
use self::header::{Header, Misplaced, Stop};
use self::rows::Table;
use crate::error::{Error, Fault, Result};
use crate::frame::Frame;
use crate::scan::{Head, Position, RawFrame};

pub use self::types::Types;
pub use self::units::Units;

/// What the caller and the start of the file say about the numbers of a file.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    /// Elements of the types, if the caller gives them.
    pub types: Option<Types>,
    pub units: Units,
}

/// The units that a file which starts like that names.
///
/// # Errors
/// If we do not know them.
pub(crate) fn units_of(head: &[u8]) -> Result<Option<Units>> {
    let Some(text) = head.trim_ascii_start().strip_prefix(b"ITEM: UNITS") else { return Ok(None) };
    let name = crate::cursor::words(text).next().unwrap_or_default();
    if let Some(units) = known_units(name) {
        return Ok(Some(units));
    }
    Err(Fault::new(crate::error::excerpt(name), "units metal or real (lengths in Å)").at(0, 2))
}

fn known_units(name: &[u8]) -> Option<Units> {
    std::str::from_utf8(name).ok().and_then(Units::named)
}

/// The header of the frame that starts at `buffer[from..]`, where a line that is not blank is known to start; none if it is
/// not all there.
pub(crate) fn head(at: Position, buffer: &[u8], from: usize, at_end: bool) -> Result<Option<Head>> {
    let text = &buffer[from..];
    match Header::read(text) {
        Ok(Header { n_atoms, size, lines, .. }) => {
            Ok(Some(Head { n_atoms, start: from, body: from + size, lines, comments: 0 }))
        }
        Err(Stop::Unfinished) if !at_end || text.is_empty() => Ok(None),
        Err(Stop::Unfinished) => {
            let missing = "its header is not complete".to_owned();
            Err(Error::Truncated { frame: at.frame, line: at.line, missing })
        }
        Err(Stop::Wrong((line, mut fault))) => {
            if line == 0 && !fault.got.starts_with("'ITEM:") {
                fault.expected = match at.frame {
                    0 => "ITEM: TIMESTEP, the start of a LAMMPS dump".into(),
                    _ => "ITEM: TIMESTEP of the next frame (does the frame before have more rows than it says?)".into(),
                };
            }
            Err(fault.at(at.frame, at.line + line))
        }
    }
}

/// A frame that seems to be cut off may be one that promises too many rows.
pub(crate) fn explain(error: Error, at: Position, head: &Head, buffer: &[u8]) -> Error {
    let rows = &buffer[head.body..];
    let Some(end) = memchr::memmem::find(rows, b"\nITEM:") else { return error };
    let n = crate::lines::line_ends(&rows[..=end]);
    let got = format!("the next ITEM: after {n} rows");
    Fault::new(got, format!("{} rows, the number of atoms of the frame", head.n_atoms))
        .at(at.frame, at.line + head.lines + n)
}

/// Turns the text of frames into [`Frame`]s and remembers what the columns mean from one frame to the next.
#[derive(Debug, Clone)]
pub(crate) struct Parser {
    meaning: Arc<Meaning>,
    layout: Layout,
}

impl Parser {
    pub fn new(meaning: Arc<Meaning>) -> Self {
        Self { meaning, layout: Layout::default() }
    }

    /// Parses the frame `raw` of `buffer`.
    pub fn parse(&mut self, raw: &RawFrame, buffer: &[u8]) -> Result<Frame> {
        let text = &buffer[raw.range.clone()];
        let at = |(line, fault): Misplaced| fault.at(raw.index, raw.line + line);
        let header = match Header::read(text) {
            Ok(header) => header,
            Err(Stop::Wrong(fault)) => return Err(at(fault)),
            Err(Stop::Unfinished) => return Err(at((0, Fault::new("half a header", "all of it")))),
        };
        let domain = Domain::read(&header.bounds).map_err(at)?;
        let info = assemble::info(&header, &domain, self.meaning.units).map_err(at)?;
        if !self.layout.is_of(&header.columns) {
            self.layout = Layout::parse(&header.columns).map_err(at)?;
        }
        let mut table = self.table(raw, &header, &text[header.size..])?;
        let mut numbers = assemble::numbers(&mut table, &header, &self.meaning).map_err(at)?;
        if let Some(order) = assemble::order(&table, &header).map_err(at)? {
            table.arrange(&order);
            numbers = order.iter().map(|&row| numbers[row as usize]).collect();
        }
        Ok(assemble::frame(numbers, table, &domain, info, self.meaning.units))
    }

    fn table(&self, raw: &RawFrame, header: &Header, rows: &[u8]) -> Result<Table> {
        let skip_elements = self.meaning.types.is_some();
        Table::read(&self.layout, skip_elements, rows, raw.n_atoms).map_err(|(row, fault)| {
            if raw.unfinished && row + 1 == raw.n_atoms {
                let missing = format!("its last row ends after {}", fault.got);
                return Error::Truncated { frame: raw.index, line: raw.line, missing };
            }
            fault.at(raw.index, raw.line + header.lines + row)
        })
    }
}
