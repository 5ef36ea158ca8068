//! The way to the server's socket: a folder short enough for a socket's address, and the URL for libpq.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::ClusterError;
use super::os_user::{my_uid, user_name};
use super::settings::PORT;

/// A socket's address has room for 107 bytes on Linux (103 on BSD and macOS), `/.s.PGSQL.5432` included.
const MAX_DIR_BYTES: usize = 103 - "/.s.PGSQL.5432".len();

/// The socket's file in a folder.
pub(super) fn file_in(socket_dir: &Path) -> PathBuf {
    socket_dir.join(format!(".s.PGSQL.{PORT}"))
}

/// The folder by which clients reach the socket: the data folder, or a short link to it where its path is too long
/// for a socket's address or has a comma, which libpq takes for a list of hosts.
pub(super) fn reachable(data: &Path, runtime_dir: Option<&Path>) -> Result<PathBuf, ClusterError> {
    let bytes = data.as_os_str().as_bytes();
    if bytes.len() <= MAX_DIR_BYTES && !bytes.contains(&b',') {
        return Ok(data.to_owned());
    }
    let name = format!("farsight-{}-{}", my_uid(), &hex::encode(Sha256::digest(bytes))[..16]);
    let base = runtime_dir.filter(|base| runtime_dir_is_mine(base)).unwrap_or(Path::new("/tmp"));
    link_in(data, &base.join(name))
}

/// Keeps the link in a private folder of ours; a folder that others could have filled is refused.
fn link_in(data: &Path, link_dir: &Path) -> Result<PathBuf, ClusterError> {
    match DirBuilder::new().mode(0o700).create(link_dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(ClusterError::io("make the folder", link_dir)(error));
        }
        _ => {}
    }
    let is = fs::symlink_metadata(link_dir).map_err(ClusterError::io("look at", link_dir))?;
    let unsafe_for = |what: String| {
        let (link_dir, folder) = (link_dir.to_owned(), data.to_owned());
        Err(ClusterError::SocketFolderUnsafe { link_dir, folder, what })
    };
    if !is.is_dir() {
        return unsafe_for("not a folder".to_owned());
    }
    if is.uid() != my_uid() {
        return unsafe_for(format!("owned by another user ({})", user_name(is.uid())));
    }
    if is.permissions().mode() & 0o077 != 0 {
        return unsafe_for("open to other users".to_owned());
    }
    let link = link_dir.join("pg");
    if fs::read_link(&link).ok().as_deref() != Some(data) {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(data, &link).map_err(ClusterError::io("make the link", &link))?;
    }
    Ok(link)
}

/// Removes the short way, if there is one, once the server is gone; the next open makes it again.
pub(super) fn forget(data: &Path, socket_dir: &Path) {
    if let (true, Some(link_dir)) = (socket_dir != data, socket_dir.parent()) {
        let _ = fs::remove_file(socket_dir).and_then(|()| fs::remove_dir(link_dir));
    }
}

/// The URL by which libpq (and so diesel and psql) reaches a database through a socket in `socket_dir`.
pub(super) fn url(socket_dir: &Path, database: &str, user: &str) -> String {
    let host = percent_encoded(socket_dir.as_os_str());
    let (database, user) = (percent_encoded(OsStr::new(database)), percent_encoded(OsStr::new(user)));
    format!("postgresql:///{database}?host={host}&port={PORT}&user={user}&sslmode=disable")
}

fn percent_encoded(text: &OsStr) -> String {
    let encode = |&byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.as_bytes().iter().map(encode).collect()
}

fn runtime_dir_is_mine(folder: &Path) -> bool {
    let short = folder.as_os_str().len() <= MAX_DIR_BYTES - "/farsight-4294967295-0123456789abcdef/pg".len();
    let plain = !folder.as_os_str().as_bytes().contains(&b',');
    short && plain && fs::metadata(folder).is_ok_and(|is| is.is_dir() && is.uid() == my_uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_encode_odd_folders() {
        let url = url(Path::new("/a b/千&?%#+,'/data"), "farsight", "farsight");
        let host = "%2Fa%20b%2F%E5%8D%83%26%3F%25%23%2B%2C%27%2Fdata";
        let expected = format!("postgresql:///farsight?host={host}&port=5432&user=farsight&sslmode=disable");
        assert_eq!(url, expected);
    }

    #[test]
    fn a_link_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let link_dir = folder.path().join("link");
        fs::create_dir(&link_dir).unwrap();
        fs::set_permissions(&link_dir, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(link_in(&data, &link_dir).unwrap_err().code(), "socket_folder_unsafe");

        fs::set_permissions(&link_dir, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(fs::read_link(link_in(&data, &link_dir).unwrap()).unwrap(), data);
    }

    #[test]
    fn a_link_folder_that_is_itself_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let link_dir = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link_dir).unwrap();
        assert_eq!(link_in(&data, &link_dir).unwrap_err().code(), "socket_folder_unsafe");
    }
}
