//! Evidence handed in: the same picture, or nearly the same, is marked with where it was handed in before; a picture of
//! something else is not, and nothing is marked across manufacturers.

use farsight_cameras::simulator::{SceneCamera, View, draw};
use farsight_control::evidence::{self, For, Handed, Source};
use farsight_evidence::{Digest, Limits, Store, picture};
use farsight_ledger::settlement::Role;
use farsight_store::users::User;
use farsight_tests::Tower;
use farsight_tests::office::Office;
use farsight_tests::sheets::{Folder, sheet};
use futures_util::stream;
use image::codecs::jpeg::JpegEncoder;
use jiff::civil::date;

/// A drawn service hall, another for each seed, as JPEG.
fn hall(seed: u64) -> Vec<u8> {
    let camera = SceneCamera { code: format!("C{seed}"), name: String::new(), seed };
    draw(&camera, View::Clear, date(2026, 3, 5).at(10, 0, 0, 0), 1)
}

/// The picture as another would hand it in: changed, and compressed anew.
fn again(picture: &[u8], change: impl FnOnce(image::DynamicImage) -> image::DynamicImage) -> Vec<u8> {
    let changed = change(image::load_from_memory(picture).unwrap());
    let mut bytes = Vec::new();
    changed.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 70)).unwrap();
    bytes
}

/// An office with a dealer, two of its people, and a store.
struct Desk {
    office: Office,
    store: Store,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new(tower: &Tower, code: &str, folder: &std::path::Path) -> Self {
        let mut office = Office::new(tower, code, "example-2026");
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code|name\nR|Region"),
            sheet(
                "dealers",
                "dealer_code|name|region_code|opened_on\nD1|One|R|2020-01-01\nD2|Two|R|2020-01-01",
            ),
        ]));
        for (email, dealer) in [("ann@d1", "D1"), ("bob@d2", "D2")] {
            let user = User {
                email: email.to_owned(),
                role: Role::Dealer,
                regions: Vec::new(),
                dealers: vec![dealer.to_owned()],
            };
            farsight_control::users::add(&mut office.desk, &user).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = format!("file://{}", folder.display());
        let store = runtime.block_on(Store::open(&url, [], u128::from(code.len() as u64))).unwrap();
        Self { office, store, runtime }
    }

    fn try_hand_in(&mut self, bytes: &[u8], what: For) -> Result<Handed, farsight_control::ControlError> {
        let tenant = self.office.desk.tenant.code.clone();
        let content = stream::iter([Ok::<_, std::io::Error>(bytes.to_vec().into())]);
        let stored = self.runtime.block_on(self.store.put(&tenant, content, &Limits::default())).unwrap();
        let examined = evidence::examine(&stored, bytes).unwrap();
        evidence::hand_in(&mut self.office.desk, &examined, what)
    }

    fn hand_in(&mut self, bytes: &[u8], by: &str, subject: &str) -> Handed {
        let dealer = if by.ends_with("d1") { "D1" } else { "D2" };
        let what = For { source: Source::Person, by, subject, dealer, file_name: "photo.jpg" };
        self.try_hand_in(bytes, what).unwrap()
    }
}

fn told(handed: &Handed) -> Vec<String> {
    handed
        .like
        .iter()
        .map(|seen| format!("{} as {} by {} for {}", seen.how, seen.handing, seen.by, seen.subject))
        .collect()
}

#[test]
fn what_was_handed_in_before_is_marked_with_where() {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let mut desk = Desk::new(&tower, "oem", folder.path());
    let picture = hall(1);
    let first = desk.hand_in(&picture, "ann@d1", "complaint:C-1");
    assert_eq!((first.handing, told(&first)), (1, vec![]));
    assert_eq!(
        told(&desk.hand_in(&hall(2), "ann@d1", "complaint:C-2")),
        Vec::<String>::new(),
        "another hall"
    );
    let same = desk.hand_in(&picture, "bob@d2", "inspection:I-9#item-03");
    assert_eq!(told(&same), ["same as 1 by ann@d1 for complaint:C-1"]);
    let turned =
        again(&picture, |it| it.rotate90().fliph().resize(640, 640, image::imageops::FilterType::Triangle));
    let near = told(&desk.hand_in(&turned, "bob@d2", "complaint:C-7"));
    assert_eq!(
        near,
        ["near as 1 by ann@d1 for complaint:C-1", "near as 3 by bob@d2 for inspection:I-9#item-03"],
        "turned, mirrored, smaller and compressed anew"
    );
}

#[test]
fn cameras_and_other_manufacturers_are_not_compared_with() {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let mut desk = Desk::new(&tower, "oem", folder.path());
    let picture = hall(3);
    let camera =
        For { source: Source::Camera, by: "jobs", subject: "camera:C3", dealer: "D1", file_name: "" };
    desk.try_hand_in(&picture, camera).unwrap();
    assert_eq!(told(&desk.hand_in(&picture, "ann@d1", "complaint:C-1")), Vec::<String>::new());
    let mut other = Desk::new(&tower, "others", folder.path());
    assert_eq!(told(&other.hand_in(&picture, "ann@d1", "complaint:C-1")), Vec::<String>::new());
    // Each has its own copy: one's content is not found under the other's name.
    let digest = Digest::of(&picture);
    for tenant in ["oem", "others"] {
        assert!(desk.runtime.block_on(desk.store.exists(tenant, &digest)).unwrap(), "{tenant}");
    }
    assert!(!desk.runtime.block_on(desk.store.exists("nobody", &digest)).unwrap());
}

#[test]
fn what_nobody_could_make_use_of_is_refused() {
    let (tower, folder) = (Tower::new(), tempfile::tempdir().unwrap());
    let mut desk = Desk::new(&tower, "oem", folder.path());
    let picture = hall(4);
    let right = For {
        source: Source::Person,
        by: "ann@d1",
        subject: "complaint:C-1",
        dealer: "D1",
        file_name: "a.jpg",
    };
    for (what, why) in [
        (For { by: "nobody@d1", ..right }, "no user 'nobody@d1'"),
        (For { dealer: "D9", ..right }, "no dealer 'D9'"),
        (For { subject: "the car", ..right }, "'the car' is no subject"),
    ] {
        let error = desk.try_hand_in(&picture, what).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert!(picture::look(&picture).unwrap().flaws.none(), "a sound picture");
    desk.try_hand_in(&picture, right).unwrap();
}
