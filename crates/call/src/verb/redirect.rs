//! Goes on with another document.

use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_program::Redirect;

use crate::Host;
use crate::call::Call;
use crate::program::Then;
use crate::verb::tag::set_text;

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, redirect: Box<Redirect>) -> Then {
    if let Some(tag) = redirect.tag {
        set_text(call, tag);
    }
    if let Some(hook) = redirect.status_hook {
        call.record
            .change(|facts| facts.change_hooks().status = Some(hook));
    }
    match call.document_for(&Moment::Redirected(&redirect.hook)).await {
        Ok(loaded) if loaded.program.steps.is_empty() && call.dialect().empty_reply_goes_on() => {
            Then::Next
        }
        Ok(loaded) => Then::Document(loaded),
        Err(finish) => Then::Finish(finish),
    }
}
