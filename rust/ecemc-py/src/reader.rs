//! Bridge to `ecemc_io::Reader`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ecemc_core::{Error, Workers};
use ecemc_io::{Format, Incomplete, Options, Position, Reader, Selection, Types, Units};
use pyo3::prelude::*;

use crate::errors::{InputError, file_exception};
use crate::frames::Frames;
use crate::threads;

/// Formats by the names that Python uses.
const FORMATS: [(&str, Format); 2] = [("extxyz", Format::Extxyz), ("lammps-dump", Format::LammpsDump)];

/// Iterates over a file and gives [`Frames`], each as many as are read at once.
#[pyclass(frozen, module = "ecemc._core")]
pub struct TrajectoryReader {
    path: PathBuf,
    reader: Mutex<Reader<'static>>,
    n_threads: Option<i64>,
}

/// Elements of types: of 1, 2, … in order, or by number or label.
#[derive(FromPyObject)]
enum TypesArgument {
    InOrder(Vec<String>),
    ByNumber(HashMap<i64, String>),
    ByLabel(HashMap<String, String>),
}

#[pymethods]
impl TrajectoryReader {
    #[new]
    #[pyo3(signature = (path, start=0, stop=None, step=1, n_threads=None, *, format=None, types=None, units=None,
                        position=None, incomplete="error"))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        start: usize,
        stop: Option<usize>,
        step: usize,
        n_threads: Option<i64>,
        format: Option<&str>,
        types: Option<Bound<'_, PyAny>>,
        units: Option<&str>,
        position: Option<(u64, usize, usize)>,
        incomplete: &str,
    ) -> PyResult<Self> {
        if step == 0 {
            return Err(InputError::new_err("step: got 0, expected at least 1"));
        }
        let options = Options {
            format: format.map(known_format).transpose()?,
            selection: Selection { start, stop: stop.unwrap_or(usize::MAX), step },
            types: types.as_ref().map(known_types).transpose()?,
            units: units.map(known_units).transpose()?,
            position: position.map_or_else(Position::default, |(offset, frame, line)| Position { offset, frame, line }),
            incomplete: known_incomplete(incomplete)?,
        };
        // Opening a pipe waits for its writer, which may be a thread of this process.
        let reader = py.detach(|| Reader::open(&path, options)).map_err(|error| file_exception(&path, &error))?;
        Ok(Self { path, reader: Mutex::new(reader), n_threads })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frames>> {
        run(py, &self.path, self.n_threads, |workers| self.lock().next_frames(workers))
            .map(|frames| frames.map(Frames::from))
    }

    /// Byte of the (decompressed) file, number of the frame (from 0) and of the line (from 1) after the frames given so far.
    #[getter]
    fn position(&self, py: Python<'_>) -> (u64, usize, usize) {
        let Position { offset, frame, line } = py.detach(|| self.lock().position());
        (offset, frame, line)
    }

    /// What is missing of a last frame that is cut off, after the frames before it; none in a whole file.
    #[getter]
    fn truncated(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.lock().truncated().map(str::to_owned))
    }

    /// The units that were taken for those of a dump that names none, if anything given so far depends on them.
    #[getter]
    fn assumed_units(&self, py: Python<'_>) -> Option<&'static str> {
        py.detach(|| self.lock().assumed_units().map(Units::name))
    }
}

impl TrajectoryReader {
    fn lock(&self) -> MutexGuard<'_, Reader<'static>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known_format(name: &str) -> PyResult<Format> {
    let known = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
    known.ok_or_else(|| InputError::new_err(format!("format: got '{name}', expected 'extxyz' or 'lammps-dump'")))
}

fn known_units(name: &str) -> PyResult<Units> {
    let wrong = || InputError::new_err(format!("units: got '{name}', expected 'metal' or 'real' (lengths in Å)"));
    Units::named(name).ok_or_else(wrong)
}

fn known_incomplete(name: &str) -> PyResult<Incomplete> {
    match name {
        "error" => Ok(Incomplete::Error),
        "stop" => Ok(Incomplete::Stop),
        _ => Err(InputError::new_err(format!("incomplete: got '{name}', expected 'error' or 'stop'"))),
    }
}

fn known_types(argument: &Bound<'_, PyAny>) -> PyResult<Types> {
    let expected = "expected chemical symbols, [\"C\", \"H\", \"O\"] for types 1, 2, 3, or {1: \"C\", 3: \"O\"}";
    let wrong = |_| InputError::new_err(format!("types: got {argument:?}, {expected}"));
    let pairs: Vec<(String, String)> = match argument.extract().map_err(wrong)? {
        TypesArgument::InOrder(symbols) => (1..).map(|k: usize| k.to_string()).zip(symbols).collect(),
        TypesArgument::ByNumber(symbols) => symbols.into_iter().map(|(k, symbol)| (k.to_string(), symbol)).collect(),
        TypesArgument::ByLabel(symbols) => symbols.into_iter().collect(),
    };
    Types::new(pairs).map_err(|error| InputError::new_err(error.to_string()))
}

/// The format of a file by its content: `extxyz`, `lammps-dump`, or none of these.
#[pyfunction]
pub fn detect_format(py: Python<'_>, path: PathBuf) -> PyResult<Option<&'static str>> {
    let format = py.detach(|| ecemc_io::detect_format(&path)).map_err(|error| file_exception(&path, &error))?;
    Ok(FORMATS.iter().find(|(_, known)| Some(*known) == format).map(|(name, _)| *name))
}

/// Number of frames in a file; a last one that is cut off does not count.
#[pyfunction]
#[pyo3(signature = (path, format=None))]
pub fn count_frames(py: Python<'_>, path: PathBuf, format: Option<&str>) -> PyResult<usize> {
    let format = format.map(known_format).transpose()?;
    run(py, &path, Some(1), |workers| ecemc_io::count_frames(&path, format, workers))
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
