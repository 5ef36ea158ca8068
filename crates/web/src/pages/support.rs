//! `/support`: what a dealer owes after a second failed repair, requests made and resolved.

use axum::Form;
use farsight_control::support::{self, Owed};
use farsight_ledger::settlement::Role;
use farsight_store::support::{Filter, Request, Sort};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::desks::{pressing, reason, to_dealer, unprocessed};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// What is owed, and the requests.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    page(&entered, &ask, context! { typed => value(Typed::default()) }).await
}

/// The page; `form` has what was `typed`, and why it was `refused`.
async fn page(entered: &Entered, ask: &Ask, form: Value) -> PageResult {
    let filter = filter(ask);
    let dealer = filter.dealer.clone();
    let (owed, listed) = entered
        .at_desk(move |desk| Ok((support::owed(desk, dealer.as_deref())?, support::list(desk, &filter)?)))
        .await?;
    let now = entered.now();
    let owed: Vec<_> = owed
        .iter()
        .map(|owed: &Owed| {
            json!({
                "dealer": owed.dealer, "dealer_name": owed.dealer_name, "vin": owed.vin, "fault": owed.fault,
                "work_order": owed.work_order, "arose_at": owed.arose_at.0, "due": owed.due.0, "attempts": owed.attempts,
                "mended_at": owed.mended_at.map(|at| at.0), "tone": pressing(Some(owed.due), now), "over": owed.due < now,
            })
        })
        .collect();
    let reading = entered.frame().reading();
    let state = |request: &Request| -> Result<Cell, PageError> {
        let (tone, key) =
            if request.resolved_at.is_some() { (Tone::Good, "resolved") } else { (Tone::Notice, "open") };
        Ok(Cell::State(tone, reading.say(&format!("support.{key}"), &[])?))
    };
    let row = |request: &Request| {
        Ok(vec![
            Cell::text(&request.id),
            state(request)?,
            to_dealer(&request.dealer, &request.dealer_name),
            Cell::text(&request.vin),
            Cell::text(&request.fault),
            Cell::Instant(request.requested_at),
            Cell::of(request.resolved_at, Cell::Instant),
            Cell::text(&request.by),
        ])
    };
    let column = |key, label, kind| {
        let column = Column::new(key, kind).labelled(label);
        if Sort::named(key).is_some() { column.sorts() } else { column }
    };
    let table = Table {
        name: "support-requests",
        columns: vec![
            column("request", "support.request", Kind::Text),
            column("state", "support.state", Kind::Text),
            column("dealer", "support.dealer", Kind::Text),
            column("vin", "support.vin", Kind::Text),
            column("fault", "support.fault", Kind::Text),
            column("requested", "support.requested", Kind::Instant),
            column("resolved", "support.resolved-at", Kind::Instant),
            column("by", "support.by", Kind::Text),
        ],
        rows: listed.rows.iter().map(row).collect::<Result<_, PageError>>()?,
        total: listed.total as i64,
        empty: "support.empty",
    };
    let open = listed.rows.iter().filter(|request| request.resolved_at.is_none());
    let open: Vec<_> = open
        .map(|request| json!({ "id": request.id, "vin": request.vin, "fault": request.fault, "dealer": request.dealer }))
        .collect();
    let context = context! {
        owed => value(owed),
        open => value(open),
        asks => entered.role() == Role::Dealer,
        own => entered.dealers().to_vec(),
    };
    table.answer(entered, ask, "support/support.html", || Ok(merge_maps([form, context])))
}

fn filter(ask: &Ask) -> Filter {
    let sort = ask.sort(&Sort::ALL.map(Sort::name));
    let (sort, descending) =
        sort.and_then(|(name, down)| Some((Sort::named(name)?, down))).unwrap_or((Sort::Requested, true));
    Filter {
        resolved: match ask.get("state") {
            Some("resolved") => Some(true),
            Some("all") => None,
            _ => Some(false),
        },
        dealer: ask.get("dealer").map(str::to_owned),
        search: ask.get("q").map(str::to_owned),
        sort,
        descending,
        offset: u32::try_from(ask.offset()).unwrap_or(u32::MAX),
        limit: u32::try_from(ask.limit()).unwrap_or(u32::MAX),
    }
}

/// A request as it is typed.
#[derive(Deserialize, Serialize, Clone, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    dealer: String,
    #[serde(default)]
    vin: String,
    #[serde(default)]
    fault: String,
}

/// Asks for support.
pub(crate) async fn request(entered: Entered, ask: Ask, Form(typed): Form<Typed>) -> PageResult {
    let kept = typed.clone();
    let asked = entered
        .at_desk(move |desk| support::request(desk, &typed.dealer, &typed.vin, &typed.fault).map(|_| ()))
        .await;
    onward(&entered, (&ask, kept), asked, "support-requested").await
}

/// A request that is resolved.
#[derive(Deserialize)]
pub(crate) struct Resolved {
    #[serde(default)]
    request: String,
}

/// Writes down that a request is resolved.
pub(crate) async fn resolve(entered: Entered, ask: Ask, Form(resolved): Form<Resolved>) -> PageResult {
    let done = entered.at_desk(move |desk| support::resolve(desk, &resolved.request)).await;
    onward(&entered, (&ask, Typed::default()), done, "support-resolved").await
}

async fn onward(
    entered: &Entered,
    (ask, typed): (&Ask, Typed),
    result: Result<(), PageError>,
    done: &str,
) -> PageResult {
    match result {
        Ok(()) => Ok(entered.onward("/support", done)),
        Err(error) => {
            let form = context! { refused => reason(entered, error)?, typed => value(typed) };
            Ok(unprocessed(page(entered, ask, form).await?))
        }
    }
}
