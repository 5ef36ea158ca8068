//! Two manufacturers in one database: nothing of one is seen, made or changed by the other, table by table as the
//! schema itself names them, through the program's sessions and by plain SQL under its role.

use diesel::pg::PgConnection;
use farsight_control::export::Report;
use farsight_control::visits::{self, CameraResult, Shot};
use farsight_control::{cameras, figures, sample};
use farsight_rulebook::tables::{Column, Kind, Refers, TABLES, Table};
use farsight_store::evidence::{self, Content, Handing, Source};
use farsight_store::session::Isolation;
use farsight_store::slots;
use farsight_tests::books::{self, Rows};
use farsight_tests::office::sealer;
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{connect, number, refused, run, texts};
use farsight_tests::{Office, Tower};

/// Two tenants with the same facts and books; every table has rows of both.
struct Two {
    tower: Tower,
    a: Office,
    b: Office,
}

fn two() -> Two {
    let tower = Tower::new();
    let mut offices = ["a", "b"].map(|code| Office::new(&tower, code, "example-2026"));
    for office in &mut offices {
        office.import_folder(&Folder::of(&one_of_each()));
        office.finance(&["anna@oem", "bo@oem"]);
        office.import_folder(&Folder::of(&[dealer("D-1"), failures("D-1")]));
        office.check("2026-02-01T00:00:00+08:00");
        office.lock("2025-01", "2026-02-01T00:00:00+08:00");
        visit_a_dealer(office);
        work_and_tell(&tower, office);
        // What the next check has yet to see.
        office.import_folder(&Folder::of(&[dealer("D-2")]));
    }
    let [a, b] = offices;
    Two { tower, a, b }
}

/// One row for each fact table there is, whatever its columns.
fn one_of_each() -> Vec<Sheet> {
    let one = |table: &Table| Sheet {
        table: table.name.to_owned(),
        columns: table.columns.iter().map(|column| column.name.to_owned()).collect(),
        rows: vec![table.columns.iter().map(|column| value(table, column)).collect()],
    };
    TABLES.iter().map(one).collect()
}

fn value(table: &Table, column: &Column) -> String {
    let text = match (column.kind, column.refers) {
        (Kind::Code, Some(Refers::To("complaints"))) => "complaints-1",
        (Kind::Code, Some(Refers::To("work_orders"))) => "work_orders-1",
        (Kind::Code, Some(Refers::To("people"))) => "people-1",
        (Kind::Code, Some(Refers::To("dealers"))) => "dealers-1",
        (Kind::Code, Some(Refers::To("regions") | Refers::PostScope)) => "regions-1",
        (Kind::Code, None) if column.name == "family" => "complaint.attitude",
        (Kind::Code, _) => return format!("{}-1", table.name),
        (Kind::Choice(words), _) => words[0],
        (Kind::Subject, _) => "complaint:complaints-1",
        (Kind::Url, _) => "https://cameras.example.com/1",
        (Kind::Date, _) => "2025-01-10",
        (Kind::Month, _) => "2025-01",
        (Kind::Instant, _) => "2025-01-10 10:00",
        (Kind::Flag, _) => "true",
        (Kind::Text { .. }, _) => "some text",
        _ => "7",
    };
    text.to_owned()
}

fn dealer(code: &str) -> Sheet {
    sheet(
        "dealers",
        &format!("dealer_code | name | region_code | opened_on\n{code} | Centre | regions-1 | 2020-01-01"),
    )
}

/// A draw, a plan, a visit and its picture.
fn visit_a_dealer(office: &mut Office) {
    let camera = "camera_code | dealer_code | snapshot_url\nC-1 | D-1 | https://cameras.example.com/c-1";
    office.import_folder(&Folder::of(&[sheet("cameras", camera)]));
    let day = jiff::civil::date(2030, 1, 1);
    sample::make(&mut office.desk, &sealer(), day).unwrap();
    visits::plan(&mut office.desk, &sealer(), day).unwrap();
    let shot = Shot {
        taken_at: office.desk.now,
        sha256: "00".repeat(32),
        bytes: 1,
        width: 1,
        height: 1,
        fingerprint: 0,
        flaws: Vec::new(),
    };
    let result = CameraResult { camera: "C-1".to_owned(), outcome: Ok(shot) };
    visits::conclude(&mut office.desk, day, "D-1", &[result]).unwrap();
}

/// A row of all that is written while jobs run and people are told.
fn work_and_tell(tower: &Tower, office: &mut Office) {
    cameras::set_rules(&mut office.desk, &farsight_cameras::Rules::default()).unwrap();
    let (scope, now, tenant) = (office.desk.scope(), office.desk.now, office.tenant());
    office
        .desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| {
            slots::horizon_for_update(tx, "draw", now)?;
            slots::add_missed(tx, "draw", &[now], now)?;
            slots::pause(tx, "test", now)?;
            let content = Content {
                sha256: "00".repeat(32),
                media_type: "image/jpeg".to_owned(),
                ..Content::default()
            };
            evidence::keep(tx, &content, now)?;
            let handing = Handing {
                sha256: &content.sha256,
                source: Source::Person,
                by: "anna@oem",
                at: now,
                subject: "complaint:complaints-1",
                dealer: "D-1",
                file_name: "",
                likeness: "[]",
            };
            evidence::hand_in(tx, &handing)
        })
        .unwrap();
    figures::refresh(&mut office.desk).unwrap();
    // What the tests of telling fill by its own use cases.
    let mut sql = tower.sql();
    for row in [
        "channels VALUES ({t}, 'C', 'webhook', 'C', '', '', now(), 'test')",
        "subscriptions VALUES ({t}, 'C', '{}', now(), 'test')",
        "deliveries VALUES ({t}, gen_random_uuid(), 'C', '', 'alerts', '{}', '{}', 'due', 0, 0, now(), now())",
        "alert_states VALUES ({t}, 1, 1, now(), 'spot-check', 'spot-check.first', 'D-1', 'warning', '2025-01-01', NULL, NULL, 'infinity')",
        "sent VALUES ({t}, '', gen_random_uuid(), 1, now())",
        "telling_cursors VALUES ({t}, 1)",
        "held VALUES ({t}, 'C', 1)",
        "told VALUES ({t}, 'C', 1)",
        "appeals SELECT {t}, 1, min(entry_id), 'D-1', '', 'a', now(), now() FROM entries WHERE tenant_id = {t}",
        "rectifications VALUES ({t}, 1, 'D-1', NULL, '', '', '2026-01-01', 'a', now())",
        "rectification_steps VALUES ({t}, '1', 1, 'D-1', 'handed-in', '', 'a', now())",
        "penalty_drafts VALUES ({t}, 1, 'C', 'D-1', 1, '', 'a', now())",
        "digests VALUES ({t}, 'C', '2026-01-01')",
        "uploads VALUES ({t}, 'U', 'D-1', 'complaint:complaints-1', 'a.jpg', 'anna@oem', 9, 4, 'open', now(), now())",
        "upload_pieces VALUES ({t}, 'U', 0, 4, 'piece')",
        "evidence_looks VALUES ({t}, repeat('00', 32), 'anna@oem', date_trunc('hour', now()), false)",
        "judgements SELECT {t}, day, dealer_code, 'item-01', 'pass', 'anna@oem', now() FROM visits WHERE tenant_id = {t} AND dealer_code = 'D-1' LIMIT 1",
        "judged_visits SELECT {t}, day, dealer_code, 'I', 'anna@oem', now() FROM visits WHERE tenant_id = {t} AND dealer_code = 'D-1' LIMIT 1",
        "standard_pictures VALUES ({t}, 'C-1', 'D-1', repeat('00', 32), now(), 'anna@oem', now())",
        "sessions SELECT {t}, ''::bytea, user_id, now(), now(), now(), NULL, '', '' FROM users WHERE tenant_id = {t} LIMIT 1",
        "password_resets SELECT {t}, ''::bytea, user_id, now(), now() FROM users WHERE tenant_id = {t} LIMIT 1",
        "tokens (tenant_id, user_id, secret_sha256, reads, acts, tables, rate, made_at, made_by, expires_at)
             SELECT {t}, user_id, '', true, true, '{}', 1, now(), 'test', now() FROM users WHERE tenant_id = {t} LIMIT 1",
        "token_uses SELECT {t}, token_id, now(), 'read' FROM tokens WHERE tenant_id = {t}",
        "first_answers SELECT {t}, user_id, 'K', '', '{}', now() FROM tokens WHERE tenant_id = {t}",
        "webhooks SELECT {t}, 'W', user_id, '', 'h', '{}', '', NULL, now(), NULL, NULL, NULL, false FROM users WHERE tenant_id = {t} LIMIT 1",
        "webhook_cursors VALUES ({t}, 'W', 'alerts', 1, '')",
        "watches SELECT {t}, 'W', 'file:///w', user_id, '{}', false, now(), 'test', NULL, NULL, NULL FROM users WHERE tenant_id = {t} LIMIT 1",
        "watched_files VALUES ({t}, 'W', 'bays.csv', 'm', 'seen', now(), NULL, NULL, false)",
        "identity_providers VALUES ({t}, 'staff', 'S', 'https://s', 'c', '', '{}', '{}', '{}', false, true, NULL, NULL, now())",
        "claim_rules VALUES ({t}, 'staff', 0, 'groups', 'hq', 'hq', '{}', '{}')",
        "sign_ins_under_way VALUES ({t}, '', 'staff', '', '/', now())",
        "identities VALUES ({t}, 'staff', 'I', NULL, NULL, 'anna@oem', '', '{}', true, true, NULL, NULL, now(), now(), NULL)",
        "identity_groups VALUES ({t}, 'staff', 'G', NULL, 'hq', now(), now())",
        "identity_members VALUES ({t}, 'staff', 'G', 'I')",
        "settlement_changes VALUES ({t}, '2025-01-01', 'last', 'dealer', 'D-1', 'spot-check.first', 0, 1)",
        "changes VALUES ({t}, 'statements', '2025-01/D-1', 'D-1', 'hash', false, 1, now())",
        "change_stamps VALUES ({t}, 'statements', '1')",
        "policy_drafts VALUES ({t}, 1, 'P', 'body', 'anna@oem', now())",
        "sum_months VALUES ({t}, 'homes', '1999-01-01', 0), ({t}, 'faults', '1999-01-01', 1)",
        "home_sums VALUES ({t}, '1999-01-01', 'D-1', '{{1,90}}')",
        "fault_sums VALUES ({t}, '1999-01-01', 'M', 'F', 1)",
        "early_fault_sums VALUES ({t}, '1999-01-01', 'M', 900, 1)",
        "statement_answers VALUES ({t}, '2025-01-01', 'D-1', 0, 'confirmed', 1, 1, '', now(), 'test')",
    ] {
        run(&mut sql, &format!("INSERT INTO {}", row.replace("{t}", &tenant.to_string())));
    }
}

fn failures(dealer: &str) -> Sheet {
    sheet(
        "inspections",
        &format!(
            "inspection_id | item_code | dealer_code | inspected_at | result
             X-1 | item-01 | {dealer} | 2025-01-10 10:00 | fail
             X-2 | item-01 | {dealer} | 2026-06-10 10:00 | fail"
        ),
    )
}

/// Every table with a tenant, by the schema.
fn tables(sql: &mut PgConnection) -> Vec<String> {
    texts(
        sql,
        "SELECT c.table_name::text AS value FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' AND c.table_schema = 'public' ORDER BY 1",
    )
}

fn columns(sql: &mut PgConnection, table: &str) -> Vec<String> {
    texts(
        sql,
        &format!(
            "SELECT column_name::text AS value FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    )
}

/// Plain SQL under the program's role, with a setting of the tenant or none.
fn under_the_role(tower: &Tower, setting: Option<&str>) -> PgConnection {
    let mut sql = connect(&tower.url());
    run(&mut sql, "SET ROLE farsight_app");
    if let Some(setting) = setting {
        run(&mut sql, &format!("SET farsight.tenant = '{setting}'"));
    }
    sql
}

#[test]
fn no_tables_but_those_with_a_tenant() {
    let tower = Tower::new();
    let without =
        "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN (
        SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id') ORDER BY 1";
    assert_eq!(texts(&mut tower.sql(), without), ["__diesel_schema_migrations"]);
}

#[test]
fn one_tenants_setting_shows_that_tenants_rows_and_no_other() {
    let Two { tower, a, b } = two();
    let mut owner = tower.sql();
    let known = tables(&mut owner);
    assert!(known.len() > TABLES.len() + 10, "{known:?}");
    for table in &known {
        let count = |sql: &mut PgConnection, of: i32| {
            number(sql, &format!("SELECT count(*) FROM {table} WHERE tenant_id = {of}"))
        };
        let (of_a, of_b) = (count(&mut owner, a.tenant()), count(&mut owner, b.tenant()));
        assert!(
            of_a > 0 && of_b > 0,
            "{table} needs rows of both tenants for this test to say anything: {of_a}, {of_b}"
        );
        let mut as_b = under_the_role(&tower, Some(&b.tenant().to_string()));
        assert_eq!(number(&mut as_b, &format!("SELECT count(*) FROM {table}")), of_b, "{table}: all of B's");
        assert_eq!(count(&mut as_b, a.tenant()), 0, "{table}: none of A's");
    }
}

#[test]
fn without_a_tenant_nothing_is_seen() {
    let Two { tower, .. } = two();
    let known = tables(&mut tower.sql());
    for setting in [None, Some(""), Some("0"), Some("-1"), Some("2147483647")] {
        let mut sql = under_the_role(&tower, setting);
        for table in &known {
            assert_eq!(
                number(&mut sql, &format!("SELECT count(*) FROM {table}")),
                0,
                "{table} with {setting:?}"
            );
        }
    }
    for nonsense in ["nonsense", "1; SELECT 2", "1 OR true", "99999999999999999999"] {
        for table in &known {
            let mut sql = under_the_role(&tower, Some(nonsense));
            let told = refused(&mut sql, &format!("SELECT count(*) FROM {table}"));
            assert!(told.contains("integer"), "{table}: {told}");
        }
    }
}

/// Plain SQL as somebody who sees a part of the network.
fn as_person(tower: &Tower, tenant: i32, person: i64) -> PgConnection {
    let mut sql = under_the_role(tower, Some(&tenant.to_string()));
    run(
        &mut sql,
        &format!(
            "SET farsight.person = '{person}'; SELECT farsight_enter({person}, '2030-01-01'); SET ROLE farsight_person"
        ),
    );
    sql
}

#[test]
fn providers_and_their_words_are_nobodys_who_sees_a_part() {
    let Two { tower, a, .. } = two();
    let machine =
        number(&mut tower.sql(), &format!("SELECT user_id FROM tokens WHERE tenant_id = {}", a.tenant()));
    let mut sql = as_person(&tower, a.tenant(), machine);
    for table in [
        "identity_providers",
        "claim_rules",
        "sign_ins_under_way",
        "identities",
        "identity_groups",
        "identity_members",
    ] {
        assert_eq!(number(&mut sql, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let rule = format!(
        "INSERT INTO claim_rules VALUES ({}, 'staff', 9, 'sub', '*', 'hq', '{{}}', '{{}}')",
        a.tenant()
    );
    assert!(refused(&mut sql, &rule).contains("row-level security"));
    // A machine's first answers are its own.
    let answers = "SELECT count(*) FROM first_answers";
    assert_eq!(number(&mut sql, answers), 1);
    let own = |key: &str, user: i64| {
        format!("INSERT INTO first_answers VALUES ({}, {user}, '{key}', '', '{{}}', now())", a.tenant())
    };
    run(&mut sql, &own("K2", machine));
    let whose = format!("FROM users WHERE tenant_id = {}", a.tenant());
    let add = format!(
        "INSERT INTO users (tenant_id, email, role, created_at) SELECT tenant_id, 'other@oem', role, created_at {whose} LIMIT 1"
    );
    run(&mut tower.sql(), &add);
    let other = number(&mut tower.sql(), &format!("SELECT user_id {whose} AND email = 'other@oem'"));
    assert!(refused(&mut sql, &own("K3", other)).contains("row-level security"));
    assert_eq!(number(&mut as_person(&tower, a.tenant(), other), answers), 0);
    run(&mut sql, "RESET farsight.person");
    assert_eq!(number(&mut sql, answers), 0, "of nobody, none");
}

#[test]
fn a_setting_does_not_outlive_its_transaction() {
    let Two { tower, a, mut b } = two();
    let mut office = Office::open(&tower, "a");
    office.audit_links();
    b.audit_links();
    let mut sql = under_the_role(&tower, None);
    run(&mut sql, &format!("BEGIN; SET LOCAL farsight.tenant = '{}'; COMMIT", a.tenant()));
    assert_eq!(number(&mut sql, "SELECT count(*) FROM dealers"), 0);
}

#[test]
fn nothing_is_made_or_moved_into_another_tenant() {
    let Two { tower, a, b } = two();
    let mut owner = tower.sql();
    let known = tables(&mut owner);
    let rows_of_a = |owner: &mut PgConnection| -> Vec<i64> {
        known
            .iter()
            .map(|table| {
                number(owner, &format!("SELECT count(*) FROM {table} WHERE tenant_id = {}", a.tenant()))
            })
            .collect()
    };
    let before = rows_of_a(&mut owner);
    let mut sql = under_the_role(&tower, Some(&b.tenant().to_string()));
    for table in &known {
        let columns = columns(&mut owner, table);
        let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let values: Vec<String> = names
            .iter()
            .map(|name| if name == "\"tenant_id\"" { a.tenant().to_string() } else { name.clone() })
            .collect();
        let own_as_anothers = format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {table} LIMIT 1",
            names.join(", "),
            values.join(", ")
        );
        let given_away = format!("UPDATE {table} SET tenant_id = {}", a.tenant());
        for statement in [own_as_anothers, given_away] {
            let told = refused(&mut sql, &statement);
            assert!(
                ["row-level security", "permission denied", "is locked", "only be updated to DEFAULT"]
                    .iter()
                    .any(|why| told.contains(why)),
                "{statement}\n{told}"
            );
        }
        for statement in [
            format!("TRUNCATE {table}"),
            format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
            format!("DROP TABLE {table}"),
        ] {
            let told = refused(&mut sql, &statement);
            assert!(
                told.contains("permission denied") || told.contains("must be owner"),
                "{statement}\n{told}"
            );
        }
    }
    assert_eq!(rows_of_a(&mut owner), before);
}

#[test]
fn what_is_kept_is_only_ever_added_to() {
    let Two { tower, a, .. } = two();
    let mut owner = tower.sql();
    let tenant = a.tenant().to_string();
    let mut sql = under_the_role(&tower, Some(&tenant));
    let mut denied = |statement: &str| {
        let told = refused(&mut sql, statement);
        assert!(told.contains("permission denied"), "{statement}\n{told}");
    };
    for table in [
        "entries",
        "audit_log",
        "settlement_lines",
        "policies",
        "imports",
        "runs",
        "draw_chains",
        "notices",
        "alert_states",
        "evidence",
        "handings",
    ] {
        denied(&format!("DELETE FROM {table}"));
        for column in columns(&mut owner, table) {
            denied(&format!("UPDATE {table} SET \"{column}\" = \"{column}\""));
        }
    }
    for table in TABLES {
        denied(&format!("DELETE FROM {}", table.name));
        for column in columns(&mut owner, table.name) {
            if column != "superseded_at" && column != "superseded_by" {
                denied(&format!("UPDATE {} SET \"{column}\" = \"{column}\"", table.name));
            }
        }
    }
    for table in ["alerts", "settlements", "users", "tenants", "draws", "visits", "pictures", "camera_states"]
    {
        denied(&format!("DELETE FROM {table}"));
    }
}

#[test]
fn every_table_is_fenced_and_keyed_by_its_tenant() {
    let tower = Tower::new();
    let mut sql = tower.sql();
    let fenced = texts(
        &mut sql,
        "SELECT c.relname || CASE WHEN NOT relrowsecurity THEN ' is not fenced' WHEN NOT relforcerowsecurity THEN ' is not forced' ELSE '' END AS value
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT (relrowsecurity AND relforcerowsecurity)",
    );
    // The owner, who is no superuser in an outside database, adds and finds tenants: it sees their names, never their facts.
    assert_eq!(fenced, ["tenants is not forced"]);
    for table in tables(&mut sql) {
        let key = texts(
            &mut sql,
            &format!(
                "SELECT a.attname::text AS value FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = '{table}'::regclass AND i.indisprimary"
            ),
        );
        assert_eq!(key, ["tenant_id"], "the primary key of {table} begins with the tenant");
    }
}

#[test]
fn the_programs_role_owns_nothing_and_has_no_way_up() {
    let tower = Tower::new();
    let mut sql = tower.sql();
    let powers = "SELECT concat_ws(' ', rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication) AS value
                  FROM pg_roles WHERE rolname = 'farsight_app'";
    assert_eq!(texts(&mut sql, powers), ["f f f f f f"]);
    // In this database: elsewhere in the cluster other tests' sessions have temporary tables.
    let owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = 'farsight_app'::regrole
                 AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))";
    assert_eq!(number(&mut sql, owned), 0);
    let member = "SELECT count(*) FROM pg_auth_members WHERE member = 'farsight_app'::regrole";
    assert_eq!(number(&mut sql, member), 0);
    let creates = "SELECT has_schema_privilege('farsight_app', 'public', 'CREATE')::int";
    assert_eq!(number(&mut sql, creates), 0);
    let runs_as_owner =
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef";
    assert_eq!(number(&mut sql, runs_as_owner), 0);
}

/// A tenant that has nothing exports nothing, whatever another has; and books do not touch each other.
#[test]
fn books_do_not_touch_each_other() {
    let tower = Tower::new();
    let case = &books::small()[0];
    let mut a = Office::new(&tower, "a", case.policy);
    let mut b = Office::new(&tower, "b", case.policy);
    a.import_folder(&Folder::of(&case.facts()));
    b.check(case.as_of);
    a.check(case.as_of);
    case.compare("A alone", &mut a);
    for what in [Report::Entries, Report::Settlement, Report::Alerts, Report::Findings, Report::Compensation]
    {
        assert_eq!(b.csv(what, None).lines().count(), 1, "{what:?} of B is a header alone");
    }
    let before = a.csv(Report::Entries, None);
    b.import_folder(&Folder::of(&case.facts()));
    b.check(case.as_of);
    case.compare("B besides", &mut b);
    b.import_folder(&Folder::of(&[sheet("dealers", "dealer_code | voided\nD1 | true")]));
    b.check(case.as_of);
    assert!(b.net().len() < a.net().len());
    assert_eq!(a.check(case.as_of).posted, 0);
    assert_eq!(a.csv(Report::Entries, None), before);
    let of_d1 = |net: &Rows| net.keys().filter(|row| row.contains(",D1,")).count();
    assert_eq!(of_d1(&b.net()), 0, "a voided dealer is charged nothing");
}
