//! Waits in silence.

use std::rc::Rc;

use hookflash_program::Pause;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, pause: Pause) -> Then {
    if !pause.length.is_zero() {
        tokio::time::sleep(pause.length).await;
        call.documents.set(0);
    }
    Then::Next
}
