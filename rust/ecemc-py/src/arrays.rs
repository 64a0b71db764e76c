//! NumPy arrays in and out: shapes are checked here, data is never copied.

use ecemc_core::Cell;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::errors::{InputError, exception};

/// The rows of an (n, 3) array.
pub fn rows<'a, T: Element>(array: &'a PyReadonlyArray2<'_, T>, name: &str) -> PyResult<&'a [[T; 3]]> {
    match array.as_slice() {
        Ok(flat) if array.shape()[1] == 3 => Ok(flat.as_chunks().0),
        _ => Err(InputError::new_err(format!(
            "{name}: got an array of shape {:?}, expected (n, 3), C-contiguous",
            array.shape()
        ))),
    }
}

/// The elements of an (n,) array; `n` is checked if given.
pub fn elements<'a, T: Element>(array: &'a PyReadonlyArray1<'_, T>, name: &str, n: Option<usize>) -> PyResult<&'a [T]> {
    match array.as_slice() {
        Ok(flat) if n.is_none_or(|n| n == flat.len()) => Ok(flat),
        _ => {
            let wanted = n.map_or_else(|| "(n,)".into(), |n| format!("({n},), one entry per atom"));
            Err(InputError::new_err(format!("{name}: got an array of shape {:?}, expected {wanted}", array.shape())))
        }
    }
}

/// A checked cell.
pub fn cell(matrix: [[f64; 3]; 3], pbc: [bool; 3]) -> PyResult<Cell> {
    Cell::new(matrix, pbc).map_err(|e| exception(&e))
}

/// An (n,) array that takes over a vector's memory.
pub fn array1<T: Element>(py: Python<'_>, data: Vec<T>) -> Bound<'_, PyArray1<T>> {
    PyArray1::from_vec(py, data)
}

/// An (n, W) array that takes over a vector's memory.
pub fn array2<T: Element, const W: usize>(py: Python<'_>, data: Vec<[T; W]>) -> PyResult<Bound<'_, PyArray2<T>>> {
    let n = data.len();
    PyArray1::from_vec(py, data.into_flattened()).reshape([n, W])
}
