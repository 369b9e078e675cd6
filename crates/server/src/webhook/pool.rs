//! Connections that are kept open between requests.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use hookflash_dialects::{FetchError, FetchErrorKind};
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::connect::{Stream, connect};
use super::failure;
use super::location::{Location, Origin};
use crate::resolver::Names;

/// How long a connection may lie idle: less than web servers keep theirs (2 s is the shortest in
/// common use), because one that is closed while a request is on its way loses that request.
const IDLE: Duration = Duration::from_millis(1_500);
/// How many idle connections are kept per host.
const IDLE_PER_HOST: usize = 64;
/// Longest head of a reply, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// The connections of one shard.
pub(crate) struct Pool {
    names: Names,
    idle: RefCell<HashMap<Origin, Vec<(Instant, Sender)>>>,
}

impl Pool {
    pub(crate) fn new(names: Names) -> Pool {
        Pool {
            names,
            idle: RefCell::default(),
        }
    }

    /// An open connection that nobody uses, the latest used first.
    pub(crate) fn idle(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.idle.borrow_mut();
        let list = idle.get_mut(origin)?;
        while let Some((since, sender)) = list.pop() {
            if sender.is_ready() && since.elapsed() < IDLE {
                return Some(sender);
            }
        }
        idle.remove(origin);
        None
    }

    /// Closes every connection that nobody uses.
    pub(crate) fn close_idle(&self) {
        self.idle.borrow_mut().clear();
    }

    /// A new connection that nothing was said on.
    pub(crate) async fn connect(
        &self,
        location: &Location,
        allow_private: bool,
        deadline: Instant,
    ) -> Result<Box<dyn Stream>, FetchError> {
        connect(&self.names, location, allow_private, deadline).await
    }

    /// A new connection.
    pub(crate) async fn open(
        &self,
        location: &Location,
        allow_private: bool,
        deadline: Instant,
    ) -> Result<Sender, FetchError> {
        let stream = self.connect(location, allow_private, deadline).await?;
        let (sender, connection) = Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| {
                failure::new(FetchErrorKind::Protocol, &location.url, error.to_string())
            })?;
        tokio::task::spawn_local(async move {
            // The request that used the connection reports what broke it.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// Takes a connection back whose reply was read to its end.
    pub(crate) fn put_back(&self, origin: &Origin, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        match idle.get_mut(origin) {
            Some(list) if list.len() >= IDLE_PER_HOST => {}
            Some(list) => list.push((Instant::now(), sender)),
            None => {
                idle.retain(|_, list| {
                    list.retain(|(since, _)| since.elapsed() < IDLE);
                    !list.is_empty()
                });
                idle.insert(origin.clone(), vec![(Instant::now(), sender)]);
            }
        }
    }
}
