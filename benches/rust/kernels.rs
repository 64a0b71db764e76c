//! The kernels against their naive twins: `cargo bench -p ecemc-core`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ecemc_core::neighbors::{Columns, Cutoffs, neighbor_list, neighbor_list_brute_force};
use ecemc_core::{Cell, Workers};

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

criterion_group!(benches, neighbors);
criterion_main!(benches);
