//! From a stream of bytes to frames, chunk by chunk.

use std::fs::File;
use std::io::{BufReader, Chain, Cursor, ErrorKind, Read};
use std::path::Path;

use ecemc_core::Workers;
use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::extxyz::{Parser, RawFrame, Scanner};
use crate::frame::Frame;

/// Bytes read at once: small enough for the cache of one core, large enough to forget the system call.
const CHUNK: usize = 1 << 19;
/// Larger chunks, wanted to give every thread a few frames, end here, unless a single frame is larger still.
const LARGE_CHUNK: usize = 64 << 20;

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

    fn holds(&self, frame: usize) -> bool {
        (self.start..self.stop).contains(&frame) && (frame - self.start).is_multiple_of(self.step.max(1))
    }
}

/// Reads frames from an extended XYZ stream, plain or gzipped (told by its first bytes).
///
/// Memory holds two chunks of text and one of frames, whatever the length of the file.
///
/// The format is that of the libAtoms specification, with the leniency of ASE: plain xyz without any key, vectors between
/// `""`, `''`, `{}` or `[]`, spaces around `=`, commas between pairs, blank lines between frames, any line ends.
pub struct Reader<'a> {
    chunks: Chunks<'a>,
    selection: Selection,
    /// The chunk to parse next, read while the one before was parsed.
    ahead: Option<Result<Option<Chunk>>>,
    /// What to say after the frames before it are delivered.
    failed: Option<Error>,
    /// An error was delivered.
    over: bool,
    parser: Parser,
}

impl Reader<'static> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened or read.
    pub fn open(path: &Path, selection: Selection) -> Result<Self> {
        Reader::new(File::open(path)?, selection)
    }
}

impl<'a> Reader<'a> {
    /// Reads from any stream.
    ///
    /// # Errors
    /// [`Error::Io`] if its first bytes cannot be read.
    pub fn new(stream: impl Read + Send + 'a, selection: Selection) -> Result<Self> {
        let chunks = Chunks::new(stream)?;
        Ok(Self { chunks, selection, ahead: None, failed: None, over: false, parser: Parser::default() })
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
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let ahead = self.ahead.take().unwrap_or_else(|| self.chunks.next(&self.selection, workers.threads()));
            let frames = match ahead {
                Ok(Some(chunk)) => self.parse(chunk, workers),
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.failed = Some(error);
                    continue;
                }
            };
            if !frames.is_empty() {
                return Ok(Some(frames));
            }
        }
    }

    /// Parses a chunk up to its first fault, and reads the next one meanwhile if there are threads for it.
    fn parse(&mut self, chunk: Chunk, workers: &Workers) -> Vec<Frame> {
        let Chunk { buffer, frames } = chunk;
        let (parser, chunks, selection) = (&mut self.parser, &mut self.chunks, &self.selection);
        let parsed: Vec<Result<Frame>> = if workers.threads() == 1 {
            frames.iter().map(|raw| parser.parse(raw, &buffer)).collect()
        } else {
            let parse =
                || frames.par_iter().map_init(Parser::default, |parser, raw| parser.parse(raw, &buffer)).collect();
            let (parsed, ahead) = rayon::join(parse, || chunks.next(selection, workers.threads()));
            self.ahead = Some(ahead);
            parsed
        };
        self.chunks.spare = buffer;
        let mut whole = Vec::with_capacity(parsed.len());
        for frame in parsed {
            match frame {
                Ok(frame) => whole.push(frame),
                Err(error) => {
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
pub fn count_frames(path: &Path, workers: &Workers) -> Result<usize> {
    let mut chunks = Chunks::new(File::open(path)?)?;
    let none = Selection { start: usize::MAX, stop: usize::MAX, step: 1 };
    loop {
        workers.check().map_err(|_| Error::Interrupted)?;
        match chunks.next(&none, 1) {
            Ok(Some(chunk)) => chunks.spare = chunk.buffer,
            Ok(None) | Err(Error::Truncated { .. }) => return Ok(chunks.scanner.frames()),
            Err(error) => return Err(error),
        }
    }
}

/// Some text and the wanted frames in it.
struct Chunk {
    buffer: Vec<u8>,
    frames: Vec<RawFrame>,
}

/// Cuts a stream at the ends of frames.
struct Chunks<'a> {
    stream: Box<dyn Read + Send + 'a>,
    scanner: Scanner,
    /// Bytes to read into; the first `filled` of them were read beyond the frames that are out.
    buffer: Vec<u8>,
    filled: usize,
    /// A buffer to use again.
    spare: Vec<u8>,
    /// Length of the last frame seen.
    frame_size: usize,
    at_end: bool,
    /// What to say once the frames read before it are out.
    failed: Option<Error>,
}

impl<'a> Chunks<'a> {
    fn new(stream: impl Read + Send + 'a) -> Result<Self> {
        Ok(Self {
            stream: decompressed(stream)?,
            scanner: Scanner::new(),
            buffer: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            frame_size: 0,
            at_end: false,
            failed: None,
        })
    }

    /// The next chunk that holds whole frames, with those of `selection` listed; none at the end.
    fn next(&mut self, selection: &Selection, threads: usize) -> Result<Option<Chunk>> {
        if self.scanner.frames() >= selection.stop {
            return Ok(None);
        }
        let mut target = (3 * threads * self.frame_size).clamp(CHUNK * threads, LARGE_CHUNK.max(CHUNK * threads));
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            self.fill(target);
            let before = self.scanner.frames();
            let (frames, end) = self.cut(selection);
            if self.scanner.frames() > before {
                return Ok(Some(Chunk { buffer: self.hand_out(end), frames }));
            }
            if self.at_end && self.failed.is_none() {
                return if self.scanner.frames() == 0 { Err(Error::Empty) } else { Ok(None) };
            }
            target = self.filled.saturating_mul(2).max(target);
        }
    }

    /// Reads until the buffer holds `target` bytes or the stream ends.
    fn fill(&mut self, target: usize) {
        if self.at_end {
            return;
        }
        // Bytes of earlier chunks stay in the buffer and need not be cleared.
        self.buffer.resize(target.max(self.buffer.len()), 0);
        while self.filled < target {
            match self.stream.read(&mut self.buffer[self.filled..target]) {
                Ok(0) => {
                    self.at_end = true;
                    return;
                }
                Ok(n) => self.filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error.into());
                    return;
                }
            }
        }
    }

    /// Gives the buffer away and keeps what is in it from `end` on.
    fn hand_out(&mut self, end: usize) -> Vec<u8> {
        let mut next = std::mem::take(&mut self.spare);
        let rest = &self.buffer[end..self.filled];
        next.resize(rest.len().max(next.len()), 0);
        next[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
        std::mem::replace(&mut self.buffer, next)
    }

    /// The wanted frames of the buffer and the end of the last whole one.
    fn cut(&mut self, selection: &Selection) -> (Vec<RawFrame>, usize) {
        let buffer = &self.buffer[..self.filled];
        let (mut frames, mut end) = (Vec::new(), 0);
        while self.scanner.frames() < selection.stop {
            match self.scanner.next(buffer, end, self.at_end) {
                Ok(Some(raw)) => {
                    self.frame_size = raw.range.end - end;
                    end = raw.range.end;
                    if selection.holds(raw.index) {
                        frames.push(raw);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.failed.get_or_insert(error);
                    break;
                }
            }
        }
        (frames, end)
    }
}

type Prefixed<S> = Chain<Cursor<Vec<u8>>, S>;

/// The stream itself, or what it holds if it starts like gzip.
fn decompressed<'a>(mut stream: impl Read + Send + 'a) -> Result<Box<dyn Read + Send + 'a>> {
    let mut head = Vec::with_capacity(2);
    stream.by_ref().take(2).read_to_end(&mut head)?;
    let gzipped = head == [0x1f, 0x8b];
    let whole: Prefixed<_> = Cursor::new(head).chain(stream);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))) } else { Box::new(whole) })
}
