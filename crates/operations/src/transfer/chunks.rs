//! The input, cut into pieces that fit into memory whatever its length: runs of lines about users, and single others.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{BufRead, Read};

use super::Stopped;
use super::line::{Kind, Typed};

/// How many users are written in one transaction: enough that its fsync hardly counts, few enough that a server beside
/// the import is not kept waiting.
const USERS: usize = 1_000;
/// The longest line, in bytes.
const LONGEST: usize = 1 << 20;
/// The most bytes of a run.
const MOST: usize = 8 << 20;

/// A line with its number, the first being 1.
pub(super) struct Text {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
}

/// A piece of the input.
pub(super) enum Chunk {
    /// Lines about users, and those that cannot be read, with the pools that they name.
    Users(Vec<Text>, BTreeSet<Option<String>>),
    /// Another line.
    Other(Kind, Text),
}

struct Line {
    kind: Kind,
    pool: Option<String>,
    text: Text,
}

/// Cuts an input; lines before `from` are passed over where they are about users.
pub(super) struct Chunks<R> {
    input: R,
    number: u64,
    from: u64,
    waiting: Option<Line>,
    /// Bytes read so far.
    pub(super) bytes: u64,
    /// Users passed over.
    pub(super) passed: u64,
}

impl<R: BufRead> Chunks<R> {
    pub(super) fn new(input: R, from: u64) -> Self {
        Self { input, number: 0, from, waiting: None, bytes: 0, passed: 0 }
    }

    /// The next piece; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>, Stopped> {
        let (mut run, mut pools, mut size) = (Vec::new(), BTreeSet::new(), 0);
        while run.len() < USERS && size < MOST {
            let Some(line) = self.line()? else { break };
            if line.kind == Kind::User {
                size += line.text.bytes.len();
                run.push(line.text);
                pools.insert(line.pool);
            } else if run.is_empty() {
                return Ok(Some(Chunk::Other(line.kind, line.text)));
            } else {
                self.waiting = Some(line);
                break;
            }
        }
        Ok((!run.is_empty()).then_some(Chunk::Users(run, pools)))
    }

    fn line(&mut self) -> Result<Option<Line>, Stopped> {
        if let Some(waiting) = self.waiting.take() {
            return Ok(Some(waiting));
        }
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.input).take(LONGEST as u64 + 1).read_until(b'\n', &mut bytes);
            if read.map_err(Stopped::because)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.bytes += bytes.len() as u64;
            if bytes.len() > LONGEST {
                return Err(Stopped::at(self.number, format!("the line is longer than {LONGEST} bytes")));
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // A line that cannot be read goes along with the users, where bad lines are counted.
            let typed = serde_json::from_slice::<Typed<'_>>(&bytes).ok();
            let kind = typed.as_ref().map_or(Kind::User, |typed| typed.kind);
            if kind == Kind::User && self.number < self.from {
                self.passed += 1;
                continue;
            }
            let pool = typed.and_then(|typed| typed.pool).map(Cow::into_owned);
            return Ok(Some(Line { kind, pool, text: Text { number: self.number, bytes } }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(input: &str, from: u64) -> Vec<(Option<Kind>, Vec<u64>)> {
        let mut chunks = Chunks::new(input.as_bytes(), from);
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            found.push(match chunk {
                Chunk::Users(run, _) => (None, run.iter().map(|text| text.number).collect()),
                Chunk::Other(kind, text) => (Some(kind), vec![text.number]),
            });
        }
        found
    }

    #[test]
    fn runs_of_users_end_at_another_line() {
        let input = "{\"type\":\"header\"}\n{\"type\":\"user\"}\n\n{\"type\":\"user\"}\n{\"type\":\"group\"}\n{\"type\":\"user\"}";
        let expected =
            [(Some(Kind::Header), vec![1]), (None, vec![2, 4]), (Some(Kind::Group), vec![5]), (None, vec![6])];
        assert_eq!(pieces(input, 1), expected);
    }

    #[test]
    fn users_before_a_line_are_passed_over_and_nothing_else() {
        let input = "{\"type\":\"header\"}\n{\"type\":\"user\"}\n{\"type\":\"user\"}\n";
        assert_eq!(pieces(input, 3), [(Some(Kind::Header), vec![1]), (None, vec![3])]);
    }

    #[test]
    fn runs_are_bounded() {
        let runs = pieces(&"{\"type\":\"user\"}\n".repeat(USERS + 1), 1);
        assert_eq!(runs.iter().map(|(_, run)| run.len()).collect::<Vec<_>>(), [USERS, 1]);
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let stopped = Chunks::new(endless, 1).next().err().unwrap();
        assert_eq!(stopped.to_string(), "line 1: the line is longer than 1048576 bytes");
    }
}
