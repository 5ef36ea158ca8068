//! One suite for every kind of store: what is stored, found, refused, left over and swept is the same in a folder and
//! behind a real S3 protocol server.

mod places;
mod watched;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use farsight_evidence::{Digest, EvidenceError, Limits, MediaType, Store, Stored, Verdict};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use places::Place;
use rand::{Rng as _, SeedableRng as _};

const MIB: usize = 1 << 20;

/// Runs each case against both kinds.
macro_rules! both {
    ($($case:ident)*) => {
        mod in_a_folder { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::places::folder().await).await; })* }
        mod in_a_bucket { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::places::bucket().await).await; })* }
    };
}

both! {
    the_same_content_is_stored_once
    what_is_stored_reads_back_at_every_size
    tenants_do_not_see_one_another
    a_dropped_upload_leaves_nothing_and_is_swept
    a_broken_upload_leaves_nothing_at_all
    limits_hold_as_soon_as_they_are_passed
    what_is_not_on_the_list_is_refused
    altered_bytes_are_found
    many_at_once_store_the_same_once
    a_sweep_leaves_what_is_young_or_whole
    a_film_passes_in_bounded_memory
    pieces_become_one_content_and_are_dropped
}

/// A PDF of so many bytes; the seed makes it another.
fn pdf(bytes: usize, seed: u64) -> Bytes {
    let mut content = vec![0; bytes];
    rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut content);
    let head = b"%PDF-1.7\n";
    content[..head.len()].copy_from_slice(head);
    content.into()
}

/// A PNG's head that says so many pixels, and a tail.
fn png(width: u32, height: u32, tail: usize) -> Bytes {
    let mut content = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    content.extend(width.to_be_bytes());
    content.extend(height.to_be_bytes());
    content.extend([8, 2, 0, 0, 0]);
    content.extend(vec![0; tail]);
    content.into()
}

fn in_pieces(content: &Bytes, piece: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let content = content.clone();
    let starts: Vec<usize> = (0..content.len()).step_by(piece).collect();
    stream::iter(starts).map(move |at| Ok(content.slice(at..content.len().min(at + piece))))
}

async fn put(store: &Store, tenant: &str, content: &Bytes) -> Result<Stored, EvidenceError> {
    store.put(tenant, in_pieces(content, 64 << 10), &Limits::default()).await
}

async fn read(store: &Store, tenant: &str, name: &Digest) -> Result<Vec<u8>, EvidenceError> {
    let content = store.get(tenant, name).await?;
    let pieces: Vec<Bytes> = content.stream.try_collect().await?;
    Ok(pieces.concat())
}

fn long_after() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000)
}

async fn the_same_content_is_stored_once(place: Place) {
    for content in [pdf(10_000, 1), pdf(9 * MIB, 2)] {
        let first = put(&place.store, "acme", &content).await.unwrap();
        let name = Digest::of(&content);
        let bytes = content.len() as u64;
        assert_eq!(first, Stored { sha256: name, bytes, media_type: MediaType::Pdf, already_there: false });
        let again = put(&place.store, "acme", &content).await.unwrap();
        assert_eq!(again, Stored { already_there: true, ..first });
        assert!(place.file("acme", &name).is_file());
    }
    assert_eq!(place.files().len(), 2);
}

async fn what_is_stored_reads_back_at_every_size(place: Place) {
    for (seed, size) in (0..).zip([9, 4096, MIB + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB, 17 * MIB]) {
        for piece in [64 << 10, 3 * MIB, 40 * MIB] {
            let content = pdf(size, seed);
            let stored =
                place.store.put("acme", in_pieces(&content, piece), &Limits::default()).await.unwrap();
            let got = place.store.get("acme", &stored.sha256).await.unwrap();
            assert_eq!(got.bytes, size as u64);
            assert!(
                read(&place.store, "acme", &stored.sha256).await.unwrap() == content,
                "{size} bytes differ"
            );
            let sound = Verdict::Sound { bytes: size as u64 };
            assert_eq!(place.store.verify("acme", &stored.sha256).await, Ok(sound));
        }
    }
    assert_eq!(place.files().len(), 8);
}

async fn tenants_do_not_see_one_another(place: Place) {
    let content = pdf(100, 1);
    let name = put(&place.store, "acme", &content).await.unwrap().sha256;
    assert!(place.store.exists("acme", &name).await.unwrap());
    for other in ["other", "..", "acm"] {
        assert!(!place.store.exists(other, &name).await.unwrap());
        assert_eq!(place.store.get(other, &name).await.unwrap_err(), EvidenceError::Missing(name));
        assert_eq!(place.store.verify(other, &name).await, Err(EvidenceError::Missing(name)));
    }
    assert!(!put(&place.store, "..", &content).await.unwrap().already_there);
    assert!(place.file("%2E%2E", &name).is_file());
    for no_code in ["", "a/b", "../acme", "a b", "重庆"] {
        assert_eq!(put(&place.store, no_code, &content).await.unwrap_err().code(), "evidence_tenant");
    }
}

/// Polls a put until the stream has given so many pieces, then drops it: the process was killed, as the store sees it.
async fn broken_off(store: &Store, content: &Bytes, after: usize) {
    let given = Arc::new(AtomicUsize::new(0));
    let counted = in_pieces(content, MIB).inspect({
        let given = Arc::clone(&given);
        move |_| {
            given.fetch_add(1, Ordering::SeqCst);
        }
    });
    let endless = counted.take(after).chain(stream::pending());
    let limits = Limits::default();
    let under_way = store.put("acme", endless, &limits);
    let reached = async {
        while given.load(Ordering::SeqCst) < after {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        stored = under_way => panic!("an endless stream ended: {stored:?}"),
        () = reached => {}
    }
}

async fn a_dropped_upload_leaves_nothing_and_is_swept(place: Place) {
    let content = pdf(30 * MIB, 3);
    for after in [1, 9, 20, 30] {
        broken_off(&place.store, &content, after).await;
    }
    assert!(!place.store.exists("acme", &Digest::of(&content)).await.unwrap());
    assert!(!place.file("acme", &Digest::of(&content)).exists());
    place.store.sweep(long_after()).await.unwrap();
    // A write that was on its way when its upload was dropped may still land, and a folder tidies up by itself: sweep
    // until nothing is left.
    for _ in 0..10_000 {
        if place.files().is_empty() {
            break;
        }
        place.store.sweep(long_after()).await.unwrap();
    }
    assert_eq!(place.files(), Vec::<std::path::PathBuf>::new());
    assert!(!put(&place.store, "acme", &content).await.unwrap().already_there);
}

async fn a_broken_upload_leaves_nothing_at_all(place: Place) {
    let content = pdf(20 * MIB, 4);
    for after in [0, 1, 12, 20] {
        let pieces = in_pieces(&content, MIB).map(|piece| piece.map_err(|never| match never {}));
        let broken = pieces.take(after).chain(stream::once(async { Err("the phone lost its network") }));
        let refusal = place.store.put("acme", broken, &Limits::default()).await.unwrap_err();
        assert_eq!(refusal, EvidenceError::Source("the phone lost its network".to_owned()));
    }
    assert_eq!(place.files(), Vec::<std::path::PathBuf>::new());
}

async fn limits_hold_as_soon_as_they_are_passed(place: Place) {
    let limits =
        Limits { document_bytes: 10 * MIB as u64, picture_bytes: 5000, film_bytes: 100, ..Limits::default() };
    let film: Bytes = [b"\0\0\0\x14ftypisom\0\0\0\0isom".as_slice(), &[0; 81]].concat().into();
    let cases = [
        (pdf(10 * MIB, 1), "stored"),
        (pdf(10 * MIB + 1, 1), "evidence_too_large"),
        (png(10, 10, 5000 - 29), "stored"),
        (png(10, 10, 5000 - 28), "evidence_too_large"),
        (film.slice(..100), "stored"),
        (film.clone(), "evidence_too_large"),
        (png(8000, 8000, 100), "stored"),
        (png(8000, 8001, 100), "evidence_too_many_pixels"),
        (png(0, 10, 100), "evidence_picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0 and then nothing".to_vec().into(), "evidence_picture"),
        (Bytes::new(), "evidence_empty"),
    ];
    for (content, expected) in cases {
        let stored = place.store.put("acme", in_pieces(&content, 1000), &limits).await;
        assert_eq!(stored.as_ref().map_or_else(EvidenceError::code, |_| "stored"), expected, "{stored:?}");
    }
    assert_eq!(place.files().len(), 4);
    let endless = stream::iter([pdf(MIB, 1)]).chain(stream::repeat(Bytes::from(vec![0; MIB])));
    let refusal = place.store.put("acme", endless.map(Ok::<_, Infallible>), &limits).await.unwrap_err();
    assert_eq!(refusal, EvidenceError::TooLarge { class: "document", most_bytes: limits.document_bytes });
    assert_eq!(place.files().len(), 4);
}

async fn what_is_not_on_the_list_is_refused(place: Place) {
    // Names never come here: an HTML file named `.jpg` is its bytes.
    let cases: [&[u8]; 6] = [
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"PK\x03\x04\x14\0\0\0\x08\0 a zip of something",
        b"GIF89a\x01\0\x01\0\0\0",
        b"just some words",
    ];
    for content in cases {
        for tail in [0, 9 * MIB] {
            let content = Bytes::from([content, &vec![b' '; tail]].concat());
            let refusal = put(&place.store, "acme", &content).await.unwrap_err();
            assert_eq!(refusal.code(), "evidence_type", "{refusal}");
        }
    }
    assert_eq!(place.files(), Vec::<std::path::PathBuf>::new());
}

async fn altered_bytes_are_found(place: Place) {
    let content = pdf(3 * MIB, 5);
    let name = put(&place.store, "acme", &content).await.unwrap().sha256;
    let mut forged = content.to_vec();
    forged[2 * MIB] ^= 1;
    std::fs::write(place.file("acme", &name), &forged).unwrap();
    let found = Digest::of(&forged);
    let altered = EvidenceError::Altered { name, found };
    assert_eq!(
        place.store.verify("acme", &name).await,
        Ok(Verdict::Altered { found, bytes: forged.len() as u64 })
    );
    assert_eq!(read(&place.store, "acme", &name).await.unwrap_err(), altered);
    assert_eq!(place.store.bytes("acme", &name, u64::MAX).await.unwrap_err(), altered);
    let most_bytes = forged.len() as u64 - 1;
    let held = place.store.bytes("acme", &name, most_bytes).await.unwrap_err();
    assert_eq!(held.code(), "evidence_too_large_to_hold");
}

async fn many_at_once_store_the_same_once(place: Place) {
    for content in [pdf(200_000, 6), pdf(9 * MIB, 7)] {
        let all = (0..8).map(|_| put(&place.store, "acme", &content));
        for stored in futures_util::future::join_all(all).await {
            assert_eq!(stored.unwrap().sha256, Digest::of(&content));
        }
        assert!(read(&place.store, "acme", &Digest::of(&content)).await.unwrap() == content);
    }
    assert_eq!(place.files().len(), 2);
}

async fn a_sweep_leaves_what_is_young_or_whole(place: Place) {
    let whole = pdf(1000, 8);
    let name = put(&place.store, "acme", &whole).await.unwrap().sha256;
    let another = Store::open(&place.url, place.settings.clone(), 8).await.unwrap();
    // An upload of another process is half-way while this one sweeps.
    let (give, pieces) = tokio::sync::mpsc::channel(1);
    let content = pdf(20 * MIB, 9);
    let under_way = tokio::spawn(async move {
        let pieces = stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
        another.put("acme", pieces.map(Ok::<Bytes, Infallible>), &Limits::default()).await
    });
    for piece in in_pieces(&content, MIB).take(18).collect::<Vec<_>>().await {
        give.send(piece.unwrap()).await.unwrap();
    }
    let swept = place.store.sweep(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).await.unwrap();
    assert_eq!(swept.leftovers, 0);
    give.send(content.slice(18 * MIB..)).await.unwrap();
    drop(give);
    assert_eq!(under_way.await.unwrap().unwrap().sha256, Digest::of(&content));
    assert_eq!(place.store.sweep(long_after()).await.unwrap().leftovers, 0);
    assert!(place.store.exists("acme", &name).await.unwrap());
    assert_eq!(place.files().len(), 2);
}

async fn a_film_passes_in_bounded_memory(place: Place) {
    // How far the store takes ahead of what it has sent: pieces that are taken and still alive are memory.
    let alive = Arc::new(());
    let head = [b"\0\0\0\x14ftypisom\0\0\0\0isom".as_slice(), &[7; 1004]].concat();
    let most = Arc::new(AtomicUsize::new(0));
    let pieces = stream::iter(0..640).map({
        let (alive, most) = (Arc::clone(&alive), Arc::clone(&most));
        move |turn: u32| {
            most.fetch_max(Arc::strong_count(&alive), Ordering::SeqCst);
            let owner = if turn == 0 { head.clone() } else { vec![turn as u8; 64 << 10] };
            Ok::<_, Infallible>(Bytes::from_owner(Piece(owner, Arc::clone(&alive))))
        }
    });
    let stored = place.store.put("acme", pieces, &Limits::default()).await.unwrap();
    assert_eq!(stored.bytes, 639 * (64 << 10) + 1024);
    assert_eq!(stored.media_type, MediaType::Mp4);
    // The test's own, the stream's, and at most two pieces at hand: what is kept is copied into parts of 8 MiB.
    assert!(most.load(Ordering::SeqCst) <= 4, "{} pieces were held", most.load(Ordering::SeqCst));
    assert_eq!(place.store.verify("acme", &stored.sha256).await, Ok(Verdict::Sound { bytes: stored.bytes }));
}

struct Piece(Vec<u8>, #[expect(dead_code, reason = "held to be counted")] Arc<()>);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[tokio::test]
async fn what_is_no_place_is_said_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, b"").unwrap();
    let below = format!("file://{}/below", file.display());
    let nobody = "s3://evidence";
    let cases = [
        ("gs://bucket", vec![], "evidence_address"),
        ("/var/lib/evidence", vec![], "evidence_address"),
        ("file://relative", vec![], "evidence_address"),
        ("s3://", vec![], "evidence_address"),
        ("s3://b/a//b", vec![], "evidence_address"),
        (below.as_str(), vec![], "evidence_unreachable"),
        (nobody, places::settings("http://127.0.0.1:9", "secret"), "evidence_unreachable"),
        (nobody, [places::settings("http://127.0.0.1:9", "s"), bad_flag()].concat(), "evidence_settings"),
    ];
    for (url, settings, code) in cases {
        let refusal = Store::open(url, settings, 1).await.unwrap_err();
        assert_eq!(refusal.code(), code, "{url}: {refusal}");
    }
}

fn bad_flag() -> Vec<(String, String)> {
    vec![("AWS_SKIP_SIGNATURE".to_owned(), "perhaps".to_owned())]
}

#[tokio::test]
async fn a_bucket_that_is_not_there_or_not_ours_is_said_clearly() {
    let place = places::bucket().await;
    let elsewhere = Store::open("s3://no-such-bucket", place.settings.clone(), 1).await.unwrap_err();
    assert_eq!(elsewhere.code(), "evidence_unreachable");
    let endpoint = &place.settings.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1;
    let refused = Store::open(&place.url, places::settings(endpoint, "guessed"), 1).await.unwrap_err();
    assert_eq!(refused.code(), "evidence_unreachable");
    assert!(!refused.to_string().contains("guessed"), "{refused}");
}

async fn pieces_become_one_content_and_are_dropped(place: Place) {
    let store = &place.store;
    let content = pdf(300_000, 5);
    let mut names = Vec::new();
    for piece in [content.slice(..100_000), content.slice(100_000..100_001), content.slice(100_001..)] {
        names.push(store.keep_piece("oem", piece).await.unwrap());
    }
    let pieces = store.pieces("oem", names.clone()).unwrap();
    let stored = store.put("oem", pieces, &Limits::default()).await.unwrap();
    assert_eq!((stored.sha256, stored.bytes), (Digest::of(&content), 300_000));
    for name in names.iter().chain(&names) {
        store.drop_piece("oem", name).await.unwrap(); // the second time it is gone
    }
    let gone = store.put("oem", store.pieces("oem", names).unwrap(), &Limits::default()).await;
    assert_eq!(gone.unwrap_err().code(), "evidence_source");
    assert_eq!(read(store, "oem", &stored.sha256).await.unwrap(), content);
}
