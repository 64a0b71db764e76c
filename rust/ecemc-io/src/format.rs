//! The formats that the readers know, told apart in one place.

use std::sync::Arc;

use crate::error::Result;
use crate::frame::Frame;
use crate::lammps::Meaning;
use crate::scan::{Head, Position, RawFrame};
use crate::{extxyz, lammps};

/// A format of trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Extended XYZ.
    Extxyz,
    /// The text dump of LAMMPS (`dump atom`, `dump custom`).
    LammpsDump,
}

impl Format {
    /// The format of a file that starts like that; none if it starts like neither.
    ///
    /// ```
    /// use ecemc_io::Format;
    ///
    /// assert_eq!(Format::detect(b"ITEM: TIMESTEP\n0\n"), Some(Format::LammpsDump));
    /// assert_eq!(Format::detect(b" 12\nLattice="), Some(Format::Extxyz));
    /// assert_eq!(Format::detect(b"\x7fELF"), None);
    /// ```
    pub fn detect(head: &[u8]) -> Option<Self> {
        let text = head.trim_ascii_start();
        if text.starts_with(b"ITEM:") {
            return Some(Self::LammpsDump);
        }
        let (line, _) = text.split_at(memchr::memchr(b'\n', text)?);
        crate::lines::parse_count(line.trim_ascii()).map(|_| Self::Extxyz)
    }

    /// The start of the frame that begins at `buffer[from..]`, if it is all there.
    pub(crate) fn head(self, at: Position, buffer: &[u8], from: usize, at_end: bool) -> Result<Option<Head>> {
        match self {
            Self::Extxyz => extxyz::head(at, buffer, from, at_end),
            Self::LammpsDump => lammps::head(at, buffer, from, at_end),
        }
    }

    /// The frame that begins at `buffer[from..]`; none if it is not all there.
    ///
    /// `at_end` tells that nothing follows the buffer.
    pub(crate) fn next(self, at: Position, buffer: &[u8], from: usize, at_end: bool) -> Result<Option<RawFrame>> {
        let Some(head) = self.head(at, buffer, from, at_end)? else { return Ok(None) };
        let frame = head.frame(at, buffer, at_end);
        match self {
            Self::Extxyz => frame,
            Self::LammpsDump => frame.map_err(|error| lammps::explain(error, at, &head, buffer)),
        }
    }
}

/// Turns the text of frames into [`Frame`]s and remembers what the columns mean from one frame to the next.
#[derive(Debug, Clone)]
pub(crate) enum Parser {
    Extxyz(extxyz::Parser),
    Lammps(lammps::Parser),
}

impl Parser {
    pub fn new(format: Format, meaning: Arc<Meaning>) -> Self {
        match format {
            Format::Extxyz => Self::Extxyz(extxyz::Parser::default()),
            Format::LammpsDump => Self::Lammps(lammps::Parser::new(meaning)),
        }
    }

    /// Parses the frame `raw` of `buffer`.
    pub fn parse(&mut self, raw: &RawFrame, buffer: &[u8]) -> Result<Frame> {
        match self {
            Self::Extxyz(parser) => parser.parse(raw, buffer),
            Self::Lammps(parser) => parser.parse(raw, buffer),
        }
    }
}
