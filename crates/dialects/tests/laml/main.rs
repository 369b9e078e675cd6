//! TwiML and cXML: documents in, requests out.

mod call;
mod callbacks;
mod documents;
mod gather;
mod hostile;
mod malformed;
mod media_requests;
mod media_stream;
mod prompts;
mod record;
mod record_callbacks;
mod recordings;
mod refer_results;
mod requests;
mod rows;
mod schema;
mod signatures;
mod status;
mod stream_callbacks;
mod streams;
mod webhook_urls;
