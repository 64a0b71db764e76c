//! Bridge to `ecemc_io::Frame`: frames stay in Rust until one is asked for.

use std::borrow::Cow;
use std::sync::Arc;

use ecemc_core::Cell;
use ecemc_core::kinetic::EV_PER_AMU_A2_FS2;
use ecemc_core::tracking::Configuration;
use ecemc_io::{ColumnData, Frame, Value};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{array1, array2, elements};
use crate::errors::exception;
use crate::records;

/// Some consecutive frames of a trajectory; accumulators take them whole, without any Python for each frame.
#[pyclass(frozen, module = "ecemc._core")]
pub struct Frames {
    pub(crate) frames: Vec<Arc<Frame>>,
}

impl Frames {
    /// The cell of each frame; `first` is the number of the first one, for messages.
    pub fn cells(&self, first: u64) -> PyResult<Vec<Cell>> {
        let cell = |(frame, number): (&Arc<Frame>, u64)| frame.cell().map_err(|e| exception(&e.in_frame(number)));
        self.frames.iter().zip(first..).map(cell).collect()
    }

    /// Masses of the atoms of each frame.
    pub fn atom_masses(&self, table: &[f64]) -> Vec<Cow<'_, [f64]>> {
        self.frames.iter().map(|frame| frame.masses(table)).collect()
    }

    /// The frames as the kernels take them.
    pub fn configurations<'a>(&'a self, cells: &'a [Cell]) -> Vec<Configuration<'a>> {
        let view = |(frame, cell): (&'a Arc<Frame>, &'a Cell)| Configuration {
            positions: &frame.positions,
            numbers: &frame.numbers,
            cell,
        };
        self.frames.iter().zip(cells).map(view).collect()
    }
}

impl From<Vec<Frame>> for Frames {
    fn from(frames: Vec<Frame>) -> Self {
        Self { frames: frames.into_iter().map(Arc::new).collect() }
    }
}

#[pymethods]
impl Frames {
    /// The inverse of indexing: what is neither a number nor a text in columns and info is left out.
    #[staticmethod]
    fn from_records(records: Vec<Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(records.iter().map(records::frame).collect::<PyResult<Vec<_>>>()?.into())
    }

    /// The frames at these indices, not copied.
    fn take(&self, indices: Vec<usize>) -> PyResult<Self> {
        let n = self.frames.len();
        let frame =
            |k: usize| self.frames.get(k).cloned().ok_or_else(|| PyIndexError::new_err(format!("frame {k} of {n}")));
        Ok(Self { frames: indices.into_iter().map(frame).collect::<PyResult<_>>()? })
    }

    fn __len__(&self) -> usize {
        self.frames.len()
    }

    /// Everything about one frame: numbers, positions, lattice (or None), pbc, velocities (Å/fs, or None), columns, info.
    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyDict>> {
        let out_of_range = || PyIndexError::new_err(format!("frame {index} of {}", self.frames.len()));
        records::record(py, self.frames.get(index).ok_or_else(out_of_range)?)
    }

    /// Frames `start..stop`, not copied; bounds beyond the end are cut as in Python.
    fn slice(&self, start: usize, stop: usize) -> Self {
        let stop = stop.min(self.frames.len());
        Self { frames: self.frames[start.min(stop)..stop].to_vec() }
    }

    /// Number of atoms of each frame.
    #[getter]
    fn n_atoms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        array1(py, self.frames.iter().map(|frame| frame.n_atoms() as i64).collect())
    }

    /// Cell vectors of each frame, NaN where there are none.
    #[getter]
    fn lattices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let rows: Vec<[f64; 3]> =
            self.frames.iter().flat_map(|frame| frame.lattice.unwrap_or([[f64::NAN; 3]; 3])).collect();
        array1(py, rows.into_flattened()).reshape([self.frames.len(), 3, 3])
    }

    /// Periodic flags of each frame.
    #[getter]
    fn pbc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<bool>>> {
        array2(py, self.frames.iter().map(|frame| frame.pbc).collect())
    }

    /// Volume of each frame in Å³, NaN where the cell vectors span none.
    #[getter]
    fn volumes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let volume = |frame: &Arc<Frame>| frame.cell().ok().and_then(|cell| cell.volume()).unwrap_or(f64::NAN);
        array1(py, self.frames.iter().map(volume).collect())
    }

    /// Total mass of each frame in amu.
    fn masses<'py>(&self, py: Python<'py>, table: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let table = elements(&table, "table", None)?;
        Ok(array1(py, self.frames.iter().map(|frame| frame.masses(table).iter().sum()).collect()))
    }

    /// For each frame the first of these info keys that holds exactly `width` numbers, in reading order, else NaN.
    fn reals<'py>(&self, py: Python<'py>, keys: Vec<String>, width: usize) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let mut found = Vec::with_capacity(self.frames.len() * width);
        for frame in &self.frames {
            let numbers = keys.iter().filter_map(|key| frame.info(key).and_then(Value::reals));
            found.extend(numbers.into_iter().find(|x| x.len() == width).unwrap_or_else(|| vec![f64::NAN; width]));
        }
        array1(py, found).reshape([self.frames.len(), width])
    }
}

/// Velocities in Å/fs: those of the frame, else from a column `momenta` in ASE's units, else a column of velocities in Å/fs
/// as QUIP and GPUMD write them.
pub fn velocities<'a>(frame: &'a Frame, masses: &[f64]) -> Option<Cow<'a, [[f64; 3]]>> {
    let column = |name| match frame.column(name).map(|column| (column.width, &column.data)) {
        Some((3, ColumnData::Real(values))) => Some(values.as_chunks().0),
        _ => None,
    };
    if let Some(velocities) = &frame.velocities {
        return Some(Cow::Borrowed(velocities));
    }
    if let Some(momenta) = column("momenta") {
        // ASE's unit of time is Å sqrt(amu/eV).
        let per_mass = EV_PER_AMU_A2_FS2.sqrt().recip();
        let velocity = |(p, mass): (&[f64; 3], &f64)| p.map(|p| p / mass * per_mass);
        return Some(momenta.iter().zip(masses).map(velocity).collect());
    }
    ["velocities", "velo", "vel"].into_iter().find_map(column).map(Cow::Borrowed)
}
