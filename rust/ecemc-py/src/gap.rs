//! Bridge to `ecemc_gap`: models and descriptors stay in Rust, arrays come and go.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ecemc_core::Cell;
use ecemc_gap::{Descriptor, Error, Evaluation, Model, Structure, Workspace};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{array1, array2, cell, elements, rows};
use crate::errors::{file_exception, model_exception};
use crate::molecules::atomic_numbers;
use crate::threads;

/// Positions, atomic numbers, cell, pbc.
#[derive(FromPyObject)]
pub struct Configuration<'py>(PyReadonlyArray2<'py, f64>, PyReadonlyArray1<'py, i64>, [[f64; 3]; 3], [bool; 3]);

/// Numbers and cells, which are converted; positions are borrowed.
struct Owned(Vec<(Vec<u8>, Cell)>);

impl Owned {
    fn new(configurations: &[Configuration<'_>]) -> PyResult<Self> {
        let one = |c: &Configuration<'_>| {
            let n = rows(&c.0, "positions")?.len();
            Ok((atomic_numbers(elements(&c.1, "numbers", Some(n))?)?, cell(c.2, c.3)?))
        };
        configurations.iter().map(one).collect::<PyResult<_>>().map(Self)
    }

    fn structures<'a>(&'a self, configurations: &'a [Configuration<'_>]) -> PyResult<Vec<Structure<'a>>> {
        let one = |(c, (numbers, cell)): (&'a Configuration<'_>, &'a (Vec<u8>, Cell))| {
            Ok(Structure { positions: rows(&c.0, "positions")?, numbers, cell })
        };
        configurations.iter().zip(&self.0).map(one).collect()
    }
}

/// Energies (n,), energies of atoms (m,), forces (m, 3), virials (n, 3, 3), virials of atoms (m, 3, 3).
type Evaluated<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray3<f64>>,
    Bound<'py, PyArray3<f64>>,
);

/// Atoms (m,) and their descriptors (m, d).
type Described<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>);

/// A GAP model.
#[pyclass(frozen, module = "ecemc._core")]
pub struct GapModel {
    model: Model,
    /// One for each thread that is evaluating; taken and given back with the GIL held, so that no fork finds it locked.
    workspaces: Mutex<Vec<Workspace>>,
}

#[pymethods]
impl GapModel {
    /// Reads the XML file and what it names; `NotImplementedError` if the engine does not know something in it.
    #[new]
    #[pyo3(signature = (path, shared_basis=true))]
    fn new(py: Python<'_>, path: PathBuf, shared_basis: bool) -> PyResult<Self> {
        let name = path.display().to_string();
        let xml = fs::read(&path).map_err(|e| file_exception(&path, &e.into()))?;
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let files = |name: &str| fs::read(folder.join(name));
        let model = py.detach(|| Model::new(&ecemc_gap::parse_model(&xml, &files)?, shared_basis));
        let model = model.map_err(|e| model_exception(&name, &e))?;
        Ok(Self { model, workspaces: Mutex::default() })
    }

    /// What a user of the model should know.
    fn notes(&self) -> Vec<String> {
        self.model.notes().to_vec()
    }

    /// Distance beyond which atoms do not see each other, Å.
    fn cutoff(&self) -> f64 {
        self.model.cutoff()
    }

    /// Whether some sum over sparse points is about atoms of this element.
    fn knows(&self, number: u8) -> bool {
        self.model.knows(number)
    }

    /// Energies and, with `gradients`, forces and virials (else arrays without rows) of configurations (positions,
    /// numbers, cell, pbc).
    #[pyo3(signature = (configurations, gradients=true, n_threads=None))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        configurations: Vec<Configuration<'py>>,
        gradients: bool,
        n_threads: Option<i64>,
    ) -> PyResult<Evaluated<'py>> {
        let owned = Owned::new(&configurations)?;
        let structures = owned.structures(&configurations)?;
        let pool = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = pool().pop().unwrap_or_default();
        let outcome =
            threads::run(py, n_threads, |workers| self.model.evaluate(&structures, gradients, &mut workspace, workers));
        pool().push(workspace);
        evaluated(py, outcome?)
    }

    /// Predictive variances of the energies of all atoms (m,), eV².
    #[pyo3(signature = (configurations, n_threads=None))]
    fn variances<'py>(
        &self,
        py: Python<'py>,
        configurations: Vec<Configuration<'py>>,
        n_threads: Option<i64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let owned = Owned::new(&configurations)?;
        let structures = owned.structures(&configurations)?;
        let pool = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let workspace = pool().pop().unwrap_or_default();
        let outcome = threads::run(py, n_threads, |workers| self.model.variances(&structures, &workspace, workers));
        pool().push(workspace);
        Ok(array1(py, outcome?))
    }
}

fn evaluated(py: Python<'_>, result: Evaluation) -> PyResult<Evaluated<'_>> {
    let matrices = |all: Vec<[[f64; 3]; 3]>| {
        let n = all.len();
        PyArray1::from_vec(py, all.into_flattened().into_flattened()).reshape([n, 3, 3])
    };
    Ok((
        array1(py, result.energies),
        array1(py, result.atom_energies),
        array2(py, result.forces)?,
        matrices(result.virials)?,
        matrices(result.local_virials)?,
    ))
}

/// A descriptor of atomic environments.
#[pyclass(frozen, module = "ecemc._core")]
pub struct GapDescriptor {
    descriptor: Descriptor,
}

#[pymethods]
impl GapDescriptor {
    /// From a descriptor string; `NotImplementedError` if the engine does not know something in it.
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        let failed = |e: Error| model_exception("descriptor", &e);
        let (options, _) = ecemc_gap::parse_descriptor(text, &|name| fs::read(name)).map_err(failed)?;
        Ok(Self { descriptor: Descriptor::new(&options, None).map_err(failed)? })
    }

    /// Number of components.
    fn dimension(&self) -> usize {
        self.descriptor.dimension()
    }

    /// Distance beyond which nothing counts, Å.
    fn cutoff(&self) -> f64 {
        self.descriptor.cutoff()
    }

    /// Atoms that are centres (m,), numbered through all configurations, and their descriptors (m, dimension).
    #[pyo3(signature = (configurations, n_threads=None))]
    fn compute<'py>(
        &self,
        py: Python<'py>,
        configurations: Vec<Configuration<'py>>,
        n_threads: Option<i64>,
    ) -> PyResult<Described<'py>> {
        let owned = Owned::new(&configurations)?;
        let structures = owned.structures(&configurations)?;
        let found = threads::run(py, n_threads, |workers| self.descriptor.compute(&structures, workers))?;
        let shape = [found.atoms.len(), self.descriptor.dimension()];
        Ok((
            array1(py, found.atoms.into_iter().map(i64::from).collect()),
            PyArray1::from_vec(py, found.values).reshape(shape)?,
        ))
    }
}
