//! The one error type of the crate.

use std::io;

/// What the crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model could not be read or evaluated.
///
/// Messages name what, where, what was got and what was expected; the name of the model's file is put in front by the
/// caller, who knows it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model file, a sparse file or a descriptor string is not what it should be.
    #[error("{place}: got {got}, expected {expected}")]
    Format {
        /// File, line, element or key.
        place: String,
        /// What stands there.
        got: String,
        /// What should stand there, or how to mend it.
        expected: String,
    },
    /// The model may well be sound, but the native engine does not know something that it uses.
    #[error("{place}: {what} is not supported by the native engine, which knows {known}; engine=\"quip\" may know it")]
    Unsupported {
        /// File, line, element or key.
        place: String,
        /// What is asked for, by name.
        what: String,
        /// What could be used instead.
        known: String,
    },
    /// A file that the model names could not be read.
    #[error("{place}: {name} cannot be read: {source}")]
    File {
        /// Line and element that name the file.
        place: String,
        /// Name of the file, as the model gives it.
        name: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// An argument makes no sense.
    #[error("{name}: got {got}, expected {expected}")]
    Argument {
        /// Name of the argument.
        name: &'static str,
        /// What was given.
        got: String,
        /// What should be given.
        expected: String,
    },
    /// The kernels below refused: cell, positions, neighbours, or the caller asked to stop.
    #[error(transparent)]
    Core(#[from] ecemc_core::Error),
}

impl Error {
    /// An [`Error::Format`] from anything that can be shown.
    pub(crate) fn format(place: impl Into<String>, got: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Format { place: tidy(place.into()), got: tidy(got.into()), expected: tidy(expected.into()) }
    }

    /// An [`Error::Unsupported`] from anything that can be shown.
    pub(crate) fn unsupported(place: impl Into<String>, what: impl Into<String>, known: impl Into<String>) -> Self {
        Self::Unsupported { place: tidy(place.into()), what: tidy(what.into()), known: tidy(known.into()) }
    }

    /// An [`Error::Argument`] from anything that can be shown.
    pub fn argument(name: &'static str, got: impl ToString, expected: impl ToString) -> Self {
        Self::Argument { name, got: got.to_string(), expected: expected.to_string() }
    }
}

/// Longest excerpt of a file that a message shows.
const EXCERPT: usize = 60;

/// Text from outside as it may stand in a message: quoted, printable, short.
pub(crate) fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(EXCERPT).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("'{}{more}'", short.escape_debug())
}

/// Longest part of a message.
const LONGEST: usize = 500;

/// Without control characters, and not endless: parts of a message come from outside.
pub(crate) fn tidy(text: String) -> String {
    let fits = text.chars().count() <= LONGEST;
    if fits && !text.chars().any(char::is_control) {
        return text;
    }
    let short = text.chars().take(LONGEST);
    let more = if fits { "" } else { "…" };
    short.map(|c| if c.is_control() { '\u{fffd}' } else { c }).chain(more.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_messages_are_printable_and_short() {
        assert_eq!(tidy("a\0b\n".into()), "a\u{fffd}b\u{fffd}");
        assert_eq!(tidy("é".repeat(1000)).chars().count(), LONGEST + 1);
        assert_eq!(excerpt(&"x".repeat(100)).len(), 60 + "'…'".len());
        assert_eq!(excerpt("a\tb"), "'a\\tb'");
    }
}
