//! Reading that stops anywhere and goes on later gives the same frames, whatever the format, the stream and the threads.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use common::{Trickle, drain, read};
use ecemc_core::Workers;
use ecemc_io::{Error, Frame, Incomplete, Options, Position, Reader, Selection, Units, detect_format};

fn extxyz(n: usize) -> String {
    let mut text = "\n \n".to_owned();
    for k in 0..n {
        write!(text, "{}\nLattice=\"{k} 0 0 0 5.5 0 0 0 6\" step={k}\n", k % 7).unwrap();
        (0..k % 7).for_each(|i| writeln!(text, "Cl {i}.25 {k}.5 -0.125").unwrap());
        text += ["", "\n", " \n\n"][k % 3];
    }
    text
}

fn dump(n: usize) -> String {
    let mut text = "ITEM: UNITS\nreal\n".to_owned();
    for k in 0..n {
        write!(text, "ITEM: TIME\n{k}\nITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n{}\n", 10 * k, k % 7).unwrap();
        write!(text, "ITEM: BOX BOUNDS pp pp ff\n-1 {k}\n0 5\n0 6\nITEM: ATOMS id element x y z vx vy vz\n").unwrap();
        (0..k % 7).for_each(|i| writeln!(text, "{} O {i}.25 {k}.5 0 .5 -1 1e-3 ", 9 - i).unwrap());
        text += ["", "\n"][k % 2];
    }
    text
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A file that is removed at the end.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("ecemc-io-resume-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn up_to(stop: usize) -> Options {
    Selection { stop, ..Selection::all() }.into()
}

fn from(position: Position) -> Options {
    Options { position, ..Options::default() }
}

/// The position after frame `n`, from a reader that was told to stop there.
fn position_after(text: &[u8], n: usize) -> Position {
    let mut reader = Reader::new(text, up_to(n)).unwrap();
    while reader.next_frames(&Workers::serial()).unwrap().is_some() {}
    reader.position()
}

fn whole(outcome: (Vec<Frame>, Option<Error>)) -> Vec<Frame> {
    assert!(outcome.1.is_none(), "{:?}", outcome.1);
    outcome.0
}

#[test]
fn any_frame_is_a_place_to_go_on_from() {
    for (name, text) in [("xyz", extxyz(40)), ("dump", dump(40))] {
        let text = text.as_bytes();
        let frames = whole(read(text, Options::default()));
        assert_eq!(frames.len(), 40);
        let plain = TemporaryFile::new(name, text);
        let packed = TemporaryFile::new(&format!("{name}.gz"), &gzipped(text));
        for n in 0..=40 {
            let position = position_after(text, n);
            assert_eq!(position.frame, n);
            assert!(whole(read(text, from(position))) == frames[n..], "{name}: stream after {n}");
            for file in [&plain, &packed] {
                let reader = Reader::open(&file.0, from(position)).unwrap();
                assert!(whole(drain(reader, Workers::new(2, &|| false))) == frames[n..], "{name}: file after {n}");
            }
        }
    }
}

#[test]
fn every_batch_of_a_long_file_ends_at_such_a_place() {
    for (text, threads) in [(extxyz(30_000), 1), (dump(15_000), 1), (dump(15_000), 2)] {
        let frames = whole(read(text.as_bytes(), Options::default()));
        let selection = Selection { start: 5, stop: usize::MAX, step: 3 };
        let mut reader = Reader::new(text.as_bytes(), selection).unwrap();
        let workers = Workers::new(threads, &|| false);
        let (mut given, mut batches) = (0, 0);
        while let Some(batch) = reader.next_frames(&workers).unwrap() {
            given += batch.len();
            batches += 1;
            let rest = Options { selection, ..from(reader.position()) };
            let rest = whole(read(text.as_bytes(), rest));
            assert!(rest.iter().eq(frames.iter().skip(5).step_by(3).skip(given)));
        }
        assert!(batches > 2 && given == (frames.len() - 5).div_ceil(3));
    }
}

#[test]
fn lines_are_counted_on() {
    let text = dump(20).replace("ITEM: TIMESTEP\n150", "ITEM: TIMESTEP\nx");
    let message = |options: Options| read(text.as_bytes(), options).1.unwrap().to_string();
    let want = message(Options::default());
    assert!(want.contains("frame 15, line "), "{want}");
    for n in 0..=15 {
        assert_eq!(message(from(position_after(text.as_bytes(), n))), want);
    }
    let mut reader = Reader::new(text.as_bytes(), Options::default()).unwrap();
    while let Ok(Some(_)) = reader.next_frames(&Workers::serial()) {}
    assert_eq!(reader.position(), position_after(text.as_bytes(), 15), "a fault is where reading stops");
}

/// A file that grows: what was cut off at first comes whole later.
#[test]
fn a_file_may_grow_between_two_readings() {
    for text in [extxyz(12), dump(8)] {
        let text = text.as_bytes();
        let frames = whole(read(text, Options::default()));
        let stop = || Options { incomplete: Incomplete::Stop, ..Options::default() };
        for end in 20..text.len() {
            let mut reader = Reader::new(Trickle(&text[..end], 5000), stop()).unwrap();
            let mut got = Vec::new();
            while let Some(more) = reader.next_frames(&Workers::serial()).unwrap() {
                got.extend(more);
            }
            assert!(reader.next_frames(&Workers::serial()).unwrap().is_none());
            let cut_off = reader.truncated().map(str::to_owned);
            let rest = whole(read(text, from(reader.position())));
            assert!([got, rest].concat() == frames, "cut at {end}: {cut_off:?}");
            let inside = text[reader.position().offset as usize..end].trim_ascii();
            assert_eq!(cut_off.is_some(), !inside.is_empty(), "cut at {end}: {cut_off:?}");
        }
    }
}

#[test]
fn compressed_data_may_be_cut_off_too() {
    let packed = gzipped(dump(3000).as_bytes());
    let cut = &packed[..packed.len() / 2];
    assert!(matches!(read(cut, Options::default()).1, Some(Error::Io(_))));
    let options = Options { incomplete: Incomplete::Stop, ..Options::default() };
    let mut reader = Reader::new(cut, options).unwrap();
    let mut n = 0;
    while let Some(frames) = reader.next_frames(&Workers::serial()).unwrap() {
        n += frames.len();
    }
    assert!(n > 500 && reader.truncated().is_some());
    let damaged = [&packed[..packed.len() / 2], &[0xff; 50], &packed[packed.len() / 2..]].concat();
    let options = Options { incomplete: Incomplete::Stop, ..Options::default() };
    assert!(read(&damaged, options).1.is_some(), "damage is an error");
}

#[test]
fn a_file_that_became_shorter_is_refused() {
    let text = dump(20);
    let position = position_after(text.as_bytes(), 15);
    let cut = TemporaryFile::new("short", &text.as_bytes()[..6000.min(position.offset as usize - 1)]);
    for error in [
        Reader::open(&cut.0, from(position)).err(),
        read(&text.as_bytes()[..500], from(position)).1,
        read(&gzipped(&text.as_bytes()[..500]), from(position)).1,
    ] {
        assert!(matches!(error, Some(Error::Shrunk { .. })), "{error:?}");
    }
}

#[test]
fn units_at_the_start_of_a_file_are_known_later() {
    let text = dump(9);
    let position = position_after(text.as_bytes(), 7);
    let frame = &whole(read(text.as_bytes(), from(position)))[1];
    assert_eq!(frame.velocities.as_ref().unwrap()[0], [0.5, -1.0, 1e-3]);
    let metal = Options { units: Some(Units::Metal), ..Options::default() };
    let error = read(text.as_bytes(), metal).1.unwrap().to_string();
    assert_eq!(error, "units: got 'metal', expected 'real', which the file names");
}

#[test]
fn formats_are_told_by_content() {
    for (text, want) in [(extxyz(2), Some("Extxyz")), (dump(2), Some("LammpsDump")), ("<xml>\n".to_owned(), None)] {
        for content in [gzipped(text.as_bytes()), text.into_bytes()] {
            let file = TemporaryFile::new("format", &content);
            let format = detect_format(&file.0).unwrap().map(|format| format!("{format:?}"));
            assert_eq!(format.as_deref(), want);
        }
    }
}
