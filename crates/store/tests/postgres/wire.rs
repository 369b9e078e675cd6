//! A wire to the server that can be cut and mended.

use std::str::FromStr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

pub(crate) struct Wire {
    /// The server.
    far: String,
    /// Our end.
    near: String,
    carrying: Option<JoinHandle<()>>,
}

async fn carry(listener: TcpListener, far: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let far = far.clone();
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(far).await {
                // However it ends, it has ended.
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

impl Wire {
    /// A wire to the server of a URL.
    pub(crate) async fn to(url: &str) -> Wire {
        let config = Config::from_str(url).unwrap();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let host = match &config.get_hosts()[0] {
            Host::Tcp(host) => host.clone(),
            other => panic!("{other:?} is not on a network"),
        };
        let mut wire = Wire {
            far: format!("{host}:{port}"),
            near: "127.0.0.1:0".to_owned(),
            carrying: None,
        };
        wire.mend().await;
        wire
    }

    /// The URL by way of this wire.
    pub(crate) fn url(&self, url: &str) -> String {
        assert!(url.contains(&self.far), "the URL names host and port");
        url.replacen(&self.far, &self.near, 1)
    }

    pub(crate) async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            assert!(carrying.await.is_err(), "it ends by being cut");
        }
    }

    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(&self.near).await.unwrap();
        self.near = listener.local_addr().unwrap().to_string();
        self.carrying = Some(tokio::spawn(carry(listener, self.far.clone())));
    }
}
