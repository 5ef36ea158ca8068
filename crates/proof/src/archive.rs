//! The archive: a ZIP that anybody can open, whose bytes follow from its files alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::manifest::{FORMAT, Listed, Manifest, Statement};
use crate::names;

/// The most bytes a manifest has.
const MANIFEST_BYTES: u64 = 64 << 20;

/// Why a pack cannot be written or is none.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The archive cannot be written.
    #[error("cannot write the archive: {0}")]
    Archive(zip::result::ZipError),
    /// It is no ZIP archive, or its directory is damaged.
    #[error("this is no pack, or its directory is damaged: {0}; get it anew from whoever made it")]
    NoArchive(String),
    /// It is an archive of something else.
    #[error("this archive is no pack: {0}")]
    Foreign(String),
}

impl PackError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "pack_io",
            Self::Archive(_) => "pack_archive",
            Self::NoArchive(_) => "pack_no_archive",
            Self::Foreign(_) => "pack_foreign",
        }
    }
}

/// Whoever unpacks a pack may write to its files, everybody may read them.
const MODE: u32 = 0o644;

/// Every file alike: no time of making, no owner.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(MODE)
}

/// A pack in the making: begin a file, write it, begin the next.
pub struct PackWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    files: Vec<Listed>,
    hasher: Sha256,
}

impl<W: Write + Seek> PackWriter<W> {
    /// An empty pack.
    pub fn new(out: W) -> Self {
        Self { zip: ZipWriter::new(out), files: Vec::new(), hasher: Sha256::new() }
    }

    /// Begins a file; what is written from now on is its content.
    pub fn begin(&mut self, name: &str) -> Result<(), PackError> {
        self.end();
        self.zip.start_file(name, options()).map_err(PackError::Archive)?;
        self.files.push(Listed { name: name.to_owned(), sha256: String::new(), bytes: 0 });
        Ok(())
    }

    /// A whole file.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<(), PackError> {
        self.begin(name)?;
        Ok(self.write_all(content)?)
    }

    fn end(&mut self) {
        let hash = std::mem::take(&mut self.hasher).finalize();
        if let Some(last) = self.files.last_mut() {
            last.sha256 = hex::encode(hash);
        }
    }

    /// Adds the manifest and gives the output back.
    pub fn finish(mut self, program: &str, statement: Statement) -> Result<W, PackError> {
        self.end();
        let mut files = std::mem::take(&mut self.files);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let manifest = Manifest { format: FORMAT.to_owned(), program: program.to_owned(), statement, files };
        let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from)?;
        self.zip.start_file(names::MANIFEST, options()).map_err(PackError::Archive)?;
        self.zip.write_all(text.as_bytes())?;
        self.zip.write_all(b"\n")?;
        self.zip.finish().map_err(PackError::Archive)
    }
}

impl<W: Write + Seek> Write for PackWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.zip.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        if let Some(last) = self.files.last_mut() {
            last.bytes += written as u64;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.flush()
    }
}

/// A pack that is read.
pub(crate) struct Pack {
    zip: ZipArchive<BufReader<File>>,
}

impl Pack {
    pub(crate) fn open(path: &Path) -> Result<Self, PackError> {
        let broken = |why: zip::result::ZipError| PackError::NoArchive(why.to_string());
        let mut zip = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(broken)?;
        if zip.index_for_name(names::MANIFEST).is_none() {
            return Err(PackError::Foreign(format!("it has no {}", names::MANIFEST)));
        }
        zip.by_name(names::MANIFEST).map_err(broken)?;
        Ok(Self { zip })
    }

    /// The names of its files, without the manifest.
    pub(crate) fn names(&self) -> Vec<String> {
        let named = |name: Result<std::borrow::Cow<'_, str>, _>| {
            name.map_or_else(|_| "(a name that cannot be read)".to_owned(), std::borrow::Cow::into_owned)
        };
        self.zip.file_names().map(named).filter(|name| name != names::MANIFEST).collect()
    }

    /// Its manifest; an inner error says that its bytes were changed.
    pub(crate) fn manifest(&mut self) -> Result<io::Result<Manifest>, PackError> {
        let mut text = Vec::new();
        let read =
            self.open_file(names::MANIFEST).and_then(|file| file.take(MANIFEST_BYTES).read_to_end(&mut text));
        if let Err(why) = read {
            return Ok(Err(why));
        }
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|why| PackError::Foreign(format!("{} cannot be read: {why}", names::MANIFEST)))?;
        if manifest.format != FORMAT {
            let format = &manifest.format;
            return Err(PackError::Foreign(format!(
                "its format is '{format}', and this program verifies {FORMAT}"
            )));
        }
        Ok(Ok(manifest))
    }

    /// A file's content as it unpacks; its checksum is looked at on the way.
    pub(crate) fn open_file(&mut self, name: &str) -> io::Result<impl Read + '_> {
        self.zip.by_name(name).map_err(io::Error::from)
    }

    /// A whole file, of at most so many bytes.
    pub(crate) fn read(&mut self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open_file(name)?.take(most + 1).read_to_end(&mut content)?;
        if content.len() as u64 > most {
            return Err(io::Error::other(format!("it has more than {most} bytes")));
        }
        Ok(content)
    }

    /// The first byte that is not what follows from the files: the archive is put together anew from its packed files and
    /// compared. It finds what no file's checksum looks at: times, names told twice, bytes between files or behind them.
    pub(crate) fn odd_byte(&mut self, path: &Path) -> Result<Option<u64>, PackError> {
        let mut anew = ZipWriter::new(tempfile::tempfile()?);
        for index in 0..self.zip.len() {
            let Ok(file) = self.zip.by_index_raw(index) else { return Ok(Some(0)) };
            if file.unix_mode() != Some(0o100_000 | MODE) {
                return Ok(Some(file.central_header_start()));
            }
            anew.raw_copy_file_touch(file, DateTime::default(), Some(MODE)).map_err(PackError::Archive)?;
        }
        let mut anew = anew.finish().map_err(PackError::Archive)?;
        anew.seek(SeekFrom::Start(0))?;
        first_difference(BufReader::new(anew), BufReader::new(File::open(path)?))
    }
}

fn first_difference(mut a: impl BufRead, mut b: impl BufRead) -> Result<Option<u64>, PackError> {
    let mut at = 0;
    loop {
        let (one, other) = (a.fill_buf()?, b.fill_buf()?);
        let both = one.len().min(other.len());
        if let Some(differs) = one.iter().zip(other).position(|(one, other)| one != other) {
            return Ok(Some(at + differs as u64));
        }
        if both == 0 {
            return Ok((one.len() != other.len()).then_some(at));
        }
        a.consume(both);
        b.consume(both);
        at += both as u64;
    }
}
