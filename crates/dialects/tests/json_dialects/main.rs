//! BXML and jambonz as their applications see them: documents in, requests out.

mod bxml_document;
mod bxml_event;
mod example;
mod gateway_event;
mod jambonz_document;
mod jambonz_request;
mod never_panics;
mod transfer_results;
