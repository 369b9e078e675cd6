//! Changes settings of the call, and begins or ends what runs beside its verbs.

use std::cell::RefCell;
use std::rc::Rc;

use hookflash_dialects::RecordingSource;
use hookflash_program::{Config, Setting, Which};

use crate::Host;
use crate::call::Call;
use crate::journal::What;
use crate::program::Then;

/// Settings that this release cannot carry out are named in the journal: none of them ends the
/// call or changes what runs next.
pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, config: Box<Config>) -> Then {
    note_what_has_no_effect(call, &config);
    change(&call.voice_defaults, config.voice);
    change(&call.recognizer_defaults, config.recognizer);
    let background = &call.background;
    if let Some(command) = config.recording {
        background
            .recording
            .order(call, command, RecordingSource::Background);
    }
    if let Some(stream) = config.stream {
        background.streams.stop(call, &Which::All);
        if let Some(stream) = stream {
            // A stream that cannot be had is in the journal.
            let _ = background.streams.start(call, *stream);
        }
    }
    if let Some(transcription) = config.transcription {
        background.transcriptions.stop(call, &Which::All);
        if let Some(transcription) = transcription {
            background.transcriptions.start(call, *transcription);
        }
    }
    match config.background_gather {
        Some(Some(gather)) => background.gather.start(call, *gather),
        Some(None) => background.gather.stop(),
        None => {}
    }
    Then::Next
}

fn change<T>(setting: &RefCell<Option<Box<T>>>, change: Setting<T>) {
    match change {
        Setting::Kept => {}
        Setting::Reset => *setting.borrow_mut() = None,
        Setting::Set(value) => *setting.borrow_mut() = Some(Box::new(value)),
    }
}

fn note_what_has_no_effect<H: Host>(call: &Rc<Call<H>>, config: &Config) {
    let mut not_run: Vec<&str> = config.not_run.iter().map(String::as_str).collect();
    if config.refer_hook.is_some() {
        not_run.push("referHook");
    }
    let wants_news = config.notify_events;
    if wants_news.is_some_and(|wanted| !call.tell_verbs(wanted)) {
        not_run.push("notifyEvents");
    }
    if !not_run.is_empty() {
        let names = not_run.join(", ");
        call.note(What::VerbNote(
            format!("without effect in this release: {names}").into(),
        ));
    }
}
