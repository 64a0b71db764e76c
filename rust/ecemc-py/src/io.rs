//! Bridge to `ecemc_io`: frames stay in Rust until one is asked for.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ecemc_core::{Error, Workers};
use ecemc_io::{Array, Column, ColumnData, Frame, Reader, Selection, Value, count_frames as count};
use numpy::{Element, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays::{array1, array2, elements, rows};
use crate::errors::{InputError, file_exception};
use crate::threads;

/// Some consecutive frames of a trajectory; accumulators take them whole, without any Python for each frame.
#[pyclass(frozen, module = "ecemc._core")]
pub struct Frames {
    frames: Vec<Frame>,
}

/// Positions, atomic numbers, cell vectors (or none) and periodic flags of one frame.
type Geometry<'py> = (PyReadonlyArray2<'py, f64>, PyReadonlyArray1<'py, u8>, Option<[[f64; 3]; 3]>, [bool; 3]);

#[pymethods]
impl Frames {
    /// Frames from arrays, one tuple (positions, numbers, lattice or None, pbc) for each.
    #[staticmethod]
    fn from_arrays(geometries: Vec<Geometry<'_>>) -> PyResult<Self> {
        let frames = geometries.iter().map(|(positions, numbers, lattice, pbc)| {
            let positions = rows(positions, "positions")?.to_vec();
            let numbers = elements(numbers, "numbers", Some(positions.len()))?.to_vec();
            Ok(Frame { numbers, positions, lattice: *lattice, pbc: *pbc, ..Frame::default() })
        });
        Ok(Self { frames: frames.collect::<PyResult<_>>()? })
    }

    fn __len__(&self) -> usize {
        self.frames.len()
    }

    /// Everything about one frame: numbers, positions, lattice (or None), pbc, columns, info.
    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyDict>> {
        let out_of_range = || PyIndexError::new_err(format!("frame {index} of {}", self.frames.len()));
        let frame = self.frames.get(index).ok_or_else(out_of_range)?;
        let record = PyDict::new(py);
        record.set_item("numbers", array1(py, frame.numbers.clone()))?;
        record.set_item("positions", array2(py, frame.positions.clone())?)?;
        record.set_item("lattice", frame.lattice.map(|rows| array2(py, rows.to_vec())).transpose()?)?;
        record.set_item("pbc", frame.pbc)?;
        let columns = PyDict::new(py);
        for column in &frame.columns {
            columns.set_item(&column.name, column_array(py, column)?)?;
        }
        record.set_item("columns", columns)?;
        let info = PyDict::new(py);
        for (key, value) in &frame.info {
            info.set_item(key, value_object(py, value)?)?;
        }
        record.set_item("info", info)?;
        Ok(record)
    }
}

/// Iterates over a file and gives [`Frames`], each as many as are read at once.
#[pyclass(frozen, module = "ecemc._core")]
pub struct ExtxyzReader {
    path: PathBuf,
    reader: Mutex<Reader<'static>>,
    n_threads: Option<i64>,
}

#[pymethods]
impl ExtxyzReader {
    #[new]
    #[pyo3(signature = (path, start=0, stop=None, step=1, n_threads=None))]
    fn new(path: PathBuf, start: usize, stop: Option<usize>, step: usize, n_threads: Option<i64>) -> PyResult<Self> {
        if step == 0 {
            return Err(InputError::new_err("step: got 0, expected at least 1"));
        }
        let selection = Selection { start, stop: stop.unwrap_or(usize::MAX), step };
        let reader = Reader::open(&path, selection).map_err(|error| file_exception(&path, &error))?;
        Ok(Self { path, reader: Mutex::new(reader), n_threads })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frames>> {
        run(py, &self.path, self.n_threads, |workers| {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.next_frames(workers)
        })
        .map(|frames| frames.map(|frames| Frames { frames }))
    }
}

/// Number of frames in a file; a last one that is cut off does not count.
#[pyfunction]
pub fn count_frames(py: Python<'_>, path: PathBuf) -> PyResult<usize> {
    run(py, &path, Some(1), |workers| count(&path, workers))
}

/// [`threads::run`] for work whose errors belong to a file.
fn run<T: Send>(
    py: Python<'_>,
    path: &Path,
    n_threads: Option<i64>,
    work: impl FnOnce(&Workers<'_>) -> ecemc_io::Result<T> + Send,
) -> PyResult<T> {
    let outcome = threads::run(py, n_threads, |workers| match work(&workers) {
        Err(ecemc_io::Error::Interrupted) => Err(Error::Interrupted),
        outcome => Ok(outcome),
    });
    outcome?.map_err(|error| file_exception(path, &error))
}

/// (n,) or (n, width): an array, or a list of texts.
fn column_array<'py>(py: Python<'py>, column: &Column) -> PyResult<Bound<'py, PyAny>> {
    let width = (column.width > 1).then_some(column.width);
    match &column.data {
        ColumnData::Real(values) => shaped(py, values, width),
        ColumnData::Int(values) => shaped(py, values, width),
        ColumnData::Bool(values) => shaped(py, values, width),
        ColumnData::Text(texts) => nested(py, &texts.iter().collect::<Vec<_>>(), width),
    }
}

fn value_object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    fn array<'py, T: Element + Clone>(py: Python<'py>, array: &Array<T>) -> PyResult<Bound<'py, PyAny>> {
        shaped(py, &array.values, array.columns)
    }
    Ok(match value {
        Value::Bool(flag) => flag.into_pyobject(py)?.to_owned().into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Real(number) => number.into_pyobject(py)?.into_any(),
        Value::Text(text) => text.into_pyobject(py)?.into_any(),
        Value::BoolArray(values) => array(py, values)?,
        Value::IntArray(values) => array(py, values)?,
        Value::RealArray(values) => array(py, values)?,
        Value::TextArray(texts) => {
            nested(py, &texts.values.iter().map(String::as_str).collect::<Vec<_>>(), texts.columns)?
        }
    })
}

fn shaped<'py, T: Element + Clone>(
    py: Python<'py>,
    values: &[T],
    columns: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let flat = PyArray1::from_vec(py, values.to_vec());
    Ok(match columns {
        Some(columns) => flat.reshape([values.len() / columns.max(1), columns])?.into_any(),
        None => flat.into_any(),
    })
}

fn nested<'py>(py: Python<'py>, texts: &[&str], columns: Option<usize>) -> PyResult<Bound<'py, PyAny>> {
    match columns {
        None => Ok(PyList::new(py, texts)?.into_any()),
        Some(columns) => Ok(PyList::new(py, texts.chunks(columns.max(1)))?.into_any()),
    }
}
