//! References between facts, checked as rows stream by: what small tables hold is held in memory.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use farsight_rulebook::tables::{Cell, Column, Refers, Table, post_scope};

use crate::{StoreError, Tx};

/// Codes that small tables hold, for checking references as rows stream by.
#[derive(Debug, Default)]
pub struct References {
    regions: HashSet<String>,
    people: HashSet<String>,
    dealers: HashSet<String>,
}

#[derive(QueryableByName)]
struct CodeRow {
    #[diesel(sql_type = Text)]
    code: String,
}

impl References {
    /// What is stored, also what is voided: a reference to it can be meant.
    pub fn load(tx: &mut Tx) -> Result<Self, StoreError> {
        let mut read = |table: &str, column: &str| -> Result<HashSet<String>, StoreError> {
            let query = format!("SELECT {column} AS code FROM {table} WHERE superseded_at = 'infinity'");
            let rows: Vec<CodeRow> = diesel::sql_query(query).load(tx.connection)?;
            Ok(rows.into_iter().map(|row| row.code).collect())
        };
        Ok(Self {
            regions: read("regions", "region_code")?,
            people: read("people", "person_code")?,
            dealers: read("dealers", "dealer_code")?,
        })
    }

    fn knows(&self, table: &str, code: &str) -> bool {
        match table {
            "regions" => self.regions.contains(code),
            "people" => self.people.contains(code),
            "dealers" => self.dealers.contains(code),
            _ => true, // large tables are asked once all rows are staged
        }
    }

    /// The references of a row that lead nowhere: column and table.
    pub fn missing<'t>(
        &'t self,
        table: &'static Table,
        cells: &'t [Cell],
    ) -> impl Iterator<Item = (&'static Column, &'static str)> + 't {
        table.columns.iter().zip(cells).filter_map(move |(column, cell)| {
            let Cell::Text(code) = cell else { return None };
            let to = match column.refers? {
                Refers::To(to) => to,
                Refers::PostScope => {
                    let (role, _) = table.column("role")?;
                    let Some(Cell::Text(role)) = cells.get(role) else { return None };
                    post_scope(role)?
                }
            };
            (!self.knows(to, code)).then_some((column, to))
        })
    }
}
