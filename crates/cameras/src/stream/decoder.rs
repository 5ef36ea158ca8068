//! ffmpeg as a child: one frame out of a stream, as JPEG on its output; killed when it is dropped.
//!
//! This file must never give ffmpeg a secret, an environment, or a protocol besides RTSP over TCP, and never quote it
//! in full: what it prints repeats what a camera sent.

use std::io;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::away::Away;
use crate::rules::Rules;
use crate::visit::Place;

const MOST_SAID_BYTES: u64 = 16 << 10;

/// Before the address: speak only RTSP over TCP, look at pictures only, and take no more than 256 MiB at a time.
const BEFORE: [&str; 17] = [
    "-nostdin",
    "-hide_banner",
    "-loglevel",
    "error",
    "-max_alloc",
    "268435456",
    "-protocol_whitelist",
    "rtsp,rtp,tcp",
    "-rtsp_transport",
    "tcp",
    "-allowed_media_types",
    "video",
    "-analyzeduration",
    "2000000",
    "-f",
    "rtsp",
    "-i",
];

/// After the address: the first picture of the first video, as one JPEG.
const AFTER: [&str; 11] =
    ["-map", "0:v:0", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3", "-f", "image2pipe", "pipe:1"];

/// A running ffmpeg.
pub(crate) struct Decoder {
    child: Child,
    out: ChildStdout,
    said: ChildStderr,
}

impl Decoder {
    /// Starts ffmpeg on an address of our own.
    pub(crate) fn start(program: &Path, entrance: &str) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(BEFORE)
            .arg(entrance)
            .args(AFTER)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("no pipe");
        let (out, said) =
            (child.stdout.take().ok_or_else(missing)?, child.stderr.take().ok_or_else(missing)?);
        Ok(Self { child, out, said })
    }

    /// The frame it writes, or why it wrote none.
    pub(crate) async fn frame(&mut self, place: &Place, rules: &Rules) -> Result<Bytes, Away> {
        // Both are read side by side: a full pipe would stop ffmpeg.
        let (frame, said) =
            tokio::try_join!(picture(&mut self.out, place, rules), words(&mut self.said, place))?;
        if frame.is_empty() {
            let ended = self.child.wait().await.map_err(|error| place.no_frame(error.kind().to_string()))?;
            return Err(place.no_frame(format!("ffmpeg ended with {ended}{}", harmless(&said))));
        }
        Ok(frame.into())
    }
}

async fn picture(out: &mut ChildStdout, place: &Place, rules: &Rules) -> Result<Vec<u8>, Away> {
    let frame = up_to(out, rules.max_bytes + 1, place).await?;
    if frame.len() as u64 > rules.max_bytes {
        return Err(Away::TooLarge { place: place.to_string(), most: rules.max_bytes });
    }
    Ok(frame)
}

/// What it says, as far as anyone reads it; the rest is drained.
async fn words(said: &mut ChildStderr, place: &Place) -> Result<Vec<u8>, Away> {
    let first = up_to(&mut *said, MOST_SAID_BYTES, place).await?;
    let drained = tokio::io::copy(said, &mut tokio::io::sink()).await;
    drained.map(|_| first).map_err(|error| place.no_frame(error.kind().to_string()))
}

async fn up_to(source: impl AsyncRead + Unpin, most: u64, place: &Place) -> Result<Vec<u8>, Away> {
    let mut bytes = Vec::new();
    let read = source.take(most).read_to_end(&mut bytes).await;
    read.map(|_| bytes).map_err(|error| place.no_frame(error.kind().to_string()))
}

/// The last line ffmpeg said, without any word that could be an address or part of one.
fn harmless(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let Some(line) = text.lines().rfind(|line| !line.trim().is_empty()) else { return String::new() };
    let plain =
        |word: &&str| word.chars().all(|sign| sign.is_ascii_alphanumeric() || ",.:;'()-".contains(sign));
    let words: Vec<&str> = line.split_whitespace().filter(plain).take(20).collect();
    format!(": {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ffmpeg_says_is_quoted_without_addresses() {
        let said = b"first\n[rtsp @ 0x1] rtsp://h/user=admin&password=hush: Invalid data found when processing input\n\n";
        assert_eq!(harmless(said), ": Invalid data found when processing input");
        assert_eq!(harmless(b""), "");
    }
}
