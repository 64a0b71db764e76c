//! Empty space: the largest sphere that touches no atom, and the fraction of space outside all atoms.
//!
//! Atoms are spheres of the given (van der Waals) radii. The height of a point is its distance to the nearest surface,
//! `f(x) = min_i |x − r_i| − R_i` over all atoms and their periodic images; negative inside an atom.
//!
//! Along non-periodic axes only the bounding box of the atomic centres (in fractional coordinates) is searched: outside it,
//! empty space has no end.

mod fraction;
mod grid;
mod radii;
mod sphere;
mod surfaces;

pub use fraction::void_fraction;
pub use radii::van_der_waals_radius;
pub use sphere::{EmptySphere, largest_empty_sphere};

use crate::neighbors::{check_near, reduce};
use crate::vector::{norm, scaled};
use crate::{Cell, Error, Result};

/// Å; more than any atom or bubble, little enough for the coordinates of its images to keep their digits.
const MAX_RADIUS: f64 = 1e6;
/// Å; rounding must not drop the nearest atom of a point.
const SLACK: f64 = 1e-9;

/// The part of space that is looked at: a corner and three edges.
struct Region {
    origin: [f64; 3],
    edges: [[f64; 3]; 3],
    /// The edges in units of the vectors of the basis.
    extent: [f64; 3],
    /// The same lattice with vectors as short as possible: a skewed cell would be cut into slivers.
    basis: Cell,
}

impl Region {
    /// The cell along periodic axes, the extent of the atoms along others.
    fn new(positions: &[[f64; 3]], cell: &Cell) -> Result<Self> {
        let basis = Cell::new(reduce(cell.matrix(), cell.pbc()).0, cell.pbc())?;
        let fractional: Vec<[f64; 3]> = positions.iter().map(|&r| basis.fractional(r)).collect();
        check_near(&fractional, cell.pbc())?;
        let (mut low, mut high) = ([0.0; 3], [1.0; 3]);
        for k in (0..3).filter(|&k| !cell.pbc()[k]) {
            let along = fractional.iter().map(|f| f[k]);
            (low[k], high[k]) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), f| (l.min(f), h.max(f)));
        }
        let extent = [0, 1, 2].map(|k| high[k] - low[k]);
        let edges = [0, 1, 2].map(|k| scaled(basis.matrix()[k], extent[k]));
        Ok(Self { origin: basis.cartesian(low), edges, extent, basis })
    }

    /// The size of boxes of which `pieces` or a few more fill the region; edges shorter than that are not cut.
    fn spacing(&self, pieces: f64) -> f64 {
        let mut lengths = self.edges.map(norm);
        lengths.sort_by(|a, b| b.total_cmp(a));
        let [a, b, c] = lengths;
        let (cube, square) = ((a * b * c / pieces).cbrt(), (a * b / pieces).sqrt());
        let spacing = if c >= cube && cube > 0.0 {
            cube
        } else if b >= square && square > 0.0 {
            square
        } else {
            a / pieces
        };
        if spacing > 0.0 { spacing } else { 1.0 }
    }

    /// The point of the region that has the same fractional coordinates as far as axes without periods allow; for a region
    /// at the origin.
    fn clamped(&self, point: [f64; 3]) -> [f64; 3] {
        if self.basis.pbc() == [true; 3] {
            return point;
        }
        let f = self.basis.fractional(point);
        let inside = |k: usize| if self.basis.pbc()[k] { f[k] } else { f[k].clamp(0.0, self.extent[k]) };
        self.basis.cartesian([inside(0), inside(1), inside(2)])
    }
}

fn check(positions: &[[f64; 3]], radii: &[f64]) -> Result<()> {
    if positions.is_empty() {
        return Err(Error::argument("atoms", "no atom", "at least one atom: without any, the void is infinite"));
    }
    if radii.len() != positions.len() {
        return Err(Error::argument("radii", radii.len(), format!("{}, one per atom", positions.len())));
    }
    if let Some(atom) = positions.iter().position(|r| !r.iter().all(|x| x.is_finite())) {
        return Err(Error::NonFinite { name: "positions", atom, got: format!("{:?}", positions[atom]) });
    }
    match radii.iter().find(|r| !(0.0..=MAX_RADIUS).contains(*r)) {
        Some(bad) => Err(Error::argument("radii", bad, format!("radii from 0 to {MAX_RADIUS:.0e} Å"))),
        None => Ok(()),
    }
}
