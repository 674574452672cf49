//! Lists that the API treats as sets.

/// Without duplicates, first occurrences in their order; an empty list counts as not given, as the live service
/// leaves such members out of its answers.
pub(crate) fn unique<T: PartialEq>(list: Option<Vec<T>>) -> Option<Vec<T>> {
    let mut kept = Vec::new();
    for item in list.into_iter().flatten() {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn duplicates_go_and_the_order_stays() {
        assert_eq!(unique(Some(vec!["b", "a", "b"])), Some(vec!["b", "a"]));
    }

    #[test]
    fn an_empty_list_counts_as_not_given() {
        assert_eq!(unique::<u8>(Some(vec![])), None);
    }
}
