//! A dealer's roster: who works there, with which certificates; who begins, leaves, is certified.

use axum::Form;
use axum::extract::Path;
use farsight_control::people::{self, Certify, Hire, Leave, Member, Revoke, Roster};
use farsight_rulebook::checks::certification::Standing;
use farsight_store::roster::{Filter, Sort};
use jiff::civil::Date;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::desks::{reason, unprocessed, word};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

/// Positions that there are words for; any other code is taken too.
const POSITIONS: [&str; 4] = ["service-advisor", "technician", "parts-clerk", "general-manager"];
/// Why people leave, as the house says it.
const REASONS: [&str; 6] = ["resigned", "transfer", "retirement", "dismissal", "contract-ended", "death"];
/// The kinds of certificates.
const KINDS: [&str; 3] = ["service-advisor", "technician", "nev"];

/// A dealer's roster.
pub(crate) async fn roster(entered: Entered, Path(dealer): Path<String>, ask: Ask) -> PageResult {
    page(&entered, &dealer, &ask, context! { deed => "" }).await
}

/// The page; `form` has what was `typed` into which form (`deed`), and why it was `refused`.
async fn page(entered: &Entered, dealer: &str, ask: &Ask, form: Value) -> PageResult {
    let filter = filter(dealer, ask);
    let roster = entered.at_desk(move |desk| people::roster(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let table = table(&roster, &reading)?;
    let context = minijinja::value::merge_maps([form, seen(&roster, &reading)?]);
    table.answer(entered, ask, "people/roster.html", || Ok(context))
}

fn filter(dealer: &str, ask: &Ask) -> Filter {
    let sort = ask.sort(&Sort::ALL.map(Sort::name));
    let (sort, descending) =
        sort.and_then(|(name, down)| Some((Sort::named(name)?, down))).unwrap_or_default();
    Filter {
        dealer: dealer.to_owned(),
        ended: ask.get("state") == Some("ended"),
        position: ask.get("position").map(str::to_owned),
        search: ask.get("q").map(str::to_owned),
        sort,
        descending,
        offset: u32::try_from(ask.offset()).unwrap_or(u32::MAX),
        limit: u32::try_from(ask.limit()).unwrap_or(u32::MAX),
    }
}

const fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Valid | Standing::Replaced => Tone::Good,
        Standing::Lapsing(days) if days <= 7 => Tone::Critical,
        Standing::Lapsing(days) if days <= 30 => Tone::Warning,
        Standing::Lapsing(_) | Standing::NotYet => Tone::Notice,
        Standing::Lapsed | Standing::Revoked => Tone::Plain,
    }
}

/// The certificate to look at first: the one that counts and lapses next, else that a position lacks one.
fn at_a_glance(member: &Member, reading: &Reading) -> Result<Cell, PageError> {
    if member.employment.to.is_some() {
        return Ok(Cell::Empty);
    }
    if member.is_uncertified() {
        return Ok(Cell::State(Tone::Critical, reading.say("people.uncertified", &[])?));
    }
    let lapsing = member.certificates.iter().filter_map(|one| match one.standing {
        Standing::Lapsing(days) => Some((days, one.standing)),
        _ => None,
    });
    match lapsing.min_by_key(|(days, _)| *days) {
        Some((_, standing)) => Ok(Cell::State(tone(standing), said(standing, reading)?)),
        None if member.certificates.is_empty() => Ok(Cell::Empty),
        None => Ok(Cell::State(Tone::Good, reading.say("people.certified", &[])?)),
    }
}

fn said(standing: Standing, reading: &Reading) -> Result<String, PageError> {
    let days = if let Standing::Lapsing(days) = standing { days } else { 0 };
    Ok(reading.say(&format!("certificate-state.{}", standing.name()), &[("days", days.to_string())])?)
}

fn table(roster: &Roster, reading: &Reading) -> Result<Table, PageError> {
    let row = |member: &Member| {
        let it = &member.employment;
        let certificates: Result<Vec<String>, PageError> = member
            .certificates
            .iter()
            .filter(|one| !matches!(one.standing, Standing::Lapsed | Standing::Revoked))
            .map(|one| {
                let kind = word(reading, "certificate", &one.certificate.kind)?;
                Ok(format!("{kind} {} → {}", one.certificate.id, one.certificate.expires_on))
            })
            .collect();
        let reason = it.leave_reason.as_deref().map(|reason| word(reading, "reason", reason)).transpose()?;
        Ok(vec![
            Cell::text(&it.person),
            Cell::text(&it.name),
            Cell::text(word(reading, "roster-position", &it.position)?),
            Cell::Date(it.from),
            Cell::of(it.to, Cell::Date),
            Cell::text(reason.unwrap_or_default()),
            at_a_glance(member, reading)?,
            Cell::text(certificates?.join("; ")),
        ])
    };
    Ok(Table {
        name: "roster",
        columns: vec![
            Column::new("person", Kind::Text).labelled("people.person"),
            Column::new("name", Kind::Text).labelled("people.name").sorts(),
            Column::new("position", Kind::Text).labelled("people.position").sorts(),
            Column::new("from", Kind::Date).labelled("people.from").sorts(),
            Column::new("to", Kind::Date).labelled("people.to").sorts(),
            Column::new("reason", Kind::Text).labelled("people.reason"),
            Column::new("expiry", Kind::Text).labelled("people.standing").sorts(),
            Column::new("certificates", Kind::Text).labelled("people.certificates"),
        ],
        rows: roster.members.iter().map(row).collect::<Result<_, PageError>>()?,
        total: roster.total as i64,
        empty: "people.empty",
    })
}

fn seen(roster: &Roster, reading: &Reading) -> Result<Value, PageError> {
    let choice = |group: &'static str| {
        move |name: &&'static str| Ok(json!({ "name": name, "said": word(reading, group, name)? }))
    };
    let choices = |group, names: &[&'static str]| {
        names.iter().map(choice(group)).collect::<Result<Vec<serde_json::Value>, PageError>>().map(value)
    };
    let lasting: Vec<_> = roster
        .members
        .iter()
        .filter(|member| member.employment.to.is_none_or(|to| roster.today <= to))
        .map(|member| {
            let it = &member.employment;
            let position = word(reading, "roster-position", &it.position)?;
            Ok(json!({
                "key": format!("{}|{}|{}", it.person, it.position, it.from), "person": it.person, "name": it.name, "position": position,
            }))
        })
        .collect::<Result<_, PageError>>()?;
    let counting = roster.members.iter().flat_map(|member| {
        let counts = member.certificates.iter().filter(|one| {
            matches!(
                one.standing,
                Standing::Valid | Standing::Lapsing(_) | Standing::Replaced | Standing::NotYet
            )
        });
        counts.map(|one| (member.employment.name.clone(), one))
    });
    let certificates = counting
        .map(|(name, one)| {
            let kind = word(reading, "certificate", &one.certificate.kind)?;
            let it = &one.certificate;
            Ok(json!({
                "id": it.id, "holder": name, "kind": kind, "expires_on": it.expires_on.to_string(),
                "tone": tone(one.standing), "standing": said(one.standing, reading)?,
                "lapsing": matches!(one.standing, Standing::Lapsing(_)),
            }))
        })
        .collect::<Result<Vec<_>, PageError>>()?;
    let soon: Vec<_> = certificates.iter().filter(|one| one["lapsing"] == json!(true)).cloned().collect();
    let missing = roster.needed.map(|needed| (needed - roster.have).max(0));
    Ok(context! {
        dealer => roster.dealer.clone(),
        name => roster.name.clone(),
        bays => roster.bays,
        needed => roster.needed,
        have => roster.have,
        missing,
        may_change => roster.may_change,
        today => roster.today.to_string(),
        positions => choices("roster-position", &POSITIONS)?,
        reasons => choices("reason", &REASONS)?,
        kinds => choices("certificate", &KINDS)?,
        levels => choices("certificate-level", &["basic", "special", "difficult"])?,
        lasting => value(lasting),
        certificates => value(certificates),
        soon => value(soon),
    })
}

/// A change as it is typed; each form fills in its own.
#[derive(Deserialize, Serialize, Clone, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    person: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    position: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    reason: String,
    /// Person, position and first day of an employment, between bars.
    #[serde(default)]
    employment: String,
    #[serde(default)]
    certificate: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    issued: String,
    #[serde(default)]
    expires: String,
    #[serde(default)]
    on: String,
}

/// A date that was typed.
fn day(text: &str) -> Result<Date, PageError> {
    text.trim().parse().map_err(|_| PageError::Refused {
        code: "field_not_a_date".to_owned(),
        text: format!("'{text}' is no date: write it like 2026-03-05"),
    })
}

async fn onward(
    entered: &Entered,
    (dealer, ask): (&str, &Ask),
    (deed, typed): (&str, Typed),
    result: Result<(), PageError>,
) -> PageResult {
    match result {
        Ok(()) => Ok(entered.onward(&format!("/people/{dealer}"), deed)),
        Err(error) => {
            let form = context! { refused => reason(entered, error)?, deed, typed => value(typed) };
            Ok(unprocessed(page(entered, dealer, ask, form).await?))
        }
    }
}

/// Somebody begins.
pub(crate) async fn hire(
    entered: Entered,
    Path(dealer): Path<String>,
    ask: Ask,
    Form(typed): Form<Typed>,
) -> PageResult {
    let kept = typed.clone();
    let done = match day(&typed.from) {
        Err(error) => Err(error),
        Ok(from) => {
            let dealer = dealer.clone();
            let change = move |desk: &mut farsight_control::Desk| {
                let Typed { person, name, position, .. } = &typed;
                people::hire(desk, &Hire { dealer: &dealer, person, name, position, from })
            };
            entered.at_desk(change).await
        }
    };
    onward(&entered, (&dealer, &ask), ("person-hired", kept), done).await
}

/// Somebody leaves.
pub(crate) async fn leave(
    entered: Entered,
    Path(dealer): Path<String>,
    ask: Ask,
    Form(typed): Form<Typed>,
) -> PageResult {
    let kept = typed.clone();
    let mut parts = typed.employment.split('|').map(str::to_owned);
    let (person, position) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let days = day(&parts.next().unwrap_or_default()).and_then(|from| Ok((from, day(&typed.to)?)));
    let done = match days {
        Err(error) => Err(error),
        Ok((from, to)) => {
            let dealer = dealer.clone();
            let change = move |desk: &mut farsight_control::Desk| {
                let (person, position, reason) = (&*person, &*position, &*typed.reason);
                people::leave(desk, &Leave { dealer: &dealer, person, position, from, to, reason })
            };
            entered.at_desk(change).await
        }
    };
    onward(&entered, (&dealer, &ask), ("person-left", kept), done).await
}

/// Somebody is certified.
pub(crate) async fn certify(
    entered: Entered,
    Path(dealer): Path<String>,
    ask: Ask,
    Form(typed): Form<Typed>,
) -> PageResult {
    let kept = typed.clone();
    let done = match day(&typed.issued).and_then(|issued| Ok((issued, day(&typed.expires)?))) {
        Err(error) => Err(error),
        Ok((issued_on, expires_on)) => {
            let dealer = dealer.clone();
            let change = move |desk: &mut farsight_control::Desk| {
                let Typed { certificate, person, kind, level, .. } = &typed;
                let certify =
                    Certify { dealer: &dealer, certificate, person, kind, level, issued_on, expires_on };
                people::certify(desk, &certify)
            };
            entered.at_desk(change).await
        }
    };
    onward(&entered, (&dealer, &ask), ("certificate-added", kept), done).await
}

/// A certificate counts no longer.
pub(crate) async fn revoke(
    entered: Entered,
    Path(dealer): Path<String>,
    ask: Ask,
    Form(typed): Form<Typed>,
) -> PageResult {
    let kept = typed.clone();
    let done = match day(&typed.on) {
        Err(error) => Err(error),
        Ok(on) => {
            let dealer = dealer.clone();
            let change = move |desk: &mut farsight_control::Desk| {
                people::revoke(desk, &Revoke { dealer: &dealer, certificate: &typed.certificate, on })
            };
            entered.at_desk(change).await
        }
    };
    onward(&entered, (&dealer, &ask), ("certificate-revoked", kept), done).await
}
