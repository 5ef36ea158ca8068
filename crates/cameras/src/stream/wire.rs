//! RTSP as it is on the wire (RFC 2326): requests, answers, and the frames between them.
//!
//! Strict on purpose: what two readers could read differently is refused. This file must never write to a connection.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

const MOST_HEAD_BYTES: usize = 16 << 10;
const MOST_BODY_BYTES: usize = 256 << 10;

/// One thing on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// `$`, channel, length and payload of an interleaved frame, as they came.
    Frame(Bytes),
    /// A request or an answer.
    Text(Text),
}

/// A request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// The first line.
    pub(crate) start: String,
    /// Names and values in their order.
    pub(crate) headers: Vec<(String, String)>,
    /// What follows the head.
    pub(crate) body: Bytes,
}

impl Text {
    /// All values of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Writes it out, with these headers only and the length of its body.
    pub(crate) fn write<'a>(&self, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Bytes {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = BytesMut::from(text.as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes.freeze()
    }
}

/// Cuts a connection's bytes into messages.
#[derive(Debug, Default)]
pub(crate) struct Wire;

impl Decoder for Wire {
    type Item = Message;
    type Error = io::Error;

    fn decode(&mut self, source: &mut BytesMut) -> io::Result<Option<Message>> {
        match source.first() {
            None => Ok(None),
            Some(b'$') => Ok(frame(source).map(Message::Frame)),
            Some(_) => Ok(text(source)?.map(Message::Text)),
        }
    }
}

impl Encoder<Bytes> for Wire {
    type Error = io::Error;

    fn encode(&mut self, item: Bytes, target: &mut BytesMut) -> io::Result<()> {
        target.extend_from_slice(&item);
        Ok(())
    }
}

fn frame(source: &mut BytesMut) -> Option<Bytes> {
    let length = 4 + usize::from(u16::from_be_bytes([*source.get(2)?, *source.get(3)?]));
    (source.len() >= length).then(|| source.split_to(length).freeze())
}

fn text(source: &mut BytesMut) -> io::Result<Option<Text>> {
    let window = &source[..source.len().min(MOST_HEAD_BYTES)];
    let Some(end) = window.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if source.len() > MOST_HEAD_BYTES {
            Err(senseless("its head is too long"))
        } else {
            Ok(None)
        };
    };
    let (start, headers) = head(&source[..end])?;
    let mut text = Text { start, headers, body: Bytes::new() };
    let length = body_length(&text)?;
    if source.len() < end + 4 + length {
        return Ok(None);
    }
    source.advance(end + 4);
    text.body = source.split_to(length).freeze();
    Ok(Some(text))
}

fn head(bytes: &[u8]) -> io::Result<(String, Vec<(String, String)>)> {
    let text = std::str::from_utf8(bytes).map_err(|_| senseless("its head is no text"))?;
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) =
            line.split_once(':').ok_or_else(|| senseless("a line of its head has no name"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    // A lone line feed would end a line for one reader and not for another.
    if text.split("\r\n").any(|line| line.contains(char::is_control)) {
        return Err(senseless("its head has control characters"));
    }
    Ok((start, headers))
}

fn body_length(text: &Text) -> io::Result<usize> {
    let mut lengths = text.all("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(0),
        (Some(length), None) => match length.parse() {
            Ok(length) if length <= MOST_BODY_BYTES => Ok(length),
            _ => Err(senseless("its body is too long")),
        },
        (Some(_), Some(_)) => Err(senseless("its body has two lengths")),
    }
}

fn senseless(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Message>, String> {
        let (mut wire, mut source, mut found) = (Wire, BytesMut::new(), Vec::new());
        for byte in bytes {
            source.extend_from_slice(&[*byte]);
            while let Some(message) = wire.decode(&mut source).map_err(|error| error.to_string())? {
                found.push(message);
            }
        }
        Ok(found)
    }

    #[test]
    fn answers_and_frames_come_apart_byte_by_byte() {
        let found =
            read(b"RTSP/1.0 200 OK\r\nCSeq: 2\r\ncontent-length: 3\r\n\r\nv=0$\x01\x00\x02ab$\x00\x00\x00")
                .unwrap();
        let [Message::Text(text), Message::Frame(first), Message::Frame(second)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((text.start.as_str(), text.body.as_ref()), ("RTSP/1.0 200 OK", b"v=0".as_ref()));
        assert_eq!(
            (first.as_ref(), second.as_ref()),
            (b"$\x01\x00\x02ab".as_ref(), b"$\x00\x00\x00".as_ref())
        );
        let written = text.write(text.headers.iter().take(1).map(|(n, v)| (n.as_str(), v.as_str())));
        assert_eq!(written, "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nv=0");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let long = [b"RTSP/1.0 200 OK\r\nA: ".as_slice(), &[b'a'; MOST_HEAD_BYTES]].concat();
        for (bytes, why) in [
            (b"RTSP/1.0 200 OK\r\nA: b\n\nRTSP/1.0 302 Found\r\n\r\n".as_slice(), "control characters"),
            (b"RTSP/1.0 200 OK\r\nA: \0\r\n\r\n", "control characters"),
            (b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths"),
            (b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "too long"),
            (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "too long"),
            (b"RTSP/1.0 200 OK\r\n folded\r\n\r\n", "no name"),
            (b"RTSP/1.0 200 OK\r\nA: \xff\r\n\r\n", "no text"),
            (&long, "too long"),
        ] {
            let refusal = read(bytes).unwrap_err();
            assert!(refusal.contains(why), "{refusal}");
        }
    }
}
