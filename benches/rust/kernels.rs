//! The kernels against their naive twins: `cargo bench -p ecemc-core`.

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ecemc_core::neighbors::{Columns, Cutoffs, neighbor_list, neighbor_list_brute_force};
use ecemc_core::tracking::{Configuration, MoleculeTracker};
use ecemc_core::voids::{largest_empty_sphere, van_der_waals_radius};
use ecemc_core::{BondRule, Cell, Molecules, Workers, find_bonds, species, structural_bonds};
use ecemc_io::{Reader, Selection};

/// Reproducible points at the density of atoms in EC:EMC, 0.0754 per Å³.
fn gas(n: usize) -> (Vec<[f64; 3]>, Cell) {
    let length = (n as f64 / 0.0754).cbrt();
    let mut state = 12345u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * length
    };
    let positions = (0..n).map(|_| [next(), next(), next()]).collect();
    let cell = [[length, 0.0, 0.0], [0.0, length, 0.0], [0.0, 0.0, length]];
    (positions, Cell::new(cell, [true; 3]).unwrap_or_else(|_| Cell::open()))
}

fn neighbors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("neighbor list ijSDd, 6 Å");
    group.sample_size(20);
    let cutoffs = Cutoffs::Uniform(6.0);
    for n in [1280, 10_240] {
        let (positions, cell) = gas(n);
        group.bench_function(BenchmarkId::new("cell grid", n), |bencher| {
            bencher.iter(|| black_box(neighbor_list(&positions, &cell, &cutoffs, Columns::ALL, Workers::serial())));
        });
    }
    let (positions, cell) = gas(1280);
    group.bench_function(BenchmarkId::new("brute force", 1280), |bencher| {
        bencher.iter(|| black_box(neighbor_list_brute_force(&positions, &cell, &cutoffs)));
    });
    group.finish();
}

/// Positions, elements, cell.
type Liquid = (Vec<[f64; 3]>, Vec<u8>, Cell);

/// The liquid of the examples, 640 atoms, twice as large along x.
fn liquid() -> Option<Vec<Liquid>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/ec_emc_400K.extxyz.gz");
    let mut reader = Reader::open(&path, Selection::all()).ok()?;
    let mut doubled = Vec::new();
    while let Some(frames) = reader.next_frames(&Workers::serial()).ok()? {
        for frame in frames {
            let mut cell = *frame.cell().ok()?.matrix();
            let length = cell[0][0];
            let copy: Vec<_> = frame.positions.iter().map(|&[x, y, z]| [x + length, y, z]).collect();
            cell[0][0] *= 2.0;
            doubled.push(([frame.positions, copy].concat(), frame.numbers.repeat(2), Cell::new(cell, [true; 3]).ok()?));
        }
    }
    Some(doubled)
}

fn molecules(criterion: &mut Criterion) {
    let Some(frames) = liquid() else { return };
    let rule = BondRule::uniform(BondRule::DEFAULT_SCALE).unwrap_or_else(|_| unreachable!());
    let views: Vec<Configuration<'_>> =
        frames.iter().map(|(positions, numbers, cell)| Configuration { positions, numbers, cell }).collect();
    let mut group = criterion.benchmark_group("molecules of 1280 atoms, EC:EMC at 400 K");
    group.sample_size(20).throughput(Throughput::Elements(views.len() as u64));
    group.bench_function("anew in each frame", |bencher| {
        bencher.iter(|| {
            for frame in &views {
                let close = find_bonds(frame.positions, frame.numbers, frame.cell, &rule, Workers::serial());
                let close = close.unwrap_or_default();
                let molecules = Molecules::from_bonds(frame.positions.len(), &close);
                let bonds = structural_bonds(close, frame.positions, frame.numbers, frame.cell);
                black_box(species(frame.numbers, &bonds, &molecules));
            }
        });
    });
    group.bench_function("tracked", |bencher| {
        bencher.iter(|| black_box(MoleculeTracker::new(rule.clone()).add(0, &views, Workers::serial())));
    });
    group.finish();
}

fn voids(criterion: &mut Criterion) {
    let Some(frames) = liquid() else { return };
    let radius = |&z: &u8| van_der_waals_radius(z).unwrap_or(2.0);
    let radii: Vec<Vec<f64>> = frames.iter().map(|(_, numbers, _)| numbers.iter().map(radius).collect()).collect();
    let mut group = criterion.benchmark_group("largest empty sphere of 1280 atoms, EC:EMC at 400 K");
    group.sample_size(20).throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("to 0.01 Å", |bencher| {
        bencher.iter(|| {
            for ((positions, _, cell), radii) in frames.iter().zip(&radii) {
                let _ = black_box(largest_empty_sphere(positions, radii, cell, 0.01, Workers::serial()));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, neighbors, molecules, voids);
criterion_main!(benches);
