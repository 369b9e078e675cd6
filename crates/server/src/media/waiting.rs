//! Which RTP sockets have packets, asked of the kernel once for all legs of a slot.
//!
//! A look at a socket is a system call, and who listens to a prompt says nothing at most beats. One
//! poll asks for all of them, and those that had a packet are asked again together: nobody is asked
//! by a call of its own whether that was all.

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

/// Gives every leg to `take`, once for each packet that waits for it.
pub(super) fn each(legs: &[Rc<Leg>], mut take: impl FnMut(&Leg)) {
    let mut asked: Vec<&Leg> = legs.iter().map(Rc::as_ref).collect();
    for _ in 0..TAKEN_PER_BEAT {
        asked.retain(|leg| !leg.is_over());
        asked = have_packets(asked);
        if asked.is_empty() {
            return;
        }
        for leg in &asked {
            take(leg);
        }
    }
}

fn have_packets(legs: Vec<&Leg>) -> Vec<&Leg> {
    let sockets = legs.iter().map(|leg| leg.socket().as_fd());
    let mut sockets: Vec<PollFd<'_>> = sockets
        .map(|socket| PollFd::from_borrowed_fd(socket, PollFlags::IN))
        .collect();
    match poll(&mut sockets, Some(&NO_TIME)) {
        Ok(0) => Vec::new(),
        Ok(_) => {
            let answers = legs.iter().zip(&sockets);
            answers
                .filter(|(_, socket)| !socket.revents().is_empty())
                .map(|(leg, _)| *leg)
                .collect()
        }
        // Interrupted, or without memory: looking at each does no harm.
        Err(_) => legs,
    }
}
