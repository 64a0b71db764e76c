//! Bridge to `ecemc_io::Survey`.

use std::sync::{Mutex, PoisonError};

use ecemc_io::{Range, Survey as Gathered};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{array1, elements};
use crate::frames::Frames;

/// Gathers what is in frames.
#[pyclass(frozen, module = "ecemc._core")]
pub struct Survey {
    masses: Vec<f64>,
    gathered: Mutex<Gathered>,
}

#[pymethods]
impl Survey {
    /// Nothing yet; `masses` by atomic number are for densities.
    #[new]
    fn new(masses: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        Ok(Self { masses: elements(&masses, "masses", None)?.to_vec(), gathered: Mutex::default() })
    }

    /// Takes the next frames.
    fn add(&self, py: Python<'_>, frames: &Frames) {
        py.detach(|| {
            let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
            for frame in &frames.frames {
                gathered.add(frame, &self.masses);
            }
        });
    }

    /// All that was gathered, by the names of `ecemc_io::Survey`; ranges as (min, max) or None.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let gathered = py.detach(|| self.gathered.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let record = PyDict::new(py);
        record.set_item("n_frames", gathered.n_frames)?;
        record.set_item("n_atoms", bounds(gathered.n_atoms))?;
        record.set_item("numbers", array1(py, gathered.numbers))?;
        record.set_item("n_other_elements", gathered.n_other_elements)?;
        record.set_item("n_without_cell", gathered.n_without_cell)?;
        record.set_item("pbc", gathered.pbc)?;
        record.set_item("lengths", gathered.lengths.map(bounds))?;
        record.set_item("volume", bounds(gathered.volume))?;
        record.set_item("density", bounds(gathered.density))?;
        let keys = gathered
            .keys
            .into_iter()
            .map(|key| (key.per_atom, key.name, key.kind, key.width, key.n_frames, bounds(key.range), key.n_nan));
        record.set_item("keys", keys.collect::<Vec<_>>())?;
        record.set_item("times", array1(py, gathered.times))?;
        record.set_item("steps", array1(py, gathered.steps))?;
        Ok(record)
    }
}

fn bounds(range: Range) -> Option<(f64, f64)> {
    (range.min <= range.max).then_some((range.min, range.max))
}
