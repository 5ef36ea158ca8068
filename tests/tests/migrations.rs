//! The schema: up, down, up again; from many at once; and its fact tables as the contract has them.

use diesel::pg::PgConnection;
use farsight_rulebook::tables::{Kind, TABLES};
use farsight_store::schema;
use farsight_tests::Tower;
use farsight_tests::tower::texts;

/// Everything the schema consists of, in words.
fn catalogue(sql: &mut PgConnection) -> Vec<String> {
    texts(
        sql,
        "WITH class AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_diesel%')
         SELECT concat_ws(' ', 'relation', relname, relkind, relrowsecurity, relforcerowsecurity, relowner::regrole,
                (SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(relacl) AS acl)) AS value FROM class
         UNION ALL SELECT concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                pg_get_expr(d.adbin, d.adrelid), (SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(a.attacl) AS acl))
             FROM class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind <> 'i'
         UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(oid)) FROM class WHERE relkind = 'i'
         UNION ALL SELECT concat_ws(' ', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid)) FROM class c JOIN pg_constraint k ON k.conrelid = c.oid
         UNION ALL SELECT concat_ws(' ', 'policy', p.tablename, p.policyname, p.permissive, p.roles::text, p.cmd, p.qual, p.with_check) FROM pg_policies p
         UNION ALL SELECT concat_ws(' ', 'trigger', c.relname, pg_get_triggerdef(t.oid)) FROM class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
         UNION ALL SELECT concat_ws(' ', 'function', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
         UNION ALL SELECT concat_ws(' ', 'type', typname, typtype) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype <> 'c'
             AND typname NOT LIKE '\\_%'
         ORDER BY 1",
    )
}

#[test]
fn up_down_and_up_again_is_the_same_schema() {
    let tower = Tower::empty();
    let mut sql = tower.sql();
    assert!(schema::is_behind(&tower.database).unwrap());
    assert!(!schema::migrate(&tower.database).unwrap().is_empty());
    assert!(!schema::is_behind(&tower.database).unwrap());
    let first = catalogue(&mut sql);
    assert!(
        first.len() > 500 && first.iter().any(|line| line.starts_with("policy entries")),
        "{} lines",
        first.len()
    );
    assert_eq!(
        schema::migrate(&tower.database).unwrap(),
        Vec::<String>::new(),
        "the second time there is nothing to do"
    );
    schema::unmigrate(&tower.database).unwrap();
    assert_eq!(catalogue(&mut sql), Vec::<String>::new(), "down leaves nothing behind");
    schema::migrate(&tower.database).unwrap();
    let second = catalogue(&mut sql);
    let differing: Vec<_> = first.iter().zip(&second).filter(|(a, b)| a != b).take(5).collect();
    assert!(first == second, "{differing:#?}");
}

#[test]
fn many_at_once_migrate_once() {
    let tower = Tower::empty();
    let ran: Vec<Vec<String>> = std::thread::scope(|scope| {
        let migrations: Vec<_> =
            (0..4).map(|_| scope.spawn(|| schema::migrate(&tower.database).unwrap())).collect();
        migrations.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ran.iter().filter(|versions| !versions.is_empty()).count(), 1, "{ran:?}");
    assert!(!schema::is_behind(&tower.database).unwrap());
}

/// What the store keeps of every fact besides the contract's columns.
const KEPT: [&str; 7] = [
    "tenant_id integer not null",
    "voided boolean not null",
    "recorded_at timestamp with time zone not null",
    "superseded_at timestamp with time zone not null",
    "import_id bigint not null",
    "superseded_by bigint",
    "line bigint not null",
];

const fn stored_as(kind: Kind) -> &'static str {
    match kind {
        Kind::Code | Kind::Text { .. } | Kind::Subject | Kind::Url | Kind::Choice(_) => "text",
        Kind::Date | Kind::Month => "date",
        Kind::Instant => "timestamp with time zone",
        Kind::Count { .. } | Kind::Hundredths { .. } | Kind::Money => "bigint",
        Kind::Degrees { .. } => "double precision",
        Kind::Flag => "boolean",
    }
}

#[test]
fn fact_tables_have_the_columns_and_keys_of_the_contract() {
    let tower = Tower::new();
    let mut sql = tower.sql();
    for table in TABLES {
        let mut expected: Vec<String> = KEPT.iter().map(ToString::to_string).collect();
        expected.extend(table.columns.iter().map(|column| {
            let always = column.required || column.default.is_some() || column.key;
            format!("{} {}{}", column.name, stored_as(column.kind), if always { " not null" } else { "" })
        }));
        expected.sort();
        let columns = format!(
            "SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END AS value
             FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped",
            table.name
        );
        let mut stored = texts(&mut sql, &columns);
        stored.sort();
        assert_eq!(stored, expected, "{}", table.name);

        let key: Vec<&str> = std::iter::once("tenant_id")
            .chain(table.key().map(|(_, column)| column.name))
            .chain(std::iter::once("superseded_at"))
            .collect();
        let stored = format!(
            "SELECT a.attname::text AS value FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE i.indrelid = '{}'::regclass AND i.indisprimary ORDER BY k.place",
            table.name
        );
        assert_eq!(texts(&mut sql, &stored), key, "the key of {}", table.name);
    }
}
