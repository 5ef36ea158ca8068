//! A code as it comes from the database, without an allocation: a full run reads ten million of them.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Text;
use farsight_rulebook::codes::MAX_CODE_CHARS;

/// A text of at most [`MAX_CODE_CHARS`] bytes.
#[derive(Debug, Clone, Copy, FromSqlRow)]
#[diesel(sql_type = Text)]
pub(crate) struct Short {
    length: u8,
    bytes: [u8; MAX_CODE_CHARS],
}

impl Short {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl FromSql<Text, Pg> for Short {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let text = value.as_bytes();
        let mut bytes = [0; MAX_CODE_CHARS];
        bytes.get_mut(..text.len()).ok_or("a code of more than 64 bytes")?.copy_from_slice(text);
        Ok(Self { length: text.len() as u8, bytes })
    }
}
