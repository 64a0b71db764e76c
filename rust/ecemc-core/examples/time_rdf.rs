//! Times the RDF kernel on random clumps of atoms: `cargo run --release --example time_rdf`.
use std::time::Instant;

use ecemc_core::rdf::{RdfBins, RdfFrame, RdfMolecules, count_pairs};
use ecemc_core::{Cell, Molecules, Workers};

/// xorshift64*: enough randomness for a benchmark.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn best(mut work: impl FnMut()) -> f64 {
    let times = (0..15).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}

fn main() {
    for (n, r_max) in [(1280, 12.85), (1280, 12.0), (1280, 6.0), (10_000, 12.0), (100_000, 12.0), (1280, 20.0)] {
        let length = 25.7 * (f64::from(n) / 1280.0).cbrt();
        let mut random = Random(7);
        let mut positions = Vec::new();
        for _ in 0..n / 10 {
            let center = [0; 3].map(|_| random.next() * length);
            positions.extend((0..10).map(|_| center.map(|c| c + 4.0 * (random.next() - 0.5))));
        }
        let numbers: Vec<u8> = (0..n as usize).map(|k| [6, 1, 8, 1, 6, 1, 8, 1, 6, 8][k % 10]).collect();
        let index: Vec<u32> = (0..n as u32).map(|k| k / 10).collect();
        let molecules = Molecules::from_parts(index, vec![[0; 3]; n as usize], vec![false; n as usize / 10]).unwrap();
        for tilt in [0.0, 1e-9] {
            let cell = Cell::new([[length, 0.0, 0.0], [tilt, length, 0.0], [0.0, 0.0, length]], [true; 3]).unwrap();
            let frame = RdfFrame {
                positions: &positions,
                numbers: &numbers,
                cell: &cell,
                molecules: RdfMolecules::Given(&molecules),
            };
            let bins = RdfBins::new(r_max, 200).unwrap();
            for workers in [Workers::serial(), Workers::rayon()] {
                let ms = best(|| drop(std::hint::black_box(count_pairs(&bins, &frame, workers).unwrap())));
                println!("{n} atoms, r_max {r_max} Å, tilt {tilt:e}, {} threads: {ms:.3} ms", workers.threads());
            }
        }
    }
}
