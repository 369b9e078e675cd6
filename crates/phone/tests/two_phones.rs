//! Two phones call each other over real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookflash_audio::measure::{dominant_frequency, rms, tone_level};
use hookflash_audio::{Clip, DecodeLimits, Tone, decode, tone};
use hookflash_media::Codec;
use hookflash_phone::{Answer, KeysBy, Moment, News, Phone, PhoneError, Registrar, Script, Sound};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;

const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// Runs a callee with this script and a caller that hangs up after a moment; returns what each
/// told.
async fn conversation(callee: Script) -> (Vec<News>, Vec<News>) {
    let caller = Script {
        hang_up_after: Some(Duration::from_millis(50)),
        ..Script::default()
    };
    talk(caller, callee).await
}

/// Has a caller with this script call a callee with that one; returns what each told.
async fn talk(caller: Script, callee: Script) -> (Vec<News>, Vec<News>) {
    LocalSet::new().run_until(talk_here(caller, callee)).await
}

async fn talk_here(caller: Script, callee: Script) -> (Vec<News>, Vec<News>) {
    let callee = Phone::bind(SocketAddr::from(ANYWHERE), callee, None, 1)
        .await
        .unwrap();
    let (stop, stopped) = watch::channel(false);
    let caller = Script {
        user: "ann".to_owned(),
        call: Some(format!("sip:bob@{}", callee.address())),
        ..caller
    };
    let caller = Phone::bind(SocketAddr::from(ANYWHERE), caller, None, 2)
        .await
        .unwrap();
    let (callee_news, mut callee_heard) = mpsc::unbounded_channel();
    let (caller_news, mut caller_heard) = mpsc::unbounded_channel();
    let serving = tokio::task::spawn_local(callee.run(false, callee_news, stopped.clone()));
    caller.run(true, caller_news, stopped).await;
    stop.send(true).unwrap();
    serving.await.unwrap();
    let drain = |heard: &mut mpsc::UnboundedReceiver<News>| {
        std::iter::from_fn(|| heard.try_recv().ok())
            .filter(|item| !matches!(item, News::Listening(_)))
            .collect()
    };
    (drain(&mut caller_heard), drain(&mut callee_heard))
}

#[tokio::test]
async fn a_call_is_answered_and_hung_up_by_the_caller() {
    let (caller, callee) = conversation(Script {
        user: "bob".to_owned(),
        ..Script::default()
    })
    .await;
    assert!(
        matches!(caller.first(), Some(News::Calling(_))),
        "{caller:?}"
    );
    assert!(caller.contains(&News::Answered), "{caller:?}");
    assert_eq!(caller.last(), Some(&News::Ended("hung up".to_owned())));
    assert_eq!(callee.get(1), Some(&News::Took(200)), "{callee:?}");
    assert_eq!(
        callee.last(),
        Some(&News::Ended("the other side hung up".to_owned()))
    );
}

#[tokio::test]
async fn a_busy_phone_rings_and_refuses() {
    let busy = Answer {
        status: 486,
        ring: Duration::from_millis(30),
    };
    let (caller, callee) = conversation(Script {
        answer: busy,
        ..Script::default()
    })
    .await;
    assert!(caller.contains(&News::Progress(180)), "{caller:?}");
    assert!(!caller.contains(&News::Answered), "{caller:?}");
    assert_eq!(
        caller.last(),
        Some(&News::Ended("refused with 486".to_owned()))
    );
    assert!(callee.contains(&News::Took(486)), "{callee:?}");
}

/// A tone to play, at a level that telephones like.
fn tone_of(hertz: f32, millis: u64) -> Arc<Clip> {
    let tone = Tone {
        frequencies: (hertz, 0.0),
        level: -12.0,
        on: Duration::from_millis(millis),
        off: Duration::ZERO,
        repeat_for: None,
    };
    Arc::new(Clip::new(16_000, tone::samples(&tone, 16_000)))
}

fn script(sound: Sound, hang_up_after: Option<u64>) -> Script {
    Script {
        hang_up_after: hang_up_after.map(Duration::from_millis),
        sound,
        ..Script::default()
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn keys(news: &[News]) -> String {
    let key = |item: &News| match item {
        News::Key(key, _) => Some(*key),
        _ => None,
    };
    news.iter().filter_map(key).collect()
}

#[tokio::test]
async fn what_one_plays_the_other_hears_and_records_whatever_the_codec() {
    for (codec, name) in [
        (Codec::Pcmu, "pcmu"),
        (Codec::Pcma, "pcma"),
        (Codec::L16Wide, "l16"),
    ] {
        let record = file(&format!("heard-{name}.wav"));
        let plays = Sound {
            play: Some(tone_of(1_004.0, 900)),
            codecs: vec![codec],
            ..Sound::default()
        };
        let records = Sound {
            record: Some(record.clone()),
            codecs: vec![codec],
            ..Sound::default()
        };
        let (caller, callee) = talk(script(records, Some(1_300)), script(plays, None)).await;
        assert!(caller.contains(&News::Sound), "{caller:?}");
        assert!(caller.contains(&News::Tone(1_004)), "{codec:?}: {caller:?}");
        assert!(!callee.contains(&News::Sound), "{callee:?}");

        let heard = decode(
            &std::fs::read(&record).unwrap(),
            None,
            "x.wav",
            DecodeLimits::default(),
        );
        let heard = heard.unwrap();
        assert_eq!(heard.rate(), codec.sample_rate());
        assert!(heard.duration() > Duration::from_millis(900), "{heard:?}");
        let loud: Vec<i16> = heard
            .samples()
            .chunks(heard.rate() as usize / 50)
            .filter(|frame| rms(frame) > 3_000.0)
            .flatten()
            .copied()
            .collect();
        let hertz = dominant_frequency(&loud, heard.rate()).unwrap();
        assert!((hertz - 1_004.0).abs() < 2.0, "{codec:?}: {hertz} Hz");
        let sent = 20.0 * (tone::peak(-12.0) / 32_768.0).log10();
        let level = tone_level(&loud, heard.rate(), hertz) - sent;
        assert!(level.abs() < 1.0, "{codec:?}: {level} dB off");
    }
}

#[tokio::test]
async fn keys_are_heard_however_they_are_sent() {
    for (by, how) in [(KeysBy::Rfc4733, "as an event"), (KeysBy::Info, "by INFO")] {
        let presses = Sound {
            keys: vec!["1w2".parse().unwrap(), "#".parse().unwrap()],
            keys_by: by,
            keys_at: Moment::After(Duration::from_millis(100)),
            ..Sound::default()
        };
        let (caller, callee) = talk(script(presses, Some(2_000)), Script::default()).await;
        assert!(
            caller.contains(&News::Pressing("1w2".to_owned())),
            "{caller:?}"
        );
        assert_eq!(keys(&callee), "12#", "{by:?}: {callee:?}");
        assert!(callee.contains(&News::Key('1', how)), "{callee:?}");
    }
}

#[tokio::test]
async fn keys_as_tones_are_in_the_audio() {
    let record = file("tones.wav");
    let presses = Sound {
        keys: vec!["159".parse().unwrap()],
        keys_by: KeysBy::Inband,
        keys_at: Moment::After(Duration::from_millis(100)),
        ..Sound::default()
    };
    let records = Sound {
        record: Some(record.clone()),
        ..Sound::default()
    };
    let (_, callee) = talk(script(presses, Some(1_300)), script(records, None)).await;
    assert_eq!(keys(&callee), "", "no key was told: {callee:?}");
    let heard = decode(
        &std::fs::read(&record).unwrap(),
        None,
        "x.wav",
        DecodeLimits::default(),
    );
    let heard = heard.unwrap();
    let mut detector = hookflash_audio::dtmf::Detector::new(heard.rate());
    let down = detector
        .push(heard.samples())
        .filter_map(|edge| match edge {
            hookflash_audio::dtmf::Edge::Down(key) => Some(key),
            hookflash_audio::dtmf::Edge::Up(..) => None,
        });
    assert_eq!(down.collect::<String>(), "159");
}

#[tokio::test]
async fn keys_wait_until_the_other_side_has_spoken() {
    let says = Sound {
        play: Some(tone_of(500.0, 700)),
        ..Sound::default()
    };
    let presses = Sound {
        keys: vec!["7".parse().unwrap(), "8".parse().unwrap()],
        keys_at: Moment::Quiet(Duration::from_millis(300)),
        ..Sound::default()
    };
    let (caller, callee) = talk(script(presses, Some(2_500)), script(says, None)).await;
    assert_eq!(
        keys(&callee),
        "7",
        "nothing was said after the first: {callee:?}"
    );
    let place = |wanted: &News| caller.iter().position(|item| item == wanted);
    assert!(
        place(&News::Tone(500)) < place(&News::Pressing("7".to_owned())),
        "{caller:?}"
    );
}

#[tokio::test]
async fn a_phone_that_cannot_record_does_not_start() {
    let records = Sound {
        record: Some(file("no-such-folder").join("x.wav")),
        ..Sound::default()
    };
    let phone = Phone::bind(SocketAddr::from(ANYWHERE), script(records, None), None, 1).await;
    assert!(matches!(phone, Err(PhoneError::Record { .. })));
}

/// A registrar without passwords: grants the first REGISTER what it asks for, and hands over who
/// wanted what.
async fn registrar(answer: &str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let socket = tokio::net::UdpSocket::bind(SocketAddr::from(ANYWHERE))
        .await
        .unwrap();
    let address = socket.local_addr().unwrap();
    let (seen, requests) = mpsc::unbounded_channel();
    let answer = answer.to_owned();
    tokio::task::spawn_local(async move {
        let mut bytes = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let request = bytes.get(..length).unwrap_or_default();
            let request = String::from_utf8_lossy(request).into_owned();
            let mut text = format!("SIP/2.0 {answer}\r\n");
            for name in ["Via", "From", "To", "Call-ID", "CSeq", "Contact"] {
                let start = format!("{name}: ");
                let line = request.lines().find(|line| line.starts_with(&start));
                text.push_str(&format!("{}\r\n", line.unwrap()));
            }
            let text = format!("{text}Content-Length: 0\r\n\r\n");
            socket.send_to(text.as_bytes(), from).await.unwrap();
            let _ = seen.send(request);
        }
    });
    (address, requests)
}

fn is_calling(item: &News) -> bool {
    matches!(item, News::Calling(_))
}

/// What is told by a phone that is stopped as soon as it has told `moment`.
async fn stopped_at(moment: fn(&News) -> bool, script: Script, t1: Duration) -> Vec<News> {
    let phone = Phone::bind(SocketAddr::from(ANYWHERE), script, Some(t1), 3)
        .await
        .unwrap();
    let (news, mut heard) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::task::spawn_local(phone.run(true, news, stopped));
    let mut told = Vec::new();
    while let Some(item) = heard.recv().await {
        if moment(&item) {
            stop.send(true).unwrap();
        }
        told.push(item);
    }
    running.await.unwrap();
    told
}

/// Runs a phone that registers and then calls nobody who is there; returns what it told.
async fn register(answer: &str) -> (Vec<News>, Vec<String>) {
    let (address, mut requests) = registrar(answer).await;
    let nobody = std::net::UdpSocket::bind(SocketAddr::from(ANYWHERE)).unwrap();
    let phone = Script {
        user: "ann".to_owned(),
        register: Some(Registrar::new(&format!("sip:{address}"), Some("voice.example")).unwrap()),
        call: Some(format!("sip:bob@{}", nobody.local_addr().unwrap())),
        ..Script::default()
    };
    // Nobody answers the call, so that the phone gives its CANCEL up after 8·T1.
    let told = stopped_at(is_calling, phone, Duration::from_millis(20)).await;
    let seen = std::iter::from_fn(|| requests.try_recv().ok()).collect();
    (told, seen)
}

#[tokio::test]
async fn a_phone_registers_calls_when_it_is_registered_and_leaves_at_the_end() {
    let (told, seen) = LocalSet::new().run_until(register("200 OK")).await;
    let position = |wanted: fn(&News) -> bool| told.iter().position(wanted);
    let registered = position(|item| matches!(item, News::Registered(3_600)));
    let calling = position(|item| matches!(item, News::Calling(_)));
    assert!(registered.is_some() && registered < calling, "{told:?}");
    let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
    assert!(
        first.starts_with("REGISTER sip:voice.example SIP/2.0\r\n"),
        "{first}"
    );
    assert!(first.contains("To: <sip:ann@voice.example>\r\n"), "{first}");
    assert!(last.contains("Expires: 0\r\n"), "{last}");
}

#[tokio::test]
async fn a_phone_that_cannot_register_says_so_and_does_not_call() {
    let (told, _) = LocalSet::new().run_until(register("403 Forbidden")).await;
    let refused = |item: &News| match item {
        News::NotRegistered(why) => why.starts_with("refused with 403"),
        _ => false,
    };
    assert!(told.iter().any(refused), "{told:?}");
    assert!(matches!(told.last(), Some(News::CannotCall(_))), "{told:?}");
}

/// A party that answers an INVITE with these lines, if any, and is silent from then on.
async fn silent_party(answer: Option<&'static str>) -> SocketAddr {
    let socket = tokio::net::UdpSocket::bind(SocketAddr::from(ANYWHERE))
        .await
        .unwrap();
    let address = socket.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        let mut packet = vec![0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut packet).await.unwrap();
            let request = String::from_utf8_lossy(packet.get(..length).unwrap()).into_owned();
            let Some(answer) = answer.filter(|_| request.starts_with("INVITE ")) else {
                continue;
            };
            let mut text = format!("SIP/2.0 {answer}\r\n");
            for line in request.lines() {
                let name = line.split(':').next().unwrap_or_default();
                if ["Via", "From", "Call-ID", "CSeq"].contains(&name) {
                    text.push_str(&format!("{line}\r\n"));
                } else if name == "To" {
                    text.push_str(&format!("{line};tag=silent\r\n"));
                }
            }
            text.push_str(&format!("Contact: <sip:bob@{address}>\r\n"));
            text.push_str("Content-Length: 0\r\n\r\n");
            socket.send_to(text.as_bytes(), from).await.unwrap();
        }
    });
    address
}

/// What is told by a phone that calls this party and is stopped as soon as it has told `moment`.
async fn calls(moment: fn(&News) -> bool, answer: Option<&'static str>) -> Vec<News> {
    let party = silent_party(answer).await;
    let script = Script {
        call: Some(format!("sip:bob@{party}")),
        ..Script::default()
    };
    stopped_at(moment, script, Duration::from_millis(50)).await
}

#[tokio::test]
async fn a_phone_that_is_stopped_does_not_wait_for_ever_for_an_answer_to_its_farewell() {
    let gone = News::Ended("hung up; the other side did not answer that".to_owned());
    LocalSet::new()
        .run_until(async {
            // SIP itself would wait for 64·T1 and then tell that nothing answered.
            let told = calls(is_calling, None).await;
            assert_eq!(told.last(), Some(&gone), "{told:?}");
            let ringing = |item: &News| matches!(item, News::Progress(180));
            let told = calls(ringing, Some("180 Ringing")).await;
            assert_eq!(told.last(), Some(&gone), "{told:?}");
        })
        .await;
}
