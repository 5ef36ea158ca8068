//! The manufacturer's own people and days: regions, who holds which post, the tenant's calendar.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Nullable, Text};
use jiff::civil::Date;
use serde::Serialize;

use crate::settlements::Part;
use crate::values::{date, pg_date};
use crate::{StoreError, Tx};

/// A region.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Region {
    /// Its code.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its director; empty: the post is vacant.
    #[diesel(sql_type = Text)]
    pub director: String,
    /// Its deputy director.
    #[diesel(sql_type = Text)]
    pub deputy: String,
    /// How many dealers it has.
    #[diesel(sql_type = BigInt)]
    pub dealers: i64,
}

/// Who holds a post of a scope on `$1`: of two the later, then the smaller code.
fn holder(role: &str) -> String {
    format!(
        "coalesce((SELECT coalesce(h.name, p.person_code) FROM posts p LEFT JOIN people h ON h.tenant_id = p.tenant_id AND h.person_code = p.person_code AND h.superseded_at = 'infinity'
            WHERE p.role = '{role}' AND p.scope_code = r.region_code AND p.superseded_at = 'infinity' AND NOT p.voided
              AND p.\"from\" <= $1 AND (p.\"to\" IS NULL OR p.\"to\" >= $1) ORDER BY p.\"from\" DESC, p.person_code COLLATE \"C\" LIMIT 1), '')"
    )
}

/// The regions on a day.
pub fn regions(tx: &mut Tx, on: Date) -> Result<Vec<Region>, StoreError> {
    Ok(diesel::sql_query(format!(
        "WITH homes AS (SELECT d.dealer_code, coalesce((SELECT m.region_code FROM dealer_regions m WHERE m.tenant_id = d.tenant_id AND m.dealer_code = d.dealer_code
                 AND m.superseded_at = 'infinity' AND NOT m.voided AND m.\"from\" <= $1 ORDER BY m.\"from\" DESC LIMIT 1), d.region_code) AS region_code
             FROM dealers d WHERE d.superseded_at = 'infinity' AND NOT d.voided)
         SELECT r.region_code AS code, r.name, {} AS director, {} AS deputy,
             (SELECT count(*) FROM homes WHERE homes.region_code = r.region_code) AS dealers
         FROM regions r WHERE r.superseded_at = 'infinity' AND NOT r.voided ORDER BY r.region_code COLLATE \"C\"",
        holder("region-director"),
        holder("region-deputy-director")
    ))
    .bind::<SqlDate, _>(pg_date(on))
    .load(tx.connection)?)
}

/// A post somebody holds or held.
#[derive(Debug, Clone)]
pub struct Post {
    /// The person.
    pub person: String,
    /// Their name.
    pub name: String,
    /// The post.
    pub role: String,
    /// The region or dealer.
    pub of: String,
    /// The first day.
    pub from: Date,
    /// The last day; none: still.
    pub to: Option<Date>,
}

#[derive(QueryableByName)]
struct PostRow {
    #[diesel(sql_type = Text)]
    person: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = SqlDate)]
    first: PgDate,
    #[diesel(sql_type = Nullable<SqlDate>)]
    last: Option<PgDate>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Some posts, of one role or with this text in names and codes where asked; and how many there are.
pub fn posts(
    tx: &mut Tx,
    role: Option<&str>,
    text: Option<&str>,
    part: Part,
) -> Result<(Vec<Post>, i64), StoreError> {
    let order = [
        ("person", "person"),
        ("name", "name"),
        ("role", "role"),
        ("scope", "scope"),
        ("from", "first"),
        ("to", "last"),
    ];
    let rows: Vec<PostRow> = diesel::sql_query(format!(
        "SELECT l.*, count(*) OVER () AS total FROM (
             SELECT p.person_code AS person, coalesce(h.name, '') AS name, p.role, p.scope_code AS scope, p.\"from\" AS first, p.\"to\" AS last
             FROM posts p LEFT JOIN people h ON h.tenant_id = p.tenant_id AND h.person_code = p.person_code AND h.superseded_at = 'infinity'
             WHERE p.superseded_at = 'infinity' AND NOT p.voided) AS l
         WHERE ($1 IS NULL OR role = $1) AND ($2 IS NULL OR strpos(lower(person || ' ' || name || ' ' || scope), lower($2)) > 0) {}",
        part.order(&order, "role, scope, first DESC, person")
    ))
    .bind::<Nullable<Text>, _>(role)
    .bind::<Nullable<Text>, _>(text)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    let post = |row: PostRow| Post {
        person: row.person,
        name: row.name,
        role: row.role,
        of: row.scope,
        from: date(row.first),
        to: row.last.map(date),
    };
    Ok((rows.into_iter().map(post).collect(), total))
}

/// Days that the tenant's own calendar says something of, with `holiday` or `working-day`, by day.
pub fn own_days(tx: &mut Tx) -> Result<Vec<(Date, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlDate)]
        day: PgDate,
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT day, kind FROM calendar WHERE superseded_at = 'infinity' AND NOT voided ORDER BY day",
    )
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (date(row.day), row.kind)).collect())
}
