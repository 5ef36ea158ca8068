//! The schema: bringing it up to date, and the tables that are read row by row as typed values.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::StoreError;
use crate::session::Database;

/// The migrations, part of the program.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Any number of programs may start at once; one migrates, the others wait and find it done.
pub(crate) const MIGRATION_LOCK: i64 = 0x6661_7273_6967_6874;

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    there: bool,
}

/// Brings the database to this version; says which migrations ran.
pub fn migrate(database: &Database) -> Result<Vec<String>, StoreError> {
    let mut connection = database.owner()?;
    connection.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
    let ran = connection
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect())
        .map_err(|error| StoreError::Schema(error.to_string()));
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    ran
}

/// Takes every migration back: for the test that the way down leads up again to the same schema.
pub fn unmigrate(database: &Database) -> Result<(), StoreError> {
    let mut connection = database.owner()?;
    connection.revert_all_migrations(MIGRATIONS).map_err(|error| StoreError::Schema(error.to_string()))?;
    Ok(())
}

/// Whether the schema is behind this version (or not there at all).
pub fn is_behind(database: &Database) -> Result<bool, StoreError> {
    let mut connection = database.owner()?;
    if !has_migrations_table(&mut connection)? {
        return Ok(true);
    }
    connection.has_pending_migration(MIGRATIONS).map_err(|error| StoreError::Schema(error.to_string()))
}

fn has_migrations_table(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let query = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there";
    Ok(diesel::sql_query(query).get_result::<Role>(connection)?.there)
}
