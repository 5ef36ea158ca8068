//! Sessions that are kept open and lent: for programs that serve and work for long.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error};

use crate::session::{AS_OWNER, AS_PROGRAM, Session};
use crate::{Database, StoreError};

/// A bounded number of connections under the program's role.
#[derive(Clone)]
pub struct Pool {
    connections: diesel::r2d2::Pool<ConnectionManager<PgConnection>>,
}

/// Whoever waits longer than this for a connection is told so.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Program;

impl CustomizeConnection<PgConnection, Error> for Program {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), Error> {
        connection.batch_execute(AS_OWNER).map_err(Error::QueryError)?;
        connection.batch_execute(AS_PROGRAM).map_err(Error::QueryError)
    }
}

impl Pool {
    /// A pool of at most `size` connections, opened when they are needed.
    pub fn open(database: &Database, size: u32) -> Result<Self, StoreError> {
        let connections = diesel::r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(PATIENCE)
            .connection_customizer(Box::new(Program))
            .build(ConnectionManager::new(database.url()))
            .map_err(|error| StoreError::Connect(error.to_string()))?;
        Ok(Self { connections })
    }

    /// A session; waits for one to be given back where all are lent.
    ///
    /// A session that was dropped by a panic is closed, not lent again.
    pub fn session(&self) -> Result<Session, StoreError> {
        let connection = self.connections.get().map_err(|error| StoreError::Connect(error.to_string()))?;
        Ok(Session::lent(connection))
    }

    /// Connections that are lent, and that are open at all.
    pub fn use_of(&self) -> (u32, u32) {
        let state = self.connections.state();
        (state.connections.saturating_sub(state.idle_connections), state.connections)
    }
}
