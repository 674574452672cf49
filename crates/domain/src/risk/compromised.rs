//! Passwords that are known to have been stolen, by a list that the operator gives: SHA-1 hashes in hexadecimal, one a
//! line, whole or their beginnings. Behind a colon may stand how often a password was seen, as in the lists of Have I
//! Been Pwned.

use std::collections::BTreeMap;

/// The fewest digits of a hash; with fewer, good passwords would be taken for stolen ones too often.
const FEWEST: usize = 10;
/// Hexadecimal digits that are kept of a hash: two passwords share them by chance less often than a list can show.
const KEPT: usize = 16;
/// The most entries of a list, which is kept in memory: 400 megabytes of whole hashes.
const MOST: usize = 50_000_000;

/// The list.
#[derive(Default)]
pub struct CompromisedPasswords {
    /// The beginnings of hashes as numbers, in order, by their number of digits.
    by_length: BTreeMap<usize, Vec<u64>>,
}

impl std::fmt::Debug for CompromisedPasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompromisedPasswords").field("len", &self.len()).finish()
    }
}

impl CompromisedPasswords {
    /// Adds a line. Empty ones are skipped; the error says what is wrong.
    pub fn add(&mut self, line: &str) -> Result<(), String> {
        let hash = line.split(':').next().unwrap_or_default().trim();
        if hash.is_empty() {
            return Ok(());
        }
        if !(FEWEST..=40).contains(&hash.len()) || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("not a SHA-1 hash, nor its first {FEWEST} or more hexadecimal digits"));
        }
        if self.len() >= MOST {
            return Err(format!("more than {MOST} hashes"));
        }
        let length = hash.len().min(KEPT);
        let number = u64::from_str_radix(hash.get(..length).unwrap_or_default(), 16).map_err(|e| e.to_string())?;
        self.by_length.entry(length).or_default().push(number);
        Ok(())
    }

    /// Makes the list ready to be searched.
    #[must_use]
    pub fn finished(mut self) -> Self {
        for hashes in self.by_length.values_mut() {
            hashes.sort_unstable();
            hashes.dedup();
            hashes.shrink_to_fit();
        }
        self
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.by_length.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_length.is_empty()
    }

    /// Whether a password with this SHA-1 hash is on the list.
    pub fn contains(&self, hash: &[u8; 20]) -> bool {
        let whole = hash.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        self.by_length.iter().any(|(length, hashes)| {
            let shift = u32::try_from((KEPT - length) * 4).unwrap_or(0);
            hashes.binary_search(&(whole >> shift)).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SHA-1 of `password` and of `correct horse battery staple`.
    const PASSWORD: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
    const HORSE: &str = "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42";

    fn bytes(hash: &str) -> [u8; 20] {
        std::array::from_fn(|at| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).unwrap())
    }

    fn list(lines: &[&str]) -> CompromisedPasswords {
        let mut list = CompromisedPasswords::default();
        for line in lines {
            list.add(line).unwrap();
        }
        list.finished()
    }

    #[test]
    fn whole_hashes_and_their_beginnings_are_found() {
        let (whole, counted) = (PASSWORD.to_owned(), format!("{PASSWORD}:9545824\r"));
        for line in [whole.as_str(), &counted, &PASSWORD.to_lowercase(), &PASSWORD[..10], &PASSWORD[..17]] {
            let list = list(&["0000000000", line, "", "FFFFFFFFFF"]);
            assert!(list.contains(&bytes(PASSWORD)), "{line}");
            assert!(!list.contains(&bytes(HORSE)), "{line}");
        }
    }

    #[test]
    fn an_empty_list_knows_nothing() {
        assert!(!list(&[]).contains(&bytes(PASSWORD)) && list(&["", " "]).is_empty());
    }

    #[test]
    fn the_same_hash_twice_counts_once() {
        assert_eq!(list(&[PASSWORD, PASSWORD, HORSE]).len(), 2);
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let long = format!("{PASSWORD}0");
        for line in ["5BAA61E4C", "password", "5BAA61E4C9G", long.as_str(), "5BAA61 E4C9B9"] {
            assert!(CompromisedPasswords::default().add(line).is_err(), "{line}");
        }
    }
}
