//! Recordings on disk.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use hookflash_call::RecordingFile;
use hookflash_program::RecordingFormat;

/// A recording being written.
pub(crate) struct Recording(Infallible);

impl RecordingFile for Recording {
    fn write(&mut self, _channels: &[&[i16]], _rate: u32) {
        match self.0 {}
    }

    fn failure(&self) -> Option<String> {
        match self.0 {}
    }

    fn finish(
        self,
    ) -> impl Future<Output = Result<(u64, Duration, RecordingFormat), String>> + 'static {
        async move { match self.0 {} }
    }
}
