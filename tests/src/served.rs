//! The real `farsight serve` on loopback, killed and started again at the same address, and a machine that calls it.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Farsight;

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// A server, until it is dropped.
pub struct Served {
    farsight: Farsight,
    address: String,
    child: Mutex<Child>,
}

impl Served {
    /// Serves at an address that was free a moment ago.
    pub fn start(farsight: &Farsight) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = address.expect("a free port").to_string();
        let child = Mutex::new(begin(farsight, &address));
        let served = Self { farsight: farsight.clone(), address, child };
        served.until_ready();
        served
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// SIGKILL in the middle of whatever it does, then another at the same address.
    pub fn kill_and_start_again(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill().and_then(|()| child.wait()).expect("the server is killed");
        *child = begin(&self.farsight, &self.address);
        drop(child);
        self.until_ready();
    }

    fn until_ready(&self) {
        let begun = Instant::now();
        let stranger = Machine::new(&self.address, "");
        while !matches!(stranger.get("/healthz"), Ok(answer) if answer.status == 200) {
            let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
            assert!(matches!(ended, Ok(None)), "the server ended: {ended:?}");
            assert!(begun.elapsed() < PATIENCE, "nobody serves at {}", self.address);
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn begin(farsight: &Farsight, address: &str) -> Child {
    let mut command = farsight.command(&["serve", "--listen", address]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command runs")
}

/// A token that may do all its role may; `words` say whose it is.
pub fn token(farsight: &Farsight, name: &str, words: &[&str]) -> String {
    let mut all = vec!["token", "add", name, "--may", "write", "--rate", "1000000", "--json"];
    all.extend(words);
    let told: Value = serde_json::from_str(&farsight.ok(&all)).expect("JSON");
    told["token"].as_str().expect("a token").to_owned()
}

/// A machine with a token; each call has a connection of its own.
#[derive(Debug, Clone)]
pub struct Machine {
    address: String,
    token: String,
}

/// What came back, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }
}

impl Machine {
    pub fn new(address: &str, token: &str) -> Self {
        Self { address: address.to_owned(), token: token.to_owned() }
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], b"")
    }

    /// Sends facts of a table.
    pub fn facts(&self, table: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        self.send("POST", &format!("/api/v1/facts/{table}"), headers, body)
    }

    /// HTTP/1.0 is answered in one piece. Errors: nobody is there, or an answer that breaks off.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        let length = body.len();
        let mut head =
            format!("{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: {length}\r\n", self.address);
        if !self.token.is_empty() {
            head.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(body)?;
        let mut told = Vec::new();
        stream.read_to_end(&mut told)?;
        read(&told).ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the answer breaks off"))
    }
}

fn read(told: &[u8]) -> Option<Answer> {
    let (head, text) = std::str::from_utf8(told).ok()?.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let whole = length.is_none_or(|length: usize| length == text.len());
    whole.then(|| Answer { status, head: head.to_lowercase(), text: text.to_owned() })
}
