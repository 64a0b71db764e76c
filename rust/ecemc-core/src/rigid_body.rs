//! Molecules as rigid bodies: mass, centre of mass, inertia, and forces split into translation, rotation and vibration.
//!
//! With `r_i` counted from the centre of mass of molecule j, `M = Σ m_i` and `I = Σ m_i (|r_i|² 1 − r_i r_iᵀ)`:
//!
//! ```text
//! f_trans,i = (m_i/M) Σ_k f_k
//! T         = Σ_k r_k × f_k
//! f_rot,i   = m_i (I⁺ T) × r_i
//! f_vib,i   = f_i − f_trans,i − f_rot,i
//! ```
//!
//! `I⁺` is the pseudo-inverse: moments below [`RANK_TOLERANCE`] of the largest one count as zero. That is the case for
//! single atoms (all moments, everything is translation) and for linear molecules (one moment). Such a molecule has no torque along its
//! axis either, so `f_vib` carries neither net force nor torque in any case.

use crate::eigen::symmetric_eigen;
use crate::error::check_rows;
use crate::vector::{add, cross, dot, scaled, sub};
use crate::{Cell, Error, Molecules, Result, Workers};

/// Smallest moment of inertia, relative to the largest, about which a molecule can turn.
///
/// CO2 bent by a small angle φ (radians) has the ratio φ²/15: it counts as linear up to about 0.02°, which includes
/// coordinates rounded to 4 decimals, and as bent beyond, as nearly every snapshot of a dynamics does. At the threshold the
/// rotation about the axis appears and takes its share from the vibration; the sum stays the same.
pub const RANK_TOLERANCE: f64 = 1e-8;

/// Molecules per piece of parallel work; fewer do not pay for waking a thread.
const CHUNK: usize = 256;

/// Positions, masses, cell and molecules of one frame, checked once.
#[derive(Debug, Clone, Copy)]
pub struct MolecularFrame<'a> {
    positions: &'a [[f64; 3]],
    masses: &'a [f64],
    cell: &'a Cell,
    molecules: &'a Molecules,
}

/// Mass, centre and inertia of one molecule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RigidBody {
    /// Mass, amu.
    pub mass: f64,
    /// Centre of mass of the unbroken molecule, inside the cell along periodic axes, Å.
    pub center: [f64; 3],
    /// Inertia tensor about the centre, amu Å².
    pub inertia: [[f64; 3]; 3],
}

/// Forces on atoms as a sum of three parts (eV/Å), and what drives each molecule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ForceDecomposition {
    /// Acceleration of the centres of mass, per atom.
    pub translational: Vec<[f64; 3]>,
    /// Angular acceleration, per atom.
    pub rotational: Vec<[f64; 3]>,
    /// The rest, per atom.
    pub vibrational: Vec<[f64; 3]>,
    /// Sum of forces, per molecule, eV/Å.
    pub net_forces: Vec<[f64; 3]>,
    /// Torque about the centre of mass, per molecule, eV.
    pub torques: Vec<[f64; 3]>,
}

impl<'a> MolecularFrame<'a> {
    /// Checks that everything fits together and that the molecules can be made whole.
    ///
    /// # Errors
    /// [`Error::Argument`] for wrong lengths and masses that are not positive, [`Error::NonFinite`] for positions,
    /// [`Error::InfiniteMolecule`].
    pub fn new(positions: &'a [[f64; 3]], masses: &'a [f64], cell: &'a Cell, molecules: &'a Molecules) -> Result<Self> {
        let n = positions.len();
        if molecules.n_atoms() != n {
            let expected = format!("molecules of these {n} atoms; find them again after adding or removing atoms");
            return Err(Error::argument("molecules", format!("{} atoms", molecules.n_atoms()), expected));
        }
        if masses.len() != n {
            return Err(Error::argument("masses", masses.len(), format!("{n} (one per atom)")));
        }
        if let Some(atom) = masses.iter().position(|&m| !(m.is_finite() && m > 0.0)) {
            let got = format!("{} amu for atom {atom}", masses[atom]);
            return Err(Error::argument("masses", got, "finite numbers > 0"));
        }
        check_rows("positions", positions)?;
        molecules.require_finite()?;
        Ok(Self { positions, masses, cell, molecules })
    }

    /// The molecules.
    pub fn molecules(&self) -> &'a Molecules {
        self.molecules
    }

    /// The cell.
    pub fn cell(&self) -> &'a Cell {
        self.cell
    }

    /// Coordinates of the unbroken molecules, each anchored at its first atom.
    pub fn whole_positions(&self) -> Vec<[f64; 3]> {
        (0..self.positions.len()).map(|i| self.whole(i)).collect()
    }

    /// Coordinates of the unbroken molecules with centres of mass inside the cell along periodic axes.
    ///
    /// Atoms that need no lattice vector keep their coordinates to the last bit.
    pub fn wrapped_positions(&self) -> Vec<[f64; 3]> {
        let homes: Vec<[i32; 3]> = self.map(|molecule| self.cell.home_shift(self.center(molecule).1));
        let place = |(i, &molecule): (usize, &u32)| {
            let (image, home) = (self.molecules.image()[i], homes[molecule as usize]);
            let shift = [0, 1, 2].map(|k| image[k].saturating_sub(home[k]));
            if shift == [0; 3] { self.positions[i] } else { add(self.positions[i], self.cell.lattice_vector(shift)) }
        };
        self.molecules.index().iter().enumerate().map(place).collect()
    }

    /// Centres of mass of the unbroken molecules, each anchored at its first atom.
    pub fn centers(&self) -> Vec<[f64; 3]> {
        self.map(|molecule| self.center(molecule).1)
    }

    fn map<T>(&self, work: impl Fn(usize) -> T) -> Vec<T> {
        (0..self.molecules.len()).map(work).collect()
    }

    fn whole(&self, atom: usize) -> [f64; 3] {
        self.molecules.whole(atom, self.positions, self.cell)
    }

    /// Mass and centre, summed relative to the first atom so that far-away molecules lose no digits.
    fn center(&self, molecule: usize) -> (f64, [f64; 3]) {
        let members = self.molecules.members(molecule);
        let origin = self.whole(members[0] as usize);
        let (mut mass, mut moment) = (0.0, [0.0; 3]);
        for &atom in members {
            let m = self.masses[atom as usize];
            mass += m;
            moment = add(moment, scaled(sub(self.whole(atom as usize), origin), m));
        }
        (mass, add(origin, scaled(moment, 1.0 / mass)))
    }

    /// The body, anchored at the first atom, and the positions of its atoms relative to the centre.
    pub(crate) fn body(&self, molecule: usize, relative: &mut Vec<[f64; 3]>) -> RigidBody {
        let members = self.molecules.members(molecule);
        let (mass, center) = self.center(molecule);
        relative.clear();
        relative.extend(members.iter().map(|&atom| sub(self.whole(atom as usize), center)));
        let mut second = [[0.0; 3]; 3];
        for (&atom, r) in members.iter().zip(relative) {
            for p in 0..3 {
                for q in 0..3 {
                    second[p][q] += self.masses[atom as usize] * (r[p] * r[q]);
                }
            }
        }
        let trace = second[0][0] + second[1][1] + second[2][2];
        let inertia =
            [0, 1, 2].map(|p| [0, 1, 2].map(|q| if p == q { trace - second[p][p] } else { 0.0 - second[p][q] }));
        RigidBody { mass, center, inertia }
    }
}

/// Masses, centres (inside the cell along periodic axes) and inertia tensors of all molecules.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn rigid_bodies(frame: &MolecularFrame<'_>, workers: Workers<'_>) -> Result<Vec<RigidBody>> {
    let pieces = workers.map_chunks(frame.molecules.len(), CHUNK, |molecules| {
        let mut relative = Vec::new();
        let body = |molecule| frame.body(molecule, &mut relative);
        let inside = |body: RigidBody| RigidBody { center: frame.cell.wrapped(body.center), ..body };
        Ok(molecules.map(body).map(inside).collect::<Vec<_>>())
    })?;
    Ok(pieces.concat())
}

/// Splits forces into the parts that accelerate, turn and deform each molecule; formulas in the module's text.
///
/// # Errors
/// [`Error::Argument`] or [`Error::NonFinite`] for forces that do not fit; [`Error::Interrupted`].
///
/// # Examples
/// ```
/// use ecemc_core::rigid_body::{MolecularFrame, decompose_forces};
/// use ecemc_core::{BondRule, Cell, Molecules, Workers, find_bonds};
/// // H2 through the boundary of a 5 Å box, pulled apart.
/// let positions = [[0.2, 0.0, 0.0], [4.5, 0.0, 0.0]];
/// let cell = Cell::new([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]], [true; 3])?;
/// let bonds = find_bonds(&positions, &[1, 1], &cell, &BondRule::uniform(1.3)?, Workers::serial())?;
/// let molecules = Molecules::from_bonds(2, &bonds);
/// let frame = MolecularFrame::new(&positions, &[1.008; 2], &cell, &molecules)?;
/// let parts = decompose_forces(&frame, &[[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], Workers::serial())?;
/// assert_eq!(parts.vibrational, [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]);
/// # Ok::<(), ecemc_core::Error>(())
/// ```
pub fn decompose_forces(
    frame: &MolecularFrame<'_>,
    forces: &[[f64; 3]],
    workers: Workers<'_>,
) -> Result<ForceDecomposition> {
    let n = frame.positions.len();
    if forces.len() != n {
        return Err(Error::argument("forces", format!("{} rows", forces.len()), format!("{n} (one per atom)")));
    }
    check_rows("forces", forces)?;
    let pieces = workers.map_chunks(frame.molecules.len(), CHUNK, |molecules| {
        let mut relative = Vec::new();
        let driven = molecules.map(|molecule| {
            let body = frame.body(molecule, &mut relative);
            Drive::new(&body, frame.molecules.members(molecule), &relative, forces)
        });
        Ok(driven.collect::<Vec<_>>())
    })?;
    let drives = pieces.concat();
    let mut parts = ForceDecomposition {
        translational: Vec::with_capacity(n),
        rotational: Vec::with_capacity(n),
        vibrational: Vec::with_capacity(n),
        net_forces: drives.iter().map(|d| d.net_force).collect(),
        torques: drives.iter().map(|d| d.torque).collect(),
    };
    for (atom, &molecule) in frame.molecules.index().iter().enumerate() {
        let (drive, mass) = (&drives[molecule as usize], frame.masses[atom]);
        let translational = scaled(drive.acceleration, mass);
        let r = sub(frame.whole(atom), drive.center);
        let rotational = scaled(cross(drive.angular_acceleration, r), mass);
        parts.translational.push(translational);
        parts.rotational.push(rotational);
        parts.vibrational.push(sub(sub(forces[atom], translational), rotational));
    }
    Ok(parts)
}

/// What the forces do to one molecule as a whole.
#[derive(Clone, Copy)]
struct Drive {
    center: [f64; 3],
    net_force: [f64; 3],
    torque: [f64; 3],
    acceleration: [f64; 3],
    angular_acceleration: [f64; 3],
}

impl Drive {
    fn new(body: &RigidBody, members: &[u32], relative: &[[f64; 3]], forces: &[[f64; 3]]) -> Self {
        let (mut net_force, mut torque) = ([0.0; 3], [0.0; 3]);
        for (&atom, &r) in members.iter().zip(relative) {
            net_force = add(net_force, forces[atom as usize]);
            torque = add(torque, cross(r, forces[atom as usize]));
        }
        Self {
            center: body.center,
            net_force,
            torque,
            acceleration: scaled(net_force, 1.0 / body.mass),
            angular_acceleration: body.turned_by(torque).0,
        }
    }
}

impl RigidBody {
    /// `I⁺ T` for a torque or an angular momentum, and the number of axes the body can turn about, see [`RANK_TOLERANCE`].
    pub(crate) fn turned_by(&self, torque: [f64; 3]) -> ([f64; 3], u64) {
        let (moments, axes) = symmetric_eigen(self.inertia);
        let largest = moments.iter().copied().fold(0.0, f64::max);
        let turns = (0..3).filter(|&k| moments[k] > RANK_TOLERANCE * largest);
        let turn = |(sum, n), k: usize| (add(sum, scaled(axes[k], dot(axes[k], torque) / moments[k])), n + 1);
        turns.fold(([0.0; 3], 0), turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bonds::Bonds;

    /// CO2 along a slanted axis, as one molecule in open space.
    fn carbon_dioxide(bend: f64) -> ([[f64; 3]; 3], [f64; 3], Molecules) {
        let axis = scaled([1.0, 2.0, -0.5], 1.16 / 5.25f64.sqrt());
        let aside = [0.0, 0.5 * bend, 2.0 * bend];
        let bonds: Bonds = vec![(0, 1, [0; 3]), (0, 2, [0; 3])];
        ([aside, axis, scaled(axis, -1.0)], [12.011, 15.999, 15.999], Molecules::from_bonds(3, &bonds))
    }

    #[test]
    fn a_linear_molecule_turns_about_two_axes_and_a_bent_one_about_three() {
        let bending = [[0.0, 1.0, 4.0], [0.0, -0.5, -2.0], [0.0, -0.5, -2.0]];
        for (bend, rotates) in [(0.0, false), (1e-5, false), (0.05, true)] {
            let (positions, masses, molecules) = carbon_dioxide(bend);
            let cell = Cell::open();
            let frame = MolecularFrame::new(&positions, &masses, &cell, &molecules).unwrap();
            // Perpendicular to the axis and, where it is bent, to the plane of the molecule.
            let across = cross(positions[1], if rotates { positions[0] } else { bending[0] });
            let forces = [across, scaled(across, -0.5), scaled(across, -0.5)];
            let parts = decompose_forces(&frame, &forces, Workers::serial()).unwrap();
            let turning = parts.rotational.iter().flatten().fold(0f64, |m, x| m.max(x.abs()));
            let force = forces.iter().flatten().fold(0f64, |m, x| m.max(x.abs()));
            assert!(if rotates { turning > 0.4 * force } else { turning < 1e-4 * force }, "bend {bend}: {turning}");
        }
    }

    #[test]
    fn bodies_lie_inside_the_cell() {
        let cell = Cell::new([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], [true; 3]).unwrap();
        let molecules = Molecules::from_bonds(2, &vec![(0, 1, [-1, 0, 0])]);
        let positions = [[-0.2, 9.0, 0.0], [3.4, 9.0, 0.0]];
        let frame = MolecularFrame::new(&positions, &[1.0, 1.0], &cell, &molecules).unwrap();
        let bodies = rigid_bodies(&frame, Workers::serial()).unwrap();
        let expected = RigidBody {
            mass: 2.0,
            center: [3.6, 1.0, 0.0],
            inertia: [[0.0, 0.0, 0.0], [0.0, 0.08, 0.0], [0.0, 0.0, 0.08]],
        };
        for k in 0..3 {
            assert!((bodies[0].center[k] - expected.center[k]).abs() < 1e-14);
            assert!((bodies[0].inertia[k][k] - expected.inertia[k][k]).abs() < 1e-14);
        }
        let wrapped = frame.wrapped_positions();
        assert!((wrapped[1][0] - 3.4).abs() < 1e-14 && (wrapped[0][0] - 3.8).abs() < 1e-14);
    }

    #[test]
    fn frames_that_do_not_fit_are_refused() {
        let (positions, masses, molecules) = carbon_dioxide(0.0);
        let cell = Cell::open();
        assert!(MolecularFrame::new(&positions[..2], &masses, &cell, &molecules).is_err());
        assert!(MolecularFrame::new(&positions, &masses[..2], &cell, &molecules).is_err());
        assert!(MolecularFrame::new(&positions, &[1.0, 0.0, 1.0], &cell, &molecules).is_err());
        assert!(MolecularFrame::new(&[[f64::NAN; 3]; 3], &masses, &cell, &molecules).is_err());
        let frame = MolecularFrame::new(&positions, &masses, &cell, &molecules).unwrap();
        assert!(decompose_forces(&frame, &[[0.0; 3]; 2], Workers::serial()).is_err());
    }
}
