//! The cell list against its definition, in every kind of cell.

use ecemc_core::neighbors::{Columns, Cutoffs, NeighborList, neighbor_list, neighbor_list_brute_force};
use ecemc_core::{Cell, Error, Workers};
use proptest::prelude::*;

fn fast(positions: &[[f64; 3]], cell: &Cell, cutoffs: &Cutoffs) -> NeighborList {
    neighbor_list(positions, cell, cutoffs, Columns::ALL, Workers::serial()).unwrap()
}

/// Equal in integers, close in floats.
fn assert_same(fast: &NeighborList, slow: &NeighborList) {
    assert_eq!((&fast.i, &fast.j, &fast.shifts), (&slow.i, &slow.j, &slow.shifts));
    for (a, b) in fast.distances.iter().zip(&slow.distances) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b));
    }
}

fn matrix() -> impl Strategy<Value = [[f64; 3]; 3]> {
    // From cubic to strongly skewed, thin and left-handed.
    (prop::array::uniform3(0.7..6.0f64), prop::array::uniform3(-12.0..12.0f64), any::<bool>()).prop_map(
        |(d, o, left)| {
            let rows = [[d[0], 0.0, 0.0], [o[0], d[1], 0.0], [o[1], o[2], d[2]]];
            if left { [rows[1], rows[0], rows[2]] } else { rows }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn equals_brute_force(
        matrix in matrix(),
        pbc in prop::array::uniform3(any::<bool>()),
        positions in prop::collection::vec(prop::array::uniform3(-9.0..9.0f64), 0..14),
        cutoff in 0.3..4.0f64,
    ) {
        let cell = Cell::new(matrix, pbc).unwrap();
        let cutoffs = Cutoffs::Uniform(cutoff);
        let slow = neighbor_list_brute_force(&positions, &cell, &cutoffs).unwrap();
        assert_same(&fast(&positions, &cell, &cutoffs), &slow);
    }

    #[test]
    fn per_species_cutoffs_equal_brute_force(
        matrix in matrix(),
        atoms in prop::collection::vec((prop::array::uniform3(-5.0..5.0f64), 0..3u32), 1..14),
        r in prop::array::uniform6(0.0..3.0f64),
    ) {
        let (positions, species): (Vec<_>, Vec<_>) = atoms.into_iter().unzip();
        let table = vec![r[0], r[1], r[2], r[1], r[3], r[4], r[2], r[4], r[5]];
        let cutoffs = Cutoffs::PerSpecies { species, table, n_species: 3 };
        let cell = Cell::new(matrix, [true; 3]).unwrap();
        let slow = neighbor_list_brute_force(&positions, &cell, &cutoffs).unwrap();
        assert_same(&fast(&positions, &cell, &cutoffs), &slow);
    }
}

#[test]
fn thousands_of_atoms_in_many_bins() {
    let positions = random_points(700, 17.0);
    for pbc in [[true; 3], [true, false, true], [false; 3]] {
        let cell = Cell::new([[15.0, 0.0, 0.0], [3.0, 16.0, 0.0], [-2.0, 5.0, 14.0]], pbc).unwrap();
        for cutoff in [1.3, 4.9, 9.0] {
            let cutoffs = Cutoffs::Uniform(cutoff);
            let slow = neighbor_list_brute_force(&positions, &cell, &cutoffs).unwrap();
            assert!(slow.i.len() > 300);
            assert_same(&fast(&positions, &cell, &cutoffs), &slow);
        }
    }
}

/// Reproducible points in a cube, by a linear congruential generator.
fn random_points(n: usize, length: f64) -> Vec<[f64; 3]> {
    let mut state = 12345u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * length
    };
    (0..n).map(|_| [next(), next(), next()]).collect()
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let positions = random_points(3000, 30.0);
    let cell = Cell::new([[30.0, 0.0, 0.0], [0.0, 30.0, 0.0], [0.0, 0.0, 30.0]], [true; 3]).unwrap();
    let cutoffs = Cutoffs::Uniform(5.0);
    let one = fast(&positions, &cell, &cutoffs);
    for threads in [2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let many = pool
            .install(|| neighbor_list(&positions, &cell, &cutoffs, Columns::ALL, Workers::new(threads, &|| false)))
            .unwrap();
        assert!(one == many);
    }
}

#[test]
fn only_the_wanted_columns_are_filled() {
    let columns = Columns { i: true, j: false, shifts: false, vectors: false, distances: true };
    let cell = Cell::open();
    let list = neighbor_list(&[[0.0; 3], [1.0, 0.0, 0.0]], &cell, &Cutoffs::Uniform(2.0), columns, Workers::serial());
    let list = list.unwrap();
    assert_eq!((list.i, list.distances), (vec![0, 1], vec![1.0, 1.0]));
    assert!(list.j.is_empty() && list.shifts.is_empty() && list.vectors.is_empty());
}

#[test]
fn edges() {
    let cell = Cell::new([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]], [true; 3]).unwrap();
    assert!(fast(&[], &cell, &Cutoffs::Uniform(4.0)).i.is_empty());
    assert_eq!(fast(&[[0.1; 3]], &cell, &Cutoffs::Uniform(3.0)).i.len(), 0); // strictly less than the cutoff
    let pair = fast(&[[1.0; 3], [1.0; 3]], &Cell::open(), &Cutoffs::Uniform(0.5));
    assert_eq!((pair.j, pair.distances), (vec![1, 0], vec![0.0, 0.0])); // coincident atoms are a pair
}

#[test]
fn bad_input_is_refused() {
    let run = |r: &[[f64; 3]], c| neighbor_list(r, &Cell::open(), &c, Columns::ALL, Workers::serial()).unwrap_err();
    assert!(matches!(run(&[[f64::NAN; 3]], Cutoffs::Uniform(1.0)), Error::NonFinite { atom: 0, .. }));
    for cutoff in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(run(&[[0.0; 3]], Cutoffs::Uniform(cutoff)), Error::Argument { name: "cutoff", .. }));
    }
}
