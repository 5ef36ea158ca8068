//! Facts in large requests, gzip'd ones, broken ones, and more of them than are taken at once.

use axum::body::{Body, Bytes};
use farsight_store::session::Turn;
use farsight_tests::sheets::{bomb, gzip};
use farsight_tests::tower::{number, texts};
use futures_util::stream::{FuturesUnordered, StreamExt as _, iter};
use sha2::{Digest, Sha256};

use super::machines::{Answer, CSV, Door, JSON, Machine, NDJSON, door};
use crate::api::LARGE;

/// More than this is put down on disk.
const SMALL_BYTES: usize = 64 << 10;
const GZIP: (&str, &str) = ("content-encoding", "gzip");

/// Regions that no compression makes small.
fn regions(count: usize) -> String {
    let row = |n: usize| format!("R{n},{}\n", hex::encode(Sha256::digest(n.to_be_bytes())));
    format!("region_code,name\n{}", (0..count).map(row).collect::<String>())
}

async fn sent(
    hq: &Machine,
    table: &str,
    kind: &str,
    body: impl Into<Body>,
    headers: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("content-type", kind)];
    all.extend(headers);
    hq.send_body("POST", &format!("/api/v1/facts/{table}"), body.into(), &all).await
}

/// The code of the first thing that is wrong.
fn wrong(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_gzipped_requests_are_as_small_ones() {
    let Door { tower, hq, .. } = door().await;
    let (few, many) = (regions(10), regions(6_000));
    let packed = gzip(many.as_bytes());
    assert!(packed.len() > SMALL_BYTES && gzip(few.as_bytes()).len() < SMALL_BYTES);
    let of_few = sent(&hq, "regions", CSV, gzip(few.as_bytes()), &[GZIP]).await;
    assert_eq!((of_few.status, of_few.json()["new"].as_u64()), (200, Some(10)), "{}", of_few.text);
    let key = ("idempotency-key", "large");
    let first = sent(&hq, "regions", CSV, packed.clone(), &[GZIP, key]).await;
    assert_eq!((first.json()["new"].as_u64(), first.json()["unchanged"].as_u64()), (Some(5_990), Some(10)));
    let again = sent(&hq, "regions", CSV, packed, &[GZIP, key]).await;
    assert_eq!(
        (again.json(), &again.headers["idempotent-replayed"]),
        (first.json(), &"true".parse().unwrap())
    );
    let other = sent(&hq, "regions", CSV, many.clone(), &[key]).await;
    assert_eq!((other.status, other.code().as_str()), (422, "key_used"), "the same rows in other bytes");
    let plain = sent(&hq, "regions", CSV, many, &[]).await;
    assert_eq!(plain.json()["unchanged"], 6_000);
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) FROM regions"), 6_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_broken_is_told_and_leaves_nothing() {
    let Door { tower, hq, .. } = door().await;
    // 200 MiB of empty lines in some 200 KiB; a JSON text of 8 MiB in some 8 KiB.
    let blank = sent(&hq, "regions", NDJSON, bomb(b'\n', 200), &[GZIP]).await;
    assert_eq!(wrong(&blank), (422, "expands_too_far".to_owned()), "{}", blank.text);
    let json = sent(&hq, "regions", JSON, bomb(b' ', 8), &[GZIP]).await;
    assert_eq!(wrong(&json), (422, "record_too_long".to_owned()), "{}", json.text);
    let many = regions(6_000);
    for whole in [regions(10), many.clone()] {
        let mut cut = gzip(whole.as_bytes());
        cut.truncate(cut.len() - 20);
        let answer = sent(&hq, "regions", CSV, cut, &[GZIP]).await;
        assert_eq!(wrong(&answer), (422, "ends_in_the_middle".to_owned()), "{}", answer.text);
        let mut bytes = whole.into_bytes();
        let last = bytes.len() - 3;
        bytes[last] = 0xff;
        let answer = sent(&hq, "regions", CSV, bytes, &[]).await;
        assert_eq!(wrong(&answer), (422, "not_utf8".to_owned()), "{}", answer.text);
    }
    let not_text =
        sent(&hq, "regions", NDJSON, &b"{\"region_code\":\"R1\",\"name\":\"\xcd\xb6\xcb\xdf\"}\n"[..], &[])
            .await;
    assert_eq!(wrong(&not_text), (422, "not_utf8".to_owned()), "{}", not_text.text);
    for bytes in [100, many.len()] {
        let begun = Bytes::copy_from_slice(&many.as_bytes()[..bytes]);
        let body = Body::from_stream(iter([Ok(begun), Err(std::io::Error::other("the line is cut"))]));
        let answer = sent(&hq, "regions", CSV, body, &[("idempotency-key", "cut")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "cut_off"), "{}", answer.text);
    }
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) FROM regions"), 0);
    let whole = sent(&hq, "regions", CSV, many, &[("idempotency-key", "cut")]).await;
    assert_eq!(
        (whole.status, whole.json()["new"].as_u64()),
        (200, Some(6_000)),
        "sent again with the same key"
    );
}

/// While the turn of facts is somebody else's, large requests and small ones of many tables wait without a thread or a
/// connection each: others are served, and who comes beyond the bound is told when to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_the_turn_of_facts_is_in_nobodys_way() {
    let Door { tower, office, hq, .. } = door().await;
    let mut elsewhere = tower.sql();
    let turn = format!("({}, {})", Turn::Facts as i32, office.tenant());
    texts(&mut elsewhere, &format!("SELECT pg_advisory_lock{turn}::text AS value"));
    let large = regions(2_000);
    let mut large: FuturesUnordered<_> =
        (0..100).map(|_| sent(&hq, "regions", CSV, large.clone(), &[])).collect();
    for _ in LARGE..100 {
        let answer = large.next().await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (429, "too_many_large_requests"));
        assert_eq!(answer.headers["retry-after"], "5");
    }
    let tables = farsight_rulebook::tables::TABLES.iter().map(|table| table.name);
    let mut small: FuturesUnordered<_> = tables.map(|table| sent(&hq, table, JSON, "[]", &[])).collect();
    // Both wait, as far as anything can be seen of them, while others ask.
    for _ in 0..20 {
        tokio::select! {
            biased;
            answer = large.next() => panic!("not in its turn: {answer:?}"),
            answer = small.next() => panic!("not in its turn: {answer:?}"),
            answer = hq.get("/api/v1/me") => assert_eq!(answer.status, 200),
        }
    }
    texts(&mut elsewhere, &format!("SELECT pg_advisory_unlock{turn}::text AS value"));
    let waited: Vec<u16> = large.map(|answer| answer.status).collect().await;
    assert_eq!(waited, [200; LARGE]);
    let answers: Vec<u16> = small.map(|answer| answer.status).collect().await;
    assert!(answers.iter().all(|status| matches!(status, 200 | 422)), "{answers:?}");
    assert_eq!(number(&mut tower.sql(), "SELECT count(*) FROM regions"), 2_000);
    let places = sent(&hq, "regions", CSV, regions(2_000), &[]).await;
    assert_eq!(places.status, 200, "a place is free again");
}
