//! Listening in on a call: recordings, streams and recognizers are taps.

/// What both parties said in one beat of 20 ms. All slices are equally long.
#[derive(Clone, Copy, Debug)]
pub struct TapFrame<'a> {
    /// What the caller said; silence when nothing came.
    pub caller: &'a [i16],
    /// What the caller heard.
    pub ours: &'a [i16],
    /// Samples per second. Changes when the codec does.
    pub rate: u32,
    /// Whether the caller's audio came in or was made up.
    pub heard: bool,
}

/// Is given every frame of a call, on the call's own thread. It must not block.
pub trait Tap {
    /// Takes one frame.
    fn hear(&mut self, frame: &TapFrame<'_>);
}
