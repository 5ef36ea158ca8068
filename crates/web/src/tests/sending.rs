//! Evidence over HTTP: sent by the tus protocol and by a plain form, shown by links that are one person's; and a visit
//! judged and confirmed page by page.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_control::visits::{self, CameraResult, Shot};
use farsight_control::{sample, uploads};
use farsight_evidence::{Digest, Limits};
use farsight_ledger::settlement::Role;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, run, texts};
use farsight_tests::{Office, Tower};
use futures_util::stream;

use crate::App;
use crate::testing::{Answer, Browser, NOW, over, user};

struct House {
    tower: Tower,
    office: Office,
    app: App,
}

async fn house() -> House {
    let tower = Tower::new();
    let mut office = Office::since(&tower, "a", "example-2026", NOW);
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code|name\nR1|North\nR2|South"),
        sheet("dealers", "dealer_code|name|region_code|opened_on\nD1|One|R1|2020-01-01\nD2|Two|R2|2020-01-01"),
        sheet("cameras", "camera_code|dealer_code|snapshot_url\nC1|D1|https://cameras.example.com/1"),
        sheet(
            "complaints",
            "complaint_id|dealer_code|received_at|severity|category|channel\nC-1|D1|2026-01-05 10:00|general|attitude|hotline",
        ),
    ]));
    user(&mut office, "ann@d1", Role::Dealer, (&[], &["D1"]));
    user(&mut office, "bob@d2", Role::Dealer, (&[], &["D2"]));
    user(&mut office, "north@oem", Role::RegionalManager, (&["R1"], &[]));
    let app = over(&tower.database, at(NOW)).await;
    House { tower, office, app }
}

/// A small PDF, which needs no look; as text, for it passes through a test's browser.
const PDF: &str = "%PDF-1.7\n1 0 obj << >> endobj trailer << >> and so on";

fn metadata(subject: &str, dealer: &str) -> String {
    let pair = |name: &str, value: &str| format!("{name} {}", STANDARD.encode(value));
    [pair("filename", "a.pdf"), pair("subject", subject), pair("dealer", dealer)].join(",")
}

async fn begin(browser: &mut Browser, subject: &str, length: usize) -> Answer {
    let (length, metadata) = (length.to_string(), metadata(subject, "D1"));
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", length.as_str()),
        ("upload-metadata", metadata.as_str()),
    ];
    browser.send("POST", "/uploads", "", &headers).await
}

async fn patch(browser: &mut Browser, to: &str, offset: &str, bytes: &str) -> Answer {
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", offset),
        ("content-type", "application/offset+octet-stream"),
    ];
    browser.send("PATCH", to, bytes, &headers).await
}

fn said<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// All of a file's bytes are taken and written down, and the program ends before it puts them together.
async fn taken_and_killed(house: &mut House, browser: &mut Browser) -> String {
    let to = begin(browser, "complaint:C-1", PDF.len()).await.to;
    let piece = house.app.parts.evidence.keep_piece("a", PDF.into()).await.unwrap();
    let id = to.rsplit('/').next().unwrap();
    "ann@d1".clone_into(&mut house.office.desk.actor);
    tokio::task::block_in_place(|| {
        uploads::took(&mut house.office.desk, id, 0, PDF.len() as u64, &piece).unwrap();
    });
    to
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrived_while_its_program_ended_is_put_together_by_whoever_asks() {
    let mut house = house().await;
    let mut ann = Browser::signed_in(&house.app, "a", "ann@d1").await;
    for asks in ["HEAD", "GET"] {
        let to = taken_and_killed(&mut house, &mut ann).await;
        let told = ann.send(asks, &to, "", &[("tus-resumable", "1.0.0")]).await;
        assert_eq!(told.status, 200, "{asks}");
        assert_eq!(
            number(&mut house.tower.sql(), "SELECT count(*) FROM uploads WHERE state = 'open'"),
            0,
            "{asks}"
        );
        assert_eq!(state(&mut ann, &to).await["state"], "finished", "{asks}");
    }
    // Where the pieces cannot be read, the sender is not told that all is well.
    let to = taken_and_killed(&mut house, &mut ann).await;
    run(&mut house.tower.sql(), "UPDATE upload_pieces SET piece = 'gone.piece'");
    assert_eq!(ann.send("HEAD", &to, "", &[("tus-resumable", "1.0.0")]).await.status, 500);
    assert_eq!(number(&mut house.tower.sql(), "SELECT count(*) FROM uploads WHERE state = 'open'"), 1);
}

/// What became of it, once it was looked at.
async fn state(browser: &mut Browser, to: &str) -> serde_json::Value {
    loop {
        let told: serde_json::Value = serde_json::from_slice(&browser.get(to).await.body).unwrap();
        if told["state"] != "stored" {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_line_goes_on_where_it_was() {
    let house = house().await;
    let mut ann = Browser::signed_in(&house.app, "a", "ann@d1").await;
    let begun = begin(&mut ann, "complaint:C-1", PDF.len()).await;
    assert_eq!((begun.status, said(&begun.headers, "upload-offset")), (201, "0"), "{}", begun.text());
    let to = begun.to;
    let first = patch(&mut ann, &to, "0", &PDF[..20]).await;
    assert_eq!((first.status, said(&first.headers, "upload-offset")), (204, "20"));
    // The answer was lost: the same bytes again are refused by their offset, and HEAD says where to go on.
    let again = patch(&mut ann, &to, "0", &PDF[..20]).await;
    assert_eq!(again.status, 409, "{}", again.text());
    let head = ann.send("HEAD", &to, "", &[("tus-resumable", "1.0.0")]).await;
    assert_eq!(
        (said(&head.headers, "upload-offset"), said(&head.headers, "cache-control")),
        ("20", "no-store")
    );
    let beyond = patch(&mut ann, &to, "20", PDF).await;
    assert_eq!((beyond.status, beyond.text().contains("upload_beyond")), (413, true));
    assert_eq!(patch(&mut ann, &to, "20", &PDF[20..]).await.status, 204);
    assert_eq!(state(&mut ann, &to).await["state"], "finished");
    let whole = begin(&mut ann, "complaint:C-1", PDF.len()).await.to;
    assert_eq!(patch(&mut ann, &whole, "0", PDF).await.status, 204, "in one go, the same file");
    assert_eq!(state(&mut ann, &whole).await["state"], "finished");
    assert_eq!(number(&mut house.tower.sql(), "SELECT count(*) FROM handings"), 1, "no double");
    assert_eq!(number(&mut house.tower.sql(), "SELECT count(*) FROM upload_pieces"), 0);
    let mut bob = Browser::signed_in(&house.app, "a", "bob@d2").await;
    assert_eq!(bob.get(&to).await.status, 404);
    assert_eq!(bob.send("DELETE", &to, "", &[("tus-resumable", "1.0.0")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_clear() {
    let house = house().await;
    let mut ann = Browser::signed_in(&house.app, "a", "ann@d1").await;
    for (subject, length, status, says) in [
        ("complaint:C-2", 9, 422, "Open its page"),
        ("complaint:C-1", 0, 422, "take the picture again"),
        ("complaint:C-1", 600 << 20, 413, "25 MB"),
    ] {
        let answer = begin(&mut ann, subject, length).await;
        assert_eq!((answer.status, answer.text().contains(says)), (status, true), "{}", answer.text());
    }
    let to = begin(&mut ann, "complaint:C-1", 11).await.to;
    let sent = patch(&mut ann, &to, "0", "just a text").await;
    assert_eq!((sent.status, said(&sent.headers, "upload-offset")), (204, "11"), "no more is wanted");
    let told = state(&mut ann, &to).await;
    assert_eq!((told["state"].as_str(), told["error"].as_str()), (Some("refused"), Some("evidence_type")));
    assert!(told["text"].as_str().unwrap().contains("neither a picture"), "{told}");
    let old = ann.send("POST", "/uploads", "", &[("tus-resumable", "0.2.2")]).await;
    assert_eq!((old.status, said(&old.headers, "tus-version")), (412, "1.0.0"));
    let told = ann.send("OPTIONS", "/uploads", "", &[]).await;
    assert_eq!(said(&told.headers, "tus-extension"), "creation,termination,expiration");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_script_a_form_does() {
    let house = house().await;
    let mut ann = Browser::signed_in(&house.app, "a", "ann@d1").await;
    let field = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = |content: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n{content}\r\n--x--\r\n"
        )
    };
    let about = [field("dealer", "D1"), field("subject", "complaint:C-1"), field("back", "/draws")].concat();
    let form = [("content-type", "multipart/form-data; boundary=x")];
    let sent = ann.send("POST", "/evidence", &(about.clone() + &file(PDF)), &form).await;
    assert_eq!((sent.status, sent.to.as_str()), (303, "/draws"), "{}", sent.text());
    let size = "SELECT bytes FROM evidence WHERE media_type = 'application/pdf'";
    assert_eq!(number(&mut house.tower.sql(), size), PDF.len() as i64);
    let refused = ann.send("POST", "/evidence", &(about + &file("a text")), &form).await;
    assert_eq!(
        (refused.status, refused.text().contains("neither a picture")),
        (422, true),
        "{}",
        refused.text()
    );
}

/// The first address of its kind on a page.
fn address(page: &str, begins: &str) -> String {
    let page = page.replace("&#x2f;", "/").replace("&amp;", "&");
    let at = page.find(begins).unwrap_or_else(|| panic!("no {begins} on {page}"));
    let rest = &page[at..];
    rest[..rest.find('"').unwrap()].to_owned()
}

/// A visit to D1 with a picture of a drawn hall, which the store has.
async fn visited(house: &mut House) -> String {
    let painted = image_of_a_hall();
    let content = stream::iter([Ok::<_, std::io::Error>(painted.clone().into())]);
    house.app.parts.evidence.put("a", content, &Limits::default()).await.unwrap();
    let sha256 = Digest::of(&painted).to_string();
    let (day, desk) = (jiff::civil::date(2030, 1, 1), &mut house.office.desk);
    sample::make(desk, &sealer(), day).unwrap();
    visits::plan(desk, &sealer(), day).unwrap();
    let shot = Shot {
        taken_at: desk.now,
        sha256: sha256.clone(),
        bytes: painted.len() as i64,
        width: 64,
        height: 48,
        fingerprint: 1,
        flaws: Vec::new(),
    };
    let stored = farsight_evidence::Stored {
        sha256: Digest::of(&painted),
        bytes: painted.len() as u64,
        media_type: farsight_evidence::MediaType::Jpeg,
        already_there: true,
    };
    let examined = farsight_control::evidence::examine(&stored, &painted).unwrap();
    let what = farsight_control::evidence::For {
        source: farsight_control::evidence::Source::Camera,
        by: "jobs",
        subject: "camera:C1",
        dealer: "D1",
        file_name: "",
    };
    farsight_control::evidence::hand_in(desk, &examined, what).unwrap();
    let result = CameraResult { camera: "C1".to_owned(), outcome: Ok(shot) };
    visits::conclude(desk, day, "D1", &[result]).unwrap();
    sha256
}

fn image_of_a_hall() -> Vec<u8> {
    use farsight_cameras::simulator::{SceneCamera, View, draw};
    let camera = SceneCamera { code: "C1".to_owned(), name: String::new(), seed: 1 };
    draw(&camera, View::Clear, jiff::civil::date(2030, 1, 1).at(0, 0, 0, 0), 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_is_judged_page_by_page() {
    let mut house = house().await;
    let sha256 = visited(&mut house).await;
    let mut north = Browser::signed_in(&house.app, "a", "north@oem").await;
    assert_eq!(north.get("/desk").await.to, "/desk/2030-01-01");
    let here = "/desk/2030-01-01/D1";
    let page = north.get(here).await;
    assert_eq!(page.status, 200, "{}", page.text());
    // The picture is a safe copy, and the link is north's alone.
    let link = address(&page.text(), &format!("/evidence/{sha256}?as=large"));
    let picture = north.get(&link).await;
    assert_eq!((picture.status, said(&picture.headers, "content-type")), (200, "image/jpeg"), "{link}");
    let mut bob = Browser::signed_in(&house.app, "a", "bob@d2").await;
    assert_eq!(bob.get(&link).await.status, 404);
    assert_eq!(north.get(&link.replace("as=large", "as=original")).await.status, 404);
    assert_eq!(north.get(&link.replace("until=1", "until=2")).await.status, 404);

    let mut fields: Vec<(String, &str)> =
        (1..=11).map(|item| (format!("result.item-{item:02}"), "pass")).collect();
    fields[4].1 = "fail";
    let typed: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(north.post(here, &typed).await.to, here);
    let confirm = format!("{here}/confirm");
    let mark = |page: &str| {
        let at = page.find("name=\"seen\" value=\"").unwrap() + 19;
        page[at..at + 16].to_owned()
    };
    let review = north.get(&confirm).await.text();
    let refused = north.post(&confirm, &[("seen", &mark(&review))]).await.text();
    assert!(refused.contains("Some items have no result yet"), "{refused}");
    north.post(here, &[("result.item-12", "na"), ("then", "review")]).await;
    let stale = north.post(&confirm, &[("seen", &mark(&review))]).await.text();
    assert!(stale.contains("judged on while you looked"), "{stale}");
    let confirmed = north.post(&confirm, &[("seen", &mark(&stale))]).await;
    assert_eq!((confirmed.status, confirmed.to.as_str()), (303, "/desk/2030-01-01"), "{}", confirmed.text());
    let failed = "SELECT item_code AS value FROM inspections WHERE result = 'fail'";
    assert_eq!(texts(&mut house.tower.sql(), failed), ["item-05"]);

    for (path, status) in [
        ("/inspections", 200),
        ("/inspections?from=2029-12-01&to=2030-01-01&item=item-05&result=fail&sort=-failed", 200),
        ("/inspections?format=csv", 200),
        ("/inspections/visit-2030-01-01-D1", 200),
        ("/draws", 200),
        ("/draws/2030-01-01", 200),
        ("/draws/2029-01-01", 404),
        ("/draws/2030-01-01/proof.json", 422),
        ("/cameras?state=fine", 200),
        ("/desk/2030-01-01/D2", 404),
    ] {
        for language in ["en", "zh-CN"] {
            north.language = language;
            let answer = north.get(path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
    }
    let mut ann = Browser::signed_in(&house.app, "a", "ann@d1").await;
    let draw = ann.get("/draws/2030-01-01").await.text();
    assert!(draw.contains("D1 was in the pool") && !draw.contains("and was drawn"), "{draw}");
    assert_eq!(ann.get("/desk").await.status, 404);
    let one = ann.get("/inspections/visit-2030-01-01-D1").await.text();
    assert!(one.contains("north@oem") && one.contains("data-upload"), "{one}");
}
