//! The same plan gives the same bytes, and windows written one after another add up to the whole.

use std::fs;
use std::io::Read;

use farsight_network::{NetworkError, Plan, Table, Tables, Window, write, write_window};

use crate::reading::{Network, local, plan};

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
    let plan = plan(12, 3, "2026-03-17 11:20:00");
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, seed) in folders.iter().zip([7, 7, 8]) {
        write(&Plan { seed, ..plan.clone() }, folder.path()).unwrap();
    }
    for table in Table::ALL {
        let [one, same, other] =
            folders.each_ref().map(|f| fs::read(f.path().join(format!("{}.csv", table.name()))).unwrap());
        assert_eq!(one, same, "{table:?}");
        let is_same_anywhere = [Table::Regions, Table::DealerRegions].contains(table);
        assert!(one != other || is_same_anywhere, "{table:?}");
    }
}

#[test]
fn the_tables_asked_for_change_no_other_and_gzip_holds_the_same() {
    let all = plan(6, 2, "2026-03-17 11:20:00");
    let core = Plan { tables: Tables::CORE, gzip: true, ..all.clone() };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    write(&all, folders[0].path()).unwrap();
    write(&core, folders[1].path()).unwrap();
    assert_eq!(fs::read_dir(folders[1].path()).unwrap().count(), 17);
    for table in Table::ALL.iter().filter(|t| Tables::CORE.has(**t)) {
        let plain = fs::read(folders[0].path().join(format!("{}.csv", table.name()))).unwrap();
        let packed = fs::File::open(folders[1].path().join(format!("{}.csv.gz", table.name()))).unwrap();
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut unpacked).unwrap();
        assert_eq!(plain, unpacked, "{table:?}");
    }
}

#[test]
fn a_body_and_the_days_after_it_are_the_whole() {
    let plan = plan(24, 7, "2026-03-04 16:45:10");
    let cuts = [
        "2025-09-30 23:59:59",
        "2025-12-20 13:00:00",
        "2026-02-28 23:59:59",
        "2026-03-01 23:59:59",
        "2026-03-02 10:31:17",
        "2026-03-04 16:45:10",
    ];
    let mut parts = vec![Network::of(&plan, Window::up_to(local(cuts[0])))];
    for pair in cuts.windows(2) {
        parts.push(Network::of(&plan, Window::between(local(pair[0]), local(pair[1]))));
    }
    let whole = Network::whole(&plan);
    let mut corrections = 0;
    for table in Table::ALL {
        let mut facts = parts[0].by_key(*table);
        for part in &parts[1..] {
            for (key, row) in part.by_key(*table) {
                let before = facts.insert(key, row.clone());
                corrections += usize::from(before.is_some());
                assert!(
                    before.is_none_or(|b| b != row),
                    "{table:?}: a row again without anything new: {row:?}"
                );
            }
        }
        let expected = whole.by_key(*table);
        assert_eq!(facts.len(), expected.len(), "{table:?}");
        for (key, row) in expected {
            assert_eq!(facts.get(&key), Some(&row), "{table:?}");
        }
    }
    assert!(corrections > 50, "{corrections} rows came again");
}

#[test]
fn a_window_may_go_beyond_the_plans_now() {
    let plan = plan(120, 2, "2026-03-04 23:59:59");
    let next = Network::of(&plan, Window::between(plan.until, local("2026-03-05 23:59:59")));
    let orders = next.rows(Table::WorkOrders);
    let created = |day: &str| orders.iter().filter(|row| row["created_at"].starts_with(day)).count();
    assert!(created("2026-03-05") > 60);
    assert!(created("2026-03-04") > 0, "orders of the day before are completed");
    let is_new = |text: &String| text.as_str() > "2026-03-05";
    let news = ["created_at", "diagnosed_at", "completed_at"];
    assert!(orders.iter().all(|row| news.iter().any(|column| is_new(&row[*column]))));
}

#[test]
fn impossible_plans_are_refused() {
    let good = plan(10, 2, "2026-03-04 12:00:00");
    let folder = tempfile::tempdir().unwrap();
    let code = |plan: &Plan| write(plan, folder.path()).unwrap_err().code();
    assert_eq!(code(&Plan { dealers: 0, ..good.clone() }), "dealers_out_of_bounds");
    assert_eq!(code(&Plan { dealers: 16_001, ..good.clone() }), "dealers_out_of_bounds");
    assert_eq!(code(&Plan { months: 0, ..good.clone() }), "months_out_of_bounds");
    assert_eq!(code(&Plan { until: local("1999-01-01 00:00:00"), ..good.clone() }), "until_out_of_bounds");
    let backwards = Window::between(good.until, local("2026-03-03 12:00:00"));
    assert!(matches!(write_window(&good, backwards, folder.path()), Err(NetworkError::Backwards { .. })));
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    assert_eq!(write(&good, &file).unwrap_err().code(), "not_written");
    assert_eq!(good.first_day().to_string(), "2026-01-01");
}
