//! The items of a frame in front of its rows.

use crate::error::{Fault, excerpt};
use crate::lines::parse_count;

/// Longest line that is looked at as part of a header.
const LONGEST_LINE: usize = 1 << 16;

/// A line of a header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Without blanks around it.
    pub text: &'a [u8],
    /// How many lines of the frame are before it.
    pub number: usize,
}

impl Line<'_> {
    /// A complaint about this line.
    pub fn fault(&self, expected: impl Into<String>) -> Misplaced {
        (self.number, Fault::new(excerpt(self.text), expected))
    }
}

/// A fault and the line of the frame, counted from 0, that it is in.
pub(super) type Misplaced = (usize, Fault);

/// Why there is no header.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is not all there.
    Unfinished,
    Wrong(Misplaced),
}

impl From<Misplaced> for Stop {
    fn from(fault: Misplaced) -> Self {
        Self::Wrong(fault)
    }
}

/// What stands in front of the rows, found but not yet understood, except for the number of atoms.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub step: Line<'a>,
    pub time: Option<Line<'a>>,
    pub units: Option<Line<'a>>,
    pub n_atoms: usize,
    /// `ITEM: BOX BOUNDS` and the three lines after it.
    pub bounds: [Line<'a>; 4],
    /// `ITEM: ATOMS`.
    pub columns: Line<'a>,
    /// Bytes and lines up to the rows.
    pub size: usize,
    pub lines: usize,
}

const ITEMS: &str = "ITEM: TIMESTEP, TIME, UNITS, NUMBER OF ATOMS, BOX BOUNDS or ATOMS";

impl<'a> Header<'a> {
    /// Reads the header that `text` starts with. Items may come in any order, with blank lines between.
    pub fn read(text: &'a [u8]) -> Result<Self, Stop> {
        let mut lines = Lines { text, at: 0, number: 0 };
        let (mut step, mut time, mut units, mut n_atoms, mut bounds) = (None, None, None, None, None);
        loop {
            let item = lines.item()?;
            let name = item.text[b"ITEM:".len()..].trim_ascii();
            let again = match name {
                b"TIMESTEP" => step.replace(lines.next()?).is_some(),
                b"TIME" => time.replace(lines.next()?).is_some(),
                b"UNITS" => units.replace(lines.next()?).is_some(),
                b"NUMBER OF ATOMS" => n_atoms.replace(count(lines.next()?)?).is_some(),
                _ if name.starts_with(b"BOX BOUNDS") => {
                    bounds.replace([item, lines.next()?, lines.next()?, lines.next()?]).is_some()
                }
                _ if name.starts_with(b"ATOMS") => {
                    let before = |what: &str| item.fault(format!("ITEM: {what} before ITEM: ATOMS"));
                    return Ok(Self {
                        step: step.ok_or_else(|| before("TIMESTEP"))?,
                        time,
                        units,
                        n_atoms: n_atoms.ok_or_else(|| before("NUMBER OF ATOMS"))?,
                        bounds: bounds.ok_or_else(|| before("BOX BOUNDS"))?,
                        columns: item,
                        size: lines.at,
                        lines: lines.number,
                    });
                }
                _ => return Err(item.fault(ITEMS).into()),
            };
            if again {
                return Err(item.fault("each item once in a frame (is the frame without its ITEM: ATOMS?)").into());
            }
        }
    }
}

fn count(line: Line) -> Result<usize, Misplaced> {
    parse_count(line.text).ok_or_else(|| line.fault("the number of atoms, a whole number"))
}

/// The lines of a text one after the other.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line that is not blank.
    fn next(&mut self) -> Result<Line<'a>, Stop> {
        loop {
            let rest = &self.text[self.at..];
            let end = memchr::memchr(b'\n', rest);
            let line = Line { text: rest[..end.unwrap_or(rest.len())].trim_ascii(), number: self.number };
            let Some(end) = end else {
                let junk = line.text.len() > LONGEST_LINE;
                return Err(if junk { line.fault("a line of less than 65536 bytes").into() } else { Stop::Unfinished });
            };
            (self.at, self.number) = (self.at + end + 1, self.number + 1);
            if !line.text.is_empty() {
                return Ok(line);
            }
        }
    }

    /// The next line, which must start with `ITEM:`; other bytes are refused at once, whether the line ends or not.
    fn item(&mut self) -> Result<Line<'a>, Stop> {
        let place = (self.at, self.number);
        let line = self.next();
        let text = match &line {
            Ok(line) => line.text,
            Err(_) => self.text[self.at..].trim_ascii(),
        };
        if text.starts_with(b"ITEM:") || (line.is_err() && b"ITEM:".starts_with(text)) {
            return line;
        }
        let number = line.as_ref().map_or(place.1, |line| line.number);
        Err(Line { text, number }.fault(ITEMS).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &str = "ITEM: UNITS\nreal\nITEM: TIME\n2.5\nITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\n\
                         ITEM: BOX BOUNDS pp pp ff\n0 1\n0 2\n0 3\nITEM: ATOMS id x y z\n1 0 0 0\n";

    #[test]
    fn items_are_found_with_any_line_ends_and_blank_lines() {
        for text in [FRAME.to_owned(), FRAME.replace('\n', " \r\n"), FRAME.replace('\n', "\n\n")] {
            let header = Header::read(text.as_bytes()).unwrap();
            assert_eq!((header.step.text, header.n_atoms), (&b"5"[..], 2));
            assert_eq!((header.time.unwrap().text, header.units.unwrap().text), (&b"2.5"[..], &b"real"[..]));
            assert_eq!(header.bounds.map(|line| line.text)[1..], [b"0 1", b"0 2", b"0 3"]);
            assert_eq!(header.columns.text, b"ITEM: ATOMS id x y z");
            assert!(text[header.size..].trim_start().starts_with("1 0 0 0"));
        }
    }

    #[test]
    fn half_a_header_waits_for_more() {
        for end in 0..FRAME.find("1 0 0 0").unwrap() {
            assert!(matches!(Header::read(&FRAME.as_bytes()[..end]), Err(Stop::Unfinished)), "{end}");
        }
    }

    #[test]
    fn faults_name_the_line() {
        let wrong = |text: &str| match Header::read(text.as_bytes()) {
            Err(Stop::Wrong((line, fault))) => (line, fault.got, fault.expected),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(wrong("1 2 3").0, 0);
        assert_eq!(wrong(&"x".repeat(100_000)).0, 0);
        assert_eq!(wrong(&FRAME.replace("TIMESTEP", "STEP")).1, "'ITEM: STEP'");
        assert!(wrong(&FRAME.replace("ATOMS\n2", "ATOMS\n-2")).2.contains("number of atoms"));
        assert_eq!(
            wrong("ITEM: ATOMS id\n"),
            (0, "'ITEM: ATOMS id'".into(), "ITEM: TIMESTEP before ITEM: ATOMS".into())
        );
        assert_eq!(wrong("ITEM: TIMESTEP\n1\nITEM: TIMESTEP\n1\n").0, 2);
        assert!(wrong(&FRAME.replace("BOX BOUNDS", "BOX")).2.contains("BOX BOUNDS"));
    }
}
