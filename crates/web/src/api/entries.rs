//! `/entries`: the ledger's entries, one with its receipt, and contesting one.

use farsight_control::{appeals, explain, pulls};
use farsight_rulebook::messages::Language;
use farsight_store::ledger::Entry;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Made;
use super::caller::Caller;
use super::paging::{Amount, Paging, Piece};
use super::problem::Given;

const LIST: &str = "entries";

/// An entry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfEntry {
    /// Its number.
    entry: i64,
}

/// An entry of the ledger. It never changes; what reverses it is another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryOut {
    /// Its number.
    entry_id: i64,
    /// `charge` or `reversal`.
    kind: String,
    /// The entry it reverses.
    reverses: Option<i64>,
    /// The month it is settled in.
    #[schema(example = "2026-03")]
    period: String,
    /// The month it occurred in.
    #[schema(example = "2026-03")]
    origin_period: String,
    /// `dealer` or `person`.
    party_kind: String,
    /// Who bears it.
    party_code: String,
    /// In which seat.
    seat: String,
    /// The dealer.
    dealer_code: String,
    /// The dealer's region.
    region_code: String,
    /// The check.
    check: String,
    /// The clause.
    clause: String,
    /// What it is about.
    subject: String,
    /// The local date of what happened.
    #[schema(format = Date)]
    occurred_on: String,
    /// How much: below zero is owed.
    amount: Amount,
    /// The policy version.
    policy_version: i32,
    /// When it was posted.
    #[schema(format = DateTime)]
    posted_at: String,
}

fn told(caller: &Caller, entry: Entry) -> EntryOut {
    EntryOut {
        entry_id: entry.id,
        kind: if entry.reverses.is_some() { "reversal" } else { "charge" }.to_owned(),
        reverses: entry.reverses,
        period: entry.period.to_string(),
        origin_period: entry.origin_period.to_string(),
        party_kind: entry.terms.party_kind.name().to_owned(),
        party_code: entry.terms.party,
        seat: entry.seat.name().to_owned(),
        dealer_code: entry.terms.dealer,
        region_code: entry.region,
        check: entry.check,
        clause: entry.terms.clause,
        subject: entry.subject,
        occurred_on: entry.terms.occurred_on.to_string(),
        amount: caller.amount(entry.terms.amount),
        policy_version: entry.version,
        posted_at: caller.moment(entry.posted_at),
    }
}

/// The entries, in the order of posting.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<EntryOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::entries(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |entry| told(&caller, entry)))
}

/// One entry.
pub(crate) async fn one(caller: Caller, of: OfEntry) -> Given<EntryOut> {
    let entry = caller.at_desk(move |desk| pulls::entry(desk, of.entry)).await?;
    Ok(told(&caller, entry))
}

/// A receipt: why the entry is as it is, in words of the language that Accept-Language wishes for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// The entry.
    entry_id: i64,
    /// The language it is written in.
    language: String,
    /// What it is, in one line.
    title: String,
    /// To whom it is booked and where it is settled.
    booked: String,
    /// The clause, its policy version, and its text.
    clause: Vec<String>,
    /// The facts it stands on.
    facts: Vec<StandsOn>,
    /// The arithmetic and reasons.
    arithmetic: Vec<String>,
    /// Who bears it and why.
    charged: Vec<String>,
    /// What was posted and reversed on this charge, and after which facts.
    history: Vec<String>,
    /// What it would have been otherwise.
    otherwise: String,
}

/// A fact that a receipt stands on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandsOn {
    /// The fact, in words.
    fact: String,
    /// Its table.
    table: String,
    /// Its key.
    key: Vec<String>,
    /// Where it comes from.
    source: Option<String>,
}

/// The receipt of an entry; that it was looked at is in the audit log.
pub(crate) async fn receipt(caller: Caller, of: OfEntry) -> Given<Receipt> {
    let language: Language = caller.language();
    let explained = caller.at_desk(move |desk| {
        pulls::entry(desk, of.entry)?;
        explain::explain(desk, of.entry, language, None)
    });
    let it = explained.await?;
    let stands = |it: explain::Stands| StandsOn {
        fact: it.fact,
        table: it.table.to_owned(),
        key: it.key,
        source: it.source,
    };
    Ok(Receipt {
        entry_id: it.entry,
        language: language.tag().to_owned(),
        title: it.title,
        booked: it.booked,
        clause: it.clause,
        facts: it.facts.into_iter().map(stands).collect(),
        arithmetic: it.arithmetic,
        charged: it.charged,
        history: it.history,
        otherwise: it.otherwise,
    })
}

/// Why an entry is contested.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contest {
    /// What the dealer says.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "The hall was being painted that day, as we had told."
    )]
    body: String,
}

/// Contests an entry.
pub(crate) async fn appeal(caller: Caller, of: OfEntry, contest: Contest) -> Given<Made> {
    let appeal_id = caller.at_desk(move |desk| appeals::make(desk, of.entry, &contest.body)).await?;
    Ok(Made { appeal_id })
}
