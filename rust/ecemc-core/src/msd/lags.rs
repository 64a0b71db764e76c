//! Which lags there are, and which frames must be remembered for them.
//!
//! Everything here is a function of frame numbers in the whole trajectory, so that chunks agree about it.

use std::collections::BTreeSet;

/// Lags of level 0; each further level adds the upper half of them, twice as long.
const WINDOW: u64 = 16;
/// Lags are below 2⁶³.
const MAX_LEVEL: u32 = 58;
/// Number of all lags.
const N_PLACES: usize = (WINDOW + WINDOW / 2 * MAX_LEVEL as u64) as usize;
/// Numbers of frames are below it.
pub(super) const MOST_FRAMES: u64 = 1 << 62;

/// The lag at a place in the list of all lags, in frames.
pub(super) fn lag(place: usize) -> u64 {
    let place = place as u64;
    if place < WINDOW {
        return place + 1;
    }
    let (level, k) = ((place - WINDOW) / (WINDOW / 2) + 1, (place - WINDOW) % (WINDOW / 2));
    (WINDOW / 2 + 1 + k) << level
}

/// Distance between origins of a lag, in frames.
pub(super) fn origin_spacing(place: usize) -> u64 {
    let place = place as u64;
    if place < WINDOW { 1 } else { 1 << ((place - WINDOW) / (WINDOW / 2) + 1) }
}

/// Number of lags that have a pair among the frames `first ..= last`; the shorter a lag, the sooner it has one.
pub(super) fn count(first: u64, last: u64) -> usize {
    (0..N_PLACES).take_while(|&place| n_pairs(place, first, last) > 0).count()
}

/// Places of the lags up to `longest` whose later frame may be `frame`, with the lags, ascending.
pub(super) fn ending_at(frame: u64, longest: u64) -> impl Iterator<Item = (usize, u64)> {
    let places = WINDOW as usize + (WINDOW / 2) as usize * level(frame) as usize;
    (0..places).map(|place| (place, lag(place))).take_while(move |&(_, lag)| lag <= longest)
}

/// Pairs of frames `first ..= last` that a lag takes.
pub(super) fn n_pairs(place: usize, first: u64, last: u64) -> u64 {
    let spacing = origin_spacing(place);
    let multiples_to = |frame: u64| frame / spacing;
    // The earlier frames: multiples of the spacing from `first` to `last − lag`.
    match last.checked_sub(lag(place)) {
        Some(end) if end >= first => multiples_to(end) + 1 - first.div_ceil(spacing),
        _ => 0,
    }
}

/// Largest l for which 2^l divides the number.
fn level(frame: u64) -> u32 {
    frame.trailing_zeros().min(MAX_LEVEL)
}

/// Whether `frame` is needed by later frames, or by those before `first` when chunks are joined: it is then among the first or the last
/// `WINDOW` frames of its level.
pub(super) fn is_kept(frame: u64, first: u64, last: u64) -> bool {
    let l = level(frame);
    (frame >> l) - first.div_ceil(1 << l) < WINDOW || (last >> l) - (frame >> l) < WINDOW
}

/// The only frame that may stop being kept once `last` is the last frame.
pub(super) fn retired_by(last: u64) -> Option<u64> {
    let l = level(last);
    (last >> l).checked_sub(WINDOW).map(|multiple| multiple << l)
}

/// All frames that are kept of `first ..= last`, ascending.
pub(super) fn kept(first: u64, last: u64) -> BTreeSet<u64> {
    let mut frames = BTreeSet::new();
    for l in 0..=MAX_LEVEL {
        let (low, high) = (first.div_ceil(1 << l), last >> l);
        if low > high {
            break;
        }
        let ends = (low..=high.min(low + WINDOW - 1)).chain(low.max((high + 1).saturating_sub(WINDOW))..=high);
        frames.extend(ends.map(|multiple| multiple << l));
    }
    // Frame 0 is a multiple of every power.
    frames.retain(|&frame| is_kept(frame, first, last));
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_ascend_with_eight_in_each_octave() {
        let lags: Vec<u64> = (0..34).map(lag).collect();
        assert_eq!(lags[..18], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20]);
        assert_eq!(lags[22..26], [30, 32, 36, 40]);
        assert!(lags.is_sorted());
        assert_eq!((count(5, 5), count(5, 6), count(5, 22), count(5, 24), count(4, 22)), (0, 1, 16, 17, 17));
        assert_eq!(lag(N_PLACES - 1), 16 << 58);
    }

    #[test]
    fn every_partner_of_a_later_frame_is_kept_and_none_is_kept_for_nothing() {
        for first in [0, 1, 7, 64, 1000] {
            let mut stored = BTreeSet::from([first]);
            for frame in first + 1..first + 900 {
                for (place, lag) in ending_at(frame, frame - first) {
                    assert!(stored.contains(&(frame - lag)), "{first} {frame} {lag}");
                    assert_eq!((frame - lag) % origin_spacing(place), 0);
                }
                stored.insert(frame);
                if let Some(old) = retired_by(frame).filter(|&old| old >= first && !is_kept(old, first, frame)) {
                    assert!(stored.remove(&old));
                }
                assert_eq!(stored, kept(first, frame));
            }
            assert!(stored.len() < 160);
        }
    }

    #[test]
    fn pairs_are_counted() {
        for (first, last) in [(0u64, 200u64), (5, 300), (64, 64), (63, 400)] {
            for place in 0..60 {
                let found = (first..=last)
                    .filter(|&frame| ending_at(frame, frame - first).any(|(other, _)| other == place))
                    .count();
                assert_eq!(found as u64, n_pairs(place, first, last), "{first} {last} {place}");
            }
        }
    }
}
