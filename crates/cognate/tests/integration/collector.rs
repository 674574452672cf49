//! A collector of traces: takes what is posted to it, and reads as much of OTLP as the tests look at.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A span. Ids are in hexadecimal; the parent of a root is empty.
#[derive(Debug, Default)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: u64,
    pub status: u64,
    begun: u64,
    ended: u64,
    attributes: Vec<(String, String)>,
}

impl Span {
    /// An attribute as text; empty if it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
    }

    /// How long it took, in nanoseconds.
    pub fn took(&self) -> u64 {
        self.ended - self.begun
    }
}

/// What was posted: heads and bodies.
type Posts = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector on a port of its own. Whatever else is posted is answered with an empty object.
pub struct Collector {
    address: SocketAddr,
    posts: Posts,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, posts) = (listener.local_addr().unwrap(), Posts::default());
        let kept = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || take(stream, &kept));
            }
        });
        Self { address, posts }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span that came so far.
    pub fn spans(&self) -> Vec<Span> {
        let posts = self.posts.lock().unwrap();
        let bodies = posts.iter().filter(|(head, _)| head.starts_with("POST /v1/traces ")).map(|(_, body)| body);
        // ExportTraceServiceRequest: resource_spans = 1, scope_spans = 2, spans = 2.
        let spans = bodies.flat_map(|body| within(body, 1)).flat_map(|of| within(of, 2)).flat_map(|of| within(of, 2));
        spans.map(span).collect()
    }

    /// Whatever can be read of all that a collector of traces got.
    pub fn text(&self) -> String {
        let posts = self.posts.lock().unwrap();
        let traces = posts.iter().filter(|(head, _)| head.starts_with("POST /v1/traces "));
        traces.map(|(head, body)| format!("{head}{}", String::from_utf8_lossy(body))).collect::<Vec<_>>().concat()
    }
}

fn take(stream: TcpStream, posts: &Posts) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let begin = head.len();
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
            let line = head[begin..].trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        posts.lock().unwrap().push((head, body));
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn span(bytes: &[u8]) -> Span {
    let mut span = Span::default();
    for (number, value) in fields(bytes) {
        match (number, value) {
            (1, Field::Bytes(id)) => span.trace = hex(id),
            (2, Field::Bytes(id)) => span.id = hex(id),
            (4, Field::Bytes(id)) => span.parent = hex(id),
            (5, Field::Bytes(name)) => span.name = String::from_utf8_lossy(name).into_owned(),
            (6, Field::Number(kind)) => span.kind = kind,
            (7, Field::Number(begun)) => span.begun = begun,
            (8, Field::Number(ended)) => span.ended = ended,
            (9, Field::Bytes(attribute)) => span.attributes.push(self::attribute(attribute)),
            (15, Field::Bytes(status)) => span.status = number_of(status, 3),
            _ => {}
        }
    }
    span
}

/// KeyValue: key = 1, value = 2. AnyValue: string = 1, int = 3.
fn attribute(bytes: &[u8]) -> (String, String) {
    let key = within(bytes, 1).next().unwrap_or_default();
    let value = within(bytes, 2).next().unwrap_or_default();
    let text = match within(value, 1).next() {
        Some(text) => String::from_utf8_lossy(text).into_owned(),
        None => number_of(value, 3).to_string(),
    };
    (String::from_utf8_lossy(key).into_owned(), text)
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn within(bytes: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(bytes).into_iter().filter_map(move |(number, field)| match field {
        Field::Bytes(bytes) if number == wanted => Some(bytes),
        _ => None,
    })
}

fn number_of(bytes: &[u8], wanted: u64) -> u64 {
    let number =
        |(number, field)| if let (true, Field::Number(value)) = (number == wanted, field) { Some(value) } else { None };
    fields(bytes).into_iter().find_map(number).unwrap_or(0)
}

/// The fields of a message of protobuf.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => Field::Number(u64::from_le_bytes(taken(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                Field::Bytes(taken(&mut bytes, length))
            }
            5 => Field::Number(u32::from_le_bytes(taken(&mut bytes, 4).try_into().unwrap()).into()),
            other => panic!("no wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = taken(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn taken<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
