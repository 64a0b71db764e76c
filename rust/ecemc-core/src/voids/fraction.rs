//! The fraction of space outside all atoms, on a grid.

use super::grid::{Canvas, Grid};
use super::{MAX_RADIUS, Region, check};
use crate::{Cell, Error, Result, Workers};

/// Fraction of the points of a regular grid that are further than `probe` (Å) from every van der Waals surface.
///
/// The grid has points no further apart than `spacing` (Å) along each axis, in the middle of equal boxes; the statistical
/// error of the fraction is of the order of spacing × surface / (volume √points). Each atom paints the points it covers: row by
/// row along the first axis, one bit per point.
///
/// # Errors
/// [`Error::Argument`] without atoms or for bad radii, probe or spacing; [`Error::NonFinite`] for NaN positions; [`Error::Interrupted`].
pub fn void_fraction(
    positions: &[[f64; 3]],
    radii: &[f64],
    cell: &Cell,
    probe: f64,
    spacing: f64,
    workers: Workers<'_>,
) -> Result<f64> {
    check(positions, radii)?;
    if !(0.0..=MAX_RADIUS).contains(&probe) {
        return Err(Error::argument("probe", probe, format!("a radius from 0 to {MAX_RADIUS:.0e} Å")));
    }
    let grid = Grid::new(&Region::new(positions, cell)?, spacing)?;
    let mut canvas = Canvas::new(&grid);
    for (&r, &radius) in positions.iter().zip(radii) {
        canvas.paint(r, radius + probe, workers)?;
    }
    Ok(1.0 - canvas.covered() as f64 / grid.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vector::{add, norm, scaled, sub};

    /// The same grid, each point asked for every image.
    fn brute_force(positions: &[[f64; 3]], radii: &[f64], region: &Region, spacing: f64) -> f64 {
        let n = region.edges.map(|e| (norm(e) / spacing).ceil().max(1.0) as usize);
        let m = region.basis.pbc().map(|p| if p { 4i32 } else { 0 });
        let (mut free, mut all) = (0, 0);
        for point in (0..n[0] * n[1] * n[2]).map(|p| [p % n[0], p / n[0] % n[1], p / n[0] / n[1]]) {
            let x = (0..3)
                .fold(region.origin, |x, k| add(x, scaled(region.edges[k], (point[k] as f64 + 0.5) / n[k] as f64)));
            let covered = (0..positions.len()).any(|i| {
                (0..(2 * m[0] + 1) * (2 * m[1] + 1) * (2 * m[2] + 1)).any(|s| {
                    let (a, b) = (2 * m[0] + 1, 2 * m[1] + 1);
                    let shift = [s % a - m[0], s / a % b - m[1], s / a / b - m[2]];
                    let home = sub(positions[i], region.basis.lattice_vector(region.basis.home_shift(positions[i])));
                    norm(sub(add(home, region.basis.lattice_vector(shift)), x)) <= radii[i]
                })
            });
            free += usize::from(!covered);
            all += 1;
        }
        free as f64 / all as f64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn equals_brute_force(
            d in prop::array::uniform3(2.5..6.0f64),
            t in prop::array::uniform3(-1.2..1.2f64),
            pbc in any::<[bool; 3]>(),
            atoms in prop::collection::vec((prop::array::uniform3(-5.0..5.0f64), 0.0..2.0f64), 1..8),
        ) {
            let cell = Cell::new([[d[0], 0.0, t[0]], [t[1], d[1], 0.0], [0.0, t[2], d[2]]], pbc).unwrap();
            let (positions, radii): (Vec<_>, Vec<_>) = atoms.into_iter().unzip();
            let fast = void_fraction(&positions, &radii, &cell, 0.0, 0.4, Workers::serial()).unwrap();
            let slow = brute_force(&positions, &radii, &Region::new(&positions, &cell).unwrap(), 0.4);
            prop_assert!((fast - slow).abs() < 1e-12, "{fast} {slow}");
        }
    }

    #[test]
    fn one_sphere_in_a_cube() {
        let cell = Cell::new([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]], [true; 3]).unwrap();
        let free = |radius: f64, probe| {
            void_fraction(&[[5.9, 0.0, 3.0]], &[radius], &cell, probe, 0.05, Workers::serial()).unwrap()
        };
        let expected = 1.0 - 4.0 / 3.0 * std::f64::consts::PI * 8.0 / 216.0;
        assert!((free(2.0, 0.0) - expected).abs() < 1e-3 && free(2.0, 0.0) == free(1.5, 0.5));
        assert_eq!(free(6.0, 0.0), 0.0);
    }

    #[test]
    fn vast_probes_are_refused_or_interrupted() {
        let cell = Cell::new([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]], [true; 3]).unwrap();
        let free = |r, probe, workers| void_fraction(&[r], &[1.0], &cell, probe, 0.5, workers);
        // Rows as many as whole numbers go: counting them would wrap around and leave everything free.
        assert!(free([0.0; 3], 1e300, Workers::serial()).unwrap_err().to_string().contains("probe"));
        assert_eq!(free([0.0; 3], 1e4, Workers::new(1, &|| true)), Err(Error::Interrupted));
        assert!(free([1e12, 0.0, 0.0], 0.0, Workers::serial()).unwrap_err().to_string().contains("outside"));
    }
}
