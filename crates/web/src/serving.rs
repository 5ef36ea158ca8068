//! Listening, serving, and ending well: requests that came are answered, then it ends; and it ends in any case.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

/// After this a stop does not wait for requests that are still being answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// An address that cannot be read.
    #[error(
        "'{0}' is no address to listen on: write IP:PORT, like 127.0.0.1:8080, or [::]:8080 for all there are"
    )]
    Address(String),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {why}; {}", advice(why))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        why: std::io::Error,
    },
    /// The network, while serving.
    #[error("serving broke off: {0}; start the program again")]
    Serve(std::io::Error),
}

impl WebError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "listen_address",
            Self::Listen { .. } => "listen",
            Self::Serve(_) => "serve",
        }
    }
}

fn advice(why: &std::io::Error) -> &'static str {
    match why.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program has that port: stop it, or choose another with --listen"
        }
        std::io::ErrorKind::PermissionDenied => "ports below 1024 are for root: choose another with --listen",
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: choose one of its own with --listen"
        }
        _ => "choose another address with --listen",
    }
}

/// The address to listen on, of a text like `127.0.0.1:8080`.
pub fn address(text: &str) -> Result<SocketAddr, WebError> {
    let text = text.trim();
    text.parse().map_err(|_| WebError::Address(text.to_owned()))
}

/// Listens. Port 0 is any that is free.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, WebError> {
    TcpListener::bind(address).await.map_err(|why| WebError::Listen { address, why })
}

/// Serves until told to stop; then nobody is let in any more, and what is being answered is answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WebError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        let _ = tell.send(()); // nobody waits for it when serving broke off
    });
    tokio::select! {
        served = async { serving.await } => served.map_err(WebError::Serve),
        () = after(told) => {
            tracing::warn!(seconds = PATIENCE.as_secs(), "stopped with requests unanswered");
            Ok(())
        }
    }
}

async fn after(told: tokio::sync::oneshot::Receiver<()>) {
    match told.await {
        Ok(()) => tokio::time::sleep(PATIENCE).await,
        Err(_) => std::future::pending().await, // serving broke off, and says so itself
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;

    #[test]
    fn addresses() {
        for (text, right) in [
            ("127.0.0.1:8080", true),
            (" [::]:80 ", true),
            ("0.0.0.0:0", true),
            ("8080", false),
            (":8080", false),
            ("127.0.0.1", false),
            ("127.0.0.1:80800", false),
            ("http://127.0.0.1:80", false),
        ] {
            match address(text) {
                Ok(_) => assert!(right, "{text}"),
                Err(error) => {
                    assert!(!right, "{text}");
                    assert!(error.to_string().contains("127.0.0.1:8080"), "{error}");
                    assert_eq!(error.code(), "listen_address");
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_being_answered_at_the_stop_is_answered() {
        let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let hooks = (Arc::clone(&reached), Arc::clone(&go_on));
        let slow = async move || {
            hooks.0.notify_one();
            hooks.1.notified().await;
            "answered"
        };
        let listener = listen(address("127.0.0.1:0").unwrap()).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let router = Router::new().route("/", axum::routing::get(slow));
        let serving = tokio::spawn(serve(listener, router, async move { drop(stopped.await) }));
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        reached.notified().await;
        stop.send(()).unwrap();
        // Nobody is let in any more, while the one within is still waited for.
        while TcpStream::connect(at).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!serving.is_finished());
        go_on.notify_one();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap(); // to its end: the connection is not kept
        assert!(told.ends_with("answered"), "{told}");
        serving.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told() {
        let held = listen(address("127.0.0.1:0").unwrap()).await.unwrap();
        let error = listen(held.local_addr().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("another program has that port"), "{error}");
    }
}
