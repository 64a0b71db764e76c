//! What the tests of the reader share.
#![allow(dead_code, missing_docs)] // each test file uses a part

use std::io::Read;

use ecemc_core::Workers;
use ecemc_io::{Error, Frame, Options, Reader};

/// Frames and the error after them.
pub type Outcome = (Vec<Frame>, Option<Error>);

/// All frames up to the end or the first error, and that error.
pub fn drain(mut reader: Reader<'_>, workers: Workers<'_>) -> Outcome {
    let mut frames = Vec::new();
    loop {
        match reader.next_frames(&workers) {
            Ok(Some(more)) => frames.extend(more),
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(reader.next_frames(&workers).unwrap().is_none(), "nothing follows an error");
                return (frames, Some(error));
            }
        }
    }
}

/// [`drain`] on one thread from bytes in memory, errors at the start included.
pub fn read(bytes: &[u8], options: impl Into<Options>) -> Outcome {
    match Reader::new(bytes, options) {
        Ok(reader) => drain(reader, Workers::serial()),
        Err(error) => (Vec::new(), Some(error)),
    }
}

/// A stream that gives at most so many bytes at a time.
pub struct Trickle<'a>(pub &'a [u8], pub usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(self.0.len()).min(self.1);
        let (now, later) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = later;
        Ok(n)
    }
}

/// Outcomes as text, since NaN is not equal to itself.
pub fn printed(outcome: &Outcome) -> String {
    format!("{:?} {:?}", outcome.0, outcome.1)
}
