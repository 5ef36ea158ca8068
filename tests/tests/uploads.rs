//! Uploads: taken piece by piece and only once, from whoever may, for what is there; links that lead somewhere for one
//! person and a while; what was handed in before at a place that the person does not see is only counted.

use bytes::Bytes;
use farsight_control::ControlError;
use farsight_control::evidence::{self, Copy, Link};
use farsight_control::uploads::{self, New, Upload, UploadState};
use farsight_evidence::{Limits, Store};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::session::Person;
use farsight_store::users::User;
use farsight_tests::Tower;
use farsight_tests::office::{LATE, Office, at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::number;
use futures_util::stream;
use image::codecs::jpeg::JpegEncoder;

/// An office with two dealers, a complaint about each, and a store.
struct House {
    tower: Tower,
    office: Office,
    store: Store,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
        let mut office = Office::new(&tower, "oem", "example-2026");
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code|name\nR1|North\nR2|South"),
            sheet(
                "dealers",
                "dealer_code|name|region_code|opened_on\nD1|One|R1|2020-01-01\nD2|Two|R2|2020-01-01",
            ),
            sheet(
                "complaints",
                "complaint_id|dealer_code|received_at|severity|category|channel
                 C-1|D1|2026-01-05 10:00|general|attitude|hotline
                 C-2|D2|2026-01-05 10:00|general|attitude|hotline",
            ),
        ]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store =
            runtime.block_on(Store::open(&format!("file://{}", folder.path().display()), [], 1)).unwrap();
        let mut house = Self { tower, office, store, runtime, _folder: folder };
        for (email, role, regions, dealers) in [
            ("ann@d1", Role::Dealer, "", "D1"),
            ("bob@d2", Role::Dealer, "", "D2"),
            ("north@oem", Role::RegionalManager, "R1", ""),
            ("fin@oem", Role::Finance, "", ""),
        ] {
            let codes = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
            let user =
                User { email: email.to_owned(), role, regions: codes(regions), dealers: codes(dealers) };
            farsight_control::users::add(&mut house.office.desk, &user).unwrap();
        }
        house.enters("ann@d1");
        house
    }

    /// Somebody else sits down.
    fn enters(&mut self, email: &str) {
        let query = format!("SELECT user_id::bigint FROM users WHERE email = '{email}'");
        let user = number(&mut self.tower.sql(), &query) as i32;
        let part = Person { user, today: jiff::civil::date(2029, 12, 31) };
        self.office.desk.person = (email != "fin@oem").then_some(part);
        email.clone_into(&mut self.office.desk.actor);
    }

    fn begin(&mut self, subject: &str, dealer: &str, length: u64) -> Result<Upload, ControlError> {
        let new = New { dealer, subject, file_name: "C:\\photos\\hall.jpg", length };
        uploads::begin(&mut self.office.desk, &sealer(), &new)
    }

    fn take(&mut self, id: &str, offset: u64, piece: &[u8]) -> Result<Upload, ControlError> {
        let kept =
            self.runtime.block_on(self.store.keep_piece("oem", Bytes::copy_from_slice(piece))).unwrap();
        uploads::took(&mut self.office.desk, id, offset, piece.len() as u64, &kept)
    }

    /// Puts the pieces together, looks, hands in.
    fn finish(&mut self, id: &str) -> Upload {
        let (_, names) = uploads::arrived(&mut self.office.desk, id).unwrap();
        let whole = self.store.pieces("oem", names).unwrap();
        let stored = self.runtime.block_on(self.store.put("oem", whole, &Limits::default())).unwrap();
        uploads::stored(&mut self.office.desk, id, &stored).unwrap();
        let bytes = self.runtime.block_on(self.store.bytes("oem", &stored.sha256, 1 << 24)).unwrap();
        let examined = evidence::examine(&stored, &bytes).unwrap();
        uploads::hand_in(&mut self.office.desk, id, &examined).unwrap()
    }

    fn send(&mut self, subject: &str, dealer: &str, bytes: &[u8]) -> Upload {
        let upload = self.begin(subject, dealer, bytes.len() as u64).unwrap();
        self.take(&upload.id, 0, bytes).unwrap();
        self.finish(&upload.id)
    }

    fn later(&mut self, seconds: i64) {
        self.office.desk.now = Instant(self.office.desk.now.0 + seconds * 1_000_000);
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, ControlError>) -> &'static str {
    result.expect_err("this is refused").code()
}

/// A picture of coloured stripes, as JPEG; another number is another picture.
fn picture(number: u32) -> Vec<u8> {
    let painted = image::RgbImage::from_fn(640, 480, |x, y| {
        let stripe = |wide: u32| ((x * number / wide + y * (number + 3) / 90) % 3 * 110) as u8;
        image::Rgb([stripe(60), stripe(45), stripe(80)])
    });
    let mut bytes = Vec::new();
    painted.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
    bytes
}

fn handing(upload: &Upload) -> i64 {
    match &upload.state {
        UploadState::Finished { handing, .. } => *handing,
        other => panic!("not finished: {other:?}"),
    }
}

#[test]
fn pieces_come_in_order_and_once() {
    let mut house = House::new();
    let bytes = picture(1);
    let upload = house.begin("complaint:C-1", "D1", bytes.len() as u64).unwrap();
    assert_eq!(upload.file_name, "hall.jpg", "never a path");
    let (first, second) = bytes.split_at(1000);
    assert_eq!(house.take(&upload.id, 0, first).unwrap().received, 1000);
    // The answer was lost, the same bytes come again; then some from further on; then more than there are.
    for (offset, piece, refusal) in [
        (0, first, "upload_offset"),
        (2000, second, "upload_offset"),
        (1000, bytes.as_slice(), "upload_beyond"),
    ] {
        assert_eq!(code(house.take(&upload.id, offset, piece)), refusal);
    }
    assert_eq!(uploads::find(&mut house.office.desk, &upload.id).unwrap().received, 1000);
    assert!(uploads::arrived(&mut house.office.desk, &upload.id).unwrap().1.is_empty(), "bytes are missing");
    assert_eq!(house.take(&upload.id, 1000, second).unwrap().received, bytes.len() as u64);
    assert_eq!(handing(&house.finish(&upload.id)), 1);
    assert_eq!(code(house.take(&upload.id, 0, first)), "upload_over");
    assert_eq!(code(uploads::give_up(&mut house.office.desk, &upload.id)), "upload_over");
}

#[test]
fn sent_again_it_is_one_handing() {
    let mut house = House::new();
    let first = house.send("complaint:C-1", "D1", &picture(1));
    let again = house.send("complaint:C-1", "D1", &picture(1));
    assert_eq!((handing(&first), handing(&again)), (1, 1));
    assert_eq!(handing(&house.send("complaint:C-1", "D1", &picture(2))), 2);
    assert_eq!(handing(&house.finish_again(&again.id)), 1, "finished twice");
    assert_eq!(number(&mut house.tower.sql(), "SELECT count(*) FROM handings"), 2);
}

impl House {
    fn finish_again(&mut self, id: &str) -> Upload {
        let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from(picture(1)))]);
        let stored = self.runtime.block_on(self.store.put("oem", content, &Limits::default())).unwrap();
        uploads::stored(&mut self.office.desk, id, &stored).unwrap();
        let examined = evidence::examine(&stored, &picture(1)).unwrap();
        uploads::hand_in(&mut self.office.desk, id, &examined).unwrap()
    }
}

#[test]
fn only_for_what_is_there_and_by_who_may() {
    let mut house = House::new();
    for (by, subject, dealer, length, refusal) in [
        ("ann@d1", "complaint:C-1", "D1", 0, "upload_empty"),
        ("ann@d1", "complaint:C-1", "D1", 1 << 40, "upload_too_large"),
        ("ann@d1", "complaint:C-2", "D2", 9, "upload_subject"),
        ("ann@d1", "complaint:C-2", "D1", 9, "upload_subject"),
        ("ann@d1", "complaint:C-9", "D1", 9, "upload_subject"),
        ("ann@d1", "dealer:D2@2026-01", "D1", 9, "upload_subject"),
        ("ann@d1", "dealer:D2@2026-01", "D2", 9, "upload_subject"),
        ("ann@d1", "the car", "D1", 9, "upload_subject"),
        ("north@oem", "complaint:C-2", "D2", 9, "upload_subject"),
        ("fin@oem", "complaint:C-1", "D1", 9, "upload_may_not"),
    ] {
        house.enters(by);
        assert_eq!(code(house.begin(subject, dealer, length)), refusal, "{by} {subject} {dealer}");
    }
    for (by, subject) in [("ann@d1", "dealer:D1@2026-01"), ("north@oem", "complaint:C-1")] {
        house.enters(by);
        house.begin(subject, "D1", 9).unwrap();
    }
    let upload = house.begin("complaint:C-1", "D1", 9).unwrap();
    house.enters("ann@d1");
    assert_eq!(code(uploads::find(&mut house.office.desk, &upload.id)), "upload_unknown", "north's");
    assert_eq!(code(house.take(&upload.id, 0, b"123")), "upload_unknown");
    assert_eq!(code(uploads::give_up(&mut house.office.desk, &upload.id)), "upload_unknown");
}

#[test]
fn what_nobody_goes_on_with_is_forgotten() {
    let mut house = House::new();
    let left = house.begin("complaint:C-1", "D1", 9).unwrap();
    house.take(&left.id, 0, b"123").unwrap();
    let given_up = house.begin("complaint:C-1", "D1", 9).unwrap();
    house.take(&given_up.id, 0, b"12").unwrap();
    house.take(&given_up.id, 2, b"34").unwrap();
    assert_eq!(uploads::give_up(&mut house.office.desk, &given_up.id).unwrap().len(), 2);
    assert_eq!(code(house.take(&given_up.id, 4, b"5")), "upload_unknown");
    let whole = house.begin("complaint:C-1", "D1", 9).unwrap();
    let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from(picture(1)))]);
    let stored = house.runtime.block_on(house.store.put("oem", content, &Limits::default())).unwrap();
    uploads::stored(&mut house.office.desk, &whole.id, &stored).unwrap();
    house.later(21 * 3600);
    assert_eq!(code(house.take(&left.id, 3, b"456")), "upload_expired");
    house.later(24 * 3600);
    assert_eq!(uploads::sweep(&mut house.office.desk).unwrap(), 1);
    assert_eq!(code(uploads::find(&mut house.office.desk, &left.id)), "upload_unknown");
    let waiting = uploads::left(&mut house.office.desk).unwrap();
    assert_eq!(
        waiting.iter().map(|upload| &upload.id).collect::<Vec<_>>(),
        [&whole.id],
        "that one is looked at"
    );
    assert_eq!(number(&mut house.tower.sql(), "SELECT count(*) FROM upload_pieces"), 0);
}

/// The link as a browser follows it.
fn parts(href: &str) -> (String, i64, String) {
    let (path, query) = href.split_once('?').unwrap();
    let value = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap().to_owned()
    };
    (path.rsplit('/').next().unwrap().to_owned(), value("until").parse().unwrap(), value("tag"))
}

#[test]
fn a_link_leads_one_person_to_one_copy_for_a_while() {
    let mut house = House::new();
    house.send("complaint:C-1", "D1", &picture(1));
    let sha256 = house.sha256(1);
    house.enters("north@oem");
    let (tenant, now) = (house.office.desk.tenant.clone(), house.office.desk.now);
    let href = |by: &str, copy| evidence::link(&sealer(), &tenant, by, &sha256, copy, now);
    let (name, until, tag) = parts(&href("north@oem", Copy::Large));
    let right = Link { sha256: &name, copy: Copy::Large, until, tag: &tag };
    evidence::open(&mut house.office.desk, &sealer(), &right).unwrap();
    let anns = parts(&href("ann@d1", Copy::Large)).2;
    let nearly = format!("{}0", &tag[..63]);
    let other = "ab".repeat(32);
    for wrong in [
        Link { copy: Copy::Original, ..right.clone() },
        Link { until: until + 1, ..right.clone() },
        Link { tag: "", ..right.clone() },
        Link { tag: &nearly, ..right.clone() },
        Link { tag: &anns, ..right.clone() },
        Link { sha256: &other, ..right.clone() },
    ] {
        assert_eq!(
            code(evidence::open(&mut house.office.desk, &sealer(), &wrong)),
            "evidence_unknown",
            "{wrong:?}"
        );
    }
    // A sound link is no right: what it leads to must be among what the person sees.
    house.enters("bob@d2");
    let (_, _, bobs) = parts(&href("bob@d2", Copy::Large));
    let link = Link { tag: &bobs, ..right.clone() };
    assert_eq!(code(evidence::open(&mut house.office.desk, &sealer(), &link)), "evidence_unknown");
    house.enters("ann@d1");
    let (_, _, original) = parts(&href("ann@d1", Copy::Original));
    let link = Link { tag: &original, copy: Copy::Original, ..right.clone() };
    assert_eq!(
        code(evidence::open(&mut house.office.desk, &sealer(), &link)),
        "evidence_unknown",
        "who judges only"
    );
    house.enters("north@oem");
    house.later(16 * 60);
    assert_eq!(code(evidence::open(&mut house.office.desk, &sealer(), &right)), "evidence_unknown", "over");
}

impl House {
    fn sha256(&mut self, handing: i64) -> String {
        let query = format!("SELECT sha256 AS value FROM handings WHERE handing_id = {handing}");
        farsight_tests::tower::texts(&mut self.tower.sql(), &query).remove(0)
    }
}

#[test]
fn who_looked_is_in_the_audit_log_once_an_hour() {
    let mut house = House::new();
    house.send("complaint:C-1", "D1", &picture(1));
    let sha256 = house.sha256(1);
    house.office.desk.now = at(LATE);
    for (by, seconds) in [("ann@d1", 0), ("ann@d1", 60), ("north@oem", 60), ("ann@d1", 3600)] {
        house.enters(by);
        house.later(seconds);
        let (tenant, now) = (house.office.desk.tenant.clone(), house.office.desk.now);
        for copy in [Copy::Thumb, Copy::Large] {
            let (name, until, tag) = parts(&evidence::link(&sealer(), &tenant, by, &sha256, copy, now));
            let link = Link { sha256: &name, copy, until, tag: &tag };
            evidence::open(&mut house.office.desk, &sealer(), &link).unwrap();
        }
    }
    let looks = |by: &str| {
        format!("SELECT count(*) FROM audit_log WHERE action = 'evidence.look' AND actor = '{by}'")
    };
    let mut sql = house.tower.sql();
    assert_eq!((number(&mut sql, &looks("ann@d1")), number(&mut sql, &looks("north@oem"))), (2, 1));
}

#[test]
fn a_likeness_at_a_place_that_is_not_seen_is_only_counted() {
    let mut house = House::new();
    house.send("complaint:C-1", "D1", &picture(1));
    house.enters("bob@d2");
    house.send("complaint:C-2", "D2", &picture(1));
    let shown = evidence::gallery(&mut house.office.desk, &["complaint:C-2"]).unwrap();
    assert_eq!((shown.len(), shown[0].like.len(), shown[0].like_elsewhere), (1, 0, 1));
    assert_eq!(evidence::gallery(&mut house.office.desk, &["complaint:C-1"]).unwrap().len(), 0, "another's");
    house.office.desk.person = None;
    let shown = evidence::gallery(&mut house.office.desk, &["complaint:C-2"]).unwrap();
    let like = &shown[0].like[0];
    assert_eq!(
        (like.by.as_str(), like.subject.as_str(), shown[0].like_elsewhere),
        ("ann@d1", "complaint:C-1", 0)
    );
}
