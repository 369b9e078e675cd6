//! Commands of the application.

use std::rc::Rc;

use hookflash_dialects::{CallUpdate, SocketCommand};

use super::session::Session;
use crate::call::Call;
use crate::{CommandRefused, Host, control};

/// Takes a command; one that cannot be carried out is answered with the reason, and what runs goes
/// on.
pub(super) fn take<H: Host>(
    call: &Rc<Call<H>>,
    session: &Session<H>,
    command: SocketCommand,
    content: &str,
) {
    let SocketCommand { name, updates, .. } = command;
    session.note(call, &format!("the application sent the command `{name}`"));
    let Err(why) = carry_out(call, updates) else {
        return;
    };
    session.note(call, &format!("`{name}` is refused: {why}"));
    if let Some(protocol) = call.dialect().application_socket() {
        let why = format!("{name}: {why}");
        let refusal = call
            .record
            .facts(|facts| protocol.refusal(facts, &why, content));
        session.say(call, refusal);
    }
}

/// Carries out what a command asks for, in order. What cannot be done ends it.
fn carry_out<H: Host>(call: &Rc<Call<H>>, updates: Vec<CallUpdate>) -> Result<(), CommandRefused> {
    for update in updates {
        // How the other party answers a request is in the journal; nobody here waits for it.
        let _ = control::update(call, update)?;
    }
    Ok(())
}
