//! The endpoint in virtual time: against a peer written by hand, and two endpoints against each
//! other over a network that loses, repeats, delays and reorders. Tests named `cNN_…` follow the
//! project's protocol checklist.

// Helpers of tests fail loudly, like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod answers;
mod challenged;
mod faults;
mod incoming;
mod naming;
mod outgoing;
mod pair;
mod raw;
mod redirected;
mod refer;
mod registration;
mod reliable;
mod routing;
mod session;
mod stress;
mod transferee;
