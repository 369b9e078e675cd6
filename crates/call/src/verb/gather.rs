//! Collects what the caller types or says.

use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_program::{Gather, GatherEnd, Gathered, OnEmpty};

use crate::Host;
use crate::background::BackgroundGather;
use crate::call::Call;
use crate::collecting::collect;
use crate::journal::What;
use crate::program::Then;
use crate::speech_input::add_settings;
use crate::verb::tag::set_text;

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, mut gather: Box<Gather>) -> Then {
    add_settings(call, &mut gather);
    if let Some(tag) = &gather.tag {
        set_text(call, tag.clone());
    }
    let began = call.host.now();
    let aside = BackgroundGather::stand_aside(call);
    let gathered = collect(call, &gather, None).await;
    drop(aside);
    call.took_time_since(began);
    call.note(What::VerbNote(in_words(&gathered).into()));
    call.tell_gather_event(&gather, &gathered);
    let is_empty = matches!(gathered.reason, GatherEnd::Timeout | GatherEnd::Failed);
    if gather.result.is_none() || (is_empty && gather.on_empty == OnEmpty::NextVerb) {
        return Then::Next;
    }
    let done = Moment::GatherDone {
        verb: &gather,
        result: &gathered,
    };
    call.ask_what_next(&done, gather.empty_reply_goes_on).await
}

/// What came, without saying what it was: that may be a card number.
fn in_words(gathered: &Gathered) -> String {
    match gathered.reason {
        GatherEnd::Keys if gathered.keys.len() == 1 => "1 key".to_owned(),
        GatherEnd::Keys => format!("{} keys", gathered.keys.len()),
        GatherEnd::Speech => "speech".to_owned(),
        GatherEnd::LowConfidence => "speech that was not understood well enough".to_owned(),
        GatherEnd::Timeout => "no input".to_owned(),
        GatherEnd::Failed => "no input: speech cannot be recognised".to_owned(),
    }
}
