//! Webhooks that fail, stall and lie, and programs that are killed: nothing is lost, nothing is endless.

use farsight_control::telling;
use farsight_courier::TRIES;
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{HOUR, Instant, MINUTE};
use farsight_tests::office::at;

use crate::receivers::{Answer, Http, Mailbox};
use crate::world::{KEY, World, courier};

/// When the alert is there and told.
const START: &str = "2026-03-10 09:00";

fn world(receiver: &Http) -> World {
    let mut world = World::new();
    world.channel("hook", "webhook", &[&receiver.url("/in"), KEY]);
    world.complaint("C-1", "D1");
    world.check(START);
    assert_eq!(world.fan_out(START).deliveries, 1);
    world
}

impl World {
    fn next_due(&mut self) -> Option<Instant> {
        let next = "SELECT (extract(epoch FROM next_at) * 1000000)::bigint::text AS value FROM deliveries WHERE state IN ('due', 'sending')";
        self.texts(next).first().map(|micros| Instant(micros.parse().unwrap()))
    }

    fn states(&mut self) -> Vec<String> {
        self.texts("SELECT concat_ws(' ', state, tries) AS value FROM deliveries ORDER BY made_at")
    }
}

#[tokio::test]
async fn whatever_a_receiver_does_nothing_is_lost_and_nothing_is_endless() {
    let receiver = Http::start().await;
    receiver.answer_with(
        &[Answer::Status(503), Answer::Never, Answer::CutShort, Answer::Status(429)],
        Answer::Status(500),
    );
    let courier = courier(None);
    let mut world = world(&receiver);
    let mut now = at(START);
    let mut moments = Vec::new();
    while let Some(next) = world.next_due() {
        assert_eq!(world.send(&courier, Instant(next.0 - 1)).await, 0, "not before its time");
        assert_eq!(world.send(&courier, next).await, 1);
        moments.push(next.0 - now.0);
        now = next;
        if receiver.requests().len() > 30 {
            break;
        }
    }
    assert_eq!(receiver.requests().len(), TRIES as usize, "after {moments:?}");
    assert_eq!(world.states(), [format!("gave-up {TRIES}")]);
    assert!((3 * 24 * HOUR..5 * 24 * HOUR).contains(&moments.iter().sum::<i64>()), "{moments:?}");
    for day in 1..30 {
        assert_eq!(world.send(&courier, Instant(now.0 + day * 24 * HOUR)).await, 0, "it is over");
    }
    given_up_is_delivered_again_under_its_number(&mut world, &receiver).await;
}

async fn given_up_is_delivered_again_under_its_number(world: &mut World, receiver: &Http) {
    let courier = courier(None);
    let later = at("2026-05-01 09:00");
    world.office.now(later);
    let listed = telling::undelivered(&mut world.office.desk, 10).unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].last_error.as_ref().unwrap().contains("500"), "{:?}", listed[0].last_error);
    let ids = vec![listed[0].id.clone()];
    receiver.answer_with(&[], Answer::Well);
    assert_eq!(telling::deliver_again(&mut world.office.desk, Some(&ids)).unwrap(), ids);
    assert_eq!(world.send(&courier, later).await, 1);
    assert_eq!(world.states(), [format!("delivered {}", TRIES + 1)]);
    assert!(telling::undelivered(&mut world.office.desk, 10).unwrap().is_empty());
    let sent: std::collections::BTreeSet<String> = receiver.requests().into_iter().map(|it| it.id).collect();
    assert_eq!(sent.into_iter().collect::<Vec<_>>(), ids, "one number in all tries");
    let refused = telling::deliver_again(&mut world.office.desk, Some(&ids)).unwrap_err();
    assert_eq!(refused.code(), "delivery_not_found");
}

#[tokio::test]
async fn killed_between_sending_and_writing_it_down_it_goes_out_again_under_its_number() {
    let receiver = Http::start().await;
    let courier = courier(None);
    let mut world = world(&receiver);
    let now = at(START);
    let lost = world.due(&courier, now);
    let outcome = lost[0].send(&courier, now).await;
    assert_eq!(outcome.code(), "delivered");
    // Here the program is killed. While the try could still be under way nobody else takes it.
    assert!(world.due(&courier, Instant(now.0 + MINUTE)).is_empty());
    let after = Instant(now.0 + 2 * MINUTE);
    let again = world.due(&courier, after);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].what.id, lost[0].what.id);
    again[0].send(&courier, after).await;
    let ids: Vec<String> = receiver.requests().into_iter().map(|it| it.id).collect();
    assert_eq!(ids, [lost[0].what.id.clone(), lost[0].what.id.clone()], "the receiver can drop the repeat");
    assert!(!world.record(&lost[0], &outcome), "who was thought dead does not say what became of it");
    assert!(world.record(&again[0], &outcome));
    assert_eq!(world.states(), ["delivered 2"]);
}

#[tokio::test]
async fn what_kills_every_program_that_sends_it_is_given_up() {
    let receiver = Http::start().await;
    let courier = courier(None);
    let mut world = world(&receiver);
    let mut now = at(START);
    for _ in 0..TRIES {
        assert_eq!(world.due(&courier, now).len(), 1);
        now = Instant(now.0 + 3 * MINUTE);
    }
    assert!(world.due(&courier, now).is_empty());
    assert_eq!(world.states(), [format!("gave-up {TRIES}")]);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more() {
    let receiver = Http::start().await;
    receiver.answer_with(&[], Answer::Status(410));
    let courier = courier(None);
    let mut world = world(&receiver);
    assert_eq!(world.send(&courier, at(START)).await, 1);
    let listed = telling::list(&mut world.office.desk).unwrap();
    assert!(listed[0].disabled_why.as_ref().unwrap().contains("410"), "{listed:?}");
    world.complaint("C-2", "D1");
    world.check("2026-03-10 10:00");
    assert_eq!(world.fan_out("2026-03-10 10:00").deliveries, 0);
    // Added anew it is told again, what was given up included.
    receiver.answer_with(&[], Answer::Well);
    world.channel("hook", "webhook", &[&receiver.url("/new"), KEY]);
    telling::deliver_again(&mut world.office.desk, None).unwrap();
    assert_eq!(world.send(&courier, at("2026-03-10 11:00")).await, 1);
    assert_eq!(world.states(), ["delivered 2"]);
}

#[tokio::test]
async fn a_person_gets_mail() {
    let (mailbox, port) = Mailbox::start().await;
    let courier = courier(Some(port));
    let mut world = World::new();
    world.user("d1@dealer.example", Role::Dealer, &[], &["D1"]);
    world.complaint("C-1", "D1");
    world.check(START);
    world.fan_out(START);
    assert_eq!(world.send(&courier, at(START)).await, 1);
    let id = world.texts("SELECT delivery_id::text AS value FROM deliveries");
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains(&format!("<{}@maker.example>", id[0])), "{}", mails[0]);
    assert!(mails[0].contains("d1@dealer.example"));
    assert_eq!(world.states(), ["delivered 1"]);
}

#[tokio::test]
async fn a_channel_is_tried_and_removed_and_its_secrets_stay_in() {
    let receiver = Http::start().await;
    let courier = courier(None);
    let mut world = world(&receiver);
    let id = telling::test(&mut world.office.desk, "hook", farsight_rulebook::messages::Language::English)
        .unwrap();
    let sealer = farsight_tests::office::sealer();
    let claim = telling::take(&mut world.office.desk, &sealer, &courier, &id).unwrap().unwrap();
    let outcome = claim.send(&courier, at(START)).await;
    assert!(world.record(&claim, &outcome));
    assert_eq!(receiver.requests()[0].body["type"], "channel.test");
    assert_eq!(telling::remove(&mut world.office.desk, "hook").unwrap(), 1);
    assert_eq!(telling::remove(&mut world.office.desk, "hook").unwrap_err().code(), "channel_not_found");
    assert_eq!(world.send(&courier, at("2026-03-11 09:00")).await, 0);
    let audited = world
        .texts("SELECT action || detail AS value FROM audit_log WHERE subject LIKE '%hook%' ORDER BY seq");
    assert_eq!(audited.len(), 4, "{audited:?}");
    assert!(!audited.concat().contains("whsec_") && !audited.concat().contains("127.0.0.1"), "{audited:?}");
}
