//! Geometries of a volume scan: the cell scaled by a linear factor s, the molecules following as rigid bodies or with the cell.

use crate::rigid_body::MolecularFrame;
use crate::vector::{add, scaled};
use crate::{Error, Result, Workers};

/// How atoms follow the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanMode {
    /// Centres of mass scale, molecules stay rigid: `r_i(s) = s τ_j + (r_i − τ_j)`.
    Rigid,
    /// Everything scales: `r_i(s) = s r_i`.
    Affine,
}

/// Molecules are alone long before; beyond it coordinates would lose their digits.
const MAX_SCALE: f64 = 1e6;

/// Positions of unbroken molecules for each linear scale factor; the cell vectors belonging to them are `s·cell`.
///
/// Scaling is about the origin of coordinates. In a periodic cell another origin would give the same structure, shifted; so it would in
/// open space. Molecules are anchored at their first atoms, so at s = 1 unbroken input comes back bit for bit.
///
/// # Errors
/// [`Error::Argument`] if a scale factor is not > 0 or beyond a million, [`Error::Interrupted`].
pub fn volume_scan(
    frame: &MolecularFrame<'_>,
    scales: &[f64],
    mode: ScanMode,
    workers: Workers<'_>,
) -> Result<Vec<Vec<[f64; 3]>>> {
    if let Some(bad) = scales.iter().find(|s| !(**s > 0.0 && **s <= MAX_SCALE)) {
        return Err(Error::argument("scales", bad, "linear scale factors > 0 and at most 1e6"));
    }
    let whole = frame.whole_positions();
    // What moves with s: the centre of the atom's molecule, or the atom itself.
    let moving = match mode {
        ScanMode::Affine => whole.clone(),
        ScanMode::Rigid => {
            let centers = frame.centers();
            frame.molecules().index().iter().map(|&molecule| centers[molecule as usize]).collect()
        }
    };
    let scan = |k: usize| whole.iter().zip(&moving).map(|(&r, &c)| add(r, scaled(c, scales[k] - 1.0))).collect();
    let pieces = workers.map_chunks(scales.len(), 1, |range| Ok(range.map(scan).collect::<Vec<_>>()))?;
    Ok(pieces.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Molecules};

    #[test]
    fn centres_scale_and_molecules_do_not() {
        let molecules = Molecules::from_bonds(3, &vec![(0, 2, [0; 3])]);
        let (positions, cell) = ([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [2.0, 0.0, 0.0]], Cell::open());
        let frame = MolecularFrame::new(&positions, &[1.0; 3], &cell, &molecules).unwrap();
        let scan = |mode, scales: &[f64]| volume_scan(&frame, scales, mode, Workers::serial());
        let rigid = scan(ScanMode::Rigid, &[1.0, 2.0]).unwrap();
        assert_eq!(rigid, [positions, [[2.5, 0.0, 0.0], [0.0, 6.0, 0.0], [3.5, 0.0, 0.0]]]);
        let affine = scan(ScanMode::Affine, &[2.0]).unwrap();
        assert_eq!(affine, [[[2.0, 0.0, 0.0], [0.0, 6.0, 0.0], [4.0, 0.0, 0.0]]]);
        assert!(scan(ScanMode::Rigid, &[1.0, -1.0]).is_err());
    }
}
