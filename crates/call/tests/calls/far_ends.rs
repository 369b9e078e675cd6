//! What far ends do to a REFER, and what applications of the four dialects are told: the exact
//! fields, exactly once, and what runs next.

use std::time::Duration;

use crate::support::application::{Asked, Page};
use crate::support::documents::{TARGET, V, document};
use crate::support::phone::{OFFER, Phone, Read};
use crate::support::world::{World, in_virtual_time};
use hookflash_dialects::Dialect;
use serde_json::Value;

/// One step of a far end, once it has read the REFER.
#[derive(Clone, Copy, Debug)]
enum Do {
    /// Answers the REFER.
    Answer(u16),
    /// Answers the REFER with one more header field.
    AnswerWith(u16, &'static str, &'static str),
    /// Challenges the REFER and reads the next one.
    Challenge(u16),
    /// Sends a NOTIFY: Subscription-State, body.
    Notify(&'static str, &'static str),
    /// Sends a NOTIFY whose Event names the CSeq of the REFER.
    NotifyWithId(&'static str, &'static str),
    /// Sends BYE.
    Bye,
    /// Sends a re-INVITE.
    Reinvite,
    /// Lets milliseconds pass.
    Wait(u64),
}
use Do::*;

/// What is to happen after the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The far end reached the target: BXML hangs up at once, the others run the reply.
    Success,
    /// The reply runs, and the verbs behind `Refer` never do.
    Failure,
    /// The call is over; nothing runs.
    Over,
}

struct FarEnd {
    name: &'static str,
    does: &'static [Do],
    /// `ReferCallStatus ReferSipResponseCode NotifySipResponseCode`, `-` for absent ones.
    laml: &'static str,
    /// `referCallStatus referSipResponseCode notifySipResponseCode`.
    bxml: &'static str,
    /// `refer_status final_referred_call_status`.
    jambonz: &'static str,
    /// `end outcome endedBy` of our own view.
    view: &'static str,
    /// Statuses of its NOTIFYs.
    notified: &'static [u16],
    next: Next,
}

const ACTIVE: &str = "active;expires=60";
const OVER: &str = "terminated;reason=noresource";
const TRYING: &str = "SIP/2.0 100 Trying\r\n";
const RINGING: &str = "SIP/2.0 180 Ringing\r\n";
const OK: &str = "SIP/2.0 200 OK\r\n";

const SUCCESS: FarEnd = FarEnd {
    name: "accepts, and the target answers",
    does: &[
        Answer(202),
        Notify(ACTIVE, TRYING),
        Wait(400),
        Notify(ACTIVE, RINGING),
        Wait(900),
        Notify(OVER, OK),
    ],
    laml: "in-progress 202 200",
    bxml: "success 202 200",
    jambonz: "202 200",
    view: "final succeeded notify",
    notified: &[100, 180, 200],
    next: Next::Success,
};

const REFUSES: FarEnd = FarEnd {
    notified: &[],
    view: "rejected failed response",
    next: Next::Failure,
    ..SUCCESS
};

const TARGET_FAILS: FarEnd = FarEnd {
    view: "final failed notify",
    next: Next::Failure,
    ..SUCCESS
};

const UNKNOWN: FarEnd = FarEnd {
    laml: "- 202 -",
    bxml: "failure 202 -",
    jambonz: "202 -",
    notified: &[],
    next: Next::Failure,
    ..SUCCESS
};

const FAR_ENDS: &[FarEnd] = &[
    SUCCESS,
    FarEnd {
        name: "accepts, the target answers, and it hangs up by itself",
        does: &[
            Answer(202),
            Notify(ACTIVE, RINGING),
            Wait(500),
            Notify(OVER, OK),
            Bye,
        ],
        notified: &[180, 200],
        next: Next::Over,
        ..SUCCESS
    },
    FarEnd {
        name: "reports a busy target (486)",
        does: &[
            Answer(202),
            Notify(ACTIVE, TRYING),
            Wait(300),
            Notify(OVER, "SIP/2.0 486 Busy Here\r\n"),
        ],
        laml: "busy 202 486",
        bxml: "failure 202 486",
        jambonz: "202 486",
        notified: &[100, 486],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "reports an unknown target (404)",
        does: &[
            Answer(202),
            Notify(ACTIVE, TRYING),
            Notify(OVER, "SIP/2.0 404 Not Found\r\n"),
        ],
        laml: "failed 202 404",
        bxml: "failure 202 404",
        jambonz: "202 404",
        notified: &[100, 404],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "reports a target that declines (603)",
        does: &[
            Answer(202),
            Notify(ACTIVE, RINGING),
            Wait(2000),
            Notify(OVER, "SIP/2.0 603 Decline\r\n"),
        ],
        laml: "failed 202 603",
        bxml: "failure 202 603",
        jambonz: "202 603",
        notified: &[180, 603],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "reports a target busy everywhere (600)",
        does: &[Answer(202), Notify(OVER, "SIP/2.0 600 Busy Everywhere\r\n")],
        laml: "busy 202 600",
        bxml: "failure 202 600",
        jambonz: "202 600",
        notified: &[600],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "reports a call that was given up (487)",
        does: &[
            Answer(202),
            Notify(ACTIVE, RINGING),
            Wait(9000),
            Notify(OVER, "SIP/2.0 487 Request Terminated\r\n"),
        ],
        laml: "no-answer 202 487",
        bxml: "failure 202 487",
        jambonz: "202 487",
        notified: &[180, 487],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "reports a redirection (302)",
        does: &[
            Answer(202),
            Notify(OVER, "SIP/2.0 302 Moved Temporarily\r\n"),
        ],
        laml: "failed 202 302",
        bxml: "failure 202 302",
        jambonz: "202 302",
        notified: &[302],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "hangs up while the target rings",
        does: &[
            Answer(202),
            Notify(ACTIVE, TRYING),
            Notify(ACTIVE, RINGING),
            Wait(1500),
            Bye,
        ],
        laml: "canceled 202 180",
        bxml: "failure 202 -",
        jambonz: "202 -",
        view: "leg_hangup canceled peer_bye",
        notified: &[100, 180],
        next: Next::Over,
    },
    FarEnd {
        name: "hangs up as soon as it has accepted",
        does: &[Answer(202), Bye],
        laml: "canceled 202 -",
        view: "leg_hangup canceled peer_bye",
        next: Next::Over,
        ..UNKNOWN
    },
    FarEnd {
        name: "does not allow REFER (405)",
        does: &[Answer(405)],
        laml: "failed 405 -",
        bxml: "failure 405 -",
        jambonz: "405 -",
        ..REFUSES
    },
    FarEnd {
        name: "declines the REFER (603)",
        does: &[Answer(603)],
        laml: "failed 603 -",
        bxml: "failure 603 -",
        jambonz: "603 -",
        ..REFUSES
    },
    FarEnd {
        name: "redirects the REFER (302)",
        does: &[AnswerWith(302, "Contact", "<sip:elsewhere@target.example>")],
        laml: "failed 302 -",
        bxml: "failure 302 -",
        jambonz: "302 -",
        ..REFUSES
    },
    FarEnd {
        name: "no longer knows the call (481)",
        does: &[Answer(481)],
        laml: "failed 481 -",
        bxml: "failure 481 -",
        jambonz: "481 -",
        next: Next::Over,
        ..REFUSES
    },
    FarEnd {
        name: "is overloaded (503 with Retry-After)",
        does: &[AnswerWith(503, "Retry-After", "5")],
        laml: "failed 503 -",
        bxml: "failure 503 -",
        jambonz: "503 -",
        ..REFUSES
    },
    FarEnd {
        name: "says nothing after its 202",
        does: &[Answer(202), Wait(130_000)],
        view: "timeout unknown timer",
        ..UNKNOWN
    },
    FarEnd {
        name: "reports ringing and then nothing",
        does: &[
            Answer(202),
            Notify("active;expires=600", RINGING),
            Wait(130_000),
        ],
        laml: "failed 202 180",
        notified: &[180],
        view: "timeout unknown timer",
        ..UNKNOWN
    },
    FarEnd {
        name: "never answers the REFER",
        does: &[Wait(40_000)],
        laml: "failed 408 -",
        bxml: "failure 408 -",
        jambonz: "408 -",
        view: "rejected failed timer",
        ..REFUSES
    },
    FarEnd {
        name: "sends a NOTIFY before its 202",
        does: &[
            Notify(ACTIVE, TRYING),
            Wait(200),
            Answer(202),
            Wait(200),
            Notify(OVER, OK),
        ],
        notified: &[100, 200],
        ..SUCCESS
    },
    FarEnd {
        name: "sends every NOTIFY before its 202",
        does: &[
            Notify(ACTIVE, TRYING),
            Notify(ACTIVE, RINGING),
            Notify(OVER, OK),
            Wait(300),
            Answer(202),
        ],
        ..SUCCESS
    },
    FarEnd {
        name: "accepts with 200 instead of 202",
        does: &[Answer(200), Notify(ACTIVE, TRYING), Notify(OVER, OK)],
        laml: "in-progress 200 200",
        bxml: "success 200 200",
        jambonz: "200 200",
        notified: &[100, 200],
        ..SUCCESS
    },
    FarEnd {
        name: "accepts after 1.6 s",
        does: &[Wait(1600), Answer(202), Notify(OVER, OK)],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "challenges with 401",
        does: &[Challenge(401), Answer(202), Notify(OVER, OK)],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "challenges with 407",
        does: &[Challenge(407), Answer(202), Notify(OVER, OK)],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "ends the subscription with 100 (minimal notifier)",
        does: &[Answer(202), Notify(OVER, TRYING)],
        laml: "failed 202 100",
        notified: &[100],
        view: "subscription_ended unknown notify",
        ..UNKNOWN
    },
    FarEnd {
        name: "ends the subscription without a body",
        does: &[Answer(202), Notify(OVER, "")],
        view: "subscription_ended unknown notify",
        ..UNKNOWN
    },
    FarEnd {
        name: "sends a fragment without line end",
        does: &[Answer(202), Notify(OVER, "SIP/2.0 200 OK")],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "sends a fragment with more headers",
        does: &[
            Answer(202),
            Notify(
                OVER,
                "SIP/2.0 503 Service Unavailable\r\nReason: Q.850;cause=34\r\nTo: <sip:bob@x>\r\n\r\n",
            ),
        ],
        laml: "failed 202 503",
        bxml: "failure 202 503",
        jambonz: "202 503",
        notified: &[503],
        ..TARGET_FAILS
    },
    FarEnd {
        name: "sends a fragment in lower case",
        does: &[Answer(202), Notify(OVER, "sip/2.0 200 ok\r\n")],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "ends lines of fragments with LF only",
        does: &[
            Answer(202),
            Notify(ACTIVE, "SIP/2.0 180 Ringing\n\n"),
            Notify(OVER, "SIP/2.0 200 OK\n"),
        ],
        notified: &[180, 200],
        ..SUCCESS
    },
    FarEnd {
        name: "names the REFER in Event",
        does: &[
            Answer(202),
            NotifyWithId(ACTIVE, TRYING),
            NotifyWithId(OVER, OK),
        ],
        notified: &[100, 200],
        ..SUCCESS
    },
    FarEnd {
        name: "makes no subscription (Refer-Sub: false)",
        does: &[AnswerWith(202, "Refer-Sub", "false")],
        view: "no_subscription unknown response",
        ..UNKNOWN
    },
    FarEnd {
        name: "leaves the subscription active after the final status",
        does: &[Answer(202), Notify(ACTIVE, TRYING), Notify(ACTIVE, OK)],
        notified: &[100, 200],
        ..SUCCESS
    },
    FarEnd {
        name: "sends a final NOTIFY only",
        does: &[Answer(202), Wait(3000), Notify(OVER, OK)],
        notified: &[200],
        ..SUCCESS
    },
    FarEnd {
        name: "hangs up while the REFER is on its way",
        does: &[Bye],
        laml: "canceled - -",
        bxml: "failure - -",
        jambonz: "- -",
        view: "leg_hangup canceled peer_bye",
        notified: &[],
        next: Next::Over,
    },
    FarEnd {
        name: "changes the session while the REFER is on its way",
        does: &[
            Reinvite,
            Answer(202),
            Notify(ACTIVE, TRYING),
            Notify(OVER, OK),
        ],
        notified: &[100, 200],
        ..SUCCESS
    },
];

#[test]
fn every_far_end_is_told_truly_in_twiml() {
    every_far_end(Dialect::Twiml);
}

#[test]
fn every_far_end_is_told_truly_in_cxml() {
    every_far_end(Dialect::Cxml);
}

#[test]
fn every_far_end_is_told_truly_in_bxml() {
    every_far_end(Dialect::Bxml);
}

#[test]
fn every_far_end_is_told_truly_in_jambonz() {
    every_far_end(Dialect::Jambonz);
}

fn every_far_end(dialect: Dialect) {
    let mut failures = Vec::new();
    for far_end in FAR_ENDS {
        // One far end that is told wrongly must not hide the others.
        let told = std::panic::catch_unwind(|| in_virtual_time(meet(far_end, dialect)));
        if let Err(panic) = told {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            failures.push(format!("{}: {}", far_end.name, text.unwrap_or_default()));
        }
    }
    assert!(
        failures.is_empty(),
        "{dialect}, far ends:\n{}",
        failures.join("\n")
    );
}

async fn meet(far_end: &FarEnd, dialect: Dialect) {
    let world = World::new(dialect);
    world.change_options(|options| {
        options.transfer.final_notify_timeout = match dialect {
            Dialect::Twiml | Dialect::Cxml => Duration::from_secs(120),
            Dialect::Bxml => Duration::from_secs(30),
            Dialect::Jambonz => Duration::from_secs(15),
        };
        options.credentials = vec![hookflash_sip::Credentials {
            username: "trunk".into(),
            password: "secret".into(),
            realm: None,
        }];
    });
    let page = |verbs: &[V]| Page::document(document(dialect, verbs));
    let application = &world.application;
    application.page(
        "/start",
        page(&[V::Refer(TARGET, Some("/done")), V::Redirect("/later")]),
    );
    application.page("/done", page(&[V::Redirect("/reply")]));
    application.page("/later", page(&[V::Hangup]));
    application.page("/reply", page(&[V::Hangup]));
    application.page("/progress", Page::status(200));
    application.page("/events", Page::status(200));
    application.page("/status", Page::status(200));

    let phone = world.phone();
    assert_eq!(phone.call().await.status(), 200);
    let refer = phone.request("REFER").await;
    assert_eq!(
        refer.header("Refer-To"),
        Some(format!("<{TARGET}>").as_str())
    );
    play(&phone, refer, far_end.does).await;
    phone.listen(Duration::from_secs(20)).await;
    world.settle().await;

    let told = match dialect {
        Dialect::Twiml | Dialect::Cxml => far_end.laml,
        Dialect::Bxml => far_end.bxml,
        Dialect::Jambonz => far_end.jambonz,
    };
    let callbacks = application.asked_at("/done");
    assert_eq!(callbacks.len(), 1, "callbacks");
    assert_eq!(fields(dialect, &callbacks[0]), told, "callback");

    // Whether a BYE right behind the final NOTIFY comes before the callback is a matter of luck.
    let either = far_end.next == Next::Over && far_end.view.starts_with("final");
    if dialect != Dialect::Bxml && !either {
        let name = if dialect == Dialect::Jambonz {
            "call_status"
        } else {
            "CallStatus"
        };
        let over = far_end.next == Next::Over;
        let call = if over { "completed" } else { "in-progress" };
        assert_eq!(callbacks[0].field(name), call, "status of the call");
    }

    let paths = application.paths();
    let ran = |path: &str| paths.iter().any(|asked| asked == path);
    let reply_runs = match far_end.next {
        Next::Success => dialect != Dialect::Bxml,
        Next::Failure => true,
        Next::Over => false,
    };
    assert_eq!(ran("/reply"), reply_runs, "whether the reply runs");
    assert!(!ran("/later"), "verbs behind Refer ran");
    let sent = phone.count_heard("BYE");
    match far_end.next {
        Next::Success | Next::Failure => assert_eq!(sent, 1, "BYEs"),
        // BXML hangs up at once after success, and the endpoint after 481: that BYE may cross
        // the far end's.
        Next::Over => assert!(sent <= 1, "{sent} BYEs"),
    }
    assert_eq!(
        application
            .asked_at("/status")
            .iter()
            .filter(|asked| asked.is_final())
            .count(),
        1
    );

    let transfer = world.transfer();
    let word = |name: &str| transfer[name].as_str().unwrap_or("-").to_owned();
    let view = format!("{} {} {}", word("end"), word("outcome"), word("endedBy"));
    assert_eq!(view, far_end.view, "view: {transfer}");
    assert_eq!(
        transfer["notifyStatuses"],
        Value::from(far_end.notified),
        "statuses"
    );
    assert!(!word("verdict").is_empty());

    if dialect == Dialect::Jambonz {
        let progress = application.asked_at("/progress");
        let statuses: Vec<_> = progress
            .iter()
            .map(|p| p.fields["call_status"].clone())
            .collect();
        assert_eq!(
            Value::from(statuses),
            Value::from(far_end.notified),
            "progress"
        );
        let name = if far_end.view.starts_with("final succeeded") {
            "TRANSFER_REFER_SUCCESS"
        } else {
            "TRANSFER_REFER_ERROR"
        };
        let events = application.asked_at("/events");
        let of_transfer: Vec<_> = events
            .iter()
            .map(|e| e.field("event"))
            .filter(|e| e.contains("REFER"))
            .collect();
        assert_eq!(of_transfer, [name], "gateway events");
    }
}

/// Plays a far end, from the moment when it has read the REFER.
async fn play(phone: &Phone, mut refer: Read, does: &[Do]) {
    for act in does {
        match *act {
            Answer(status) => phone.answer(&refer, status, "Reason", &[]),
            AnswerWith(status, name, value) => {
                phone.answer(&refer, status, "Reason", &[(name, value)]);
            }
            Challenge(status) => {
                let (name, answer) = match status {
                    401 => ("WWW-Authenticate", "Authorization"),
                    _ => ("Proxy-Authenticate", "Proxy-Authorization"),
                };
                assert_eq!(refer.header(answer), None);
                let challenge = "Digest realm=\"far\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";
                phone.answer(&refer, status, "Who is it?", &[(name, challenge)]);
                refer = phone.request("REFER").await;
                assert!(refer.header(answer).unwrap().contains("username=\"trunk\""));
            }
            Notify(subscription, fragment) => {
                phone.notify("refer", subscription, fragment);
                assert_eq!(phone.response("NOTIFY").await.status(), 200);
            }
            NotifyWithId(subscription, fragment) => {
                let cseq = refer.header("CSeq").and_then(|cseq| cseq.split(' ').next());
                phone.notify(
                    &format!("refer;id={}", cseq.unwrap()),
                    subscription,
                    fragment,
                );
                assert_eq!(phone.response("NOTIFY").await.status(), 200);
            }
            Bye => {
                phone.send("BYE", &[], "");
                assert_eq!(phone.response("BYE").await.status(), 200);
            }
            Reinvite => {
                phone.send("INVITE", &[("Content-Type", "application/sdp")], OFFER);
                assert_eq!(phone.response("INVITE").await.status(), 200);
                phone.send("ACK", &[], "");
            }
            Wait(millis) => phone.listen(Duration::from_millis(millis)).await,
        }
    }
}

/// The result in a callback, with the types that the dialect gives it.
fn fields(dialect: Dialect, callback: &Asked) -> String {
    let names: &[&str] = match dialect {
        Dialect::Twiml | Dialect::Cxml => &[
            "ReferCallStatus",
            "ReferSipResponseCode",
            "NotifySipResponseCode",
        ],
        Dialect::Bxml => &[
            "referCallStatus",
            "referSipResponseCode",
            "notifySipResponseCode",
        ],
        Dialect::Jambonz => &["refer_status", "final_referred_call_status"],
    };
    if matches!(dialect, Dialect::Bxml | Dialect::Jambonz) {
        for code in names.iter().filter(|name| **name != "referCallStatus") {
            let code = callback.fields.get(*code);
            assert!(
                code.is_none_or(Value::is_u64),
                "codes are integers: {code:?}"
            );
        }
    }
    names
        .iter()
        .map(|name| callback.field(name))
        .collect::<Vec<_>>()
        .join(" ")
}
