//! Configuration: the file, then the environment, then the command line; each overrides the one before.

pub(crate) mod courier;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use farsight_control::desk::AT_THE_MACHINE;
use farsight_ledger::journal::Accounts;
use farsight_web::Front;
use serde::Deserialize;

use crate::failure::Failure;

/// The file that is read when none is named and it is there.
const DEFAULT_FILE: &str = "config/farsight.toml";

/// What a configuration file may hold; every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// The data folder, with the private PostgreSQL cluster.
    pub(crate) data: Option<PathBuf>,
    /// An outside PostgreSQL instead of the private one.
    pub(crate) database: Option<String>,
    /// The tenant of commands that name none.
    pub(crate) tenant: Option<String>,
    /// Where evidence is kept; a folder in the data folder when none is named.
    pub(crate) evidence: Option<String>,
    /// The file with the key that secrets are sealed with; `key` in the data folder when none is named.
    pub(crate) key_file: Option<PathBuf>,
    /// The folder of PostgreSQL's programs, for the private cluster.
    pub(crate) postgres_bin: Option<PathBuf>,
    /// How browsers reach the tower.
    #[serde(default)]
    pub(crate) web: Web,
    /// The mail server.
    pub(crate) smtp: Option<courier::Mail>,
    /// Where files with facts may be put.
    #[serde(default)]
    pub(crate) watch: Watch,
    /// The accounts of journals.
    #[serde(default)]
    pub(crate) journal: Accounts,
    /// Where messages may go beyond the internet.
    #[serde(default)]
    pub(crate) reach: courier::Beyond,
}

/// Where files with facts may be put, to be taken in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Watch {
    /// By tenant: what the addresses of its watched places begin with.
    pub(crate) places: std::collections::BTreeMap<String, Vec<String>>,
}

/// How browsers reach the tower.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Web {
    /// Its address in links of mails, like `https://tower.maker.example`; that of `--listen` when absent.
    pub(crate) address: Option<String>,
    /// Whether a proxy stands before it, which tells by X-Forwarded-For where a browser is.
    pub(crate) behind_proxy: bool,
}

impl Web {
    /// The front of a program that listens at an address. Where browsers come by https, they never come otherwise.
    pub(crate) fn front(&self, listen: SocketAddr) -> Front {
        let address = self.address.clone().unwrap_or_else(|| format!("http://{listen}"));
        Front { secure: address.starts_with("https://"), address, behind_proxy: self.behind_proxy }
    }
}

impl Configuration {
    /// Reads the named file, or the default one where it is there.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path).map_err(|why| {
            Failure::usage(format!("configuration {}: {why}; name another with --config", path.display()))
        })?;
        toml::from_str(&text)
            .map_err(|error| Failure::usage(format!("configuration {}: {error}", path.display())))
    }
}

/// The data folder where nobody names one: of the system for root, of the user for others.
pub(crate) fn default_data() -> Result<PathBuf, Failure> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/farsight"));
    }
    if let Some(data) = std::env::var_os("XDG_DATA_HOME").filter(|data| !data.is_empty()) {
        return Ok(PathBuf::from(data).join("farsight"));
    }
    match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Ok(PathBuf::from(home).join(".local/share/farsight")),
        None => Err(Failure::usage("no data folder: HOME is not set, name one with --data DIR")),
    }
}

/// Who acts when nobody is named: the user of the operating system.
pub(crate) fn system_actor() -> String {
    let name =
        ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    let name = name.unwrap_or_else(|| rustix::process::geteuid().as_raw().to_string());
    format!("{AT_THE_MACHINE}{name}")
}
