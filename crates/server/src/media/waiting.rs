//! Which RTP sockets have packets, asked of the kernel once for all legs of a slot.
//!
//! A look at a socket is a system call, and who listens to a prompt says nothing at most beats. One
//! poll asks for all of them, and those that had a packet are asked again together: nobody is asked
//! by a call of its own whether that was all.

use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::leg::Leg;

/// How many packets are taken from a socket each beat. A peer that sends one each 20 ms and
/// gathers them for 200 ms stays far below; one that floods loses what is beyond.
const TAKEN_PER_BEAT: usize = 32;
const NO_TIME: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// A socket to be asked, and whose it is.
type Asked<'a> = (&'a Leg, &'a UdpSocket);

/// Gives legs and their sockets to `take`, once for each packet that waits.
pub(super) fn each(legs: &[Rc<Leg>], mut take: impl FnMut(&Leg, &UdpSocket)) {
    let mut asked: Vec<Asked<'_>> = Vec::with_capacity(legs.len());
    for leg in legs {
        asked.extend(leg.wire().sockets().map(|socket| (&**leg, socket)));
    }
    for _ in 0..TAKEN_PER_BEAT {
        asked.retain(|(leg, _)| !leg.is_over());
        asked = have_packets(asked);
        if asked.is_empty() {
            return;
        }
        for (leg, socket) in &asked {
            take(leg, socket);
        }
    }
}

fn have_packets(asked: Vec<Asked<'_>>) -> Vec<Asked<'_>> {
    let sockets = asked.iter().map(|(_, socket)| socket.as_fd());
    let mut sockets: Vec<PollFd<'_>> = sockets
        .map(|socket| PollFd::from_borrowed_fd(socket, PollFlags::IN))
        .collect();
    match poll(&mut sockets, Some(&NO_TIME)) {
        Ok(_) => {
            let answers = asked.iter().zip(&sockets);
            let has_packets = |((leg, socket), answer): &(&Asked<'_>, &PollFd<'_>)| {
                let has_packets = !answer.revents().is_empty();
                if !has_packets {
                    leg.wire().all_taken(socket);
                }
                has_packets
            };
            answers
                .filter(has_packets)
                .map(|(asked, _)| *asked)
                .collect()
        }
        // Interrupted, or without memory: looking at each does no harm.
        Err(_) => asked,
    }
}
