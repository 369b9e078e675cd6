//! Commands to a running call: what the API may ask of it as it stands, and how that is done.
//!
//! Whether a call can do something is decided at once, from its phase ([`update`]). What it does
//! then it does in its own task, in the order of the updates ([`obey`]).

use std::rc::Rc;

use hookflash_dialects::{CallAction, CallHooks, CallUpdate};

use crate::Host;
use crate::call::{Call, Finish, Interruption, Phase, Reason};
use crate::command::{Command, CommandRefused, GivenDocument, NewDocument, PeerAnswer};
use crate::inbox::Input;
use crate::player::keys_to_send;
use crate::program::Replacement;
use crate::verb::sip_request;

/// Changes a call, or has it do something.
pub(crate) fn update<H: Host>(
    call: &Rc<Call<H>>,
    update: CallUpdate,
) -> Result<Option<PeerAnswer>, CommandRefused> {
    let phase = call.phase.get();
    if phase == Phase::Over {
        return Err(CommandRefused::Over);
    }
    if let Some(action) = &update.action {
        may(action, phase == Phase::Waiting)?;
    }
    let CallUpdate {
        action,
        hooks,
        max_duration,
        tag,
        tag_data,
    } = update;
    call.record.change(|facts| {
        if hooks != CallHooks::default() {
            take_over(facts.change_hooks(), hooks);
        }
        if let Some(tag) = tag {
            facts.tag = Some(tag).filter(|tag| !tag.is_empty());
        }
        if tag_data.is_some() {
            facts.tag_data = tag_data;
        }
    });
    if let Some(most) = max_duration {
        call.lasts_at_most(most);
    }
    let Some(action) = action else {
        return Ok(None);
    };
    let mut command = Command::new(action);
    let mut answer = None;
    if matches!(command.action, CallAction::SipRequest(_)) {
        let (tell, wait) = tokio::sync::oneshot::channel();
        command.waiting = Some(tell);
        answer = Some(PeerAnswer(wait));
    }
    call.inbox.put(Input::Command(command));
    Ok(answer)
}

/// Whether a call can do something as it stands.
fn may(action: &CallAction, waiting: bool) -> Result<(), CommandRefused> {
    match action {
        CallAction::HangUp
        | CallAction::Redirect(_)
        | CallAction::Document(_)
        | CallAction::Run(_)
        | CallAction::Append(_) => Ok(()),
        CallAction::Cancel if waiting => Ok(()),
        CallAction::Cancel => Err(CommandRefused::Answered),
        _ if waiting => Err(CommandRefused::NotAnswered),
        CallAction::Complete | CallAction::SendKeys(_) | CallAction::SipRequest(_) => Ok(()),
        _ => Err(CommandRefused::CannotBeDone("not yet".to_owned())),
    }
}

/// Hooks that are given take the place of those that were there.
fn take_over(hooks: &mut CallHooks, given: CallHooks) {
    let CallHooks {
        first,
        fallback,
        status,
        status_events,
        reply_timeout,
        recording,
    } = given;
    hooks.first = first.or(hooks.first.take());
    hooks.fallback = fallback.or(hooks.fallback.take());
    hooks.status = status.or(hooks.status.take());
    hooks.status_events = status_events.or(hooks.status_events);
    hooks.reply_timeout = reply_timeout.or(hooks.reply_timeout);
    hooks.recording = recording.or(hooks.recording.take());
}

/// The document that an action brings, if it brings one.
pub(crate) fn new_document(action: CallAction) -> Result<NewDocument, CallAction> {
    match action {
        CallAction::Redirect(hook) => Ok(NewDocument::At(hook)),
        CallAction::Document(body) => Ok(NewDocument::Given(GivenDocument {
            body,
            name: "document of the API".to_owned(),
            base: String::new(),
        })),
        CallAction::Run(program) => Ok(NewDocument::Read(program)),
        action => Err(action),
    }
}

/// Carries out a command of a call whose program runs. What ends or replaces the program is left
/// to the call.
pub(crate) fn obey<H: Host>(call: &Rc<Call<H>>, command: Command) -> Option<Interruption> {
    let action = match new_document(command.action) {
        Ok(document) => {
            call.note_call("another document was ordered through the API");
            return Some(Interruption::Replaced(Replacement::Ordered(document)));
        }
        Err(action) => action,
    };
    match action {
        CallAction::HangUp | CallAction::Cancel | CallAction::Complete => {
            return Some(Interruption::Over(Finish::HangUp {
                headers: Vec::new(),
                why: Reason::Api,
            }));
        }
        CallAction::Append(program) => call.append(program.steps),
        CallAction::SendKeys(keys) => {
            call.note_call("keys are sent through the API");
            call.session(|session| session.send_keys(keys_to_send(&keys)));
        }
        CallAction::SipRequest(request) => {
            let asking = Rc::clone(call);
            tokio::task::spawn_local(async move {
                let answer = sip_request::ask(&asking, &request).await;
                let answer = answer.map_err(CommandRefused::CannotBeDone);
                if let Some(waiting) = command.waiting {
                    // Nobody may be waiting any more.
                    let _ = waiting.send(answer);
                }
            });
        }
        _ => {}
    }
    None
}
