//! `/draws`: the days drawn, and each with what of it is public by now; anyone may check a draw whose day is over.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use farsight_control::ControlError;
use farsight_control::sample::{self, Day, ShownDraw};
use farsight_ledger::settlement::Role;
use farsight_store::visits::{State, Visit};
use jiff::civil::Date;
use minijinja::{Value, context};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// The days drawn, the latest first.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let latest_first = !matches!(ask.sort(&["day"]), Some((_, false)));
    let page = (ask.offset(), ask.limit());
    let (days, total) = entered.at_desk(move |desk| sample::days(desk, latest_first, page)).await?;
    let rows = days.iter().map(|day| row(&entered, day)).collect::<Result<_, _>>()?;
    let table = Table {
        name: "draws",
        columns: vec![
            Column::new("day", Kind::Text).labelled("draws.day").sorts(),
            Column::new("state", Kind::Text),
            Column::new("pool", Kind::Count).labelled("draws.pool"),
            Column::new("sample_size", Kind::Count).labelled("draws.sample-size"),
            Column::new("visits", Kind::Count).labelled("draws.visits"),
            Column::new("made", Kind::Count).labelled("draws.made"),
            Column::new("inspectable", Kind::Count).labelled("draws.inspectable"),
            Column::new("judged", Kind::Count).labelled("draws.judged"),
        ],
        rows,
        total,
        empty: "draws.empty",
    };
    table.answer(&entered, &ask, "draws/list.html", || Ok(context! {}))
}

fn row(entered: &Entered, day: &Day) -> Result<Vec<Cell>, PageError> {
    let (tone, key) = match day {
        Day { revealed_at: Some(_), .. } => (Tone::Good, "revealed"),
        Day { drawn: true, .. } => (Tone::Notice, "drawn"),
        Day { .. } => (Tone::Plain, "frozen"),
    };
    let state = entered.frame().reading().say(&format!("draws.state-{key}"), &[])?;
    Ok(vec![
        Cell::link(day.day.to_string(), format!("/draws/{}", day.day)),
        Cell::State(tone, state),
        Cell::Count(day.pool.into()),
        Cell::Count(day.sample_size.into()),
        Cell::Count(day.visits),
        Cell::Count(day.made),
        Cell::Count(day.inspectable),
        Cell::Count(day.judged),
    ])
}

/// One day.
pub(crate) async fn one(entered: Entered, Path(day): Path<Date>) -> PageResult {
    let draw = entered.at_desk(move |desk| sample::shown(desk, day)).await?;
    entered.page("draws/one.html", shown(&entered, &draw, None))
}

/// Redoes a day's draw and says what came out.
pub(crate) async fn check(entered: Entered, Path(day): Path<Date>) -> PageResult {
    let app = entered.app().clone();
    let (draw, verdict) = entered
        .at_desk(move |desk| {
            let draw = sample::shown(desk, day)?;
            match sample::check(desk, &app.parts.sealer, day) {
                Ok(_) => Ok((draw, json!({ "sound": true }))),
                Err(ControlError::Sample(refusal)) => {
                    Ok((draw, json!({ "sound": false, "why": refusal.to_string(), "code": refusal.code() })))
                }
                Err(other) => Err(other),
            }
        })
        .await?;
    entered.page("draws/one.html", shown(&entered, &draw, Some(verdict)))
}

fn shown(entered: &Entered, draw: &ShownDraw, verdict: Option<serde_json::Value>) -> Value {
    let of = |state: State| draw.visits.iter().filter(|visit| visit.state == state).count();
    let who = draw
        .drawn
        .as_ref()
        .map(|who| json!({ "sample": who.sample, "reserve": who.reserve, "follow_ups": who.follow_ups }));
    context! {
        day => draw.day.to_string(),
        index => draw.index,
        anchor => draw.anchor.clone(),
        anchored_at => draw.anchored_at.clone(),
        pool => draw.pool,
        pool_sha256 => draw.pool_sha256.clone(),
        sample_size => draw.sample_size,
        committed_at => draw.committed_at.0,
        is_drawn => draw.is_drawn,
        key => draw.revealed.as_ref().map(|(key, _)| key.clone()),
        revealed_at => draw.revealed.as_ref().map(|(_, at)| at.0),
        own_in_pool => value(&draw.own_in_pool),
        own_not_in_pool => value(&draw.own_not_in_pool),
        who => value(who),
        is_dealer => entered.role() == Role::Dealer,
        visits => value(draw.visits.iter().map(visit).collect::<Vec<_>>()),
        made => draw.visits.len() - of(State::Waiting),
        inspectable => of(State::Inspectable),
        not_visible => of(State::NotVisible),
        verdict => value(verdict),
    }
}

fn visit(visit: &Visit) -> serde_json::Value {
    json!({
        "dealer": visit.dealer, "kind": visit.kind.name(), "rank": visit.rank, "due_at": visit.due_at.0,
        "state": visit.state.name(), "reason": visit.reason, "stands_for": visit.stands_for, "cameras": visit.inspectable_cameras,
    })
}

/// The proof of a day that is over, as a file.
pub(crate) async fn proof(entered: Entered, Path(day): Path<Date>) -> PageResult {
    let app = entered.app().clone();
    let proof = entered.at_desk(move |desk| sample::proof(desk, &app.parts.sealer, day)).await?;
    let mut answer = axum::Json(proof).into_response();
    let name = format!("attachment; filename=\"draw-{day}.json\"");
    if let Ok(value) = HeaderValue::from_str(&name) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}
