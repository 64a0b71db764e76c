//! Bridge to `ecemc_core::voids`.

use std::collections::HashMap;

use ecemc_core::voids;
use ecemc_core::{Error, Result, Workers, symbol};
use ecemc_io::Frame;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{array1, cell, elements, rows};
use crate::errors::exception;
use crate::frames::Frames;
use crate::molecules::atomic_numbers;
use crate::threads;

/// Positions, cell, pbc, atomic numbers, radii of elements that differ from the table.
#[derive(FromPyObject)]
pub struct Spheres<'py>(
    PyReadonlyArray2<'py, f64>,
    [[f64; 3]; 3],
    [bool; 3],
    PyReadonlyArray1<'py, i64>,
    HashMap<u8, f64>,
);

impl Spheres<'_> {
    fn radii(&self) -> PyResult<Vec<f64>> {
        let n = rows(&self.0, "positions")?.len();
        let numbers = atomic_numbers(elements(&self.3, "numbers", Some(n))?)?;
        let radius =
            |&z: &u8| self.4.get(&z).copied().or_else(|| voids::van_der_waals_radius(z)).ok_or_else(|| unknown(z));
        numbers.iter().map(radius).collect::<Result<_>>().map_err(|e| exception(&e))
    }
}

fn unknown(number: u8) -> Error {
    let element = symbol(number).unwrap_or("?");
    let got = format!("no van der Waals radius for {element} (atomic number {number})");
    Error::argument("radii", got, format!("one given in Å, such as radii={{\"{element}\": 2.0}}"))
}

/// Radius and centre.
#[pyfunction]
#[pyo3(signature = (spheres, tolerance, n_threads=None))]
pub fn largest_empty_sphere(
    py: Python<'_>,
    spheres: Spheres<'_>,
    tolerance: f64,
    n_threads: Option<i64>,
) -> PyResult<(f64, [f64; 3])> {
    let (r, radii, cell) = (rows(&spheres.0, "positions")?, spheres.radii()?, cell(spheres.1, spheres.2)?);
    let sphere =
        threads::run(py, n_threads, |workers| voids::largest_empty_sphere(r, &radii, &cell, tolerance, workers))?;
    Ok((sphere.radius, sphere.center))
}

/// Radius of the largest empty sphere of each frame, one frame per task; errors are named by `first` and the place.
#[pyfunction]
#[pyo3(signature = (first, frames, tolerance, n_threads=None))]
pub fn largest_holes<'py>(
    py: Python<'py>,
    first: u64,
    frames: &Frames,
    tolerance: f64,
    n_threads: Option<i64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let frames = &frames.frames;
    let holes = threads::run(py, n_threads, |workers| {
        workers.map_chunks(frames.len(), 1, |range| {
            largest_hole(&frames[range.start], tolerance).map_err(|e| e.in_frame(first + range.start as u64))
        })
    })?;
    Ok(array1(py, holes))
}

/// Å, for elements that the table does not cover, most of them metals.
const UNKNOWN_RADIUS: f64 = 2.0;

fn largest_hole(frame: &Frame, tolerance: f64) -> Result<f64> {
    let cell = frame.cell()?;
    if cell.volume().is_none() {
        let wanted = "three cell vectors that span a volume: without, empty space has no end";
        return Err(Error::argument("cell", "no volume", wanted));
    }
    let radius = |&z: &u8| voids::van_der_waals_radius(z).unwrap_or(UNKNOWN_RADIUS);
    let radii: Vec<f64> = frame.numbers.iter().map(radius).collect();
    Ok(voids::largest_empty_sphere(&frame.positions, &radii, &cell, tolerance, Workers::serial())?.radius)
}

/// Fraction of space further than `probe` from all surfaces.
#[pyfunction]
#[pyo3(signature = (spheres, probe, spacing, n_threads=None))]
pub fn void_fraction(
    py: Python<'_>,
    spheres: Spheres<'_>,
    probe: f64,
    spacing: f64,
    n_threads: Option<i64>,
) -> PyResult<f64> {
    let (r, radii, cell) = (rows(&spheres.0, "positions")?, spheres.radii()?, cell(spheres.1, spheres.2)?);
    threads::run(py, n_threads, |workers| voids::void_fraction(r, &radii, &cell, probe, spacing, workers))
}

/// Å; none for elements that are not in the table.
#[pyfunction]
pub fn van_der_waals_radius(number: u8) -> Option<f64> {
    voids::van_der_waals_radius(number)
}
