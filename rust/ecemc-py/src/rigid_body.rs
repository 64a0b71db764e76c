//! Bridge to `ecemc_core::rigid_body`.

use ecemc_core::rigid_body::{decompose_forces as decompose, rigid_bodies as bodies};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{array1, array2, rows};
use crate::molecules::Frame;
use crate::threads;

type Bodies<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArray3<f64>>);

/// Masses (m,), centres (m, 3) and inertia tensors (m, 3, 3).
#[pyfunction]
#[pyo3(signature = (frame, n_threads=None))]
pub fn rigid_bodies<'py>(py: Python<'py>, frame: Frame<'py>, n_threads: Option<i64>) -> PyResult<Bodies<'py>> {
    let view = frame.view()?;
    let found = threads::run(py, n_threads, |workers| bodies(&view.frame()?, workers))?;
    let inertia: Vec<[f64; 3]> = found.iter().flat_map(|b| b.inertia).collect();
    Ok((
        array1(py, found.iter().map(|b| b.mass).collect()),
        array2(py, found.iter().map(|b| b.center).collect())?,
        array1(py, inertia.into_flattened()).reshape([found.len(), 3, 3])?,
    ))
}

/// Translational, rotational, vibrational (n, 3); net forces, torques (m, 3).
#[pyfunction]
#[pyo3(signature = (frame, forces, n_threads=None))]
pub fn decompose_forces<'py>(
    py: Python<'py>,
    frame: Frame<'py>,
    forces: PyReadonlyArray2<'py, f64>,
    n_threads: Option<i64>,
) -> PyResult<[Bound<'py, PyArray2<f64>>; 5]> {
    let (view, forces) = (frame.view()?, rows(&forces, "forces")?);
    let parts = threads::run(py, n_threads, |workers| decompose(&view.frame()?, forces, workers))?;
    Ok([
        array2(py, parts.translational)?,
        array2(py, parts.rotational)?,
        array2(py, parts.vibrational)?,
        array2(py, parts.net_forces)?,
        array2(py, parts.torques)?,
    ])
}
