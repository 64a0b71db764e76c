//! Bridge to `ecemc_io::write_extxyz`.

use ecemc_io::{Momenta, Unwritable, write_extxyz};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;

use crate::arrays::elements;
use crate::errors::InputError;
use crate::frames::Frames;
use crate::threads;

/// Frames as extended XYZ text; `masses` by atomic number and the unit of momenta are for frames with velocities.
#[pyfunction]
#[pyo3(signature = (frames, masses, momentum_unit, n_threads=None))]
pub fn format_extxyz<'py>(
    py: Python<'py>,
    frames: &Frames,
    masses: PyReadonlyArray1<'py, f64>,
    momentum_unit: f64,
    n_threads: Option<i64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let momenta = Momenta { masses: elements(&masses, "masses", None)?, unit: momentum_unit };
    let frames = &frames.frames;
    let text = |k: usize| -> Result<Vec<u8>, (usize, Unwritable)> {
        let mut out = Vec::with_capacity(100 * frames[k].n_atoms());
        write_extxyz(&frames[k], &momenta, &mut out).map_err(|fault| (k, fault))?;
        Ok(out)
    };
    let texts: Result<Vec<Vec<u8>>, _> = threads::run(py, n_threads, |workers| {
        Ok(if workers.threads() == 1 {
            (0..frames.len()).map(text).collect()
        } else {
            (0..frames.len()).into_par_iter().map(text).collect()
        })
    })?;
    match texts {
        Ok(texts) => Ok(PyBytes::new(py, &texts.concat())),
        Err((k, fault)) => Err(InputError::new_err(format!("frame {k}: {fault}"))),
    }
}
