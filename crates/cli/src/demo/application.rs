//! The web application of the demo: one in each language, as a customer would write it.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Router};
use hookflash_dialects::Dialect;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A request that the application got after its first document.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    /// The application that got it.
    pub(crate) dialect: Dialect,
    /// `keys` for what the caller typed, `done` for the transfer's result, `status` for the end of
    /// the call.
    pub(crate) path: String,
    /// The body as sent.
    pub(crate) body: String,
}

#[derive(Clone)]
struct Shop {
    callbacks: mpsc::UnboundedSender<Callback>,
}

/// Starts the four applications on a free loopback port, under `/{dialect}/…`. Every call is sent
/// on to the user that it names: `sip:{target}` travels in the called number's place.
pub(crate) async fn start(
    callbacks: mpsc::UnboundedSender<Callback>,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/{dialect}/voice/{target}", post(voice))
        .route("/twiml/ask/{target}", post(ask))
        .route("/twiml/keys/{target}", post(keys))
        .route("/twiml/hold", post(hold))
        .route("/{dialect}/{event}", post(told))
        .with_state(Shop { callbacks });
    tokio::spawn(async move {
        // Ends with the process; there is nobody to tell if it ends earlier.
        let _ = axum::serve(listener, router).await;
    });
    Ok(address)
}

/// The first document: transfer the caller to the target.
async fn voice(Path((dialect, target)): Path<(String, String)>) -> Response {
    let Ok(dialect) = dialect.parse::<Dialect>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    document(
        dialect,
        &transfer_document(dialect, &format!("sip:billing@{target}")),
    )
}

/// The first document of the application that wants an account number.
async fn ask(Path(target): Path<String>) -> Response {
    let text = format!(
        "<Response><Gather action=\"/twiml/keys/{target}\" numDigits=\"6\" timeout=\"3\">\
         <Say>Welcome. Please type your account number.</Say></Gather></Response>"
    );
    document(Dialect::Twiml, &text)
}

/// The document of a call that the application placed: it waits for what comes through the API.
async fn hold() -> Response {
    document(
        Dialect::Twiml,
        "<Response><Pause length=\"20\"/></Response>",
    )
}

/// What the caller typed: noted, and sent on with the caller.
async fn keys(
    State(shop): State<Shop>,
    Path(target): Path<String>,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let number = fields.get("Digits").map_or("", String::as_str);
    let _ = shop.callbacks.send(Callback {
        dialect: Dialect::Twiml,
        path: "keys".to_owned(),
        body: format!("Digits={number}"),
    });
    let text = format!(
        "<Response><Say>Thank you.</Say><Refer action=\"/twiml/done\">\
         <Sip>sip:billing@{target}?X-Account={number}</Sip></Refer></Response>"
    );
    document(Dialect::Twiml, &text)
}

/// What the application answers to a new call.
pub(crate) fn transfer_document(dialect: Dialect, target: &str) -> String {
    match dialect {
        Dialect::Twiml => format!(
            "<Response><Refer action=\"/twiml/done\"><Sip>{target}?X-Account=4711</Sip></Refer></Response>"
        ),
        Dialect::Cxml => {
            format!("<Response><Refer action=\"/cxml/done\"><Sip>{target}</Sip></Refer></Response>")
        }
        Dialect::Bxml => format!(
            "<Response><Refer referCompleteUrl=\"/bxml/done\" tag=\"order-17\">\
             <SipUri>{target}</SipUri></Refer></Response>"
        ),
        Dialect::Jambonz => serde_json::json!([
            { "verb": "answer" },
            { "verb": "sip:refer", "referTo": target, "actionHook": "/jambonz/done" }
        ])
        .to_string(),
    }
}

/// Everything later: noted, and answered with "hang up" where an answer runs.
async fn told(
    State(shop): State<Shop>,
    Path((dialect, event)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Ok(dialect) = dialect.parse::<Dialect>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = String::from_utf8_lossy(&body).into_owned();
    // The demo may have ended already; the reply is due all the same.
    let _ = shop.callbacks.send(Callback {
        dialect,
        path: event,
        body,
    });
    let hang_up = match dialect {
        Dialect::Jambonz => r#"[{"verb":"hangup"}]"#,
        _ => "<Response><Hangup/></Response>",
    };
    document(dialect, hang_up)
}

fn document(dialect: Dialect, text: &str) -> Response {
    let content_type = match dialect {
        Dialect::Jambonz => "application/json",
        _ => "text/xml; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, content_type)], text.to_owned()).into_response()
}
