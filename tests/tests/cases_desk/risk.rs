//! Money at risk, and the day's list.

use farsight_control::todo::Task;
use farsight_control::{risk, todo};
use jiff::civil::date;

use super::world::{World, no};

const NOW: &str = "2025-02-12T12:00:00+08:00";

#[test]
fn the_next_failure_costs_what_the_check_says() {
    let mut world = World::new(NOW);
    world.check(NOW);
    let risk = risk::of_dealer(world.by("one@d1"), "D1").unwrap();
    let first = &risk.items[0];
    assert_eq!((first.outlook.item.as_str(), first.outlook.failures), ("item-01", 2));
    assert_eq!((first.outlook.clause, first.outlook.dealer.0), ("spot-check.third", -1_000_000));
    assert_eq!(
        (first.outlook.oldest, first.outlook.leaves_on),
        (Some(date(2025, 1, 10)), Some(date(2026, 1, 10)))
    );
    assert_eq!((risk.items.len(), risk.items[1].outlook.dealer.0), (12, -50_000));
    let follow_up = risk.follow_up.unwrap();
    assert_eq!((follow_up.due_on, follow_up.days), (date(2025, 2, 28), 16));
    let late: Vec<_> = risk.complaints.iter().map(|late| (late.clause, late.over)).collect();
    assert_eq!(late, [("complaint.reply-late", false), ("complaint.close-late", false)]);
    assert_eq!(world.number("SELECT count(*) FROM entries"), 3, "nothing imagined was posted");
    no(risk::of_dealer(world.by("one@d1"), "D2").map(|risk| risk.items.len()), "not_found");
}

#[test]
fn the_most_urgent_comes_first() {
    let mut world = World::new(NOW);
    world.check(NOW);
    let todo = todo::of_dealer(world.by("one@d1"), "D1").unwrap();
    let tasks: Vec<&str> = todo
        .items
        .iter()
        .map(|item| match &item.task {
            Task::Reply { .. } => "reply",
            Task::Submit { .. } => "submit",
            Task::Contest { .. } => "contest",
            _ => "other",
        })
        .collect();
    assert_eq!(tasks, ["reply", "submit", "contest", "contest"]);
    assert!(todo.items.is_sorted_by_key(|item| item.due) && todo.done.is_empty());
    no(todo::of_dealer(world.by("two@d2"), "D1").map(|todo| todo.items.len()), "not_found");
}
