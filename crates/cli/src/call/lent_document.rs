//! A document for a server whose API takes none: it is fetched from this process, once for every
//! time that the server asks.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::any;
use hookflash_dialects::Dialect;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A document that can be fetched while this value lives.
pub(super) struct LentDocument {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl LentDocument {
    /// Serves it on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub(super) async fn open(dialect: Dialect, text: String) -> std::io::Result<LentDocument> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let kind = match dialect {
            Dialect::Jambonz => "application/json",
            Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => "application/xml",
        };
        let reply = move || std::future::ready(([(CONTENT_TYPE, kind)], text.clone()));
        let router = Router::new().route("/document", any(reply));
        let serving = tokio::spawn(async move {
            // Ends with the process; there is nobody to tell if it ends earlier.
            let _ = axum::serve(listener, router).await;
        });
        Ok(LentDocument { address, serving })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/document", self.address)
    }
}

impl Drop for LentDocument {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
