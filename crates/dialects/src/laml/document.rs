//! From a reply to a program.

use std::time::Duration;

use hookflash_program::{
    Answering, Continuation, Diagnostic, EndOfProgram, Hangup, Hook, HookMethod, Pause, Program,
    Redirect, Refer, ReferTiming, ReferredBy, Reject, Step, TargetRule, Unrunnable, Verb,
};
use roxmltree::Node;

use crate::laml::content_type::{Reading, charset, reading};
use crate::laml::schema::Kind;
use crate::laml::validate::{Review, SCHEMA};
use crate::laml::vendor::Vendor;
use crate::laml::xml::{self, fatal};
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
            Err(error) if error.code.starts_with("12") => Ok(said_and_done(
                "Say",
                "the reply is plain text, which would be read aloud",
            )),
            other => other.map_err(DocumentError::from),
        },
        Reading::Sound => Ok(said_and_done(
            "Play",
            "the reply is a sound, which would be played",
        )),
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
        if vendor.root.child(review.name_of(node)).is_some() {
            steps.push(step(&mut review, node));
        }
    }
    Ok(Program {
        steps,
        end: EndOfProgram::AnswerAndHangUp,
        warnings: review.into_remarks(),
    })
}

/// A reply that is no document but something to be heard, after which the call ends.
fn said_and_done(verb: &str, what: &str) -> Program {
    let step = |name: &str, answering, verb| Step {
        name: name.to_owned(),
        position: START,
        answering,
        verb,
    };
    Program {
        steps: vec![
            step(verb, Answering::Leave, unrunnable(verb, what.to_owned())),
            step("Hangup", Answering::Answer, Verb::Hangup(Hangup::default())),
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

/// Why a verb that is in the tables does not run.
fn why_not(vendor: &Vendor, verb: &str) -> String {
    let entry = vendor.support.iter().find(|(name, ..)| *name == verb);
    entry
        .map_or("it is not part of this release", |(.., note)| note)
        .to_owned()
}

/// One verb. What it does to an unanswered call: Pause waits, Redirect and Reject leave it, a
/// verb that cannot run does nothing to it, and everything else answers (Twilio "SIP and TwiML
/// interaction"; Hangup answers first, since Twilio bills a call that it ends).
fn step(review: &mut Review<'_>, node: Node<'_, '_>) -> Step {
    let name = review.name_of(node);
    // Asked before anything inside the verb, because positions are cheap in rising order.
    let position = review.places.at(node.range().start);
    let (answering, verb) = match name {
        "Refer" => (
            Answering::Answer,
            Verb::Refer(Box::new(refer(review, node))),
        ),
        "Pause" => (
            Answering::Leave,
            Verb::Pause(Pause {
                length: pause_length(node),
            }),
        ),
        "Hangup" => (Answering::Answer, Verb::Hangup(Hangup::default())),
        "Reject" => (Answering::Leave, Verb::Reject(reject(node))),
        "Redirect" => (Answering::Leave, Verb::Redirect(redirect(node))),
        other => (
            Answering::Leave,
            unrunnable(other, why_not(review.vendor, other)),
        ),
    };
    Step {
        name: name.to_owned(),
        position,
        answering,
        verb,
    }
}

fn pause_length(node: Node<'_, '_>) -> Duration {
    let whole = Kind::Whole(1, u32::MAX);
    let length = node
        .attribute("length")
        .filter(|length| whole.accepts(length));
    Duration::from_secs(length.and_then(|length| length.parse().ok()).unwrap_or(1))
}

/// 404 unless `busy`: the SIP statuses that Twilio documents.
fn reject(node: Node<'_, '_>) -> Reject {
    Reject {
        status: if node.attribute("reason") == Some("busy") {
            486
        } else {
            404
        },
    }
}

fn redirect(node: Node<'_, '_>) -> Redirect {
    Redirect {
        hook: Hook {
            url: text_of(node),
            method: method_of(node),
            credentials: None,
            fallback: None,
        },
        status_hook: None,
        tag: None,
    }
}

fn refer(review: &mut Review<'_>, node: Node<'_, '_>) -> Refer {
    let nouns: Vec<Node<'_, '_>> = node
        .children()
        .filter(|child| child.is_element() && review.name_of(*child) == "Sip")
        .collect();
    let target = nouns.first().map(|noun| text_of(*noun)).unwrap_or_default();
    let defect = refer_defect(review, node, &nouns, &target);
    if let Some(defect) = &defect {
        review.keep(defect.clone());
    }
    let action = node
        .attribute("action")
        .filter(|action| Kind::Url.accepts(action));
    let goes_on = Continuation::Reply {
        empty_reply_goes_on: false,
    };
    Refer {
        target,
        target_rule: TargetRule::Uri,
        defect,
        outbound_allowed: true,
        wrong_leg_code: review.vendor.wrong_leg,
        result: action.map(|action| Hook {
            url: action.to_owned(),
            method: method_of(node),
            credentials: None,
            fallback: None,
        }),
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
    node: Node<'_, '_>,
    nouns: &[Node<'_, '_>],
    target: &str,
) -> Option<Diagnostic> {
    let refer = node.range().start;
    let (at, message, help) = match nouns {
        [] => (
            refer,
            "`<Refer>` has no target; the transfer will fail".to_owned(),
            "put one `<Sip>sip:user@host</Sip>` into it",
        ),
        [_, second, ..] => (
            second.range().start,
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
                (noun.range().start, message, "expected sip:user@host")
            } else if target.chars().any(char::is_control) {
                let message = "the target holds a line break or another control character; \
                               the transfer will fail"
                    .to_owned();
                (noun.range().start, message, "write the URI on one line")
            } else if !known.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
                let message = format!(
                    "the target `{}` is no SIP URI; the transfer will fail",
                    shown(target)
                );
                (
                    noun.range().start,
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

/// The `method` attribute; POST when it is missing or bad.
fn method_of(node: Node<'_, '_>) -> HookMethod {
    match node.attribute("method") {
        Some(method) if method.eq_ignore_ascii_case("GET") => HookMethod::Get,
        _ => HookMethod::Post,
    }
}

/// The text of an element without the blanks around it. Comments and elements are left out.
fn text_of(node: Node<'_, '_>) -> String {
    let text: String = node
        .children()
        .filter(|child| child.is_text())
        .filter_map(|child| child.text())
        .collect();
    text.trim().to_owned()
}
