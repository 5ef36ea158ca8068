//! `/search`: dealers and people by code or name, complaints, inspections and entries by their id.

use farsight_control::search;
use farsight_ledger::settlement::Role;
use farsight_store::search::Hit;
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::PageResult;
use crate::views::value;

/// What was found.
pub(crate) async fn show(entered: Entered, ask: Ask) -> PageResult {
    let text = ask.get("q").unwrap_or_default().to_owned();
    let sought = text.clone();
    let hits = entered.at_desk(move |desk| search::search(desk, &sought)).await?;
    let groups: Vec<_> = hits
        .chunk_by(|a, b| a.kind == b.kind)
        .map(|group| {
            let rows: Vec<_> = group
                .iter()
                .map(|hit| json!({ "id": hit.id, "name": hit.name, "dealer": hit.dealer, "to": to(entered.role(), hit) }))
                .collect();
            json!({ "kind": group[0].kind, "rows": rows })
        })
        .collect();
    entered.page("search/search.html", context! { text, groups => value(groups) })
}

/// Where a hit leads for a role; none: the role has no such page.
fn to(role: Role, hit: &Hit) -> Option<String> {
    let leads = matches!(role, Role::RegionalManager | Role::Hq | Role::Dealer);
    match hit.kind.as_str() {
        "dealer" if leads => Some(format!("/dealers/{}", hit.id)),
        "complaint" if leads || role == Role::CallCentre => Some(format!("/complaints/{}", hit.id)),
        "inspection" if leads => Some(format!("/inspections/{}", hit.id)),
        "entry" if leads || role == Role::Finance => Some(format!("/entries/{}", hit.id)),
        "person" if leads => Some(format!("/dealers/{}?tab=people", hit.dealer)),
        _ => None,
    }
}
