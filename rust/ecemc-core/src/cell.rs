//! The simulation cell: any three row vectors, periodic along any of them.

use crate::vector::{cross, dot, norm, scaled, sub, times};
use crate::{Error, Result};

/// A parallelepiped with row vectors, periodic along the axes whose flag is set.
///
/// Along a non-periodic axis the given vector may be zero; it is then replaced by a unit vector orthogonal to the others,
/// so that fractional coordinates always exist. [`Cell::volume`] is only defined when all three given vectors span one.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    matrix: [[f64; 3]; 3],
    inverse: [[f64; 3]; 3],
    pbc: [bool; 3],
    volume: Option<f64>,
}

/// Cosine-like measure below which three vectors count as coplanar.
const FLAT: f64 = 1e-10;

impl Cell {
    /// Checks and completes a cell.
    ///
    /// # Errors
    /// [`Error::SingularCell`] if a periodic vector is zero, not finite, or depends on the others.
    pub fn new(matrix: [[f64; 3]; 3], pbc: [bool; 3]) -> Result<Self> {
        let singular = |why| Error::SingularCell { cell: matrix, pbc, why };
        if !matrix.iter().flatten().all(|x| x.is_finite()) {
            return Err(singular("a component is not finite"));
        }
        let given = matrix.map(|v| norm(v) > 0.0);
        if (0..3).any(|k| pbc[k] && !given[k]) {
            return Err(singular("a periodic vector is zero"));
        }
        let complete = complete(matrix, given);
        let det = dot(complete[0], cross(complete[1], complete[2]));
        let scale = complete.iter().map(|&v| norm(v)).product::<f64>();
        if det.abs() <= FLAT * scale || !scale.is_finite() {
            return Err(singular("the vectors are coplanar or parallel"));
        }
        Ok(Self {
            matrix: complete,
            inverse: inverse(complete, det),
            pbc,
            volume: given.iter().all(|&g| g).then_some(det.abs()),
        })
    }

    /// No periodicity, no volume: atoms in open space.
    pub fn open() -> Self {
        let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        Self { matrix: unit, inverse: unit, pbc: [false; 3], volume: None }
    }

    /// Row vectors, Å; completed along missing non-periodic axes.
    pub fn matrix(&self) -> &[[f64; 3]; 3] {
        &self.matrix
    }

    /// `matrix⁻¹`: fractional = cartesian · inverse (row vectors).
    pub fn inverse(&self) -> &[[f64; 3]; 3] {
        &self.inverse
    }

    /// Periodic flags.
    pub fn pbc(&self) -> [bool; 3] {
        self.pbc
    }

    /// Volume in Å³, if three vectors were given.
    pub fn volume(&self) -> Option<f64> {
        self.volume
    }

    /// Distances between opposite faces, Å.
    pub fn heights(&self) -> [f64; 3] {
        // Column k of the inverse is the normal of the faces crossed by vector k, with length 1/height.
        [0, 1, 2].map(|k| 1.0 / norm([self.inverse[0][k], self.inverse[1][k], self.inverse[2][k]]))
    }

    /// Smallest distance between opposite faces over the periodic axes; infinite without any.
    ///
    /// A pair closer than half of it has exactly one image within that distance, the one that
    /// rounding of the fractional coordinates finds.
    pub fn min_periodic_height(&self) -> f64 {
        let heights = self.heights();
        (0..3).filter(|&k| self.pbc[k]).map(|k| heights[k]).fold(f64::INFINITY, f64::min)
    }

    /// Fractional coordinates of a point.
    #[inline]
    pub fn fractional(&self, r: [f64; 3]) -> [f64; 3] {
        times(r, &self.inverse)
    }

    /// Cartesian coordinates of a fractional point.
    #[inline]
    pub fn cartesian(&self, f: [f64; 3]) -> [f64; 3] {
        times(f, &self.matrix)
    }

    /// The lattice vector `S·cell`.
    #[inline]
    pub fn lattice_vector(&self, shift: [i32; 3]) -> [f64; 3] {
        self.cartesian(shift.map(f64::from))
    }

    /// The shift that brings `r` into the cell: `r − shift·cell` has fractional coordinates in [0, 1) along periodic axes.
    #[inline]
    pub fn home_shift(&self, r: [f64; 3]) -> [i32; 3] {
        let f = self.fractional(r);
        [0, 1, 2].map(|k| if self.pbc[k] { f[k].floor() as i32 } else { 0 })
    }

    /// The copy of a point that lies inside the cell along periodic axes.
    #[inline]
    pub fn wrapped(&self, r: [f64; 3]) -> [f64; 3] {
        let home = self.home_shift(r);
        if home == [0; 3] { r } else { sub(r, self.lattice_vector(home)) }
    }
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    scaled(a, 1.0 / norm(a))
}

/// Replaces vectors that were not given by unit vectors orthogonal to the rest.
fn complete(matrix: [[f64; 3]; 3], given: [bool; 3]) -> [[f64; 3]; 3] {
    let mut full = matrix;
    let mut known = given;
    while let Some(k) = known.iter().position(|&g| !g) {
        let (a, b) = (full[(k + 1) % 3], full[(k + 2) % 3]);
        full[k] = match (known[(k + 1) % 3], known[(k + 2) % 3]) {
            (true, true) => {
                let n = cross(a, b);
                if norm(n) > 0.0 { unit(n) } else { n }
            }
            (true, false) => any_orthogonal(a),
            (false, true) => any_orthogonal(b),
            (false, false) => [0, 1, 2].map(|c| f64::from(u8::from(c == k))),
        };
        known[k] = true;
    }
    full
}

/// A unit vector orthogonal to `a`, built from the axis that `a` points along least.
fn any_orthogonal(a: [f64; 3]) -> [f64; 3] {
    let least = (0..3).min_by(|&p, &q| a[p].abs().total_cmp(&a[q].abs())).unwrap_or(0);
    let axis = [0, 1, 2].map(|c| f64::from(u8::from(c == least)));
    unit(cross(a, axis))
}

fn inverse(m: [[f64; 3]; 3], det: f64) -> [[f64; 3]; 3] {
    let columns = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
    [0, 1, 2].map(|row| [0, 1, 2].map(|k| columns[k][row] / det))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_times_matrix_is_one() {
        let cell = Cell::new([[4.0, 0.1, -0.3], [2.0, 5.0, 0.2], [-1.0, 9.0, 3.0]], [true; 3]).unwrap();
        for row in 0..3 {
            let e = times(cell.matrix[row], &cell.inverse);
            for k in 0..3 {
                assert!((e[k] - f64::from(u8::from(row == k))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn missing_axes_are_completed() {
        let slab = Cell::new([[3.0, 0.0, 0.0], [1.0, 4.0, 0.0], [0.0; 3]], [true, true, false]).unwrap();
        assert_eq!(slab.matrix[2], [0.0, 0.0, 1.0]);
        assert_eq!(slab.volume(), None);
        let wire = Cell::new([[0.0; 3], [1.0, 4.0, 0.0], [0.0; 3]], [false, true, false]).unwrap();
        assert!((wire.heights()[1] - 17f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn singular_cells_are_refused() {
        let flat = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]];
        assert!(matches!(Cell::new(flat, [true; 3]), Err(Error::SingularCell { .. })));
        assert!(Cell::new([[0.0; 3]; 3], [true, false, false]).is_err());
        assert!(Cell::new([[f64::NAN; 3]; 3], [true; 3]).is_err());
    }

    #[test]
    fn home_shift_wraps_only_periodic_axes() {
        let cell = Cell::new([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]], [true, false, true]).unwrap();
        assert_eq!(cell.home_shift([-0.5, 7.0, 4.1]), [-1, 0, 2]);
    }
}
