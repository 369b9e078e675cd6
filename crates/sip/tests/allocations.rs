//! How often reading a message asks for memory.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use hookflash_sip::Message;
use hookflash_sip::header::{CSeq, Contact, ContentType, From, MaxForwards, To, Via};

const INVITE: &[u8] = include_bytes!("corpus/accepted/invite_from_a_carrier.sip");

#[test]
fn an_invite_with_typed_core_headers_takes_three_allocations() {
    let mut message = None;
    let info = allocation_counter::measure(|| {
        let parsed = Message::parse_datagram(INVITE).unwrap();
        let headers = parsed.headers();
        let via: Via = headers.typed().unwrap();
        let (from, to): (From, To) = (headers.typed().unwrap(), headers.typed().unwrap());
        let contact: Contact = headers.typed().unwrap();
        assert!(from.parsed_uri().is_ok() && to.parsed_uri().is_ok() && via.branch().is_some());
        assert!(contact.address().unwrap().parsed_uri().is_ok());
        assert!(headers.typed::<CSeq>().is_ok() && headers.typed::<MaxForwards>().is_ok());
        assert!(headers.typed::<ContentType>().is_ok());
        message = Some(parsed);
    });
    assert_eq!(info.count_total, 3, "text, list of lines, body");
    let body = message.unwrap().body().len() as u64;
    assert!(info.bytes_total < 3 * (INVITE.len() as u64 - body) + body);
}

#[test]
fn a_request_without_body_takes_two() {
    let options = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n";
    let info = allocation_counter::measure(|| {
        drop(Message::parse_datagram(options));
    });
    assert_eq!(info.count_total, 2);
}
