//! One private cluster for all tests, and a database of its own for each.
//!
//! The cluster lies under the target folder and is shared by test processes that run at once, as commands share one;
//! the last test out stops it. A test's database is a copy of a template that is migrated once for each state of the
//! migrations, and goes with the test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use farsight_store::cluster::{Cluster, DATABASE, Options};
use farsight_store::{Database, schema};
use sha2::{Digest, Sha256};

/// Two processes that copy the template at once would refuse each other.
const TEMPLATE_TURN: i64 = 0x7465_7374;

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What a private cluster of tests is run with: it needs to survive killed processes, not power cuts.
pub fn options() -> Options {
    let settings = [("fsync", "off"), ("synchronous_commit", "off"), ("max_connections", "100")];
    Options {
        search_path: std::env::var_os("PATH"),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..Options::default()
    }
}

fn shared_cluster() -> Arc<Cluster> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return cluster;
    }
    let folder = target().join("tmp/farsight-tests");
    std::fs::create_dir_all(&folder).expect("the folder of the test cluster can be made");
    let cluster = Cluster::open(&folder, options())
        .unwrap_or_else(|error| panic!("{error}\n(remove {} to start over)", folder.display()));
    let cluster = Arc::new(cluster);
    *shared = Arc::downgrade(&cluster);
    cluster
}

/// A database of its own.
pub struct Tower {
    cluster: Arc<Cluster>,
    name: String,
    pub database: Database,
}

impl Tower {
    /// A database with the schema of this version.
    pub fn new() -> Self {
        let cluster = shared_cluster();
        let template = format!("template_{}", migrations_hash());
        let mut connection = connect(&cluster.url());
        run(&mut connection, &format!("SELECT pg_advisory_lock({TEMPLATE_TURN})"));
        sweep(&mut connection);
        if databases(&mut connection, &template).is_empty() {
            let raw = format!("raw_{}", std::process::id());
            run(&mut connection, &format!("CREATE DATABASE {raw}"));
            schema::migrate(&Database::at(&url_of(&cluster, &raw))).expect("the template is migrated");
            run(&mut connection, &format!("ALTER DATABASE {raw} RENAME TO {template}"));
        }
        let tower = Self::make(cluster, &mut connection, &format!("TEMPLATE {template} STRATEGY file_copy"));
        run(&mut connection, &format!("SELECT pg_advisory_unlock({TEMPLATE_TURN})"));
        tower
    }

    /// A database without anything.
    pub fn empty() -> Self {
        let cluster = shared_cluster();
        let mut connection = connect(&cluster.url());
        Self::make(cluster, &mut connection, "TEMPLATE template0")
    }

    fn make(cluster: Arc<Cluster>, connection: &mut PgConnection, how: &str) -> Self {
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(connection, &format!("CREATE DATABASE {name} {how}"));
        let database = Database::at(&url_of(&cluster, &name));
        Self { cluster, name, database }
    }

    /// Its address, for commands.
    pub fn url(&self) -> String {
        url_of(&self.cluster, &self.name)
    }

    /// A connection as the owner of everything.
    pub fn sql(&self) -> PgConnection {
        connect(&self.url())
    }

    /// The socket's folder and the database's name, for `pg_dump` and its like.
    pub fn place(&self) -> (PathBuf, &str) {
        (self.cluster.socket_dir().to_owned(), &self.name)
    }
}

impl Default for Tower {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Tower {
    fn drop(&mut self) {
        // What is left over by a killed test, the next one sweeps.
        if let Ok(mut connection) = PgConnection::establish(&self.cluster.url()) {
            let _ = connection.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn url_of(cluster: &Cluster, name: &str) -> String {
    cluster.url().replacen(&format!(":///{DATABASE}?"), &format!(":///{name}?"), 1)
}

/// A connection that has to come about.
pub fn connect(url: &str) -> PgConnection {
    let mut connection = PgConnection::establish(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    run(&mut connection, "SET client_min_messages = warning; SET timezone = 'UTC'");
    connection
}

/// Runs statements that have to succeed.
pub fn run(connection: &mut PgConnection, sql: &str) {
    connection.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
}

/// What the database says against these statements.
pub fn refused(connection: &mut PgConnection, sql: &str) -> String {
    match connection.batch_execute(sql) {
        Ok(()) => panic!("this was not refused: {sql}"),
        Err(error) => error.to_string(),
    }
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// The rows of a query with one text column named `value`.
pub fn texts(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<TextRow> =
        diesel::sql_query(sql).load(connection).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    rows.into_iter().map(|row| row.value).collect()
}

/// The one number that a query gives.
pub fn number(connection: &mut PgConnection, sql: &str) -> i64 {
    let rows = texts(connection, &format!("SELECT ({sql})::text AS value"));
    rows[0].parse().expect("a number")
}

fn databases(connection: &mut PgConnection, like: &str) -> Vec<String> {
    let like = like.replace('_', "\\_");
    texts(connection, &format!("SELECT datname::text AS value FROM pg_database WHERE datname LIKE '{like}'"))
}

/// Drops what processes that are gone left behind.
fn sweep(connection: &mut PgConnection) {
    for pattern in ["test_%", "raw_%"] {
        for name in databases(connection, pattern) {
            let pid = name.split('_').nth(1).unwrap_or_default();
            if !Path::new("/proc").join(pid).exists() {
                run(connection, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            }
        }
    }
}

/// The state of the migrations, as the source has them.
fn migrations_hash() -> String {
    let mut files = Vec::new();
    let folder = root().join("migrations");
    for migration in
        std::fs::read_dir(folder).expect("migrations").map(|entry| entry.expect("migrations").path())
    {
        files.extend(
            std::fs::read_dir(migration)
                .into_iter()
                .flatten()
                .map(|entry| entry.expect("a migration").path()),
        );
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update(std::fs::read(&file).expect("a migration"));
    }
    hex::encode(&hasher.finalize()[..6])
}
