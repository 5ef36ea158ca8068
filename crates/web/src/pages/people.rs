//! `/people`: rosters and certificates, by dealer; changes one by one and by workbook.

mod import;
mod roster;

use axum::response::{IntoResponse, Redirect};
use farsight_control::people::{self, Place};
use farsight_ledger::settlement::Role;
use farsight_store::roster::{StaffingFilter, StaffingSort};
use minijinja::context;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::PageResult;
use crate::table::{Cell, Column, Kind, Table, Tone};

pub(crate) use import::{import, look_through, take_in, workbook};
pub(crate) use roster::{certify, hire, leave, revoke, roster};

/// The dealers by what their staff lacks; a dealer's person goes to the own roster.
pub(crate) async fn dealers(entered: Entered, ask: Ask) -> PageResult {
    if let (Role::Dealer, [dealer]) = (entered.role(), entered.dealers()) {
        return Ok(Redirect::to(&format!("/people/{dealer}")).into_response());
    }
    let sort = ask.sort(&StaffingSort::ALL.map(StaffingSort::name));
    let (sort, descending) = sort
        .and_then(|(name, down)| Some((StaffingSort::named(name)?, down)))
        .unwrap_or((StaffingSort::Short, false));
    let filter = StaffingFilter {
        search: ask.get("q").map(str::to_owned),
        sort,
        descending,
        offset: u32::try_from(ask.offset()).unwrap_or(u32::MAX),
        limit: u32::try_from(ask.limit()).unwrap_or(u32::MAX),
    };
    let dealers = entered.at_desk(move |desk| people::dealers(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let row = |place: &Place| {
        let it = &place.staffing;
        let missing = place.needed.map(|needed| (needed - it.certified_advisors).max(0));
        let (tone, key) = match missing {
            Some(0) => (Tone::Good, "people.enough"),
            Some(_) => (Tone::Critical, "people.short"),
            None => (Tone::Plain, "people.no-need"),
        };
        let said = reading.say(key, &[("count", missing.unwrap_or(0).to_string())])?;
        Ok(vec![
            Cell::link(&it.dealer, format!("/people/{}", it.dealer)),
            Cell::text(&it.name),
            Cell::State(tone, said),
            Cell::Count(it.certified_advisors),
            Cell::of(place.needed, Cell::Count),
            Cell::Count(it.lapsing),
            Cell::Count(it.people),
            Cell::Count(it.bays),
        ])
    };
    let table = Table {
        name: "staff",
        columns: vec![
            Column::new("dealer", Kind::Text).labelled("people.dealer").sorts(),
            Column::new("name", Kind::Text).labelled("people.dealer-name"),
            Column::new("short", Kind::Text).labelled("people.advisors-state").sorts(),
            Column::new("certified_advisors", Kind::Count).labelled("people.certified-advisors"),
            Column::new("needed", Kind::Count).labelled("people.needed"),
            Column::new("lapsing", Kind::Count).labelled("people.lapsing-count").sorts(),
            Column::new("people", Kind::Count).labelled("people.people-count").sorts(),
            Column::new("bays", Kind::Count).labelled("people.bays"),
        ],
        rows: dealers.rows.iter().map(row).collect::<Result<_, crate::page::PageError>>()?,
        total: dealers.total as i64,
        empty: "people.no-dealers",
    };
    table.answer(&entered, &ask, "people/dealers.html", || Ok(context! {}))
}
