//! Receivers on this machine: one that answers HTTP as it is told and keeps what came, one that takes mail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How an HTTP receiver answers one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// As it should.
    Well,
    /// With this status.
    Status(u16),
    /// Never.
    Never,
    /// Well, but the connection breaks in the middle of it.
    CutShort,
}

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) body: serde_json::Value,
}

/// An HTTP receiver.
#[derive(Clone)]
pub(crate) struct Http {
    address: String,
    kept: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    otherwise: Arc<Mutex<Answer>>,
}

impl Http {
    /// One that answers well.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap().to_string(),
            kept: Arc::default(),
            answers: Arc::default(),
            otherwise: Arc::new(Mutex::new(Answer::Well)),
        };
        let serving = receiver.clone();
        let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let serving = serving.clone();
            async move { serving.answer(&headers, &body).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers so, one after the other, and then always like this.
    pub(crate) fn answer_with(&self, answers: &[Answer], otherwise: Answer) {
        *self.answers.lock().unwrap() = answers.iter().copied().collect();
        *self.otherwise.lock().unwrap() = otherwise;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.kept.lock().unwrap().clone()
    }

    async fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let id = headers.get("webhook-id").map_or("", |id| id.to_str().unwrap()).to_owned();
        let body = serde_json::from_slice(body).unwrap();
        self.kept.lock().unwrap().push(Request { id, body });
        let next = self.answers.lock().unwrap().pop_front();
        let otherwise = *self.otherwise.lock().unwrap();
        match next.unwrap_or(otherwise) {
            Answer::Well => r#"{"errcode":0,"errmsg":"ok"}"#.into_response(),
            Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
            Answer::Never => std::future::pending().await,
            Answer::CutShort => {
                let broken = Err(std::io::Error::other("cut short"));
                Body::from_stream(stream::iter([Ok("short"), broken])).into_response()
            }
        }
    }
}

/// A mail server that takes everything.
#[derive(Clone, Default)]
pub(crate) struct Mailbox {
    mails: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    pub(crate) async fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mailbox = Self::default();
        let serving = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let mailbox = serving.clone();
                tokio::spawn(async move { mailbox.talk(socket).await });
            }
        });
        (mailbox, port)
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    async fn talk(&self, mut socket: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = socket.split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test ESMTP\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let answer: &[u8] = match line.get(..4).unwrap_or(&line) {
                "EHLO" => b"250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
                "DATA" => b"354 go on\r\n",
                "QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await?;
            if answer.starts_with(b"354") {
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                self.mails.lock().unwrap().push(mail);
                write.write_all(b"250 taken\r\n").await?;
            }
        }
        Ok(())
    }
}
