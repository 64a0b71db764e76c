//! Mean squared displacements against a brute-force twin, and chunks against one pass.

use ecemc_core::msd::{MsdAccumulator, Unwrapper};
use ecemc_core::{Cell, Error, Workers};
use proptest::prelude::*;

/// Numbers that look random, the same on every machine.
struct Noise(u64);

impl Noise {
    /// Uniform in −0.5 … 0.5.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    fn vector(&mut self, size: f64) -> [f64; 3] {
        [self.next() * size, self.next() * size, self.next() * size]
    }
}

type Frames = Vec<(Vec<[f64; 3]>, Cell)>;

/// A random walk in a breathing, skewed cell; positions are anywhere.
fn walk(n_frames: usize, n: usize, seed: u64) -> Frames {
    let mut noise = Noise(seed);
    let mut r: Vec<[f64; 3]> = (0..n).map(|_| noise.vector(20.0)).collect();
    (0..n_frames)
        .map(|_| {
            let breath = 1.0 + 0.02 * noise.next();
            let rows = [[9.0, 0.0, 0.0], [4.0, 8.0, 0.5], [-3.0, 2.0, 10.0]].map(|row| row.map(|x| x * breath));
            for r in &mut r {
                let step = noise.vector(1.6);
                *r = [0, 1, 2].map(|k| r[k] + step[k]);
            }
            (r.clone(), Cell::new(rows, [true; 3]).unwrap())
        })
        .collect()
}

fn sum(frames: &Frames, range: std::ops::Range<usize>, start: u64, groups: &[u32], drift: bool) -> MsdAccumulator {
    let masses: Vec<f64> = (0..groups.len()).map(|k| 1.0 + k as f64).collect();
    let mut sums = MsdAccumulator::new(groups, &masses, drift).unwrap();
    for k in range {
        sums.add(start + k as u64, &frames[k].0, &frames[k].1, Workers::serial()).unwrap();
    }
    sums
}

#[test]
fn every_lag_is_that_of_the_definition() {
    let (n, groups) = (5, [1, 0, 1, 2, 0]);
    let frames = walk(150, n, 3);
    for (start, drift) in [(0u64, true), (37, false)] {
        let found = sum(&frames, 0..150, start, &groups, drift).result();
        let mut path = Unwrapper::new(&[1.0, 2.0, 3.0, 4.0, 5.0], drift).unwrap();
        let unwrapped: Vec<Vec<[f64; 3]>> = frames
            .iter()
            .map(|(r, cell)| {
                path.push(r, cell, Workers::serial()).unwrap();
                path.positions()
            })
            .collect();
        assert!(found.lags.contains(&128) && found.steps.n_large == 0);
        for (place, &lag) in found.lags.iter().enumerate() {
            let spacing = lag.div_ceil(16).next_power_of_two();
            let origins: Vec<usize> =
                (0..150 - lag as usize).filter(|&k| (start + k as u64).is_multiple_of(spacing)).collect();
            assert_eq!(found.n_pairs[place], origins.len() as u64, "lag {lag}");
            for group in 0..3u32 {
                let members: Vec<usize> = (0..n).filter(|&i| groups[i] == group).collect();
                let squares = origins.iter().flat_map(|&k| {
                    let (now, later) = (&unwrapped[k], &unwrapped[k + lag as usize]);
                    members.iter().map(move |&i| (0..3).map(|c| (later[i][c] - now[i][c]).powi(2)).sum::<f64>())
                });
                let expected = squares.sum::<f64>() / (members.len() * origins.len()) as f64;
                let value = found.values[3 * place + group as usize];
                assert!((value - expected).abs() <= 1e-9 * expected.max(1.0), "lag {lag}: {value} {expected}");
            }
        }
    }
}

#[test]
fn a_merge_at_every_cut_has_the_bits_of_one_pass() {
    let groups = [0, 1, 1, 0];
    let frames = walk(90, 4, 5);
    let straight = sum(&frames, 0..90, 7, &groups, true);
    for cut in 0..=90 {
        let (mut left, mut right) = (sum(&frames, 0..cut, 7, &groups, true), sum(&frames, cut..90, 7, &groups, true));
        let before = left.clone();
        left.merge(&right).unwrap();
        assert!(left == straight && left.to_bytes() == straight.to_bytes(), "cut {cut}");
        right.merge(&before).unwrap();
        assert!(right == straight, "cut {cut}, the later part first");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_chunks_in_any_order_of_joining_have_the_same_bits(
        seed in any::<u64>(),
        start in prop_oneof![Just(0u64), 0..5000u64, Just(1u64 << 40)],
        cuts in prop::collection::btree_set(1..260usize, 0..6),
        pick in any::<u64>(),
    ) {
        let groups = [0, 1, 2];
        let frames = walk(260, 3, seed);
        let straight = sum(&frames, 0..260, start, &groups, true);
        let ends: Vec<usize> = std::iter::once(0).chain(cuts).chain([260]).collect();
        let mut chunks: Vec<MsdAccumulator> =
            ends.windows(2).map(|w| sum(&frames, w[0]..w[1], start, &groups, true)).collect();
        let mut pick = pick;
        while chunks.len() > 1 {
            let k = (pick % (chunks.len() as u64 - 1)) as usize;
            pick = pick.rotate_left(7) ^ 0x9e37;
            let right = chunks.remove(k + 1);
            let restored = MsdAccumulator::from_bytes(&right.to_bytes()).unwrap();
            chunks[k].merge(&restored).unwrap();
        }
        prop_assert!(chunks[0] == straight);
    }

    #[test]
    fn damaged_bytes_never_panic(cut in 0usize..4000, at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let state = sum(&walk(20, 2, 1), 0..20, 3, &[0, 1], true).to_bytes();
        prop_assert!(MsdAccumulator::from_bytes(&state[..cut.min(state.len() - 1)]).is_err());
        let mut other = state.clone();
        other[at.index(state.len())] = value;
        if let Ok(restored) = MsdAccumulator::from_bytes(&other) {
            prop_assert!(restored.to_bytes() == other);
            restored.result();
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let n = 40_000;
    let groups: Vec<u32> = (0..n as u32).map(|k| k % 7).collect();
    let frames = walk(6, n, 11);
    let mut threaded = MsdAccumulator::new(&groups, &vec![1.0; n], true).unwrap();
    let mut serial = threaded.clone();
    for (k, (r, cell)) in frames.iter().enumerate() {
        threaded.add(k as u64, r, cell, Workers::rayon()).unwrap();
        serial.add(k as u64, r, cell, Workers::serial()).unwrap();
    }
    assert!(threaded == serial);
    let stopped = Workers::new(1, &|| true);
    assert_eq!(serial.add(6, &frames[0].0, &frames[0].1, stopped), Err(Error::Interrupted));
    assert!(threaded == serial);
}

#[test]
fn memory_grows_with_the_logarithm() {
    let mut sums = MsdAccumulator::new(&[0], &[1.0], false).unwrap();
    let mut sizes = Vec::new();
    for frame in 0..1u64 << 14 {
        sums.add(frame, &[[frame as f64 * 0.1, 0.0, 0.0]], &Cell::open(), Workers::serial()).unwrap();
        if frame.is_power_of_two() && frame >= 512 {
            sizes.push(sums.to_bytes().len());
        }
    }
    let steps: Vec<usize> = sizes.windows(2).map(|w| w[1] - w[0]).collect();
    assert!(steps.iter().all(|&step| step == steps[0]), "{steps:?}");
    let found = sums.result();
    assert!(found.lags.iter().zip(&found.values).all(|(&lag, v)| (v.sqrt() / (0.1 * lag as f64) - 1.0).abs() < 1e-6));
}

#[test]
fn what_does_not_fit_is_refused() {
    let frames = walk(3, 2, 1);
    let mut sums = sum(&frames, 0..2, 0, &[0, 0], true);
    let before = sums.clone();
    let mut text =
        |frame, r: &[[f64; 3]]| sums.add(frame, r, &Cell::open(), Workers::serial()).unwrap_err().to_string();
    assert!(text(3, &frames[2].0).contains("frame 2, the next one"));
    assert!(text(2, &[[0.0; 3]]).contains("2, as many as before"));
    assert!(text(2, &[[0.0; 3], [f64::NAN; 3]]).contains("atom 1"));
    assert!(text(2, &[[0.0; 3], [1e9; 3]]).contains("particle 1"));
    assert!(text(2, &[[0.0; 3], [2e7, 0.0, 0.0]]).contains("a step"));
    assert!(sums == before);
    let text = |other: &MsdAccumulator| before.clone().merge(other).unwrap_err().to_string();
    assert!(text(&sum(&frames, 0..1, 5, &[0, 0], true)).contains("join up with frames 0 to 1"));
    assert!(text(&sum(&frames, 2..3, 0, &[0, 1], true)).contains("other particles"));
    assert!(text(&sum(&frames, 2..3, 0, &[0, 0], false)).contains("settings"));
    assert!(MsdAccumulator::new(&[], &[], true).is_err());
    assert!(MsdAccumulator::new(&[2], &[1.0], true).is_err());
    assert!(MsdAccumulator::new(&[0], &[-1.0], true).is_err());
    assert!(MsdAccumulator::new(&[0], &[0.0], true).is_err());
    assert!(MsdAccumulator::new(&[0], &[1.0, 1.0], true).is_err());
    let empty = MsdAccumulator::new(&[0], &[1.0], true).unwrap();
    assert!(empty.result().lags.is_empty() && MsdAccumulator::from_bytes(&empty.to_bytes()).unwrap() == empty);
}
