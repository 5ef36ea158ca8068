//! The jobs `tell` and `digest` as workers carry them out: from a check's finding to a receiver on this machine, by
//! several replicas at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use farsight_cameras::{Fetcher, SystemResolver, system_trust};
use farsight_control::evaluate::Request;
use farsight_control::telling::{self, NewChannel, Subscriber, Terms};
use farsight_control::{tokens, webhooks};
use farsight_courier::{Courier, Reach, Settings};
use farsight_jobs::job::{Turn, Work};
use farsight_jobs::means::Tenants;
use farsight_jobs::watch::Nobody;
use farsight_jobs::{JOBS, Means};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_store::pool::Pool;
use farsight_store::slots::{Ending, Key};
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};
use jiff::civil::time;

const NOW: &str = "2026-03-10 09:00";
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn reach() -> Reach {
    Reach::public().allow("127.0.0.0/8".parse().unwrap()).allow_plain_http()
}

/// A webhook that takes everything, and the numbers and events it was sent.
async fn receiver() -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&kept);
    let app = Router::new().fallback(move |headers: HeaderMap, body: String| async move {
        let event: serde_json::Value = serde_json::from_str(&body).unwrap();
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        keeping.lock().unwrap().push((event["type"].as_str().unwrap().to_owned(), id));
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, kept)
}

/// What a replica works with.
async fn means(tower: &Tower, evidence: &std::path::Path) -> Arc<Means> {
    let evidence = format!("file://{}", evidence.display());
    let courier = Settings { reach: reach(), timeout: Duration::from_secs(5), smtp: None };
    Arc::new(Means {
        database: tower.database.clone(),
        pool: Pool::open(&tower.database, 8).unwrap(),
        clock: Arc::new(|| at(NOW)),
        sealer: sealer(),
        evidence: farsight_evidence::Store::open(&evidence, [], 7).await.unwrap(),
        fetcher: Fetcher::new(Arc::new(SystemResolver), Arc::new(|| [7; 16]), system_trust().unwrap()),
        courier: Arc::new(Courier::new(&courier).unwrap()),
        watch: Arc::new(Nobody),
        watched: farsight_jobs::means::Watched::default(),
        tenants: Tenants::default(),
    })
}

/// A tenant with an open alert, and channels that hear of it and have a digest.
fn office(tower: &Tower, url: &str, channels: usize) -> Office {
    let mut office = Office::new(tower, "t", "example-2026");
    office.now(at("2026-03-01 00:00"));
    office.import_folder(&Folder::of(&[
        sheet("regions", "region_code | name\nN | 北区"),
        sheet("dealers", "dealer_code | name | region_code | opened_on\nD1 | 一 | N | 2015-01-01"),
        sheet(
            "complaints",
            "complaint_id | dealer_code | received_at | severity | category\nC-1 | D1 | 2026-03-08 10:00 | general | parts",
        ),
    ]));
    office.now(at(NOW));
    office.evaluate(&Request::default());
    let lines = [url.to_owned(), KEY.to_owned()];
    for number in 0..channels {
        let code = format!("hook-{number}");
        let new = NewChannel { code: &code, name: &code, kind: "webhook", lines: &lines, keyword: None };
        telling::add(&mut office.desk, &sealer(), &reach(), &new).unwrap();
        let terms = Terms { digest_at: Some(time(8, 0, 0, 0)), ..Terms::plain(Language::English) };
        telling::set(&mut office.desk, &Subscriber::Channel(code), &terms).unwrap();
    }
    office
}

async fn carry_out(name: &str, office: &Office, means: Arc<Means>) -> String {
    let job = JOBS.iter().find(|job| job.name == name).unwrap();
    let key = Key { job: name.to_owned(), due_at: at(NOW), part: String::new() };
    let turn = Turn { key, stands_for: 0, failures: 0, means };
    let tenant = office.desk.tenant.clone();
    let ending = match job.work {
        Work::Abroad(work) => work(turn, tenant).await,
        Work::Books(work) => {
            let done = tokio::task::spawn_blocking(move || work(&mut turn.means.desk(&tenant)?, &turn));
            done.await.unwrap()
        }
    };
    match ending.unwrap() {
        Ending::Done(told) => told,
        other => panic!("{name} ended otherwise: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_send_each_message_once() {
    const CHANNELS: usize = 40;
    let (url, kept) = receiver().await;
    let tower = Tower::new();
    let office = tokio::task::block_in_place(|| office(&tower, &url, CHANNELS));
    let folder = tempfile::tempdir().unwrap();
    let replicas = [
        means(&tower, folder.path()).await,
        means(&tower, folder.path()).await,
        means(&tower, folder.path()).await,
    ];
    for job in ["digest", "tell"] {
        let all = replicas.iter().map(|means| carry_out(job, &office, Arc::clone(means)));
        futures_util::future::join_all(all).await;
    }
    // Whatever one replica had taken when another looked, the next slot finds done.
    carry_out("tell", &office, Arc::clone(&replicas[0])).await;
    let mut kept = kept.lock().unwrap().clone();
    kept.sort();
    let sent = kept.len();
    let of = |event: &str| kept.iter().filter(|(kind, _)| kind == event).count();
    assert_eq!((of("digest.daily"), of("alert.opened")), (CHANNELS, CHANNELS), "{kept:?}");
    kept.dedup();
    assert_eq!(kept.len(), sent, "each went out once");
}

/// A receiver that does not answer keeps machines waiting, and no person: theirs are sent by a job of their own.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_machines_goes_by_a_job_of_its_own() {
    let (url, kept) = receiver().await;
    let tower = Tower::new();
    let office = tokio::task::block_in_place(|| {
        let mut office = office(&tower, &url, 1);
        let new = tokens::New {
            name: "dms".to_owned(),
            role: Role::Hq,
            regions: Vec::new(),
            dealers: Vec::new(),
            tables: Vec::new(),
            reads: true,
            acts: true,
            days: 1,
            rate: 1,
        };
        tokens::add(&mut office.desk, &sealer(), &new).unwrap();
        let machine = "SELECT user_id::bigint FROM users WHERE kind = 'machine'";
        let machine = (number(&mut tower.sql(), machine) as i32, Role::Hq);
        let hook = webhooks::New { name: String::new(), url, events: vec!["complaint.changed".to_owned()] };
        let hook = webhooks::add(&mut office.desk, (&sealer(), &reach()), machine, &hook).unwrap();
        webhooks::ping(&mut office.desk, machine, &hook.shown.webhook.id).unwrap();
        office
    });
    let folder = tempfile::tempdir().unwrap();
    let means = means(&tower, folder.path()).await;
    for (job, sent) in [("tell", "alert.opened"), ("webhooks", "ping")] {
        carry_out(job, &office, Arc::clone(&means)).await;
        let kept: Vec<String> =
            std::mem::take(&mut *kept.lock().unwrap()).into_iter().map(|it| it.0).collect();
        assert_eq!(kept, [sent], "{job}");
    }
}
