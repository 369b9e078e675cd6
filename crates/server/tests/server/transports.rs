//! TCP and UDP as peers use and misuse them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hookflash_server::Running;

use crate::peer::{Peer, Place, SDP, header, request, status};
use crate::stage::{WAITING, serving, tcp, udp};

pub(crate) struct Stream {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Stream {
    pub(crate) fn to(server: &Running) -> Stream {
        let stream = TcpStream::connect(tcp(server)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Stream {
            stream,
            bytes: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// A request to this URI, without a body.
    pub(crate) fn ask_for(
        &self,
        uri: &str,
        method: &str,
        call_id: &str,
        cseq: u32,
        to_tag: &str,
        more: &str,
    ) -> String {
        let via = format!("SIP/2.0/TCP {}", self.stream.local_addr().unwrap());
        let place = Place {
            uri,
            via: &via,
            call_id,
            cseq,
            to_tag,
        };
        request(method, &place, more, "")
    }

    /// The next request with this method.
    pub(crate) fn request(&mut self, method: &str) -> String {
        loop {
            let message = self.receive();
            assert!(!message.is_empty(), "the server closed the connection");
            if message.starts_with(&format!("{method} ")) {
                return message;
            }
        }
    }

    fn ask(&self, method: &str, call_id: &str, cseq: u32, to_tag: &str, body: &str) -> String {
        let via = format!("SIP/2.0/TCP {}", self.stream.local_addr().unwrap());
        let more = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let uri = format!("sip:support@{}", self.stream.peer_addr().unwrap());
        let place = Place {
            uri: &uri,
            via: &via,
            call_id,
            cseq,
            to_tag,
        };
        request(method, &place, more, body)
    }

    /// The next message; empty when the server closed the connection.
    pub(crate) fn receive(&mut self) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length: usize = header(head, "Content-Length").unwrap().parse().unwrap();
                if body.len() >= length {
                    let end = head.len() + 4 + length;
                    return String::from_utf8(self.bytes.drain(..end).collect()).unwrap();
                }
            }
            let mut chunk = [0; 4_096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return String::new(),
                Ok(length) => self.bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return String::new();
                }
                Err(error) => panic!("the server said nothing: {error}"),
            }
        }
    }

    pub(crate) fn final_answer(&mut self) -> String {
        loop {
            let message = self.receive();
            if !(100..200).contains(&status(&message)) {
                return message;
            }
        }
    }
}

#[test]
fn a_stream_in_fragments_and_in_lumps_is_understood() {
    let server = serving("shards = 2", WAITING);
    let mut stream = Stream::to(&server);
    let options = stream.ask("OPTIONS", "bytewise", 1, "", "");
    for byte in options.as_bytes() {
        stream.send(&[*byte]);
    }
    assert_eq!(status(&stream.receive()), 200);
    let lump: String = (0..5)
        .map(|n| stream.ask("OPTIONS", &format!("lump-{n}"), 1, "", ""))
        .collect();
    stream.send(format!("\r\n{lump}").as_bytes());
    // Two shards may answer in either order.
    let mut answered: Vec<String> = (0..5)
        .map(|_| header(&stream.receive(), "Call-ID").unwrap().to_owned())
        .collect();
    answered.sort();
    assert_eq!(answered, ["lump-0", "lump-1", "lump-2", "lump-3", "lump-4"]);
}

#[test]
fn calls_that_arrive_in_one_piece_are_held_to_the_limit() {
    let limits = ["calls = 1", "calls_per_second = 1"];
    for (limit, shards) in limits
        .into_iter()
        .flat_map(|limit| [(limit, 1), (limit, 4)])
    {
        let top = format!("shards = {shards}\n[limits]\n{limit}\n");
        let server = serving(&top, WAITING);
        let mut stream = Stream::to(&server);
        let lump: String = (0..8)
            .map(|n| stream.ask("INVITE", &format!("lump-{n}"), 1, "", SDP))
            .collect();
        let sent = Instant::now();
        stream.send(lump.as_bytes());
        let answers: Vec<String> = (0..8).map(|_| stream.final_answer()).collect();
        let with = |code| answers.iter().filter(move |a| status(a) == code);
        let accepted = with(200).count();
        // A machine that stands still for seconds has as many more in them.
        let most = match limit {
            "calls = 1" => 1,
            _ => 1 + usize::try_from(sent.elapsed().as_secs()).unwrap(),
        };
        assert!((1..=most).contains(&accepted), "{top}: {answers:?}");
        assert_eq!(accepted + with(503).count(), 8, "{top}: {answers:?}");
        assert!(with(503).all(|answer| header(answer, "Retry-After").is_some()));
    }
}

#[test]
fn a_ping_is_answered_with_a_pong() {
    let server = serving("", WAITING);
    let mut stream = Stream::to(&server);
    stream.send(b"\r\n\r\n");
    let mut pong = [0; 2];
    stream.stream.read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[test]
fn garbage_closes_its_connection_and_no_other() {
    let server = serving("", WAITING);
    let mut good = Stream::to(&server);
    let mut bad = Stream::to(&server);
    bad.send(b"\x16\x03\x01\x02\x00 this is a TLS hello\r\n\r\n");
    assert_eq!(bad.receive(), "");
    let options = good.ask("OPTIONS", "good", 1, "", "");
    good.send(options.as_bytes());
    assert_eq!(status(&good.receive()), 200);
}

#[test]
fn long_messages_that_are_never_finished_do_not_fill_the_memory() {
    let server = serving("shards = 2", WAITING);
    let begun = [
        b"OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nContent-Length: 1000000\r\n\r\n".to_vec(),
        vec![b'x'; 900_000],
    ]
    .concat();
    // Nine more than there is room for.
    let streams: Vec<TcpStream> = (0..64 * 1024 * 1024 / begun.len() + 10)
        .map(|_| {
            let mut stream = TcpStream::connect(tcp(&server)).unwrap();
            // The server may end it meanwhile.
            let _ = stream.write_all(&begun);
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    let is_over = |mut stream: &TcpStream| match stream.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    let begun_to_wait = Instant::now();
    loop {
        let over = streams.iter().filter(|stream| is_over(stream)).count();
        assert!(over <= 20, "{over} were turned away");
        if over >= 9 {
            break;
        }
        let waited = begun_to_wait.elapsed();
        assert!(
            waited < Duration::from_secs(20),
            "only {over} were turned away"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut ordinary = Stream::to(&server);
    let options = ordinary.ask("OPTIONS", "ordinary", 1, "", "");
    ordinary.send(options.as_bytes());
    assert_eq!(status(&ordinary.receive()), 200);
}

#[test]
fn a_call_over_tcp_is_answered_and_ended_on_its_connection() {
    let server = serving("shards = 2", WAITING);
    let mut stream = Stream::to(&server);
    for call_id in ["tcp-a", "tcp-b", "tcp-c"] {
        let invite = stream.ask("INVITE", call_id, 1, "", SDP);
        stream.send(invite.as_bytes());
        let answer = stream.final_answer();
        assert_eq!(status(&answer), 200, "{answer}");
        let tag = header(&answer, "To")
            .unwrap()
            .split_once(";tag=")
            .unwrap()
            .1
            .to_owned();
        let ack = stream.ask("ACK", call_id, 1, &tag, "");
        let bye = stream.ask("BYE", call_id, 2, &tag, "");
        stream.send(format!("{ack}{bye}").as_bytes());
        assert_eq!(status(&stream.final_answer()), 200);
    }
}

#[test]
fn a_request_of_ours_opens_a_new_connection_when_the_old_one_is_gone() {
    let server = serving("", r#"[{"verb":"answer"},{"verb":"pause","length":1}]"#);
    // The Contact names a listener of the peer's own, so that it can be reached again.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = Stream::to(&server);
    let own = stream.stream.local_addr().unwrap().to_string();
    let reachable = format!("{};transport=tcp", listener.local_addr().unwrap());
    let invite = stream.ask("INVITE", "again", 1, "", SDP).replace(
        &format!("Contact: <sip:alice@{own}"),
        &format!("Contact: <sip:alice@{reachable}"),
    );
    stream.send(invite.as_bytes());
    let answer = stream.final_answer();
    let tag = header(&answer, "To")
        .unwrap()
        .split_once(";tag=")
        .unwrap()
        .1
        .to_owned();
    let ack = stream.ask("ACK", "again", 1, &tag, "");
    stream.send(ack.as_bytes());
    drop(stream);
    let (accepted, _) = listener.accept().unwrap();
    accepted
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut again = Stream {
        stream: accepted,
        bytes: Vec::new(),
    };
    let bye = again.receive();
    assert!(bye.starts_with("BYE "), "{bye}");
}

#[test]
fn udp_takes_keep_alives_and_garbage_in_its_stride() {
    let server = serving("shards = 2", WAITING);
    let peer = Peer::of(udp(&server), "calm");
    for nonsense in [
        "\r\n\r\n",
        "",
        "\0\0\0\0",
        "INVITE",
        "SIP/2.0 200 OK\r\n\r\n",
    ] {
        peer.send(nonsense);
    }
    peer.send(&peer.ask("OPTIONS", "", ""));
    let answer = loop {
        let message = peer.receive();
        if header(&message, "Call-ID") == Some("calm") {
            break message;
        }
    };
    assert_eq!(status(&answer), 200);
}

#[test]
fn a_refer_too_long_for_udp_tries_tcp_and_comes_back_when_nobody_listens_there() {
    let target = format!("sip:bob@127.0.0.1?X-Long={}", "x".repeat(1_500));
    let document = format!("<Response><Refer><Sip>{target}</Sip></Refer></Response>");
    let server = serving("", &document);
    let mut peer = Peer::of(udp(&server), "long");
    let answer = peer.invite("");
    let refer = peer.take("REFER", &answer, "603 Decline");
    assert!(
        header(&refer, "Refer-To").unwrap().contains(&target),
        "{refer}"
    );
    assert!(header(&refer, "Via").unwrap().contains("/UDP"), "{refer}");
}
