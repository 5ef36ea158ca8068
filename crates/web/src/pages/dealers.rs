//! `/dealers`, the list, and `/dealers/{dealer}`, one with its tabs.

mod tabs;

use axum::extract::Path;
use farsight_control::dealers::{self, Tab};
use farsight_rulebook::policy::Severity;
use farsight_store::standings::{Column as By, DealerStanding, Filter};
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::board::{ratio, share_of, worst_key};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

/// A word of the house, or the code itself where there is none.
pub(crate) fn worded(reading: &Reading, group: &str, code: &str) -> String {
    reading.say(&format!("{group}.{code}"), &[]).unwrap_or_else(|_| code.to_owned())
}

/// How the worst open alert looks.
pub(crate) const fn tone(worst: Severity) -> Tone {
    match worst {
        Severity::Critical => Tone::Critical,
        Severity::Warning => Tone::Warning,
        Severity::Notice => Tone::Notice,
        Severity::None => Tone::Good,
    }
}

const COLUMNS: [Column; 11] = [
    Column::new("code", Kind::Text).labelled("dealers.code").sorts(),
    Column::new("name", Kind::Text).sorts(),
    Column::new("region", Kind::Text).sorts(),
    Column::new("city", Kind::Text).labelled("dealers.city").sorts(),
    Column::new("alerts", Kind::Text).labelled("dealers.alerts").sorts(),
    Column::new("money", Kind::Money).labelled("dealers.money").sorts(),
    Column::new("turnover", Kind::Share).labelled("dealers.turnover").sorts(),
    Column::new("pass-rate", Kind::Share).labelled("dealers.pass-rate").sorts(),
    Column::new("cover", Kind::Text).labelled("dealers.cover").sorts(),
    Column::new("complaints", Kind::Count).labelled("dealers.complaints").sorts(),
    Column::new("overdue", Kind::Count).labelled("dealers.overdue").sorts(),
];

/// The list.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let names: Vec<&'static str> = By::ALL.iter().map(|by| by.name()).collect();
    let (sort, falling) = ask.sort(&names).unwrap_or(("code", false));
    let filter = Filter {
        region: ask.get("region").map(str::to_owned),
        province: ask.get("province").map(str::to_owned),
        worst: ask.get("worst").and_then(Severity::named),
        search: ask.get("q").map(str::to_owned),
        by: By::named(sort).unwrap_or_default(),
        falling,
        offset: ask.offset(),
        limit: ask.limit(),
    };
    let listed = entered.at_desk(move |desk| dealers::list(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let rows = listed.dealers.iter().map(|dealer| row(dealer, &reading)).collect();
    let table = Table {
        name: "dealers",
        columns: COLUMNS.to_vec(),
        rows,
        total: listed.total,
        empty: "dealers.empty",
    };
    table.answer(&entered, &ask, "dealers/list.html", || {
        let worst = [Severity::Critical, Severity::Warning, Severity::Notice, Severity::None];
        Ok(context! {
            regions => value(listed.choices.regions),
            provinces => value(listed.choices.provinces),
            chosen => chosen(&ask, &["q", "region", "province", "worst", "sort"]),
            worst => value(worst.map(|it| (it.name(), worst_key(it)))),
        })
    })
}

/// What was chosen of a form's fields, each of them there; what was not is empty.
pub(crate) fn chosen(ask: &Ask, names: &[&str]) -> minijinja::Value {
    let of = |name: &&str| ((*name).to_owned(), ask.get(name).unwrap_or_default().to_owned());
    value(names.iter().map(of).collect::<std::collections::BTreeMap<String, String>>())
}

fn row(dealer: &DealerStanding, reading: &Reading) -> Vec<Cell> {
    let [critical, warning, notice] = dealer.alerts;
    let worst = dealer.worst();
    let counted = [("critical", critical), ("warning", warning), ("notice", notice)]
        .map(|(key, count)| (count > 0).then(|| format!("{} {count}", worded(reading, "severity", key))));
    let told: Vec<String> = counted.into_iter().flatten().collect();
    let told = if told.is_empty() { worded(reading, "dealers", worst_key(worst)) } else { told.join(" · ") };
    vec![
        Cell::link(&*dealer.dealer, format!("/dealers/{}", dealer.dealer)),
        Cell::text(&*dealer.name),
        Cell::text(&*dealer.region_name),
        Cell::text(&*dealer.city),
        Cell::State(tone(worst), told),
        Cell::Money(dealer.net().0),
        Cell::of(dealer.turnover.and_then(|(_, base, bays)| ratio(base, bays)), Cell::Figure),
        Cell::of(ratio(dealer.passed, dealer.passed + dealer.failed), Cell::Share),
        Cell::Text(format!("{}/{}", dealer.certified, dealer.required)),
        Cell::Count(dealer.complaints_open),
        Cell::Count(dealer.complaints_overdue),
    ]
}

/// A dealer's page.
pub(crate) async fn show(entered: Entered, Path(dealer): Path<String>, ask: Ask) -> PageResult {
    let tab = ask.get("tab").and_then(Tab::named).unwrap_or_default();
    let page =
        entered.at_desk(move |desk| dealers::page(desk, &dealer, tab)).await?.ok_or(PageError::NotFound)?;
    let reading = entered.frame().reading();
    let head = || -> Result<minijinja::Value, PageError> {
        Ok(context! {
            head => head(&page.standing, &reading),
            tabs => value(Tab::ALL.map(|it| json!({
                "name": it.name(), "here": it == tab, "to": format!("/dealers/{}?tab={}", page.standing.dealer, it.name()),
            }))),
            tab => tab.name(),
        })
    };
    match tabs::shown(&entered, &page, &reading)? {
        tabs::Drawn::Table(table) => table.answer(&entered, &ask, "dealers/dealer.html", head),
        tabs::Drawn::Parts(parts) => {
            let whole = minijinja::value::merge_maps([parts, head()?]);
            entered.page("dealers/dealer.html", whole)
        }
        tabs::Drawn::Both(table, parts) => table.answer(&entered, &ask, "dealers/dealer.html", || {
            Ok(minijinja::value::merge_maps([parts, head()?]))
        }),
    }
}

fn head(it: &DealerStanding, reading: &Reading) -> minijinja::Value {
    let worst = it.worst();
    let [critical, warning, notice] = it.alerts;
    value(json!({
        "code": it.dealer, "name": it.name, "region": it.region, "region_name": it.region_name,
        "province": it.province, "city": it.city, "opened_on": it.opened_on.to_string(),
        "closed_on": it.closed_on.map(|day| day.to_string()), "is_open": it.is_open,
        "tone": tone(worst), "worst": worded(reading, "dealers", worst_key(worst)),
        "critical": critical, "warning": warning, "notice": notice,
        "penalties": it.penalties.0, "incentives": it.incentives.0, "reversals": it.reversals.0, "net": it.net().0,
        "turnover": it.turnover.and_then(|(_, base, bays)| ratio(base, bays)).map(|it| format!("{it:.1}")),
        "turnover_month": it.turnover.map(|(month, ..)| month.to_string()),
        "base": it.turnover.map(|(_, base, _)| base), "bays": it.turnover.map(|(.., bays)| bays),
        "passed": it.passed, "inspected": it.passed + it.failed, "pass_rate": share_of(it.passed, it.passed + it.failed),
        "certified": it.certified, "required": it.required,
        "complaints_open": it.complaints_open, "complaints_overdue": it.complaints_overdue,
    }))
}
