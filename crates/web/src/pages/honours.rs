//! `/stars`, `/hotspots` and `/staff`: what headquarters looks at of the whole network by month and quarter.

use farsight_control::{field_staff, ground, honours};
use farsight_rulebook::exact::hundredths;
use farsight_rulebook::period::{Period, Quarter};
use minijinja::context;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::PageResult;
use crate::table::{Cell, Column, Kind, Table};
use crate::views::value;

/// The stars of a month, with the first and last regions; without a month, of the last one that is over.
pub(crate) async fn stars(entered: Entered, ask: Ask) -> PageResult {
    let asked: Option<Period> = ask.wanted("month", "no_month")?;
    let (month, stars, regions) = entered
        .at_desk(move |desk| {
            let today = ground::zone(&desk.tenant)?.date(desk.now);
            let month = asked.unwrap_or_else(|| Period::of(today).previous());
            let (stars, regions) = honours::of_month(desk, month)?;
            Ok((month, stars, regions))
        })
        .await?;
    let row = |star: &honours::Star| {
        vec![
            Cell::Count(star.place),
            Cell::text(&*star.person),
            Cell::text(&*star.name),
            Cell::link(&*star.dealer, format!("/dealers/{}", star.dealer)),
            Cell::Text(format!("{} %", star.share)),
            Cell::Count(star.responses),
            Cell::Money(star.reward.0),
        ]
    };
    let table = Table {
        name: "stars",
        columns: vec![
            Column::new("place", Kind::Count).labelled("honours.place"),
            Column::new("person", Kind::Text).labelled("honours.person"),
            Column::new("name", Kind::Text).labelled("users.name"),
            Column::new("dealer", Kind::Text),
            Column::new("share", Kind::Text).labelled("honours.share"),
            Column::new("responses", Kind::Count).labelled("honours.responses"),
            Column::new("reward", Kind::Money).labelled("honours.reward"),
        ],
        rows: stars.iter().map(row).collect(),
        total: stars.len() as i64,
        empty: "honours.no-stars",
    };
    table.answer(&entered, &ask, "honours/stars.html", || {
        Ok(context! { month => month.to_string(), regions => value(regions) })
    })
}

/// The hotspots whose alert is open.
pub(crate) async fn hotspots(entered: Entered, ask: Ask) -> PageResult {
    let hotspots = entered.at_desk(honours::hotspots).await?;
    let early = entered.frame().reading().say("honours.early", &[])?;
    let row = |it: &honours::Hotspot| {
        vec![
            Cell::link(it.month.to_string(), format!("/alerts/{}", it.alert)),
            Cell::text(&*it.model),
            Cell::text(if it.fault == "*" { &*early } else { &*it.fault }),
            Cell::Count(it.count),
            Cell::text(&*it.expected),
            Cell::Count(it.vehicles),
        ]
    };
    let table = Table {
        name: "hotspots",
        columns: vec![
            Column::new("month", Kind::Text).labelled("honours.month"),
            Column::new("model", Kind::Text).labelled("honours.model"),
            Column::new("fault", Kind::Text).labelled("honours.fault"),
            Column::new("count", Kind::Count).labelled("honours.count"),
            Column::new("expected", Kind::Text).labelled("honours.expected"),
            Column::new("vehicles", Kind::Count).labelled("honours.vehicles"),
        ],
        rows: hotspots.iter().map(row).collect(),
        total: hotspots.len() as i64,
        empty: "honours.no-hotspots",
    };
    table.answer(&entered, &ask, "honours/hotspots.html", || Ok(context! {}))
}

/// The district managers of a quarter; without one, of the one that runs.
pub(crate) async fn staff(entered: Entered, ask: Ask) -> PageResult {
    let asked: Option<Quarter> = ask.wanted("quarter", "no_quarter")?;
    let (quarter, scores) = entered
        .at_desk(move |desk| {
            let running = Quarter::of(ground::zone(&desk.tenant)?.date(desk.now));
            let quarter = asked.unwrap_or(running);
            Ok((quarter, field_staff::scores(desk, quarter, None)?))
        })
        .await?;
    let part = |units: Option<i64>| Cell::of(units, |units| Cell::Text(hundredths(units).to_string()));
    let row = |it: &field_staff::Score| {
        vec![
            Cell::text(&*it.person),
            part(Some(it.score)),
            part(it.exams),
            part(it.inspections),
            part(it.satisfaction),
        ]
    };
    let table = Table {
        name: "field-staff",
        columns: vec![
            Column::new("person", Kind::Text).labelled("honours.person"),
            Column::new("score", Kind::Text).labelled("honours.score"),
            Column::new("exams", Kind::Text).labelled("honours.exams"),
            Column::new("inspections", Kind::Text).labelled("honours.inspections"),
            Column::new("satisfaction", Kind::Text).labelled("honours.satisfaction"),
        ],
        rows: scores.iter().map(row).collect(),
        total: scores.len() as i64,
        empty: "honours.no-staff",
    };
    let before = quarter.previous().to_string();
    table.answer(&entered, &ask, "honours/staff.html", || {
        Ok(context! { quarter => quarter.to_string(), before => before })
    })
}
