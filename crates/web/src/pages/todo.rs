//! `/todo`: a dealer's morning: what is to be done until when, what is at risk, what was done today.

use farsight_control::risk::{self, Late, Risk};
use farsight_control::todo::{self, Item, Task, Todo};
use minijinja::{Value, context};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::{pressing, titled};
use crate::views::{Reading, value};

/// The list of a dealer's day. Somebody who works for several chooses one; the first is shown.
pub(crate) async fn show(entered: Entered, ask: Ask) -> PageResult {
    let own = entered.dealers();
    let asked = ask.get("dealer").filter(|asked| own.iter().any(|dealer| dealer == asked));
    let Some(dealer) = asked.or(own.first().map(String::as_str)).map(str::to_owned) else {
        return Err(PageError::NotFound);
    };
    let wanted = dealer.clone();
    let seen =
        entered.at_desk(move |desk| Ok((todo::of_dealer(desk, &wanted)?, risk::of_dealer(desk, &wanted)?)));
    let (todo, risk) = seen.await?;
    let reading = entered.frame().reading();
    let dealers = own.to_vec();
    let (list, risk) = (told(&reading, (&entered, &dealer), &todo)?, told_risk(&reading, &risk));
    entered.page("todo/todo.html", context! { dealer, dealers, list, risk })
}

fn told(reading: &Reading, of: (&Entered, &str), todo: &Todo) -> Result<Value, PageError> {
    let items = todo.items.iter().map(|item| task(reading, of, item)).collect::<Result<Vec<_>, _>>()?;
    let done: Vec<_> = todo
        .done
        .iter()
        .map(|done| json!({ "kind": done.kind, "key": done.key, "at": done.at.0, "to": done_at(&done.kind, &done.key) }))
        .collect();
    let over = todo.items.iter().filter(|item| item.over).count();
    Ok(value(json!({ "items": items, "done": done, "over": over })))
}

fn done_at(kind: &str, key: &str) -> String {
    match kind {
        "support" => "/support".to_owned(),
        "rectification" => format!("/rectifications/{key}"),
        "appeal" => format!("/appeals/{key}"),
        _ => format!("/complaints/{key}"),
    }
}

/// A task: its kind, what it is about, where to do it, until when.
fn task(
    reading: &Reading,
    (entered, dealer): (&Entered, &str),
    item: &Item,
) -> Result<serde_json::Value, PageError> {
    let (kind, what, to, amount) = match &item.task {
        Task::Reply { complaint, .. } => {
            ("reply", complaint.clone(), format!("/complaints/{complaint}"), None)
        }
        Task::Attend { complaint } => ("attend", complaint.clone(), format!("/complaints/{complaint}"), None),
        Task::Submit { complaint, .. } => {
            ("submit", complaint.clone(), format!("/complaints/{complaint}"), None)
        }
        Task::Ask { vin, fault } => ("ask", format!("{vin} · {fault}"), "/support".to_owned(), None),
        Task::Mend { order, title, bay_turnover, .. } => {
            let title = if *bay_turnover {
                reading.say("rectifications.of-bay-turnover", &[("order", order.clone())])?
            } else {
                title.clone()
            };
            ("mend", title, format!("/rectifications/{order}"), None)
        }
        Task::Renew { certificate, kind, person } => {
            ("renew", format!("{person} · {kind} · {certificate}"), "/people".to_owned(), None)
        }
        Task::Contest { entry, clause, title, amount } => {
            let clause = title.as_ref().map_or_else(|| clause.clone(), |title| titled(reading, title));
            ("contest", format!("{clause} · #{entry}"), format!("/entries/{entry}"), Some(amount.0))
        }
        Task::Confirm { period, net, .. } => {
            let month = reading.month(period)?;
            ("confirm", month, format!("/statements/{period}/{dealer}"), Some(net.0))
        }
    };
    let major = matches!(
        &item.task,
        Task::Attend { .. } | Task::Reply { major: true, .. } | Task::Submit { major: true, .. }
    );
    let sent_back = matches!(&item.task, Task::Mend { sent_back: true, .. });
    let changed = matches!(&item.task, Task::Confirm { changed: true, .. });
    Ok(json!({
        "kind": kind, "what": what, "to": to, "amount": amount, "major": major, "sent_back": sent_back, "changed": changed,
        "due": item.due.map(|due| due.0), "over": item.over, "tone": pressing(item.due, entered.now()),
    }))
}

fn told_risk(reading: &Reading, risk: &Risk) -> Value {
    let items: Vec<_> = risk
        .items
        .iter()
        .filter(|item| item.outlook.failures > 0)
        .map(|item| {
            let it = &item.outlook;
            json!({
                "item": it.item, "title": titled(reading, &item.title), "failures": it.failures, "cost": it.dealer.0,
                "clause": item.clause_title.as_ref().map(|title| titled(reading, title)),
                "leaves_on": it.leaves_on.map(|day| day.to_string()), "oldest": it.oldest.map(|day| day.to_string()),
                "tone": if it.failures > 1 { "critical" } else { "warning" },
            })
        })
        .collect();
    let usual =
        risk.items.iter().filter(|item| item.outlook.failures == 0).map(|item| item.outlook.dealer.0).min();
    let repairs: Vec<_> = risk
        .repairs
        .iter()
        .map(|repair| {
            json!({ "vin": repair.owed.vin, "fault": repair.owed.fault, "due": repair.owed.due.0, "cost": repair.dealer.0 })
        })
        .collect();
    let follow_up = risk
        .follow_up
        .map(|it| json!({ "failed_at": it.failed_at.0, "due_on": it.due_on.to_string(), "days": it.days }));
    value(json!({
        "items": items, "usual": usual, "follow_up": follow_up, "repairs": repairs,
        "complaints": risk.complaints.iter().map(|late| told_late(reading, late)).collect::<Vec<_>>(),
    }))
}

fn told_late(reading: &Reading, late: &Late) -> serde_json::Value {
    json!({
        "complaint": late.complaint, "due": late.due.map(|due| due.0), "over": late.over, "cost": late.dealer.0,
        "clause": late.title.as_ref().map_or_else(|| late.clause.to_owned(), |title| titled(reading, title)),
    })
}
