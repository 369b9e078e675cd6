//! A stream from anybody, cut anywhere: the cuts make no difference.

#![no_main]

use hookflash_sip::stream::{Frame, Framer};
use libfuzzer_sys::fuzz_target;

fn frames<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut framer = Framer::new();
    let mut shown = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        while let Some(frame) = framer.poll() {
            shown.push(match frame {
                Frame::Message(message) => format!("{:?}", message.to_bytes()),
                // A cut between the two line ends of a ping makes a pong and a ping of it.
                Frame::Ping | Frame::Pong => continue,
                Frame::Broken(error) => {
                    let _ = error.answer(None);
                    "broken".to_owned()
                }
            });
        }
    }
    shown
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = frames(std::iter::once(bytes));
    let cut = frames(bytes.chunks(usize::from(size) + 1));
    assert_eq!(whole, cut);
});
