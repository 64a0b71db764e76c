//! Pairs of one or many structures, in a form that forces can be gathered from, kept while they stay valid.

use std::ops::Range;

use ecemc_core::neighbors::{Cutoffs, Pairs};
use ecemc_core::{Cell, Error, Result, Workers};

use crate::Structure;

/// All pairs within a distance, in both directions, sorted by first atom; atoms of all structures are numbered through.
#[derive(Debug, Clone, Default)]
pub struct NeighborTable {
    first: Vec<usize>,
    others: Vec<u32>,
    shifts: Vec<u32>,
    reverse: Vec<u32>,
    vectors: Vec<[f64; 3]>,
    distance: f64,
}

/// Structures in one piece of parallel work.
const STRUCTURES: usize = 32;

impl NeighborTable {
    /// Finds the pairs closer than `distance` in each structure.
    ///
    /// # Errors
    /// Those of [`Pairs::new`], with the number of the structure if there are several.
    pub fn new(structures: &[Structure<'_>], distance: f64, workers: Workers<'_>) -> Result<Self> {
        let cutoffs = Cutoffs::Uniform(distance);
        let mut table = Self { first: vec![0], distance, ..Self::default() };
        if let [one] = structures {
            table.append(&Pairs::new(one.positions, one.cell, &cutoffs, workers)?, one.cell)?;
            return Ok(table);
        }
        let several = |range: Range<usize>| -> Result<Vec<Pairs>> {
            let pairs = |k: usize| Pairs::new(structures[k].positions, structures[k].cell, &cutoffs, Workers::serial());
            range.map(|k| pairs(k).map_err(|e| e.in_frame(k as u64))).collect()
        };
        for (structure, pairs) in
            structures.iter().zip(workers.map_chunks(structures.len(), STRUCTURES, several)?.iter().flatten())
        {
            table.append(pairs, structure.cell)?;
        }
        Ok(table)
    }

    /// Adds the pairs of another structure behind those that are there.
    fn append(&mut self, pairs: &Pairs, cell: &Cell) -> Result<()> {
        let (n_atoms, base, n) = (pairs.first.len() - 1, self.first.len() - 1, self.others.len());
        if n + pairs.len() >= u32::MAX as usize {
            return Err(Error::argument("positions", format!("{} pairs", n + pairs.len()), "fewer than 2^32"));
        }
        let mut known: Vec<([i32; 3], u32)> = Vec::new();
        let mut last = 0;
        for i in 0..n_atoms {
            for &pair in pairs.of(i) {
                let shift = pairs.shift(i, pair);
                if known.get(last).is_none_or(|(same, _)| *same != shift) {
                    last = known.iter().position(|(same, _)| *same == shift).unwrap_or(known.len());
                }
                if last == known.len() {
                    known.push((shift, self.vectors.len() as u32));
                    self.vectors.push(cell.lattice_vector(shift));
                }
                self.others.push((base + pair.j()) as u32);
                self.shifts.push(known[last].1);
            }
            self.first.push(self.others.len());
        }
        self.add_reverse(base);
        Ok(())
    }

    /// Numbers the reverse `(j, i, −S)` of each pair `(i, j, S)` of atoms from `base` on.
    ///
    /// Pairs of `i` come in the order of `j`, and lists are filled in the order of `i`: the next pair of `j` without a
    /// reverse is one with `i`. Pairs of the same two atoms are in the order of `S`, so their reverses are in the opposite.
    fn add_reverse(&mut self, base: usize) {
        self.reverse.resize(self.others.len(), 0);
        let mut next: Vec<usize> = self.first[base..].to_vec();
        for i in base..self.len() {
            let mut k = self.first[i];
            while k < self.first[i + 1] {
                let j = self.others[k] as usize;
                let same = self.others[k..self.first[i + 1]].iter().take_while(|&&other| other as usize == j).count();
                let start = next[j - base];
                for s in 0..same {
                    self.reverse[k + s] = (start + same - 1 - s) as u32;
                }
                next[j - base] += same;
                k += same;
            }
        }
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.first.len() - 1
    }

    /// The pairs of atom `i` by number.
    #[inline(always)]
    pub fn of(&self, i: usize) -> Range<usize> {
        self.first[i]..self.first[i + 1]
    }

    /// Second atom of a pair.
    #[inline(always)]
    pub fn other(&self, pair: usize) -> usize {
        self.others[pair] as usize
    }

    /// The same pair seen from the other atom.
    #[inline(always)]
    pub fn reverse(&self, pair: usize) -> usize {
        self.reverse[pair] as usize
    }

    /// `r_j − r_i + S·cell`.
    #[inline(always)]
    pub fn vector(&self, positions: &[[f64; 3]], i: usize, pair: usize) -> [f64; 3] {
        let (a, b, s) = (positions[i], positions[self.other(pair)], self.vectors[self.shifts[pair] as usize]);
        [0, 1, 2].map(|k| b[k] - a[k] + s[k])
    }

    /// Recomputes the lattice vectors for another cell.
    fn follow(&mut self, from: &Cell, to: &Cell) {
        for vector in &mut self.vectors {
            let shift = from.fractional(*vector).map(|s| s.round() as i32);
            *vector = to.lattice_vector(shift);
        }
    }
}

/// The table of the last structure, with a margin if structures follow each other as in a simulation.
#[derive(Debug, Default)]
pub struct NeighborCache {
    cached: Option<Cached>,
    built: usize,
}

#[derive(Debug)]
struct Cached {
    positions: Vec<[f64; 3]>,
    origin: Cell,
    cell: Cell,
    table: NeighborTable,
}

/// Margin beyond the cutoff, Å, for structures that move little by little.
const SKIN: f64 = 0.4;
/// Atoms that moved less, Å, are taken for a simulation.
const STEP: f64 = 1.0;

impl NeighborCache {
    /// How many times pairs were searched.
    pub fn built(&self) -> usize {
        self.built
    }

    /// All pairs of the structure closer than `cutoff`, and perhaps some others.
    ///
    /// # Errors
    /// Those of [`Pairs::new`].
    pub fn table(&mut self, structure: &Structure<'_>, cutoff: f64, workers: Workers<'_>) -> Result<&NeighborTable> {
        let motion = self.cached.as_ref().map_or(f64::INFINITY, |cached| cached.motion(structure, cutoff));
        let cached = match self.cached.take() {
            Some(mut cached) if cutoff + motion <= cached.table.distance => {
                if cached.cell != *structure.cell {
                    cached.table.follow(&cached.cell, structure.cell);
                    cached.cell = structure.cell.clone();
                }
                cached
            }
            _ => {
                self.built += 1;
                let skin = if motion < STEP { SKIN } else { 0.0 };
                Cached {
                    positions: structure.positions.to_vec(),
                    origin: structure.cell.clone(),
                    cell: structure.cell.clone(),
                    table: NeighborTable::new(std::slice::from_ref(structure), cutoff + skin, workers)?,
                }
            }
        };
        Ok(&self.cached.insert(cached).table)
    }
}

impl Cached {
    /// How much closer than at the time of the search a pair beyond the cutoff can have come, Å.
    ///
    /// With the deformation `F` of the cell a pair vector became `D F + u_j − u_i`, hence at least as long as
    /// `(1 − ‖F − 1‖) |D| − 2 max|u|`.
    fn motion(&self, structure: &Structure<'_>, cutoff: f64) -> f64 {
        let comparable = self.positions.len() == structure.positions.len() && self.origin.pbc() == structure.cell.pbc();
        // What is not finite is for the search to refuse.
        if !comparable || !structure.positions.iter().flatten().all(|x| x.is_finite()) {
            return f64::INFINITY;
        }
        let deformed = self.origin != *structure.cell && structure.cell.pbc().contains(&true);
        let image = |r: [f64; 3]| if deformed { structure.cell.cartesian(self.origin.fractional(r)) } else { r };
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let strain = unit.map(|e| square_distance(image(e), e)).iter().sum::<f64>().sqrt();
        let moves = structure.positions.iter().zip(&self.positions);
        let largest = moves.map(|(&r, &before)| square_distance(r, image(before))).fold(0.0, f64::max).sqrt();
        // (1 − strain)·distance − 2 largest ≥ cutoff, solved for the distance.
        if strain < 0.5 { (cutoff + 2.0 * largest) / (1.0 - strain) - cutoff } else { f64::INFINITY }
    }
}

fn square_distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]) * (a[k] - b[k])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_its_reverse() {
        let cell = Cell::new([[2.1, 0.0, 0.0], [0.9, 2.4, 0.0], [0.0, 0.3, 9.0]], [true, true, false]).unwrap();
        let positions = [[0.1, 0.2, 0.3], [1.0, 0.9, 0.2], [0.4, 1.9, 1.2], [5.0, -3.0, 0.9]];
        let structure = Structure { positions: &positions, numbers: &[1; 4], cell: &cell };
        let (joined, all) = ([positions, positions].concat(), [structure, structure]);
        for structures in [&all[..1], &all[..]] {
            let table = NeighborTable::new(structures, 4.0, Workers::serial()).unwrap();
            assert!(table.others.len() > 150 * structures.len());
            for i in 0..table.len() {
                for pair in table.of(i) {
                    let (j, back) = (table.other(pair), table.reverse(pair));
                    assert!(table.of(j).contains(&back));
                    assert_eq!((table.other(back), table.reverse(back)), (i, pair));
                    let (forth, back) = (table.vector(&joined, i, pair), table.vector(&joined, j, back));
                    assert!((0..3).all(|k| (forth[k] + back[k]).abs() < 1e-12));
                }
            }
        }
    }
}
