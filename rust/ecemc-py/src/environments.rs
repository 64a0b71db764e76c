//! Bridge to `ecemc_core::environments`.

use std::sync::{Mutex, PoisonError};

use ecemc_core::environments::{EnvironmentSums, local_environments as kernel};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::elements;
use crate::errors::exception;
use crate::frames::Frames;
use crate::molecules::Frame;
use crate::threads;
use crate::tracking::TrackedMolecules;

/// `[([central species, neighbours of each species ...], how often), ...]`.
#[pyfunction]
#[pyo3(signature = (frame, species, n_species, radius, n_threads=None))]
pub fn local_environments(
    py: Python<'_>,
    frame: Frame<'_>,
    species: Vec<u32>,
    n_species: usize,
    radius: f64,
    n_threads: Option<i64>,
) -> PyResult<Vec<(Vec<u32>, u64)>> {
    let view = frame.view()?;
    let counts = threads::run(py, n_threads, |workers| kernel(&view.frame()?, &species, n_species, radius, workers))?;
    Ok(counts.into_iter().collect())
}

/// Sums of local environments over frames, by kinds of molecules.
#[pyclass(frozen, module = "ecemc._core")]
pub struct EnvironmentAccumulator {
    sums: Mutex<EnvironmentSums>,
}

/// Kind of the central molecule, kinds and numbers of its neighbours, and how often they occur.
type Occurrence = (u32, Vec<(u32, u32)>, u64);

impl EnvironmentAccumulator {
    fn with(sums: EnvironmentSums) -> Self {
        Self { sums: Mutex::new(sums) }
    }

    /// Does something quick with the sums; frames are counted elsewhere.
    fn locked<T>(&self, work: impl FnOnce(&mut EnvironmentSums) -> T) -> T {
        work(&mut self.sums.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl EnvironmentAccumulator {
    #[new]
    fn new(radius: f64) -> PyResult<Self> {
        Ok(Self::with(EnvironmentSums::new(radius).map_err(|e| exception(&e))?))
    }

    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        Ok(Self::with(EnvironmentSums::from_bytes(state).map_err(|e| exception(&e))?))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.locked(|sums| sums.to_bytes()))
    }

    #[getter]
    fn radius(&self) -> f64 {
        self.locked(|sums| sums.radius())
    }

    #[pyo3(signature = (frames, tracked, masses, n_threads=None))]
    fn add(
        &self,
        py: Python<'_>,
        frames: &Frames,
        tracked: &TrackedMolecules,
        masses: PyReadonlyArray1<'_, f64>,
        n_threads: Option<i64>,
    ) -> PyResult<()> {
        tracked.require_of(frames)?;
        let (cells, masses) = (frames.cells(tracked.first)?, frames.atom_masses(elements(&masses, "masses", None)?));
        let input = tracked.of(frames.configurations(&cells), &masses);
        let mut batch = EnvironmentSums::new(self.radius()).map_err(|e| exception(&e))?;
        threads::run(py, n_threads, |workers| batch.add(tracked.first, &input, workers))?;
        let same: Vec<u32> = (0..tracked.kinds.len() as u32).collect();
        self.locked(|sums| sums.merge(&batch, &same)).map_err(|e| exception(&e))
    }

    /// `kinds`: what `MoleculeTracker.merge` gave.
    fn merge(&self, other: &Self, kinds: Vec<u32>) -> PyResult<()> {
        let other = other.locked(|sums| sums.clone());
        self.locked(|sums| sums.merge(&other, &kinds)).map_err(|e| exception(&e))
    }

    /// Number of frames that were counted, of frames left out because of infinite molecules, and all occurrences.
    fn result(&self) -> (u64, u64, Vec<Occurrence>) {
        self.locked(|sums| {
            let occurrences = sums.counts().iter().map(|((central, around), &times)| (*central, around.clone(), times));
            (sums.n_frames(), sums.n_infinite(), occurrences.collect())
        })
    }
}
