//! From a reply to a program.

use hookflash_program::{
    Answering, BackgroundRecording, Continuation, Diagnostic, Echo, EndOfProgram, Hangup, Hook,
    Noted, Pause, Program, Prompt, Redirect, Refer, ReferTiming, ReferredBy, Reject, Repeat, Step,
    TargetRule, Unrunnable, Verb,
};
use roxmltree::Node;

use crate::laml::content_type::{Reading, charset, reading};
use crate::laml::given::Given;
use crate::laml::validate::{Review, SCHEMA};
use crate::laml::vendor::Vendor;
use crate::laml::xml::{self, fatal};
use crate::laml::{gather, prompts, record, streams};
use crate::place::START;
use crate::shown::shown;
use crate::{Document, DocumentError};

/// The vendors' code for a verb that this version does not know.
const VERB_NOT_AVAILABLE: &str = "13750";

/// Parses and validates a document; see [`crate::Dialect::parse`].
pub(crate) fn parse(
    vendor: &'static Vendor,
    document: Document<'_>,
) -> Result<Program, DocumentError> {
    let (reading, charset) = match document.content_type.map(str::trim) {
        None => (Reading::Document, None),
        Some("") => match vendor.missing_content_type {
            None => (Reading::Document, None),
            Some(code) => {
                return Err(DocumentError::from(fatal(
                    code,
                    START,
                    "the reply has no Content-Type",
                    Some("send `Content-Type: application/xml`"),
                )));
            }
        },
        Some(content_type) => (reading(content_type), charset(content_type)),
    };
    match reading {
        Reading::Document => {
            document_of(vendor, document.body, charset).map_err(DocumentError::from)
        }
        Reading::DocumentOrWords => match document_of(vendor, document.body, charset) {
            // Too large and empty are no words either.
            Err(error) if error.code.starts_with("12") => {
                let words = xml::decode(document.body, charset).map_err(DocumentError::from)?;
                Ok(heard_and_done("Say", prompts::plain(&words)))
            }
            other => other.map_err(DocumentError::from),
        },
        // The sound is where the document was looked for. It is fetched once more, because sounds
        // have limits and a cache of their own.
        Reading::Sound => {
            let sound = prompts::audio(String::new(), Repeat::ONCE);
            Ok(heard_and_done("Play", Prompt::Audio(sound)))
        }
        Reading::Unusable => Err(DocumentError::from(fatal(
            "12300",
            START,
            format!(
                "the reply has the Content-Type `{}`, which is no call document",
                shown(document.content_type.unwrap_or_default())
            ),
            Some("send `Content-Type: application/xml`"),
        ))),
    }
}

fn document_of(
    vendor: &'static Vendor,
    body: &[u8],
    charset: Option<&str>,
) -> Result<Program, Diagnostic> {
    let text = xml::decode(body, charset)?;
    let tree = xml::tree(&text)?;
    let root = tree.root_element();
    let mut review = Review::new(vendor, &text);
    review.run(root);
    let mut steps = Vec::new();
    for node in root.children().filter(Node::is_element) {
        // Unknown verbs were noted by the review.
        if let Some(element) = vendor.root.child(review.name_of(node)) {
            let given = Given { node, element };
            // Asked before anything inside the verb, because positions are cheap in rising order.
            let position = review.places.at(node.range().start);
            let verbs = verbs(&mut review, &given).into_iter();
            steps.extend(verbs.map(|(answering, verb)| Step {
                name: element.name.to_owned(),
                position,
                answering,
                verb,
            }));
        }
    }
    Ok(Program {
        steps,
        end: EndOfProgram::AnswerAndHangUp,
        warnings: review.into_remarks(),
    })
}

/// A reply that is no document but something to be heard, after which the call ends.
fn heard_and_done(name: &str, prompt: Prompt) -> Program {
    let step = |name: &str, verb| Step {
        name: name.to_owned(),
        position: START,
        answering: Answering::Answer,
        verb,
    };
    let heard = Verb::Prompts(Box::new(prompts::verb(vec![prompt], Repeat::ONCE)));
    Program {
        steps: vec![
            step(name, heard),
            step("Hangup", Verb::Hangup(Hangup::default())),
        ],
        end: EndOfProgram::AnswerAndHangUp,
        warnings: Vec::new(),
    }
}

fn unrunnable(verb: &str, reason: String) -> Verb {
    Verb::Unrunnable(Unrunnable {
        verb: verb.to_owned(),
        reason,
        code: VERB_NOT_AVAILABLE.to_owned(),
    })
}

fn noted(why: impl Into<String>) -> Verb {
    Verb::Noted(Noted { why: why.into() })
}

/// Why a verb that is in the tables does not run.
fn why_not(vendor: &Vendor, verb: &str) -> String {
    let entry = vendor.support.iter().find(|(name, ..)| *name == verb);
    entry
        .map_or("it is not part of this release", |(.., note)| note)
        .to_owned()
}

/// What a verb of a document becomes: one instruction, or one for each noun of Start and Stop.
///
/// What it does to an unanswered call: Say, Play, Gather, Record and whatever else needs a
/// conversation answer; Pause waits; Redirect, Reject and Stop leave it; a verb that cannot run
/// does nothing to it (Twilio "SIP and TwiML interaction"; Hangup answers first, since Twilio
/// bills a call that it ends).
fn verbs(review: &mut Review<'_>, given: &Given<'_, '_>) -> Vec<(Answering, Verb)> {
    let name = given.element.name;
    let heard = |items| {
        let verb = prompts::verb(items, given.repeat());
        (Answering::Answer, Verb::Prompts(Box::new(verb)))
    };
    let verb = match name {
        "Connect" => return vec![connect(review, given)],
        "Start" => return nouns(review, given, start),
        "Stop" => return nouns(review, given, stop),
        "Refer" => (
            Answering::Answer,
            Verb::Refer(Box::new(refer(review, given))),
        ),
        "Say" => heard(prompts::say(review, given, Repeat::ONCE)),
        "Play" => heard(prompts::play(given, Repeat::ONCE)),
        "Pause" => {
            let length = prompts::pause(given);
            (Answering::Leave, Verb::Pause(Pause { length }))
        }
        "Gather" => (
            Answering::Answer,
            Verb::Gather(Box::new(gather::gather(review, given))),
        ),
        "Record" => (
            Answering::Answer,
            Verb::Record(Box::new(record::record(given))),
        ),
        "Echo" => {
            // TwiML's has no limit.
            let length = given.seconds("timeout");
            (Answering::Answer, Verb::Echo(Echo { length }))
        }
        "Denoise" => (
            Answering::Leave,
            noted("this server does not take noise out of what the caller says"),
        ),
        "Hangup" => (Answering::Answer, Verb::Hangup(Hangup::default())),
        "Reject" => (Answering::Leave, Verb::Reject(reject(given))),
        "Redirect" => (Answering::Leave, Verb::Redirect(Box::new(redirect(given)))),
        other => (
            Answering::Leave,
            unrunnable(other, why_not(review.vendor, other)),
        ),
    };
    vec![verb]
}

/// The nouns of an element that the vendor knows, in order.
fn known_nouns<'a, 'input>(
    review: &Review<'_>,
    given: &Given<'a, 'input>,
) -> Vec<Given<'a, 'input>> {
    let children = given.node.children().filter(Node::is_element);
    children
        .filter_map(|node| {
            let element = given.element.child(review.name_of(node))?;
            Some(Given { node, element })
        })
        .collect()
}

/// Connect takes its first noun and waits for it.
fn connect(review: &Review<'_>, given: &Given<'_, '_>) -> (Answering, Verb) {
    match known_nouns(review, given).first() {
        Some(noun) if noun.element.name == "Stream" => {
            let action = given.hook("action", "method");
            let stream = streams::stream(noun, Some(action));
            (Answering::Answer, Verb::ConnectStream(Box::new(stream)))
        }
        Some(noun) => (
            Answering::Leave,
            unrunnable("Connect", why_not_noun(noun.element.name)),
        ),
        None => (Answering::Leave, noted("`<Connect>` is empty")),
    }
}

fn nouns(
    review: &Review<'_>,
    given: &Given<'_, '_>,
    verb_of: fn(&Given<'_, '_>) -> (Answering, Verb),
) -> Vec<(Answering, Verb)> {
    let nouns = known_nouns(review, given);
    if nouns.is_empty() {
        let why = format!("`<{}>` is empty", given.element.name);
        return vec![(Answering::Leave, noted(why))];
    }
    nouns.iter().map(verb_of).collect()
}

fn start(noun: &Given<'_, '_>) -> (Answering, Verb) {
    match noun.element.name {
        "Stream" => {
            let stream = streams::stream(noun, None);
            (Answering::Answer, Verb::StartStream(Box::new(stream)))
        }
        "Transcription" => {
            let transcription = streams::transcription(noun);
            (Answering::Answer, Verb::Transcribe(Box::new(transcription)))
        }
        "Recording" => {
            let recording = BackgroundRecording::Start(Box::new(record::start(noun)));
            (Answering::Answer, Verb::Recording(recording))
        }
        other => (Answering::Leave, unrunnable("Start", why_not_noun(other))),
    }
}

fn stop(noun: &Given<'_, '_>) -> (Answering, Verb) {
    let verb = match noun.element.name {
        "Stream" => Verb::StopStream(streams::which(noun)),
        "Transcription" => Verb::StopTranscription(streams::which(noun)),
        "Recording" => Verb::Recording(BackgroundRecording::Stop),
        // What cannot be started needs no stopping.
        other => noted(format!("no `<{other}>` runs here")),
    };
    (Answering::Leave, verb)
}

/// Why a noun of Connect or Start does not run.
fn why_not_noun(noun: &str) -> String {
    let why = match noun {
        "Siprec" => "recording on another server needs SIPREC",
        "Room" => "there are no video rooms",
        "Conversation" => "there are no conversations",
        "ConversationRelay"
        | "ConversationRelaySession"
        | "VirtualAgent"
        | "Autopilot"
        | "AiSession"
        | "AI" => "connecting a bot is not part of this release; use `<Stream>`",
        _ => "it is not part of this release",
    };
    format!("`<{noun}>`: {why}")
}

/// 404 unless `busy`: the SIP statuses that Twilio documents.
fn reject(given: &Given<'_, '_>) -> Reject {
    Reject {
        status: if given.text("reason") == Some("busy") {
            486
        } else {
            404
        },
    }
}

fn redirect(given: &Given<'_, '_>) -> Redirect {
    Redirect {
        hook: Hook {
            url: given.content(),
            ..given.action_or_document()
        },
        status_hook: None,
        tag: None,
    }
}

fn refer(review: &mut Review<'_>, given: &Given<'_, '_>) -> Refer {
    let nouns = known_nouns(review, given);
    let target = nouns.first().map(Given::content).unwrap_or_default();
    let defect = refer_defect(review, given, &nouns, &target);
    if let Some(defect) = &defect {
        review.keep(defect.clone());
    }
    let goes_on = Continuation::Reply {
        empty_reply_goes_on: false,
    };
    Refer {
        target,
        target_rule: TargetRule::Uri,
        defect,
        outbound_allowed: true,
        wrong_leg_code: review.vendor.wrong_leg,
        result: given.hook("action", "method"),
        progress: None,
        referred_by: ReferredBy::LocalParty,
        headers: Vec::new(),
        timing: ReferTiming::FromLatestNews,
        on_success: goes_on,
        on_failure: goes_on,
        tag: None,
        id: None,
    }
}

/// What keeps a Refer from being sent, whatever the call is like.
fn refer_defect(
    review: &mut Review<'_>,
    given: &Given<'_, '_>,
    nouns: &[Given<'_, '_>],
    target: &str,
) -> Option<Diagnostic> {
    let refer = given.node.range().start;
    let (at, message, help) = match nouns {
        [] => (
            refer,
            "`<Refer>` has no target; the transfer will fail".to_owned(),
            "put one `<Sip>sip:user@host</Sip>` into it",
        ),
        [_, second, ..] => (
            second.node.range().start,
            format!(
                "`<Refer>` has {} targets; the transfer will fail",
                nouns.len()
            ),
            "a transfer has exactly one `<Sip>`",
        ),
        [noun] => {
            let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
            let known = ["sip", "sips", "tel"];
            if target.is_empty() {
                let message = "`<Sip>` is empty; the transfer will fail".to_owned();
                (noun.node.range().start, message, "expected sip:user@host")
            } else if target.chars().any(char::is_control) {
                let message = "the target holds a line break or another control character; \
                               the transfer will fail"
                    .to_owned();
                (
                    noun.node.range().start,
                    message,
                    "write the URI on one line",
                )
            } else if !known.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                let message = format!(
                    "the target `{}` is no SIP URI; the transfer will fail",
                    shown(target)
                );
                (
                    noun.node.range().start,
                    message,
                    "expected sip:user@host, sips: or tel:",
                )
            } else {
                return None;
            }
        }
    };
    Some(review.warning(SCHEMA, at, message, Some(help.to_owned())))
}
