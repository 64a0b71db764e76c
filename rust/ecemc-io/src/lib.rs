//! Streaming readers: bytes to frames.
//!
//! A [`Reader`] takes an extended XYZ file or a LAMMPS dump, plain or gzipped, and gives its frames in order, many at a time, in constant
//! memory and parsed on as many threads as wanted. A [`Frame`] holds plain vectors; [`Frame::cell`] gives the checked cell
//! that the kernels of `ecemc-core` take.
//!
//! ```
//! use ecemc_core::Workers;
//! use ecemc_io::{Reader, Selection};
//!
//! let text = "2\nLattice=\"5 0 0 0 5 0 0 0 5\" Properties=species:S:1:pos:R:3 energy=-1.5\nO 0 0 0\nH 0 0 0.97\n";
//! let mut reader = Reader::new(text.as_bytes(), Selection::all())?;
//! while let Some(frames) = reader.next_frames(&Workers::serial())? {
//!     for frame in &frames {
//!         assert_eq!(frame.numbers, [8, 1]);
//!         assert_eq!(frame.cell().unwrap().volume(), Some(125.0));
//!         assert_eq!(frame.info("energy").unwrap().reals(), Some(vec![-1.5]));
//!     }
//! }
//! # Ok::<(), ecemc_io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod chunks;
mod cursor;
mod elements;
mod error;
mod extxyz;
mod format;
mod frame;
mod lammps;
mod lines;
mod number;
mod reader;
mod scan;
mod source;
mod survey;

pub use elements::{SYMBOLS, atomic_number};
pub use error::{Error, Result};
pub use extxyz::{Momenta, Unwritable, write_extxyz};
pub use format::Format;
pub use frame::{Array, Column, ColumnData, Frame, TextColumn, Value};
pub use lammps::{Types, Units};
pub use reader::{Incomplete, Options, Reader, Selection, count_frames, detect_format};
pub use scan::Position;
pub use survey::{Key, Range, Survey};
