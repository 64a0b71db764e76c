//! Bridge to `ecemc_core::neighbors`.

use ecemc_core::neighbors::{Columns, Cutoffs, neighbor_list as kernel};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arrays::{array1, array2, cell, elements, rows};
use crate::errors::InputError;
use crate::threads;

/// Cutoffs for pairs of species: species of each atom and the symmetric table.
type PerSpecies<'py> = (PyReadonlyArray1<'py, u32>, PyReadonlyArray2<'py, f64>);

fn cutoffs(uniform: Option<f64>, per_species: Option<PerSpecies<'_>>) -> PyResult<Cutoffs> {
    match (uniform, per_species) {
        (Some(r), None) => Ok(Cutoffs::Uniform(r)),
        (None, Some((species, table))) => Ok(Cutoffs::PerSpecies {
            species: elements(&species, "species", None)?.to_vec(),
            n_species: table.shape()[0],
            table: table.as_slice()?.to_vec(),
        }),
        _ => Err(InputError::new_err("cutoff: expected either one for all pairs or a table for species")),
    }
}

/// The columns named by the letters of `quantities`, in their order.
#[pyfunction]
#[pyo3(signature = (quantities, positions, cell_matrix, pbc, cutoff=None, per_species=None, n_threads=None))]
pub fn neighbor_list<'py>(
    py: Python<'py>,
    quantities: &str,
    positions: PyReadonlyArray2<'py, f64>,
    cell_matrix: [[f64; 3]; 3],
    pbc: [bool; 3],
    cutoff: Option<f64>,
    per_species: Option<PerSpecies<'py>>,
    n_threads: Option<i64>,
) -> PyResult<Bound<'py, PyTuple>> {
    let (r, cell) = (rows(&positions, "positions")?, cell(cell_matrix, pbc)?);
    let cutoffs = cutoffs(cutoff, per_species)?;
    let wanted = |letter| quantities.contains(letter);
    let columns =
        Columns { i: wanted('i'), j: wanted('j'), shifts: wanted('S'), vectors: wanted('D'), distances: wanted('d') };
    let mut list = threads::run(py, n_threads, |workers| kernel(r, &cell, &cutoffs, columns, workers))?;
    let mut arrays: Vec<Bound<'py, PyAny>> = Vec::new();
    for letter in quantities.chars() {
        arrays.push(match letter {
            'i' => array1(py, std::mem::take(&mut list.i)).into_any(),
            'j' => array1(py, std::mem::take(&mut list.j)).into_any(),
            'S' => array2(py, std::mem::take(&mut list.shifts))?.into_any(),
            'D' => array2(py, std::mem::take(&mut list.vectors))?.into_any(),
            'd' => array1(py, std::mem::take(&mut list.distances)).into_any(),
            other => {
                return Err(InputError::new_err(format!("quantities: got {other:?}, expected letters of \"ijSDd\"")));
            }
        });
    }
    PyTuple::new(py, arrays)
}
