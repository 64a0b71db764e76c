//! Bonds from distances and covalent radii.

use std::ops::Range;

use crate::elements::{covalent_radius, symbol};
use crate::neighbors::{CellGrid, Cutoffs};
use crate::vector::{add, dot, norm, sub};
use crate::{Cell, Error, Result, Workers};

/// A bond `(i, j, S)` between atom i at `r_i` and the copy of atom j at `r_j + S·cell`.
pub type Bond = (u32, u32, [i32; 3]);

/// Each bond once, with `i ≤ j` (and the positive one of `±S` for the bond of an atom to its own image), sorted by i, then
/// j, then S.
pub type Bonds = Vec<Bond>;

/// How far covalent bonds reach: `d < f_i·r_i + f_j·r_j` with covalent radii r and factors f by element.
#[derive(Debug, Clone, PartialEq)]
pub struct BondRule {
    factors: [f64; 256],
}

impl BondRule {
    /// The factor that finds the molecules of organic liquids from 300 to 1200 K.
    pub const DEFAULT_SCALE: f64 = 1.3;

    /// The same factor for all elements.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is a finite number > 0.
    pub fn uniform(scale: f64) -> Result<Self> {
        if scale.is_finite() && scale > 0.0 {
            Ok(Self { factors: [scale; 256] })
        } else {
            Err(Error::argument("scale", scale, "a finite number > 0, such as 1.3"))
        }
    }

    /// Another factor for one element; 0 takes its radius out of the sum.
    ///
    /// # Errors
    /// [`Error::Argument`] unless it is a finite number >= 0.
    pub fn with(mut self, number: u8, factor: f64) -> Result<Self> {
        if !(factor.is_finite() && factor >= 0.0) {
            let element = symbol(number).unwrap_or("?");
            return Err(Error::argument("scale", format!("{factor} for {element}"), "a finite number >= 0"));
        }
        self.factors[usize::from(number)] = factor;
        Ok(self)
    }

    /// Factors by atomic number.
    pub(crate) fn factors(&self) -> [f64; 256] {
        self.factors
    }

    /// Largest length of a bond between two elements, Å; `None` where a radius is unknown.
    pub fn reach(&self, a: u8, b: u8) -> Option<f64> {
        let (ra, rb) = (covalent_radius(a)?, covalent_radius(b)?);
        let (fa, fb) = (self.factors[usize::from(a)], self.factors[usize::from(b)]);
        // One rounding less where the textbook form scale·(r_i + r_j) applies.
        Some(if fa.to_bits() == fb.to_bits() { fa * (ra + rb) } else { fa * ra + fb * rb })
    }

    fn cutoffs(&self, numbers: &[u8]) -> Result<Cutoffs> {
        let mut elements: Vec<u8> = Vec::new();
        let mut place = [u32::MAX; 256];
        for (atom, &number) in numbers.iter().enumerate() {
            if place[usize::from(number)] != u32::MAX {
                continue;
            }
            if covalent_radius(number).is_none() {
                let got = format!("{} (atomic number {number}) for atom {atom}", symbol(number).unwrap_or("?"));
                return Err(Error::argument("numbers", got, "elements with a known covalent radius (H to Cm)"));
            }
            place[usize::from(number)] = elements.len() as u32;
            elements.push(number);
        }
        let reach = |a| elements.iter().map(move |&b| self.reach(a, b).unwrap_or(0.0));
        Ok(Cutoffs::PerSpecies {
            species: numbers.iter().map(|&z| place[usize::from(z)]).collect(),
            table: elements.iter().flat_map(|&a| reach(a)).collect(),
            n_species: elements.len(),
        })
    }
}

/// All bonds, over periodic boundaries, of however short periods. Atoms at the same place are bonded.
///
/// # Errors
/// [`Error::Argument`] for an element without covalent radius or arrays of different lengths, and what the neighbour
/// list raises.
pub fn find_bonds(
    positions: &[[f64; 3]],
    numbers: &[u8],
    cell: &Cell,
    rule: &BondRule,
    workers: Workers<'_>,
) -> Result<Bonds> {
    if numbers.len() != positions.len() {
        return Err(Error::argument("numbers", numbers.len(), format!("{} (one per atom)", positions.len())));
    }
    let cutoffs = rule.cutoffs(numbers)?;
    // Without reach there is nothing to find, but the input is still checked.
    let grid = CellGrid::new(positions, cell, if cutoffs.max() > 0.0 { cutoffs.max() } else { 1.0 })?;
    let search = Search { positions, cell, cutoffs: &cutoffs, grid: &grid };
    let bins_per_piece = (ATOMS_PER_PIECE * grid.n_bins()).div_ceil(positions.len().max(1));
    let mut bonds = workers.map_chunks(grid.n_bins(), bins_per_piece, |bins| Ok(search.bins(bins)))?.concat();
    bonds.sort_unstable_by_key(|&(i, j, shift)| (u64::from(i) << 32 | u64::from(j), shift));
    Ok(bonds)
}

/// Atoms in one piece of parallel work.
const ATOMS_PER_PIECE: usize = 2048;

/// A neighbour list for a handful of neighbours: no sorting and packing on the way, each pair once.
struct Search<'a> {
    positions: &'a [[f64; 3]],
    cell: &'a Cell,
    cutoffs: &'a Cutoffs,
    grid: &'a CellGrid,
}

impl Search<'_> {
    fn bins(&self, bins: Range<usize>) -> Bonds {
        let grid = self.grid;
        let reach = self.cutoffs.max() + grid.tolerance;
        let (mut bonds, mut runs) = (Bonds::new(), Vec::new());
        for bin in bins.filter(|&bin| !grid.atoms(bin).is_empty()) {
            grid.runs(bin, &mut runs);
            // A pair is seen from both of its atoms: keep the one that looks ahead.
            let home = grid.atoms(bin).start;
            runs.retain(|run| grid.shifts[run.shift] >= [0; 3] && (run.end > home || grid.shifts[run.shift] != [0; 3]));
            for a in grid.atoms(bin) {
                for run in &runs {
                    let (seen_through, shift) = (grid.shifts[run.shift], grid.shift_vectors[run.shift]);
                    let first = if seen_through == [0; 3] { run.start.max(a + 1) } else { run.start };
                    let origin = sub([grid.x[a], grid.y[a], grid.z[a]], shift);
                    for b in first..run.end {
                        let d = sub([grid.x[b], grid.y[b], grid.z[b]], origin);
                        if dot(d, d) < reach * reach {
                            bonds.extend(self.bond(a, b, seen_through));
                        }
                    }
                }
            }
        }
        bonds
    }

    /// The bond between two sorted atoms, the second seen through a shift, if they are close enough.
    fn bond(&self, a: usize, b: usize, seen_through: [i32; 3]) -> Option<Bond> {
        let grid = self.grid;
        let shift = [0, 1, 2].map(|k| seen_through[k] + grid.homes[a][k] - grid.homes[b][k]);
        let (i, j) = (grid.order[a], grid.order[b]);
        let bond = if i <= j { (i, j, shift) } else { (j, i, shift.map(|x| -x)) };
        let reach = self.cutoffs.of(i as usize, j as usize);
        (length(&bond, self.positions, self.cell) < reach).then_some(bond)
    }
}

/// Above this multiple of the sum of covalent radii a contact may be the third side of a bent angle instead of a bond.
///
/// In organic liquids up to 1200 K real bonds reach 1.22, and contacts across an angle start at 1.26 (in the ring of EC).
pub const ANGLE_STRETCH: f64 = 1.2;

/// The bonds that make up the chemical structure: those of [`find_bonds`] without contacts across narrow angles.
///
/// A generous bond criterion joins molecules reliably, but in a hot liquid it also takes an angle a–b–c that happens to be
/// narrow for a ring of three atoms. So the bond a–c is left out if it is longer than [`ANGLE_STRETCH`] and longer (both relative
/// to the covalent radii) than a–b and b–c for some b. The molecules stay the same, since a and c stay joined through b.
pub fn structural_bonds(bonds: Bonds, positions: &[[f64; 3]], numbers: &[u8], cell: &Cell) -> Bonds {
    let stretch: Vec<f64> = bonds.iter().map(|bond| stretch(bond, positions, numbers, cell)).collect();
    if stretch.iter().all(|&x| x <= ANGLE_STRETCH) {
        return bonds;
    }
    let graph = BondGraph::new(positions.len(), &bonds);
    let shorter = |own: usize, &&(.., other): &&(u32, [i32; 3], u32)| stretch[other as usize] < stretch[own];
    let spans_angle = |own: usize| {
        let (a, c, shift) = bonds[own];
        graph.neighbours(a as usize).iter().filter(|b| shorter(own, b)).any(|&(b, there, _)| {
            let rest = [0, 1, 2].map(|k| shift[k] - there[k]);
            graph.neighbours(b as usize).iter().filter(|d| shorter(own, d)).any(|&(d, s, _)| d == c && s == rest)
        })
    };
    let keep = |&own: &usize| stretch[own] <= ANGLE_STRETCH || !spans_angle(own);
    (0..bonds.len()).filter(keep).map(|own| bonds[own]).collect()
}

/// `|r_j − r_i + S·cell|`.
fn length(&(i, j, shift): &Bond, positions: &[[f64; 3]], cell: &Cell) -> f64 {
    let direct = sub(positions[j as usize], positions[i as usize]);
    norm(if shift == [0; 3] { direct } else { add(direct, cell.lattice_vector(shift)) })
}

/// Length relative to the sum of covalent radii.
fn stretch(bond: &Bond, positions: &[[f64; 3]], numbers: &[u8], cell: &Cell) -> f64 {
    let radius = |atom: u32| covalent_radius(numbers[atom as usize]).unwrap_or(0.0);
    length(bond, positions, cell) / (radius(bond.0) + radius(bond.1))
}

/// Bonds of each atom, both ways: the other atom, its shift, and the number of the bond.
pub(crate) struct BondGraph {
    offsets: Vec<u32>,
    neighbours: Vec<(u32, [i32; 3], u32)>,
}

impl BondGraph {
    pub(crate) fn new(n_atoms: usize, bonds: &Bonds) -> Self {
        let mut offsets = vec![0u32; n_atoms + 1];
        for &(i, j, _) in bonds {
            offsets[i as usize + 1] += 1;
            offsets[j as usize + 1] += 1;
        }
        for k in 0..n_atoms {
            offsets[k + 1] += offsets[k];
        }
        let mut next = offsets.clone();
        let mut neighbours = vec![(0, [0; 3], 0); 2 * bonds.len()];
        for (number, &(i, j, shift)) in bonds.iter().enumerate() {
            for (from, to, s) in [(i, j, shift), (j, i, shift.map(|x| -x))] {
                neighbours[next[from as usize] as usize] = (to, s, number as u32);
                next[from as usize] += 1;
            }
        }
        Self { offsets, neighbours }
    }

    pub(crate) fn neighbours(&self, atom: usize) -> &[(u32, [i32; 3], u32)] {
        &self.neighbours[self.offsets[atom] as usize..self.offsets[atom + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bonds(positions: &[[f64; 3]], numbers: &[u8], rule: &BondRule) -> Bonds {
        let cell = Cell::new([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]], [true; 3]).unwrap();
        find_bonds(positions, numbers, &cell, rule, Workers::serial()).unwrap()
    }

    #[test]
    fn bonds_are_listed_once_and_cross_the_boundary() {
        let rule = BondRule::uniform(1.3).unwrap();
        assert_eq!(bonds(&[[0.1, 0.0, 0.0], [4.4, 0.0, 0.0]], &[1, 1], &rule), [(0, 1, [-1, 0, 0])]);
        assert_eq!(bonds(&[[0.1; 3], [0.1; 3]], &[1, 1], &rule), [(0, 1, [0, 0, 0])]);
        // Cs reaches 6.3 Å: its own images along the three axes, each bond once.
        let metal = bonds(&[[0.0; 3]], &[55], &rule);
        assert_eq!(metal, [(0, 0, [0, 0, 1]), (0, 0, [0, 1, 0]), (0, 0, [1, 0, 0])]);
    }

    #[test]
    fn factors_add_up_by_element() {
        let apart = [[0.0; 3], [2.2, 0.0, 0.0]];
        let rule = BondRule::uniform(1.3).unwrap();
        assert_eq!(bonds(&apart, &[3, 8], &rule).len(), 1); // Li–O: 1.3 × 1.94 = 2.52
        assert_eq!(bonds(&apart, &[3, 8], &rule.clone().with(3, 0.5).unwrap()).len(), 0); // 0.64 + 0.86
        assert_eq!(rule.clone().with(3, 0.0).unwrap().reach(3, 8), Some(1.3 * 0.66));
    }

    #[test]
    fn the_third_side_of_an_angle_is_no_bond() {
        let cell = Cell::new([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]], [true; 3]).unwrap();
        let wide = BondRule::uniform(1.5).unwrap();
        // A propane backbone through the boundary, its ends 2.25 Å apart; and cyclopropane with sides of 1.5 Å.
        let angle = [[-0.1, 0.0, 0.0], [4.0, 1.1, 0.0], [-0.1, 2.25, 0.0]];
        let ring = [[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [0.75, 1.3, 0.0]];
        for (positions, all, kept) in [(angle, 3, 2), (ring, 3, 3)] {
            let found = bonds(&positions, &[6; 3], &wide);
            assert_eq!(found.len(), all);
            assert_eq!(structural_bonds(found, &positions, &[6; 3], &cell).len(), kept);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(BondRule::uniform(0.0).is_err() && BondRule::uniform(f64::NAN).is_err());
        let rule = BondRule::uniform(1.3).unwrap();
        assert!(rule.clone().with(6, -0.1).is_err());
        let far = find_bonds(&[[0.0; 3]], &[0], &Cell::open(), &rule, Workers::serial());
        assert!(far.unwrap_err().to_string().contains("atom 0"));
        assert!(find_bonds(&[[0.0; 3]], &[], &Cell::open(), &rule, Workers::serial()).is_err());
    }
}
