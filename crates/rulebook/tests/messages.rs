//! The shipped message files: both languages say the same things, and have a word for every name in the code.

mod common;

use common::ground_with;
use farsight_rulebook::facts::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Seat;
use farsight_rulebook::subject::is_family;

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(common::messages().differences(), Vec::<String>::new());
}

#[test]
fn every_name_has_its_words() {
    let messages = common::messages();
    let ground = ground_with(&[]);
    let clauses = ground.timeline.versions()[0].policy.clauses();
    let mut keys: Vec<String> =
        clauses.iter().map(|clause| format!("severity.{}", clause.severity.name())).collect();
    keys.extend(farsight_rulebook::checks::CHECKS.iter().map(|check| format!("check.{}", check.name)));
    keys.extend(
        [Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector, Seat::Employee]
            .map(|seat| format!("seat.{}", seat.name())),
    );
    keys.extend(
        ["calculated", "reviewed", "approved", "locked"].map(|status| format!("settlement.{status}")),
    );
    let roles = [Role::RegionDirector, Role::RegionDeputyDirector, Role::DistrictManager, Role::DealerGm];
    keys.extend(roles.map(|role| format!("role.{}", role.name())));
    keys.extend((1..=12).map(|month| format!("month.{month}")));
    for clause in &clauses {
        let own = format!("family.{}", clause.name);
        let shared = format!("family.{}", clause.name.split_once('.').unwrap().0);
        let known = |key: &String| messages.has(Language::Chinese, key);
        let by_family =
            ["reply-late", "close-late", "major-unattended", "gold", "silver", "low", "top", "bottom"];
        let by_family = by_family.iter().any(|name| clause.name.ends_with(name));
        assert!(known(&own) || known(&shared) || by_family, "{own}");
    }
    for language in Language::ALL {
        for key in &keys {
            assert!(messages.has(language, key), "{} {key}", language.tag());
        }
    }
}

/// Every message key that stands in the code as a text is in the files.
#[test]
fn every_key_in_the_code_has_its_words() {
    let messages = common::messages();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = [
        "receipt/charged.rs",
        "messages/voice.rs",
        "checks/spot_check/receipts.rs",
        "checks/complaint/receipts.rs",
        "checks/certification/receipts.rs",
        "checks/bay_turnover/receipts.rs",
        "checks/repeat_repair/receipts.rs",
        "checks/service_clock/receipts.rs",
        "checks/satisfaction/receipts.rs",
        "checks/mystery_shopper.rs",
        "checks/feedback.rs",
        "checks/retention.rs",
        "checks/fault_hotspot.rs",
        "checks/transparency.rs",
        "checks/custom/receipts.rs",
    ];
    let ground = ground_with(&[]);
    let clauses = ground.timeline.versions()[0].policy.clauses();
    // Sections of the message files; a quoted text that begins with one and a dot is a key.
    let sections: std::collections::BTreeSet<&str> = messages
        .keys(Language::English)
        .filter_map(|key| key.split_once('.'))
        .map(|(section, _)| section)
        .collect();
    let mut seen = 0;
    for file in files {
        let code = std::fs::read_to_string(root.join(file)).unwrap();
        for text in code.split('"').skip(1).step_by(2) {
            let is_key = text.split_once('.').is_some_and(|(section, _)| sections.contains(section))
                && !text.contains('{');
            let is_name = is_family(text) || clauses.iter().any(|clause| clause.name == text);
            if is_key && !is_name {
                let known = messages.has(Language::Chinese, text)
                    || messages.has(Language::Chinese, &format!("{text}.other"));
                assert!(known, "{file}: {text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} keys seen");
}
