//! Bridge to `ecemc_core::{bonds, molecules, species, graph}`.

use ecemc_core::rigid_body::MolecularFrame;
use ecemc_core::{BondRule, Bonds, Cell, Molecules, Result, find_bonds, species, structural_bonds};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{array1, array2, cell, elements, rows};
use crate::errors::{InputError, exception};
use crate::threads;

/// What `find_molecules` hands to Python: index, image, infinite, bonds, shifts, species of each molecule, and of each
/// species the fingerprint and the formula.
pub type Found<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray2<i64>>,
    Vec<u32>,
    Vec<(String, String)>,
);

/// Bonds, molecules and species of one configuration.
#[pyfunction]
#[pyo3(signature = (positions, numbers, cell_matrix, pbc, scale, factors, n_threads=None))]
#[allow(clippy::too_many_arguments)] // py is not one
pub fn find_molecules<'py>(
    py: Python<'py>,
    positions: PyReadonlyArray2<'py, f64>,
    numbers: PyReadonlyArray1<'py, i64>,
    cell_matrix: [[f64; 3]; 3],
    pbc: [bool; 3],
    scale: f64,
    factors: Vec<(u8, f64)>,
    n_threads: Option<i64>,
) -> PyResult<Found<'py>> {
    let (r, cell) = (rows(&positions, "positions")?, cell(cell_matrix, pbc)?);
    let numbers = atomic_numbers(elements(&numbers, "numbers", Some(r.len()))?)?;
    let (bonds, molecules, (kinds, kind_of)) = threads::run(py, n_threads, |workers| {
        let rule = bond_rule(scale, &factors)?;
        let close = find_bonds(r, &numbers, &cell, &rule, workers)?;
        let molecules = Molecules::from_bonds(r.len(), &close);
        let bonds = structural_bonds(close, r, &numbers, &cell);
        let species = species(&numbers, &bonds, &molecules);
        Ok((bonds, molecules, species))
    })?;
    let kinds = kinds.into_iter().map(|kind| (hexadecimal(kind.fingerprint), kind.formula)).collect();
    found(py, &molecules, &bonds, kind_of, kinds)
}

/// The tuple.
pub fn found<'py>(
    py: Python<'py>,
    molecules: &Molecules,
    bonds: &Bonds,
    kind_of: Vec<u32>,
    kinds: Vec<(String, String)>,
) -> PyResult<Found<'py>> {
    Ok((
        array1(py, molecules.index().iter().map(|&k| i64::from(k)).collect()),
        array2(py, molecules.image().iter().map(|s| s.map(i64::from)).collect())?,
        array1(py, molecules.infinite().to_vec()),
        array2(py, bonds.iter().map(|b| [b.0, b.1].map(i64::from)).collect())?,
        array2(py, bonds.iter().map(|b| b.2.map(i64::from)).collect())?,
        kind_of,
        kinds,
    ))
}

/// One factor, and others for some elements.
pub fn bond_rule(scale: f64, factors: &[(u8, f64)]) -> Result<BondRule> {
    factors.iter().try_fold(BondRule::uniform(scale)?, |rule, &(z, f)| rule.with(z, f))
}

/// A fingerprint as Python has it.
pub fn hexadecimal(fingerprint: u128) -> String {
    format!("{fingerprint:032x}")
}

/// Atomic numbers as the kernels take them.
pub fn atomic_numbers(numbers: &[i64]) -> PyResult<Vec<u8>> {
    let narrow = |(atom, &z): (usize, &i64)| {
        u8::try_from(z).map_err(|_| InputError::new_err(format!("numbers: got {z} for atom {atom}, expected 1 to 118")))
    };
    numbers.iter().enumerate().map(narrow).collect()
}

/// Fingerprint of a bond graph, 32 hexadecimal digits.
#[pyfunction]
pub fn graph_fingerprint(numbers: Vec<u8>, bonds: Vec<(u32, u32)>) -> PyResult<String> {
    if let Some((a, b)) = bonds.iter().find(|(a, b)| *a.max(b) as usize >= numbers.len()) {
        return Err(InputError::new_err(format!("bonds: got ({a}, {b}), expected atoms below {}", numbers.len())));
    }
    Ok(hexadecimal(ecemc_core::graph_fingerprint(&numbers, &bonds, false)))
}

/// Molecules that were found before.
pub fn molecules(
    index: &PyReadonlyArray1<'_, i64>,
    image: &PyReadonlyArray2<'_, i64>,
    infinite: &PyReadonlyArray1<'_, bool>,
) -> PyResult<Molecules> {
    let index = elements(index, "molecules.index", None)?.iter();
    let index = index.map(|&k| u32::try_from(k)).collect::<std::result::Result<Vec<_>, _>>();
    let image = rows(image, "molecules.image")?.iter();
    let image = image.map(|s| Ok([s[0].try_into()?, s[1].try_into()?, s[2].try_into()?]));
    let image = image.collect::<std::result::Result<Vec<[i32; 3]>, std::num::TryFromIntError>>();
    let (Ok(index), Ok(image)) = (index, image) else {
        return Err(InputError::new_err("molecules: index or image holds a number out of range"));
    };
    let infinite = elements(infinite, "molecules.infinite", None)?.to_vec();
    Molecules::from_parts(index, image, infinite).map_err(|e| exception(&e))
}

/// The tuple that describes a frame with its molecules: positions, cell, pbc, masses, index, image, infinite.
#[derive(FromPyObject)]
pub struct Frame<'py>(
    PyReadonlyArray2<'py, f64>,
    [[f64; 3]; 3],
    [bool; 3],
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray2<'py, i64>,
    PyReadonlyArray1<'py, bool>,
);

/// The same as the kernels take it, still unchecked.
pub struct View<'a> {
    positions: &'a [[f64; 3]],
    masses: &'a [f64],
    cell: Cell,
    molecules: Molecules,
}

impl Frame<'_> {
    /// Borrows the arrays.
    pub fn view(&self) -> PyResult<View<'_>> {
        Ok(View {
            positions: rows(&self.0, "positions")?,
            masses: elements(&self.3, "masses", None)?,
            cell: cell(self.1, self.2)?,
            molecules: molecules(&self.4, &self.5, &self.6)?,
        })
    }
}

impl View<'_> {
    /// Checks that everything fits together.
    pub fn frame(&self) -> Result<MolecularFrame<'_>> {
        MolecularFrame::new(self.positions, self.masses, &self.cell, &self.molecules)
    }
}

/// Unbroken molecules with centres of mass inside the cell.
#[pyfunction]
pub fn make_whole<'py>(py: Python<'py>, frame: Frame<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let view = frame.view()?;
    array2(py, threads::run(py, Some(1), |_| Ok(view.frame()?.wrapped_positions()))?)
}
