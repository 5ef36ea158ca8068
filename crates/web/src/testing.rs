//! What the tests of this crate share: a program over a database that is not there, and a client on a real socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use farsight_control::metrics::Metrics;
use farsight_control::{doors, users};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::Database;
use farsight_store::pool::Pool;
use farsight_store::users::User;
use farsight_tests::Office;
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::app::{Front, Parts};
use crate::page::Told;
use crate::{App, router};

/// A moment that is after all that happens in the tests: what the tests' tenants take for now.
pub(crate) const NOW: &str = farsight_tests::office::LATE;

/// Over a database that is not there.
pub(crate) async fn app() -> App {
    over(&Database::at("postgres:///x?host=/nowhere"), Instant(0)).await
}

/// Over a database, at a moment.
pub(crate) async fn over(database: &Database, now: Instant) -> App {
    at(database, Arc::new(move || now)).await
}

/// Over a database, with a clock.
pub(crate) async fn at(database: &Database, clock: crate::Clock) -> App {
    let registry = Registry::new();
    let metrics = Arc::new(Metrics::register(&registry, &["sweep"]).unwrap());
    let evidence = tempfile::tempdir().unwrap().keep();
    let url = format!("file://{}", evidence.display());
    let evidence = farsight_evidence::Store::open(&url, [], 1);
    let parts = Parts {
        database: database.clone(),
        pool: Pool::open(database, 4).unwrap(),
        registry,
        metrics,
        clock,
        sealer: farsight_tests::office::sealer(),
        reach: reach(),
        providers: std::sync::Arc::new(farsight_identity::Providers::new(&reach()).unwrap()),
        evidence: evidence.await.unwrap(),
        accounts: farsight_ledger::journal::Accounts::default(),
        front: Front { address: "http://tower.example".to_owned(), secure: false, behind_proxy: false },
    };
    App::new(parts).unwrap()
}

/// The tests' providers are on this machine.
pub(crate) fn reach() -> farsight_courier::Reach {
    farsight_courier::Reach::public().allow("127.0.0.0/8".parse().unwrap()).allow_plain_http()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) to: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Why it is no page.
    pub(crate) why: String,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A browser that keeps its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
}

impl Browser {
    pub(crate) fn new(app: &App) -> Self {
        Self { router: router(app.clone()), cookies: BTreeMap::new(), language: "en" }
    }

    /// One that is signed in to a tenant.
    pub(crate) async fn signed_in(app: &App, tenant: &str, email: &str) -> Self {
        let mut browser = Self::new(app);
        let answer =
            browser.post("/sign-in", &[("tenant", tenant), ("email", email), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.to.as_str()), (303, "/"), "{tenant} {email}: {}", answer.text());
        browser
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", &[]).await
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, &form, &[("content-type", "application/x-www-form-urlencoded")]).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send_bytes(method, path, body.as_bytes().to_vec(), headers).await
    }

    /// Sends a body that need not be text, like a file.
    pub(crate) async fn send_bytes(
        &mut self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "tower.example")
            .header("accept", "text/html")
            .header("accept-language", self.language)
            .header("cookie", cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        self.keep(answer.headers());
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let to = headers.get("location").map_or_else(String::new, |to| to.to_str().unwrap().to_owned());
        let why = answer.extensions().get::<Told>().map_or_else(String::new, |told| format!("{told:?}"));
        let body = axum::body::to_bytes(answer.into_body(), 64 << 20).await.unwrap().to_vec();
        Answer { status, to, headers, body, why }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A cookie it has.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Gives it a cookie.
    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }
}

/// Everybody's password in the tests.
pub(crate) const PASSWORD: &str = "a few good words";

/// A user of an office who can sign in.
pub(crate) fn user(office: &mut Office, email: &str, role: Role, (regions, dealers): (&[&str], &[&str])) {
    let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let user = User { email: email.to_owned(), role, regions: owned(regions), dealers: owned(dealers) };
    users::add(&mut office.desk, &user).unwrap();
    doors::set_password(&mut office.desk, &farsight_tests::office::sealer(), email, PASSWORD)
        .unwrap()
        .unwrap();
}

/// Sends a request as it is; gives the whole answer.
pub(crate) async fn ask(router: Router, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    serving.abort();
    told
}
