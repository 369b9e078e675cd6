//! What a call that we placed does once it is answered, before its document runs.

use std::rc::Rc;

use bytes::Bytes;
use hookflash_dialects::{CallOrder, Moment, OrderedRecording, RecordingSource};
use hookflash_program::{BackgroundRecording, Keys};

use crate::Host;
use crate::call::{Call, Finish};
use crate::command::{GivenDocument, NewDocument};
use crate::detection::Detection;
use crate::document::Loaded;
use crate::journal::What;
use crate::verb;

/// What is still to be done at the answer.
pub(crate) struct AtAnswer<H: Host> {
    keys: Option<Keys>,
    /// Who picked up has to be known first.
    detection: Option<Detection<H>>,
    opening: Opening,
}

/// Where the first document comes from.
#[derive(Debug)]
pub(crate) enum Opening {
    /// The application is asked.
    Asked,
    /// It came with the order.
    Given(Bytes),
    /// The API ordered it while the call rang.
    Ordered(NewDocument),
}

impl<H: Host> AtAnswer<H> {
    /// Begins what begins at the answer, whatever documents come and go afterwards. `opening`
    /// stands in the place of the order's own document.
    pub(crate) fn begin(
        call: &Rc<Call<H>>,
        order: CallOrder,
        opening: Option<Opening>,
    ) -> Box<AtAnswer<H>> {
        if let Some(record) = order.record {
            let start = BackgroundRecording::Start(record);
            let recording = &call.background.recording;
            match recording.carry_out(call, start, RecordingSource::Api) {
                Ok(sid) => call.record.change(|facts| {
                    let lasted = None;
                    facts.recording = Some(Box::new(OrderedRecording { sid, lasted }));
                }),
                Err(why) => call.note(What::VerbNote(why.into())),
            }
        }
        let wanted = order.machine_detection;
        let mut detection = wanted.and_then(|wanted| Detection::begin(call, wanted));
        if let Some(beside) = detection.take_if(|detection| detection.is_beside()) {
            call.background.detect(beside.beside(call));
        }
        let own = || order.document.map_or(Opening::Asked, Opening::Given);
        Box::new(AtAnswer {
            keys: order.keys,
            detection,
            opening: opening.unwrap_or_else(own),
        })
    }
}

/// Sends the keys of the order, waits until it is known who picked up if the document waits for
/// that, and gives the first document.
pub(crate) async fn first_document<H: Host>(
    call: &Rc<Call<H>>,
    at: AtAnswer<H>,
) -> Result<Loaded, Finish> {
    if let Some(keys) = at.keys {
        call.note_call("the keys of the order are sent");
        verb::send_keys::run(call, keys).await;
    }
    if let Some(detection) = at.detection {
        detection.found(call).await;
    }
    match at.opening {
        Opening::Asked => call.document_for(&Moment::Incoming).await,
        Opening::Given(body) => {
            let document = GivenDocument {
                body,
                name: "document of the order".to_owned(),
                base: call.base.borrow().to_string(),
            };
            call.given_document(&document, true)
        }
        Opening::Ordered(document) => call.new_document(document).await,
    }
}
