//! Answers to requests that documents send within the dialog.

use std::cell::RefCell;

use hookflash_sip::RequestId;
use tokio::sync::Notify;

/// Answers that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    waiting: RefCell<Vec<RequestId>>,
    answered: RefCell<Vec<(RequestId, u16)>>,
    news: Notify,
}

impl Requests {
    /// The final status of the answer to a request; 408 when none came.
    pub(crate) async fn answer_to(&self, request: RequestId) -> u16 {
        self.waiting.borrow_mut().push(request);
        let _waits = Waits(self, request);
        loop {
            let answered = self
                .answered
                .borrow()
                .iter()
                .find(|(id, _)| *id == request)
                .copied();
            match answered {
                Some((_, status)) => return status,
                None => self.news.notified().await,
            }
        }
    }

    /// Takes an answer; what nobody waits for is dropped.
    pub(crate) fn answered(&self, request: RequestId, status: u16) {
        if self.waiting.borrow().contains(&request) {
            self.answered.borrow_mut().push((request, status));
            self.news.notify_waiters();
        }
    }
}

/// Somebody waits for as long as this lives.
struct Waits<'a>(&'a Requests, RequestId);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let Waits(requests, request) = self;
        requests.waiting.borrow_mut().retain(|id| id != request);
        requests
            .answered
            .borrow_mut()
            .retain(|(id, _)| id != request);
    }
}
