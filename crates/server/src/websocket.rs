//! WebSockets towards applications.

use std::convert::Infallible;

use hookflash_call::Socket;
use hookflash_dialects::Frame;

/// A WebSocket of an application.
pub(crate) struct WebSocket(Infallible);

impl Socket for WebSocket {
    fn send(&self, _frame: Frame) -> bool {
        match self.0 {}
    }

    async fn next(&self) -> Result<Frame, String> {
        match self.0 {}
    }

    fn close(&self) {
        match self.0 {}
    }
}
