//! Snapshots from simulated cameras: every behaviour, every rule.

use std::sync::Arc;
use std::time::Duration;

use crate::yard::{PASSWORD, Told, Yard, code, fetcher, local, signing_in};
use farsight_cameras::simulator::{Behaviour, Hash, SceneCamera, Simulator};
use farsight_cameras::{Away, Camera, Picture, Rules, Scheme};
use image::GenericImageView as _;

fn basic(password: &str) -> Behaviour {
    Behaviour::Basic { user: "hall".to_owned(), password: password.to_owned() }
}

fn digest(password: &str, hash: Hash) -> Behaviour {
    Behaviour::Digest { user: "hall".to_owned(), password: password.to_owned(), hash }
}

#[tokio::test]
async fn pictures_come_whole_and_say_how_many_requests_they_took() {
    let yard = Yard::open().await;
    for (behaviour, requests) in [
        (Behaviour::Fine, 1),
        (Behaviour::Black, 1),
        (Behaviour::Blurred, 1),
        (Behaviour::Covered, 1),
        (Behaviour::Frozen, 1),
        (basic(PASSWORD), 2),
        (digest(PASSWORD, Hash::Md5), 2),
        (digest(PASSWORD, Hash::Sha256), 2),
        (Behaviour::RedirectsTo(yard.simulator.url_of("c2")), 2),
    ] {
        let before = yard.simulator.requests("c1") + yard.simulator.requests("c2");
        let snapshot = yard.visit(behaviour.clone(), &yard.rules).await.unwrap();
        let seen = yard.simulator.requests("c1") + yard.simulator.requests("c2") - before;
        assert_eq!((snapshot.requests, seen), (requests, requests), "{behaviour:?}");
        assert_eq!(snapshot.content_type, "image/jpeg");
        assert_eq!(image::load_from_memory(&snapshot.bytes).unwrap().dimensions(), (1280, 720));
        assert!(snapshot.took > Duration::ZERO && snapshot.took < Duration::from_secs(15));
    }
}

#[tokio::test]
async fn cameras_without_a_picture_say_why() {
    let yard = Yard::open().await;
    for (behaviour, expected, may_pass, requests) in [
        (Behaviour::Fails(404), "http_status", false, 1),
        (Behaviour::Fails(503), "http_status", true, 1),
        (Behaviour::NotAPicture, "not_a_picture", false, 1),
        (Behaviour::TooLarge, "too_large", false, 1),
        (basic("another"), "sign_in_refused", false, 2),
        (digest("another", Hash::Md5), "sign_in_refused", false, 2),
        (digest("another", Hash::Sha256), "sign_in_refused", false, 2),
        (Behaviour::RedirectsTo(yard.simulator.url_of("c1")), "too_many_redirects", false, 3),
        (
            Behaviour::RedirectsTo("http://169.254.169.254:80/latest/meta-data?token=x".to_owned()),
            "refused_port",
            false,
            1,
        ),
        (Behaviour::RedirectsTo("http://u:hush-hush@127.0.0.1/".to_owned()), "refused_url", false, 1),
        (Behaviour::RedirectsTo("file:///etc/passwd".to_owned()), "refused_url", false, 1),
        (Behaviour::RedirectsTo("http://[".to_owned()), "refused_redirect", false, 1),
    ] {
        let before = yard.simulator.requests("c1");
        let outcome = yard.visit(behaviour.clone(), &yard.rules).await;
        assert_eq!(outcome.as_ref().err().map(Away::may_pass), Some(may_pass), "{behaviour:?}");
        assert_eq!(code(outcome), expected, "{behaviour:?}");
        let seen = yard.simulator.requests("c1") - before;
        assert_eq!(seen, requests, "{behaviour:?}");
        assert!(seen <= yard.rules.most_requests(Scheme::Http));
    }
}

#[tokio::test]
async fn a_visit_ends_in_time_whatever_the_camera_does() {
    let yard = Yard::open().await;
    let rules = Rules { total_millis: 1_500, ..yard.rules.clone() };
    for behaviour in [Behaviour::TimesOut, Behaviour::DripsSlowly] {
        let visit = tokio::time::timeout(Duration::from_secs(30), yard.visit(behaviour, &rules));
        assert_eq!(code(visit.await.expect("ends by itself")), "timed_out");
    }
}

#[tokio::test]
async fn a_redirect_into_the_metadata_service_is_refused() {
    let yard = Yard::open().await;
    let rules = Rules { ports: vec![80, yard.simulator.address().port()], ..yard.rules.clone() };
    for inside in
        ["169.254.169.254", "[::ffff:a9fe:a9fe]", "2852039166", "0xa9.0xfe.0xa9.0xfe", "[64:ff9b::a9fe:a9fe]"]
    {
        let outcome =
            yard.visit(Behaviour::RedirectsTo(format!("http://{inside}/latest/meta-data")), &rules).await;
        assert!(
            outcome.as_ref().is_err_and(|away| away.to_string().contains("link-local")),
            "{inside}: {outcome:?}"
        );
        assert_eq!(code(outcome), "refused_address", "{inside}");
    }
}

#[tokio::test]
async fn cameras_on_this_machine_are_refused_by_default() {
    let yard = Yard::open().await;
    let port = yard.simulator.address().port();
    let rules = Rules { ports: vec![port], ..Rules::default() };
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "127.0.0.1.",
        "hall.test",
    ] {
        let camera =
            Camera { url: format!("http://{host}:{port}/camera/c1/snapshot.jpg"), credentials: None };
        let outcome = fetcher(Told::with(&[&["127.0.0.1"]])).fetch(&camera, &rules).await;
        assert_eq!(code(outcome), "refused_address", "{host}");
    }
    assert_eq!(yard.simulator.requests("c1"), 0);
}

#[tokio::test]
async fn each_rule_refuses_what_it_says() {
    let yard = Yard::open().await;
    let fine = &yard.rules;
    let table = [
        (Rules { schemes: vec![Scheme::Https], ..fine.clone() }, "refused_scheme", 0),
        (Rules { ports: vec![80], ..fine.clone() }, "refused_port", 0),
        (
            Rules { deny_networks: vec!["127.0.0.1/32".parse().unwrap()], ..fine.clone() },
            "refused_address",
            0,
        ),
        (Rules { allow_networks: vec!["0.0.0.0/0".parse().unwrap()], ..fine.clone() }, "refused_address", 0),
        (Rules { max_bytes: 20_000, ..fine.clone() }, "too_large", 1),
        (Rules { pictures: vec![Picture::Png], ..fine.clone() }, "not_a_picture", 1),
    ];
    for (rules, expected, requests) in table {
        let before = yard.simulator.requests("c1");
        assert_eq!(code(yard.visit(Behaviour::Fine, &rules).await), expected);
        assert_eq!(yard.simulator.requests("c1") - before, requests, "{expected}");
    }
    let no_redirects = Rules { max_redirects: 0, ..fine.clone() };
    let onward = Behaviour::RedirectsTo(yard.simulator.url_of("c2"));
    assert_eq!(code(yard.visit(onward, &no_redirects).await), "too_many_redirects");
    let careful = Rules { basic_in_clear: false, ..fine.clone() };
    assert_eq!(code(yard.visit(basic(PASSWORD), &careful).await), "sign_in_unsupported");
    assert!(yard.visit(digest(PASSWORD, Hash::Md5), &careful).await.is_ok());
}

#[tokio::test]
async fn a_name_is_resolved_once_a_hop_and_the_answer_is_pinned() {
    let yard = Yard::open().await;
    let camera = signing_in(&yard.named("hall.test", "c1"), PASSWORD);
    let rebound: &[&[&str]] = &[&["127.0.0.1"], &["169.254.169.254"]];

    // Two requests on one hop: the second, with the password, must go where the first went.
    yard.simulator.set("c1", digest(PASSWORD, Hash::Sha256));
    let names = Told::with(rebound);
    assert_eq!(fetcher(Arc::clone(&names)).fetch(&camera, &yard.rules).await.unwrap().requests, 2);
    assert_eq!(names.asked(), 1);

    // A second hop asks anew, and what is then answered is judged anew.
    yard.simulator.set("c1", Behaviour::RedirectsTo(yard.named("hall.test", "c2")));
    let names = Told::with(rebound);
    assert_eq!(code(fetcher(Arc::clone(&names)).fetch(&camera, &yard.rules).await), "refused_address");
    assert_eq!((names.asked(), yard.simulator.requests("c2")), (2, 0));
}

#[tokio::test]
async fn one_refused_address_among_several_refuses_the_name() {
    let yard = Yard::open().await;
    let camera = signing_in(&yard.named("hall.test", "c1"), PASSWORD);
    for answer in [["127.0.0.1", "10.0.0.1"], ["fe80::1", "127.0.0.1"]] {
        assert_eq!(
            code(fetcher(Told::with(&[&answer])).fetch(&camera, &yard.rules).await),
            "refused_address"
        );
    }
    assert_eq!(code(fetcher(Told::with(&[])).fetch(&camera, &yard.rules).await), "not_found");
    assert_eq!(code(fetcher(Told::with(&[&[]])).fetch(&camera, &yard.rules).await), "not_found");
    assert_eq!(yard.simulator.requests("c1"), 0);
}

#[tokio::test]
async fn a_password_is_not_told_to_another_host() {
    let yard = Yard::open().await;
    let camera = signing_in(&yard.named("hall.test", "c1"), PASSWORD);
    for asking in [basic(PASSWORD), digest(PASSWORD, Hash::Sha256)] {
        yard.simulator.set("c2", asking);
        let visit = async |to: &str| {
            yard.simulator.set("c1", Behaviour::RedirectsTo(yard.named(to, "c2")));
            let before = yard.simulator.requests("c2");
            let outcome =
                fetcher(Told::with(&[&["127.0.0.1"], &["127.0.0.1"]])).fetch(&camera, &yard.rules).await;
            (outcome, yard.simulator.requests("c2") - before)
        };
        let (elsewhere, requests) = visit("other.test").await;
        assert_eq!((code(elsewhere), requests), ("sign_in_unsupported", 1));
        let (same, requests) = visit("hall.test").await;
        assert_eq!((same.unwrap().requests, requests), (3, 2));
    }
}

#[tokio::test]
async fn a_camera_without_credentials_is_asked_once() {
    let yard = Yard::open().await;
    yard.simulator.set("c1", basic(PASSWORD));
    let camera = Camera { url: yard.simulator.url_of("c1"), credentials: None };
    assert_eq!(code(fetcher(Told::with(&[])).fetch(&camera, &yard.rules).await), "sign_in_needed");
    assert_eq!(yard.simulator.requests("c1"), 1);
}

#[tokio::test]
async fn a_stopped_camera_is_unreachable_and_a_dropped_connection_is_broken_off() {
    let yard = Yard::open().await;
    let url = yard.simulator.url_of("c1");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    let camera = signing_in(&format!("http://127.0.0.1:{closed}/snapshot.jpg?token=x"), PASSWORD);
    assert_eq!(code(fetcher(Told::with(&[])).fetch(&camera, &local(closed)).await), "unreachable");

    yard.simulator.set("c1", Behaviour::DripsSlowly);
    let names = fetcher(Told::with(&[]));
    let hung_up = async {
        while yard.simulator.requests("c1") == 0 {
            tokio::task::yield_now().await;
        }
        yard.simulator.stop();
    };
    let (camera, rules) = (signing_in(&url, PASSWORD), &yard.rules);
    let (outcome, ()) = tokio::join!(names.fetch(&camera, rules), hung_up);
    // Cut short, what came is no whole picture: it ends as what its few bytes are.
    assert!(matches!(code(outcome), "not_a_picture" | "broken_off" | "unreachable"));
}

#[test]
fn secrets_do_not_show() {
    let camera = signing_in("http://hall.test/snapshot.jpg?token=hush-hush", PASSWORD);
    let shown = format!("{camera:?} {:?}", camera.credentials);
    assert!(!shown.contains(PASSWORD) && !shown.contains("token"), "{shown}");
}

#[tokio::test]
async fn a_frozen_camera_repeats_itself_and_a_live_one_does_not() {
    let yard = Yard::open().await;
    let mut pictures = Vec::new();
    for behaviour in [Behaviour::Fine, Behaviour::Fine, Behaviour::Frozen, Behaviour::Frozen] {
        pictures.push(yard.visit(behaviour, &yard.rules).await.unwrap().bytes);
    }
    assert_ne!(pictures[0], pictures[1]);
    assert_eq!(pictures[1], pictures[2]);
    assert_eq!(pictures[2], pictures[3]);
}

#[tokio::test]
async fn a_camera_is_found_whatever_its_code() {
    let odd = SceneCamera { code: "D1/门 2?".to_owned(), name: "ODD".to_owned(), seed: 1 };
    let clock = Arc::new(|| jiff::civil::datetime(2026, 3, 5, 10, 15, 0, 0));
    let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), [odd], clock).await.unwrap();
    let rules = local(simulator.address().port());
    let at = |url: String| Camera { url, credentials: None };
    assert!(fetcher(Told::with(&[])).fetch(&at(simulator.url_of("D1/门 2?")), &rules).await.is_ok());
    assert_eq!(
        code(fetcher(Told::with(&[])).fetch(&at(simulator.url_of("unknown")), &rules).await),
        "http_status"
    );
    assert!(!simulator.set("unknown", Behaviour::Black));
}
