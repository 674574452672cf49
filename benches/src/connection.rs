//! A keep-alive connection with one request under way at a time.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;
use crate::process::Server;

/// A request, and what its answer must hold.
pub struct Call {
    /// The operation.
    pub operation: &'static str,
    /// The body.
    pub body: String,
    /// A text without which the answer is wrong.
    pub expected: String,
}

/// Whose turn it is to make a request.
pub struct Turn<'a> {
    /// The number of the connection.
    pub connection: usize,
    /// Its choices: the same in every run.
    pub random: &'a mut Random,
}

/// Makes one request outside a measurement; its answer's body.
pub async fn once(server: &Server, call: &Call) -> Result<String, Failure> {
    let mut connection = Connection::open(server, 0).await?;
    Ok(connection.call(call).await?.0.to_owned())
}

/// A connection.
pub struct Connection {
    number: usize,
    random: Random,
    stream: TcpStream,
    writer: Arc<crate::sigv4::Writer>,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects; the number seeds its choices.
    pub async fn open(server: &Server, number: usize) -> Result<Self, Failure> {
        let stream = TcpStream::connect(server.address).await.map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let writer = Arc::clone(&server.writer);
        Ok(Self { number, random: Random(number as u64 + 1), stream, writer, answer: Vec::with_capacity(16 << 10) })
    }

    /// Makes the request that is chosen for it; the microseconds that it took.
    pub async fn work(&mut self, choose: &(dyn Fn(Turn<'_>) -> Call + Send + Sync)) -> Result<u32, Failure> {
        let call = choose(Turn { connection: self.number, random: &mut self.random });
        Ok(self.call(&call).await?.1)
    }

    /// Makes a request; the body of its answer and the microseconds that it took.
    pub async fn call(&mut self, call: &Call) -> Result<(&str, u32), Failure> {
        let request = self.writer.write(call);
        let begun = Instant::now();
        self.stream.write_all(&request).await.map_err(|e| e.to_string())?;
        let body = self.read().await.map_err(|e| format!("{}: {e}", call.operation))?;
        let elapsed = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
        let answer = std::str::from_utf8(&self.answer).map_err(|e| e.to_string())?;
        if answer.starts_with("HTTP/1.1 200 ") && answer[body..].contains(&call.expected) {
            return Ok((&answer[body..], elapsed));
        }
        Err(format!("{} of {} answered {answer}", call.operation, call.body))
    }

    /// Reads an answer; where its body begins.
    async fn read(&mut self) -> Result<usize, Failure> {
        self.answer.clear();
        let mut end = None;
        loop {
            if self.stream.read_buf(&mut self.answer).await.map_err(|e| e.to_string())? == 0 {
                return Err("the server hung up".to_owned());
            }
            if end.is_none() {
                end = bounds(&self.answer)?;
            }
            if let Some((body, whole)) = end
                && self.answer.len() >= whole
            {
                return Ok(body);
            }
        }
    }
}

/// Where the body begins and ends, once the whole head is there.
fn bounds(answer: &[u8]) -> Result<Option<(usize, usize)>, Failure> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&answer[..head]).map_err(|e| e.to_string())?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .ok_or("the answer has no content-length")?;
    Ok(Some((head + 4, head + 4 + length)))
}

/// Choices that are the same in every run (xorshift).
pub struct Random(u64);

impl Random {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) as usize % bound
    }
}
