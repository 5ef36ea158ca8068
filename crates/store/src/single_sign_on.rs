//! Identity providers of a tenant, what of their claims makes which role, and sign-ins that are under way.
//!
//! Secrets are never here: a client's secret, a nonce and a PKCE verifier are sealed, of a state and of a provisioning
//! secret there is the SHA-256.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use serde::Serialize;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// An identity provider.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Provider {
    /// Its code, a part of addresses.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// What its button is called.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its address, which its tokens name.
    #[diesel(sql_type = Text)]
    pub issuer: String,
    /// This tower's name there.
    #[diesel(sql_type = Text)]
    pub client_id: String,
    /// This tower's secret there, sealed.
    #[serde(skip)]
    #[diesel(sql_type = Binary)]
    pub client_secret_sealed: Vec<u8>,
    /// What is asked for besides `openid`.
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    /// The dealers of the group it belongs to; none: the manufacturer's own staff.
    #[diesel(sql_type = Array<Text>)]
    pub dealers: Vec<String>,
    /// Values of `acr` that count as a second factor.
    #[diesel(sql_type = Array<Text>)]
    pub strong_acr: Vec<String>,
    /// Whether it may take over an account that is there, by an equal address.
    #[diesel(sql_type = Bool)]
    pub links_by_email: bool,
    /// Whether anybody may come by it.
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    /// When its provisioning secret was made, in microseconds since 1970; none: it provisions nobody.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub scim_made_at: Option<i64>,
}

const PROVIDER: &str = "SELECT provider_code AS code, name, issuer, client_id, client_secret_sealed, scopes, dealers, strong_acr,
    links_by_email, enabled, (extract(epoch FROM scim_made_at) * 1000000)::bigint AS scim_made_at FROM identity_providers";

/// All providers, by code.
pub fn providers(tx: &mut Tx) -> Result<Vec<Provider>, StoreError> {
    Ok(diesel::sql_query(format!("{PROVIDER} ORDER BY provider_code")).load(tx.connection)?)
}

/// The provider of a code.
pub fn provider(tx: &mut Tx, code: &str) -> Result<Option<Provider>, StoreError> {
    Ok(diesel::sql_query(format!("{PROVIDER} WHERE provider_code = $1"))
        .bind::<Text, _>(code)
        .get_result(tx.connection)
        .optional()?)
}

/// Lets others who do something by a provider's word wait until the transaction ends: what it tells of one person twice at
/// once is told one after the other.
pub fn hold(tx: &mut Tx, code: &str) -> Result<(), StoreError> {
    diesel::sql_query("SELECT FROM identity_providers WHERE provider_code = $1 FOR UPDATE")
        .bind::<Text, _>(code)
        .execute(tx.connection)?;
    Ok(())
}

/// The provider that a provisioning secret belongs to, while it may be used.
pub fn provider_of_secret(tx: &mut Tx, sha256: &[u8]) -> Result<Option<Provider>, StoreError> {
    Ok(diesel::sql_query(format!("{PROVIDER} WHERE scim_sha256 = $1 AND enabled"))
        .bind::<Binary, _>(sha256)
        .get_result(tx.connection)
        .optional()?)
}

/// Adds a provider; says whether there was none of its code.
pub fn add_provider(tx: &mut Tx, provider: &Provider, at: Instant) -> Result<bool, StoreError> {
    let added = diesel::sql_query(
        "INSERT INTO identity_providers (tenant_id, provider_code, name, issuer, client_id, client_secret_sealed, scopes, dealers,
             strong_acr, links_by_email, enabled, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(&provider.code)
    .bind::<Text, _>(&provider.name)
    .bind::<Text, _>(&provider.issuer)
    .bind::<Text, _>(&provider.client_id)
    .bind::<Binary, _>(&provider.client_secret_sealed)
    .bind::<Array<Text>, _>(&provider.scopes)
    .bind::<Array<Text>, _>(&provider.dealers)
    .bind::<Array<Text>, _>(&provider.strong_acr)
    .bind::<Bool, _>(provider.links_by_email)
    .bind::<Bool, _>(provider.enabled)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(added > 0)
}

/// Changes what there is to change of a provider. Its issuer and its provisioning secret stay.
pub fn change_provider(tx: &mut Tx, provider: &Provider, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE identity_providers SET name = $2, client_id = $3, client_secret_sealed = $4, scopes = $5, dealers = $6,
             strong_acr = $7, links_by_email = $8, enabled = $9, changed_at = $10 WHERE provider_code = $1",
    )
    .bind::<Text, _>(&provider.code)
    .bind::<Text, _>(&provider.name)
    .bind::<Text, _>(&provider.client_id)
    .bind::<Binary, _>(&provider.client_secret_sealed)
    .bind::<Array<Text>, _>(&provider.scopes)
    .bind::<Array<Text>, _>(&provider.dealers)
    .bind::<Array<Text>, _>(&provider.strong_acr)
    .bind::<Bool, _>(provider.links_by_email)
    .bind::<Bool, _>(provider.enabled)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// Sets the SHA-256 of the secret that a provider provisions by; none: it provisions nobody any more.
pub fn set_scim(tx: &mut Tx, code: &str, sha256: Option<&[u8]>, at: Instant) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE identity_providers SET scim_sha256 = $2, scim_made_at = CASE WHEN $2 IS NULL THEN NULL ELSE $3 END
         WHERE provider_code = $1",
    )
    .bind::<Text, _>(code)
    .bind::<Nullable<Binary>, _>(sha256)
    .bind::<Timestamptz, _>(pg_instant(at))
    .execute(tx.connection)?;
    Ok(())
}

/// What of a provider's claims makes which role and scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The claim's name.
    pub claim: String,
    /// The value it has to have; `*`: any.
    pub value: String,
    /// The role that it makes.
    pub role: Role,
    /// The regions; `*`: those that the claim names.
    pub regions: Vec<String>,
    /// The dealers; `*`: those that the claim names.
    pub dealers: Vec<String>,
}

/// A provider's rules, in order.
pub fn rules(tx: &mut Tx, provider: &str) -> Result<Vec<Rule>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        claim: String,
        #[diesel(sql_type = Text)]
        value: String,
        #[diesel(sql_type = Text)]
        role: String,
        #[diesel(sql_type = Array<Text>)]
        regions: Vec<String>,
        #[diesel(sql_type = Array<Text>)]
        dealers: Vec<String>,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT claim, value, role, regions, dealers FROM claim_rules WHERE provider_code = $1 ORDER BY place",
    )
    .bind::<Text, _>(provider)
    .load(tx.connection)?;
    rows.into_iter()
        .map(|row| {
            let role =
                Role::named(&row.role).ok_or_else(|| StoreError::Value(format!("role '{}'", row.role)))?;
            Ok(Rule { claim: row.claim, value: row.value, role, regions: row.regions, dealers: row.dealers })
        })
        .collect()
}

/// Sets all rules of a provider anew.
pub fn set_rules(tx: &mut Tx, provider: &str, rules: &[Rule]) -> Result<(), StoreError> {
    diesel::sql_query("DELETE FROM claim_rules WHERE provider_code = $1")
        .bind::<Text, _>(provider)
        .execute(tx.connection)?;
    for (place, rule) in (0_i32..).zip(rules) {
        diesel::sql_query(
            "INSERT INTO claim_rules (tenant_id, provider_code, place, claim, value, role, regions, dealers)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind::<Integer, _>(tx.tenant())
        .bind::<Text, _>(provider)
        .bind::<Integer, _>(place)
        .bind::<Text, _>(&rule.claim)
        .bind::<Text, _>(&rule.value)
        .bind::<Text, _>(rule.role.name())
        .bind::<Array<Text>, _>(&rule.regions)
        .bind::<Array<Text>, _>(&rule.dealers)
        .execute(tx.connection)?;
    }
    Ok(())
}

/// A sign-in that a browser was sent away for.
#[derive(Debug, Clone, QueryableByName)]
pub struct UnderWay {
    /// By which provider.
    #[diesel(sql_type = Text)]
    pub provider: String,
    /// Nonce and verifier, sealed.
    #[diesel(sql_type = Binary)]
    pub secrets_sealed: Vec<u8>,
    /// Where the person wishes to go.
    #[diesel(sql_type = Text)]
    pub next: String,
}

/// Writes down a sign-in that is under way until an instant; of more than so many those that end first are forgotten.
pub fn send_away(
    tx: &mut Tx,
    state: &[u8],
    under_way: &UnderWay,
    (ends_at, most): (Instant, i64),
) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO sign_ins_under_way (tenant_id, state_sha256, provider_code, secrets_sealed, next, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Binary, _>(state)
    .bind::<Text, _>(&under_way.provider)
    .bind::<Binary, _>(&under_way.secrets_sealed)
    .bind::<Text, _>(&under_way.next)
    .bind::<Timestamptz, _>(pg_instant(ends_at))
    .execute(tx.connection)?;
    diesel::sql_query(
        "DELETE FROM sign_ins_under_way WHERE state_sha256 IN (
             SELECT state_sha256 FROM sign_ins_under_way ORDER BY ends_at DESC, state_sha256 <> $2 OFFSET $1)",
    )
    .bind::<BigInt, _>(most)
    .bind::<Binary, _>(state)
    .execute(tx.connection)?;
    Ok(())
}

/// Takes the sign-in of a state out, with all that have ended: it is used once. None: there is none that still holds.
pub fn come_back(tx: &mut Tx, state: &[u8], now: Instant) -> Result<Option<UnderWay>, StoreError> {
    diesel::sql_query("DELETE FROM sign_ins_under_way WHERE ends_at <= $1")
        .bind::<Timestamptz, _>(pg_instant(now))
        .execute(tx.connection)?;
    Ok(diesel::sql_query(
        "DELETE FROM sign_ins_under_way WHERE state_sha256 = $1 RETURNING provider_code AS provider, secrets_sealed, next",
    )
    .bind::<Binary, _>(state)
    .get_result(tx.connection)
    .optional()?)
}

/// By whose word a session began.
#[derive(Debug, Clone, Copy)]
pub struct Word<'w> {
    /// The provider.
    pub provider: &'w str,
    /// The provider's name of its own session, where it tells one.
    pub session: Option<&'w str>,
    /// The sealed token, to end the session there too.
    pub token_sealed: &'w [u8],
}

/// Writes down by whose word a session began.
pub fn session_by(tx: &mut Tx, session: &[u8], word: Word) -> Result<(), StoreError> {
    diesel::sql_query(
        "UPDATE sessions SET provider_code = $2, provider_session = $3, token_sealed = $4 WHERE secret_sha256 = $1",
    )
    .bind::<Binary, _>(session)
    .bind::<Text, _>(word.provider)
    .bind::<Nullable<Text>, _>(word.session)
    .bind::<Binary, _>(word.token_sealed)
    .execute(tx.connection)?;
    Ok(())
}

/// Ends all sessions that began by a provider's word.
pub fn end_sessions_by(tx: &mut Tx, provider: &str) -> Result<usize, StoreError> {
    Ok(diesel::sql_query("DELETE FROM sessions WHERE provider_code = $1")
        .bind::<Text, _>(provider)
        .execute(tx.connection)?)
}

/// Ends sessions that began by a provider's word: those of one session there, or all of a user that had begun by an instant; gives
/// whose each was. Of a user's sessions without a name there all end: one of them is over, and none can be told from the others.
pub fn end_sessions_of(
    tx: &mut Tx,
    provider: &str,
    (session, user, begun_by): (Option<&str>, Option<i32>, Instant),
) -> Result<Vec<i32>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        user_id: i32,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "DELETE FROM sessions WHERE provider_code = $1 AND CASE WHEN $2 IS NULL THEN user_id = $3 AND begun_at <= $4
             ELSE provider_session = $2 OR (provider_session IS NULL AND user_id = $3 AND begun_at <= $4) END RETURNING user_id",
    )
    .bind::<Text, _>(provider)
    .bind::<Nullable<Text>, _>(session)
    .bind::<Nullable<Integer>, _>(user)
    .bind::<Timestamptz, _>(pg_instant(begun_by))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// The provider by whose word a session began, and the sealed token.
pub fn whose_word(tx: &mut Tx, session: &[u8]) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        provider_code: String,
        #[diesel(sql_type = Binary)]
        token_sealed: Vec<u8>,
    }
    let row: Option<Row> = diesel::sql_query(
        "SELECT provider_code, token_sealed FROM sessions
         WHERE secret_sha256 = $1 AND provider_code IS NOT NULL AND token_sealed IS NOT NULL",
    )
    .bind::<Binary, _>(session)
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| (row.provider_code, row.token_sealed)))
}
