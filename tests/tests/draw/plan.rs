//! The day's plan: visits in the opening hours, stand-ins, reasons, and a person's word on what cannot be seen.

use farsight_control::visits::{self, CameraResult, Concluded, Shot, Subject};
use farsight_control::{cameras, sample};
use farsight_ledger::settlement::Role;
use farsight_store::users::User;
use farsight_store::visits::State;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};
use jiff::civil::Date;

use super::{code, day, draw_at_seven, office};

pub(super) fn shot(office: &Office, flaws: &[&str]) -> Shot {
    Shot {
        taken_at: office.desk.now,
        sha256: "ab".repeat(32),
        bytes: 100_000,
        width: 1280,
        height: 720,
        fingerprint: -7,
        flaws: flaws.iter().map(ToString::to_string).collect(),
    }
}

/// Ends the visit to a dealer of [`super::network`], whose camera has its number.
pub(super) fn end(office: &mut Office, on: Date, dealer: &str, outcome: Result<Shot, String>) -> Concluded {
    let result = CameraResult { camera: dealer.replace('D', "C"), outcome };
    visits::conclude(&mut office.desk, on, dealer, &[result]).unwrap()
}

/// Plans a day and sees these dealers.
pub(super) fn see(office: &mut Office, on: Date, dealers: &[String]) {
    visits::plan(&mut office.desk, &sealer(), on).unwrap();
    for dealer in dealers {
        let fine = Ok(shot(office, &[]));
        assert_eq!(end(office, on, dealer, fine).visit.state, State::Inspectable);
    }
}

/// The camera of a dealer does not answer.
pub(super) fn see_nothing(office: &mut Office, on: Date, dealer: &str) {
    let concluded = end(office, on, dealer, Err("timed out".to_owned()));
    assert_eq!(concluded.visit.state, State::NotVisible);
    assert_eq!(
        (concluded.replacement.is_some(), concluded.reserve_used_up),
        (false, false),
        "follow-ups are not replaced"
    );
}

pub(super) const DAY: &str = "2026-03-05";

/// An office that has drawn the day.
pub(super) fn drawn(tower: &Tower, dealers: usize) -> (Office, Vec<String>, Vec<String>) {
    let mut office = office(tower, dealers, "2026-03-05 07:00");
    let (drawn, _) = draw_at_seven(&mut office, day(DAY)).unwrap().drawn.unwrap();
    (office, drawn.sample, drawn.reserve)
}

#[test]
fn visits_are_due_in_the_opening_hours_at_moments_that_can_be_redone() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    let planned = visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    assert_eq!(planned.iter().map(|visit| visit.dealer.clone()).collect::<Vec<_>>(), sample);
    let (from, to) = (at("2026-03-05 09:00"), at("2026-03-05 17:00"));
    assert!(planned.iter().all(|visit| (from..to).contains(&visit.due_at)));
    let afternoon = planned.iter().filter(|visit| visit.due_at >= at("2026-03-05 13:00")).count();
    assert!((5..26).contains(&afternoon), "{afternoon} of 30 in the afternoon");
    assert_eq!(visits::due(&mut office.desk, day(DAY)).unwrap().len(), 0);
    office.now(at("2026-03-05 13:00"));
    assert_eq!(visits::due(&mut office.desk, day(DAY)).unwrap().len(), 30 - afternoon);
    let again = visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    assert_eq!(again.len(), 30);
    assert!(again.iter().zip(&planned).all(|(a, b)| (&a.dealer, a.due_at) == (&b.dealer, b.due_at)));

    office.now(at("2026-03-06 07:00"));
    sample::reveal(&mut office.desk, &sealer()).unwrap();
    let published = sample::export(&mut office.desk, &sealer(), day(DAY)).unwrap();
    let key = farsight_rulebook::draw::Key::from_hex(&published.key.unwrap()).unwrap();
    for visit in planned {
        let fraction = farsight_rulebook::draw::visit_fraction(key, visit.day, &visit.dealer);
        let seconds = (u128::from(fraction) * (8 * 3600)) >> 64;
        assert_eq!(visit.due_at.0, from.0 + seconds as i64 * 1_000_000);
    }
}

#[test]
fn a_plan_is_made_on_its_day_or_never() {
    let tower = Tower::new();
    let (mut office, ..) = drawn(&tower, 3);
    assert_eq!(code(visits::plan(&mut office.desk, &sealer(), day("2026-03-06"))), "draw_not_made");
    office.now(at("2026-03-06 00:00"));
    assert_eq!(code(visits::plan(&mut office.desk, &sealer(), day(DAY))), "visit_never_planned");
    let standing = visits::standing(&mut office.desk, day(DAY)).unwrap();
    assert!(
        standing
            .verdict
            .contains("ends with 0 inspectable dealers of 30; missing: 30 (the day was never planned; ")
    );
}

/// The day: of 30 cameras 5 do not answer, 3 are black, 2 frozen; the plan ends with 30 dealers to inspect.
#[test]
fn the_plan_ends_with_as_many_as_wanted() {
    let tower = Tower::new();
    let (mut office, sample, reserve) = drawn(&tower, 70);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    office.now(at("2026-03-05 12:00"));
    let mut stand_ins = Vec::new();
    for (place, dealer) in sample.iter().enumerate() {
        let outcome = match place {
            0..5 => Err("timed out after 10 s".to_owned()),
            5..8 => Ok(shot(&office, &["black"])),
            8..10 => Ok(shot(&office, &["frozen"])),
            _ => Ok(shot(&office, &[])),
        };
        let concluded = end(&mut office, day(DAY), dealer, outcome.clone());
        let again = end(&mut office, day(DAY), dealer, outcome);
        assert_eq!(
            (again.pictures.len(), again.replacement.is_some()),
            (0, false),
            "ended twice is ended once"
        );
        if let Some(stand_in) = concluded.replacement {
            assert_eq!(stand_in.stands_for.as_ref(), Some(dealer));
            assert_eq!(stand_in.due_at, office.desk.now);
            stand_ins.push(stand_in.dealer);
        }
    }
    assert_eq!(stand_ins, reserve[..10]);
    let standing = visits::standing(&mut office.desk, day(DAY)).unwrap();
    assert_eq!(
        (standing.inspectable, standing.not_visible, standing.waiting, standing.missing),
        (20, 10, 10, 0)
    );
    let due = visits::due(&mut office.desk, day(DAY)).unwrap();
    assert_eq!(due.iter().map(|visit| visit.dealer.clone()).collect::<Vec<_>>(), stand_ins);
    for dealer in &stand_ins {
        let fine = Ok(shot(&office, &[]));
        end(&mut office, day(DAY), dealer, fine);
    }
    let standing = visits::standing(&mut office.desk, day(DAY)).unwrap();
    assert_eq!((standing.inspectable, standing.missing, standing.reserve_left), (30, 0, 20));
    assert_eq!(standing.verdict, "the plan of 2026-03-05 ends with 30 inspectable dealers of 30");
}

#[test]
fn when_the_reserve_is_used_up_the_plan_says_so() {
    let tower = Tower::new();
    let (mut office, sample, reserve) = drawn(&tower, 32);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    let mut told = Vec::new();
    for dealer in sample[..2].iter().chain(&reserve).chain(&sample[2..3]) {
        let concluded = end(&mut office, day(DAY), dealer, Err("refused".to_owned()));
        told.push((concluded.replacement.map(|visit| visit.dealer), concluded.reserve_used_up));
    }
    let expected = [
        (Some(reserve[0].clone()), false),
        (Some(reserve[1].clone()), false),
        (None, true),
        (None, true),
        (None, true),
    ];
    assert_eq!(told, expected);
    for dealer in &sample[4..] {
        let fine = Ok(shot(&office, &[]));
        end(&mut office, day(DAY), dealer, fine);
    }
    let verdict = |office: &mut Office| visits::standing(&mut office.desk, day(DAY)).unwrap().verdict;
    assert_eq!(
        verdict(&mut office),
        "the plan of 2026-03-05 stands with 26 inspectable dealers of 30; still to be visited: 1; missing: 3 \
         (not visible: 5, and the reserve list is used up)"
    );
    office.now(at("2026-03-06 00:00"));
    assert_eq!(
        verdict(&mut office),
        "the plan of 2026-03-05 ends with 26 inspectable dealers of 30; missing: 4 \
         (not visited before the day was over: 1; not visible: 5, and the reserve list is used up)"
    );
}

#[test]
fn a_visit_begins_with_cameras_and_passwords() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 3);
    let dealer = &sample[0];
    let camera = dealer.replace('D', "C");
    let set = |office: &mut Office, camera: &str, user: &str, password: &str| {
        cameras::set_credentials(&mut office.desk, &sealer(), camera, user, password)
    };
    for (camera, user, password) in
        [("C9", "u", "p"), (&*camera, "", "p"), (&camera, "a:b", "p"), (&camera, "u", "")]
    {
        assert_eq!(code(set(&mut office, camera, user, password)), "usage");
    }
    set(&mut office, &camera, "viewer", "wrong at first").unwrap();
    set(&mut office, &camera, "viewer", "väry secret").unwrap();
    let stored =
        "SELECT concat(camera_states::text, encode(sealed_secret, 'escape')) AS value FROM camera_states";
    assert!(!texts(&mut tower.sql(), stored)[0].contains("secret"));
    assert!(
        !texts(&mut tower.sql(), "SELECT string_agg(detail, ' ') AS value FROM audit_log")[0]
            .contains("secret")
    );

    assert_eq!(code(visits::begin(&mut office.desk, &sealer(), day(DAY), dealer)), "visit_unknown");
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    office.import_folder(&Folder::of(&[sheet(
        "cameras",
        &format!(
            "camera_code | dealer_code | snapshot_url | working\nA1 | {dealer} | http://a/ | true\nA2 | {dealer} | http://b/ | false"
        ),
    )]));
    for attempt in 1..3 {
        let begun = visits::begin(&mut office.desk, &sealer(), day(DAY), dealer).unwrap();
        assert_eq!(begun.visit.attempts, attempt);
        assert_eq!(begun.cameras.iter().map(|c| &*c.code).collect::<Vec<_>>(), ["A1", &camera]);
        assert_eq!(begun.cameras[0].sign_in, None);
        let sign_in = begun.cameras[1].sign_in.clone().unwrap();
        assert_eq!((&*sign_in.user, &*sign_in.password), ("viewer", "väry secret"));
        assert!(!format!("{begun:?}").contains("secret"));
    }
    let none = visits::conclude(&mut office.desk, day(DAY), dealer, &[]).unwrap();
    assert_eq!(none.visit.reason.as_deref(), Some("no working camera is left"));
    assert_eq!(code(visits::begin(&mut office.desk, &sealer(), day(DAY), dealer)), "visit_over");
}

#[test]
fn a_camera_that_stays_away_is_told_once_and_once_when_it_is_back() {
    let tower = Tower::new();
    let mut office = office(&tower, 1, "2026-03-01 07:00");
    let mut told = Vec::new();
    for (number, answers) in (1..).zip([false, false, false, false, true]) {
        let on = day(&format!("2026-03-{number:02}"));
        draw_at_seven(&mut office, on).unwrap();
        visits::plan(&mut office.desk, &sealer(), on).unwrap();
        let outcome = if answers { Ok(shot(&office, &["black"])) } else { Err("timed out".to_owned()) };
        let concluded = end(&mut office, on, "D000", outcome);
        told.push((concluded.away.len(), concluded.back.len()));
    }
    assert_eq!(told, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 1)]);
    assert_eq!(cameras::away(&mut office.desk).unwrap(), []);
    assert_eq!(visits::to_confirm(&mut office.desk).unwrap().len(), 1);
    office.now(at("2026-03-05 08:00"));
    let latest = visits::latest_picture(&mut office.desk, "C000").unwrap().unwrap();
    assert_eq!((latest.shot.flaws, latest.shot.fingerprint), (vec!["black".to_owned()], -7));
}

fn words(office: &mut Office) {
    office.user("desk@oem", Role::CallCentre);
    office.user("dealer@d", Role::Finance);
    let north = User {
        email: "north@oem".to_owned(),
        role: Role::RegionalManager,
        regions: vec!["R1".to_owned()],
        dealers: Vec::new(),
    };
    farsight_control::users::add(&mut office.desk, &north).unwrap();
    office.import_folder(&Folder::of(&[sheet("regions", "region_code | name\nR2 | South")]));
    let south = User { email: "south@oem".to_owned(), regions: vec!["R2".to_owned()], ..north };
    farsight_control::users::add(&mut office.desk, &south).unwrap();
}

#[test]
fn a_confirmed_look_that_saw_nothing_becomes_facts_and_findings() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    words(&mut office);
    office.now(at("2026-03-05 12:00"));
    let black = Ok(shot(&office, &["black"]));
    let picture = end(&mut office, day(DAY), &sample[0], black).pictures[0];
    end(&mut office, day(DAY), &sample[1], Err("timed out".to_owned()));
    let (first, second) = (Subject::Picture(picture), Subject::Visit { day: day(DAY), dealer: &sample[1] });
    for by in ["dealer@d", "south@oem", "nobody@oem"] {
        assert_eq!(code(visits::confirm(&mut office.desk, first, by, true)), "visit_may_not", "{by}");
    }
    assert_eq!(code(visits::confirm(&mut office.desk, second, "desk@oem", false)), "visit_no_pictures");
    let decided = visits::confirm(&mut office.desk, first, "North@oem", true).unwrap();
    assert_eq!((decided.facts, decided.visit.state), (12, State::NotVisible));
    assert_eq!(decided.inspection.unwrap(), format!("visit-2026-03-05-{}", sample[0]));
    assert_eq!(visits::confirm(&mut office.desk, second, "desk@oem", true).unwrap().facts, 12);
    // Said again it is said once; the contrary is refused.
    for subject in [first, second, Subject::Visit { day: day(DAY), dealer: &sample[0] }] {
        assert_eq!(visits::confirm(&mut office.desk, subject, "desk@oem", true).unwrap().facts, 0);
        assert_eq!(code(visits::confirm(&mut office.desk, subject, "desk@oem", false)), "visit_decided");
    }
    let source = "SELECT count(*) FROM imports WHERE source = 'inspection desk' AND imported_by IN ('north@oem', 'desk@oem') AND added = 12";
    assert_eq!(number(&mut tower.sql(), source), 2);
    office.check("2026-03-05T12:00:00+08:00");
    let findings = office.findings();
    assert_eq!(findings.len(), 24);
    assert!(
        findings.keys().all(|row| row.starts_with("spot-check.not-visible,inspection:visit-2026-03-05-")),
        "{findings:?}"
    );
    assert_eq!(office.net().len(), 0, "never a failure");
    office.audit_links();
}

#[test]
fn a_dismissed_one_is_inspectable_after_all() {
    let tower = Tower::new();
    let (mut office, sample, _) = drawn(&tower, 70);
    visits::plan(&mut office.desk, &sealer(), day(DAY)).unwrap();
    words(&mut office);
    let results: Vec<CameraResult> = ["blurred", "black"]
        .map(|flaw| CameraResult { camera: format!("X-{flaw}"), outcome: Ok(shot(&office, &[flaw])) })
        .to_vec();
    let pictures = visits::conclude(&mut office.desk, day(DAY), &sample[0], &results).unwrap().pictures;
    let black = visits::confirm(&mut office.desk, Subject::Picture(pictures[1]), "desk@oem", true).unwrap();
    assert_eq!((black.facts, black.inspection), (0, None), "the other picture is still in doubt");
    let blurred =
        visits::confirm(&mut office.desk, Subject::Picture(pictures[0]), "desk@oem", false).unwrap();
    assert_eq!(
        (blurred.visit.state, blurred.visit.inspectable_cameras, blurred.facts),
        (State::Inspectable, 1, 0)
    );
    assert_eq!(
        code(visits::confirm(&mut office.desk, Subject::Picture(99), "desk@oem", true)),
        "picture_unknown"
    );
    let fine = Ok(shot(&office, &[]));
    let fine = end(&mut office, day(DAY), &sample[1], fine).pictures[0];
    assert_eq!(
        code(visits::confirm(&mut office.desk, Subject::Picture(fine), "desk@oem", true)),
        "visit_nothing_to_decide"
    );
    let visit = Subject::Visit { day: day(DAY), dealer: &sample[1] };
    assert_eq!(code(visits::confirm(&mut office.desk, visit, "desk@oem", true)), "visit_nothing_to_decide");
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) FROM inspections"), 0);
}
