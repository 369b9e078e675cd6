//! From a checked BXML document to a program.

use std::sync::LazyLock;

use hookflash_program::{
    Answering, BackgroundRecording, Continuation, Diagnostic, EndOfProgram, Hangup, Hook, Pause,
    Program, Redirect, Refer, ReferTiming, ReferredBy, Severity, Step, Tag, TargetRule, Unrunnable,
    Verb,
};
use hookflash_transfer::ReferTo;
use hookflash_transfer::refer_to::BareTarget;
use roxmltree::{Document, Node};

use super::attribute::{hook, seconds, tag};
use super::schema::{Content, DOCUMENT, Element, State};
use super::verb::{record, stream};
use super::{APPLICATION_ERROR, document, verb};
use crate::place::Places;

/// An unanswered call that reaches the end of its document, or `Hangup`, is refused with this.
/// Bandwidth calls it a rejection and names no code; 603 is SIP's word for it.
const REFUSAL: u16 = 603;

/// Builds the program of a document that [`document::check`] has found valid.
pub(super) fn build(xml: &Document<'_>) -> Program {
    let mut places = Places::new(xml.input_text());
    let steps = xml
        .root_element()
        .children()
        .filter(Node::is_element)
        .map(|node| {
            let (answering, verb) = step(node);
            Step {
                name: node.tag_name().name().to_owned(),
                position: places.at(document::start(node)),
                answering,
                verb,
            }
        })
        .collect();
    let warnings = xml
        .root_element()
        .children()
        .filter(|node| node.has_tag_name("Refer"))
        .filter_map(|refer| refer.children().find(Node::is_element))
        .filter_map(|uri| {
            let trouble = ReferTo::parse(&document::content(uri), BareTarget::Refuse).err()?;
            Some(Diagnostic {
                severity: Severity::Warning,
                code: document::INVALID.to_owned(),
                message: format!("{trouble}; the transfer will fail"),
                help: Some("expected sip:user@host, sips: or tel:".to_owned()),
                position: places.at(document::start(uri)),
            })
        })
        .collect();
    Program {
        steps,
        end: EndOfProgram::HangUpOrRefuse(REFUSAL),
        warnings,
    }
}

/// Every verb, whether it runs, and a note.
pub(super) fn support() -> &'static [(&'static str, &'static str, &'static str)] {
    static SUPPORT: LazyLock<Vec<(&str, &str, &str)>> = LazyLock::new(|| {
        verbs()
            .filter_map(|element| match element.state {
                State::Runs(note) => Some((element.name, "runs", note)),
                State::Refused(note) => Some((element.name, "refused", note)),
                State::Inside => None,
            })
            .collect()
    });
    &SUPPORT
}

fn verbs() -> impl Iterator<Item = &'static Element> {
    let of = match DOCUMENT.content {
        Content::Children { of, .. } => of,
        _ => &[],
    };
    of.iter().copied()
}

/// Whatever needs audio answers the call first; an unanswered call is left as it is by the rest.
fn step(node: Node<'_, '_>) -> (Answering, Verb) {
    use Answering::{Answer, Leave};
    use BackgroundRecording::{Pause as PauseIt, Resume, Start, Stop};
    match node.tag_name().name() {
        "Refer" => (Answer, Verb::Refer(Box::new(refer(node)))),
        "Pause" => {
            let length = seconds(node, "duration", "1");
            (Answer, Verb::Pause(Pause { length }))
        }
        "Hangup" => (Leave, Verb::Hangup(Hangup::default())),
        "Redirect" => (Leave, Verb::Redirect(Box::new(redirect(node)))),
        "Tag" => (Leave, Verb::Tag(Tag::Text(document::content(node)))),
        "SpeakSentence" | "PlayAudio" => (Answer, Verb::Prompts(Box::new(verb::prompts(node)))),
        "Ring" => {
            let ring = verb::ring(node);
            (if ring.answer { Answer } else { Leave }, Verb::Ring(ring))
        }
        "Gather" => (Answer, Verb::Gather(Box::new(verb::gather(node)))),
        "StartGather" => {
            let events = verb::key_events(node).map(Box::new);
            (Answer, Verb::KeyEvents(events))
        }
        "StopGather" => (Leave, Verb::KeyEvents(None)),
        "SendDtmf" => (Answer, Verb::SendKeys(verb::send_keys(node))),
        "Record" => (Answer, Verb::Record(Box::new(record::record(node)))),
        "StartRecording" => {
            let start = Start(Box::new(record::start_recording(node)));
            (Answer, Verb::Recording(start))
        }
        "PauseRecording" => (Leave, Verb::Recording(PauseIt)),
        "ResumeRecording" => (Leave, Verb::Recording(Resume)),
        "StopRecording" => (Leave, Verb::Recording(Stop)),
        "StartStream" => {
            let stream = Box::new(stream::start_stream(node));
            (Answer, Verb::StartStream(stream))
        }
        "StopStream" => (Leave, Verb::StopStream(stream::which(node))),
        "StartTranscription" => {
            let transcription = Box::new(stream::start_transcription(node));
            (Answer, Verb::Transcribe(transcription))
        }
        "StopTranscription" => (Leave, Verb::StopTranscription(stream::which(node))),
        name => (Leave, Verb::Unrunnable(unrunnable(name))),
    }
}

/// `Refer`: what runs next depends on the URL, see Bandwidth's page on the verb. After success
/// the call ends and whatever the application answers is ignored.
fn refer(node: Node<'_, '_>) -> Refer {
    let target = node
        .children()
        .find(Node::is_element)
        .map(document::content);
    Refer {
        target: target.unwrap_or_default(),
        target_rule: TargetRule::Uri,
        defect: None,
        outbound_allowed: false,
        wrong_leg_code: None,
        result: hook(node, "referComplete"),
        progress: None,
        referred_by: ReferredBy::LocalParty,
        headers: Vec::new(),
        timing: ReferTiming::FromAcceptance,
        on_success: Continuation::HangUp,
        on_failure: Continuation::Reply {
            empty_reply_goes_on: false,
        },
        tag: tag(node),
        id: None,
    }
}

fn redirect(node: Node<'_, '_>) -> Redirect {
    let hook = hook(node, "redirect").unwrap_or_else(|| Hook::post(""));
    Redirect {
        hook,
        status_hook: None,
        tag: tag(node),
    }
}

fn unrunnable(name: &str) -> Unrunnable {
    let missing = verbs()
        .find(|element| element.name == name)
        .map(|element| element.state);
    let missing = match missing {
        Some(State::Refused(missing)) => missing,
        _ => "it is not part of this release",
    };
    Unrunnable {
        verb: name.to_owned(),
        reason: format!("<{name}> is valid BXML, but {missing}; take it out of the document"),
        code: APPLICATION_ERROR.to_owned(),
    }
}
