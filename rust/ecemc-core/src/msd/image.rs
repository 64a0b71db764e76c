//! The shortest periodic image of a vector, for any cell.

use crate::neighbors::reduce;
use crate::vector::{add, dot, norm};
use crate::{Cell, Result};

/// Finds the shortest vector among `d + S·cell`, with integers S along the periodic axes.
#[derive(Debug, Clone)]
pub(super) struct ShortestImage {
    /// A short basis of the same lattice; orthogonal unit vectors along the other axes.
    cell: Cell,
    /// Whether any axis is periodic.
    periodic: bool,
    /// Å, smallest height of the short basis; infinite without periodic axes.
    height: f64,
}

impl ShortestImage {
    /// # Errors
    /// [`crate::Error::SingularCell`].
    pub fn new(cell: &Cell) -> Result<Self> {
        let pbc = cell.pbc();
        let (mut short, _) = reduce(cell.matrix(), pbc);
        for k in (0..3).filter(|&k| !pbc[k]) {
            short[k] = [0.0; 3];
        }
        let cell = Cell::new(short, pbc)?;
        Ok(Self { height: cell.min_periodic_height(), periodic: pbc != [false; 3], cell })
    }

    /// Å, smallest distance between two opposite faces of the most compact cell; infinite without periodic axes.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// The shortest image; of several equally short ones always the same.
    #[inline(always)]
    pub fn of(&self, d: [f64; 3]) -> [f64; 3] {
        if !self.periodic {
            return d;
        }
        let (f, pbc) = (self.cell.fractional(d), self.cell.pbc());
        let shift = [0, 1, 2].map(|k| if pbc[k] { -f[k].round_ties_even() } else { 0.0 });
        let near = add(d, self.cell.cartesian(shift));
        // Every other image is at least half a height away from some pair of faces.
        if 4.0 * dot(near, near) < self.height * self.height { near } else { self.search(near) }
    }

    /// Looks at all images that can be shorter: one of length r along the periodic axes has fractional coordinates within
    /// ± r/height.
    #[cold]
    fn search(&self, near: [f64; 3]) -> [f64; 3] {
        let (f, heights, pbc) = (self.cell.fractional(near), self.cell.heights(), self.cell.pbc());
        // The other axes are orthogonal to these, so that what lies along them changes nothing.
        let along = self.cell.cartesian([0, 1, 2].map(|k| if pbc[k] { f[k] } else { 0.0 }));
        // Rounding leaves half of each edge at the most, but for vectors so long that all digits are lost.
        let edges = (0..3).filter(|&k| pbc[k]).map(|k| norm(self.cell.matrix()[k]));
        let length = norm(along).min(edges.sum());
        let range = |k: usize| {
            let reach = length / heights[k];
            if pbc[k] { (-reach - f[k]).ceil() as i32..=(reach - f[k]).floor() as i32 } else { 0..=0 }
        };
        let (mut best, mut least) = (near, dot(near, near));
        for a in range(0) {
            for b in range(1) {
                for c in range(2) {
                    let other = add(near, self.cell.lattice_vector([a, b, c]));
                    if dot(other, other) < least {
                        (best, least) = (other, dot(other, other));
                    }
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_vectors_take_no_longer() {
        let slab = Cell::new([[4.0, 0.0, 0.0], [1.0, 4.0, 0.0], [0.0, 0.0, 9.0]], [true, true, false]).unwrap();
        let image = ShortestImage::new(&slab).unwrap();
        assert_eq!(image.of([3.0, 3.75, 1e9]), [-2.0, -0.25, 1e9]);
        assert!(image.of([1e300, -1e290, 1.0]).iter().all(|x| !x.is_nan()));
    }

    proptest! {
        #[test]
        fn no_image_is_shorter(
            rows in prop::array::uniform3(prop::array::uniform3(-6.0..6.0f64)),
            pbc in any::<[bool; 3]>(),
            d in prop::array::uniform3(-20.0..20.0f64),
        ) {
            let Ok(cell) = Cell::new(rows, pbc) else { return Ok(()) };
            prop_assume!(cell.heights().iter().all(|&h| h > 0.8));
            let found = ShortestImage::new(&cell).unwrap().of(d);
            // A multiple of the cell, whole along periodic axes and none along the others.
            let shift = cell.fractional([0, 1, 2].map(|k| found[k] - d[k]));
            for k in 0..3 {
                prop_assert!((shift[k] - shift[k].round()).abs() < 1e-9 && (pbc[k] || shift[k].abs() < 1e-9));
            }
            let reach = [0, 1, 2].map(|k| if pbc[k] { (norm(found) / cell.heights()[k]).ceil() as i32 + 1 } else { 0 });
            let f = cell.fractional(found);
            let start = [0, 1, 2].map(|k| if pbc[k] { -f[k].round() as i32 } else { 0 });
            for a in -reach[0]..=reach[0] {
                for b in -reach[1]..=reach[1] {
                    for c in -reach[2]..=reach[2] {
                        let other = add(found, cell.lattice_vector([start[0] + a, start[1] + b, start[2] + c]));
                        prop_assert!(norm(other) > norm(found) - 1e-9);
                    }
                }
            }
        }
    }
}
