//! The GAP engine: `cargo bench -p ecemc-gap`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ecemc_core::{Cell, Workers};
use ecemc_gap::{Descriptor, Model, ModelFile, Structure, TermFile, Workspace, parse_descriptor};

/// Elements of EC:EMC 1:2, and sparse points for each of them and each descriptor.
const ELEMENTS: [u8; 20] = [1, 6, 1, 8, 1, 6, 1, 8, 1, 6, 1, 8, 1, 6, 1, 8, 1, 6, 1, 6];
const SPARSE: usize = 500;

/// Reproducible points at the density of atoms in EC:EMC, 0.0754 per Å³.
fn gas(n: usize) -> (Vec<[f64; 3]>, Vec<u8>, Cell) {
    let length = (n as f64 / 0.0754).cbrt();
    let mut state = 12345u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * length
    };
    let positions = (0..n).map(|_| [next(), next(), next()]).collect();
    let cell = [[length, 0.0, 0.0], [0.0, length, 0.0], [0.0, 0.0, length]];
    let cell = Cell::new(cell, [true; 3]).unwrap_or_else(|_| Cell::open());
    (positions, ELEMENTS.iter().copied().cycle().take(n).collect(), cell)
}

/// A double SOAP whose sparse points are environments of a gas.
fn double_soap() -> ecemc_gap::Result<Model> {
    let (positions, numbers, cell) = gas(4000);
    let structure = Structure { positions: &positions, numbers: &numbers, cell: &cell };
    let mut terms = Vec::new();
    for radii in ["cutoff=3.0 atom_sigma=0.3", "cutoff=6.0 cutoff_transition_width=1.0 atom_sigma=0.5"] {
        for element in [1, 6, 8] {
            let text = format!("soap {radii} n_max=8 l_max=4 n_species=3 species_Z={{1 6 8}} Z={element}");
            let options = parse_descriptor(&text, &|_| Err(std::io::ErrorKind::NotFound.into()))?.0;
            let mut sparse = Descriptor::new(&options, None)?.compute(&[structure], Workers::serial())?.values;
            sparse.truncate(SPARSE * options.dimension());
            let alpha = (0..SPARSE).map(|k| (k as f64).sin()).collect();
            terms.push(TermFile { options, delta: 0.1, zeta: 4.0, sparse, alpha, cutoffs: vec![1.0; SPARSE] });
        }
    }
    let file = ModelFile { label: "gas".into(), gap_version: 0, e0: [].into(), terms, notes: Vec::new() };
    Model::new(&file, true)
}

fn forces(criterion: &mut Criterion) {
    let Ok(model) = double_soap() else { return };
    let mut group = criterion.benchmark_group("double SOAP 3/6 Å, 8/4, 500 sparse points: energy, forces, virial");
    group.sample_size(10);
    for n in [160, 1280] {
        let (positions, numbers, cell) = gas(n);
        let structure = Structure { positions: &positions, numbers: &numbers, cell: &cell };
        group.throughput(Throughput::Elements(n as u64));
        for gradients in [true, false] {
            let mut workspace = Workspace::default();
            let name = if gradients { "with forces" } else { "energy alone" };
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter(|| {
                    black_box(model.evaluate(&[structure], gradients, &mut workspace, Workers::serial())).is_ok()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, forces);
criterion_main!(benches);
