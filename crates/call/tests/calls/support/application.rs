//! A scripted web application: documents by path, and everything it was asked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_call::CallKey;
use hookflash_dialects::{Body, FetchError, FetchErrorKind, HttpRequest, Reply};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::net::now;

/// What a path answers.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    pub after: Duration,
    pub fails: Option<FetchErrorKind>,
}

impl Page {
    pub fn document(body: impl Into<String>) -> Page {
        let body = body.into();
        let content_type = if body.starts_with('[') {
            "application/json"
        } else {
            "application/xml"
        };
        Page {
            status: 200,
            content_type,
            body,
            after: Duration::from_millis(5),
            fails: None,
        }
    }

    pub fn status(status: u16) -> Page {
        Page {
            status,
            ..Page::document("")
        }
    }

    pub fn failing(kind: FetchErrorKind) -> Page {
        Page {
            fails: Some(kind),
            ..Page::document("")
        }
    }

    pub fn after(self, after: Duration) -> Page {
        Page { after, ..self }
    }
}

/// One request as the application got it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// When.
    pub at: Instant,
    pub fields: Map<String, Value>,
}

impl Asked {
    /// A field as text; `-` when it is absent.
    pub fn field(&self, name: &str) -> String {
        match self.fields.get(name) {
            None => "-".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }
}

impl Asked {
    /// Whether a status callback tells of the end of the call.
    pub fn is_final(&self) -> bool {
        ["completed", "busy", "failed", "no-answer", "canceled"]
            .iter()
            .any(|word| self.field("CallStatus") == *word || self.field("call_status") == *word)
            || self.field("eventType") == "disconnect"
    }
}

type Telling = (HttpRequest, Box<dyn FnOnce(Result<u16, FetchError>)>);

pub struct Application {
    pages: RefCell<HashMap<String, Page>>,
    asked: Rc<RefCell<Vec<Asked>>>,
    tellers: RefCell<HashMap<CallKey, mpsc::UnboundedSender<Telling>>>,
}

impl Application {
    pub fn new() -> Rc<Application> {
        Rc::new(Application {
            pages: RefCell::default(),
            asked: Rc::default(),
            tellers: RefCell::default(),
        })
    }

    pub fn page(&self, path: &str, page: Page) {
        self.pages.borrow_mut().insert(path.to_owned(), page);
    }

    /// Everything that was asked so far, in order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Lets go of everything that was asked.
    pub fn forget(&self) {
        self.asked.take();
    }

    /// The requests for one path.
    pub fn asked_at(&self, path: &str) -> Vec<Asked> {
        self.asked()
            .into_iter()
            .filter(|asked| asked.path == path)
            .collect()
    }

    /// Paths in order of arrival.
    pub fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    pub fn fetch(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + 'static {
        let path = path(&request.url);
        self.asked.borrow_mut().push(Asked {
            path: path.clone(),
            at: now(),
            fields: fields(&request),
        });
        let page = self
            .pages
            .borrow()
            .get(&path)
            .cloned()
            .unwrap_or(Page::status(404));
        async move {
            let policy = &request.policy;
            let patience = policy.read.min(policy.total);
            tokio::time::sleep(page.after.min(patience)).await;
            let failure = |kind| {
                Err(FetchError {
                    kind,
                    url: request.url.clone(),
                    message: format!("{kind:?}"),
                    body: None,
                })
            };
            if page.after > patience {
                return failure(FetchErrorKind::ReadTimeout);
            }
            match page.fails {
                Some(kind) => failure(kind),
                None if !policy.success.covers(page.status) => {
                    failure(FetchErrorKind::Status(page.status))
                }
                None => Ok(Reply {
                    status: page.status,
                    content_type: Some(page.content_type.to_owned()),
                    body: page.body.into_bytes(),
                    url: request.url.clone(),
                }),
            }
        }
    }

    pub fn tell(
        self: &Rc<Self>,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    ) {
        let mut tellers = self.tellers.borrow_mut();
        let teller = tellers.entry(call).or_insert_with(|| {
            let (sender, mut queue) = mpsc::unbounded_channel::<Telling>();
            let application = Rc::clone(self);
            tokio::task::spawn_local(async move {
                while let Some((request, done)) = queue.recv().await {
                    let reply = application.fetch(request).await;
                    done(reply.map(|reply| reply.status));
                }
            });
            sender
        });
        assert!(teller.send((request, done)).is_ok());
    }
}

fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or(path).to_owned()
}

fn fields(request: &HttpRequest) -> Map<String, Value> {
    match &request.body {
        Body::Form(form) => form
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
        Body::Json(json) => serde_json::from_str(json).expect("an object"),
        Body::None | Body::Message(_) => {
            let query = request.url.split_once('?').map_or("", |(_, query)| query);
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect()
        }
    }
}
