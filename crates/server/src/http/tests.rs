//! The listener asked over a real socket.

use std::sync::atomic::Ordering;

use hookflash_dialects::RecordingFacts;
use hookflash_program::Tracks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A desk without shards.
pub(crate) fn desk() -> Arc<Desk> {
    desk_with(Mail::new(0).0)
}

fn desk_with(mail: Mail) -> Arc<Desk> {
    let records = Records::open(&config()).unwrap();
    Arc::new(Desk {
        ledger: Ledger::new(10),
        mail,
        connections: Arc::default(),
        guard: Arc::default(),
        client_guard: Guard::default(),
        meter: api::Meter::new().unwrap(),
        webhook_times: Times::new().unwrap(),
        bindings: Arc::default(),
        registrations: Arc::default(),
        prompts: Prompts::new((&config().media).into()),
        recordings: Recordings::open(std::path::Path::new("nowhere"), &records),
        records,
        speech: Speech::new(&config().speech).0,
        settings: RwLock::default(),
        board: RwLock::new(Arc::new(Switchboard::new(&config(), "", &[]).unwrap())),
        next_shard: AtomicUsize::new(0),
        draining: AtomicBool::new(false),
    })
}

fn config() -> Config {
    let nothing = std::path::Path::new(".");
    Config::from_parts(
        "t",
        "[store]\nurl = \"sqlite::memory:\"",
        nothing,
        &[],
        &Default::default(),
    )
    .unwrap()
}

async fn serving(desk: &Arc<Desk>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Arc::clone(desk), std::future::pending()));
    address
}

/// Sends a request and returns status and body.
async fn ask(address: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[tokio::test]
async fn a_server_that_drains_is_alive_and_not_ready() {
    let desk = desk();
    let address = serving(&desk).await;
    assert_eq!(ask(address, "GET", "/healthz").await.0, 200);
    assert_eq!(ask(address, "GET", "/readyz").await.0, 200);
    desk.draining.store(true, Ordering::Relaxed);
    assert_eq!(ask(address, "GET", "/healthz").await.0, 200);
    assert_eq!(ask(address, "GET", "/readyz").await.0, 503);
}

#[tokio::test]
async fn a_server_with_a_shard_that_has_ended_is_not_ready() {
    let (mail, mut shards) = Mail::new(2);
    let address = serving(&desk_with(mail)).await;
    assert_eq!(ask(address, "GET", "/readyz").await.0, 200);
    shards.pop();
    let (status, why) = ask(address, "GET", "/readyz").await;
    assert_eq!(status, 503);
    assert!(why.contains("restart it"), "{why}");
    assert_eq!(ask(address, "GET", "/healthz").await.0, 200);
}

#[tokio::test]
async fn a_server_without_calls_has_an_empty_list_and_knows_no_call() {
    let address = serving(&desk()).await;
    let (status, body) = ask(address, "GET", "/hookflash/v1/calls").await;
    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"calls":[],"next":null}"#)
    );
    assert_eq!(ask(address, "GET", "/hookflash/v1/calls/CA1").await.0, 404);
    assert_eq!(
        ask(address, "GET", "/hookflash/v1/calls/CA1/trace").await.0,
        404
    );
    for query in ["limit=0", "limit=many", "limit=1001", "after=CA1"] {
        let path = format!("/hookflash/v1/calls?{query}");
        assert_eq!(ask(address, "GET", &path).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn what_comes_later_says_so_and_what_does_not_exist_is_not_found() {
    let address = serving(&desk()).await;
    for path in ["/console/", "/hookflash/v1/calls/CA1/pcap"] {
        let (status, body) = ask(address, "POST", path).await;
        assert_eq!(status, 501, "{path}");
        assert!(body.contains("later release"), "{body}");
    }
    assert_eq!(ask(address, "GET", "/nowhere").await.0, 404);
    assert_eq!(ask(address, "GET", "/hookflash/v2/x").await.0, 404);
    assert_eq!(ask(address, "POST", "/hookflash/v1/calls").await.0, 405);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_form_of_the_view() {
    let address = serving(&desk()).await;
    for (path, why) in [
        (
            "/hookflash/v1/calls?limit=1&limit=2",
            "duplicate field `limit`",
        ),
        (
            "/hookflash/v1/outbox?limit=1&limit=2",
            "duplicate field `limit`",
        ),
        (
            "/hookflash/v1/events?call=1&call=2",
            "duplicate field `call`",
        ),
        ("/hookflash/v1/calls/%ff", "UTF-8"),
        ("/hookflash/v1/calls/%ff/trace", "UTF-8"),
    ] {
        let (status, body) = ask(address, "GET", path).await;
        let refused: serde_json::Value = serde_json::from_str(&body).expect(&body);
        assert_eq!((status, &refused["error"]["status"]), (400, &400.into()));
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(" cannot be read: "), "{message}");
        assert!(message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn metrics_are_text_that_prometheus_reads() {
    let address = serving(&desk()).await;
    let (status, body) = ask(address, "GET", "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("# TYPE hookflash_calls_started_total counter"),
        "{body}"
    );
    assert!(body.contains("hookflash_calls 0"), "{body}");
}

#[tokio::test]
async fn a_watcher_is_served_events() {
    let address = serving(&desk()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /hookflash/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = [0; 1_024];
    let length = stream.read(&mut bytes).await.unwrap();
    let head = String::from_utf8_lossy(&bytes[..length]).to_lowercase();
    assert!(
        head.starts_with("http/1.1 200") && head.contains("text/event-stream"),
        "{head}"
    );
}

/// A desk with one account per dialect and a completed recording `RE1` of call `CA1` in each.
fn desk_with_recordings(public: bool) -> Arc<Desk> {
    let mut text = format!("[recordings]\npublic = {public}\n");
    for (sid, dialect) in ACCOUNTS {
        text.push_str(&format!(
            "[[accounts]]\nsid = \"{sid}\"\ndialect = \"{dialect}\"\nauth_token = \"key-{sid}\"\n"
        ));
    }
    let folder = crate::recordings::tests::scratch();
    let config = Config::from_parts("t", &text, &folder, &[], &Default::default()).unwrap();
    let desk = desk();
    let board = Arc::new(Switchboard::new(&config, "http://me", &[]).unwrap());
    desk.set(Settings::new(&config, "http://me".to_owned()), board);
    let recordings = Recordings::open(&config.recordings.folder, &desk.records);
    for (sid, _) in ACCOUNTS {
        let facts = crate::recordings::tests::facts(&format!("RE{sid}"), sid);
        crate::recordings::tests::record(&recordings, &facts, 1);
    }
    let running = crate::recordings::tests::facts("RErunning", "AC1");
    recordings.keep(&running);
    let Ok(desk) = Arc::try_unwrap(desk) else {
        panic!("somebody has the desk");
    };
    Arc::new(Desk { recordings, ..desk })
}

const ACCOUNTS: [(&str, &str); 5] = [
    ("AC1", "twiml"),
    ("AC2", "twiml"),
    ("c3", "cxml"),
    ("9900001", "bxml"),
    ("j5", "jambonz"),
];

fn basic(user: &str, password: &str) -> String {
    let value = crate::webhook::basic(user, password);
    format!("Authorization: {value}\r\n")
}

/// Sends a request with these header lines and returns status, head and body.
async fn ask_as(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(bytes[..end].to_vec())
        .unwrap()
        .to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, bytes[end + 4..].to_vec())
}

/// A second of 8 kHz, 16 bit, and the head of the file.
const SIZE: usize = 16_044;

#[tokio::test]
async fn recordings_are_read_with_the_accounts_own_credentials_and_no_others() {
    let address = serving(&desk_with_recordings(false)).await;
    let laml = "/2010-04-01/Accounts/AC1/Recordings/REAC1";
    let band = "/api/v2/accounts/9900001/calls/CA1/recordings/RE9900001";
    let jambonz = "/v1/Accounts/j5/Recordings/REj5";
    let (mine, other) = (basic("AC1", "key-AC1"), basic("AC2", "key-AC2"));
    let bandwidth = basic("9900001", "key-9900001");
    let bearer = "Authorization: Bearer key-j5\r\n";
    let foreign = "/2010-04-01/Accounts/AC2/Recordings/REAC1.json";
    for (path, headers, status) in [
        (laml, mine.as_str(), 200),
        (laml, "", 401),
        (laml, &basic("AC1", "wrong"), 401),
        (laml, &basic("AC1", ""), 401),
        (laml, &other, 401),
        (laml, &bandwidth, 401),
        (laml, "Authorization: Bearer key-AC1\r\n", 401),
        (laml, "Authorization: Basic !!!\r\n", 401),
        (foreign, &other, 404),
        (foreign, &mine, 401),
        ("/2010-04-01/Accounts/nobody/Recordings.json", &mine, 401),
        (band, &bandwidth, 200),
        (band, &mine, 401),
        ("/api/v2/accounts/1/recordings", &bandwidth, 403),
        (jambonz, bearer, 200),
        (jambonz, "Authorization: Bearer key-AC1\r\n", 401),
        (jambonz, "", 401),
        ("/v1/Accounts/x/Calls/CA1/Recordings", bearer, 403),
    ] {
        let (got, head, body) = ask_as(address, "GET", path, headers).await;
        assert_eq!(got, status, "{path} {headers}");
        assert_eq!(head.contains("www-authenticate"), status == 401, "{head}");
        if status == 401 && path.starts_with("/2010") {
            let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (&error["code"], &error["status"]),
                (&20_003.into(), &401.into())
            );
        }
    }
    // Nothing tells whether it was the recording or the account that is unknown.
    for (method, path) in [("DELETE", laml), ("HEAD", laml)] {
        assert_eq!(ask_as(address, method, path, "").await.0, 401);
    }
}

#[tokio::test]
async fn the_sound_of_a_recording_is_a_file_with_ranges() {
    let address = serving(&desk_with_recordings(false)).await;
    let mine = basic("AC1", "key-AC1");
    let path = "/2010-04-01/Accounts/AC1/Recordings/REAC1";
    for path in [
        path.to_owned(),
        format!("{path}.wav"),
        "/2010-04-01/Accounts/AC1/Calls/CA1/Recordings/REAC1.wav".to_owned(),
    ] {
        let (status, head, body) = ask_as(address, "GET", &path, &mine).await;
        assert_eq!((status, body.len()), (200, SIZE), "{path}");
        assert!(head.contains("content-type: audio/"), "{head}");
        assert_eq!(&body[..4], b"RIFF");
    }
    let range = format!("{mine}Range: bytes=4-7\r\n");
    let (status, head, body) = ask_as(address, "GET", path, &range).await;
    assert_eq!((status, body.len()), (206, 4));
    assert!(
        head.contains(&format!("content-range: bytes 4-7/{SIZE}")),
        "{head}"
    );
    for whole in ["bytes=0-1,5-6", "lines=1-2", "x"] {
        let range = format!("{mine}Range: {whole}\r\n");
        let (status, _, body) = ask_as(address, "GET", path, &range).await;
        assert_eq!((status, body.len()), (200, SIZE), "{whole}");
    }
    for (path, status) in [
        (
            "/2010-04-01/Accounts/AC1/Calls/CA2/Recordings/REAC1.wav".to_owned(),
            404,
        ),
        (
            "/2010-04-01/Accounts/AC1/Recordings/RErunning".to_owned(),
            404,
        ),
        (
            "/2010-04-01/Accounts/AC1/Recordings/RErunning.json".to_owned(),
            200,
        ),
    ] {
        assert_eq!(
            ask_as(address, "GET", &path, &mine).await.0,
            status,
            "{path}"
        );
    }
    // What was kept as WAV is also to be had as MP3, and goes with it.
    let (status, head, body) = ask_as(address, "GET", &format!("{path}.mp3"), &mine).await;
    assert!(status == 200 && head.contains("audio/mpeg"), "{head}");
    let limits = hookflash_audio::DecodeLimits::default();
    let clip = hookflash_audio::decode(&body, None, "x.mp3", limits).unwrap();
    assert!(clip.duration().abs_diff(Duration::from_secs(1)) < Duration::from_millis(250));
    // SignalWire's has its sound under an extension only.
    let theirs = basic("c3", "key-c3");
    let path = "/api/laml/2010-04-01/Accounts/c3/Recordings/REc3";
    let (_, head, _) = ask_as(address, "GET", path, &theirs).await;
    assert!(head.contains("application/json"), "{head}");
    let (_, _, body) = ask_as(address, "GET", &format!("{path}.wav"), &theirs).await;
    assert_eq!(body.len(), SIZE);
    let bearer = "Authorization: Bearer key-j5\r\n";
    for path in [
        "/v1/Accounts/j5/Recordings/REj5.wav",
        "/v1/Accounts/j5/RecentCalls/CA1/record/2026/11/21/wav",
    ] {
        assert_eq!(
            ask_as(address, "GET", path, bearer).await.2.len(),
            SIZE,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_sound_is_open_to_whoever_knows_its_url_only_where_the_operator_says_so() {
    let address = serving(&desk_with_recordings(true)).await;
    let path = "/2010-04-01/Accounts/AC1/Recordings/REAC1";
    assert_eq!(ask_as(address, "GET", path, "").await.0, 200);
    for (method, path) in [
        ("GET", format!("{path}.json")),
        ("DELETE", path.to_owned()),
        ("GET", "/2010-04-01/Accounts/AC1/Recordings".to_owned()),
    ] {
        assert_eq!(ask_as(address, method, &path, "").await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn recordings_are_listed_as_each_vendor_does() {
    let address = serving(&desk_with_recordings(false)).await;
    let json = async |path: &str, headers: &str| -> serde_json::Value {
        let (status, _, body) = ask_as(address, "GET", path, headers).await;
        assert_eq!(status, 200, "{path}");
        serde_json::from_slice(&body).unwrap()
    };
    let mine = basic("AC1", "key-AC1");
    let list = json(
        "/2010-04-01/Accounts/AC1/Recordings.json?PageSize=1&Page=1",
        &mine,
    )
    .await;
    assert_eq!(list["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(list["page"], 1);
    assert!(list["next_page_uri"].is_null());
    for (query, count) in [("CallSid=CA1", 2), ("CallSid=CA2", 0), ("Page=9", 0)] {
        let path = format!("/2010-04-01/Accounts/AC1/Recordings?{query}");
        let list = json(&path, &mine).await;
        assert_eq!(
            list["recordings"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    // As with lists of calls.
    let nonsense = "/2010-04-01/Accounts/AC1/Recordings?PageSize=x";
    assert_eq!(ask_as(address, "GET", nonsense, &mine).await.0, 400);
    let bandwidth = basic("9900001", "key-9900001");
    let list = json("/api/v2/accounts/9900001/calls/CA1/recordings", &bandwidth).await;
    assert_eq!(list[0]["recordingId"], "RE9900001");
    let bearer = "Authorization: Bearer key-j5\r\n";
    let list = json("/v1/Accounts/j5/Calls/CA1/Recordings", bearer).await;
    assert!(list[0].to_string().contains("REj5"), "{list}");
}

#[tokio::test]
async fn the_sound_of_a_recording_of_two_channels_is_to_be_had_in_one() {
    let desk = desk_with_recordings(false);
    for (sid, account) in [("REdual", "AC1"), ("REc3dual", "c3")] {
        let dual = RecordingFacts {
            channels: 2,
            tracks: Tracks::Both,
            ..crate::recordings::tests::facts(sid, account)
        };
        let samples = [1_000, 2_000];
        crate::recordings::tests::record_samples(&desk.recordings, &dual, 1, &samples);
    }
    let address = serving(&desk).await;
    let mine = basic("AC1", "key-AC1");
    let path = "/2010-04-01/Accounts/AC1/Recordings/REdual";
    let get = async |what: &str| ask_as(address, "GET", &format!("{path}{what}"), &mine).await;
    for (what, size) in [
        ("", 2 * SIZE - 44),
        (".wav?RequestedChannels=2", 2 * SIZE - 44),
        (".wav?RequestedChannels=1", SIZE),
        ("?RequestedChannels=1", SIZE),
    ] {
        let (status, _, body) = get(what).await;
        assert_eq!((status, body.len()), (200, size), "{what}");
        let mixed = 3_000_i16.to_le_bytes();
        let is_mixed = body[44..]
            .as_chunks::<2>()
            .0
            .iter()
            .all(|two| *two == mixed);
        assert_eq!(is_mixed, size == SIZE, "{what}");
    }
    let (status, head, body) = get(".mp3?RequestedChannels=1").await;
    assert!(status == 200 && head.contains("audio/mpeg"), "{head}");
    let mode = body[3] >> 6;
    assert_eq!(mode, 3, "one channel");
    let one = "/2010-04-01/Accounts/AC1/Recordings/REAC1.wav?RequestedChannels=";
    for (path, code) in [
        (format!("{one}2"), 16_113),
        (format!("{path}?RequestedChannels=3"), 20_001),
    ] {
        let (status, _, body) = ask_as(address, "GET", &path, &mine).await;
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &error["code"]), (400, &code.into()), "{path}");
    }
    let (status, _, body) = ask_as(address, "GET", &format!("{one}1"), &mine).await;
    assert_eq!((status, body.len()), (200, SIZE));
    // SignalWire has no such parameter.
    let theirs = "/2010-04-01/Accounts/c3/Recordings/REc3dual.wav?RequestedChannels=1";
    let (_, _, body) = ask_as(address, "GET", theirs, &basic("c3", "key-c3")).await;
    assert_eq!(body.len(), 2 * SIZE - 44);
    let file = desk.recordings.sound(
        &desk
            .recordings
            .find("AC1", "REdual")
            .await
            .unwrap()
            .unwrap(),
    );
    let made = ["wav", "mono.wav", "mono.mp3"].map(|form| file.with_extension(form));
    assert!(made.iter().all(|file| file.exists()));
    assert_eq!(ask_as(address, "DELETE", path, &mine).await.0, 204);
    desk.recordings.settle();
    assert!(!made.iter().any(|file| file.exists()));
}

#[tokio::test]
async fn a_deleted_recording_is_gone_and_a_running_one_is_not_deleted() {
    let desk = desk_with_recordings(false);
    let address = serving(&desk).await;
    let mine = basic("AC1", "key-AC1");
    let path = "/2010-04-01/Accounts/AC1/Recordings/REAC1";
    let file = desk
        .recordings
        .sound(&desk.recordings.find("AC1", "REAC1").await.unwrap().unwrap());
    let other = file.with_extension("mp3");
    assert_eq!(
        ask_as(address, "GET", &format!("{path}.mp3"), &mine)
            .await
            .0,
        200
    );
    assert!(other.exists());
    assert_eq!(
        ask_as(address, "DELETE", &format!("{path}.json"), &mine)
            .await
            .0,
        204
    );
    assert_eq!(ask_as(address, "DELETE", path, &mine).await.0, 404);
    assert_eq!(ask_as(address, "GET", path, &mine).await.0, 404);
    desk.recordings.settle();
    assert!(!file.exists() && !other.exists());
    let running = "/2010-04-01/Accounts/AC1/Recordings/RErunning.json";
    assert_eq!(ask_as(address, "DELETE", running, &mine).await.0, 409);
    let bandwidth = basic("9900001", "key-9900001");
    let one = "/api/v2/accounts/9900001/calls/CA1/recordings/RE9900001";
    let media = format!("{one}/media");
    assert_eq!(ask_as(address, "DELETE", &media, &bandwidth).await.0, 204);
    desk.recordings.settle();
    assert_eq!(ask_as(address, "GET", &media, &bandwidth).await.0, 404);
    let (status, _, told) = ask_as(address, "GET", one, &bandwidth).await;
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        (status, &told["status"]),
        (200, &"deleted".into()),
        "{told}"
    );
    assert!(
        told["mediaUrl"].is_null() && told["duration"] != "PT0S",
        "{told}"
    );
    assert_eq!(ask_as(address, "DELETE", one, &bandwidth).await.0, 204);
    assert_eq!(ask_as(address, "GET", one, &bandwidth).await.0, 404);
    assert_eq!(ask_as(address, "DELETE", one, &bandwidth).await.0, 404);
}
