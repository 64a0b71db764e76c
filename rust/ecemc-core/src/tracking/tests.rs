use proptest::prelude::*;

use super::*;
use crate::{find_bonds, species, structural_bonds};

#[derive(Debug)]
struct Frame {
    positions: Vec<[f64; 3]>,
    numbers: Vec<u8>,
    cell: Cell,
}

fn views(frames: &[Frame]) -> Vec<Configuration<'_>> {
    frames.iter().map(|f| Configuration { positions: &f.positions, numbers: &f.numbers, cell: &f.cell }).collect()
}

fn rule() -> BondRule {
    BondRule::uniform(1.3).unwrap()
}

/// What finding molecules from nothing gives.
fn expected(frame: &Configuration<'_>) -> (Molecules, Bonds, Vec<u128>) {
    let close = find_bonds(frame.positions, frame.numbers, frame.cell, &rule(), Workers::serial()).unwrap();
    let molecules = Molecules::from_bonds(frame.positions.len(), &close);
    let bonds = structural_bonds(close, frame.positions, frame.numbers, frame.cell);
    let (kinds, kind_of) = species(frame.numbers, &bonds, &molecules);
    (molecules, bonds, kind_of.iter().map(|&k| kinds[k as usize].fingerprint).collect())
}

fn pairs(bonds: &Bonds) -> Vec<(u32, u32)> {
    let mut pairs: Vec<_> = bonds.iter().map(|b| (b.0, b.1)).collect();
    pairs.dedup();
    pairs
}

/// Atoms that jump: bonds break and form, also through the boundary and to own images, and systems change.
fn trajectory() -> impl Strategy<Value = Vec<Frame>> {
    let cell = (prop::array::uniform3(1.2..6.0f64), prop::array::uniform3(-1.0..1.0f64), any::<[bool; 3]>());
    let step = (prop::collection::vec(prop::array::uniform3(-0.4..0.4f64), 10), -3..3i32, 0..4usize);
    let start = prop::collection::vec(prop::array::uniform3(0.0..5.0f64), 10);
    (cell, start, prop::collection::vec(step, 1..12)).prop_map(|((d, t, pbc), start, steps)| {
        let cell = Cell::new([[d[0], 0.0, t[0]], [t[1], d[1], 0.0], [0.0, t[2], d[2]]], pbc).unwrap();
        let mut positions = start;
        let frames = steps.into_iter().map(|(moves, wrap, system)| {
            let far = cell.lattice_vector([0, 1, 2].map(|k| if pbc[k] { wrap } else { 0 }));
            for (k, (r, d)) in positions.iter_mut().zip(&moves).enumerate() {
                // Every other frame is the same but for jumps by whole cells.
                let d = if wrap % 2 == 0 { *d } else { [0.0; 3] };
                *r = [0, 1, 2].map(|c| r[c] + d[c] + if k % 3 == 0 { far[c] } else { 0.0 });
            }
            let numbers: Vec<u8> = match system {
                0 => (0..10).map(|k| [1, 8][k % 2]).collect(),
                _ => (0..10).map(|k| [6, 1, 8][k % 3]).collect(),
            };
            Frame { positions: positions.clone(), numbers, cell: cell.clone() }
        });
        frames.collect()
    })
}

proptest! {
    #[test]
    fn every_frame_is_as_found_alone_and_cuts_do_not_matter(frames in trajectory(), cut in 0..12usize, other in 0..12usize) {
        let views = views(&frames);
        let mut straight = MoleculeTracker::new(rule());
        let tracked = straight.add(5, &views, Workers::serial()).unwrap();
        for (frame, found) in views.iter().zip(&tracked) {
            let (molecules, bonds, fingerprints) = expected(frame);
            prop_assert_eq!(&found.molecules, &molecules);
            prop_assert_eq!(&found.bonds, &bonds);
            let kinds: Vec<u128> = found.kinds.iter().map(|&k| straight.kinds()[k as usize].fingerprint).collect();
            prop_assert_eq!(kinds, fingerprints);
            let first = straight.systems()[found.system as usize].first.clone();
            prop_assert_eq!(found.changed, pairs(&bonds) != first);
        }
        let (cut, other) = (cut.min(views.len()), other.min(views.len()));
        let (a, b) = (cut.min(other), cut.max(other));
        // In batches on several threads, with a stop in between.
        let mut batches = MoleculeTracker::new(rule());
        let mut again = batches.add(5, &views[..a], Workers::rayon()).unwrap();
        let mut batches = MoleculeTracker::from_bytes(&batches.to_bytes()).unwrap();
        again.extend(batches.add(5 + a as u64, &views[a..b], Workers::rayon()).unwrap());
        again.extend(batches.add(5 + b as u64, &views[b..], Workers::rayon()).unwrap());
        prop_assert_eq!(&again, &tracked);
        prop_assert_eq!(batches.to_bytes(), straight.to_bytes());
        // In parts.
        let part = |range: std::ops::Range<usize>| {
            let mut tracker = MoleculeTracker::new(rule());
            tracker.add(5 + range.start as u64, &views[range], Workers::serial()).unwrap();
            tracker
        };
        let (mut first, mut later) = (part(0..a), part(a..b));
        later.merge(&part(b..views.len())).unwrap();
        let kinds = first.merge(&later).unwrap();
        for (theirs, ours) in later.kinds().iter().zip(kinds) {
            prop_assert_eq!(theirs, &first.kinds()[ours as usize]);
        }
        prop_assert_eq!(first.to_bytes(), straight.to_bytes());
    }

    #[test]
    fn events_lead_from_frame_to_frame(frames in trajectory()) {
        let views = views(&frames);
        let mut tracker = MoleculeTracker::new(rule());
        let tracked = tracker.add(0, &views, Workers::serial()).unwrap();
        prop_assert!(tracker.events().is_sorted());
        let mut bonded: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
        for (number, frame) in (0..).zip(&tracked) {
            let now = bonded.entry(frame.system).or_insert_with(|| tracker.systems()[frame.system as usize].first.clone());
            for event in tracker.events().iter().filter(|event| event.frame == number) {
                if event.formed {
                    prop_assert!(!now.contains(&event.atoms));
                    now.push(event.atoms);
                } else {
                    prop_assert!(now.contains(&event.atoms));
                    now.retain(|pair| *pair != event.atoms);
                }
            }
            now.sort_unstable();
            prop_assert_eq!(&*now, &pairs(&frame.bonds));
        }
        for (system, latest) in bonded {
            prop_assert_eq!(&latest, &tracker.systems()[system as usize].latest);
        }
    }
}

fn hydrogen(length: f64) -> Frame {
    Frame { positions: vec![[0.0; 3], [length, 0.0, 0.0]], numbers: vec![1, 1], cell: Cell::open() }
}

#[test]
fn bad_frames_are_named_and_leave_no_trace() {
    let mut tracker = MoleculeTracker::new(rule());
    let frames = [hydrogen(0.7), hydrogen(f64::NAN)];
    let error = tracker.add(3, &views(&frames), Workers::serial()).unwrap_err();
    assert!(error.to_string().starts_with("frame 4: positions: atom 1"), "{error}");
    assert_eq!(tracker.to_bytes(), MoleculeTracker::new(rule()).to_bytes());
    tracker.add(3, &views(&frames[..1]), Workers::serial()).unwrap();
    let error = tracker.add(3, &views(&frames[..1]), Workers::serial()).unwrap_err();
    assert!(error.to_string().contains("at least 4"), "{error}");
    let earlier = tracker.clone();
    assert!(tracker.merge(&earlier).is_err());
    assert!(tracker.merge(&MoleculeTracker::new(BondRule::uniform(1.4).unwrap())).is_err());
    assert!(tracker.merge(&MoleculeTracker::new(rule())).is_ok());
}

#[test]
fn frames_without_atoms_are_a_system_too() {
    let nothing = Frame { positions: Vec::new(), numbers: Vec::new(), cell: Cell::open() };
    let mut tracker = MoleculeTracker::new(rule());
    let tracked = tracker.add(0, &views(&[nothing]), Workers::serial()).unwrap();
    assert!(tracked[0].molecules.is_empty() && tracked[0].kinds.is_empty());
    assert_eq!(tracker.systems().len(), 1);
    assert!(tracker.add(1, &[], Workers::serial()).unwrap().is_empty());
}

#[test]
fn damaged_states_are_refused() {
    let mut tracker = MoleculeTracker::new(rule());
    tracker.add(0, &views(&[hydrogen(0.7), hydrogen(2.0)]), Workers::serial()).unwrap();
    let state = tracker.to_bytes();
    assert_eq!(tracker.events(), [Event { frame: 1, atoms: (0, 1), formed: false }]);
    for n in 0..state.len() {
        assert!(MoleculeTracker::from_bytes(&state[..n]).is_err(), "{n} bytes");
        let mut garbled = state.clone();
        garbled[n] ^= 0xff;
        // Never a panic; what can still be read can also be used.
        if let Ok(mut tracker) = MoleculeTracker::from_bytes(&garbled) {
            let _ = tracker.add(1 << 62, &views(&[hydrogen(0.7)]), Workers::serial());
        }
    }
    assert!(MoleculeTracker::from_bytes(&[&state[..], b"x"].concat()).is_err());
}
