//! Commands to a running call: what the API may ask of it as it stands, and how that is done.
//!
//! Whether a call can do something is decided at once, from its phase ([`update`]). What it does
//! then it does in its own task, in the order of the updates ([`obey`]).

use std::rc::Rc;

use hookflash_dialects::{CallAction, CallHooks, CallUpdate, RecordingSource};
use hookflash_program::{Program, Prompt, Verb};
use tokio::sync::oneshot;

use crate::Host;
use crate::call::{Call, Finish, Interruption, Phase, Reason};
use crate::command::{Command, CommandRefused, GivenDocument, NewDocument, PeerAnswer, Updated};
use crate::fault;
use crate::inbox::Input;
use crate::player::keys_to_send;
use crate::program::Replacement;
use crate::verb::{config, dub, sip_request};

/// Changes a call, or has it do something.
pub(crate) fn update<H: Host>(
    call: &Rc<Call<H>>,
    update: CallUpdate,
) -> Result<Updated, CommandRefused> {
    let phase = call.phase.get();
    if phase == Phase::Over {
        return Err(CommandRefused::Over);
    }
    if let Some(action) = &update.action {
        may(call, action, phase == Phase::Waiting)?;
    }
    let CallUpdate {
        action,
        hooks,
        max_duration,
        tag,
        tag_data,
    } = update;
    let updated = match action {
        Some(CallAction::Recording(recording)) => {
            let by = RecordingSource::Api;
            let carried_out = call.background.recording.carry_out(call, recording, by);
            Updated::Recording(carried_out.map_err(CommandRefused::CannotBeDone)?)
        }
        Some(action) => put(call, action),
        None => Updated::Done,
    };
    call.record.change(|facts| {
        if hooks != CallHooks::default() {
            take_over(facts.change_hooks(), hooks);
        }
        if let Some(tag) = tag {
            facts.tag = Some(tag).filter(|tag| !tag.is_empty());
        }
        if tag_data.is_some() {
            facts.tag_data = tag_data.map(Box::new);
        }
    });
    if let Some(most) = max_duration {
        call.lasts_at_most(most);
    }
    Ok(updated)
}

/// Has the call's task carry out an action in its turn.
fn put<H: Host>(call: &Rc<Call<H>>, action: CallAction) -> Updated {
    let mut command = Command::new(action);
    let mut updated = Updated::Done;
    if matches!(command.action, CallAction::SipRequest(_)) {
        let (tell, wait) = oneshot::channel();
        command.waiting = Some(tell);
        updated = Updated::Asked(PeerAnswer(wait));
    }
    call.inbox.put(Input::Command(command));
    updated
}

/// Whether a call can do something as it stands.
fn may<H: Host>(call: &Call<H>, action: &CallAction, waiting: bool) -> Result<(), CommandRefused> {
    let cannot = |why: &str| Err(CommandRefused::CannotBeDone(why.to_owned()));
    match action {
        CallAction::HangUp
        | CallAction::Redirect(_)
        | CallAction::Document(_)
        | CallAction::Run(_)
        | CallAction::Append(_)
        | CallAction::Configure(_) => Ok(()),
        CallAction::Cancel if waiting => Ok(()),
        CallAction::Cancel => Err(CommandRefused::Answered),
        _ if waiting => Err(CommandRefused::NotAnswered),
        CallAction::Streams(_) if !call.background.streams.any() => {
            cannot("the call has no stream")
        }
        CallAction::Transcriptions(_) if !call.background.transcriptions.any() => {
            cannot("the call has no transcription")
        }
        CallAction::Whisper(program) if whispered(program).is_none() => {
            cannot("only what is said or played can be whispered")
        }
        CallAction::Complete
        | CallAction::Transfer(_)
        | CallAction::SendKeys(_)
        | CallAction::SipRequest(_)
        | CallAction::Mute(_)
        | CallAction::Recording(_)
        | CallAction::Streams(_)
        | CallAction::Transcriptions(_)
        | CallAction::Whisper(_)
        | CallAction::Dub(_) => Ok(()),
    }
}

/// The prompts of a program that has nothing else.
fn whispered(program: &Program) -> Option<Vec<Prompt>> {
    let mut prompts = Vec::new();
    for step in &program.steps {
        match &step.verb {
            Verb::Prompts(verb) => prompts.extend_from_slice(&verb.items),
            _ => return None,
        }
    }
    Some(prompts)
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
        CallAction::Run(program) | CallAction::Transfer(program) => Ok(NewDocument::Read(program)),
        action => Err(action),
    }
}

/// Carries out a command of a call whose program runs. What ends or replaces the program is left
/// to the call.
pub(crate) fn obey<H: Host>(call: &Rc<Call<H>>, command: Command) -> Option<Interruption> {
    let action = match new_document(command.action) {
        Ok(document) => {
            call.note_call("another document was ordered through the API");
            let replacement = Replacement::Ordered(document);
            return Some(Interruption::Replaced(Box::new(replacement)));
        }
        Err(action) => action,
    };
    match action {
        CallAction::HangUp | CallAction::Cancel | CallAction::Complete => {
            return Some(Interruption::Over(Box::new(Finish::HangUp {
                headers: Vec::new(),
                why: Reason::Api,
            })));
        }
        CallAction::Append(program) => call.append(program.steps),
        action => beside(call, action, command.waiting),
    }
    None
}

/// Does what goes on beside the running verb.
pub(crate) fn beside<H: Host>(
    call: &Rc<Call<H>>,
    action: CallAction,
    waiting: Option<oneshot::Sender<Result<u16, CommandRefused>>>,
) {
    let background = &call.background;
    match action {
        CallAction::SendKeys(keys) => {
            call.note_call("keys are sent through the API");
            let keys = keys_to_send(&keys);
            let sent = call.session(|session| session.send_keys_aside(keys));
            if sent != Some(true) {
                call.note_call("keys were not sent: too many wait already");
            }
        }
        CallAction::Mute(on) => {
            call.note_call(match on {
                true => "the other party is muted through the API",
                false => "the other party is heard again",
            });
            call.session(|session| session.mute(on));
        }
        CallAction::Streams(flowing) => background.streams.flow(call, flowing),
        CallAction::Transcriptions(flowing) => background.transcriptions.flow(call, flowing),
        // What comes next does not depend on it.
        CallAction::Configure(settings) => drop(config::run(call, settings)),
        CallAction::SipRequest(request) => apart(call, async move |call| {
            let answer = sip_request::ask(call, &request).await;
            if let Some(waiting) = waiting {
                let answer = answer.map_err(CommandRefused::CannotBeDone);
                // Nobody may be waiting any more.
                let _ = waiting.send(answer);
            }
        }),
        CallAction::Whisper(program) => apart(call, async move |call| {
            let prompts = whispered(&program).unwrap_or_default();
            if let Err(why) = dub::whisper(call, &prompts).await {
                call.note_call(&format!("not whispered: {why}"));
            }
        }),
        CallAction::Dub(dub) => apart(call, async move |call| {
            if let Err(why) = dub::change(call, &dub).await {
                call.note_call(&why);
            }
        }),
        // Those that end or replace the program, and those that are done at once.
        CallAction::HangUp
        | CallAction::Cancel
        | CallAction::Complete
        | CallAction::Redirect(_)
        | CallAction::Document(_)
        | CallAction::Run(_)
        | CallAction::Transfer(_)
        | CallAction::Append(_)
        | CallAction::Recording(_) => {}
    }
}

/// Does what takes time, which holds up neither the verb that runs nor the next command.
fn apart<H: Host>(call: &Rc<Call<H>>, work: impl AsyncFnOnce(&Rc<Call<H>>) + 'static) {
    let apart = Rc::clone(call);
    fault::spawn(call, async move { work(&apart).await });
}
