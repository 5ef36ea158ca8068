//! Whether there is what the program needs to serve: the database, its schema, and the queue. Changes nothing.

use farsight_store::{Database, StoreError, schema, slots};

/// What the program needs, as last looked.
#[derive(Debug)]
pub struct Readiness {
    /// Whether the database answers.
    pub database: bool,
    /// Whether its schema is of this version, or later.
    pub schema: bool,
    /// Whether jobs can be queued.
    pub queue: bool,
    /// Why not, where the database said so: for the log.
    pub error: Option<StoreError>,
}

impl Readiness {
    /// Whether nothing is missing.
    pub const fn is_whole(&self) -> bool {
        self.database && self.schema && self.queue
    }
}

/// Looks. Blocks for as long as a connection takes.
pub fn look(database: &Database) -> Readiness {
    let mut readiness = Readiness { database: false, schema: false, queue: false, error: None };
    let outcome = schema::is_behind(database).and_then(|behind| {
        readiness.database = true;
        readiness.schema = !behind;
        readiness.queue = slots::is_ready(database)?;
        Ok(())
    });
    readiness.error = outcome.err();
    readiness
}
