//! What the vendors' REST APIs are asked and what they reply, as data.
//!
//! A request comes in as form fields or JSON and becomes a [`CallOrder`], [`CallUpdate`]s or a
//! [`CallList`]; facts of calls go out as the vendor's resources, lists and errors. Every
//! parameter that a vendor publishes is carried out, accepted where it changes nothing here, or
//! refused with a sentence; the tables of [`Dialect::parameters`] say which. Left out: HTTP
//! itself, who may ask, and what becomes of an order.

mod absent;
mod callee;
mod date;
mod fault;
mod form;
mod json;
mod page;
mod parameter;
mod standing;

use std::borrow::Borrow;
use std::sync::Arc;

use hookflash_program::{BackgroundRecording, StartRecording};
use serde_json::{Map, Value};

use crate::dialect::Family;
use crate::{
    Account, Application, CallFacts, CallOrder, CallUpdate, Dialect, RecordingFacts, RecordingQuery,
};
use crate::{bxml, jambonz, laml};

pub use absent::Absent;
pub(crate) use callee::{Callee, callee, is_number, number};
pub(crate) use date::{day, instant};
pub use fault::{ApiFault, ApiReason};
pub(crate) use form::given;
pub use form::{BadForm, form_fields};
pub(crate) use json::Fields;
pub(crate) use page::page_query;
pub use page::{CallList, Listing, PageAsked, PageMark, RecordingList};
pub use parameter::{Operation, Parameter, ParameterState};
pub(crate) use parameter::{refused, runs, without_effect};
pub use standing::{CallStage, Standing, Statuses};

/// What a reader of requests has to know of the configuration.
pub trait Directory {
    /// The account in whose name the request was made.
    fn account(&self) -> &Account;

    /// An application of that account, by its identifier or its name.
    fn application(&self, named: &str) -> Option<Arc<Application>>;
}

/// The body of a request, as its Content-Type has it.
#[derive(Clone, Copy, Debug)]
pub enum ApiBody<'a> {
    /// Fields of a form, decoded, in their order; names may repeat.
    Form(&'a [(String, String)]),
    /// JSON.
    Json(&'a [u8]),
}

/// A call that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCall {
    /// What is to be done.
    pub order: CallOrder,
    /// Fields of the request that the reply repeats; see [`Dialect::call_created`].
    pub repeated: Map<String, Value>,
}

/// What an API replies.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiReply {
    /// Status code.
    pub status: u16,
    /// Header fields beside Content-Type.
    pub headers: Vec<(&'static str, String)>,
    /// Body; none is no body at all.
    pub body: Option<Value>,
}

impl ApiReply {
    pub(crate) fn empty(status: u16) -> ApiReply {
        ApiReply {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn with(status: u16, body: Value) -> ApiReply {
        ApiReply {
            body: Some(body),
            ..ApiReply::empty(status)
        }
    }
}

impl Dialect {
    /// Reads the request for a new call.
    ///
    /// # Errors
    /// When the vendor would refuse it, or when it asks for what this server cannot do.
    pub fn read_order(
        self,
        directory: &dyn Directory,
        body: ApiBody<'_>,
    ) -> Result<NewCall, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_order(vendor, directory, body),
            Family::Bxml => bxml::rest::read_order(directory, body),
            Family::Jambonz => jambonz::rest::read_order(directory, body),
        }
    }

    /// Reads the request for a change of a call: one update, or several to be made in order.
    ///
    /// # Errors
    /// As for [`Dialect::read_order`].
    pub fn read_update(self, body: ApiBody<'_>) -> Result<Vec<CallUpdate>, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_update(vendor, body),
            Family::Bxml => bxml::rest::read_update(body),
            Family::Jambonz => jambonz::rest::read_update(body),
        }
    }

    /// Reads the request for a recording of a call that runs (`POST …/Recordings`).
    ///
    /// # Errors
    /// When the vendor would refuse it; also where the vendor has no such request.
    pub fn read_recording(self, body: ApiBody<'_>) -> Result<Box<StartRecording>, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_recording(vendor, body),
            Family::Bxml | Family::Jambonz => Err(self.has_no_such_request()),
        }
    }

    /// Reads the request for a change of a recording that runs (`POST …/Recordings/{sid}`, `PUT
    /// …/recording`).
    ///
    /// # Errors
    /// As for [`Dialect::read_recording`].
    pub fn read_recording_change(self, body: ApiBody<'_>) -> Result<BackgroundRecording, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_recording_change(vendor, body),
            Family::Bxml => bxml::rest::read_recording_change(body),
            Family::Jambonz => Err(self.has_no_such_request()),
        }
    }

    /// In how many channels a request wants the sound of a recording that has so many
    /// (`RequestedChannels`, which is Twilio's alone).
    ///
    /// # Errors
    /// When it wants more than there are, or none that there could be.
    pub fn read_sound_channels(
        self,
        query: &[(String, String)],
        recorded: u8,
    ) -> Result<u8, ApiFault> {
        match self.family() {
            Family::Laml(vendor) if self == Dialect::Twiml => {
                laml::rest::read_sound_channels(vendor, query, recorded)
            }
            Family::Laml(_) | Family::Bxml | Family::Jambonz => Ok(recorded),
        }
    }

    /// The reply to the request for a recording that began.
    pub fn recording_begun(self, recording: &RecordingFacts, public_url: &str) -> ApiReply {
        ApiReply::with(201, self.recording_resource(recording, public_url))
    }

    /// The reply to a change of a recording that was made.
    pub fn recording_changed(
        self,
        recording: &RecordingFacts,
        change: &BackgroundRecording,
        public_url: &str,
    ) -> ApiReply {
        if self == Dialect::Bxml {
            return ApiReply::empty(200);
        }
        let mut resource = self.recording_resource(recording, public_url);
        // It is still being completed, and nothing can change it any more.
        if *change == BackgroundRecording::Stop
            && let Value::Object(fields) = &mut resource
        {
            fields.insert("status".to_owned(), "stopped".into());
        }
        ApiReply::with(200, resource)
    }

    fn has_no_such_request(self) -> ApiFault {
        self.fault(ApiReason::NotFound, "the vendor has no such request")
    }

    /// Reads a document that takes the place of the running one, where it is a body of its own
    /// (`PUT …/bxml`).
    ///
    /// # Errors
    /// When the vendor would not run it.
    pub fn read_document(self, body: &[u8]) -> Result<CallUpdate, ApiFault> {
        let document = crate::Document {
            body,
            content_type: None,
            first: false,
        };
        match self.parse(document) {
            Ok(_) => Ok(CallUpdate {
                action: Some(crate::CallAction::Document(bytes::Bytes::copy_from_slice(
                    body,
                ))),
                ..CallUpdate::default()
            }),
            Err(error) => Err(self.bad_document(&error)),
        }
    }

    /// Reads the query of a list of calls.
    ///
    /// # Errors
    /// When a filter makes no sense.
    pub fn read_list(self, query: &[(String, String)]) -> Result<CallList, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_list(vendor, query),
            Family::Bxml => bxml::rest::read_list(query),
            Family::Jambonz => jambonz::rest::read_list(query),
        }
    }

    /// Reads the query of a list of recordings.
    ///
    /// # Errors
    /// As for [`Dialect::read_list`].
    pub fn read_recording_list(
        self,
        query: &[(String, String)],
    ) -> Result<RecordingList, ApiFault> {
        match self.family() {
            Family::Laml(vendor) => laml::rest::read_recording_list(vendor, query),
            Family::Bxml => bxml::rest::read_recording_list(query),
            Family::Jambonz => Ok(RecordingList {
                query: RecordingQuery::default(),
                page: PageAsked::first(jambonz::rest::MOST_LISTED),
            }),
        }
    }

    /// A call as the API shows it.
    pub fn call_resource(self, facts: &CallFacts) -> Value {
        match self.family() {
            Family::Laml(vendor) => laml::rest::call(vendor, facts),
            Family::Bxml => bxml::rest::call(facts),
            Family::Jambonz => jambonz::rest::call(facts),
        }
    }

    /// The reply to the request for a new call. `repeated` is that of [`NewCall`].
    pub fn call_created(self, facts: &CallFacts, repeated: Map<String, Value>) -> ApiReply {
        match self {
            Dialect::Twiml => ApiReply::with(201, self.call_resource(facts)),
            // SignalWire's OpenAPI file says 200 where Twilio says 201.
            Dialect::Cxml => ApiReply::with(200, self.call_resource(facts)),
            Dialect::Bxml => bxml::rest::created(facts, repeated),
            Dialect::Jambonz => jambonz::rest::created(facts),
        }
    }

    /// The reply to a change that was made. `answer` is that of the peer to a SIP request: its
    /// final status and reason phrase.
    pub fn call_updated(self, facts: &CallFacts, answer: Option<(u16, &str)>) -> ApiReply {
        match self {
            Dialect::Twiml | Dialect::Cxml => ApiReply::with(200, self.call_resource(facts)),
            Dialect::Bxml => ApiReply::empty(200),
            Dialect::Jambonz => jambonz::rest::updated(answer),
        }
    }

    /// The reply to the request for a list.
    pub fn call_list(self, calls: &[impl Borrow<CallFacts>], listing: Listing<'_>) -> ApiReply {
        let calls = calls.iter();
        let calls = calls.map(|facts| self.call_resource(facts.borrow()));
        let calls: Vec<Value> = calls.collect();
        match self {
            Dialect::Twiml | Dialect::Cxml => laml::rest::list(self, "calls", calls, listing),
            Dialect::Bxml => bxml::rest::list(calls, listing),
            Dialect::Jambonz => ApiReply::with(200, Value::Array(calls)),
        }
    }

    /// The reply to the request for a list of recordings.
    pub fn recording_list(
        self,
        recordings: &[impl Borrow<RecordingFacts>],
        listing: Listing<'_>,
    ) -> ApiReply {
        let recordings = recordings.iter();
        let recordings =
            recordings.map(|facts| self.recording_resource(facts.borrow(), listing.public_url));
        let recordings: Vec<Value> = recordings.collect();
        match self {
            Dialect::Twiml | Dialect::Cxml => {
                laml::rest::list(self, "recordings", recordings, listing)
            }
            Dialect::Bxml | Dialect::Jambonz => ApiReply::with(200, Value::Array(recordings)),
        }
    }

    /// From and To of a call as the application is told them, and as lists are filtered by them.
    pub fn parties_told(self, facts: &CallFacts) -> (String, String) {
        match self.family() {
            Family::Laml(vendor) => laml::parameters::parties(vendor, facts),
            Family::Bxml => bxml::rest::parties(facts),
            Family::Jambonz => jambonz::rest::parties(facts),
        }
    }

    /// What `status` and `cause` of a query stand for: a call is meant when it stands as one of
    /// these. `None` when the query names neither; nothing is meant when the list is empty.
    pub fn standings(self, query: &crate::CallQuery) -> Option<Vec<Standing>> {
        match self {
            Dialect::Twiml | Dialect::Cxml => query.status.as_deref().map(laml::rest::standings),
            Dialect::Bxml => bxml::rest::standings(query),
            Dialect::Jambonz => query.status.as_deref().map(jambonz::rest::standings),
        }
    }

    /// Every parameter that the vendor publishes for an operation, and what becomes of it.
    pub fn parameters(self, operation: Operation) -> &'static [Parameter] {
        match self.family() {
            Family::Laml(vendor) => laml::rest::parameters(vendor, operation),
            Family::Bxml => bxml::rest::parameters(operation),
            Family::Jambonz => jambonz::rest::parameters(operation),
        }
    }
}
