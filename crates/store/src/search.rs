//! Finding by code or name, within what the scope sees.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::standings::anywhere;
use crate::{StoreError, Tx};

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is: `dealer`, `complaint`, `inspection`, `entry`, `person`.
    pub kind: String,
    /// Its code, id or number.
    pub id: String,
    /// Its name; of what has none, the dealer's.
    pub name: String,
    /// The dealer it belongs to.
    pub dealer: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
}

/// Dealers and people in work whose code or name has a text in it; complaints, inspections and entries of that very id.
/// At most so many of each.
pub fn find(tx: &mut Tx, text: &str, most: i64) -> Result<Vec<Hit>, StoreError> {
    let query = "
        (SELECT 'dealer' AS kind, dealer_code AS id, name, dealer_code FROM standings
         WHERE dealer_code ILIKE $1 OR name ILIKE $1 ORDER BY dealer_code COLLATE \"C\" LIMIT $4)
        UNION ALL
        (SELECT 'complaint', l.complaint_id, coalesce(s.name, ''), l.dealer_code FROM complaint_lives l LEFT JOIN standings s USING (dealer_code)
         WHERE l.complaint_id = $2)
        UNION ALL
        (SELECT 'inspection', i.inspection_id, coalesce(min(s.name), ''), i.dealer_code FROM inspections i LEFT JOIN standings s USING (dealer_code)
         WHERE i.inspection_id = $2 AND i.superseded_at = 'infinity' AND NOT i.voided GROUP BY i.inspection_id, i.dealer_code)
        UNION ALL
        (SELECT 'entry', e.entry_id::text, coalesce(s.name, ''), e.dealer_code FROM entries e LEFT JOIN standings s USING (dealer_code)
         WHERE e.entry_id = $3)
        UNION ALL
        (SELECT 'person', p.person_code, p.name, e.dealer_code FROM people p JOIN LATERAL (
             SELECT dealer_code FROM employments WHERE person_code = p.person_code AND superseded_at = 'infinity' AND NOT voided
             ORDER BY \"from\" DESC LIMIT 1) AS e ON true
         WHERE p.superseded_at = 'infinity' AND NOT p.voided AND (p.person_code ILIKE $1 OR p.name ILIKE $1)
         ORDER BY p.person_code COLLATE \"C\" LIMIT $4)";
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Text, _>(anywhere(text))
        .bind::<Text, _>(text)
        .bind::<Nullable<BigInt>, _>(text.parse::<i64>().ok())
        .bind::<BigInt, _>(most)
        .load(tx.connection)?;
    let hit = |row: Row| Hit { kind: row.kind, id: row.id, name: row.name, dealer: row.dealer_code };
    Ok(rows.into_iter().map(hit).collect())
}
