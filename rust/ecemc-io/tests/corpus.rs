//! Small files, whole and damaged: each gives the frames and the message that `corpus/EXPECTED` says, however it is read.
//!
//! `ECEMC_UPDATE=1 cargo test -p ecemc-io --test corpus` writes that file anew; look at what changed before you keep it.

mod common;

use std::fmt::Write as _;
use std::path::PathBuf;

use common::{Trickle, drain, printed, read};
use ecemc_core::Workers;
use ecemc_io::{Options, Reader};

/// Names and contents, in order.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() > 50);
    files
}

#[test]
fn each_file_gives_what_is_expected_of_it() {
    let mut got = String::new();
    for (name, bytes) in corpus() {
        let (frames, error) = read(&bytes, Options::default());
        let error = error.map_or("whole".to_owned(), |error| error.to_string());
        writeln!(got, "{name}: {} frames, {error}", frames.len()).unwrap();
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/EXPECTED");
    if std::env::var_os("ECEMC_UPDATE").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let want = std::fs::read_to_string(path).unwrap();
    for (got, want) in got.lines().zip(want.lines()) {
        assert_eq!(got, want);
    }
    assert_eq!(got.lines().count(), want.lines().count());
}

#[test]
fn neither_threads_nor_pieces_matter() {
    for (name, bytes) in corpus() {
        let want = printed(&read(&bytes, Options::default()));
        let Ok(reader) = Reader::new(&bytes[..], Options::default()) else { continue };
        assert_eq!(printed(&drain(reader, Workers::new(2, &|| false))), want, "{name} on two threads");
        for size in [1, 2, 3, 7, 64] {
            let reader = Reader::new(Trickle(&bytes, size), Options::default()).unwrap();
            assert_eq!(printed(&drain(reader, Workers::serial())), want, "{name} by {size} bytes");
        }
    }
}

#[test]
fn every_file_may_be_cut_anywhere() {
    for (name, bytes) in corpus() {
        let (whole, _) = read(&bytes, Options::default());
        let step = (bytes.len() / 400).max(1);
        for end in (0..bytes.len()).step_by(step) {
            let (frames, error) = read(&bytes[..end], Options::default());
            assert!(frames.len() <= whole.len() + 1, "{name} cut at {end}");
            assert!(!frames.is_empty() || error.is_some(), "{name} cut at {end}");
        }
    }
}
