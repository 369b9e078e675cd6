//! What it costs to read and write the INVITE that a carrier sends.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_sip::header::{CSeq, Contact, ContentType, From, MaxForwards, Name, To, Via};
use hookflash_sip::{BadHeader, Headers, Message};

const INVITE: &[u8] = include_bytes!("../tests/corpus/accepted/invite_from_a_carrier.sip");

/// The headers that every request is looked at for, their URIs included.
fn core_headers(headers: &Headers) -> Result<usize, BadHeader> {
    let via: Via = headers.typed()?;
    let from: From = headers.typed()?;
    let to: To = headers.typed()?;
    let cseq: CSeq = headers.typed()?;
    let contact: Contact = headers.typed()?;
    let hops: MaxForwards = headers.typed()?;
    let kind: ContentType = headers.typed()?;
    let uris = [Some(*from), Some(*to), contact.address().copied()];
    let hosts = uris.iter().flatten().filter_map(|a| a.parsed_uri().ok());
    let length = headers.get(Name::ContentLength).map_or(0, str::len);
    Ok(hosts.map(|uri| uri.host().len()).sum::<usize>()
        + via.branch().map_or(0, str::len)
        + from.tag().map_or(0, str::len)
        + to.tag().map_or(0, str::len)
        + headers.get(Name::CallId).map_or(0, str::len)
        + cseq.method.len()
        + usize::from(hops.0)
        + kind.subtype.len()
        + length)
}

fn parse(c: &mut Criterion) {
    c.bench_function("parse an INVITE", |b| {
        b.iter(|| Message::parse_datagram(black_box(INVITE)));
    });
    c.bench_function("parse an INVITE with typed core headers", |b| {
        b.iter(|| {
            let message = Message::parse_datagram(black_box(INVITE)).map_err(|e| e.to_string())?;
            core_headers(message.headers()).map_err(|e| e.to_string())
        });
    });
}

fn write(c: &mut Criterion) {
    let Ok(message) = Message::parse_datagram(INVITE) else {
        return;
    };
    let mut out = Vec::with_capacity(4096);
    c.bench_function("write an INVITE", |b| {
        b.iter(|| {
            out.clear();
            black_box(&message).write_to(&mut out);
            out.len()
        });
    });
    let Message::Request(request) = &message else {
        return;
    };
    c.bench_function("answer an INVITE and write the answer", |b| {
        b.iter(|| {
            out.clear();
            black_box(request)
                .response_to(180, None, Some("a1b2c3"))
                .write_to(&mut out);
            out.len()
        });
    });
}

criterion_group!(benches, parse, write);
criterion_main!(benches);
