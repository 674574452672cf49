//! Reading CBOR (RFC 8949), as far as authenticators write it.
//!
//! The bytes come from whoever registers a passkey, so the reader is strict and bounded: definite lengths only, no tags,
//! keys that are integers or texts and occur once, at most [`MAX_DEPTH`] levels and [`MAX_ITEMS`] items. A length is
//! believed only as far as there are bytes, so memory follows the input. Long forms of small numbers are accepted,
//! because libraries write them; nothing here compares encodings.

use thiserror::Error;

/// How deep arrays and maps may be nested; CTAP2 allows four levels.
pub const MAX_DEPTH: usize = 8;
/// How many values a text may hold, keys included.
pub const MAX_ITEMS: usize = 512;
/// The longest input.
pub const MAX_LEN: usize = 64 * 1024;

/// Why bytes were refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CborError {
    /// They end within a value.
    #[error("the bytes end within a value")]
    Truncated,
    /// More follows the value.
    #[error("more follows the value")]
    Trailing,
    /// Legal CBOR that authenticators do not write, or no CBOR at all.
    #[error("not in the form that authenticators write")]
    Unsupported,
    /// A map has a key twice.
    #[error("a key occurs twice")]
    DuplicateKey,
    /// Too long, too deep or too many.
    #[error("too large")]
    TooLarge,
}

/// A value. Byte strings and texts are borrowed from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer that fits 64 bits with sign.
    Int(i64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A map in the order of the input.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `true` or `false`.
    Bool(bool),
    /// Null, undefined, another simple value or a float: nothing here looks into these.
    Other,
}

impl<'a> Value<'a> {
    /// The value of a text key of a map.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entry(&Value::Text(key))
    }

    /// The value of an integer key of a map.
    pub fn get_int(&self, key: i64) -> Option<&Value<'a>> {
        self.entry(&Value::Int(key))
    }

    fn entry(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    /// The bytes, if it is a byte string.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Reads one value that takes up all the bytes.
pub fn read(bytes: &[u8]) -> Result<Value<'_>, CborError> {
    match read_prefix(bytes)? {
        (value, []) => Ok(value),
        _ => Err(CborError::Trailing),
    }
}

/// Reads one value and returns it with the bytes that follow.
pub fn read_prefix(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), CborError> {
    if bytes.len() > MAX_LEN {
        return Err(CborError::TooLarge);
    }
    let mut reader = Reader { rest: bytes, items: 0 };
    let value = reader.value(0)?;
    Ok((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
    items: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, CborError> {
        self.items += 1;
        if self.items > MAX_ITEMS || depth > MAX_DEPTH {
            return Err(CborError::TooLarge);
        }
        let [first] = *self.take::<1>()?;
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return self.simple(info);
        }
        let argument = self.argument(info)?;
        match major {
            0 => i64::try_from(argument).map(Value::Int).map_err(|_| CborError::Unsupported),
            1 => i64::try_from(argument).map(|value| Value::Int(-1 - value)).map_err(|_| CborError::Unsupported),
            2 => self.bytes(argument).map(Value::Bytes),
            3 => std::str::from_utf8(self.bytes(argument)?).map(Value::Text).map_err(|_| CborError::Unsupported),
            4 => self.array(argument, depth),
            5 => self.map(argument, depth),
            // Tags: CTAP2 forbids them.
            _ => Err(CborError::Unsupported),
        }
    }

    fn argument(&mut self, info: u8) -> Result<u64, CborError> {
        match info {
            0..=23 => Ok(u64::from(info)),
            24 => Ok(u64::from(u8::from_be_bytes(*self.take()?))),
            25 => Ok(u64::from(u16::from_be_bytes(*self.take()?))),
            26 => Ok(u64::from(u32::from_be_bytes(*self.take()?))),
            27 => Ok(u64::from_be_bytes(*self.take()?)),
            // 31 is an indefinite length, the others are reserved.
            _ => Err(CborError::Unsupported),
        }
    }

    fn simple(&mut self, info: u8) -> Result<Value<'a>, CborError> {
        match info {
            20 => return Ok(Value::Bool(false)),
            21 => return Ok(Value::Bool(true)),
            0..=23 => {}
            24 => drop(self.take::<1>()?),
            25 => drop(self.take::<2>()?),
            26 => drop(self.take::<4>()?),
            27 => drop(self.take::<8>()?),
            _ => return Err(CborError::Unsupported),
        }
        Ok(Value::Other)
    }

    fn array(&mut self, count: u64, depth: usize) -> Result<Value<'a>, CborError> {
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(elements))
    }

    fn map(&mut self, count: u64, depth: usize) -> Result<Value<'a>, CborError> {
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..count {
            let key = self.value(depth + 1)?;
            if !matches!(key, Value::Int(_) | Value::Text(_)) {
                return Err(CborError::Unsupported);
            }
            if entries.iter().any(|(found, _)| *found == key) {
                return Err(CborError::DuplicateKey);
            }
            entries.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Map(entries))
    }

    fn bytes(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let length = usize::try_from(length).map_err(|_| CborError::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], CborError> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or(CborError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn reads_the_examples_of_rfc_8949_appendix_a() {
        let ints = [
            ("00", 0),
            ("17", 23),
            ("1818", 24),
            ("1903e8", 1000),
            ("1a000f4240", 1_000_000),
            ("1b000000e8d4a51000", 1_000_000_000_000),
            ("20", -1),
            ("3863", -100),
            ("390100", -257),
        ];
        for (hex, value) in ints {
            assert_eq!(read(&bytes(hex)), Ok(Value::Int(value)), "{hex}");
        }
        assert_eq!(read(&bytes("4401020304")), Ok(Value::Bytes(&[1, 2, 3, 4])));
        assert_eq!(read(&bytes("62c3bc")), Ok(Value::Text("ü")));
        assert_eq!(read(&bytes("f4")), Ok(Value::Bool(false)));
        assert_eq!(read(&bytes("f5")), Ok(Value::Bool(true)));
        for other in ["f6", "f7", "f0", "f8ff", "f93c00", "fa47c35000", "fb3ff199999999999a"] {
            assert_eq!(read(&bytes(other)), Ok(Value::Other), "{other}");
        }
        let nested = bytes("a26161016162820203");
        let nested = read(&nested).unwrap();
        assert_eq!(nested.get("a").and_then(Value::as_int), Some(1));
        assert_eq!(nested.get("b"), Some(&Value::Array(vec![Value::Int(2), Value::Int(3)])));
        assert_eq!(nested.get("c"), None);
        let keyed = bytes("a201022003");
        let keyed = read(&keyed).unwrap();
        assert_eq!(keyed.get_int(-1).and_then(Value::as_int), Some(3));
        assert_eq!(keyed.get_int(2), None);
    }

    #[test]
    fn the_extremes_of_64_bits_are_told_from_what_lies_beyond() {
        assert_eq!(read(&bytes("1b7fffffffffffffff")), Ok(Value::Int(i64::MAX)));
        assert_eq!(read(&bytes("3b7fffffffffffffff")), Ok(Value::Int(i64::MIN)));
        for beyond in ["1b8000000000000000", "3b8000000000000000", "1bffffffffffffffff"] {
            assert_eq!(read(&bytes(beyond)), Err(CborError::Unsupported), "{beyond}");
        }
    }

    #[test]
    fn what_authenticators_do_not_write_is_refused() {
        // Tags, indefinite lengths, reserved lengths, text that is no UTF-8, keys that are no text or integer.
        for hex in ["c074", "5f42010243030405ff", "9fff", "bfff", "7f61617fff", "1c", "fc", "ff", "62c328", "a1410101"]
        {
            assert_eq!(read(&bytes(hex)), Err(CborError::Unsupported), "{hex}");
        }
    }

    #[test]
    fn a_key_occurs_once_however_it_is_written() {
        assert_eq!(read(&bytes("a201020103")), Err(CborError::DuplicateKey));
        assert_eq!(read(&bytes("a20102180103")), Err(CborError::DuplicateKey));
        assert_eq!(read(&bytes("a2616101616102")), Err(CborError::DuplicateKey));
    }

    #[test]
    fn a_value_takes_up_all_the_bytes_or_leaves_the_rest() {
        assert_eq!(read(&bytes("0001")), Err(CborError::Trailing));
        assert_eq!(read_prefix(&bytes("0001")), Ok((Value::Int(0), &[1][..])));
        for hex in ["", "18", "42ff", "6261", "82ff00", "a101", "1b00", "f9"] {
            assert!(read(&bytes(hex)).is_err(), "{hex}");
        }
        assert_eq!(read(&bytes("4201")), Err(CborError::Truncated));
    }

    #[test]
    fn sizes_are_bounded_and_lengths_not_believed() {
        let nested = |levels: usize| [vec![0x81; levels], vec![0]].concat();
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(CborError::TooLarge));
        let many = |count: u16| [vec![0x99], count.to_be_bytes().to_vec(), vec![0; usize::from(count)]].concat();
        assert!(read(&many(511)).is_ok());
        assert_eq!(read(&many(512)), Err(CborError::TooLarge));
        assert_eq!(read(&vec![0; MAX_LEN + 1]), Err(CborError::TooLarge));
        for claim in ["9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "7bffffffffffffffff"] {
            assert_eq!(read(&bytes(claim)), Err(CborError::Truncated), "{claim}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(input in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((_, rest)) = read_prefix(&input) {
                prop_assert!(rest.len() < input.len());
            }
        }
    }
}
