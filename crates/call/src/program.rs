//! Running documents: verb by verb, document by document, until the call ends.

use std::rc::Rc;

use hookflash_program::{Answering, EndOfProgram, Program, Step, Verb};

use crate::Host;
use crate::call::{Call, Finish, Phase, Reason};
use crate::command::NewDocument;
use crate::document::Loaded;
use crate::journal::{VerbEnd, What};
use crate::verb;

/// What runs after a verb.
pub(crate) enum Then {
    /// The next verb.
    Next,
    /// Another document; the rest of this one is dropped.
    Document(Loaded),
    /// Nothing: the call ends.
    Finish(Finish),
}

/// Runs the first document, or `ordered`, and all that follow from it. Comes back when the call is
/// to end; is dropped when something else ends it.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, ordered: Option<NewDocument>) -> Finish {
    let loaded = match ordered {
        Some(document) => Box::pin(call.new_document(document)).await,
        None => {
            call.greet();
            Box::pin(call.first_document()).await
        }
    };
    let mut loaded = match loaded {
        Ok(loaded) => loaded,
        Err(finish) => return finish,
    };
    loop {
        if let Err(finish) = call.count_document() {
            return finish;
        }
        *call.base.borrow_mut() = loaded.base;
        loaded = match run_steps(call, loaded.program).await {
            Ok(next) => next,
            Err(finish) => return finish,
        };
    }
}

/// Runs one document; gives the one that follows it, or the end of the call.
async fn run_steps<H: Host>(call: &Rc<Call<H>>, program: Program) -> Result<Loaded, Finish> {
    let end = program.end;
    for step in program.steps {
        call.note(What::Verb {
            name: step.name.as_str().into(),
            position: step.position,
        });
        call.verb_began();
        if !call.is_answered() {
            match step.answering {
                Answering::Leave => {}
                Answering::Skip => {
                    skip(call, &step);
                    continue;
                }
                Answering::Answer => call.answer()?,
            }
        }
        let then = match step.verb {
            Verb::Answer => verb::answer::run(call),
            Verb::Refer(refer) => Box::pin(verb::refer::run(call, refer)).await,
            Verb::Pause(pause) => verb::pause::run(call, &pause).await,
            Verb::Hangup(hangup) => verb::hangup::run(call, hangup, end),
            Verb::Reject(reject) => verb::reject::run(call, &reject),
            Verb::Decline(decline) => verb::decline::run(call, decline),
            Verb::Redirect(redirect) => Box::pin(verb::redirect::run(call, redirect)).await,
            Verb::Tag(tag) => verb::tag::run(call, tag),
            Verb::Config(config) => verb::config::run(call, &config),
            Verb::Unrunnable(verb) => Box::pin(verb::unrunnable::run(call, &verb)).await,
        };
        call.verb_ended(VerbEnd::Done);
        match then {
            Then::Next => {}
            Then::Document(loaded) => return Ok(loaded),
            Then::Finish(finish) => return Err(finish),
        }
    }
    Err(end_of_program(call, end))
}

/// How the call ends when its document does.
pub(crate) fn end_of_program<H: Host>(call: &Rc<Call<H>>, end: EndOfProgram) -> Finish {
    let why = Reason::Document;
    match end {
        EndOfProgram::HangUpOrRefuse(status) if call.phase.get() == Phase::Waiting => {
            Finish::Refuse {
                status,
                reason: None,
                headers: Vec::new(),
                why,
            }
        }
        EndOfProgram::AnswerAndHangUp if call.phase.get() == Phase::Waiting => {
            match call.answer() {
                Ok(()) => Finish::HangUp {
                    headers: Vec::new(),
                    why,
                },
                Err(finish) => finish,
            }
        }
        _ => Finish::HangUp {
            headers: Vec::new(),
            why,
        },
    }
}

fn skip<H: Host>(call: &Rc<Call<H>>, step: &Step) {
    call.note(What::VerbNote(
        "skipped: the call is not answered yet".into(),
    ));
    if let Verb::Refer(refer) = &step.verb {
        verb::refer::skipped(call, refer);
    }
    call.verb_ended(VerbEnd::Skipped);
}
