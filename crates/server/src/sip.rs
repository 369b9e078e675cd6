//! SIP's sockets: datagrams, streams, and which shard a message belongs to.

mod bind;
mod call_id;
pub(crate) mod datagrams;
pub(crate) mod streams;

pub(crate) use bind::{Bound, bind, listener};
pub(crate) use call_id::shard_of_datagram;
