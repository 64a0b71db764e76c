//! Bridge to `ecemc_core::environments`.

use ecemc_core::environments::local_environments as kernel;
use pyo3::prelude::*;

use crate::molecules::Frame;
use crate::threads;

/// `[([central species, neighbours of each species ...], how often), ...]`.
#[pyfunction]
#[pyo3(signature = (frame, species, n_species, radius, n_threads=None))]
pub fn local_environments(
    py: Python<'_>,
    frame: Frame<'_>,
    species: Vec<u32>,
    n_species: usize,
    radius: f64,
    n_threads: Option<i64>,
) -> PyResult<Vec<(Vec<u32>, u64)>> {
    let view = frame.view()?;
    let counts = threads::run(py, n_threads, |workers| kernel(&view.frame()?, &species, n_species, radius, workers))?;
    Ok(counts.into_iter().collect())
}
