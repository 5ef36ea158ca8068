//! How a dealer serves: a card a figure of the latest month, and the months before as a table.

use farsight_control::dealers::{Part, Score, Service, ServiceMonth};
use serde_json::{Value, json};

use crate::table::{Cell, Column, Kind, Table};

/// Which way a figure is to go.
#[derive(Clone, Copy, PartialEq)]
enum Wish {
    /// At least the limit.
    Least,
    /// At most the limit.
    Most,
}

/// A figure of the latest month with the sample behind it and what the policy asks for, all as they are told.
struct Card {
    name: &'static str,
    figure: Option<f64>,
    sample: i64,
    limit: Option<i64>,
    wish: Wish,
    /// A share is shown in percent, a score as it is.
    is_share: bool,
}

impl Card {
    fn share(name: &'static str, part: Option<Part>, limit: Option<i64>, wish: Wish) -> Self {
        let figure = part.map(percent);
        Self { name, figure, sample: part.map_or(0, |part| part.of), limit, wish, is_share: true }
    }

    fn score(name: &'static str, score: Option<Score>, limit: Option<i64>) -> Self {
        let sample = score.map_or(0, |score| score.of);
        Self { name, figure: score.map(mean), sample, limit, wish: Wish::Least, is_share: false }
    }

    fn value(&self) -> Value {
        let unit = if self.is_share { "\u{a0}%" } else { "" };
        let beyond = self.figure.zip(self.limit).is_some_and(|(figure, limit)| match self.wish {
            Wish::Least => figure < limit as f64,
            Wish::Most => figure > limit as f64,
        });
        json!({
            "name": self.name, "figure": self.figure.map(|figure| format!("{figure:.1}{unit}")), "sample": self.sample,
            "limit": self.limit.map(|limit| format!("{limit}{unit}")),
            "wish": if self.wish == Wish::Least { "least" } else { "most" }, "beyond": beyond,
        })
    }
}

fn percent(part: Part) -> f64 {
    part.part as f64 * 100.0 / part.of as f64
}

fn mean(score: Score) -> f64 {
    score.score as f64 / 100.0
}

/// The cards of the latest month that is over.
pub(super) fn cards(service: &Service) -> Value {
    let limits = service.limits;
    let Some(month) = service.months.first() else { return json!([]) };
    let cards = [
        Card::score("satisfaction", month.satisfaction, limits.satisfaction),
        Card::share("prompt", month.prompt, limits.prompt, Wish::Least),
        Card::share("late", month.late, None, Wish::Most),
        Card::share("called", month.called, limits.called, Wish::Least),
        Card::score("mystery", month.mystery, limits.mystery),
        Card::share("feedback-late", month.feedback_late, None, Wish::Most),
        Card::share("unconfirmed", month.unconfirmed, None, Wish::Most),
        Card::share("away", month.away, limits.away, Wish::Most),
    ];
    json!({ "month": month.month.to_string(), "all": cards.iter().map(Card::value).collect::<Vec<_>>() })
}

/// The months, the latest first.
pub(super) fn table(service: &Service) -> Table {
    let columns = vec![
        Column::new("month", Kind::Text).labelled("dealers.period"),
        Column::new("satisfaction", Kind::Share).labelled("dealers.service-satisfaction"),
        Column::new("responses", Kind::Count).labelled("dealers.service-responses"),
        Column::new("prompt", Kind::Share).labelled("dealers.service-prompt"),
        Column::new("late", Kind::Share).labelled("dealers.service-late"),
        Column::new("called", Kind::Share).labelled("dealers.service-called"),
        Column::new("mystery", Kind::Share).labelled("dealers.service-mystery"),
        Column::new("feedback-late", Kind::Share).labelled("dealers.service-feedback-late"),
        Column::new("unconfirmed", Kind::Share).labelled("dealers.service-unconfirmed"),
        Column::new("away", Kind::Share).labelled("dealers.service-away"),
    ];
    let share = |part: Option<Part>| Cell::of(part.map(|part| percent(part) / 100.0), Cell::Share);
    let score = |score: Option<Score>| Cell::of(score.map(mean), Cell::Figure);
    let row = |it: &ServiceMonth| {
        vec![
            Cell::text(it.month.to_string()),
            score(it.satisfaction),
            Cell::Count(it.satisfaction.map_or(0, |score| score.of)),
            share(it.prompt),
            share(it.late),
            share(it.called),
            score(it.mystery),
            share(it.feedback_late),
            share(it.unconfirmed),
            share(it.away),
        ]
    };
    let rows: Vec<_> = service.months.iter().map(row).collect();
    let total = rows.len() as i64;
    Table { name: "dealer-service", columns, rows, total, empty: "dealers.no-service" }
}
