//! Compressions of the power spectrum: q = T p with a sparse T.

use super::layout::{Layout, Mixed};
use crate::error::excerpt;
use crate::model::real;

/// A matrix of which few elements are not zero; applied to power spectra in the order of [`Layout`].
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    /// Number of components after compression.
    pub rows: usize,
    /// Number of components before compression.
    pub columns: usize,
    /// Row, column and value; what is there twice is added.
    pub entries: Vec<(usize, usize, f64)>,
}

impl SparseMatrix {
    /// Keeps the components in which one function at least is the first of its channel.
    pub fn trivial(layout: &Layout) -> Self {
        let (firsts, per_pair) = (layout.firsts(), layout.l_max() + 1);
        let kept = layout.pairs().enumerate().filter(|&(_, (a, b))| firsts[a] || firsts[b]);
        let columns = kept.flat_map(|(pair, _)| pair * per_pair..(pair + 1) * per_pair);
        Self::selection(columns, layout.dimension())
    }

    /// Sums over radial functions and species as `ν_R` and `ν_S` say; all channels must have the same size.
    pub fn mixing(layout: &Layout, nu_r: usize, nu_s: usize) -> Self {
        let mixed = Mixed::new(layout, nu_r, nu_s);
        let (first, second) = mixed.sizes();
        let symmetric = nu_r.is_multiple_of(2) && nu_s.is_multiple_of(2);
        let per_pair = layout.l_max() + 1;
        let mut entries = Vec::new();
        for (pair, (a, b)) in layout.pairs().enumerate() {
            for (target, weight) in targets(&mixed, symmetric, (first, second), a, b) {
                entries.extend((0..per_pair).map(|l| (target * per_pair + l, pair * per_pair + l, weight)));
            }
        }
        Self { rows: layout.mixed_dimension(nu_r, nu_s), columns: layout.dimension(), entries }
    }

    fn selection(kept: impl Iterator<Item = usize>, columns: usize) -> Self {
        let entries: Vec<_> = kept.enumerate().map(|(row, column)| (row, column, 1.0)).collect();
        Self { rows: entries.len(), columns, entries }
    }

    /// q = T p.
    ///
    /// # Panics
    /// Unless `p` has as many numbers as the matrix has columns, and `q` as many as it has rows.
    pub fn apply(&self, p: &[f64], q: &mut [f64]) {
        assert!(p.len() == self.columns && q.len() == self.rows, "lengths of a compression");
        q.fill(0.0);
        for &(row, column, value) in &self.entries {
            q[row] += value * p[column];
        }
    }

    /// p̄ = Tᵀ q̄.
    ///
    /// # Panics
    /// Unless `p` has as many numbers as the matrix has columns, and `q` as many as it has rows.
    pub fn apply_transposed(&self, q: &[f64], p: &mut [f64]) {
        assert!(p.len() == self.columns && q.len() == self.rows, "lengths of a compression");
        p.fill(0.0);
        for &(row, column, value) in &self.entries {
            p[column] += value * q[row];
        }
    }
}

/// Where the pair (n, n') of functions goes, and with which weight.
fn targets(mixed: &Mixed, symmetric: bool, sizes: (usize, usize), a: usize, b: usize) -> Vec<(usize, f64)> {
    let root = std::f64::consts::SQRT_2;
    if symmetric {
        let (i, j) = (mixed.index(0, a), mixed.index(1, b));
        let (i, j) = (i.min(j), i.max(j));
        let target = i * (2 * sizes.0 + 1 - i) / 2 + j - i;
        return vec![(target, if a != b && i == j { root } else { 1.0 })];
    }
    let place = |a, b| mixed.index(0, a) * sizes.1 + mixed.index(1, b);
    let (one, two) = (place(a, b), place(b, a));
    match (a == b, one == two) {
        (true, _) => vec![(one, 1.0)],
        (false, true) => vec![(one, root)],
        (false, false) => vec![(one, root.recip()), (two, root.recip())],
    }
}

/// What is wrong with a compression file: what was got, what was expected.
type Fault = (String, String);

impl SparseMatrix {
    /// From the text of a `compress_file`: a matrix, or the numbers of the components that are kept.
    pub(crate) fn from_text(bytes: &[u8], layout: &Layout, max_rows: usize) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| fault("bytes that are no text", "a compress_file"))?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        let head = lines.next().ok_or_else(|| fault("an empty file", "a compress_file"))?;
        let head: Option<Vec<usize>> = head.split_whitespace().map(|word| word.parse().ok()).collect();
        let Some(&count) = head.as_deref().and_then(<[usize]>::last) else {
            return Err(fault(
                "another first line",
                "integers: alpha_max of each channel, l_max, number of components",
            ));
        };
        if lines.peek() == Some(&"P_transformation") {
            lines.next();
            return matrix(lines, layout.dimension(), max_rows);
        }
        let index = |line: &str| line.parse().ok().filter(|n| (1..=layout.dimension()).contains(n)).map(|n| n - 1);
        let kept = lines.map(|line| {
            index(line).ok_or_else(|| fault(&excerpt(line), &format!("a component from 1 to {}", layout.dimension())))
        });
        let kept: Vec<usize> = kept.take(count.saturating_add(1)).collect::<Result<_, _>>()?;
        if kept.len() != count || count == 0 {
            let expected = format!("{count} of them, at least one, as its first line says");
            return Err(fault(&format!("{} components", kept.len()), &expected));
        }
        Ok(Self::selection(kept.into_iter(), layout.dimension()))
    }
}

/// The lines `i j T_ij` up to the line `end_transformation`.
fn matrix<'a>(lines: impl Iterator<Item = &'a str>, columns: usize, max_rows: usize) -> Result<SparseMatrix, Fault> {
    let mut entries = Vec::new();
    for line in lines {
        if line == "end_transformation" {
            let rows = entries.iter().map(|&(row, ..): &(usize, usize, f64)| row + 1).max();
            let rows = rows.ok_or_else(|| fault("no line of the matrix", "at least one"))?;
            return Ok(SparseMatrix { rows, columns, entries });
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let entry = if let [row, column, value] = words[..] {
            let index = |word: &str, high| word.parse().ok().filter(|n| (1..=high).contains(n)).map(|n: usize| n - 1);
            index(row, max_rows).zip(index(column, columns)).zip(real(value))
        } else {
            None
        };
        let expected = || format!("i j T_ij, with i from 1 to {max_rows} and j from 1 to {columns}");
        let ((row, column), value) = entry.ok_or_else(|| fault(&excerpt(line), &expected()))?;
        entries.push((row, column, value));
    }
    Err(fault("no line end_transformation", "one at the end: is the file cut?"))
}

fn fault(got: &str, expected: &str) -> Fault {
    (got.into(), expected.into())
}
