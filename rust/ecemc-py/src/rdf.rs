//! Bridge to `ecemc_core::rdf`.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ecemc_core::rdf::{
    Estimate, Grouping, Normalization, Rdf, RdfAccumulator, RdfBins, RdfFrame, RdfMolecules, count_frames,
};
use ecemc_core::tracking::Kind;
use ecemc_core::{BondRule, Cell, Error, Molecules, symbol};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arrays::{array1, elements, rows};
use crate::errors::{InputError, exception};
use crate::frames::Frames;
use crate::molecules::{atomic_numbers, hexadecimal, molecules};
use crate::threads;
use crate::tracking::TrackedMolecules;

/// Index, image, infinite.
type Found<'py> = (PyReadonlyArray1<'py, i64>, PyReadonlyArray2<'py, i64>, PyReadonlyArray1<'py, bool>);

/// Positions, cell, pbc, atomic numbers, molecules if they were found before.
#[derive(FromPyObject)]
pub struct Frame<'py>(
    PyReadonlyArray2<'py, f64>,
    [[f64; 3]; 3],
    [bool; 3],
    PyReadonlyArray1<'py, i64>,
    Option<Found<'py>>,
);

/// The same as the kernels take it.
struct View<'a> {
    positions: &'a [[f64; 3]],
    numbers: Vec<u8>,
    cell: Cell,
    molecules: Option<Molecules>,
}

impl Frame<'_> {
    fn view(&self, number: u64) -> PyResult<View<'_>> {
        let positions = rows(&self.0, "positions")?;
        Ok(View {
            positions,
            numbers: atomic_numbers(elements(&self.3, "numbers", Some(positions.len()))?)?,
            cell: Cell::new(self.1, self.2).map_err(|e| exception(&e.in_frame(number)))?,
            molecules: self.4.as_ref().map(|found| molecules(&found.0, &found.1, &found.2)).transpose()?,
        })
    }
}

/// Exact sums over frames.
#[pyclass(frozen, module = "ecemc._core")]
pub struct RDFAccumulator {
    bins: RdfBins,
    grouping: Grouping,
    sums: Mutex<RdfAccumulator>,
}

/// Fingerprint, formula, number of atoms and whether it is infinite of a kind of molecule, and an atomic number.
type Group = (String, String, usize, bool, u8);

fn kind(group: &Group) -> PyResult<Kind> {
    let fingerprint = u128::from_str_radix(&group.0, 16)
        .map_err(|_| InputError::new_err(format!("groups: got {:?}, expected a fingerprint", group.0)))?;
    Ok(Kind { fingerprint, formula: group.1.clone(), n_atoms: group.2, infinite: group.3 })
}

fn group(kind: &Kind, number: u8) -> Group {
    (hexadecimal(kind.fingerprint), kind.formula.clone(), kind.n_atoms, kind.infinite, number)
}

impl RDFAccumulator {
    fn with(sums: RdfAccumulator) -> Self {
        Self { bins: *sums.bins(), grouping: sums.grouping().clone(), sums: Mutex::new(sums) }
    }

    fn lock(&self) -> MutexGuard<'_, RdfAccumulator> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl RDFAccumulator {
    /// `groups`: atoms of an element in molecules of a kind, or, with 0 for the element in all, centres of mass.
    #[new]
    #[pyo3(signature = (r_max, n_bins, groups=None))]
    fn new(r_max: f64, n_bins: usize, groups: Option<Vec<Group>>) -> PyResult<Self> {
        let bins = RdfBins::new(r_max, n_bins).map_err(|e| exception(&e))?;
        let grouping = match groups {
            None => Grouping::Elements,
            Some(groups) if !groups.is_empty() && groups.iter().all(|group| group.4 == 0) => {
                Grouping::Centers(groups.iter().map(kind).collect::<PyResult<_>>()?)
            }
            Some(groups) => {
                Grouping::Atoms(groups.iter().map(|group| Ok((kind(group)?, group.4))).collect::<PyResult<_>>()?)
            }
        };
        let sums = RdfAccumulator::with_grouping(bins, grouping).map_err(|e| exception(&e))?;
        Ok(Self::with(sums))
    }

    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        Ok(Self::with(RdfAccumulator::from_bytes(state).map_err(|e| exception(&e))?))
    }

    /// The groups as they were given.
    #[getter]
    fn groups(&self) -> Option<Vec<Group>> {
        match &self.grouping {
            Grouping::Elements => None,
            Grouping::Atoms(groups) => Some(groups.iter().map(|(kind, number)| group(kind, *number)).collect()),
            Grouping::Centers(groups) => Some(groups.iter().map(|kind| group(kind, 0)).collect()),
        }
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lock().to_bytes())
    }

    fn bins(&self) -> (f64, usize) {
        (self.bins.r_max(), self.bins.n_bins())
    }

    fn n_frames(&self) -> u64 {
        self.lock().n_frames()
    }

    /// One more than the largest number of a frame so far.
    fn next_frame(&self) -> u64 {
        self.lock().next_frame()
    }

    /// Counts the pairs of consecutive frames without the GIL, then adds them.
    #[pyo3(signature = (first, frames, n_threads=None))]
    fn add(&self, py: Python<'_>, first: u64, frames: Vec<Frame<'_>>, n_threads: Option<i64>) -> PyResult<()> {
        let views = frames.iter().zip(first..).map(|(frame, number)| frame.view(number));
        let views = views.collect::<PyResult<Vec<_>>>()?;
        let rule = BondRule::uniform(BondRule::DEFAULT_SCALE).map_err(|e| exception(&e))?;
        let frames: Vec<RdfFrame<'_>> = views.iter().map(|view| view.frame(&rule)).collect();
        let counts = threads::run(py, n_threads, |workers| count_frames(&self.bins, first, &frames, workers))?;
        let mut sums = self.lock();
        counts.iter().zip(first..).try_for_each(|(counts, number)| sums.add(number, counts)).map_err(|e| exception(&e))
    }

    /// The same for frames whose molecules are known; `masses` by atomic number are needed for centres of mass.
    #[pyo3(signature = (first, frames, tracked, masses=None, n_threads=None))]
    fn add_frames(
        &self,
        py: Python<'_>,
        first: u64,
        frames: &Frames,
        tracked: &TrackedMolecules,
        masses: Option<PyReadonlyArray1<'_, f64>>,
        n_threads: Option<i64>,
    ) -> PyResult<()> {
        tracked.require_of(frames)?;
        let cells = frames.cells(first)?;
        let masses = match (&self.grouping, &masses) {
            (Grouping::Centers(_), Some(table)) => frames.atom_masses(elements(table, "masses", None)?),
            (Grouping::Centers(_), None) => return Err(InputError::new_err("masses: got none, expected a table")),
            _ => vec![Cow::default(); frames.frames.len()],
        };
        let input = tracked.of(frames.configurations(&cells), &masses);
        let counts = threads::run(py, n_threads, |workers| {
            RdfAccumulator::count_tracked(&self.bins, &self.grouping, first, &input, &tracked.kinds, workers)
        })?;
        let mut sums = self.lock();
        counts.iter().zip(first..).try_for_each(|(counts, number)| sums.add(number, counts)).map_err(|e| exception(&e))
    }

    fn merge(&self, other: &Self) -> PyResult<()> {
        let other = other.lock().clone();
        self.lock().merge(&other).map_err(|e| exception(&e))
    }

    /// A dictionary of arrays, see the stub file.
    fn result<'py>(&self, py: Python<'py>, total: bool) -> PyResult<Bound<'py, PyDict>> {
        let normalization = if total { Normalization::Total } else { Normalization::Pair };
        let found = self.lock().result(normalization).map_err(|e| exception(&e))?;
        as_dict(py, found, &self.grouping)
    }
}

impl View<'_> {
    fn frame<'a>(&'a self, rule: &'a BondRule) -> RdfFrame<'a> {
        RdfFrame {
            positions: self.positions,
            numbers: &self.numbers,
            cell: &self.cell,
            molecules: self.molecules.as_ref().map_or(RdfMolecules::Find(rule), RdfMolecules::Given),
        }
    }
}

fn as_dict<'py>(py: Python<'py>, rdf: Rdf, grouping: &Grouping) -> PyResult<Bound<'py, PyDict>> {
    let name = |number| if *grouping == Grouping::Elements { symbol_of(number) } else { Ok(number.to_string()) };
    let result = PyDict::new(py);
    result.set_item("edges", array1(py, rdf.bins.edges()))?;
    result.set_item("n_frames", rdf.n_frames)?;
    result.set_item("n_blocks", rdf.n_blocks)?;
    result.set_item("block_length", rdf.block_length)?;
    result.set_item("total", estimate(py, rdf.total.clone()))?;
    let (parts, coordination) = (PyDict::new(py), PyDict::new(py));
    for pair in &rdf.pairs {
        let (a, b) = (pair.elements.0, pair.elements.1);
        let (intra, inter) = (estimate(py, pair.intra.clone()), estimate(py, pair.inter.clone()));
        parts.set_item((name(a)?, name(b)?), (intra, inter))?;
        for (a, b) in [(a, b), (b, a)] {
            if let Some(numbers) = rdf.coordination(a, b) {
                let arrays = (array1(py, numbers.intra.clone()), array1(py, numbers.inter.clone()));
                coordination.set_item((name(a)?, name(b)?), arrays)?;
            }
        }
    }
    result.set_item("parts", parts)?;
    result.set_item("coordination", coordination)?;
    Ok(result)
}

fn estimate(py: Python<'_>, estimate: Estimate) -> (Py<PyAny>, Py<PyAny>) {
    (array1(py, estimate.mean).into_any().unbind(), array1(py, estimate.stderr).into_any().unbind())
}

fn symbol_of(number: u8) -> PyResult<String> {
    symbol(number).map(str::to_owned).ok_or_else(|| {
        let error = Error::argument("numbers", number, "atomic numbers up to 118");
        InputError::new_err(error.to_string())
    })
}
