//! Frames from RTSP streams: with a real ffmpeg where there is one, and what any ffmpeg is given and never given.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::yard::{PASSWORD, Told, code, fetcher, local, signing_in};
use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use farsight_cameras::{Away, Fetcher, MOST_STREAM_REQUESTS, Rules, Snapshot};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, UdpSocket};
use tokio::process::{Child, Command};

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=hall\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\na=control:track0\r\n";

/// What the test's camera does when it is asked for its stream.
#[derive(Clone, Copy)]
enum Stream {
    /// Asks for Digest and plays.
    Plays,
    /// Sends the visitor elsewhere.
    RedirectsTo(&'static str),
    /// Describes no picture.
    IsEmpty,
}

/// A camera that speaks RTSP to one visitor; answers with what it was asked.
async fn camera(stream: Stream, listener: TcpListener, packets: UdpSocket) -> Vec<String> {
    let (visitor, _) = listener.accept().await.unwrap();
    let (read, mut write) = visitor.into_split();
    let (mut read, mut asked) = (BufReader::new(read), Vec::new());
    while let Some((start, headers)) = request(&mut read).await {
        asked.push(start.clone());
        let cseq = headers.get("cseq").cloned().unwrap_or_default();
        let reply = reply(stream, &start, &headers);
        write.write_all(reply.replace("CSEQ", &cseq).as_bytes()).await.unwrap();
        if start.starts_with("PLAY") {
            tokio::select! {
                () = play(&packets, &mut write) => {}
                _ = request(&mut read) => {}
            }
            break;
        }
    }
    asked
}

async fn request(read: &mut BufReader<OwnedReadHalf>) -> Option<(String, BTreeMap<String, String>)> {
    let (mut start, mut headers) = (String::new(), BTreeMap::new());
    read.read_line(&mut start).await.ok().filter(|length| *length > 0)?;
    loop {
        let mut line = String::new();
        read.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => return Some((start.trim_end().to_owned(), headers)),
        };
    }
}

fn reply(stream: Stream, start: &str, headers: &BTreeMap<String, String>) -> String {
    let method = start.split(' ').next().unwrap();
    let signed = headers.get("authorization").is_some_and(|answer| lets_in(answer, start));
    match (method, stream) {
        ("OPTIONS", _) => "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n".to_owned(),
        (_, Stream::RedirectsTo(url)) => {
            format!("RTSP/1.0 302 Found\r\nCSeq: CSEQ\r\nLocation: {url}\r\n\r\n")
        }
        _ if !signed => {
            "RTSP/1.0 401 Unauthorized\r\nCSeq: CSEQ\r\nWWW-Authenticate: Basic realm=\"hall\"\r\n\
            WWW-Authenticate: Digest realm=\"hall\", nonce=\"n1\"\r\n\r\n"
                .to_owned()
        }
        ("DESCRIBE", _) => {
            let sdp = if matches!(stream, Stream::Plays) { SDP } else { &SDP[..SDP.find("m=").unwrap()] };
            let length = sdp.len();
            format!(
                "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}"
            )
        }
        ("SETUP", _) => "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 7\r\n\
            Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
            .to_owned(),
        _ => "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 7\r\n\r\n".to_owned(),
    }
}

fn lets_in(answer: &str, start: &str) -> bool {
    let mut words = start.split(' ');
    let (method, uri) = (words.next().unwrap(), words.next().unwrap());
    let Ok(mut answer) = AuthorizationHeader::parse(answer) else { return false };
    let claimed = answer.response.clone();
    let method = HttpMethod(method.to_owned().into());
    answer.digest(&AuthContext::new_with_method("hall", PASSWORD, uri, None::<&[u8]>, method));
    answer.uri == uri && answer.response == claimed
}

async fn play(packets: &UdpSocket, write: &mut OwnedWriteHalf) {
    let mut packet = [0; 4096];
    loop {
        let length = packets.recv(&mut packet).await.unwrap();
        let mut frame = vec![b'$', 0];
        frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        frame.extend_from_slice(&packet[..length]);
        if write.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// ffmpeg where it lies on this machine; `./run test` installs it.
fn ffmpeg() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("ffmpeg"))
        .find(|program| program.exists())
        .expect("these tests need ffmpeg (Debian: apt-get install ffmpeg)")
}

fn test_pattern(program: &Path, to: SocketAddr) -> Child {
    let mut command = Command::new(program);
    command.args(["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10"]);
    command.args(["-c:v", "mpeg4", "-g", "1", "-f", "rtp"]).arg(format!("rtp://{to}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

/// Visits a stream with a real ffmpeg: the outcome, and what the camera was asked.
async fn visit(stream: Stream, program: &Path, password: &str) -> (Result<Snapshot, Away>, Vec<String>) {
    let packets = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let _pattern = test_pattern(program, packets.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(camera(stream, listener, packets));
    let visitor = fetcher(Told::with(&[&["127.0.0.1"]])).with_ffmpeg(program);
    let rules = Rules { total_millis: 60_000, ..local(port) };
    let camera = signing_in(&format!("rtsp://hall.test:{port}/live/snapshot.jpg?token=x"), password);
    (visitor.fetch(&camera, &rules).await, asked.await.unwrap())
}

#[tokio::test]
async fn a_stream_gives_one_frame_after_a_digest_sign_in() {
    let program = ffmpeg();
    let (outcome, asked) = visit(Stream::Plays, &program, PASSWORD).await;
    let snapshot = outcome.unwrap();
    let picture = image::load_from_memory(&snapshot.bytes).unwrap();
    assert_eq!((picture.width(), picture.height(), snapshot.content_type), (320, 240, "image/jpeg"));
    assert!(
        asked.len() as u32 <= snapshot.requests && snapshot.requests <= MOST_STREAM_REQUESTS,
        "{asked:?}"
    );
    assert!(asked.iter().all(|line| line.contains(" rtsp://hall.test:")), "{asked:?}");
    assert_eq!(asked.iter().filter(|line| line.starts_with("DESCRIBE")).count(), 2, "{asked:?}");
    assert!(asked.iter().any(|line| line.starts_with("SETUP") && line.contains("track0")), "{asked:?}");
}

#[tokio::test]
async fn streams_without_a_frame_say_why() {
    let program = ffmpeg();
    for (stream, password, expected) in [
        (Stream::Plays, "another", "sign_in_refused"),
        (Stream::RedirectsTo("rtsp://169.254.169.254/latest"), PASSWORD, "http_status"),
        (Stream::IsEmpty, PASSWORD, "no_frame"),
    ] {
        let (outcome, asked) = visit(stream, &program, password).await;
        assert_eq!(code(outcome), expected, "{asked:?}");
    }
}

/// A program that stands in for ffmpeg, and a camera's port at which somebody listens and says nothing.
struct Stand {
    folder: tempfile::TempDir,
    _listener: TcpListener,
    rules: Rules,
    url: String,
}

impl Stand {
    async fn with(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
        let program = folder.path().join("ffmpeg");
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("rtsp://127.0.0.1:{port}/user=admin&token=hush-hush/snapshot.jpg");
        Self { folder, _listener: listener, rules: local(port), url }
    }

    async fn visit(&self, rules: &Rules) -> Result<Snapshot, Away> {
        let visitor: Fetcher = fetcher(Told::with(&[])).with_ffmpeg(self.folder.path().join("ffmpeg"));
        visitor.fetch(&signing_in(&self.url, PASSWORD), rules).await
    }

    fn left(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

#[tokio::test]
async fn ffmpeg_is_limited_and_gets_no_secret() {
    let stand =
        Stand::with("echo \"$@\" > args; export -p > environment; printf '\\377\\330\\377\\340picture'")
            .await;
    assert_eq!(stand.visit(&stand.rules).await.unwrap().bytes, b"\xff\xd8\xff\xe0picture".as_ref());
    let (args, environment) = (stand.left("args"), stand.left("environment"));
    for given in [
        "-nostdin",
        "-protocol_whitelist rtsp,rtp,tcp ",
        "-rtsp_transport tcp ",
        "-i rtsp://127.0.0.1:",
        "-frames:v 1 ",
    ] {
        assert!(args.contains(given), "{given} in {args}");
    }
    let port = format!(":{}", stand.rules.ports[0]);
    for kept in ["hush", "admin", "snapshot", port.as_str()] {
        assert!(!args.contains(kept) && !environment.contains(kept), "{kept} in {args} {environment}");
    }
    assert!(!environment.contains("HOME=") && !environment.contains("CARGO"), "{environment}");
}

#[tokio::test]
async fn what_ffmpeg_brings_is_judged_like_any_picture() {
    for (script, max_bytes, expected) in [
        ("printf '<html>no picture at all</html>'", 1 << 20, "not_a_picture"),
        ("printf '\\377\\330\\377\\340%01000d' 0; PATH=/usr/bin:/bin exec sleep 60", 100, "too_large"),
        ("echo 'rtsp://u:hush-hush@h/snapshot.jpg: Invalid data found' >&2; exit 1", 1 << 20, "no_frame"),
    ] {
        let stand = Stand::with(script).await;
        let rules = Rules { max_bytes, ..stand.rules.clone() };
        assert_eq!(code(stand.visit(&rules).await), expected, "{script}");
    }
}

#[tokio::test]
async fn ffmpeg_is_killed_when_the_time_is_over() {
    let stand = Stand::with("echo $$ > pid; PATH=/usr/bin:/bin exec sleep 600").await;
    let rules = Rules { total_millis: 1_500, ..stand.rules.clone() };
    assert_eq!(code(stand.visit(&rules).await), "timed_out");
    let pid = stand.left("pid");
    let running = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.contains("sleep") && !stat.contains(") Z")
    };
    assert!(!pid.trim().is_empty());
    let gone = async {
        while running() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("killed");
}

#[tokio::test]
async fn a_stream_is_bound_by_the_same_rules() {
    let stand = Stand::with("exit 1").await;
    let port = stand.rules.ports[0];
    let visitor = fetcher(Told::with(&[])).with_ffmpeg(stand.folder.path().join("ffmpeg"));
    for (url, rules, expected) in [
        (
            format!("rtsp://2130706433:{port}/a"),
            Rules { ports: vec![port], ..Rules::default() },
            "refused_address",
        ),
        ("rtsp://169.254.169.254/a".to_owned(), Rules::default(), "refused_address"),
        (format!("rtsp://127.0.0.1:{port}/a"), Rules::default(), "refused_port"),
        ("rtsp://u:hush-hush@hall.test/a".to_owned(), Rules::default(), "refused_url"),
        ("rtsp://hall.test/a".to_owned(), Rules::default(), "not_found"),
    ] {
        assert_eq!(code(visitor.fetch(&signing_in(&url, PASSWORD), &rules).await), expected, "{url}");
    }
    let without = fetcher(Told::with(&[]));
    assert_eq!(code(without.fetch(&signing_in(&stand.url, PASSWORD), &stand.rules).await), "no_ffmpeg");
    let gone = without.with_ffmpeg("/nowhere/ffmpeg");
    assert_eq!(code(gone.fetch(&signing_in(&stand.url, PASSWORD), &stand.rules).await), "no_ffmpeg");
}
