//! Which verbs this release carries out.

/// Every verb, `runs` or `refused`, and a note.
pub(in crate::jambonz) const fn support() -> &'static [(&'static str, &'static str, &'static str)] {
    SUPPORT
}

/// What a verb that is refused would need.
pub(in crate::jambonz) fn missing(verb: &str) -> &'static str {
    let entry = SUPPORT
        .iter()
        .find(|(name, state, _)| *name == verb && *state == REFUSED);
    entry.map_or("it is not part of this release", |(_, _, note)| note)
}

const RUNS: &str = "runs";
const REFUSED: &str = "refused";
const NO_SECOND_LEG: &str = "joining a call with another one is not part of this release";
const NO_BOT: &str = "connecting a bot is not part of this release";

const SUPPORT: &[(&str, &str, &str)] = &[
    ("answer", RUNS, "answers an unanswered call"),
    ("sip:refer", RUNS, "complete; skipped on an unanswered call"),
    ("pause", RUNS, "does not answer the call"),
    (
        "hangup",
        RUNS,
        "with headers on the BYE; an unanswered call is refused with 603",
    ),
    (
        "sip:decline",
        RUNS,
        "400 to 699; skipped on an answered call",
    ),
    ("redirect", RUNS, "with statusHook"),
    ("tag", RUNS, "customerData of later requests"),
    (
        "config",
        RUNS,
        "voice, recognizer, bargeIn, record, listen, transcribe, reset, referHook; notifyEvents on a WebSocket; the journal names the rest",
    ),
    (
        "alert",
        RUNS,
        "Alert-Info on a 180; nothing on an answered call",
    ),
    (
        "say",
        RUNS,
        "text or SSML, one of several at random, loop, early media",
    ),
    (
        "play",
        RUNS,
        "WAV or MP3, one after the other, loop, early media, actionHook",
    ),
    (
        "gather",
        RUNS,
        "keys and speech, barge-in, nested `say` or `play`, partial results",
    ),
    ("dtmf", RUNS, "as telephone-events, else as tones"),
    (
        "dub",
        RUNS,
        "tracks beside everything else, with gain and loop",
    ),
    (
        "sip:request",
        RUNS,
        "INFO, MESSAGE, NOTIFY and OPTIONS; skipped on an unanswered call",
    ),
    (
        "listen",
        RUNS,
        "audio to a WebSocket and back; `stream` is the same",
    ),
    (
        "transcribe",
        RUNS,
        "needs a speech recognizer; waits until the call ends, beside it in `config`",
    ),
    ("dial", REFUSED, NO_SECOND_LEG),
    ("transfer", REFUSED, NO_SECOND_LEG),
    ("conference", REFUSED, NO_SECOND_LEG),
    ("enqueue", REFUSED, NO_SECOND_LEG),
    ("dequeue", REFUSED, NO_SECOND_LEG),
    ("leave", REFUSED, NO_SECOND_LEG),
    (
        "message",
        REFUSED,
        "there are no text messages here, only calls",
    ),
    ("dialogflow", REFUSED, NO_BOT),
    ("llm", REFUSED, NO_BOT),
    ("agent", REFUSED, NO_BOT),
    ("pipeline", REFUSED, NO_BOT),
    ("lex", REFUSED, NO_BOT),
    ("rasa", REFUSED, NO_BOT),
    (
        "rest:dial",
        REFUSED,
        "it is internal to jambonz and has no place in a document",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::verbs::VERBS;
    use super::*;

    #[test]
    fn every_verb_of_the_tables_is_listed_once() {
        let mut listed: Vec<_> = SUPPORT.iter().map(|entry| entry.0).collect();
        let mut verbs: Vec<_> = VERBS.iter().map(|shape| shape.name).collect();
        listed.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(listed, verbs);
    }
}
