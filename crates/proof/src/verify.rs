//! Verifying a pack: its files, then each charge judged anew, then sums, draws and audit links. All that does not fit is
//! told by name, not only the first.

mod beside;
mod charges;
mod moments;
mod sums;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use farsight_rulebook::messages::Messages;
use farsight_rulebook::money::Currency;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::archive::{Pack, PackError};
use crate::books::{Entry, Judged};
use crate::fault::{Fault, Faults, What};
use crate::manifest::{Manifest, Statement};
use crate::names;

/// The longest line of a pack's file, in bytes.
const LINE_BYTES: u64 = 16 << 20;
/// The most bytes of a file that is read whole.
const WHOLE_BYTES: u64 = 256 << 20;

/// What the facts of one check may unpack to, of a pack of so many bytes: they are held in memory, and no facts are packed more
/// densely than 200 to 1 (as of a gzip'd file that is taken in).
fn most_facts(packed: u64) -> u64 {
    packed.saturating_mul(200).clamp(64 << 20, 64 << 30)
}

/// What a verification found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Whether everything fits.
    pub whole: bool,
    /// What the pack states; none where its manifest cannot be read.
    pub statement: Option<Statement>,
    /// The program that packed it.
    pub program: String,
    /// Whether the words of receipts were compared too: only with the program that packed them.
    pub words: bool,
    /// Files whose bytes are those of the manifest.
    pub files: u64,
    /// Charges that were judged anew with the same result.
    pub charges: u64,
    /// Reversals whose charge the facts do not call for any more.
    pub reversals: u64,
    /// Entries that are judged by what was known before one of the latest imports before their posting: it was under way, and
    /// their run did not see it.
    pub earlier_knowledge: u64,
    /// Receipts that say what the recomputation says.
    pub receipts: u64,
    /// Draws redone.
    pub draws: u64,
    /// Links of the audit chain whose hash was redone.
    pub audit_links: u64,
    /// What does not fit.
    #[serde(flatten)]
    pub faults: Faults,
}

/// The books of a pack.
struct Books {
    entries: BTreeMap<i64, Entry>,
    reversed: BTreeMap<i64, Entry>,
    judged: Vec<Judged>,
}

impl Books {
    /// The entry of an id, of this month or taken back in it.
    fn entry(&self, id: i64) -> Option<&Entry> {
        self.entries.get(&id).or_else(|| self.reversed.get(&id))
    }
}

/// A verification under way.
struct Verification<'v> {
    pack: Pack,
    manifest: Manifest,
    currency: Currency,
    messages: &'v Messages,
    report: Report,
    /// Files that were said to be missing or unreadable: that is told once.
    gone: HashSet<String>,
    /// What each file unpacks to, in bytes.
    sizes: HashMap<String, u64>,
    /// The most bytes that the facts of one check may unpack to.
    most_facts: u64,
}

/// Verifies a pack; `messages` and `program` are this program's own.
///
/// # Errors
/// What is no pack at all. All that is wrong in a pack is in the report.
pub fn verify(path: &Path, messages: &Messages, program: &str) -> Result<Report, PackError> {
    let mut pack = Pack::open(path)?;
    let manifest = match pack.manifest()? {
        Ok(manifest) => manifest,
        Err(why) => {
            let mut report = Report::default();
            report.faults.add(Fault::of(What::FileUnreadable, names::MANIFEST, "", why.to_string()));
            return Ok(report);
        }
    };
    let code = &manifest.statement.currency;
    let Some(currency) = Currency::of(code) else {
        return Err(PackError::Foreign(format!("'{code}' is no currency")));
    };
    let report = Report {
        statement: Some(manifest.statement.clone()),
        words: manifest.program == program,
        program: manifest.program.clone(),
        ..Report::default()
    };
    let most_facts = most_facts(std::fs::metadata(path)?.len());
    let (gone, sizes) = (HashSet::new(), HashMap::new());
    let mut work = Verification { pack, manifest, currency, messages, report, gone, sizes, most_facts };
    work.files(path)?;
    if let Some(books) = work.books() {
        sums::verify(&mut work, &books);
        moments::verify(&mut work, &books);
        charges::verify(&mut work, &books);
    }
    beside::verify(&mut work);
    work.report.whole = work.report.faults.count == 0;
    Ok(work.report)
}

impl Verification<'_> {
    fn fault(&mut self, fault: Fault) {
        self.report.faults.add(fault);
    }

    /// Each file is there, is listed, and has the bytes of its hash; and nothing stands between them.
    fn files(&mut self, path: &Path) -> Result<(), PackError> {
        let there: HashSet<String> = self.pack.names().into_iter().collect();
        let listed = self.manifest.files.clone();
        for file in &listed {
            if !there.contains(&file.name) {
                self.gone.insert(file.name.clone());
                self.fault(Fault::of(What::FileMissing, &file.name, &*file.sha256, "nothing"));
                continue;
            }
            let hashed = self.hash(&file.name);
            if let Ok((_, bytes)) = hashed {
                self.sizes.insert(file.name.clone(), bytes);
            }
            match hashed {
                Err(why) => self.unreadable(&file.name, &why.to_string()),
                Ok((sha256, bytes)) if (&sha256, bytes) == (&file.sha256, file.bytes) => {
                    self.report.files += 1;
                }
                Ok((sha256, bytes)) => {
                    let expected = format!("SHA-256 {} of {} bytes", file.sha256, file.bytes);
                    let found = format!("{sha256} of {bytes} bytes");
                    self.fault(Fault::of(What::FileChanged, &file.name, expected, found));
                }
            }
        }
        let known: HashSet<&str> = listed.iter().map(|file| file.name.as_str()).collect();
        let mut foreign: Vec<&String> = there.iter().filter(|name| !known.contains(name.as_str())).collect();
        foreign.sort();
        for name in foreign {
            self.fault(Fault::of(What::FileForeign, name, "nothing", "a file"));
        }
        if let Some(at) = self.pack.odd_byte(path)? {
            let found = format!(
                "byte {at} of the archive is not what its files give: something outside of them was changed, or it was packed by another program"
            );
            self.fault(Fault::of(What::ArchiveChanged, "(archive)", "", found));
        }
        Ok(())
    }

    fn hash(&mut self, name: &str) -> io::Result<(String, u64)> {
        let mut file = self.pack.open_file(name)?;
        let (mut hasher, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                return Ok((hex::encode(hasher.finalize()), bytes));
            }
            hasher.update(&piece[..read]);
            bytes += read as u64;
        }
    }

    /// Says once that a file cannot be read.
    fn unreadable(&mut self, name: &str, why: &str) {
        if self.gone.insert(name.to_owned()) {
            self.fault(Fault::of(What::FileUnreadable, name, "", why));
        }
    }

    /// A whole file; none where it cannot be read, which is told.
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        match self.pack.read(name, WHOLE_BYTES) {
            Ok(content) => Some(content),
            Err(why) => {
                self.unreadable(name, &why.to_string());
                None
            }
        }
    }

    /// A file of one JSON value.
    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let content = self.read(name)?;
        match serde_json::from_slice(&content) {
            Ok(value) => Some(value),
            Err(why) => {
                self.unreadable(name, &why.to_string());
                None
            }
        }
    }

    /// Hands each line of a file to `take`; the first that it does not take is told, and the rest passed over.
    fn lines(&mut self, name: &str, mut take: impl FnMut(&str) -> Result<(), String>) {
        let mut read = || -> io::Result<()> {
            let mut file = BufReader::new(self.pack.open_file(name)?);
            let mut line = Vec::new();
            for number in 1_u64.. {
                line.clear();
                if (&mut file).take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                    break;
                }
                let odd = |why: String| io::Error::other(format!("line {number}: {why}"));
                let text = std::str::from_utf8(&line).map_err(|why| odd(why.to_string()))?;
                take(text.trim_end_matches('\n')).map_err(odd)?;
            }
            Ok(())
        };
        if let Err(why) = read() {
            self.unreadable(name, &why.to_string());
        }
    }

    fn entries(&mut self, name: &str) -> Option<BTreeMap<i64, Entry>> {
        let content = self.read(name)?;
        let entries = match Entry::read(content.as_slice(), self.currency) {
            Ok(entries) => entries,
            Err(why) => {
                self.unreadable(name, &why);
                return None;
            }
        };
        let mut by_id = BTreeMap::new();
        for entry in entries {
            let id = entry.id;
            if by_id.insert(id, entry).is_some() {
                self.fault(
                    Fault::of(What::ChargeDiffers, name, "each entry once", "the entry twice").entry(id),
                );
            }
        }
        Some(by_id)
    }

    fn books(&mut self) -> Option<Books> {
        let entries = self.entries(names::ENTRIES);
        let reversed = self.entries(names::REVERSED);
        let mut judged = Vec::new();
        self.lines(names::JUDGEMENTS, |line| {
            judged.push(serde_json::from_str(line).map_err(|why| why.to_string())?);
            Ok(())
        });
        Some(Books { entries: entries?, reversed: reversed?, judged })
    }
}

/// A line's fingerprint, as far as programs agree on it: of packs of another version `unless` is left out.
fn digest(mut line: Value, words: bool, unless: &str) -> [u8; 32] {
    if !words && let Some(object) = line.as_object_mut() {
        object.shift_remove(unless);
    }
    Sha256::digest(line.to_string()).into()
}
