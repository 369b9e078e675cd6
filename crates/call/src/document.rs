//! From a moment of the call to a document that can run: ask, read, and fall back.

use std::rc::Rc;

use hookflash_dialects::{Document, FetchError, HttpRequest, Moment, Reply};
use hookflash_program::{Diagnostic, Program, Severity};

use crate::Host;
use crate::call::{Call, Finish, Phase, Reason};
use crate::command::{GivenDocument, NewDocument};
use crate::invite;
use crate::journal::What;
use crate::ledger::count;
use crate::program::Then;

/// How many documents may follow each other while no verb takes any time. An application that
/// redirects to itself would otherwise keep a call busy for ever.
const MOST_DOCUMENTS: u16 = 100;

/// A document ready to run.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) program: Program,
    /// What relative URLs in it stand relative to.
    pub(crate) base: Rc<str>,
}

/// Why a document cannot be had or run.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The URL that failed.
    pub(crate) url: String,
    /// The vendor's code or word.
    pub(crate) code: String,
    /// A sentence.
    pub(crate) message: String,
}

impl<H: Host> Call<H> {
    /// The first document of the call.
    pub(crate) async fn first_document(self: &Rc<Self>) -> Result<Loaded, Finish> {
        let loaded = match &self.options.document {
            Some(document) => self.given_document(document, true),
            None => self.document_for(&Moment::Incoming).await,
        };
        self.record.change(invite::drop_what_is_told);
        loaded
    }

    /// The document that the API named.
    pub(crate) async fn new_document(
        self: &Rc<Self>,
        document: NewDocument,
    ) -> Result<Loaded, Finish> {
        match document {
            NewDocument::At(hook) => self.document_for(&Moment::Redirected(&hook)).await,
            NewDocument::Given(document) => self.given_document(&document, false),
            NewDocument::Read(program) => Ok(self.read_document(*program)),
        }
    }

    /// The document that the application has for this moment, or its fallback has.
    pub(crate) async fn document_for(
        self: &Rc<Self>,
        moment: &Moment<'_>,
    ) -> Result<Loaded, Finish> {
        let failure = match self.request_for(moment) {
            Ok(Some(request)) => {
                if let Moment::Redirected(_) = moment {
                    self.goes_on_with(&request);
                }
                match self.load(request, first(moment)).await {
                    Ok(loaded) => return Ok(loaded),
                    Err(failure) => failure,
                }
            }
            Ok(None) => Failure {
                url: String::new(),
                code: String::new(),
                message: "the application names no URL for this moment".to_owned(),
            },
            Err(error) => {
                self.note_fetch_error(None, &error);
                self.fetch_failure(&error)
            }
        };
        self.fall_back(moment, failure).await
    }

    /// Asks the fallback, once, what to do when `failed` came to nothing. Its own failure ends the
    /// call.
    pub(crate) async fn fall_back(
        self: &Rc<Self>,
        failed: &Moment<'_>,
        failure: Failure,
    ) -> Result<Loaded, Finish> {
        let moment = Moment::Fallback {
            failed_url: &failure.url,
            code: &failure.code,
            failed,
        };
        match self.request_for(&moment) {
            Ok(Some(request)) => match self.load(request, first(failed)).await {
                Ok(loaded) => Ok(loaded),
                Err(second) => Err(self.no_document(second)),
            },
            Ok(None) => Err(self.no_document(failure)),
            Err(error) => {
                self.note_fetch_error(None, &error);
                Err(self.no_document(failure))
            }
        }
    }

    /// Asks what comes after a verb. Without a request for this moment the next verb does, and also
    /// when the reply is empty where that means "carry on".
    pub(crate) async fn ask_what_next(
        self: &Rc<Self>,
        moment: &Moment<'_>,
        empty_reply_goes_on: bool,
    ) -> Then {
        let document = match self.request_for(moment) {
            Ok(None) => return Then::Next,
            Ok(Some(request)) => self.load(request, false).await,
            Err(error) => {
                self.note_fetch_error(None, &error);
                Err(self.fetch_failure(&error))
            }
        };
        self.run_reply(moment, document, empty_reply_goes_on).await
    }

    /// What comes after a verb whose hook replied with this document, or failed to: the fallback is
    /// asked for the missing one, unless an empty reply means "carry on".
    pub(crate) async fn run_reply(
        self: &Rc<Self>,
        moment: &Moment<'_>,
        document: Result<Loaded, Failure>,
        empty_reply_goes_on: bool,
    ) -> Then {
        match document {
            Ok(loaded) if empty_reply_goes_on && loaded.program.steps.is_empty() => Then::Next,
            Ok(loaded) => Then::Document(loaded),
            // Where an empty reply means "carry on", so does none at all.
            Err(_) if empty_reply_goes_on => Then::Next,
            Err(failure) => match self.fall_back(moment, failure).await {
                Ok(loaded) => Then::Document(loaded),
                Err(finish) => Then::Finish(finish),
            },
        }
    }

    /// Sends a request and reads the reply as a document.
    pub(crate) async fn load(
        self: &Rc<Self>,
        request: HttpRequest,
        first: bool,
    ) -> Result<Loaded, Failure> {
        match self.ask(request).await {
            Ok(reply) => self.read_reply(&reply, first),
            Err(error) => Err(self.fetch_failure(&error)),
        }
    }

    /// Reads a reply as a document.
    pub(crate) fn read_reply(
        self: &Rc<Self>,
        reply: &Reply,
        first: bool,
    ) -> Result<Loaded, Failure> {
        let content_type = Some(reply.content_type.as_deref().unwrap_or_default());
        let document = Document {
            body: &reply.body,
            content_type,
            first,
        };
        let read = self.read(document, &reply.url, &reply.url);
        if let Err(failure) = &read {
            self.complain_of_document(&reply.url, &failure.message, &reply.body);
        }
        read
    }

    /// Verbs that came without a document.
    fn read_document(&self, program: Program) -> Loaded {
        self.note(What::Document {
            steps: u16::try_from(program.steps.len()).unwrap_or(u16::MAX),
            source: "verbs of the API".into(),
        });
        Loaded {
            program,
            base: Rc::clone(&self.base.borrow()),
        }
    }

    pub(crate) fn given_document(
        &self,
        given: &GivenDocument,
        first: bool,
    ) -> Result<Loaded, Finish> {
        let document = Document {
            body: &given.body,
            content_type: None,
            first,
        };
        self.read(document, &given.name, &given.base)
            .map_err(|failure| self.no_document(failure))
    }

    fn read(&self, document: Document<'_>, name: &str, base: &str) -> Result<Loaded, Failure> {
        match self.dialect().parse(document) {
            Ok(mut program) => {
                // They are kept for as long as the last of them runs.
                program.steps.shrink_to_fit();
                for warning in &program.warnings {
                    self.note_remark(name, warning);
                }
                let steps = u16::try_from(program.steps.len()).unwrap_or(u16::MAX);
                self.note(What::Document {
                    steps,
                    source: self.shown_url(name).into(),
                });
                Ok(Loaded {
                    program,
                    base: base.into(),
                })
            }
            Err(error) => {
                count(&self.ledger.counters.documents_refused);
                for diagnostic in &error.diagnostics {
                    self.note_remark(name, diagnostic);
                }
                let first = error
                    .diagnostics
                    .iter()
                    .find(|d| d.severity == Severity::Error);
                let message = first.map_or_else(|| error.to_string(), ToString::to_string);
                Err(Failure {
                    url: name.to_owned(),
                    code: error.code().to_owned(),
                    message,
                })
            }
        }
    }

    pub(crate) fn note_remark(&self, source: &str, diagnostic: &Diagnostic) {
        self.note(What::Remark(Box::new((
            self.shown_url(source),
            diagnostic.clone(),
        ))));
    }

    pub(crate) fn fetch_failure(&self, error: &FetchError) -> Failure {
        Failure {
            url: error.url.clone(),
            code: self.dialect().fetch_error_code(error),
            message: error.to_string(),
        }
    }

    /// The end of a call that has no document to run.
    pub(crate) fn no_document(&self, failure: Failure) -> Finish {
        let code = Some(failure.code).filter(|code| !code.is_empty());
        let why = Reason::failure(code, failure.message.clone());
        if self.phase.get() != Phase::Waiting {
            return Finish::HangUp {
                headers: Vec::new(),
                why,
            };
        }
        let headers = match self.dialect().refusal_reason_header() {
            Some(name) => vec![(name.to_owned(), header_text(&failure.message))],
            None => Vec::new(),
        };
        let status = self.dialect().refusal_without_document();
        Finish::Refuse {
            status,
            reason: None,
            headers,
            why,
        }
    }

    /// Counts a document that is about to run.
    pub(crate) fn count_document(&self) -> Result<(), Finish> {
        let documents = self.documents.get() + 1;
        self.documents.set(documents);
        if documents <= MOST_DOCUMENTS {
            return Ok(());
        }
        Err(self.no_document(Failure {
            url: self.base.borrow().to_string(),
            code: String::new(),
            message: format!(
                "{MOST_DOCUMENTS} documents followed each other and none did anything: \
                 they redirect in a circle"
            ),
        }))
    }
}

/// Whether the document at this moment is the call's first.
fn first(moment: &Moment<'_>) -> bool {
    matches!(moment, Moment::Incoming)
}

/// A sentence as it can stand in a header field.
fn header_text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
