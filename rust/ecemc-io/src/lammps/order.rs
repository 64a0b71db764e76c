//! Rows by atom id, since LAMMPS writes atoms in an order that changes as they move.

/// The rows in the order of their ids; none if they are in order already.
///
/// # Errors
/// A row whose id an earlier one has too.
pub(super) fn by_id(ids: &[i64]) -> Result<Option<Vec<u32>>, usize> {
    if ids.windows(2).all(|pair| pair[0] < pair[1]) {
        return Ok(None);
    }
    let low = ids.iter().copied().min().unwrap_or(0);
    let high = ids.iter().copied().max().unwrap_or(0);
    // As a rule ids are 1 to n: then each row has its place, and sorting would take longer than parsing.
    match high.checked_sub(low).and_then(|span| usize::try_from(span).ok()) {
        Some(span) if span < 2 * ids.len() => placed(ids, low, span),
        _ => sorted(ids),
    }
    .map(Some)
}

fn placed(ids: &[i64], low: i64, span: usize) -> Result<Vec<u32>, usize> {
    const FREE: u32 = u32::MAX;
    let mut places = vec![FREE; span + 1];
    for (row, id) in ids.iter().enumerate() {
        let place = &mut places[(id - low) as usize];
        if *place != FREE {
            return Err(row);
        }
        *place = row as u32;
    }
    places.retain(|&row| row != FREE);
    Ok(places)
}

fn sorted(ids: &[i64]) -> Result<Vec<u32>, usize> {
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    order.sort_by_key(|&row| ids[row as usize]);
    let twice =
        order.windows(2).filter(|pair| ids[pair[0] as usize] == ids[pair[1] as usize]).map(|pair| pair[1]).min();
    twice.map_or(Ok(order), |row| Err(row as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_ordered_by_id() {
        assert_eq!(by_id(&[]), Ok(None));
        assert_eq!(by_id(&[1, 2, 5]), Ok(None));
        assert_eq!(by_id(&[3, 1, 2]), Ok(Some(vec![1, 2, 0])));
        assert_eq!(by_id(&[7, 5, 4]), Ok(Some(vec![2, 1, 0])));
        assert_eq!(by_id(&[9_000_000, -5, 17]), Ok(Some(vec![1, 2, 0])));
        assert_eq!(by_id(&[i64::MAX, i64::MIN, 0]), Ok(Some(vec![1, 2, 0])));
    }

    #[test]
    fn the_first_row_that_repeats_an_id_is_named() {
        assert_eq!(by_id(&[1, 1]), Err(1));
        assert_eq!(by_id(&[3, 2, 4, 2, 3]), Err(3));
        assert_eq!(by_id(&[3_000_000, 2, 4, 3_000_000, 2]), Err(3));
    }
}
