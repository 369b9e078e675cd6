//! DNS that says anything: the search ends, with few questions and few candidates.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hookflash_sip::Transport;
use hookflash_sip::locate::{DnsAnswer, Locator, Means, Naptr, Place, Record, Srv};
use libfuzzer_sys::fuzz_target;

/// Takes numbers and texts off the front of the input.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(b, r)| (*b, r));
        self.0 = rest;
        first
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte() % 32).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn record(&mut self) -> Record {
        const SERVICES: [&str; 5] = ["SIP+D2U", "SIP+D2T", "SIPS+D2T", "SIP+D2W", "E2U+sip"];
        match self.byte() % 4 {
            0 => Record::Naptr(Naptr {
                order: self.number(),
                preference: self.number(),
                flags: ["s", "S", "u", ""][usize::from(self.byte() % 4)].to_owned(),
                service: SERVICES[usize::from(self.byte() % 5)].to_owned(),
                regexp: String::new(),
                replacement: self.text(),
            }),
            1 => Record::Srv(Srv {
                priority: self.number(),
                weight: self.number(),
                port: self.number(),
                target: self.text(),
            }),
            2 => Record::Address(Ipv4Addr::from(u32::from(self.number()) << 16 | 1).into()),
            _ => Record::Address(Ipv6Addr::from(u128::from(self.number()) << 112 | 1).into()),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let options = input.byte();
    let place = Place {
        host: input.text(),
        port: (options & 1 != 0).then(|| input.number()),
        transport: (options & 2 != 0).then_some(Transport::Tcp),
        secure: options & 4 != 0,
    };
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let means = Means::new(all.into_iter().flat_map(|t| any.map(|ip| (t, ip))));
    let mut locator = Locator::new(place, means, u64::from(options));
    let mut asked = 0;
    while let Some(question) = locator.poll_question() {
        asked += 1;
        assert!(asked <= 1 + 4 + 16, "{question:?}");
        let records = (0..input.byte() % 9).map(|_| input.record()).collect();
        locator.handle_answer(&question, DnsAnswer::Records(records));
    }
    let found = locator.candidates().expect("no question is open");
    assert!(found.len() <= 8);
});
