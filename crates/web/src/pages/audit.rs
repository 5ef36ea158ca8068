//! `/audit`: the log of what was decided, as a chain that can be walked.

use farsight_control::audit;
use farsight_store::audit::Which;
use minijinja::context;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::PageResult;
use crate::table::{Cell, Column, Kind, Table};

/// The links, the latest first.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let asked = ask.clone();
    let (links, total) = entered
        .at_desk(move |desk| {
            let which = Which {
                actor: asked.get("actor"),
                action: asked.get("action"),
                subject: asked.get("subject"),
            };
            audit::list(desk, which, asked.limit(), asked.offset())
        })
        .await?;
    let rows: Vec<Vec<Cell>> = links
        .into_iter()
        .map(|link| {
            vec![
                Cell::Count(link.seq),
                Cell::Instant(farsight_rulebook::time::Instant(link.at)),
                Cell::text(link.actor),
                Cell::text(link.action),
                Cell::text(link.subject),
                Cell::text(if link.detail == "{}" { String::new() } else { link.detail }),
                Cell::text(link.hash.chars().take(12).collect::<String>()),
            ]
        })
        .collect();
    let table = Table {
        name: "audit",
        columns: vec![
            Column::new("seq", Kind::Count).labelled("audit.seq"),
            Column::new("at", Kind::Instant).labelled("audit.at"),
            Column::new("actor", Kind::Text).labelled("audit.actor"),
            Column::new("action", Kind::Text).labelled("audit.action"),
            Column::new("subject", Kind::Text).labelled("audit.subject"),
            Column::new("detail", Kind::Text).labelled("audit.detail"),
            Column::new("hash", Kind::Text).labelled("audit.hash"),
        ],
        rows,
        total,
        empty: "audit.empty",
    };
    table.answer(&entered, &ask, "audit/audit.html", || Ok(context! {}))
}

/// Walks the chain from its first link to its head.
pub(crate) async fn verify(entered: Entered) -> PageResult {
    let walk = entered.at_desk(audit::verify).await?;
    let (broken, why) = walk.broken.map_or((None, ""), |(seq, why)| (Some(seq), why));
    entered.page("audit/verified.html", context! { links => walk.links, head => walk.head, broken, why })
}
