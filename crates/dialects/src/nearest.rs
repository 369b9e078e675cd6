//! What a misspelt name was probably meant to be.

/// The longest name that is compared; longer ones are no slips of a finger, and comparing them
/// would cost time that a hostile document could ask for.
const LONGEST: usize = 48;

/// The known name nearest to `found`: the same but for case, or at most a third of its letters
/// inserted, left out, changed or swapped.
pub(crate) fn nearest<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if found.len() > LONGEST {
        return None;
    }
    let wanted: Vec<char> = found.to_lowercase().chars().collect();
    let limit = (wanted.len() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| {
            let letters: Vec<char> = name.to_lowercase().chars().collect();
            (distance(&wanted, &letters), name)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, &letter) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_b = None;
        let mut left = row + 1;
        for (column, &other) in b.iter().enumerate() {
            let diagonal = last.get(column).copied().unwrap_or_default();
            let above = last.get(column + 1).copied().unwrap_or_default();
            let mut cost = (diagonal + usize::from(letter != other))
                .min(above + 1)
                .min(left + 1);
            if previous_a == Some(other)
                && previous_b == Some(letter)
                && let Some(swapped) = column.checked_sub(1).and_then(|c| before.get(c))
            {
                cost = cost.min(swapped + 1);
            }
            current.push(cost);
            left = cost;
            previous_b = Some(other);
        }
        previous_a = Some(letter);
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [&str; 4] = ["Refer", "Record", "Redirect", "Pause"];

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        assert_eq!(nearest("Refr", VERBS), Some("Refer"));
        assert_eq!(nearest("refer", VERBS), Some("Refer"));
        assert_eq!(nearest("Puase", VERBS), Some("Pause"));
        assert_eq!(nearest("Redirekt", VERBS), Some("Redirect"));
    }

    #[test]
    fn a_different_word_finds_nothing() {
        assert_eq!(nearest("Say", VERBS), None);
        assert_eq!(nearest("", VERBS), None);
        assert_eq!(nearest(&"Refer".repeat(100), VERBS), None);
    }
}
