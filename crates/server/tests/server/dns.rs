//! A name server on loopback that knows a few names and behaves as it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What becomes of questions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// They are answered.
    Honest,
    /// Over UDP they are answered with nothing but the wish to be asked over TCP.
    Truncating,
    /// They are not answered.
    Silent,
    /// The answer is "server failure".
    Failing,
    /// The answer bears another number than the question.
    Misnumbering,
    /// The answer is about another name.
    Misnaming,
    /// The answer is no DNS.
    Babbling,
}

/// A name server that runs until the test's process ends.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    /// The zone is written as a zone file would be: `name TYPE data`, all names absolute.
    pub(crate) fn start(manner: Manner, zone: &[&str]) -> NameServer {
        let zone: Arc<[(Name, RData)]> = zone.iter().map(|line| record(line)).collect();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let (heard, known) = (Arc::clone(&asked), Arc::clone(&zone));
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok((length, from)) = udp.recv_from(&mut bytes) {
                let question = Message::from_vec(&bytes[..length]).unwrap();
                note(&heard, &question);
                if let Some(answer) = answer(manner, &known, &question, true) {
                    udp.send_to(&answer, from).unwrap();
                }
            }
        });
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in tcp.incoming().flatten() {
                let (heard, zone) = (Arc::clone(&heard), Arc::clone(&zone));
                std::thread::spawn(move || {
                    let mut length = [0; 2];
                    while stream.read_exact(&mut length).is_ok() {
                        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
                        stream.read_exact(&mut bytes).unwrap();
                        let question = Message::from_vec(&bytes).unwrap();
                        note(&heard, &question);
                        if let Some(answer) = answer(manner, &zone, &question, false) {
                            let length = u16::try_from(answer.len()).unwrap();
                            stream.write_all(&length.to_be_bytes()).unwrap();
                            stream.write_all(&answer).unwrap();
                        }
                    }
                });
            }
        });
        NameServer { address, asked }
    }

    /// The questions so far, as `name TYPE`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The same port for both transports.
fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}

fn note(asked: &Mutex<Vec<String>>, question: &Message) {
    let query = question.queries.first().unwrap();
    let name = query.name().to_ascii();
    let line = format!("{} {}", name.trim_end_matches('.'), query.query_type());
    asked.lock().unwrap().push(line);
}

fn answer(
    manner: Manner,
    zone: &[(Name, RData)],
    question: &Message,
    is_udp: bool,
) -> Option<Vec<u8>> {
    let query = question.queries.first().unwrap().clone();
    let number = match manner {
        Manner::Misnumbering => question.metadata.id.wrapping_add(1),
        _ => question.metadata.id,
    };
    let mut answer = Message::response(number, OpCode::Query);
    answer.metadata.recursion_available = true;
    match manner {
        Manner::Silent => return None,
        Manner::Babbling => return Some(question.to_vec().unwrap()[..2].repeat(30)),
        Manner::Misnaming => {
            let mut other = query.clone();
            other.set_name(Name::from_ascii("elsewhere.example.").unwrap());
            answer.add_query(other);
        }
        _ => drop(answer.add_query(query.clone())),
    }
    if manner == Manner::Failing {
        answer.metadata.response_code = ResponseCode::ServFail;
        return Some(answer.to_vec().unwrap());
    }
    if manner == Manner::Truncating && is_udp {
        answer.metadata.truncation = true;
        return Some(answer.to_vec().unwrap());
    }
    let of_name: Vec<&(Name, RData)> = zone
        .iter()
        .filter(|(name, _)| name == query.name())
        .collect();
    if of_name.is_empty() {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    for (name, data) in of_name {
        if [query.query_type(), RecordType::CNAME].contains(&data.record_type()) {
            answer.add_answer(Record::from_rdata(name.clone(), 60, data.clone()));
        }
    }
    Some(answer.to_vec().unwrap())
}

fn record(line: &str) -> (Name, RData) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name =
        |at: usize| Name::from_ascii(format!("{}.", words[at].trim_end_matches('.'))).unwrap();
    let number = |at: usize| words[at].parse().unwrap();
    let bytes = |at: usize| words[at].as_bytes().into();
    let data = match words[1] {
        "A" => RData::A(A(words[2].parse().unwrap())),
        "AAAA" => RData::AAAA(AAAA(words[2].parse().unwrap())),
        "CNAME" => RData::CNAME(CNAME(name(2))),
        "SRV" => RData::SRV(SRV::new(number(2), number(3), number(4), name(5))),
        "NAPTR" => {
            let (flags, service) = (bytes(4), bytes(5));
            RData::NAPTR(NAPTR::new(
                number(2),
                number(3),
                flags,
                service,
                [].into(),
                name(6),
            ))
        }
        other => panic!("{other} is no type"),
    };
    (name(0), data)
}
