//! From a checked BXML document to a program.

use std::sync::LazyLock;

use hookflash_program::{
    Answering, Continuation, Diagnostic, EndOfProgram, Hangup, Hook, HookMethod, Pause, Program,
    Redirect, Refer, ReferTiming, ReferredBy, Severity, Step, Tag, TargetRule, Unrunnable, Verb,
};
use hookflash_transfer::ReferTo;
use hookflash_transfer::refer_to::BareTarget;
use roxmltree::{Document, Node};

use super::schema::{Content, DOCUMENT, Element, State};
use super::{APPLICATION_ERROR, document, value};
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
            let (answering, verb) = verb(node);
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

fn verb(node: Node<'_, '_>) -> (Answering, Verb) {
    match node.tag_name().name() {
        "Refer" => (Answering::Answer, Verb::Refer(Box::new(refer(node)))),
        "Pause" => {
            let length = value::seconds(node.attribute("duration").unwrap_or("1"));
            (Answering::Answer, Verb::Pause(Pause { length }))
        }
        "Hangup" => (Answering::Leave, Verb::Hangup(Hangup::default())),
        "Redirect" => (Answering::Leave, Verb::Redirect(redirect(node))),
        "Tag" => (
            Answering::Leave,
            Verb::Tag(Tag::Text(document::content(node))),
        ),
        name => (Answering::Leave, Verb::Unrunnable(unrunnable(name))),
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

/// The attributes `…Url`, `…Method`, `…FallbackUrl`, `…FallbackMethod` and their credentials.
fn hook(node: Node<'_, '_>, prefix: &str) -> Option<Hook> {
    let url = given(node, &format!("{prefix}Url"))?;
    let fallback = given(node, &format!("{prefix}FallbackUrl")).map(|url| {
        Box::new(Hook {
            url,
            method: method(node, &format!("{prefix}FallbackMethod")),
            credentials: credentials(node, "fallbackUsername", "fallbackPassword"),
            fallback: None,
        })
    });
    Some(Hook {
        url,
        method: method(node, &format!("{prefix}Method")),
        credentials: credentials(node, "username", "password"),
        fallback,
    })
}

fn given(node: Node<'_, '_>, name: &str) -> Option<String> {
    let value = node.attribute(name)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn method(node: Node<'_, '_>, name: &str) -> HookMethod {
    match node.attribute(name) {
        Some(word) if word.trim().eq_ignore_ascii_case("GET") => HookMethod::Get,
        _ => HookMethod::Post,
    }
}

fn credentials(node: Node<'_, '_>, user: &str, password: &str) -> Option<(String, String)> {
    let (user, password) = (node.attribute(user), node.attribute(password));
    (user.is_some() || password.is_some()).then(|| {
        (
            user.unwrap_or_default().to_owned(),
            password.unwrap_or_default().to_owned(),
        )
    })
}

/// `tag=""` clears the tag, so a blank one is told apart from none.
fn tag(node: Node<'_, '_>) -> Option<String> {
    node.attribute("tag").map(|tag| tag.trim().to_owned())
}
