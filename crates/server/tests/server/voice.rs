//! What callers hear and leave behind, over real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use hookflash_server::Server;

use crate::free_ports::FreePorts;
use crate::peer::{Peer, SDP, status};
use crate::stage::{config, document, get, get_with, udp, until, wait};

/// An ear and a mouth: the RTP side of a caller.
struct Ear {
    socket: UdpSocket,
    sequence: u16,
}

impl Ear {
    fn new() -> Ear {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let patience = Some(Duration::from_secs(20));
        socket.set_read_timeout(patience).unwrap();
        Ear {
            socket,
            sequence: 0,
        }
    }

    fn offer(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        SDP.replace("m=audio 20000", &format!("m=audio {port}"))
    }

    /// The payload of the next packet of G.711.
    fn hear(&self) -> Vec<u8> {
        loop {
            let mut packet = [0; 1_500];
            let length = self.socket.recv(&mut packet).expect("nothing to hear");
            if length == 172 {
                return packet[12..length].to_vec();
            }
        }
    }

    /// Says 20 ms of something loud, in \u{b5}-law.
    fn speak(&mut self, to: SocketAddr) {
        let mut packet = vec![0x80, 0];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        packet.extend_from_slice(&7_u32.to_be_bytes());
        packet.extend((0..160).map(|n| if n % 16 < 8 { 0x90 } else { 0x10 }));
        self.sequence += 1;
        self.socket.send_to(&packet, to).unwrap();
    }
}

/// Where an answer wants its RTP.
fn media_of(answer: &str) -> SocketAddr {
    let line = answer.lines().find(|line| line.starts_with("m=audio "));
    let port = line.unwrap().split(' ').nth(1).unwrap();
    format!("127.0.0.1:{port}").parse().unwrap()
}

/// Whether a frame of \u{b5}-law is more than silence.
fn is_loud(frame: &[u8]) -> bool {
    frame.iter().any(|sample| sample & 0x7f < 0x60)
}

#[test]
fn a_caller_hears_a_file_from_the_prompts_folder_from_its_first_frame_to_its_last() {
    let play = "<Response><Play>file:tone.wav</Play><Pause length=\"30\"/></Response>";
    let mut setup = config("", &document("it", play), &[("it", play)]);
    setup.media.prompts = Some(setup.recordings.folder.parent().unwrap().to_owned());
    // Half a second of a square wave.
    let samples: Vec<i16> = (0..4_000)
        .map(|n| if n % 16 < 8 { 9_000 } else { -9_000 })
        .collect();
    let mut file = hookflash_audio::wav::header(1, 8_000, 8_000).to_vec();
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(setup.media.prompts.as_ref().unwrap().join("tone.wav"), file).unwrap();
    let server = Server::start(setup).unwrap();
    let ear = Ear::new();
    let mut peer = Peer::of(udp(&server), "hears");
    assert_eq!(status(&peer.invite_with("", &ear.offer())), 200);
    let frames: Vec<bool> = (0..150).map(|_| is_loud(&ear.hear())).collect();
    let first = frames.iter().position(|loud| *loud).unwrap();
    let loud = frames.iter().filter(|loud| **loud).count();
    assert!((25..=26).contains(&loud), "{loud} frames of 25");
    assert!(frames[first..first + loud].iter().all(|loud| *loud));
    assert_eq!(status(&peer.bye()), 200);
}

#[test]
fn a_recording_outlives_its_server_and_is_fetched_with_the_accounts_token() {
    let record = "<Response><Record maxLength=\"1\" timeout=\"0\" playBeep=\"false\"/></Response>";
    let mut setup = config("", &document("it", record), &[("it", record)]);
    let folder = setup.recordings.folder.clone();
    setup.store.url = format!("sqlite://{}", folder.with_extension("db").display());
    let server = Server::start(setup.clone()).unwrap();
    let mut ear = Ear::new();
    let mut peer = Peer::of(udp(&server), "records");
    let answer = peer.invite_with("", &ear.offer());
    assert_eq!(status(&answer), 200);
    let media = media_of(&answer);
    // A packet of the server's is the time for one of ours; a second of them is recorded.
    for _ in 0..45 {
        ear.hear();
        ear.speak(media);
    }
    peer.take("BYE", "", "200 OK");
    wait(server.drain(Duration::from_secs(5)));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("twiml"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let sid = files[0].file_stem().unwrap().to_str().unwrap();
    assert!(sid.starts_with("RE"), "{sid}");
    assert_eq!(
        (files.len(), files[0].extension().unwrap()),
        (1, "wav".as_ref())
    );

    let again = Server::start(setup).unwrap();
    let path = format!("/2010-04-01/Accounts/twiml/Recordings/{sid}");
    assert_eq!(get(again.http_addr, &path).0, 401);
    // twiml:key
    let token = "Authorization: Basic dHdpbWw6a2V5\r\n";
    let (status, body) = get_with(again.http_addr, &format!("{path}.json"), token);
    let resource: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &resource["duration"]), (200, &"1".into()));
    let (_, sound) = get_with(again.http_addr, &format!("{path}.wav"), token);
    assert_eq!(sound.len(), 44 + 16_000);
    let loudest = sound[44..]
        .chunks(2)
        .map(|sample| i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs())
        .max();
    assert!(loudest > Some(5_000), "{loudest:?}");
}

#[test]
fn calls_that_hear_something_leave_no_port_and_no_leg_behind() {
    let play = "<Response><Play loop=\"0\">file:tone.wav</Play></Response>";
    // Too few ports for so many calls, unless each leaves its own to later ones.
    let ports = FreePorts::reserve(64);
    let top = format!(
        "shards = 1\n[media]\nports = \"{}-{}\"\n",
        ports.first, ports.last
    );
    let mut setup = config(&top, &document("it", play), &[("it", play)]);
    let folder = setup.recordings.folder.parent().unwrap().to_owned();
    let mut file = hookflash_audio::wav::header(1, 8_000, 8_000).to_vec();
    file.resize(8_044, 1);
    std::fs::write(folder.join("tone.wav"), file).unwrap();
    setup.media.prompts = Some(folder);
    let server = Server::start(setup).unwrap();
    let ear = Ear::new();
    let mut peer = Peer::of(udp(&server), "many");
    for number in 0..300 {
        peer.call_id = format!("many{number}");
        assert_eq!(status(&peer.invite_with("", &ear.offer())), 200);
        assert_eq!(status(&peer.bye()), 200);
        peer = Peer::of(udp(&server), "many");
    }
    let metric = |name: &str| -> u64 {
        let (_, text) = get(server.http_addr, "/metrics");
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    until("nothing is left", || {
        metric("hookflash_media_ports{") + metric("hookflash_media_legs{") == 0
    });
    assert!(metric("hookflash_media_packets_sent_total") > 0);
    assert_eq!(metric("hookflash_prompts_cached "), 1);
}
