//! Watched places: a folder and a bucket look the same to whoever takes files from them.

use std::os::unix::fs::symlink;

use farsight_evidence::watched::{Lying, Watched};

use crate::places::{self, Place};

/// A place that others put files into.
struct Theirs {
    place: Place,
    watched: Watched,
}

impl Theirs {
    fn new(place: Place) -> Self {
        std::fs::create_dir_all(place.root()).unwrap();
        let watched = Watched::open(&place.url, &place.url, place.settings.clone()).unwrap();
        Self { place, watched }
    }

    /// Puts a file there whole, as another than what was there.
    fn put(&self, name: &str, text: &str) {
        let path = self.place.root().join(name);
        std::fs::write(path.with_extension("new~"), text).unwrap();
        std::fs::rename(path.with_extension("new~"), path).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.place.root().join(name)).unwrap()
    }

    async fn look(&self) -> Vec<Lying> {
        self.watched.look().await.unwrap()
    }
}

async fn files_are_found_fetched_and_answered_beside(theirs: Theirs) {
    for name in ["b.csv", "a.csv", ".hidden.csv", "c.csv.part", "a.csv.result.json"] {
        theirs.put(name, name);
    }
    std::fs::create_dir(theirs.place.root().join("inner")).unwrap();
    theirs.put("inner/d.csv", "d");
    let lying = theirs.look().await;
    let names: Vec<&str> = lying.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.csv", "b.csv"]);
    assert_eq!(theirs.look().await, lying, "nothing has changed");
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("a.csv");
    assert!(theirs.watched.fetch(&lying[0], &copy).await.unwrap());
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "a.csv");
    for result in ["{\"first\":1}", "{}"] {
        theirs.watched.tell("a.csv", result.as_bytes().to_vec()).await.unwrap();
        assert_eq!(theirs.read("a.csv.result.json"), result);
    }
    assert_eq!(theirs.look().await, lying, "results are no facts");
}

async fn a_name_is_taken_as_it_is_written(theirs: Theirs) {
    for name in ["work_orders-三月.csv", "bays #1 100% [a] {b} *?.csv"] {
        theirs.put(name, name);
        let lying = theirs.look().await;
        let file = lying.iter().find(|file| file.name == name).unwrap();
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("copy");
        assert!(theirs.watched.fetch(file, &copy).await.unwrap(), "{name}");
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), name);
        theirs.watched.tell(name, b"{}".to_vec()).await.unwrap();
        assert_eq!(theirs.read(&format!("{name}.result.json")), "{}");
        assert_eq!(theirs.look().await, lying, "{name}: its result is no facts");
    }
}

async fn what_has_changed_is_another_file_and_not_fetched(theirs: Theirs) {
    theirs.put("a.csv", "one");
    let before = theirs.look().await;
    theirs.put("a.csv", "one and more");
    let after = theirs.look().await;
    assert_ne!(before[0].mark, after[0].mark);
    let copies = tempfile::tempdir().unwrap();
    assert!(!theirs.watched.fetch(&before[0], &copies.path().join("a")).await.unwrap());
    assert!(theirs.watched.fetch(&after[0], &copies.path().join("b")).await.unwrap());
    let gone = Lying { name: "gone.csv".to_owned(), ..after[0].clone() };
    assert!(!theirs.watched.fetch(&gone, &copies.path().join("c")).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder() {
    files_are_found_fetched_and_answered_beside(Theirs::new(places::folder().await)).await;
    what_has_changed_is_another_file_and_not_fetched(Theirs::new(places::folder().await)).await;
    a_name_is_taken_as_it_is_written(Theirs::new(places::folder().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket() {
    files_are_found_fetched_and_answered_beside(Theirs::new(places::bucket().await)).await;
    what_has_changed_is_another_file_and_not_fetched(Theirs::new(places::bucket().await)).await;
    a_name_is_taken_as_it_is_written(Theirs::new(places::bucket().await)).await;
}

/// Whoever may write into a folder must not have files of others read, or written, by a link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_not_followed() {
    let theirs = Theirs::new(places::folder().await);
    let secret = tempfile::tempdir().unwrap();
    let secret = secret.path().join("secret.csv");
    std::fs::write(&secret, "secret").unwrap();
    symlink(&secret, theirs.place.root().join("link.csv")).unwrap();
    assert!(theirs.look().await.is_empty());
    // A file that becomes a link between looking and fetching, and a link where a result is to be.
    theirs.put("a.csv", "secret");
    let lying = theirs.look().await;
    std::fs::remove_file(theirs.place.root().join("a.csv")).unwrap();
    symlink(&secret, theirs.place.root().join("a.csv")).unwrap();
    let copies = tempfile::tempdir().unwrap();
    let fetched = theirs.watched.fetch(&lying[0], &copies.path().join("a")).await;
    assert_eq!(fetched, Ok(false));
    for name in ["b.csv.result.json", ".b.csv.result.json.tmp"] {
        symlink(&secret, theirs.place.root().join(name)).unwrap();
    }
    theirs.watched.tell("b.csv", b"{}".to_vec()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    assert_eq!(theirs.read("b.csv.result.json"), "{}");
}

#[tokio::test]
async fn a_place_that_is_not_there_is_told() {
    let place = places::bucket().await;
    for url in ["file:///nowhere/at/all", "s3://nowhere/at"] {
        let told = Watched::open(url, url, place.settings.clone()).unwrap().look().await.unwrap_err();
        assert_eq!(told.code(), "evidence_unreachable", "{told}");
    }
    for (url, allowed) in [
        ("file://here", "file://here"),
        ("file:///srv/../etc", "file:///srv"),
        ("file:///srv/in-2", "file:///srv/in"),
        ("file:///srv/in", "s3://srv/in"),
        ("s3://", "s3://"),
        ("https://x", "https://x"),
    ] {
        let told = Watched::open(url, allowed, place.settings.clone()).unwrap_err();
        assert_eq!(told.code(), "evidence_address", "{url}");
    }
}

#[tokio::test]
async fn a_folder_above_that_is_a_link_is_not_gone_through() {
    let srv = tempfile::tempdir().unwrap();
    let url = |path: &str| format!("file://{}/{path}", srv.path().display());
    for folder in ["ours/north/new", "theirs/new"] {
        std::fs::create_dir_all(srv.path().join(folder)).unwrap();
        std::fs::write(srv.path().join(folder).join("a.csv"), folder).unwrap();
    }
    let watched = Watched::open(&url("ours/north/new"), &url("ours/"), []).unwrap();
    let lying = watched.look().await.unwrap();
    assert_eq!(lying.len(), 1);
    // Who may write below ours puts a link to another's folder in place of one above the watched one.
    std::fs::remove_dir_all(srv.path().join("ours/north")).unwrap();
    symlink(srv.path().join("theirs"), srv.path().join("ours/north")).unwrap();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("a.csv");
    for told in [
        watched.look().await.map(drop),
        watched.fetch(&lying[0], &copy).await.map(drop),
        watched.tell("a.csv", b"{}".to_vec()).await,
    ] {
        assert_eq!(told.unwrap_err().code(), "evidence_unreachable");
    }
    assert!(!copy.exists() && !srv.path().join("theirs/new/a.csv.result.json").exists());
    // What the operator allowed may be a link itself.
    let watched = Watched::open(&url("ours/north/new"), &url("ours/north"), []).unwrap();
    assert_eq!(watched.look().await.unwrap().len(), 1);
}
