//! Every verb that takes time, ended at every moment and in every way: nothing is left behind, and
//! nobody is told twice.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect};

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::services::heard;
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);

/// How the verb is cut short.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// The caller hangs up.
    Caller,
    /// The API hangs up.
    Api,
    /// The API redirects the call.
    Redirect,
}

/// A verb whose result goes to `/done`, and what must be known of that.
struct Case {
    dialect: Dialect,
    verb: &'static str,
    /// Who hangs up does not take the result away.
    always_told: bool,
}

const CASES: [Case; 14] = [
    case(
        Dialect::Twiml,
        r#"<Gather action="/done" input="dtmf speech" partialResultCallback="/told" timeout="2">
            <Say>Hello</Say></Gather>"#,
    ),
    case(
        Dialect::Twiml,
        r#"<Say loop="2">Hello</Say><Play digits="1w2"/>"#,
    ),
    Case {
        dialect: Dialect::Twiml,
        verb: r#"<Record action="/done" recordingStatusCallback="/recorded" transcribe="true"
            transcribeCallback="/text" timeout="1" maxLength="2"/>"#,
        always_told: true,
    },
    case(
        Dialect::Twiml,
        r#"<Start><Stream url="wss://app.example/a" statusCallback="/told"/></Start>
            <Start><Transcription statusCallbackUrl="/told"/></Start><Say>Hello</Say>"#,
    ),
    case(
        Dialect::Twiml,
        r#"<Connect action="/done"><Stream url="wss://app.example/a"/></Connect>"#,
    ),
    case(Dialect::Cxml, r#"<Echo timeout="2"/>"#),
    case(
        Dialect::Bxml,
        r#"<StartRecording recordingAvailableUrl="/recorded"/><Ring duration="1"/>
            <SendDtmf>12,3</SendDtmf><StopRecording/>"#,
    ),
    case(
        Dialect::Bxml,
        r#"<Gather gatherUrl="/done" maxDigits="2" firstDigitTimeout="1" repeatCount="2">
            <SpeakSentence>Hello</SpeakSentence></Gather>"#,
    ),
    case(
        Dialect::Bxml,
        r#"<StartGather dtmfUrl="/told"/><Record recordCompleteUrl="/done" maxDuration="2"
            recordingAvailableUrl="/recorded"/>"#,
    ),
    case(
        Dialect::Jambonz,
        r#"{"verb": "play", "url": "http://app.example/a.wav", "actionHook": "/done"}"#,
    ),
    case(
        Dialect::Jambonz,
        r#"{"verb": "config", "bargeIn": {"enable": true, "input": ["digits", "speech"],
            "actionHook": "/told"}}, {"verb": "say", "text": "Hello", "loop": 3}"#,
    ),
    case(
        Dialect::Jambonz,
        r#"{"verb": "listen", "url": "wss://app.example/a", "actionHook": "/done",
            "playBeep": true, "maxLength": 2}"#,
    ),
    case(
        Dialect::Jambonz,
        r#"{"verb": "transcribe", "transcriptionHook": "/told"}"#,
    ),
    case(
        Dialect::Jambonz,
        r#"{"verb": "dub", "action": "addTrack", "track": "m", "play": "http://app.example/a.wav"},
            {"verb": "sip:request", "method": "INFO", "actionHook": "/done"},
            {"verb": "gather", "input": ["digits"], "say": {"text": "Hello"},
            "actionHook": "/done2"}"#,
    ),
];

const fn case(dialect: Dialect, verb: &'static str) -> Case {
    Case {
        dialect,
        verb,
        always_told: false,
    }
}

impl Case {
    fn document(&self) -> String {
        match self.dialect {
            Dialect::Jambonz => format!(r#"[{}, {{"verb": "pause", "length": 2}}]"#, self.verb),
            _ => {
                let attribute = match self.dialect {
                    Dialect::Bxml => "duration",
                    _ => "length",
                };
                let verb = self.verb;
                format!("<Response>{verb}<Pause {attribute}=\"2\"/></Response>")
            }
        }
    }

    /// Waits for three seconds and hangs up.
    fn pause(&self) -> &'static str {
        match self.dialect {
            Dialect::Jambonz => r#"[{"verb": "pause", "length": 3}]"#,
            Dialect::Bxml => r#"<Response><Pause duration="3"/></Response>"#,
            _ => r#"<Response><Pause length="3"/></Response>"#,
        }
    }

    /// `placed`: we called the other party.
    async fn is_cut(&self, cut: Cut, after: Duration, placed: bool) {
        let what = format!("{cut:?} after {after:?}, placed: {placed}: {}", self.verb);
        let world = World::new(self.dialect);
        for path in ["/told", "/recorded", "/text", "/status", "/events"] {
            world.application.page(path, Page::status(200));
        }
        for path in ["/done", "/done2", "/other"] {
            let page = Page::document(self.pause()).after(100 * MS);
            world.application.page(path, page);
        }
        *world.host.services.transcript.borrow_mut() = Some(heard("hello", 0.9, true));
        let clip = crate::support::rtp::tone(600.0, 1_000 * MS);
        let url = "http://app.example/a.wav";
        world.host.services.slow_clip(url, clip, 150 * MS);
        world.begins_with(&self.document());
        let (phone, handset) = match placed {
            false => world.caller().await,
            true => (world.phone(), world.handset()),
        };
        let mut callee = None;
        if placed {
            world.place(world.order(), &[&[&phone]]);
            let called = Callee::of(&phone).await;
            called.picks_up(&handset).await;
            callee = Some(called);
        }
        handset.speak(700 * MS);
        tokio::time::sleep(after).await;
        let is_over = world.desk.live() == 0;
        match cut {
            Cut::Caller => match &callee {
                Some(callee) => callee.send("BYE", &[], ""),
                None => {
                    phone.send("BYE", &[], "");
                }
            },
            Cut::Api => {
                // A call that has just ended by itself needs no end.
                let _ = world.tell(CallAction::HangUp);
            }
            Cut::Redirect if is_over => {}
            Cut::Redirect => world.redirect("/other"),
        }
        if cut == Cut::Redirect && !is_over {
            tokio::time::sleep(600 * MS).await;
            handset.forget();
            tokio::time::sleep(200 * MS).await;
            let is_dubbed = self.verb.contains("dub") || self.verb.contains("Start");
            let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
            assert!(is_dubbed || loudest.unwrap_or(0) < 300, "sounds on: {what}");
        }
        world.settle().await;
        let times = |path: &str| world.application.asked_at(path).len();
        assert!(times("/done") <= 1, "{what}");
        assert!(times("/done2") <= 1, "{what}");
        assert_eq!(
            times("/other"),
            usize::from(cut == Cut::Redirect && !is_over),
            "{what}"
        );
        let files = world.host.services.files.borrow().len();
        assert_eq!(
            completed(&world),
            if self.verb.contains("/recorded") {
                files
            } else {
                0
            },
            "{what}"
        );
        if self.always_told && cut != Cut::Redirect {
            assert_eq!(times("/done"), files, "{what}");
            assert_eq!(times("/text"), files, "{what}");
        }
        let finals = world.application.asked();
        let finals = finals
            .iter()
            .filter(|asked| asked.is_final() && asked.path == "/status");
        assert_eq!(finals.count(), 1, "{what}");
    }
}

/// Announcements of complete recordings.
fn completed(world: &World) -> usize {
    world.application.asked_at("/recorded").len()
}

fn sweep(cut: Cut) {
    for (number, case) in CASES.iter().enumerate() {
        // Not at multiples of a frame, and not at the same moments for each verb.
        for step in 0..22 {
            let after = (step * 130 + u32::try_from(number).unwrap() * 7) * MS;
            in_virtual_time(case.is_cut(cut, after, false));
        }
    }
}

#[test]
fn a_call_that_we_placed_may_be_cut_short_as_any_other() {
    for (number, case) in CASES.iter().enumerate() {
        for cut in [Cut::Caller, Cut::Api, Cut::Redirect] {
            for step in 0..4 {
                let after = (step * 710 + u32::try_from(number).unwrap() * 7) * MS;
                in_virtual_time(case.is_cut(cut, after, true));
            }
        }
    }
}

#[test]
fn the_caller_may_hang_up_at_any_moment_of_any_verb() {
    sweep(Cut::Caller);
}

#[test]
fn the_api_may_hang_up_at_any_moment_of_any_verb() {
    sweep(Cut::Api);
}

#[test]
fn the_api_may_redirect_at_any_moment_of_any_verb() {
    sweep(Cut::Redirect);
}
