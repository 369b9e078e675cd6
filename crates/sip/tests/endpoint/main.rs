//! The endpoint in virtual time: against a peer written by hand, and two endpoints against each
//! other over a network that loses, repeats, delays and reorders. Tests named `cNN_…` follow the
//! project's protocol checklist.

mod incoming;
mod raw;
mod refer;
