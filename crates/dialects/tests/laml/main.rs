//! TwiML and cXML: documents in, requests out.

mod call;
mod documents;
mod hostile;
mod malformed;
mod refer_results;
mod requests;
mod schema;
mod signatures;
mod status;
mod webhook_urls;
