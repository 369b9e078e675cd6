//! Dialog usages (RFC 5057): what is done inside a dialog, each with a state of its own. A usage
//! ends without touching the others.

pub(crate) mod offer_answer;
pub(crate) mod refer_notifier;
pub(crate) mod refer_subscription;
pub(crate) mod reliable_provisional;
pub(crate) mod session_timer;
