//! A stream cut at the ends of frames.

use std::io::{ErrorKind, Read as _};

use crate::error::{Error, Result};
use crate::format::{Format, Parser};
use crate::lines::skip_blank_lines;
use crate::reader::Selection;
use crate::scan::{Position, RawFrame};
use crate::source::Source;

/// Bytes read at once: small enough for the cache of one core, large enough to forget the system call.
const CHUNK: usize = 1 << 19;
/// Larger chunks, wanted to give every thread a few frames, end here, unless a single frame is larger still.
const LARGE_CHUNK: usize = 64 << 20;

/// Some text and the wanted frames in it.
#[derive(Default)]
pub(crate) struct Chunk {
    pub buffer: Vec<u8>,
    pub frames: Vec<RawFrame>,
    /// Place in the stream of the first byte of the buffer.
    pub offset: u64,
    /// Where the next chunk starts.
    pub end: Position,
}

/// Cuts a stream at the ends of frames.
pub(crate) struct Chunks<'a> {
    source: Source<'a>,
    format: Format,
    /// A last line without a line end is not whole, since the file may still grow.
    growing: bool,
    /// To look into frames that are too large to be true.
    parser: Parser,
    /// Where the buffer starts, once the source is there.
    position: Position,
    /// Bytes to read into; the first `filled` of them were read beyond the frames that are out.
    buffer: Vec<u8>,
    filled: usize,
    /// A buffer to use again.
    pub spare: Vec<u8>,
    /// Length of the last frame seen.
    frame_size: usize,
    at_end: bool,
    /// What to say once the frames read before it are out.
    failed: Option<Error>,
}

impl<'a> Chunks<'a> {
    pub fn new(source: Source<'a>, format: Format, parser: Parser, position: Position, growing: bool) -> Self {
        Self {
            source,
            format,
            growing,
            parser,
            position,
            buffer: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            frame_size: 0,
            at_end: false,
            failed: None,
        }
    }

    /// Where the next chunk starts.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next chunk, with the frames of `selection` in it listed, perhaps without any; none at the end.
    pub fn next(&mut self, selection: &Selection, threads: usize) -> Result<Option<Chunk>> {
        if self.position.frame >= selection.stop {
            return Ok(None);
        }
        if self.source.offset < self.position.offset && self.filled == 0 {
            return self.skip();
        }
        let mut target = (3 * threads * self.frame_size).clamp(CHUNK * threads, LARGE_CHUNK.max(CHUNK * threads));
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            self.fill(target);
            let offset = self.position.offset;
            let (frames, end) = self.cut(selection);
            if end > 0 {
                return Ok(Some(Chunk { buffer: self.hand_out(end), frames, offset, end: self.position }));
            }
            if self.at_end && self.failed.is_none() {
                return if self.position.frame == 0 { Err(Error::Empty) } else { Ok(None) };
            }
            if self.filled >= LARGE_CHUNK && self.failed.is_none() {
                self.doubt();
            }
            target = self.filled.saturating_mul(2).max(target);
        }
    }

    /// Reads over what was read by someone else before, a bit at a time so that it can be interrupted.
    fn skip(&mut self) -> Result<Option<Chunk>> {
        self.buffer.resize(CHUNK.max(self.buffer.len()), 0);
        let wanted = self.position.offset;
        for _ in 0..LARGE_CHUNK / CHUNK {
            let room = usize::try_from(wanted - self.source.offset).map_or(CHUNK, |left| left.min(CHUNK));
            match self.source.read(&mut self.buffer[..room]) {
                Ok(0) if room > 0 => return Err(Error::Shrunk { offset: wanted, size: self.source.offset }),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(Chunk { end: self.position, ..Chunk::default() }))
    }

    /// Reads until the buffer holds `target` bytes or the stream ends.
    fn fill(&mut self, target: usize) {
        if self.at_end {
            return;
        }
        // Bytes of earlier chunks stay in the buffer and need not be cleared.
        self.buffer.resize(target.max(self.buffer.len()), 0);
        while self.filled < target {
            match self.source.read(&mut self.buffer[self.filled..target]) {
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

    /// The wanted frames of the buffer and the end of what is known of it; the position moves there.
    fn cut(&mut self, selection: &Selection) -> (Vec<RawFrame>, usize) {
        let buffer = &self.buffer[..self.filled];
        let (mut frames, mut end) = (Vec::new(), 0);
        while self.position.frame < selection.stop {
            let (start, blank) = skip_blank_lines(buffer, end, self.at_end);
            self.position.line += blank;
            self.position.offset += (start - end) as u64;
            end = start;
            match self.format.next(self.position, buffer, start, self.at_end).and_then(|raw| self.settled(raw)) {
                Ok(Some(raw)) => {
                    self.frame_size = raw.range.len();
                    end = raw.range.end;
                    let offset = self.position.offset + raw.range.len() as u64;
                    self.position = Position { offset, frame: raw.index + 1, line: raw.next_line };
                    if selection.holds(raw.index) {
                        frames.push(raw);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    // It stands before anything that went wrong with reading.
                    self.failed = Some(error);
                    break;
                }
            }
        }
        (frames, end)
    }

    /// Refuses a last line without a line end where it may not be all there.
    fn settled(&self, raw: Option<RawFrame>) -> Result<Option<RawFrame>> {
        match raw {
            Some(raw) if raw.unfinished && self.growing => {
                let missing = "its last row has no line end".to_owned();
                Err(Error::Truncated { frame: raw.index, line: raw.line, missing })
            }
            raw => Ok(raw),
        }
    }

    /// Parses the part of a very large frame that is there: if it promises more rows than it has, other things than rows
    /// will turn up, and there is no need to read on to the end of the file.
    fn doubt(&mut self) {
        let buffer = &self.buffer[..self.filled];
        let head = self.format.head(self.position, buffer, 0, false);
        let begun = head.ok().flatten().and_then(|head| head.begun(self.position, buffer));
        self.failed = begun.and_then(|raw| self.parser.parse(&raw, buffer).err());
    }
}
