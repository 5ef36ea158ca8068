//! Lines and records of bounded length: a gigabyte without a line break is refused after a mebibyte.

use std::io::{BufRead, BufReader, Read};

use crate::input::{Bytes, InputFault};

/// The longest record (a CSV row, an NDJSON line), in bytes.
pub const RECORD_MAX_BYTES: usize = 1 << 20;

const BUFFER_BYTES: usize = 1 << 16;

/// The lines of a text, counted.
pub(crate) struct Lines {
    inner: BufReader<Bytes>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(crate) fn new(inner: Bytes) -> Self {
        Self { inner: BufReader::with_capacity(BUFFER_BYTES, inner), line: Vec::new(), number: 0 }
    }

    /// Goes to the next line; false at the end.
    pub(crate) fn advance(&mut self) -> std::io::Result<bool> {
        self.line.clear();
        let limit = RECORD_MAX_BYTES as u64 + 2;
        (&mut self.inner).take(limit).read_until(b'\n', &mut self.line)?;
        if self.line.is_empty() {
            return Ok(false);
        }
        self.number += 1;
        if self.line.len() as u64 == limit && !self.ended() {
            return Err(InputFault::RecordTooLong.into());
        }
        Ok(true)
    }

    /// The line, with its line break.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Its number, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether it ends in a line break; only a file's last line can lack it.
    pub(crate) fn ended(&self) -> bool {
        self.line.last() == Some(&b'\n')
    }
}

/// Stands for the end of the file as a record of its own: no text of UTF-8 holds it, so where it turns up inside another
/// record, a quote was left open.
const END: &[u8] = b"\xff\xfeend of file\xfe\xff\n";

/// Hands a text to the CSV parser line by line, so that the place of each record is known and none grows without bound.
pub(crate) struct CsvInput {
    lines: Lines,
    waiting: Vec<u8>,
    at: usize,
    record_bytes: usize,
    over: bool,
    last_line_ended: bool,
}

impl CsvInput {
    pub(crate) fn new(lines: Lines) -> Self {
        Self { lines, waiting: Vec::new(), at: 0, record_bytes: 0, over: false, last_line_ended: true }
    }

    /// The number of the line read last.
    pub(crate) const fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Whether the line read last has a line break.
    pub(crate) const fn line_ended(&self) -> bool {
        self.last_line_ended
    }

    /// Says that a record is complete.
    pub(crate) const fn record_done(&mut self) {
        self.record_bytes = 0;
    }

    /// Whether this record, the only one so far as the parser saw, is the end.
    pub(crate) fn is_end(&self, record: &[u8]) -> bool {
        self.over && record == &END[..END.len() - 1]
    }

    /// Whether the end was swallowed by this record.
    pub(crate) fn swallowed_end(&self, record: &[u8]) -> bool {
        self.over && record.ends_with(END)
    }

    fn refill(&mut self) -> std::io::Result<bool> {
        self.at = 0;
        self.waiting.clear();
        if self.over {
            return Ok(false);
        }
        if self.lines.advance()? {
            self.last_line_ended = self.lines.ended();
            self.waiting.extend_from_slice(self.lines.line());
            // Blank lines between records belong to none.
            if self.record_bytes > 0 || !matches!(self.waiting.as_slice(), b"\n" | b"\r\n") {
                self.record_bytes += self.waiting.len();
            }
            if self.record_bytes > RECORD_MAX_BYTES {
                return Err(InputFault::RecordTooLong.into());
            }
        } else {
            self.over = true;
            if !self.last_line_ended {
                self.waiting.push(b'\n');
            }
            self.waiting.extend_from_slice(END);
        }
        Ok(true)
    }
}

impl Read for CsvInput {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.waiting.len() && !self.refill()? {
            return Ok(0);
        }
        let rest = &self.waiting[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
