//! Bridge to `ecemc_core::tracking`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ecemc_core::environments::Tracked;
use ecemc_core::tracking::{Configuration, Kind, MoleculeTracker as Tracker, TrackedFrame};
use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{array1, array2};
use crate::errors::{InputError, exception};
use crate::frames::Frames;
use crate::molecules::{Found, bond_rule, found, hexadecimal};
use crate::threads;

/// Finds the molecules of batch after batch and logs all broken and formed bonds.
#[pyclass(frozen, module = "ecemc._core")]
pub struct MoleculeTracker {
    tracker: Mutex<Tracker>,
}

/// Atomic numbers, bonded pairs (k, 2) and number of the first frame of a system.
type System<'py> = (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray2<i64>>, u64);

impl MoleculeTracker {
    fn new_with(tracker: Tracker) -> Self {
        Self { tracker: Mutex::new(tracker) }
    }

    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Tracker> {
        threads::lock(py, &self.tracker)
    }
}

#[pymethods]
impl MoleculeTracker {
    #[new]
    #[pyo3(signature = (scale, factors=Vec::new()))]
    fn new(scale: f64, factors: Vec<(u8, f64)>) -> PyResult<Self> {
        Ok(Self::new_with(Tracker::new(bond_rule(scale, &factors).map_err(|e| exception(&e))?)))
    }

    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        Ok(Self::new_with(Tracker::from_bytes(state).map_err(|e| exception(&e))?))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock(py).to_bytes())
    }

    /// Molecules of consecutive frames, `first` being the number of the first one.
    #[pyo3(signature = (first, frames, n_threads=None))]
    fn add(&self, py: Python<'_>, first: u64, frames: &Frames, n_threads: Option<i64>) -> PyResult<TrackedMolecules> {
        let cells = frames.cells(first)?;
        let configurations = frames.configurations(&cells);
        threads::run(py, n_threads, |workers| {
            let mut tracker = self.tracker.lock().unwrap_or_else(PoisonError::into_inner);
            let frames = tracker.add(first, &configurations, workers)?.into_iter().map(Arc::new).collect();
            Ok(TrackedMolecules { first, frames, kinds: tracker.kinds().into() })
        })
    }

    /// Appends a later part; gives the number here of each of its kinds.
    fn merge(&self, py: Python<'_>, other: &Self) -> PyResult<Vec<u32>> {
        let other = other.lock(py).clone();
        self.lock(py).merge(&other).map_err(|e| exception(&e))
    }

    fn next_frame(&self, py: Python<'_>) -> u64 {
        self.lock(py).next_frame()
    }

    /// Of each system the atomic numbers, the bonded pairs (k, 2) of its first frame and the number of that frame.
    #[getter]
    fn systems<'py>(&self, py: Python<'py>) -> PyResult<Vec<System<'py>>> {
        let tracker = self.lock(py);
        let systems = tracker.systems().iter().map(|system| {
            let pairs = system.first.iter().map(|&(i, j)| [i64::from(i), i64::from(j)]).collect();
            Ok((array1(py, system.numbers.clone()), array2(py, pairs)?, system.first_frame))
        });
        systems.collect()
    }

    /// (E, 4): frame, atoms i <= j, +1 for a formed and -1 for a broken bond.
    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let tracker = self.lock(py);
        let rows = tracker.events().iter().map(|event| {
            [event.frame as i64, event.atoms.0.into(), event.atoms.1.into(), if event.formed { 1 } else { -1 }]
        });
        array2(py, rows.collect())
    }

    /// Of each kind of molecule the fingerprint, the formula, the number of atoms, and whether it is infinite.
    #[getter]
    fn fingerprints(&self, py: Python<'_>) -> Vec<(String, String, usize, bool)> {
        let describe = |kind: &Kind| (hexadecimal(kind.fingerprint), kind.formula.clone(), kind.n_atoms, kind.infinite);
        self.lock(py).kinds().iter().map(describe).collect()
    }
}

/// The molecules of a batch of frames.
#[pyclass(frozen, module = "ecemc._core")]
pub struct TrackedMolecules {
    /// Number of the first frame.
    pub(crate) first: u64,
    pub(crate) frames: Vec<Arc<TrackedFrame>>,
    /// All kinds known when the batch was added.
    pub(crate) kinds: Arc<[Kind]>,
}

impl TrackedMolecules {
    fn frame(&self, k: usize) -> PyResult<&TrackedFrame> {
        let out_of_range = || PyIndexError::new_err(format!("frame {k} of {}", self.frames.len()));
        Ok(self.frames.get(k).ok_or_else(out_of_range)?)
    }

    /// The frames as the kernels take them, with masses of their atoms.
    pub fn of<'a>(&'a self, frames: Vec<Configuration<'a>>, masses: &'a [Cow<'a, [f64]>]) -> Vec<Tracked<'a>> {
        let view = |((frame, molecules), masses): ((Configuration<'a>, &'a Arc<TrackedFrame>), &'a Cow<'a, [f64]>)| {
            Tracked { frame, molecules, masses }
        };
        frames.into_iter().zip(&self.frames).zip(masses).map(view).collect()
    }

    /// Refuses frames of other numbers of atoms.
    pub fn require_of(&self, frames: &Frames) -> PyResult<()> {
        let ours = self.frames.iter().map(|tracked| tracked.molecules.n_atoms());
        if ours.eq(frames.frames.iter().map(|frame| frame.n_atoms())) {
            return Ok(());
        }
        Err(InputError::new_err(
            "tracked: got molecules of other frames, expected what MoleculeTracker.add gave for these",
        ))
    }
}

#[pymethods]
impl TrackedMolecules {
    fn __len__(&self) -> usize {
        self.frames.len()
    }

    #[getter]
    fn system<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        array1(py, self.frames.iter().map(|frame| frame.system.into()).collect())
    }

    #[getter]
    fn n_molecules<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        array1(py, self.frames.iter().map(|frame| frame.molecules.len() as i64).collect())
    }

    /// Whether the bonds differ from those of the first frame of the system.
    #[getter]
    fn changed<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<bool>> {
        array1(py, self.frames.iter().map(|frame| frame.changed).collect())
    }

    /// Kinds of the molecules that are bonded to their own periodic images, in any of the frames.
    #[getter]
    fn infinite(&self) -> Vec<u32> {
        let kinds = self.frames.iter().flat_map(|frame| frame.kinds.iter().copied());
        kinds.filter(|&kind| self.kinds[kind as usize].infinite).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Kind of each molecule of frame k, a number into `MoleculeTracker.fingerprints`.
    fn kinds<'py>(&self, py: Python<'py>, k: usize) -> PyResult<Bound<'py, PyArray1<i64>>> {
        Ok(array1(py, self.frame(k)?.kinds.iter().map(|&kind| kind.into()).collect()))
    }

    /// The molecules of frame k as `find_molecules` gives them.
    fn molecules<'py>(&self, py: Python<'py>, k: usize) -> PyResult<Found<'py>> {
        let frame = self.frame(k)?;
        let (mut present, mut kind_of) = (Vec::new(), Vec::with_capacity(frame.kinds.len()));
        for &kind in frame.kinds.iter() {
            let known = present.iter().position(|&other| other == kind);
            kind_of.push(known.unwrap_or(present.len()) as u32);
            if known.is_none() {
                present.push(kind);
            }
        }
        let describe = |kind: u32| {
            let kind = &self.kinds[kind as usize];
            (hexadecimal(kind.fingerprint), kind.formula.clone())
        };
        found(py, &frame.molecules, &frame.bonds, kind_of, present.into_iter().map(describe).collect())
    }

    /// Frames `start..stop`, not copied; bounds beyond the end are cut as in Python.
    fn slice(&self, start: usize, stop: usize) -> Self {
        let stop = stop.min(self.frames.len());
        let start = start.min(stop);
        let frames = self.frames[start..stop].to_vec();
        Self { first: self.first + start as u64, frames, kinds: Arc::clone(&self.kinds) }
    }
}
