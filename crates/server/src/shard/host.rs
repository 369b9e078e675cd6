//! The shard as the machine that its calls run on.

use std::cell::RefMut;
use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Instant, SystemTime};

use hookflash_call::{CallKey, Host, MediaError};
use hookflash_dialects::{FetchError, HttpRequest, Reply};
use hookflash_sip::Endpoint;

use super::Shard;
use crate::media::Port;

impl Host for Shard {
    type Media = Port;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u128 {
        rand::random()
    }

    fn endpoint<R>(&self, work: impl FnOnce(&mut Endpoint, Instant) -> R) -> R {
        let mut endpoint: RefMut<'_, Endpoint> = self.endpoint.borrow_mut();
        let result = work(&mut endpoint, Instant::now());
        drop(endpoint);
        if let Some(this) = self.this() {
            this.flush();
        }
        result
    }

    fn fetch(
        &self,
        call: CallKey,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + 'static {
        let board = self.board();
        let webhooks = Rc::clone(self.webhooks());
        async move {
            match board.document(&request) {
                Some(document) => document,
                None => webhooks.fetch(call, &request).await,
            }
        }
    }

    fn tell(
        &self,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        self.webhooks().tell(call, request, done);
    }

    fn open_media(&self, towards: IpAddr) -> Result<Port, MediaError> {
        self.media.open(towards)
    }
}
