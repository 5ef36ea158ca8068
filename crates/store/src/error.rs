//! What can go wrong between the program and its database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// An error of the database; absence is no error but an `Option`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection.
    #[error(
        "cannot connect to the database: {0}; check the address given with --database and that the server runs"
    )]
    Connect(String),
    /// The connection broke in the middle; nothing of the transaction is stored.
    #[error(
        "the database went away: {0}; nothing of this step is stored, run it again when the database is back"
    )]
    Gone(String),
    /// No room.
    #[error(
        "the database has no room left: {0}; nothing of this step is stored, free some space and run it again"
    )]
    Full(String),
    /// Another transaction came first.
    #[error("another transaction came first: {0}; run the command again")]
    Conflict(String),
    /// Refused by the schema's own guard (a locked period, a doubled posting).
    #[error("the database refused this: {0}")]
    Guard(String),
    /// The schema is newer or older than the program.
    #[error("the schema cannot be brought up to date: {0}")]
    Schema(String),
    /// Any other refusal.
    #[error("the database answered: {0}")]
    Query(String),
    /// A stored value that cannot be.
    #[error("a stored value cannot be read: {0}")]
    Value(String),
    /// Reading the input of a bulk load failed; the caller holds the reason.
    #[error("the input could not be read to its end: {0}")]
    Input(String),
}

impl StoreError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Connect(_) => "database_unreachable",
            Self::Gone(_) => "database_gone",
            Self::Full(_) => "database_full",
            Self::Conflict(_) => "database_conflict",
            Self::Guard(_) => "database_guard",
            Self::Schema(_) => "schema",
            Self::Query(_) => "database_query",
            Self::Value(_) => "stored_value",
            Self::Input(_) => "input",
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, information) = &error else {
            let text = error.to_string();
            return match text {
                text if full(&text) => Self::Full(text),
                text if gone(&text) => Self::Gone(text),
                text => Self::Query(text),
            };
        };
        let text = information.message().to_owned();
        match kind {
            // First: a server without room for its log stops, and takes the connection with it.
            _ if full(&text) => Self::Full(text),
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Self::Gone(text),
            DatabaseErrorKind::SerializationFailure => Self::Conflict(text),
            // Whoever reads a snapshot and adds a link finds the last link taken when another was quicker.
            DatabaseErrorKind::UniqueViolation if information.constraint_name() == Some("audit_log_pkey") => {
                Self::Conflict(text)
            }
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::CheckViolation => Self::Guard(text),
            _ if gone(&text) => Self::Gone(text),
            _ => Self::Query(text),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Connect(error.to_string().trim().replace('\n', " "))
    }
}

fn full(text: &str) -> bool {
    text.contains("No space left") || text.contains("could not extend file")
}

/// libpq reports a broken connection by its text alone.
fn gone(text: &str) -> bool {
    [
        "server closed the connection",
        "terminating connection",
        "connection to server was lost",
        "no connection to the server",
        "SSL connection has been closed",
        "could not receive data from server",
        "could not send data to server",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}
