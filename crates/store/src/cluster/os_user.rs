//! Whom the server runs as: PostgreSQL refuses root, and the data folder must be the server's user's.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::error::ClusterError;
use super::place::Place;

/// Whom the server runs as.
#[derive(Debug, Clone, Copy)]
pub(super) struct OsUser {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether the command has to change user for it.
    pub(super) switch: bool,
}

impl OsUser {
    /// The OS user who owns the data folder, or shall: root's servers run as whom the data belongs to already, then as
    /// whom the folder belongs to, then as `postgres` or `nobody`.
    pub(super) fn of(place: &Place) -> Result<Self, ClusterError> {
        let data = match fs::metadata(place.data()) {
            Ok(data) => Some(data),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(ClusterError::io("look at", &place.data())(error)),
        };
        if is_root() { Self::for_root(place, data.as_ref()) } else { Self::myself(place, data.as_ref()) }
    }

    fn myself(place: &Place, data: Option<&fs::Metadata>) -> Result<Self, ClusterError> {
        match data {
            Some(data) if data.uid() != my_uid() => {
                let remedy = "run as that user or root, or choose another folder with --data".to_owned();
                Err(wrong_owner(place, data.uid(), remedy))
            }
            _ => Ok(Self { uid: my_uid(), gid: rustix::process::getegid().as_raw(), switch: false }),
        }
    }

    fn for_root(place: &Place, data: Option<&fs::Metadata>) -> Result<Self, ClusterError> {
        let folder = fs::metadata(place.folder()).map_err(ClusterError::io("look at", place.folder()))?;
        match data {
            Some(data) if data.uid() != 0 => Ok(Self { uid: data.uid(), gid: data.gid(), switch: true }),
            Some(_) if place.data().join("PG_VERSION").exists() => {
                let user = server_user().map_or("postgres".to_owned(), |user| user_name(user.uid));
                let chown = format!("chown -R {user} {}", place.data().display());
                Err(wrong_owner(
                    place,
                    0,
                    format!("PostgreSQL refuses to run as root: give it to {user} ({chown})"),
                ))
            }
            _ if folder.uid() != 0 => Ok(Self { uid: folder.uid(), gid: folder.gid(), switch: true }),
            _ => server_user().ok_or(ClusterError::NoOsUser),
        }
    }
}

fn wrong_owner(place: &Place, owner: u32, remedy: String) -> ClusterError {
    let (owner, you) = (user_name(owner), user_name(my_uid()));
    ClusterError::WrongOwner { folder: place.folder().to_owned(), owner, you, remedy }
}

/// The server's user where root asks: who PostgreSQL's package made, else the one who owns nothing.
fn server_user() -> Option<OsUser> {
    ["postgres", "nobody"].iter().find_map(|name| passwd_entry(|entry| entry.first() == Some(name)))
}

fn passwd_entry(wanted: impl Fn(&[&str]) -> bool) -> Option<OsUser> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entries.find(|entry| entry.len() > 3 && wanted(entry))?;
    Some(OsUser { uid: entry[2].parse().ok()?, gid: entry[3].parse().ok()?, switch: true })
}

/// A user's name where `/etc/passwd` knows it, else the number.
pub(super) fn user_name(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let number = uid.to_string();
    let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entries.find(|entry| entry.get(2) == Some(&number.as_str()));
    entry.map_or(number.clone(), |entry| entry[0].to_owned())
}

pub(super) fn my_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
