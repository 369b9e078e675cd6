//! Changes what later requests carry as tag.

use std::rc::Rc;

use hookflash_program::Tag;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

pub(crate) fn run<H: Host>(call: &Rc<Call<H>>, tag: Tag) -> Then {
    match tag {
        Tag::Text(text) => set_text(call, text),
        Tag::Data(data) => call
            .record
            .change(|facts| facts.tag_data = Some(Box::new(data))),
    }
    Then::Next
}

/// An empty text clears the tag.
pub(crate) fn set_text<H: Host>(call: &Rc<Call<H>>, text: String) {
    call.record
        .change(|facts| facts.tag = Some(text).filter(|text| !text.is_empty()));
}
