//! Answers to requests that documents send within the dialog.

use std::cell::{OnceCell, RefCell};

use hookflash_sip::RequestId;
use tokio::sync::Notify;

/// The requests of one call. Boxed: most calls send none, and each would keep the room.
#[derive(Debug, Default)]
pub(crate) struct Requests(OnceCell<Box<Sent>>);

/// Answers that nobody has taken yet.
#[derive(Debug, Default)]
struct Sent {
    waiting: RefCell<Vec<RequestId>>,
    answered: RefCell<Vec<(RequestId, u16)>>,
    news: Notify,
}

impl Requests {
    /// The final status of the answer to a request; 408 when none came.
    pub(crate) async fn answer_to(&self, request: RequestId) -> u16 {
        let sent = self.0.get_or_init(Box::default);
        sent.waiting.borrow_mut().push(request);
        let _waits = Waits(sent, request);
        loop {
            let answered = sent
                .answered
                .borrow()
                .iter()
                .find(|(id, _)| *id == request)
                .copied();
            match answered {
                Some((_, status)) => return status,
                None => sent.news.notified().await,
            }
        }
    }

    /// Takes an answer; what nobody waits for is dropped.
    pub(crate) fn answered(&self, request: RequestId, status: u16) {
        if let Some(sent) = self.0.get()
            && sent.waiting.borrow().contains(&request)
        {
            sent.answered.borrow_mut().push((request, status));
            sent.news.notify_waiters();
        }
    }
}

/// Somebody waits for as long as this lives.
struct Waits<'a>(&'a Sent, RequestId);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let Waits(sent, request) = self;
        sent.waiting.borrow_mut().retain(|id| id != request);
        sent.answered.borrow_mut().retain(|(id, _)| id != request);
    }
}
