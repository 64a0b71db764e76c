//! Bridge to `ecemc_core::volume_scan`.

use ecemc_core::volume_scan::{ScanMode, volume_scan as kernel};
use numpy::PyArray2;
use pyo3::prelude::*;

use crate::arrays::array2;
use crate::molecules::Frame;
use crate::threads;

/// Positions (n, 3) for each scale factor.
#[pyfunction]
#[pyo3(signature = (frame, scales, rigid, n_threads=None))]
pub fn volume_scan<'py>(
    py: Python<'py>,
    frame: Frame<'py>,
    scales: Vec<f64>,
    rigid: bool,
    n_threads: Option<i64>,
) -> PyResult<Vec<Bound<'py, PyArray2<f64>>>> {
    let (view, mode) = (frame.view()?, if rigid { ScanMode::Rigid } else { ScanMode::Affine });
    let scan = threads::run(py, n_threads, |workers| kernel(&view.frame()?, &scales, mode, workers))?;
    scan.into_iter().map(|positions| array2(py, positions)).collect()
}
