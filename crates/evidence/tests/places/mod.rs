//! The two kinds of store a test runs against: a folder, and a bucket behind a real S3 protocol server in this process.

use std::path::{Path, PathBuf};

use farsight_evidence::Store;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

const BUCKET: &str = "evidence";
const PREFIX: &str = "of/ours";

/// A store of its own, and the folder in which its bytes really lie.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) settings: Vec<(String, String)>,
    root: PathBuf,
    folder: TempDir,
}

/// A folder.
pub(crate) async fn folder() -> Place {
    let folder = TempDir::new().expect("a temporary folder");
    let root = folder.path().join("made/by/open");
    open(format!("file://{}", root.display()), Vec::new(), root, folder).await
}

/// A bucket.
pub(crate) async fn bucket() -> Place {
    let folder = TempDir::new().expect("a temporary folder");
    let root = folder.path().join(BUCKET);
    std::fs::create_dir(&root).expect("the bucket's folder");
    let endpoint = serve(folder.path()).await;
    let settings = settings(&endpoint, "secret");
    open(format!("s3://{BUCKET}/{PREFIX}"), settings, root.join(PREFIX), folder).await
}

/// What the environment of someone who uses this bucket says.
pub(crate) fn settings(endpoint: &str, secret: &str) -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_REGION", "cn-north-1"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_PROFILE", "passed over"),
        ("AWS_BUCKET", "passed-over"),
        ("PATH", "passed over"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

async fn open(url: String, settings: Vec<(String, String)>, root: PathBuf, folder: TempDir) -> Place {
    let store = Store::open(&url, settings.clone(), 7).await.expect("a store");
    Place { store, url, settings, root, folder }
}

async fn serve(folder: &Path) -> String {
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder).expect("a folder to serve"));
    service.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(accept(listener, service));
    format!("http://{address}")
}

async fn accept(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // A client that hangs up is the client's business.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

impl Place {
    /// The folder that the store's keys begin in.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the bytes of a content lie.
    pub(crate) fn file(&self, tenant: &str, name: &farsight_evidence::Digest) -> PathBuf {
        let name = name.to_string();
        self.root.join(tenant).join(&name[..2]).join(name)
    }

    /// Every file that is there, finished or not, but for what the S3 server keeps for itself: about finished ones
    /// (`.json`), and a request's body that was cut off under way (`.internal.part`; no S3 shows it to anyone).
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder to list") {
                let path = entry.expect("an entry").path();
                let name = path.to_string_lossy();
                let own = [".json", ".internal.part"].iter().any(|ending| name.ends_with(ending));
                match path.is_dir() {
                    true => folders.push(path),
                    false if own => {}
                    false => found.push(path),
                }
            }
        }
        found
    }
}
