//! Technical support: what is owed after the second failed repair, until when, and what a request changes.

use farsight_control::support;
use farsight_rulebook::time::Zone;
use farsight_store::support::Filter;

use super::world::{D1, D2, FINANCE, HQ, NORTH, World, code};

const TWICE: &str = "work_order_id | dealer_code | vin | fault_code | created_at | completed_at | fixed
    W-1 | D1 | V1 | F1 | 2026-02-01 09:00 | 2026-02-01 12:00 | false
    W-2 | D1 | V1 | F1 | 2026-03-03 12:00 | 2026-03-03 20:00 | false
    W-3 | D1 | V2 | F1 | 2026-03-03 12:00 | 2026-03-03 20:00 | false
    W-4 | D2 | V4 | F9 | 2026-02-03 12:00 | 2026-02-03 20:00 | false
    W-5 | D2 | V4 | F9 | 2026-02-05 12:00 | 2026-02-05 20:00 | false
    W-6 | D2 | V4 | F9 | 2026-02-06 12:00 | 2026-02-06 20:00 | true";

impl World {
    fn owed(&mut self, who: &str) -> Vec<String> {
        let owed = support::owed(&mut self.desk(who), None).unwrap();
        let due = |at| Zone::shanghai().local(at).strftime("%d %H:%M").to_string();
        owed.iter()
            .map(|owed| format!("{} {}/{} {}", owed.dealer, owed.vin, owed.fault, due(owed.due)))
            .collect()
    }

    fn requests(&mut self, who: &str, resolved: bool) -> u64 {
        let filter = Filter { resolved: Some(resolved), limit: 10, ..Filter::default() };
        support::list(&mut self.desk(who), &filter).unwrap().total
    }
}

#[test]
fn a_request_meets_what_is_owed() {
    let mut world = World::new();
    world.facts("work_orders", TWICE);
    assert_eq!(world.owed(HQ), ["D1 V1/F1 04 20:00"], "once failed, or mended long ago, owes nothing");
    assert_eq!(world.owed(D1).len(), 1);
    assert_eq!(world.owed(NORTH).len(), 1);
    assert!(world.owed(D2).is_empty());
    for (who, dealer, fault, expected) in [
        (FINANCE, "D1", "F1", "support_may_not"),
        (NORTH, "D1", "F1", "support_may_not"),
        (D2, "D1", "F1", "support_no_dealer"),
        (D1, "D1", "no fault", "field_not_a_code"),
        (D1, "D1", "", "field_empty"),
    ] {
        assert_eq!(
            code(support::request(&mut world.desk(who), dealer, "V1", fault)),
            expected,
            "{who} {fault}"
        );
    }
    let id = support::request(&mut world.desk(D1), "D1", " V1 ", "F1").unwrap();
    assert!(world.owed(HQ).is_empty());
    assert_eq!((world.requests(HQ, false), world.requests(D1, false), world.requests(D2, false)), (1, 1, 0));
    assert_eq!(code(support::request(&mut world.desk(D1), "D1", "V1", "F1")), "support_open");
    for (who, expected) in
        [(D2, "not_found"), (FINANCE, "support_may_not"), (D1, "ok"), (HQ, "support_resolved")]
    {
        assert_eq!(code(support::resolve(&mut world.desk(who), &id)), expected, "{who}");
    }
    assert_eq!((world.requests(HQ, false), world.requests(HQ, true)), (0, 1));
    world.now("2026-03-05 10:00");
    world.office.check("2026-03-05T10:00:00+08:00");
    let unreported = |row: &&String| row.starts_with("repeat-repair.unreported") && row.contains("V1/");
    assert_eq!(world.office.findings().keys().filter(unreported).count(), 0);
}

#[test]
fn an_overdue_duty_is_shown_until_it_is_excused() {
    let mut world = World::new();
    world.facts("work_orders", TWICE);
    world.now("2026-03-06 10:00");
    assert_eq!(world.owed(D1), ["D1 V1/F1 04 20:00"]);
    world.facts(
        "rulings",
        "ruling_id | kind | subject | family | decided_at | decided_by
         X-1 | excuse | vin:V1/F1@D1#W-2 | repeat-repair.unreported | 2026-03-05 10:00 | hq",
    );
    assert!(world.owed(D1).is_empty());
}
