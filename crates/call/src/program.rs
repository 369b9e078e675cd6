//! Running documents: verb by verb, document by document, until the call ends.

use std::pin::Pin;
use std::rc::Rc;

use hookflash_program::{Answering, EndOfProgram, Step, Verb};

use crate::Host;
use crate::at_answer::{self, AtAnswer};
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

/// What a call begins or goes on with.
pub(crate) enum Begin<H: Host> {
    /// It came in.
    Incoming,
    /// We placed it and it was answered.
    Answered(Box<AtAnswer<H>>),
    /// Another document takes the place of the one that ran.
    Replaced(Box<Replacement>),
}

impl<H: Host> Begin<H> {
    /// Whether the API ordered a document that the application is to be asked for.
    pub(crate) fn asks(&self) -> bool {
        matches!(
            self,
            Begin::Replaced(document)
                if matches!(**document, Replacement::Ordered(NewDocument::At(_)))
        )
    }
}

/// A document that takes the place of the running one.
pub(crate) enum Replacement {
    /// The API named it.
    Ordered(NewDocument),
    /// It is here.
    Loaded(Loaded),
}

/// Runs the document that the call begins with and all that follow from it. Comes back when the
/// call is to end; is dropped when something else ends it.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, begin: Begin<H>) -> Finish {
    let mut steps = match first_steps(call, begin).await {
        Ok(steps) => steps,
        Err(finish) => return finish,
    };
    loop {
        let Some(step) = steps.verbs.next() else {
            match Box::pin(more_verbs(call, steps.end)).await {
                Some(more) => steps.verbs = more.into_iter(),
                None => return end_of_program(call, steps.end),
            }
            continue;
        };
        call.look_ahead(&step, steps.verbs.as_slice());
        let then = match begin_verb(call, step, steps.end) {
            Begun::Done(then) => then,
            Begun::Waits(verb) => verb.await,
        };
        call.verb_ended(VerbEnd::Done);
        match then {
            Then::Next => {}
            Then::Document(loaded) => {
                // What was appended goes with the document that it was appended to.
                call.appended.take();
                match follow(call, loaded) {
                    Ok(next) => steps = next,
                    Err(finish) => return finish,
                }
            }
            Then::Finish(finish) => return finish,
        }
    }
}

/// What is left of a document.
struct Steps {
    verbs: std::vec::IntoIter<Step>,
    end: EndOfProgram,
}

fn first_steps<'a, H: Host>(
    call: &'a Rc<Call<H>>,
    begin: Begin<H>,
) -> Pin<Box<dyn Future<Output = Result<Steps, Finish>> + 'a>> {
    Box::pin(async move {
        let loaded = match begin {
            Begin::Replaced(document) => match *document {
                Replacement::Loaded(loaded) => loaded,
                Replacement::Ordered(document) => call.new_document(document).await?,
            },
            Begin::Answered(answered) => at_answer::first_document(call, *answered).await?,
            Begin::Incoming => {
                call.host.written_down(&call.record).await;
                call.greet();
                call.first_document().await?
            }
        };
        follow(call, loaded)
    })
}

/// Makes a document the current one.
fn follow<H: Host>(call: &Rc<Call<H>>, loaded: Loaded) -> Result<Steps, Finish> {
    call.count_document()?;
    *call.base.borrow_mut() = loaded.base;
    call.ahead.clear();
    Ok(Steps {
        verbs: loaded.program.steps.into_iter(),
        end: loaded.program.end,
    })
}

/// The verbs that follow the last one: those that were appended. An application that can tell the
/// call what to do at any time has its end in its own hands, and is waited for.
async fn more_verbs<H: Host>(call: &Rc<Call<H>>, end: EndOfProgram) -> Option<Vec<Step>> {
    let mut more = call.appended.take();
    if more.is_empty() && end == EndOfProgram::Wait {
        call.note_call("nothing is left to do: the call waits for what the API says next");
        call.appended.some().await;
        more = call.appended.take();
    } else if more.is_empty() && call.application.may_command() {
        call.note_call("the document is at its end: the application is waited for");
        tokio::select! {
            biased;
            () = call.appended.some() => more = call.appended.take(),
            () = call.application.silent() => {}
        }
        call.documents.set(0);
    }
    Some(more).filter(|more| !more.is_empty())
}

/// A verb that has begun. What waits is boxed, so that a call holds the verb that runs and no room
/// for the others.
enum Begun<'a> {
    Done(Then),
    Waits(Pin<Box<dyn Future<Output = Then> + 'a>>),
}

fn begin_verb<H: Host>(call: &Rc<Call<H>>, step: Step, end: EndOfProgram) -> Begun<'_> {
    call.note(What::Verb {
        name: step.name.as_str().into(),
        position: step.position,
    });
    call.verb_began(&step);
    if !call.is_answered() {
        match step.answering {
            Answering::Leave => {}
            Answering::Skip => {
                skip(call, &step);
                return Begun::Done(Then::Next);
            }
            Answering::Answer => {
                if let Err(finish) = call.answer() {
                    return Begun::Done(Then::Finish(finish));
                }
            }
            Answering::EarlyMedia => {
                if let Err(finish) = call.begin_early_media() {
                    return Begun::Done(Then::Finish(finish));
                }
            }
        }
    }
    Begun::Done(match step.verb {
        Verb::Refer(refer) => return Begun::Waits(Box::pin(verb::refer::run(call, refer))),
        Verb::Pause(pause) => return Begun::Waits(Box::pin(verb::pause::run(call, pause))),
        Verb::Redirect(redirect) => {
            return Begun::Waits(Box::pin(verb::redirect::run(call, redirect)));
        }
        Verb::Unrunnable(unrunnable) => {
            return Begun::Waits(Box::pin(verb::unrunnable::run(call, unrunnable)));
        }
        Verb::Answer => verb::answer::run(call),
        Verb::Noted(noted) => {
            call.note(What::VerbNote(noted.why.into()));
            Then::Next
        }
        Verb::Prompts(prompts) => {
            return Begun::Waits(Box::pin(verb::prompts::run(call, prompts)));
        }
        Verb::SendKeys(keys) => return Begun::Waits(Box::pin(verb::send_keys::run(call, keys))),
        Verb::Ring(ring) => return Begun::Waits(Box::pin(verb::ring::run(call, ring))),
        Verb::Echo(echo) => return Begun::Waits(Box::pin(verb::echo::run(call, echo))),
        Verb::Gather(gather) => return Begun::Waits(Box::pin(verb::gather::run(call, gather))),
        Verb::Record(record) => return Begun::Waits(Box::pin(verb::record::run(call, record))),
        Verb::Dub(dub) => return Begun::Waits(Box::pin(verb::dub::run(call, dub))),
        Verb::SipRequest(request) => {
            return Begun::Waits(Box::pin(verb::sip_request::run(call, request)));
        }
        Verb::ConnectStream(stream) => {
            return Begun::Waits(Box::pin(verb::stream::connect(call, *stream)));
        }
        Verb::StartStream(stream) => verb::stream::start(call, *stream),
        Verb::StopStream(which) => verb::stream::stop(call, &which),
        Verb::Transcribe(transcription) => {
            return Begun::Waits(Box::pin(verb::transcribe::run(call, *transcription)));
        }
        Verb::StopTranscription(which) => verb::transcribe::stop(call, &which),
        Verb::Recording(command) => verb::recording::run(call, command),
        Verb::KeyEvents(events) => verb::key_events::run(call, events),
        Verb::Alert(alert) => verb::alert::run(call, alert),
        Verb::Hangup(hangup) => verb::hangup::run(call, hangup, end),
        Verb::Reject(reject) => verb::reject::run(call, &reject),
        Verb::Decline(decline) => verb::decline::run(call, decline),
        Verb::Tag(tag) => verb::tag::run(call, tag),
        Verb::Config(config) => verb::config::run(call, config),
    })
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
