//! Times `put` of 100 files of 5 MB into a folder against `cp` and `sha256sum` of the same files in the same run, and
//! prints the ratio and the peak of memory. Run it with `--release` and, if wanted, a folder on the disk to measure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use farsight_evidence::{Limits, Store};
use rand::{Rng as _, SeedableRng as _};
use tokio_util::io::ReaderStream;

const FILES: u64 = 100;
const BYTES: usize = 5_000_000;
const BUFFER_BYTES: usize = 64 << 10;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let below = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(below)?;
    let files = (0..FILES).map(|seed| file(folder.path(), seed)).collect::<Outcome<Vec<PathBuf>>>()?;
    let peer = copied_and_hashed(&files, &folder.path().join("copies"))?;
    let rest = memory("VmRSS")?;
    let ours = stored(&files, &folder.path().join("store")).await?;
    let ratio = peer.as_secs_f64() / ours.as_secs_f64();
    println!("cp, sync and sha256sum {peer:.2?}; put {ours:.2?}; put has {ratio:.2} times their speed");
    println!("memory: {rest} kB at rest, {} kB at the peak", memory("VmHWM")?);
    Ok(())
}

fn file(folder: &Path, seed: u64) -> Outcome<PathBuf> {
    let mut content = vec![0; BYTES];
    rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut content);
    content[..9].copy_from_slice(b"%PDF-1.7\n");
    let path = folder.join(format!("{seed}.pdf"));
    fs::write(&path, content)?;
    Ok(path)
}

/// Each file copied, flushed as `put` flushes it, and hashed.
fn copied_and_hashed(files: &[PathBuf], to: &Path) -> Outcome<Duration> {
    fs::create_dir(to)?;
    let start = Instant::now();
    for file in files {
        let copy = to.join(file.file_name().ok_or("a file has a name")?);
        run(Command::new("cp").arg(file).arg(&copy))?;
        run(Command::new("sync").arg(&copy))?;
        run(Command::new("sha256sum").arg(file))?;
    }
    Ok(start.elapsed())
}

fn run(command: &mut Command) -> Outcome<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

async fn stored(files: &[PathBuf], to: &Path) -> Outcome<Duration> {
    let store = Store::open(&format!("file://{}", to.display()), [], 1).await?;
    let start = Instant::now();
    for file in files {
        let content = ReaderStream::with_capacity(tokio::fs::File::open(file).await?, BUFFER_BYTES);
        store.put("acme", content, &Limits::default()).await?;
    }
    Ok(start.elapsed())
}

/// A figure of this process in kB, as Linux counts it.
fn memory(name: &str) -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find(|line| line.starts_with(name)).ok_or("Linux says how much memory is used")?;
    Ok(line.split_whitespace().nth(1).ok_or("a figure")?.parse()?)
}
