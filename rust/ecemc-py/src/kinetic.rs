//! Bridge to `ecemc_core::kinetic`.

use ecemc_core::kinetic::kinetic_energies_of_frames as kernel;
use numpy::{PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arrays::{array1, elements};
use crate::frames::{Frames, velocities};
use crate::threads;
use crate::tracking::TrackedMolecules;

type Parts<'py> = (Bound<'py, PyArray3<f64>>, Bound<'py, PyArray3<f64>>);

/// Energies in eV and degrees of freedom, each (F, kinds, 3): translation, rotation, vibration; NaN for frames without
/// velocities or with infinite molecules.
#[pyfunction]
#[pyo3(signature = (frames, tracked, masses, n_threads=None))]
pub fn kinetic_energies<'py>(
    py: Python<'py>,
    frames: &Frames,
    tracked: &TrackedMolecules,
    masses: PyReadonlyArray1<'py, f64>,
    n_threads: Option<i64>,
) -> PyResult<Parts<'py>> {
    tracked.require_of(frames)?;
    let (cells, masses) = (frames.cells(tracked.first)?, frames.atom_masses(elements(&masses, "masses", None)?));
    let velocities = frames.frames.iter().zip(&masses).map(|(frame, masses)| velocities(frame, masses));
    let input: Vec<_> = tracked.of(frames.configurations(&cells), &masses).into_iter().zip(velocities).collect();
    let n_kinds = tracked.kinds.len();
    let found = threads::run(py, n_threads, |workers| kernel(tracked.first, &input, n_kinds, workers))?;
    let (mut energies, mut dof) = (Vec::new(), Vec::new());
    for frame in &found {
        for kind in 0..n_kinds {
            let parts = frame.as_ref().map(|kinds| kinds[kind]);
            energies.extend(parts.map_or([f64::NAN; 3], |parts| parts.energy));
            dof.extend(parts.map_or([f64::NAN; 3], |parts| parts.dof));
        }
    }
    let shape = [found.len(), n_kinds, 3];
    Ok((array1(py, energies).reshape(shape)?, array1(py, dof).reshape(shape)?))
}
