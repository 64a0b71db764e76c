//! The one error type of the crate.

/// What the readers return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file could not be read further.
///
/// The content is independent of the file's name: the caller knows the path and puts it in front.
/// Frames are counted from 0, like every index of frames; lines from 1, like in an editor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system, or the decompressor, refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file has no frame at all.
    #[error("the file is empty, expected at least one frame")]
    Empty,
    /// Something that does not belong there.
    #[error("frame {frame}, line {line}: got {got}, expected {expected}")]
    Format {
        /// Frame, counted from 0.
        frame: usize,
        /// Line of the file, counted from 1.
        line: usize,
        /// What stands there.
        got: String,
        /// What should stand there.
        expected: String,
    },
    /// The file ends inside a frame; all frames before it are whole.
    #[error("frame {frame}, line {line}: the file ends inside this frame: {missing}; the frames before it are whole")]
    Truncated {
        /// Frame, counted from 0.
        frame: usize,
        /// Line of the file where the frame starts, counted from 1.
        line: usize,
        /// What is missing.
        missing: String,
    },
    /// An argument makes no sense, by itself or for this file.
    #[error("{name}: got {got}, expected {expected}")]
    Argument {
        /// Name of the argument.
        name: &'static str,
        /// What was given.
        got: String,
        /// What should be given.
        expected: String,
    },
    /// Reading cannot go on where it stopped, for the file ends before.
    #[error("reading was to go on at byte {offset}, but the file has only {size}: was it replaced or cut since?")]
    Shrunk {
        /// Where reading was to go on.
        offset: u64,
        /// Bytes of the (decompressed) file.
        size: u64,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// A complaint about a piece of text that does not know yet where in the file it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub got: String,
    pub expected: String,
}

impl Fault {
    pub fn new(got: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { got: got.into(), expected: expected.into() }
    }

    pub fn at(self, frame: usize, line: usize) -> Error {
        Error::Format { frame, line, got: self.got, expected: self.expected }
    }
}

/// Longest excerpt of a file that a message shows.
const EXCERPT: usize = 40;

/// File content as it may stand in a message: quoted, printable, short.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * EXCERPT)]);
    let short: String = head.chars().take(EXCERPT).collect();
    let more = if short.len() < bytes.len() { "…" } else { "" };
    format!("'{}{more}'", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt(b"abc"), "'abc'");
        assert_eq!(excerpt(b"\x00\t"), "'\\0\\t'");
        assert!(excerpt(&[0xff; 10_000]).chars().count() < 50);
    }
}
