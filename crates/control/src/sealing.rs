//! Secrets at rest: camera passwords, channel secrets and the seeds of draws are stored sealed, never in plain text.
//!
//! The key is the operator's: a file in the data folder, or one named in the configuration. Whoever has only the
//! database has no secret.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::ControlError;

/// A key has this many bytes.
pub const KEY_BYTES: usize = 32;

const NONCE_BYTES: usize = 24;

/// Fills bytes from a source that nobody can foresee; the binary's, passed in.
pub type Random = fn(&mut [u8]);

/// Seals and opens secrets (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    tags: Hmac<Sha256>,
    random: Random,
}

impl Sealer {
    /// With a key.
    pub fn new(key: [u8; KEY_BYTES], random: Random) -> Self {
        // A key of its own for tags, so that no use of the one says anything about the other.
        let derived = tag_of(keyed(&key), &[b"farsight tags"]);
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)), tags: keyed(&derived), random }
    }

    /// With the key of a file (64 hex digits); where there is none it is made, readable by its owner only.
    pub fn from_file(path: &Path, random: Random) -> Result<Self, ControlError> {
        let fault = |why| ControlError::File { path: path.display().to_string(), why };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut key = [0; KEY_BYTES];
                hex::decode_to_slice(text.trim(), &mut key).map_err(|_| {
                    fault(std::io::Error::other("a key is 64 hex digits: restore this file from a backup"))
                })?;
                Ok(Self::new(key, random))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; KEY_BYTES];
                random(&mut key);
                write_key(path, &key).map_err(fault)?;
                Self::from_file(path, random) // of two that make one at once, the first one's holds
            }
            Err(error) => Err(fault(error)),
        }
    }

    /// Seals a secret for one purpose, which has to be named again to open it.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        (self.random)(&mut nonce);
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        // Fails only for messages of more than 256 GB.
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for a purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, ControlError> {
        let fault = || {
            ControlError::Usage(format!(
                "the secret '{purpose}' cannot be opened: it was sealed with another key; restore the key file, or set the secret anew"
            ))
        };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(fault)?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| fault())
    }

    /// A tag (HMAC-SHA256) over these parts, which only who has the key can make: the first names what it is for.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        tag_of(self.tags.clone(), parts)
    }

    /// Whether a tag is the one over these parts; takes the same time whatever differs.
    pub fn is_tag(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        with_parts(self.tags.clone(), parts).verify_slice(tag).is_ok()
    }

    /// Bytes nobody can foresee.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key);
    mac.unwrap_or_else(|_| unreachable!("HMAC takes every key"))
}

fn with_parts(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> Hmac<Sha256> {
    for part in parts {
        // Each with its length before it, so that no two lists read alike.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

fn tag_of(mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    with_parts(mac, parts).finalize().into_bytes().into()
}

/// Whole or not at all, and never over one that is there.
fn write_key(path: &Path, key: &[u8; KEY_BYTES]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".key-{}", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(bytes: &mut [u8]) {
        bytes.fill(7);
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_only() {
        let sealer = Sealer::new([1; KEY_BYTES], counting);
        let sealed = sealer.seal("camera:C1", b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(sealer.open("camera:C1", &sealed).unwrap(), b"secret");
        assert!(sealer.open("camera:C2", &sealed).is_err());
        assert!(Sealer::new([2; KEY_BYTES], counting).open("camera:C1", &sealed).is_err());
        assert!(sealer.open("camera:C1", &sealed[..20]).is_err());
    }

    #[test]
    fn a_tag_is_that_of_its_parts_and_key_only() {
        let sealer = Sealer::new([1; KEY_BYTES], counting);
        let tag = sealer.tag(&[b"link", b"ab", b"c"]);
        assert!(sealer.is_tag(&[b"link", b"ab", b"c"], &tag));
        for other in [&[b"link".as_slice(), b"a", b"bc"][..], &[b"link", b"ab"], &[b"look", b"ab", b"c"]] {
            assert!(!sealer.is_tag(other, &tag));
        }
        assert!(!sealer.is_tag(&[b"link", b"ab", b"c"], &tag[..31]));
        assert!(!Sealer::new([2; KEY_BYTES], counting).is_tag(&[b"link", b"ab", b"c"], &tag));
    }

    #[test]
    fn a_key_file_is_made_once_and_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Sealer::from_file(&path, counting).unwrap().seal("x", b"y");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Sealer::from_file(&path, counting).unwrap().open("x", &sealed).unwrap(), b"y");
        std::fs::write(&path, "nonsense").unwrap();
        assert!(Sealer::from_file(&path, counting).is_err());
    }
}
