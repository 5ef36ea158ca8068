//! A discretionary penalty takes two persons.

use farsight_control::penalties;
use farsight_rulebook::money::Money;

use super::world::{World, no};

const NOW: &str = "2025-02-20T09:00:00+08:00";
const SIX_THOUSAND: Money = Money(600_000);

#[test]
fn one_drafts_and_another_approves() {
    let mut world = World::new(NOW);
    world.check(NOW);
    for (complaint, by, amount, code) in [
        ("C-1", "one@d1", 600_000, "penalty_may_not"),
        ("C-9", "north@oem", 600_000, "penalty_no_complaint"),
        ("C-2", "north@oem", 600_000, "penalty_no_complaint"),
        ("C-1", "north@oem", 499_999, "penalty_amount"),
        ("C-1", "north@oem", 2_000_001, "penalty_amount"),
    ] {
        no(penalties::draft(world.by(by), complaint, Money(amount), "Nobody called."), code);
    }
    no(penalties::draft(world.by("north@oem"), "C-1", SIX_THOUSAND, ""), "case_text_empty");
    let draft = penalties::draft(world.by("north@oem"), "C-1", SIX_THOUSAND, "Nobody called.").unwrap();
    no(penalties::draft(world.by("hq@oem"), "C-1", SIX_THOUSAND, "Again."), "penalty_drafted");
    no(penalties::decide(world.by("north@oem"), draft, true, "Yes."), "penalty_own_draft");
    no(penalties::decide(world.by("south@oem"), draft, true, "Yes."), "not_found");
    no(penalties::one(world.by("one@d1"), draft).map(|one| one.may_withdraw), "not_found");
    no(penalties::withdraw(world.by("hq@oem"), draft), "penalty_not_own");
    penalties::decide(world.by("hq@oem"), draft, true, "Agreed.").unwrap();
    no(penalties::decide(world.by("hq@oem"), draft, false, "No."), "penalty_over");
    let sum = world.check("2025-02-20T09:05:00+08:00");
    assert_eq!((sum.posted, sum.reversed), (1, 0));
    assert_eq!(world.number("SELECT amount FROM entries WHERE clause = 'complaint.mishandled'"), -600_000);
    world.office.audit_links();
}
