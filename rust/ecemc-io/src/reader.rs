//! From a stream of bytes to frames, chunk by chunk.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use ecemc_core::Workers;
use rayon::prelude::*;

use crate::chunks::{Chunk, Chunks};
use crate::error::{Error, Result};
use crate::format::{Format, Parser};
use crate::frame::Frame;
use crate::lammps::{Meaning, Types, Units, units_of};
use crate::scan::Position;
use crate::source::Source;

/// Which frames of a file are wanted: `start`, `start + step`, … below `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// First frame.
    pub start: usize,
    /// Frame to stop before.
    pub stop: usize,
    /// Distance of one frame to the next; 0 counts as 1.
    pub step: usize,
}

impl Selection {
    /// Every frame.
    pub fn all() -> Self {
        Self { start: 0, stop: usize::MAX, step: 1 }
    }

    pub(crate) fn holds(&self, frame: usize) -> bool {
        (self.start..self.stop).contains(&frame) && (frame - self.start).is_multiple_of(self.step.max(1))
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::all()
    }
}

/// What to do about a last frame that is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Incomplete {
    /// It is an error, after the frames before it.
    #[default]
    Error,
    /// The frames end before it; [`Reader::truncated`] says so. A last line without a line end counts as cut off too, since
    /// whoever writes the file may not have come to its end.
    Stop,
}

/// How to read a file; the default reads all of it and tells the format by its content.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Format; by default told by the first line, extended XYZ if in doubt.
    pub format: Option<Format>,
    /// Which frames.
    pub selection: Selection,
    /// Elements of the atom types of a LAMMPS dump; where given, they count more than a column `element` or `mass`.
    pub types: Option<Types>,
    /// Units of a LAMMPS dump; by default those that it names, else metal.
    pub units: Option<Units>,
    /// Where to start, as [`Reader::position`] told before. The selection still counts from the start of the file.
    pub position: Position,
    /// What to do about a last frame that is cut off.
    pub incomplete: Incomplete,
}

impl From<Selection> for Options {
    fn from(selection: Selection) -> Self {
        Self { selection, ..Self::default() }
    }
}

/// Reads frames from a stream, plain or gzipped (told by its first bytes).
///
/// Memory holds two chunks of text and one of frames, whatever the length of the file.
///
/// *Extended XYZ* is that of the libAtoms specification, with the leniency of ASE: plain xyz without any key, vectors between
/// `""`, `''`, `{}` or `[]`, spaces around `=`, commas between pairs, blank lines between frames, any line ends.
///
/// *LAMMPS dumps* are text dumps of the styles atom and custom with any columns in any order, in upright, tilted and general
/// boxes. Atoms are sorted by `id` if there is one. Positions are the Cartesian coordinates of LAMMPS, taken from `x y z`,
/// else `xs ys zs`, `xu yu zu` or `xsu ysu zsu`; where the box does not start at zero, its corner is `Origin` in
/// [`Frame::info`], so that fractional coordinates are those of `r − Origin`. (ASE keeps `x` likewise, with the corner as
/// `celldisp`, but leaves the corner out of scaled coordinates.) `vx vy vz` become [`Frame::velocities`] in Å/fs, `fx fy fz` a
/// column `forces` in eV/Å, `q` and `mass` columns `initial_charges` and `masses`; all others keep name and value. `step` and,
/// where the file has it, `time` in fs are in [`Frame::info`]. Elements come from [`Options::types`], else the column
/// `element`, else `mass`.
pub struct Reader<'a> {
    chunks: Chunks<'a>,
    options: Options,
    /// A parser to copy for each thread.
    parser: Parser,
    /// After the frames that are out.
    position: Position,
    /// The chunk to parse next, read while the one before was parsed.
    ahead: Option<Result<Option<Chunk>>>,
    /// What to say after the frames before it are delivered.
    failed: Option<Error>,
    /// An error was delivered, or the end reached.
    over: bool,
    truncated: Option<String>,
    /// The units of a dump are metal for want of any other.
    units_are_assumed: bool,
    /// A frame that is out has numbers that depend on that.
    assumption_counts: bool,
}

impl Reader<'static> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened or read; [`Error::Shrunk`] if it ends before [`Options::position`];
    /// [`Error::Argument`] for units other than those of the file, [`Error::Format`] for unknown ones in the file.
    pub fn open(path: &Path, options: impl Into<Options>) -> Result<Self> {
        let options = options.into();
        Reader::over(Source::open(path, options.position.offset)?, options)
    }
}

impl<'a> Reader<'a> {
    /// Reads from any stream; up to [`Options::position`] it is read and forgotten.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn new(stream: impl Read + Send + 'a, options: impl Into<Options>) -> Result<Self> {
        Self::over(Source::new(stream)?, options.into())
    }

    fn over(source: Source<'a>, options: Options) -> Result<Self> {
        let format = options.format.or_else(|| Format::detect(&source.head)).unwrap_or(Format::Extxyz);
        let named = if format == Format::LammpsDump { units_of(&source.head)? } else { None };
        if let (Some(given), Some(named)) = (options.units, named.filter(|named| Some(*named) != options.units)) {
            let expected = format!("'{}', which the file names", named.name());
            return Err(Error::Argument { name: "units", got: format!("'{}'", given.name()), expected });
        }
        let units = options.units.or(named);
        let meaning = Meaning { types: options.types.clone(), units: units.unwrap_or(Units::Metal) };
        let parser = Parser::new(format, Arc::new(meaning));
        let growing = options.incomplete == Incomplete::Stop;
        Ok(Self {
            chunks: Chunks::new(source, format, parser.clone(), options.position, growing),
            position: options.position,
            options,
            parser,
            ahead: None,
            failed: None,
            over: false,
            truncated: None,
            units_are_assumed: format == Format::LammpsDump && units.is_none(),
            assumption_counts: false,
        })
    }

    /// Where a reader has to start to give the frames after those that this one has given.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What is missing of a last frame that is cut off, once the frames before it are delivered
    /// ([`Incomplete::Stop`]).
    pub fn truncated(&self) -> Option<&str> {
        self.truncated.as_deref()
    }

    /// The units that were taken for those of a LAMMPS dump which does not name any, if a frame delivered so far has
    /// velocities, forces or a time, which depend on them.
    pub fn assumed_units(&self) -> Option<Units> {
        self.assumption_counts.then_some(Units::Metal)
    }

    /// The next frames in order, at least one; none at the end of the file, and after an error.
    ///
    /// With several threads the next chunk of text is read while this one is parsed.
    ///
    /// # Errors
    /// Whatever is wrong with the first frame that is not delivered; [`Error::Interrupted`].
    pub fn next_frames(&mut self, workers: &Workers) -> Result<Option<Vec<Frame>>> {
        loop {
            workers.check().map_err(|_| Error::Interrupted)?;
            if let Some(error) = self.failed.take() {
                self.over = true;
                return self.end(error);
            }
            if self.over {
                return Ok(None);
            }
            let selection = self.options.selection;
            let ahead = self.ahead.take().unwrap_or_else(|| self.chunks.next(&selection, workers.threads()));
            let frames = match ahead {
                Ok(Some(chunk)) => self.parse(chunk, workers),
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.failed = Some(error);
                    continue;
                }
            };
            if !frames.is_empty() {
                self.note(&frames);
                return Ok(Some(frames));
            }
        }
    }

    /// An error, unless it is only that the file is cut off and that is no error here.
    fn end(&mut self, error: Error) -> Result<Option<Vec<Frame>>> {
        let cut_off = match &error {
            Error::Truncated { .. } => true,
            Error::Io(cause) => cause.kind() == ErrorKind::UnexpectedEof,
            _ => false,
        };
        if !cut_off || self.options.incomplete == Incomplete::Error {
            return Err(error);
        }
        self.truncated = Some(match error {
            Error::Io(cause) => format!("the compressed file is cut off ({cause}); the frames before it are whole"),
            error => error.to_string(),
        });
        Ok(None)
    }

    /// Remembers whether assumed units matter.
    fn note(&mut self, frames: &[Frame]) {
        if self.units_are_assumed && !self.assumption_counts {
            let depends =
                |f: &Frame| f.velocities.is_some() || f.column("forces").is_some() || f.info("time").is_some();
            self.assumption_counts = frames.iter().any(depends);
        }
    }

    /// Parses a chunk up to its first fault, and reads the next one meanwhile if there are threads for it.
    fn parse(&mut self, chunk: Chunk, workers: &Workers) -> Vec<Frame> {
        let Chunk { buffer, frames, offset, end } = chunk;
        let (parser, chunks, selection) = (&mut self.parser, &mut self.chunks, &self.options.selection);
        let parsed: Vec<Result<Frame>> = if workers.threads() == 1 {
            frames.iter().map(|raw| parser.parse(raw, &buffer)).collect()
        } else {
            let parse =
                || frames.par_iter().map_init(|| parser.clone(), |parser, raw| parser.parse(raw, &buffer)).collect();
            let (parsed, ahead) = rayon::join(parse, || chunks.next(selection, workers.threads()));
            self.ahead = Some(ahead);
            parsed
        };
        self.chunks.spare = buffer;
        self.position = end;
        let mut whole = Vec::with_capacity(parsed.len());
        for (frame, raw) in parsed.into_iter().zip(&frames) {
            match frame {
                Ok(frame) => whole.push(frame),
                Err(error) => {
                    let offset = offset + raw.range.start as u64;
                    self.position = Position { offset, frame: raw.index, line: raw.line };
                    self.failed = Some(error);
                    break;
                }
            }
        }
        whole
    }
}

/// Counts the frames of a file without parsing them.
///
/// # Errors
/// As [`Reader::next_frames`], except for what is wrong inside of frames; a last frame that is cut off is not counted.
pub fn count_frames(path: &Path, format: Option<Format>, workers: &Workers) -> Result<usize> {
    let selection = Selection { start: usize::MAX, ..Selection::all() };
    let mut reader = Reader::open(path, Options { format, ..selection.into() })?;
    loop {
        workers.check().map_err(|_| Error::Interrupted)?;
        match reader.chunks.next(&selection, 1) {
            Ok(Some(chunk)) => reader.chunks.spare = chunk.buffer,
            Ok(None) | Err(Error::Truncated { .. }) => return Ok(reader.chunks.position().frame),
            Err(error) => return Err(error),
        }
    }
}

/// The format of a file, plain or gzipped, by its first line; none if it is none of ours.
///
/// # Errors
/// [`Error::Io`] if it cannot be opened or read.
pub fn detect_format(path: &Path) -> Result<Option<Format>> {
    Ok(Format::detect(&Source::new(File::open(path)?)?.head))
}
