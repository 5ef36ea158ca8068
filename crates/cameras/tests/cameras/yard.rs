//! What the tests of fetching share: a simulator, rules that let it be reached, and resolvers that say what they are told.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use farsight_cameras::simulator::{Behaviour, SceneCamera, Simulator};
use farsight_cameras::{Away, Camera, Credentials, Fetcher, Resolve, Resolving, Rules, Snapshot};
use rustls::{ClientConfig, RootCertStore};

pub(crate) const PASSWORD: &str = "hush-hush";

/// Answers names with what was laid out for it, one answer a question, and counts the questions.
#[derive(Default)]
pub(crate) struct Told {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<u32>,
}

impl Told {
    pub(crate) fn with(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = answers.iter().map(|one| one.iter().map(|address| address.parse().unwrap()).collect());
        Arc::new(Self { answers: Mutex::new(parsed.collect()), asked: Mutex::new(0) })
    }

    pub(crate) fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

impl Resolve for Told {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        *self.asked.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

pub(crate) fn trust(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

pub(crate) fn fetcher(names: Arc<Told>) -> Fetcher {
    Fetcher::new(names, Arc::new(|| [5; 16]), trust(RootCertStore::empty()))
}

pub(crate) fn signing_in(url: &str, password: &str) -> Camera {
    let credentials = Credentials { user: "hall".to_owned(), password: password.to_owned() };
    Camera { url: url.to_owned(), credentials: Some(credentials) }
}

/// Rules under which cameras on this machine may be reached at a port.
pub(crate) fn local(port: u16) -> Rules {
    Rules { ports: vec![port], allow_networks: vec!["127.0.0.0/8".parse().unwrap()], ..Rules::default() }
}

/// The failure's code, after a look that its texts keep the secrets.
pub(crate) fn code(outcome: Result<Snapshot, Away>) -> &'static str {
    let away = outcome.expect_err("no picture");
    for text in [away.to_string(), format!("{away:?}")] {
        for secret in [PASSWORD, "snapshot.jpg", "token=", "SGFsb", "aGFsbDpod"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(away.to_string().contains(';'), "says what to do: {away}");
    away.code()
}

/// A simulator of two cameras, `c1` and `c2`, whose clocks stand.
pub(crate) struct Yard {
    pub(crate) simulator: Simulator,
    pub(crate) rules: Rules,
}

impl Yard {
    pub(crate) async fn open() -> Self {
        let cameras = ["c1", "c2"].map(|code| SceneCamera {
            code: code.to_owned(),
            name: code.to_uppercase(),
            seed: 7,
        });
        let clock = Arc::new(|| jiff::civil::datetime(2026, 3, 5, 10, 15, 0, 0));
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), cameras, clock).await.unwrap();
        let rules = local(simulator.address().port());
        Self { simulator, rules }
    }

    /// The address of a camera under a name that has to be resolved.
    pub(crate) fn named(&self, name: &str, code: &str) -> String {
        self.simulator.url_of(code).replace("127.0.0.1", name)
    }

    /// Lets `c1` behave so, and fetches from it.
    pub(crate) async fn visit(&self, behaviour: Behaviour, rules: &Rules) -> Result<Snapshot, Away> {
        assert!(self.simulator.set("c1", behaviour));
        fetcher(Told::with(&[])).fetch(&signing_in(&self.simulator.url_of("c1"), PASSWORD), rules).await
    }
}
