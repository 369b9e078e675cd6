//! REGISTERs from anybody, one after the other: the bindings stay bounded, and every answer can be
//! sent.

#![no_main]

use std::time::{Duration, Instant};

use hookflash_sip::registrar::{Registrar, RegistrarLimits, address_of_record};
use hookflash_sip::{ConnectionId, Flow, Headers, Message, Transport};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = RegistrarLimits {
        bindings: 3,
        total: 5,
        ..RegistrarLimits::default()
    };
    let mut registrar = Registrar::new(limits);
    let mut now = Instant::now();
    let flow = Flow {
        transport: Transport::Udp,
        local: ([127, 0, 0, 1], 5060).into(),
        remote: ([127, 0, 0, 1], 5070).into(),
        connection: ConnectionId(1),
    };
    for piece in bytes.split(|byte| *byte == 0) {
        let Ok(Message::Request(request)) = Message::parse_datagram(piece) else {
            continue;
        };
        let Some(aor) = address_of_record(&request) else {
            continue;
        };
        let answer = registrar.register(now, &aor, &request, flow);
        assert!((200..700).contains(&answer.status));
        for (name, value) in &answer.headers {
            let written = Headers::default().try_push(name.as_str(), value);
            assert!(written.is_ok(), "{name}: {value}");
        }
        assert!(registrar.lookup(now, &aor).len() <= 3 && registrar.len() <= 5);
        now += Duration::from_secs(600);
    }
    registrar.expire(now + Duration::from_secs(100_000));
    assert!(registrar.is_empty() && registrar.next_expiry().is_none());
});
