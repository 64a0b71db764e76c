//! RDF counts against a loop over all images, and the exactness of the accumulator.

use ecemc_core::rdf::{Normalization, RdfAccumulator, RdfBins, RdfFrame, RdfMolecules, count_pairs};
use ecemc_core::{Cell, Molecules, Workers};
use proptest::prelude::*;

/// Unordered pairs of elements a and b by a loop over all images: all, and those within a molecule.
fn brute_force(bins: &RdfBins, frame: &RdfFrame<'_>, molecules: &Molecules, a: u8, b: u8) -> (Vec<u64>, Vec<u64>) {
    let mut counts = (vec![0; bins.n_bins()], vec![0; bins.n_bins()]);
    let n = frame.positions.len();
    let extent = frame.positions.iter().flatten().fold(0.0f64, |m, x| m.max(x.abs()));
    let heights = frame.cell.heights();
    let images = [0, 1, 2]
        .map(|k| if frame.cell.pbc()[k] { ((bins.r_max() + 4.0 * extent) / heights[k]) as i32 + 1 } else { 0 });
    for i in 0..n {
        for j in (0..n).filter(|&j| (frame.numbers[i], frame.numbers[j]) == (a, b)) {
            for sx in -images[0]..=images[0] {
                for sy in -images[1]..=images[1] {
                    for sz in -images[2]..=images[2] {
                        let shift = [sx, sy, sz];
                        let (t, p, q) = (frame.cell.lattice_vector(shift), frame.positions[i], frame.positions[j]);
                        let d = (0..3).map(|k| (q[k] - p[k] + t[k]).powi(2)).sum::<f64>().sqrt();
                        if (i == j && shift == [0; 3]) || d >= bins.r_max() {
                            continue;
                        }
                        let bin = (d / bins.r_max() * bins.n_bins() as f64) as usize;
                        let (pi, pj) = (molecules.image()[i], molecules.image()[j]);
                        let same = molecules.index()[i] == molecules.index()[j];
                        counts.0[bin] += 1;
                        counts.1[bin] += u64::from(same && [0, 1, 2].map(|k| pj[k] - pi[k]) == shift);
                    }
                }
            }
        }
    }
    if a == b {
        counts.0.iter_mut().chain(&mut counts.1).for_each(|n| *n /= 2);
    }
    counts
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let rows = (prop::array::uniform3(2.5..7.0f64), prop_oneof![Just([0.0; 6]), prop::array::uniform6(-2.0..2.0f64)]);
    (rows, any::<[bool; 3]>()).prop_filter_map("singular", |((d, t), pbc)| {
        Cell::new([[d[0], t[0], t[1]], [t[2], d[1], t[3]], [t[4], t[5], d[2]]], pbc)
            .ok()
            .filter(|c| c.volume() > Some(10.0))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_equal_brute_force(
        cell in any_cell(),
        positions in prop::collection::vec(prop::array::uniform3(-6.0..6.0f64), 1..14),
        images in prop::collection::vec(prop::array::uniform3(-1..2i32), 14),
        r_max in prop_oneof![1.0..2.5f64, 2.5..11.0f64],
    ) {
        let n = positions.len();
        let numbers: Vec<u8> = (0..n).map(|k| [1, 6, 8][k * k % 3]).collect();
        let image: Vec<_> = (0..n).map(|i| [0, 1, 2].map(|k| if cell.pbc()[k] { images[i][k] } else { 0 })).collect();
        let molecules = Molecules::from_parts((0..n as u32).map(|k| k / 4).collect(), image, vec![false; n.div_ceil(4)]).unwrap();
        let bins = RdfBins::new(r_max, 17).unwrap();
        let frame = RdfFrame { positions: &positions, numbers: &numbers, cell: &cell, molecules: RdfMolecules::Given(&molecules) };
        let counts = count_pairs(&bins, &frame, Workers::serial()).unwrap();
        prop_assert_eq!(&counts, &count_pairs(&bins, &frame, Workers::rayon()).unwrap());
        for (k, &a) in counts.elements().iter().enumerate() {
            for &b in &counts.elements()[k..] {
                let (all, intra) = counts.of(a, b).unwrap();
                prop_assert_eq!((all.to_vec(), intra.to_vec()), brute_force(&bins, &frame, &molecules, a, b));
            }
        }
    }

    #[test]
    fn any_order_of_adding_and_merging_gives_the_same_bytes(seed in 0u64..1000, cuts in prop::collection::vec(0usize..100, 1..5)) {
        let bins = RdfBins::new(3.0, 6).unwrap();
        let cell = |k: u64| Cell::new([[3.0 + 0.01 * k as f64, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 5.0]], [true; 3]).unwrap();
        let cells: Vec<Cell> = (0..100).map(|k| cell((k * seed) % 37)).collect();
        let positions = [[0.1, 0.2, 0.3], [1.5, 2.0, 0.4], [2.7, 0.3, 4.0]];
        let frames: Vec<RdfFrame<'_>> = cells.iter().enumerate().map(|(k, cell)| RdfFrame {
            positions: &positions,
            numbers: if k % 3 == 0 { &[6, 1, 8] } else { &[1, 1, 6] },
            cell,
            molecules: RdfMolecules::None,
        }).collect();
        let mut whole = RdfAccumulator::new(bins);
        whole.add_frames(0, &frames, Workers::rayon()).unwrap();
        let mut ends = cuts.clone();
        ends.extend([0, 100]);
        ends.sort_unstable();
        let mut merged = RdfAccumulator::new(bins);
        for window in ends.windows(2).rev() {
            let mut part = RdfAccumulator::new(bins);
            part.add_frames(window[0] as u64, &frames[window[0]..window[1]], Workers::serial()).unwrap();
            let part = RdfAccumulator::from_bytes(&part.to_bytes()).unwrap();
            merged.merge(&part).unwrap();
        }
        prop_assert_eq!(whole.to_bytes(), merged.to_bytes());
        prop_assert_eq!(whole.n_frames(), 100);
        let (a, b) = (whole.result(Normalization::Pair).unwrap(), merged.result(Normalization::Pair).unwrap());
        prop_assert_eq!(&a.total.mean, &b.total.mean);
        prop_assert!(a.n_blocks > 16 && a.n_blocks <= 32 && a.total.stderr.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn damaged_states_are_refused() {
    let cell = Cell::new([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 5.0]], [true; 3]).unwrap();
    let frame = RdfFrame { positions: &[[0.0; 3]], numbers: &[6], cell: &cell, molecules: RdfMolecules::None };
    let mut sum = RdfAccumulator::new(RdfBins::new(4.0, 3).unwrap());
    assert!(sum.result(Normalization::Pair).is_err());
    sum.add_frames(5, &[frame], Workers::serial()).unwrap();
    let bytes = sum.to_bytes();
    assert_eq!(RdfAccumulator::from_bytes(&bytes).unwrap(), sum);
    for end in 0..bytes.len() {
        assert!(RdfAccumulator::from_bytes(&bytes[..end]).is_err());
    }
    assert!(RdfAccumulator::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert!(sum.merge(&RdfAccumulator::new(RdfBins::new(4.0, 4).unwrap())).is_err());
}
