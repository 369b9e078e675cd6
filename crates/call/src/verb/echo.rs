//! Sends the caller's own voice back.

use std::rc::Rc;

use hookflash_program::Echo;

use crate::Host;
use crate::call::{Call, until};
use crate::program::Then;

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, echo: Echo) -> Then {
    let began = call.host.now();
    let echoing = Echoing::begin(call);
    until(echo.length.map(|length| began + length)).await;
    drop(echoing);
    call.took_time_since(began);
    Then::Next
}

/// Echoes until it is dropped.
struct Echoing<'a, H: Host>(&'a Rc<Call<H>>);

impl<'a, H: Host> Echoing<'a, H> {
    fn begin(call: &'a Rc<Call<H>>) -> Echoing<'a, H> {
        call.session(|session| session.echo(true));
        Echoing(call)
    }
}

impl<H: Host> Drop for Echoing<'_, H> {
    fn drop(&mut self) {
        self.0.session(|session| session.echo(false));
    }
}
