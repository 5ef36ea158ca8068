//! HTTPS: the certificate is checked against the camera's name though the connection is pinned to an address.

use std::sync::Arc;

use crate::yard::{Told, code, local, trust};
use farsight_cameras::{Away, Camera, Fetcher, Rules, Snapshot};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Serves one answer by TLS under the name `hall.test`, and fetches it under a name, trusting its certificate or not.
async fn visit(answer: &'static str, name: &str, trusted: bool) -> Result<Snapshot, Away> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["hall.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (visitor, _) = listener.accept().await.unwrap();
        // A visitor who does not trust the certificate hangs up here.
        let Ok(mut visitor) = TlsAcceptor::from(Arc::new(server)).accept(visitor).await else { return };
        let mut asked = [0; 4096];
        assert!(visitor.read(&mut asked).await.unwrap() > 0);
        visitor.write_all(answer.as_bytes()).await.unwrap();
        visitor.shutdown().await.unwrap();
    });
    let mut roots = RootCertStore::empty();
    if trusted {
        roots.add(cert.der().clone()).unwrap();
    }
    let fetcher =
        Fetcher::new(Told::with(&[&["127.0.0.1"], &["127.0.0.1"]]), Arc::new(|| [5; 16]), trust(roots));
    let camera = Camera { url: format!("https://{name}:{port}/snapshot.jpg"), credentials: None };
    let rules = Rules { ports: vec![port, 80], ..local(port) };
    let outcome = fetcher.fetch(&camera, &rules).await;
    serving.await.unwrap();
    outcome
}

#[tokio::test]
async fn only_a_trusted_certificate_of_the_right_name_is_believed() {
    const GIF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nGIF89a--------------";
    assert_eq!(code(visit(GIF, "hall.test", true).await), "not_a_picture");
    assert_eq!(code(visit(GIF, "hall.test", false).await), "untrusted");
    assert_eq!(code(visit(GIF, "other.test", true).await), "untrusted");
}

#[tokio::test]
async fn a_redirect_to_a_readable_connection_is_refused() {
    const ONWARD: &str =
        "HTTP/1.1 302 Found\r\nLocation: http://hall.test/a.jpg\r\nContent-Length: 0\r\n\r\n";
    let outcome = visit(ONWARD, "hall.test", true).await;
    assert_eq!(code(outcome), "refused_redirect");
}
