//! However a recording ends, its call's journal says so, and why there is none.
//!
//! That exactly one end is told of each is asserted whenever a world settles.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect, RecordingState};

use crate::support::application::Page;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);

/// What happens to a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// The caller speaks and the limit comes.
    Limit,
    /// The caller never speaks.
    Silence,
    /// The caller hangs up a second after it began.
    HangUp,
    /// The caller hangs up in the moment in which it began.
    HangUpAtOnce,
    /// The API hangs up.
    Api,
    /// The API brings another document.
    Redirect,
    /// The server is to stop, and ends its calls.
    Shutdown,
    /// The folder cannot be written.
    ReadOnly,
    /// The disk is full after so many samples.
    DiskFull(usize),
    /// Completing the file meets a fault of ours.
    Fault,
}

/// How a recording is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Twiml,
    TwimlWithAction,
    TwimlBeside,
    Bxml,
    BxmlBeside,
}

impl Way {
    fn dialect(self) -> Dialect {
        match self {
            Way::Twiml | Way::TwimlWithAction | Way::TwimlBeside => Dialect::Twiml,
            Way::Bxml | Way::BxmlBeside => Dialect::Bxml,
        }
    }

    fn document(self) -> &'static str {
        match self {
            Way::Twiml => {
                "<Response><Record playBeep=\"false\" maxLength=\"4\" timeout=\"3\"/></Response>"
            }
            Way::TwimlWithAction => {
                "<Response><Record playBeep=\"false\" maxLength=\"4\" timeout=\"3\" \
                 action=\"/done\" recordingStatusCallback=\"/told\" \
                 recordingStatusCallbackEvent=\"completed absent\"/></Response>"
            }
            Way::TwimlBeside => {
                "<Response><Start><Recording recordingStatusCallback=\"/told\"/></Start>\
                 <Pause length=\"4\"/></Response>"
            }
            Way::Bxml => {
                "<Response><Record maxDuration=\"4\" silenceTimeout=\"3\" \
                 recordCompleteUrl=\"/done\"/></Response>"
            }
            Way::BxmlBeside => {
                "<Response><StartRecording recordingAvailableUrl=\"/told\"/>\
                 <Pause duration=\"4\"/><StopRecording/></Response>"
            }
        }
    }
}

const WAYS: [Way; 5] = [
    Way::Twiml,
    Way::TwimlWithAction,
    Way::TwimlBeside,
    Way::Bxml,
    Way::BxmlBeside,
];

/// Lets a recording meet its fate. Gives how it ended, and what the journal says of it.
async fn meet(way: Way, fate: Fate) -> (RecordingState, Vec<String>) {
    let world = World::new(way.dialect());
    for path in ["/done", "/other"] {
        world.application.page(path, Page::document("<Response/>"));
    }
    for path in ["/told", "/status", "/start"] {
        world.application.page(path, Page::status(200));
    }
    let services = &world.host.services;
    services.read_only.set(fate == Fate::ReadOnly);
    services.faulty.set(fate == Fate::Fault);
    if let Fate::DiskFull(after) = fate {
        services.disk_full_after.set(Some(after));
    }
    let (phone, handset) = world.caller_of(way.document()).await;
    if !matches!(fate, Fate::Silence | Fate::HangUpAtOnce) {
        handset.speak(10 * SECOND);
    }
    match fate {
        Fate::HangUpAtOnce => {}
        Fate::HangUp | Fate::Api | Fate::Redirect | Fate::Shutdown => phone.listen(SECOND).await,
        _ => phone.listen(6 * SECOND).await,
    }
    match fate {
        Fate::Api => {
            world.tell(CallAction::HangUp).unwrap();
        }
        Fate::Redirect => world.redirect("/other"),
        Fate::Shutdown => world.desk.hang_up_all(),
        _ if world.desk.live() > 0 => {
            phone.send("BYE", &[], "");
        }
        _ => {}
    }
    world.settle().await;
    let kept = world.host.services.kept.borrow();
    // Without an action the same document runs again.
    let sid = &kept.first().expect("a recording").sid;
    let last = kept.iter().rfind(|facts| facts.sid == *sid);
    (last.expect("an end").state, world.notes_of(sid))
}

#[test]
fn the_journal_says_how_each_recording_ended() {
    use RecordingState::{Absent, Completed, Failed};
    for way in WAYS {
        // A vendor without a word for an absent recording has a failed one, and one of silence.
        let nothing = match way.dialect() {
            Dialect::Bxml => Failed,
            _ => Absent,
        };
        let silent = match way.dialect() {
            Dialect::Bxml => Completed,
            _ => Absent,
        };
        for (fate, state, why) in [
            (Fate::Limit, Completed, "is complete: "),
            (Fate::HangUp, Completed, "is complete: "),
            (Fate::Api, Completed, "is complete: "),
            (Fate::Redirect, Completed, "is complete: "),
            (Fate::Shutdown, Completed, "is complete: "),
            (Fate::HangUpAtOnce, nothing, "sound"),
            (Fate::ReadOnly, Failed, "the folder is read-only"),
            (Fate::DiskFull(0), Failed, "no space is left on the disk"),
            (
                Fate::DiskFull(8_000),
                Failed,
                "no space is left on the disk",
            ),
            (Fate::Fault, Failed, "a fault of this server"),
            (
                Fate::Silence,
                silent,
                if silent == Absent {
                    "no sound"
                } else {
                    "is complete: "
                },
            ),
        ] {
            in_virtual_time(async {
                let (ended, notes) = meet(way, fate).await;
                assert_eq!(ended, state, "{way:?}, {fate:?}: {notes:?}");
                let last = notes.last().expect("a note");
                assert!(last.contains(why), "{way:?}, {fate:?}: {notes:?}");
            });
        }
    }
}
