//! What is left to `evidence-sweep`: uploads that arrived while their program ended.

use farsight_control::uploads::{self, New};
use farsight_evidence::Digest;
use farsight_jobs::JOBS;
use farsight_ledger::settlement::Role;
use farsight_store::users::User;
use farsight_tests::office::{Office, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::texts;

use crate::site::{Site, over};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj << >> endobj trailer << >> and so on";

/// An upload of which all but the last step was taken: its pieces are kept and written down.
fn arrived(site: &Site, pieces: &[&[u8]]) -> String {
    let mut desk = site.desk();
    "ann@oem".clone_into(&mut desk.actor);
    let length = PDF.len() as u64;
    let new = New { dealer: "D1", subject: "complaint:C-1", file_name: "a.pdf", length };
    let upload = uploads::begin(&mut desk, &sealer(), &new).unwrap();
    let (evidence, mut offset) = (site.means().evidence.clone(), 0);
    for piece in pieces {
        let kept = site.runtime.block_on(evidence.keep_piece("t", piece.to_vec().into())).unwrap();
        uploads::took(&mut desk, &upload.id, offset, piece.len() as u64, &kept).unwrap();
        offset += piece.len() as u64;
    }
    upload.id
}

#[test]
fn what_arrived_while_its_program_ended_is_put_together_and_handed_in() {
    let job = JOBS.iter().filter(|job| job.name == "evidence-sweep").copied().collect();
    let site = Site::new("t", job, "2026-03-04 09:00");
    let mut office = Office::open(&site.tower, "t");
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code|name\nR|Region"),
        sheet("dealers", "dealer_code|name|region_code|opened_on\nD1|One|R|2020-01-01"),
        sheet(
            "complaints",
            "complaint_id|dealer_code|received_at|severity|category\nC-1|D1|2026-03-01 10:00|general|parts",
        ),
    ]));
    let ann = User { email: "ann@oem".to_owned(), role: Role::Hq, regions: Vec::new(), dealers: Vec::new() };
    farsight_control::users::add(&mut office.desk, &ann).unwrap();
    site.work(1, over);
    arrived(&site, &[&PDF[..20], &PDF[20..]]);
    arrived(&site, &[&PDF[..20]]);
    site.set("2026-03-05 05:01");
    site.work(1, |slots| slots.len() > 1 && over(slots));
    let uploads = "SELECT concat_ws(' ', state, received, sent_by) AS value FROM uploads ORDER BY received";
    let whole = format!("finished {} ann@oem", PDF.len());
    assert_eq!(texts(&mut site.tower.sql(), uploads), ["open 20 ann@oem", &whole]);
    let handed = "SELECT sha256 AS value FROM handings";
    assert_eq!(texts(&mut site.tower.sql(), handed), [Digest::of(PDF).to_string()]);
}
