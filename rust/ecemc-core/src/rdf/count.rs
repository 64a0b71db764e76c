//! The pairs of one frame.

use super::bins::RdfBins;
use super::direct::{self, NearestImage};
use super::fixed::LARGEST;
use super::histogram::{Elements, without_spill};
use super::{grid, intra};
use crate::neighbors::CellGrid;
use crate::{BondRule, Cell, Error, Molecules, Result, Workers, find_bonds};

/// What is known of the molecules of a frame.
#[derive(Debug, Clone, Copy)]
pub enum RdfMolecules<'a> {
    /// There are none: every pair is intermolecular.
    None,
    /// They were found before, in these very positions.
    Given(&'a Molecules),
    /// They are to be found by this rule.
    Find(&'a BondRule),
}

/// One configuration.
#[derive(Debug, Clone, Copy)]
pub struct RdfFrame<'a> {
    /// Å, anywhere in or outside the cell.
    pub positions: &'a [[f64; 3]],
    /// Atomic numbers, or other labels if bonds are not to be found.
    pub numbers: &'a [u8],
    /// Needs a volume.
    pub cell: &'a Cell,
    /// Which pairs are intramolecular. A network bonded to its own periodic copy is no molecule: its pairs are intermolecular.
    pub molecules: RdfMolecules<'a>,
}

/// Unordered pairs `{i, j, ±S}` of one frame, for each pair of elements.
#[derive(Debug, Clone, PartialEq)]
pub struct RdfCounts {
    pub(super) bins: RdfBins,
    pub(super) elements: Elements,
    pub(super) volume: f64,
    pub(super) all: Vec<u64>,
    pub(super) intra: Vec<u64>,
}

impl RdfCounts {
    /// Atomic numbers in the frame, ascending.
    pub fn elements(&self) -> &[u8] {
        &self.elements.numbers
    }

    /// All and intramolecular pairs in each bin, if the frame has both elements.
    pub fn of(&self, a: u8, b: u8) -> Option<(&[u64], &[u64])> {
        let place = |z| self.elements.numbers.iter().position(|&n| n == z);
        let begin = self.elements.pair(place(a)?, place(b)?) * self.bins.n_bins();
        let range = begin..begin + self.bins.n_bins();
        Some((&self.all[range.clone()], &self.intra[range]))
    }
}

/// More distances than this in one frame would take minutes.
const MAX_PAIRS: f64 = 2e11;
/// Time for a pair in the grid, with its shorter rows, relative to one in the loop over all pairs.
const GRID_COST: f64 = 1.5;

/// Counts all pairs of a frame closer than `bins.r_max()`, every periodic image.
///
/// # Errors
/// [`Error::Argument`] for a frame without atoms or volume, for arrays of different lengths or an absurd number of pairs;
/// [`Error::NonFinite`] for NaN positions; what finding bonds raises; [`Error::Interrupted`].
pub fn count_pairs(bins: &RdfBins, frame: &RdfFrame<'_>, workers: Workers<'_>) -> Result<RdfCounts> {
    let volume = check(bins, frame)?;
    let cells = CellGrid::new(frame.positions, frame.cell, bins.r_max())?;
    let elements = Elements::new(frame.numbers);
    let places = elements.places(frame.numbers);
    let histograms = match cheapest(bins, frame, volume) {
        Some(image) => direct::all_pairs(bins, &cells, frame.cell, &image, &places, &elements, workers)?,
        None => grid::all_pairs(bins, &cells, &places, &elements, workers)?,
    };
    let all = without_spill(&histograms, elements.n_pairs(), bins);
    let intra = match frame.molecules {
        RdfMolecules::None => vec![0; all.len()],
        RdfMolecules::Given(molecules) => {
            intra::pairs(bins, &cells, frame.cell, molecules, &places, &elements, workers)?
        }
        RdfMolecules::Find(rule) => {
            let bonds = find_bonds(frame.positions, frame.numbers, frame.cell, rule, workers)?;
            let molecules = Molecules::from_bonds(frame.positions.len(), &bonds);
            intra::pairs(bins, &cells, frame.cell, &molecules, &places, &elements, workers)?
        }
    };
    Ok(RdfCounts { bins: *bins, elements, volume, all, intra })
}

/// Counts the pairs of many frames; on several threads each frame is one piece of work.
///
/// # Errors
/// The first frame's error, with the number of that frame (counted from `first`) in its text.
pub fn count_frames(
    bins: &RdfBins,
    first: u64,
    frames: &[RdfFrame<'_>],
    workers: Workers<'_>,
) -> Result<Vec<RdfCounts>> {
    workers.map_frames(first, frames.len(), |k, workers| count_pairs(bins, &frames[k], workers))
}

fn check(bins: &RdfBins, frame: &RdfFrame<'_>) -> Result<f64> {
    let n = frame.positions.len();
    if n == 0 {
        return Err(Error::argument("atoms", "a frame without atoms", "at least one atom"));
    }
    if frame.numbers.len() != n {
        return Err(Error::argument("numbers", frame.numbers.len(), format!("{n}, one per atom")));
    }
    let volume = frame.cell.volume().ok_or_else(|| {
        Error::argument("cell", "a frame without a volume", "three cell vectors: g(r) is relative to the density")
    })?;
    if volume > LARGEST {
        return Err(Error::argument("cell", format!("a volume of {volume:e} Å³"), format!("at most {LARGEST:e} Å³")));
    }
    let pairs = 0.5 * (n as f64).powi(2) * (4.2 * bins.r_max().powi(3) / volume);
    if pairs > MAX_PAIRS {
        let got = format!("{} Å, which means about {pairs:.0e} pairs in a frame of {n} atoms", bins.r_max());
        return Err(Error::argument("r_max", got, format!("fewer than {MAX_PAIRS:.0e} pairs")));
    }
    Ok(volume)
}

/// The loop over all pairs where it is right and not slower than the cell grid.
fn cheapest(bins: &RdfBins, frame: &RdfFrame<'_>, volume: f64) -> Option<NearestImage> {
    // Bins of r_max/2 to r_max: a stencil of about (5/2 r_max)³ around each atom, seen from one end of each pair.
    let in_stencil = (2.5 * bins.r_max()).powi(3) / volume;
    if in_stencil * GRID_COST < 1.0 {
        return None;
    }
    NearestImage::covering(frame.cell, bins.r_max())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both_ways(bins: &RdfBins, frame: &RdfFrame<'_>) -> Option<[Vec<u64>; 2]> {
        let cells = CellGrid::new(frame.positions, frame.cell, bins.r_max()).unwrap();
        let elements = Elements::new(frame.numbers);
        let places = elements.places(frame.numbers);
        let image = NearestImage::covering(frame.cell, bins.r_max())?;
        let serial = Workers::serial();
        let direct = direct::all_pairs(bins, &cells, frame.cell, &image, &places, &elements, serial).unwrap();
        let grid = grid::all_pairs(bins, &cells, &places, &elements, serial).unwrap();
        Some([direct, grid].map(|h| without_spill(&h, elements.n_pairs(), bins)))
    }

    fn any_cell() -> impl Strategy<Value = Cell> {
        let diagonal = prop::array::uniform3(3.0..9.0f64);
        let tilt = prop_oneof![Just([0.0; 6]), prop::array::uniform6(-1.5..1.5f64)];
        (diagonal, tilt, any::<[bool; 3]>()).prop_map(|(d, t, pbc)| {
            Cell::new([[d[0], t[0], t[1]], [t[2], -d[1], t[3]], [t[4], t[5], d[2]]], pbc).unwrap()
        })
    }

    proptest! {
        #[test]
        fn both_paths_count_the_same(
            cell in any_cell(),
            points in prop::collection::vec(prop::array::uniform3(-12.0..12.0f64), 1..60),
            on_a_lattice in any::<bool>(),
            part in 0.2..1.0f64,
        ) {
            // On a lattice many distances sit exactly on bin edges and exactly at half the cell.
            let snap = |x: f64| if on_a_lattice { (x * 2.0).round() / 2.0 } else { x };
            let positions: Vec<[f64; 3]> = points.iter().map(|r| r.map(snap)).collect();
            let numbers: Vec<u8> = (0..positions.len()).map(|k| [1, 6, 8, 6][k % 4]).collect();
            let half = 0.5 * cell.min_periodic_height().min(20.0);
            for r_max in [half, part * half] {
                let bins = RdfBins::new(r_max, 40).unwrap();
                let frame = RdfFrame { positions: &positions, numbers: &numbers, cell: &cell, molecules: RdfMolecules::None };
                if let Some([direct, grid]) = both_ways(&bins, &frame) {
                    prop_assert_eq!(direct, grid);
                }
            }
        }
    }

    #[test]
    fn frames_are_named_in_errors() {
        let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3]).unwrap();
        let (bins, open) = (RdfBins::new(2.0, 4).unwrap(), Cell::open());
        let frame = |positions, cell| RdfFrame { positions, numbers: &[6, 6], cell, molecules: RdfMolecules::None };
        let good = frame(&[[0.0; 3], [1.0; 3]], &cell);
        let text = |bad| count_frames(&bins, 7, &[good, bad], Workers::serial()).unwrap_err().to_string();
        assert!(text(frame(&[[0.0; 3], [f64::NAN; 3]], &cell)).starts_with("frame 8: positions: atom 1"));
        assert!(text(frame(&[], &cell)).contains("at least one atom"));
        assert!(text(frame(&[[0.0; 3]], &cell)).contains("one per atom"));
        assert!(text(frame(&[[0.0; 3], [1.0; 3]], &open)).contains("without a volume"));
        let absurd = RdfBins::new(1e5, 4).unwrap();
        assert!(count_pairs(&absurd, &good, Workers::serial()).unwrap_err().to_string().contains("pairs"));
        let stopped = Workers::new(1, &|| true);
        assert_eq!(count_frames(&bins, 0, &[good, good], stopped), Err(Error::Interrupted));
    }
}
