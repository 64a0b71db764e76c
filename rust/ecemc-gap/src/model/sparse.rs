//! Files that a model names, and the numbers in them.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use super::{Files, number};
use crate::error::excerpt;
use crate::{Error, Result};

/// The bytes of a file that the model names.
pub(super) fn file(name: &str, place: &str, files: &Files) -> Result<Vec<u8>> {
    check_name(name, place)?;
    files(name).map_err(|source| Error::File { place: place.into(), name: excerpt(name), source })
}

/// Refuses names that lead elsewhere than beside the model: it may come from anyone.
fn check_name(name: &str, place: &str) -> Result<()> {
    let leads_away = name.starts_with(['/', '\\']) || name.contains(':') || name.contains('\0');
    if name.is_empty() || leads_away || name.split(['/', '\\']).any(|part| part == "..") {
        let expected = "the name of a file beside the model: put it there and correct the name";
        return Err(Error::format(place, format!("the file name {}", excerpt(name)), expected));
    }
    Ok(())
}

/// Refuses bytes whose MD5 sum is not `expected`, hexadecimal; an empty one says nothing.
pub(super) fn check_md5(bytes: &[u8], expected: &str, name: &str) -> Result<()> {
    let expected = expected.trim();
    if expected.is_empty() {
        return Ok(());
    }
    let sum = Md5::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    if sum.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let expected = format!(
        "{} as the model says: the file is cut, changed or of another model; copy it again, or remove sparseX_md5sum \
         if the change was meant",
        excerpt(expected)
    );
    Err(Error::format(name, format!("MD5 sum {sum}"), expected))
}

/// The sparse points of a separate file: exactly `wanted` numbers.
pub(super) fn points(bytes: &[u8], wanted: usize, name: &str) -> Result<Vec<f64>> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::format(name, format!("byte {} that is no text", error.valid_up_to()), "numbers"))?;
    let mut values = Vec::new();
    for (line, row) in text.lines().enumerate() {
        let place = || format!("{name}, line {}", line + 1);
        numbers(row, &place, &mut values)?;
        if values.len() > wanted {
            return Err(Error::format(place(), "more numbers", format!("{wanted}, sparse points times dimensions")));
        }
    }
    if values.len() < wanted {
        let got = format!("{} numbers at the end of the file", values.len());
        return Err(Error::format(name, got, format!("{wanted}, sparse points times dimensions: is it cut?")));
    }
    Ok(values)
}

/// Appends the numbers of a text, separated by blanks.
pub(super) fn numbers(text: &str, place: &dyn Fn() -> String, values: &mut Vec<f64>) -> Result<()> {
    for token in text.split_whitespace() {
        let Some(value) = number::real(token) else {
            return Err(Error::format(place(), excerpt(token), "a finite number"));
        };
        values.push(value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_beside_the_model() {
        for name in ["m.xml.sparseX.GAP1", "data/compress.dat", "a..b"] {
            assert!(check_name(name, "here").is_ok(), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "a/../../x", "C:\\x", "\\\\host\\x", "..", "http://x"] {
            assert!(check_name(name, "here").is_err(), "{name}");
        }
    }

    #[test]
    fn md5_of_the_bytes() {
        assert!(check_md5(b"abc", "900150983cd24fb0d6963f7d28e17f72", "f").is_ok());
        assert!(check_md5(b"abc", " 900150983CD24FB0D6963F7D28E17F72 ", "f").is_ok());
        assert!(check_md5(b"abc", "", "f").is_ok());
        let message = check_md5(b"abd", "900150983cd24fb0d6963f7d28e17f72", "f").unwrap_err().to_string();
        assert!(message.starts_with("f: got MD5 sum ") && message.contains("copy it again"), "{message}");
    }

    #[test]
    fn numbers_are_counted() {
        assert_eq!(points(b"1\n.5D0\n\n-2e-1 4\n", 4, "f").unwrap(), [1.0, 0.5, -0.2, 4.0]);
        let message = |bytes: &[u8]| points(bytes, 2, "f").unwrap_err().to_string();
        assert_eq!(message(b"1\nnan\n"), "f, line 2: got 'nan', expected a finite number");
        assert!(message(b"1\n").starts_with("f: got 1 numbers at the end"));
        assert!(message(b"1\n2\n3\n").starts_with("f, line 3: got more numbers"));
        assert!(message(b"1\n\xff").contains("byte 2"));
    }
}
