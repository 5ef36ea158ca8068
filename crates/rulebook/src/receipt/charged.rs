//! Who is charged, and why them (rulebook 3.7, 4.1).

use super::{Charged, FactRef, Grounds, Sentence, Value};
use crate::case::Case;
use crate::codes::Code;
use crate::facts::{Move, Post, Role};
use crate::finding::{Finding, PartyKind};
use crate::policy::Seat;

/// Everyone a finding charges, those of vacant posts last.
pub(super) fn charged(case: &Case, finding: &Finding) -> Vec<Charged> {
    let posted = finding.charges.iter().map(|charge| Charged {
        seat: charge.seat,
        party: Some((charge.party_kind, case.text(charge.party).to_owned())),
        amount: charge.amount,
        why: why(case, finding, charge.seat, charge.party, charge.party_kind),
    });
    let vacant = finding.vacant.iter().map(|(seat, amount)| Charged {
        seat: *seat,
        party: None,
        amount: *amount,
        why: vec![Sentence::new(
            "charged.vacant",
            [("seat", seat_word(*seat)), ("on", Value::Date(finding.occurred_on))],
        )],
    });
    posted.chain(vacant).collect()
}

/// What the clause charges the seats that this finding charges, as it stands in the version that judged; or that
/// it sets no amount.
pub(super) fn amounts(case: &Case, finding: &Finding, grounds: &mut Grounds) {
    let Some(version) = case.ground.timeline.version(finding.version) else { return };
    let Some(clause) = version.policy.clause(finding.clause) else { return };
    for terms in &clause.charges {
        if terms.amount.is_zero() {
            grounds.say(
                "clause.no-amount",
                [("clause", Value::Title(clause.title.clone())), ("seat", seat_word(terms.seat))],
            );
        } else if finding
            .charges
            .iter()
            .map(|charge| charge.seat)
            .chain(finding.vacant.iter().map(|(seat, _)| *seat))
            .any(|seat| seat == terms.seat)
        {
            grounds.say(
                "clause.amount",
                [
                    ("clause", Value::Title(clause.title.clone())),
                    ("seat", seat_word(terms.seat)),
                    ("charge", Value::Charge(terms.amount)),
                ],
            );
        }
    }
}

/// For a person's charge, the rows that say why them: the post held and, of a director, the dealer's move to the region.
pub(super) fn post(case: &Case, finding: &Finding, seat: Seat, grounds: &mut Grounds) {
    let Some(post) = held(case, finding, seat) else { return };
    let role = FactRef::new(case, post, "post").note("post", Value::word(role_key(post.role)));
    grounds.stand_on(role.note("days", Value::Days(post.from, post.to)));
    if seat == Seat::RegionDirector
        && let Some(step) = last_move(case, finding)
    {
        grounds
            .stand_on(FactRef::new(case, step, "move").note("region", Value::text(case.text(step.region))));
    }
}

/// The dealer's latest move by the finding's date.
fn last_move<'c>(case: &Case<'c>, finding: &Finding) -> Option<&'c Move> {
    let moves = case.facts.moves.iter().filter(|step| step.dealer == finding.dealer);
    moves.filter(|step| step.from <= finding.occurred_on).max_by_key(|step| step.from)
}

fn held<'c>(case: &'c Case, finding: &Finding, seat: Seat) -> Option<&'c Post> {
    let on = finding.occurred_on;
    match seat {
        Seat::DistrictManager => case.org.post(Role::DistrictManager, finding.dealer, on),
        Seat::RegionDirector => {
            let director = case.org.post(Role::RegionDirector, finding.region, on);
            director.or_else(|| case.org.post(Role::RegionDeputyDirector, finding.region, on))
        }
        Seat::Dealer | Seat::Employee => None,
    }
}

fn why(case: &Case, finding: &Finding, seat: Seat, party: Code, kind: PartyKind) -> Vec<Sentence> {
    let dealer = || Value::text(case.text(finding.dealer));
    let person = Value::text(case.text(party));
    let on = Value::Date(finding.occurred_on);
    if kind == PartyKind::Dealer {
        return vec![Sentence::new("charged.dealer", [("dealer", dealer())])];
    }
    let Some(post) = held(case, finding, seat) else { return Vec::new() };
    let days = Value::Days(post.from, post.to);
    let region = || Value::text(case.text(finding.region));
    match post.role {
        Role::DistrictManager => vec![Sentence::new(
            "charged.district-manager",
            [("person", person), ("dealer", dealer()), ("on", on), ("days", days)],
        )],
        Role::RegionDeputyDirector => vec![
            Sentence::new(
                "charged.region-deputy-director",
                [("person", person), ("region", region()), ("on", on), ("days", days)],
            ),
            in_region(case, finding),
        ],
        Role::RegionDirector | Role::DealerGm => vec![
            Sentence::new(
                "charged.region-director",
                [("person", person), ("region", region()), ("on", on), ("days", days)],
            ),
            in_region(case, finding),
        ],
    }
}

/// That the dealer lay in the region on that date, and since when if it moved there.
fn in_region(case: &Case, finding: &Finding) -> Sentence {
    let values = |last| {
        [
            ("dealer", Value::text(case.text(finding.dealer))),
            ("region", Value::text(case.text(finding.region))),
            last,
        ]
    };
    match last_move(case, finding).map(|step| step.from) {
        Some(from) => Sentence::new("charged.region-since", values(("from", Value::Date(from)))),
        None => Sentence::new("charged.region", values(("on", Value::Date(finding.occurred_on)))),
    }
}

fn seat_word(seat: Seat) -> Value {
    Value::Word(format!("seat.{}", seat.name()))
}

fn role_key(role: Role) -> String {
    format!("role.{}", role.name())
}
