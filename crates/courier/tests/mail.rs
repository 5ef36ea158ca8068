//! E-mail against a mail server that holds a real dialogue and answers each command as it is told.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use farsight_courier::{
    Channel, Courier, CourierError, Line, Message, Outcome, Reach, Secret, Security, Settings, Smtp,
};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use support::{NOW, message, words};

const PASSWORD: &str = "correct-horse-battery";

/// What came in, and how to answer: the last rule whose command begins the line wins.
#[derive(Clone, Default)]
struct Server {
    mails: Arc<Mutex<Vec<String>>>,
    rules: Vec<(&'static str, &'static str)>,
}

impl Server {
    /// Starts a mail server that answers the given commands so, and all others well.
    async fn answering(rules: &[(&'static str, &'static str)]) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { rules: rules.to_vec(), ..Self::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.talk(socket).await });
            }
        });
        (server, port)
    }

    fn answer(&self, line: &str) -> &'static str {
        let told = self.rules.iter().rev().find(|(command, _)| line.starts_with(command));
        told.map_or_else(|| usual(line), |(_, answer)| answer)
    }

    /// One connection, to its end.
    async fn talk(&self, mut socket: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = socket.split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(self.answer("GREETING").as_bytes()).await?;
        while let Some(line) = lines.next_line().await? {
            let answer = self.answer(&line);
            if answer.is_empty() {
                std::future::pending::<()>().await; // silence
            }
            write.write_all(answer.as_bytes()).await?;
            if answer.starts_with("354") {
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.push_str(&line);
                    mail.push('\n');
                }
                self.mails.lock().unwrap().push(mail);
                write.write_all(self.answer("END").as_bytes()).await?;
            }
        }
        Ok(())
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

fn usual(line: &str) -> &'static str {
    match line.get(..4).unwrap_or(line) {
        "GREE" => "220 test ESMTP\r\n",
        "EHLO" => "250-test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n",
        "AUTH" => "235 welcome\r\n",
        "DATA" => "354 go on\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "250 ok\r\n",
    }
}

fn smtp(port: u16, security: Security) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security,
        credentials: Some(("tower".to_owned(), Secret::new(PASSWORD))),
        from: "Farsight <tower@maker.example>".to_owned(),
        connections: 2,
    }
}

fn courier(port: u16, security: Security, timeout: Duration) -> Courier {
    let smtp = Some(smtp(port, security));
    Courier::new(&Settings { reach: Reach::public(), timeout, smtp }).unwrap()
}

async fn sent(port: u16, to: &str, message: &Message) -> Outcome {
    let channel = Channel::Email { to: to.to_owned() };
    courier(port, Security::None, Duration::from_secs(20)).send(&channel, message, NOW).await
}

/// The header fields, unfolded.
fn head(mail: &str) -> Vec<String> {
    let head = mail.split("\n\n").next().unwrap().replace("\n ", " ");
    head.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_mail_arrives_with_its_id_in_two_forms() {
    let (server, port) = Server::answering(&[]).await;
    let outcome = sent(port, "manager@dealer.example", &message()).await;
    assert_eq!(outcome.code(), "delivered", "{outcome:?}");
    let mail = server.mails().remove(0);
    let head = head(&mail);
    for field in [
        "Message-ID: <msg_2KWPBgLlAfxdpx2AI54pPJ85f4W@maker.example>",
        "Date: Thu, 05 Mar 2026 06:30:00 +0000",
        "From: Farsight <tower@maker.example>",
        "To: manager@dealer.example",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(head.iter().any(|line| line == field), "{field} in {head:#?}");
    }
    assert!(mail.contains("text/plain") && mail.contains("text/html"), "{mail}");
}

#[tokio::test]
async fn no_text_becomes_a_header_or_a_command() {
    let (server, port) = Server::answering(&[]).await;
    let mut evil = message();
    evil.title = "hello\r\nBcc: all@dealer.example\r\n\r\nbody".to_owned();
    evil.lines =
        vec![Line::Text("a\r\n.\r\nMAIL FROM:<x@y.example>\r\n".to_owned()), Line::Text(".".to_owned())];
    assert_eq!(sent(port, "manager@dealer.example", &evil).await.code(), "delivered");
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(!head(&mails[0]).iter().any(|line| line.starts_with("Bcc")), "{}", mails[0]);

    for to in ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example, c@d.example", "nobody", ""] {
        let outcome = sent(port, to, &message()).await;
        assert_eq!(outcome.code(), "never", "{to}: {outcome:?}");
    }
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn refusals_for_good_and_for_now_are_told_apart() {
    for (command, answer, expected) in [
        ("GREETING", "421 too busy\r\n", "later"),
        ("MAIL", "451 try later\r\n", "later"),
        ("RCPT", "450 mailbox busy\r\n", "later"),
        ("RCPT", "452 4.2.2 mailbox full\r\n", "later"),
        ("END", "451 greylisted\r\n", "later"),
        ("RCPT", "550 5.1.1 no such user\r\n", "never"),
        ("RCPT", "553 mailbox name not allowed\r\n", "never"),
        ("END", "554 refused as spam\r\n", "never"),
        ("AUTH", "535 correct-horse-battery is wrong\r\n", "later"),
        ("EHLO", "garbage\r\n", "later"),
    ] {
        let (_server, port) = Server::answering(&[(command, answer)]).await;
        let outcome = sent(port, "manager@dealer.example", &message()).await;
        assert_eq!(outcome.code(), expected, "{command} {answer}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains(PASSWORD), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_silent_or_missing_server_is_tried_again() {
    let (_server, silent) = Server::answering(&[("RCPT", "")]).await;
    let missing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for port in [silent, missing] {
        let channel = Channel::Email { to: "manager@dealer.example".to_owned() };
        let courier = courier(port, Security::None, Duration::from_millis(400));
        let outcome = courier.send(&channel, &message(), NOW).await;
        assert_eq!(outcome.code(), "later", "{outcome:?}");
    }
}

#[tokio::test]
async fn where_tls_is_asked_for_nothing_goes_in_the_clear() {
    for security in [Security::StartTls, Security::Implicit] {
        let (server, port) = Server::answering(&[]).await;
        let channel = Channel::Email { to: "manager@dealer.example".to_owned() };
        let courier = courier(port, security, Duration::from_millis(800));
        let outcome = courier.send(&channel, &message(), NOW).await;
        assert_eq!((outcome.code(), server.mails().len()), ("later", 0), "{security:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn without_a_mail_server_or_a_sender_it_is_said() {
    let none = Courier::new(&Settings::default()).unwrap();
    let channel = Channel::Email { to: "manager@dealer.example".to_owned() };
    let outcome = none.send(&channel, &message(), NOW).await;
    assert!(words(&outcome).contains("no mail server"), "{outcome:?}");

    let smtp = Smtp { from: "nobody".to_owned(), ..smtp(25, Security::None) };
    assert!(!format!("{smtp:?}").contains(PASSWORD));
    let settings = Settings { smtp: Some(smtp), ..Settings::default() };
    assert_eq!(Courier::new(&settings).err().as_ref().map(CourierError::code), Some("courier_from"));
}
