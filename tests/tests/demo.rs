//! The demonstration has something on every screen of finance: statements and appeals in each state, drafts decided and
//! waiting; and the same seed makes the same of them.

use farsight_control::demo::{self, Wish};
use farsight_tests::Tower;
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::texts;

const NOW: &str = "2026-11-20T09:30:00+08:00";

/// States of statements, appeals and drafts, and what they are about.
const CASES: &str = "SELECT value FROM (
    SELECT 'statement ' || answer || CASE WHEN reply IS NULL THEN '' ELSE ' replied' END || ' ' || period || ' ' || entry_id FROM statement_answers
    UNION ALL SELECT 'appeal ' || state || ' ' || entry_id FROM appeals
    UNION ALL SELECT 'draft ' || state || ' ' || complaint_id FROM penalty_drafts) AS cases (value) ORDER BY 1";

fn made() -> Vec<String> {
    let (tower, scratch) = (Tower::new(), tempfile::tempdir().unwrap());
    let wish = Wish { dealers: 12, months: 6, seed: 1 };
    let shown = demo::demo(&tower.database, wish, scratch.path(), &sealer(), "test", at(NOW)).unwrap();
    assert!(shown.made);
    texts(&mut tower.sql(), CASES)
}

#[test]
fn every_screen_of_finance_has_rows_and_the_seed_says_which() {
    let cases = made();
    for state in [
        "statement disputed 2",
        "statement disputed replied",
        "statement confirmed",
        "appeal open",
        "appeal rejected",
        "appeal upheld",
        "draft approved",
        "draft open",
    ] {
        assert!(cases.iter().any(|case| case.starts_with(state)), "no {state} in {cases:#?}");
    }
    assert_eq!(made(), cases);
}
