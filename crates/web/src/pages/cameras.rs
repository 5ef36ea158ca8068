//! `/cameras`: how each camera is, the worst first.

use farsight_control::cameras::{self, CameraOrder, Condition, ListedCamera};
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// The cameras that the person sees.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let order = match ask.sort(&["camera", "dealer", "last_seen"]) {
        Some(("camera", _)) => CameraOrder::Camera,
        Some(("dealer", _)) => CameraOrder::Dealer,
        Some(("last_seen", _)) => CameraOrder::LongestUnseen,
        _ => CameraOrder::Worst,
    };
    let asked = ask.clone();
    let list = entered
        .at_desk(move |desk| {
            let condition = asked.get("state").and_then(Condition::named);
            cameras::list(desk, asked.get("dealer"), condition, order, (asked.offset(), asked.limit()))
        })
        .await?;
    let rows = list.cameras.iter().map(|camera| row(&entered, camera)).collect::<Result<_, _>>()?;
    let table = Table {
        name: "cameras",
        columns: vec![
            Column::new("camera", Kind::Text).labelled("cameras.camera").sorts(),
            Column::new("dealer", Kind::Text).sorts(),
            Column::new("name", Kind::Text),
            Column::new("state", Kind::Text),
            Column::new("failures", Kind::Count).labelled("cameras.failures"),
            Column::new("away_since", Kind::Instant).labelled("cameras.away-since"),
            Column::new("last_seen", Kind::Instant).labelled("cameras.last-seen").sorts(),
            Column::new("reason", Kind::Text).labelled("cameras.reason"),
        ],
        rows,
        total: list.total,
        empty: "cameras.empty",
    };
    let wanted = ask.get("state").map(str::to_owned);
    table.answer(&entered, &ask, "cameras/list.html", || {
        let counts: Vec<_> = list
            .conditions
            .iter()
            .map(|(condition, count)| {
                let to = ask.with(&[("state", condition.name()), ("page", ""), ("format", "")]);
                json!({ "state": condition.name(), "tone": tone(*condition), "count": count, "to": to })
            })
            .collect();
        Ok(context! { counts => value(counts), wanted, all => ask.with(&[("state", ""), ("page", "")]) })
    })
}

const fn tone(condition: Condition) -> Tone {
    match condition {
        Condition::Away => Tone::Critical,
        Condition::Failing => Tone::Warning,
        Condition::OutOfOrder => Tone::Notice,
        Condition::Unseen => Tone::Plain,
        Condition::Fine => Tone::Good,
    }
}

fn row(entered: &Entered, camera: &ListedCamera) -> Result<Vec<Cell>, PageError> {
    let name = camera.condition.name();
    let state = entered.frame().reading().say(&format!("cameras.state-{name}"), &[])?;
    Ok(vec![
        Cell::text(camera.camera.clone()),
        Cell::text(camera.dealer.clone()),
        Cell::text(camera.dealer_name.clone()),
        Cell::State(tone(camera.condition), state),
        Cell::Count(camera.failures.into()),
        Cell::of(camera.away_since, Cell::Instant),
        Cell::of(camera.last_seen_at, Cell::Instant),
        Cell::of(camera.last_reason.clone(), Cell::text),
    ])
}
