//! The simulation box.

use super::header::{Line, Misplaced};
use crate::cursor::words;
use crate::number::parse_real;

/// Cell vectors, the corner that they start from, and periodicity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Domain {
    pub lattice: [[f64; 3]; 3],
    pub origin: [f64; 3],
    pub pbc: [bool; 3],
}

impl Domain {
    /// Understands `ITEM: BOX BOUNDS` and its three lines.
    ///
    /// Without boundary flags, as LAMMPS wrote before 2009 and other programs still do, the box counts as periodic, like a
    /// lattice in extended XYZ.
    pub fn read(bounds: &[Line; 4]) -> Result<Self, Misplaced> {
        let [title, walls @ ..] = bounds;
        let words: Vec<&[u8]> = words(title.text).skip(3).collect();
        let (kind, flags) = match words.len().checked_sub(3) {
            Some(n) if words[n..].iter().all(|word| is_boundary(word)) => words.split_at(n),
            _ => (&words[..], &[][..]),
        };
        let pbc = [0, 1, 2].map(|k| flags.get(k).is_none_or(|flag| flag.contains(&b'p')));
        let (lattice, origin) = match kind {
            [] if words_in(&walls[0]) == 3 => restricted(rows(walls, "xlo xhi xy")?, [0, 1, 2]),
            [] => {
                let [x, y, z] = rows(walls, "lo hi")?;
                restricted([x, y, z].map(|[lo, hi]| [lo, hi, 0.0]), [0, 1, 2])
            }
            [b"abc", b"origin"] => general(rows(walls, "the three components of a cell vector and one of the origin")?),
            [_, _, _] => {
                let places = tilts(title, kind)?;
                restricted(rows(walls, "lo hi tilt")?, places)
            }
            _ => return Err(unknown(title)),
        };
        let general = kind.first() == Some(&&b"abc"[..]);
        for (wall, k) in walls.iter().zip(0..3) {
            if lattice[k][k] < 0.0 && !general {
                return Err(wall.fault("a lower bound, then a higher one (in a tilted box both include the tilt)"));
            }
        }
        Ok(Self { lattice, origin, pbc })
    }

    /// Cartesian coordinates of scaled ones.
    pub fn unscaled(&self, s: [f64; 3]) -> [f64; 3] {
        let [a, b, c] = self.lattice;
        [0, 1, 2].map(|k| self.origin[k] + (s[0] * a[k] + s[1] * b[k] + s[2] * c[k]))
    }
}

/// Two letters: periodic, fixed, shrink-wrapped, shrink-wrapped with a minimum.
fn is_boundary(word: &[u8]) -> bool {
    matches!(word, [a, b] if b"pfsm".contains(a) && b"pfsm".contains(b))
}

#[cold]
fn unknown(title: &Line) -> Misplaced {
    title.fault("ITEM: BOX BOUNDS, then nothing, 'xy xz yz' or 'abc origin', then flags such as 'pp pp pp'")
}

fn words_in(line: &Line) -> usize {
    words(line.text).count()
}

/// Where xy, xz and yz stand.
fn tilts(title: &Line, names: &[&[u8]]) -> Result<[usize; 3], Misplaced> {
    let place = |name: &[u8]| names.iter().position(|&word| word == name).ok_or_else(|| unknown(title));
    Ok([place(b"xy")?, place(b"xz")?, place(b"yz")?])
}

fn rows<const N: usize>(walls: &[Line], expected: &str) -> Result<[[f64; N]; 3], Misplaced> {
    let mut rows = [[0.0; N]; 3];
    for (row, line) in rows.iter_mut().zip(walls) {
        let fault = || line.fault(format!("{N} numbers: {expected}"));
        let numbers: Option<Vec<f64>> = words(line.text).map(parse_real).collect();
        *row = numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(fault)?;
    }
    Ok(rows)
}

/// Each row: a cell vector and a component of the origin.
fn general(rows: [[f64; 4]; 3]) -> ([[f64; 3]; 3], [f64; 3]) {
    (rows.map(|[x, y, z, _]| [x, y, z]), rows.map(|row| row[3]))
}

/// a = (lx, 0, 0), b = (xy, ly, 0), c = (xz, yz, lz); the bounds are those of the smallest upright box around the tilted one
/// (LAMMPS documentation, "Triclinic simulation boxes").
fn restricted(rows: [[f64; 3]; 3], tilts: [usize; 3]) -> ([[f64; 3]; 3], [f64; 3]) {
    let [xy, xz, yz] = tilts.map(|k| rows[k][2]);
    let [[x_low, x_high, _], [y_low, y_high, _], [z_low, z_high, _]] = rows;
    let [x_low, y_low] = [x_low - xy.min(0.0) - xz.min(0.0), y_low - yz.min(0.0)];
    let [x_high, y_high] = [x_high - xy.max(0.0) - xz.max(0.0), y_high - yz.max(0.0)];
    let lattice = [[x_high - x_low, 0.0, 0.0], [xy, y_high - y_low, 0.0], [xz, yz, z_high - z_low]];
    (lattice, [x_low, y_low, z_low])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Result<Domain, Misplaced> {
        let mut lines = text.lines().enumerate().map(|(number, text)| Line { text: text.as_bytes(), number });
        Domain::read(&std::array::from_fn(|_| lines.next().unwrap()))
    }

    #[test]
    fn upright_boxes() {
        let got = domain("ITEM: BOX BOUNDS pp ff sm\n-1 1\n0 3\n5e-1 4.5\n").unwrap();
        assert_eq!(got.lattice, [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]);
        assert_eq!((got.origin, got.pbc), ([-1.0, 0.0, 0.5], [true, false, false]));
        assert_eq!(got.unscaled([0.5, 0.0, 1.0]), [0.0, 0.0, 4.5]);
        assert_eq!(domain("ITEM: BOX BOUNDS\n0 1\n0 1\n0 1\n").unwrap().pbc, [true; 3]);
    }

    #[test]
    fn tilted_boxes_in_every_notation() {
        let (lattice, origin) = ([[5.0, 0.0, 0.0], [-1.0, 6.0, 0.0], [0.5, 2.0, 7.0]], [1.0, 2.0, 3.0]);
        for text in [
            "ITEM: BOX BOUNDS xy xz yz pp pp pp\n0 6.5 -1\n2 10 0.5\n3 10 2",
            "ITEM: BOX BOUNDS yz xz xy pp pp pp\n0 6.5 2\n2 10 0.5\n3 10 -1",
            "ITEM: BOX BOUNDS xy xz yz\n0 6.5 -1\n2 10 0.5\n3 10 2",
            "ITEM: BOX BOUNDS\n0 6.5 -1\n2 10 0.5\n3 10 2",
            "ITEM: BOX BOUNDS abc origin pp pp pp\n5 0 0 1\n-1 6 0 2\n0.5 2 7 3",
        ] {
            assert_eq!(domain(text).unwrap(), Domain { lattice, origin, pbc: [true; 3] }, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, line) in [
            ("ITEM: BOX BOUNDS pp pp\n0 1\n0 1\n0 1\n", 0),
            ("ITEM: BOX BOUNDS xy xz zz pp pp pp\n0 1 0\n0 1 0\n0 1 0\n", 0),
            ("ITEM: BOX BOUNDS pp pp pp\n0 1\n0\n0 1\n", 2),
            ("ITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 one\n", 3),
            ("ITEM: BOX BOUNDS pp pp pp\n0 1\n1 0\n0 1\n", 2),
            ("ITEM: BOX BOUNDS xy xz yz pp pp pp\n0 1\n0 1\n0 1\n", 1),
            ("ITEM: BOX BOUNDS xy xz yz pp pp pp\n0 1 2\n0 1 0\n0 1 0\n", 1),
        ] {
            assert_eq!(domain(text).unwrap_err().0, line, "{text}");
        }
    }
}
