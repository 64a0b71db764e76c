//! Streams: opened, decompressed, continued.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The first bytes of a gzipped file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of the start of a file that are looked at to know what it is.
const HEAD: usize = 4096;

/// A decompressed stream and how it starts.
pub(crate) struct Source<'a> {
    /// The first bytes of the file.
    pub head: Vec<u8>,
    rest: Box<dyn Read + Send + 'a>,
    gzipped: bool,
    /// Bytes of `head` that were given.
    given: usize,
    /// What went wrong while the head was read.
    failed: Option<io::Error>,
    /// Bytes of the file before what [`Read::read`] gives next.
    pub offset: u64,
}

impl Source<'static> {
    /// Opens a file and jumps to byte `offset` if that is possible: if it is neither compressed nor a pipe.
    pub fn open(path: &Path, offset: u64) -> Result<Self> {
        let mut source = Source::new(File::open(path)?)?;
        let metadata = path.metadata()?;
        if offset > source.head.len() as u64 && !source.gzipped && metadata.is_file() {
            let size = metadata.len();
            if offset > size {
                return Err(Error::Shrunk { offset, size });
            }
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            (source.rest, source.given, source.offset) = (Box::new(file), source.head.len(), offset);
        }
        Ok(source)
    }
}

impl<'a> Source<'a> {
    /// Reads the head of a stream, which is decompressed if it starts like gzip.
    pub fn new(mut stream: impl Read + Send + 'a) -> Result<Self> {
        let mut magic = Vec::with_capacity(2);
        stream.by_ref().take(2).read_to_end(&mut magic)?;
        let gzipped = magic == GZIP;
        let whole = Cursor::new(magic).chain(stream);
        let mut rest: Box<dyn Read + Send + 'a> = if gzipped {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)))
        } else {
            Box::new(whole)
        };
        let mut head = Vec::with_capacity(HEAD);
        let failed = rest.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
        Ok(Self { head, rest, gzipped, given: 0, failed, offset: 0 })
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match self.head.get(self.given..) {
            Some(head) if !head.is_empty() => {
                let n = head.len().min(buffer.len());
                buffer[..n].copy_from_slice(&head[..n]);
                self.given += n;
                n
            }
            _ => match self.failed.take() {
                Some(error) => return Err(error),
                None => self.rest.read(buffer)?,
            },
        };
        self.offset += n as u64;
        Ok(n)
    }
}
