//! Bridge to `ecemc_core::msd`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ecemc_core::msd::{MolecularCenters, MsdAccumulator, Unwrapper as Path};
use ecemc_core::{Cell, Error, Result, Workers};
use ecemc_io::Frame;
use numpy::{PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arrays::{array1, elements};
use crate::errors::{InputError, exception};
use crate::frames::Frames;
use crate::threads;

/// What is followed through a trajectory: atoms, or centres of mass of the molecules that they are in the first frame.
#[pyclass(frozen, module = "ecemc._core")]
pub struct Particles {
    numbers: Vec<u8>,
    centers: Option<MolecularCenters>,
}

/// Molecule of each atom, bonded atoms, masses of the atoms.
type Molecules<'py> = (PyReadonlyArray1<'py, u32>, PyReadonlyArray2<'py, u32>, PyReadonlyArray1<'py, f64>);

#[pymethods]
impl Particles {
    #[new]
    #[pyo3(signature = (numbers, molecules=None))]
    fn new(numbers: PyReadonlyArray1<'_, u8>, molecules: Option<Molecules<'_>>) -> PyResult<Self> {
        let numbers = elements(&numbers, "numbers", None)?.to_vec();
        let centers = molecules.map(|(index, bonds, masses)| {
            let index = elements(&index, "molecules.index", Some(numbers.len()))?;
            let masses = elements(&masses, "masses", Some(numbers.len()))?;
            let pairs: Vec<(u32, u32)> = bonds.as_array().rows().into_iter().map(|b| (b[0], b[1])).collect();
            MolecularCenters::new(index, &pairs, masses).map_err(|e| exception(&e))
        });
        Ok(Self { numbers, centers: centers.transpose()? })
    }
}

impl Particles {
    /// Hands positions and cell of a frame to `take`, if its atoms are the same.
    fn in_frame(&self, frame: &Frame, take: impl FnOnce(&[[f64; 3]], &Cell) -> Result<()>) -> Result<()> {
        let (n, expected) = (self.numbers.len(), "the atoms of the first frame in the same order");
        if frame.n_atoms() != n {
            return Err(Error::argument("atoms", format!("{} atoms", frame.n_atoms()), format!("{n}: {expected}")));
        }
        if let Some(k) = (0..n).find(|&k| frame.numbers[k] != self.numbers[k]) {
            let got = format!("atomic number {} for atom {k}", frame.numbers[k]);
            return Err(Error::argument("atoms", got, format!("{}: {expected}", self.numbers[k])));
        }
        let cell = frame.cell()?;
        match &self.centers {
            None => take(&frame.positions, &cell),
            Some(centers) => take(&centers.centers(&frame.positions, &cell)?, &cell),
        }
    }

    /// The same for consecutive frames; an error tells the frame.
    fn in_frames(
        &self,
        first: u64,
        frames: &Frames,
        workers: Workers<'_>,
        mut take: impl FnMut(u64, &[[f64; 3]], &Cell) -> Result<()>,
    ) -> Result<()> {
        frames.frames.iter().zip(first..).try_for_each(|(frame, number)| {
            workers.check()?;
            self.in_frame(frame, |r, cell| take(number, r, cell)).map_err(|e| e.in_frame(number))
        })
    }
}

/// Exact sums of squared displacements.
#[pyclass(frozen, module = "ecemc._core")]
pub struct MSDAccumulator {
    state: Mutex<MsdAccumulator>,
}

impl MSDAccumulator {
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, MsdAccumulator> {
        threads::lock(py, &self.state)
    }

    /// For a kernel, which has no GIL.
    fn held(&self) -> MutexGuard<'_, MsdAccumulator> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl MSDAccumulator {
    #[new]
    fn new(
        groups: PyReadonlyArray1<'_, u32>,
        weights: PyReadonlyArray1<'_, f64>,
        remove_drift: bool,
    ) -> PyResult<Self> {
        let (groups, weights) = (elements(&groups, "groups", None)?, elements(&weights, "weights", None)?);
        let state = MsdAccumulator::new(groups, weights, remove_drift).map_err(|e| exception(&e))?;
        Ok(Self { state: Mutex::new(state) })
    }

    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        let state = MsdAccumulator::from_bytes(state).map_err(|e| exception(&e))?;
        Ok(Self { state: Mutex::new(state) })
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock(py).to_bytes())
    }

    fn n_frames(&self, py: Python<'_>) -> u64 {
        self.lock(py).n_frames()
    }

    /// Number that the next frame must have, None before the first.
    fn next_frame(&self, py: Python<'_>) -> Option<u64> {
        self.lock(py).next_frame()
    }

    /// Adds consecutive frames: positions (F, n, 3), lattices (F, 3, 3).
    #[pyo3(signature = (first, positions, lattices, pbc, n_threads=None))]
    fn add(
        &self,
        py: Python<'_>,
        first: u64,
        positions: PyReadonlyArray3<'_, f64>,
        lattices: PyReadonlyArray3<'_, f64>,
        pbc: [bool; 3],
        n_threads: Option<i64>,
    ) -> PyResult<()> {
        let (shape, n) = (positions.shape().to_vec(), self.lock(py).n_particles());
        let wrong = || {
            let got = format!("positions {shape:?}, lattices {:?}", lattices.shape());
            InputError::new_err(format!("got {got}, expected (F, {n}, 3) and (F, 3, 3), C-contiguous"))
        };
        let (Ok(flat), Ok(rows)) = (positions.as_slice(), lattices.as_slice()) else { return Err(wrong()) };
        if shape[1..] != [n, 3] || lattices.shape() != [shape[0], 3, 3] {
            return Err(wrong());
        }
        let (frames, cells) = (flat.as_chunks().0.chunks(n), rows.as_chunks().0.as_chunks::<3>().0);
        threads::run(py, n_threads, |workers| {
            let mut state = self.held();
            frames.zip(cells).zip(first..).try_for_each(|((r, rows), number)| {
                let cell = if pbc == [false; 3] { Ok(Cell::open()) } else { Cell::new(*rows, pbc) };
                cell.and_then(|cell| state.add(number, r, &cell, workers)).map_err(|e| e.in_frame(number))
            })
        })
    }

    /// Adds consecutive frames; an error tells the frame, those before it stay added.
    #[pyo3(signature = (first, frames, particles, n_threads=None))]
    fn add_frames(
        &self,
        py: Python<'_>,
        first: u64,
        frames: &Frames,
        particles: &Particles,
        n_threads: Option<i64>,
    ) -> PyResult<()> {
        threads::run(py, n_threads, |workers| {
            let mut state = self.held();
            particles.in_frames(first, frames, workers, |number, r, cell| state.add(number, r, cell, workers))
        })
    }

    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<()> {
        let other = other.lock(py).clone();
        py.detach(|| self.held().merge(&other)).map_err(|e| exception(&e))
    }

    /// A dictionary of arrays, see the stub file.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.lock(py);
        let found = state.result();
        let result = PyDict::new(py);
        let shape = [found.lags.len(), state.n_groups()];
        result.set_item("msd", array1(py, found.values).reshape(shape)?)?;
        result.set_item("lags", array1(py, found.lags))?;
        result.set_item("n_pairs", array1(py, found.n_pairs))?;
        result.set_item("n_frames", found.n_frames)?;
        result.set_item("largest_step_ratio", found.steps.largest_ratio)?;
        result.set_item("n_large_steps", found.steps.n_large)?;
        Ok(result)
    }
}

/// Unwrapped positions, frame by frame.
#[pyclass(frozen, module = "ecemc._core")]
pub struct Unwrapper {
    path: Mutex<Path>,
}

#[pymethods]
impl Unwrapper {
    #[new]
    fn new(weights: PyReadonlyArray1<'_, f64>, remove_drift: bool) -> PyResult<Self> {
        let path = Path::new(elements(&weights, "weights", None)?, remove_drift).map_err(|e| exception(&e))?;
        Ok(Self { path: Mutex::new(path) })
    }

    /// (F, n, 3), for consecutive frames.
    #[pyo3(signature = (first, frames, particles, n_threads=None))]
    fn add_frames<'py>(
        &self,
        py: Python<'py>,
        first: u64,
        frames: &Frames,
        particles: &Particles,
        n_threads: Option<i64>,
    ) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let n = particles.centers.as_ref().map_or(particles.numbers.len(), MolecularCenters::len);
        let unwrapped = threads::run(py, n_threads, |workers| {
            let mut path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
            let mut unwrapped: Vec<[f64; 3]> = Vec::with_capacity(frames.frames.len() * n);
            particles.in_frames(first, frames, workers, |_, r, cell| {
                path.push(r, cell, workers)?;
                unwrapped.extend(path.positions());
                Ok(())
            })?;
            Ok(unwrapped)
        })?;
        array1(py, unwrapped.into_flattened()).reshape([frames.frames.len(), n, 3])
    }
}
