//! Kinetic energy of molecules, split into translation, rotation and vibration.
//!
//! With velocities `u_i` relative to the centre of mass, positions `r_i` from it, and `ω = I⁺ Σ m_i r_i × u_i`:
//!
//! ```text
//! E_trans = ½ M |V|²      E_rot = ½ ω·L      E_vib = ½ Σ m_i |u_i − ω × r_i|²
//! ```
//!
//! The three parts are orthogonal, so they add up to the whole kinetic energy. The motion of the centre of mass of the
//! whole system is no heat and is taken off all velocities beforehand, with a share of `m / M` in each molecule's 3
//! degrees of freedom of translation: at equilibrium its energy is `3/2 kT (1 − m / M)`.

use crate::environments::Tracked;
use crate::error::check_rows;
use crate::rigid_body::MolecularFrame;
use crate::vector::{add, cross, dot, scaled, sub};
use crate::{Error, Result, Workers};

/// 1 amu Å²/fs² in eV (CODATA 2018).
pub const EV_PER_AMU_A2_FS2: f64 = 1.660_539_066_60e-17 / 1.602_176_634e-19;

/// Translation, rotation and vibration of all molecules of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KineticParts {
    /// eV.
    pub energy: [f64; 3],
    /// Degrees of freedom: 3 translations less the share in those of the whole system, as many rotations as axes it can
    /// turn about (0 for an atom, 2 for a linear molecule, else 3), and the rest.
    pub dof: [f64; 3],
}

/// Kinetic energies of one frame, by kind of molecule; none if a molecule is infinite. Velocities in Å/fs.
///
/// # Errors
/// [`Error::Argument`] or [`Error::NonFinite`] for velocities, masses or positions that do not fit.
pub fn kinetic_energies(
    tracked: &Tracked<'_>,
    velocities: &[[f64; 3]],
    n_kinds: usize,
) -> Result<Option<Vec<KineticParts>>> {
    let n = tracked.frame.positions.len();
    if velocities.len() != n {
        return Err(Error::argument("velocities", format!("{} rows", velocities.len()), format!("{n} (one per atom)")));
    }
    check_rows("velocities", velocities)?;
    let Some(frame) = tracked.bodies()? else { return Ok(None) };
    let mut sums = vec![KineticParts::default(); n_kinds];
    let (mut relative, bodies) = (Vec::new(), 0..tracked.molecules.kinds.len());
    let system = bodies.map(|k| Body::new(frame.molecules().members(k), tracked.masses, velocities));
    let system = system.reduce(|a, b| Body { mass: a.mass + b.mass, momentum: add(a.momentum, b.momentum) });
    let system = system.unwrap_or(Body { mass: 1.0, momentum: [0.0; 3] });
    for (molecule, &kind) in tracked.molecules.kinds.iter().enumerate() {
        let parts = parts(&frame, molecule, (tracked.masses, velocities), system, &mut relative);
        let sum = &mut sums[kind as usize];
        for k in 0..3 {
            sum.energy[k] += parts.energy[k];
            sum.dof[k] += parts.dof[k];
        }
    }
    Ok(Some(sums))
}

/// Some atoms as one.
#[derive(Clone, Copy)]
struct Body {
    mass: f64,
    momentum: [f64; 3],
}

impl Body {
    fn new(members: &[u32], masses: &[f64], velocities: &[[f64; 3]]) -> Self {
        let none = Self { mass: 0.0, momentum: [0.0; 3] };
        members.iter().map(|&i| (masses[i as usize], velocities[i as usize])).fold(none, |sum, (mass, velocity)| Self {
            mass: sum.mass + mass,
            momentum: add(sum.momentum, scaled(velocity, mass)),
        })
    }

    fn velocity(&self) -> [f64; 3] {
        scaled(self.momentum, 1.0 / self.mass)
    }
}

/// [`kinetic_energies`] of many frames on several threads; frames without velocities have no result either.
///
/// # Errors
/// As [`kinetic_energies`], with the number of the frame, counted from `first`.
pub fn kinetic_energies_of_frames<'a>(
    first: u64,
    frames: &[(Tracked<'_>, Option<impl AsRef<[[f64; 3]]> + Sync + 'a>)],
    n_kinds: usize,
    workers: Workers<'_>,
) -> Result<Vec<Option<Vec<KineticParts>>>> {
    workers.map_frames(first, frames.len(), |k, _| match &frames[k] {
        (_, None) => Ok(None),
        (tracked, Some(velocities)) => kinetic_energies(tracked, velocities.as_ref(), n_kinds),
    })
}

fn parts(
    frame: &MolecularFrame<'_>,
    molecule: usize,
    (masses, velocities): (&[f64], &[[f64; 3]]),
    system: Body,
    relative: &mut Vec<[f64; 3]>,
) -> KineticParts {
    let members = frame.molecules().members(molecule);
    let body = frame.body(molecule, relative);
    let whole = Body::new(members, masses, velocities);
    let velocity = whole.velocity();
    // Exactly nothing for the only molecule.
    let translation = sub(velocity, system.velocity());
    let internal = |atom: u32| sub(velocities[atom as usize], velocity);
    let angular = |l, (&atom, &r): (&u32, &[f64; 3])| add(l, scaled(cross(r, internal(atom)), masses[atom as usize]));
    let angular = members.iter().zip(&*relative).fold([0.0; 3], angular);
    let (rotation, axes) = body.turned_by(angular);
    let vibration = members.iter().zip(&*relative).map(|(&atom, &r)| {
        let rest = sub(internal(atom), cross(rotation, r));
        masses[atom as usize] * dot(rest, rest)
    });
    let twice = [whole.mass * dot(translation, translation), dot(rotation, angular), vibration.sum()];
    KineticParts {
        energy: twice.map(|energy| 0.5 * EV_PER_AMU_A2_FS2 * energy),
        dof: [3.0 * (1.0 - whole.mass / system.mass), axes as f64, (3 * members.len() as u64 - 3 - axes) as f64],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tracking::{Configuration, MoleculeTracker};
    use crate::{BondRule, Cell};

    fn of(positions: &[[f64; 3]], numbers: &[u8], velocities: &[[f64; 3]]) -> Vec<KineticParts> {
        let cell = Cell::new([[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]], [true; 3]).unwrap();
        let frame = Configuration { positions, numbers, cell: &cell };
        let mut tracker = MoleculeTracker::new(BondRule::uniform(1.3).unwrap());
        let molecules = &tracker.add(0, &[frame], Workers::serial()).unwrap()[0];
        let masses: Vec<f64> = numbers.iter().map(|&z| if z == 1 { 1.0 } else { 2.0 * f64::from(z) }).collect();
        let tracked = Tracked { frame, molecules, masses: &masses };
        kinetic_energies(&tracked, velocities, tracker.kinds().len()).unwrap().unwrap()
    }

    #[test]
    fn the_motion_of_the_whole_is_left_out() {
        // Masses 1 and 8 that fly with ±1 about a common 5: velocities 16/9 and −2/9 about their centre of mass.
        let kinds = of(&[[0.0; 3], [4.0; 3]], &[1, 4], &[[6.0, 7.0, 8.0], [4.0, 7.0, 8.0]]);
        let expected = [(256.0 / 81.0, 3.0 * 8.0 / 9.0), (8.0 * 4.0 / 81.0, 3.0 / 9.0)];
        for (kind, (twice, dof)) in kinds.iter().zip(expected) {
            assert!((kind.energy[0] - 0.5 * EV_PER_AMU_A2_FS2 * twice).abs() < 1e-12);
            assert!((kind.dof[0] - dof).abs() < 1e-15);
        }
        let alone = of(&[[0.0; 3]], &[18], &[[0.1, 0.2, 0.3]])[0];
        assert_eq!((alone.energy[0], alone.dof), (0.0, [0.0; 3]));
    }

    #[test]
    fn degrees_of_freedom_of_every_shape() {
        let dof =
            |positions: &[[f64; 3]], numbers: &[u8]| of(positions, numbers, &vec![[1.0; 3]; numbers.len()])[0].dof;
        assert_eq!(dof(&[[0.0; 3]], &[18]), [0.0, 0.0, 0.0]);
        assert_eq!(dof(&[[8.9, 0.0, 0.0], [0.6, 0.0, 0.0]], &[1, 1]), [0.0, 2.0, 1.0]);
        let carbon_dioxide = [[0.0; 3], [0.5, 0.4, -0.9], [-0.5, -0.4, 0.9]];
        assert_eq!(dof(&carbon_dioxide, &[6, 8, 8]), [0.0, 2.0, 4.0]);
        let water = [[0.0; 3], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.0]];
        assert_eq!(dof(&water, &[8, 1, 1]), [0.0, 3.0, 3.0]);
        let ammonia = [[0.0; 3], [0.94, 0.0, 0.35], [-0.47, 0.81, 0.35], [-0.47, -0.81, 0.35]];
        assert_eq!(dof(&ammonia, &[7, 1, 1, 1]), [0.0, 3.0, 6.0]);
    }

    #[test]
    fn pure_motions_are_recognised() {
        let h2 = [[0.0; 3], [0.7, 0.0, 0.0]];
        let energy = |v: [[f64; 3]; 2]| of(&h2, &[1, 1], &v)[0].energy.map(|e| e / EV_PER_AMU_A2_FS2);
        assert_eq!(energy([[0.0, 3.0, 0.0]; 2]), [0.0; 3]);
        assert_eq!(energy([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), [0.0, 0.0, 1.0]);
        let turning = energy([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]);
        assert!(turning[0] == 0.0 && (turning[1] - 1.0).abs() < 1e-12 && turning[2] < 1e-24);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(
            shape in prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), 1..12),
            velocities in prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), 12),
        ) {
            let numbers: Vec<u8> = (0..shape.len()).map(|k| [6, 1, 8][k % 3]).collect();
            let kinds = of(&shape, &numbers, &velocities[..shape.len()]);
            let sum: f64 = kinds.iter().flat_map(|kind| kind.energy).sum();
            let whole = numbers.iter().zip(&velocities).map(|(&z, &v)| {
                0.5 * if z == 1 { 1.0 } else { 2.0 * f64::from(z) } * dot(v, v) * EV_PER_AMU_A2_FS2
            });
            let masses: Vec<f64> = numbers.iter().map(|&z| if z == 1 { 1.0 } else { 2.0 * f64::from(z) }).collect();
            let members: Vec<u32> = (0..shape.len() as u32).collect();
            let drift = Body::new(&members, &masses, &velocities);
            let drift = 0.5 * EV_PER_AMU_A2_FS2 * dot(drift.momentum, drift.momentum) / drift.mass;
            let whole = whole.sum::<f64>() - drift;
            prop_assert!((sum - whole).abs() < 1e-9 * (whole + drift), "{sum} {whole}");
            prop_assert!(kinds.iter().flat_map(|kind| kind.energy).all(|e| e >= 0.0));
            let dof: f64 = kinds.iter().flat_map(|kind| kind.dof).sum();
            prop_assert!((dof - 3.0 * (shape.len() as f64 - 1.0)).abs() < 1e-9);
        }
    }
}
