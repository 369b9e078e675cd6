//! Answering machine detection.

use std::time::Duration;

use super::form::Form;
use crate::rest::ApiFault;
use crate::{Dialect, MachineDetection};

/// Reads `MachineDetection` and what belongs to it, which is checked even where it is not wanted.
pub(super) fn machine_detection(form: &Form<'_>) -> Result<Option<MachineDetection>, ApiFault> {
    let seconds = |name, default| {
        let given = form.seconds(name, 3, 59)?;
        Ok(given.unwrap_or(Duration::from_secs(default)))
    };
    let milliseconds = |name, least, most, default| {
        let given = form.milliseconds(name, least, most)?;
        Ok(given.unwrap_or(Duration::from_millis(default)))
    };
    let word = form.text("MachineDetection").map(str::to_ascii_lowercase);
    let until_greeting_ends = match word.as_deref() {
        None => None,
        Some("none") if form.vendor.dialect == Dialect::Cxml => None,
        Some("enable") => Some(false),
        Some("detectmessageend") => Some(true),
        Some(_) => {
            let message = "MachineDetection must be Enable or DetectMessageEnd";
            return Err(form.invalid(
                "MachineDetection",
                message.trim_start_matches("MachineDetection "),
            ));
        }
    };
    let timeout = seconds("MachineDetectionTimeout", 30)?;
    let speech_threshold = milliseconds("MachineDetectionSpeechThreshold", 1000, 6000, 2400)?;
    let speech_end_threshold = milliseconds("MachineDetectionSpeechEndThreshold", 500, 5000, 1200)?;
    let silence_timeout = milliseconds("MachineDetectionSilenceTimeout", 2000, 10_000, 5000)?;
    let is_async = form.flag("AsyncAmd")?;
    let hook = form.hook("AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod")?;
    let Some(until_greeting_ends) = until_greeting_ends else {
        return Ok(None);
    };
    Ok(Some(MachineDetection {
        until_greeting_ends,
        timeout,
        speech_threshold,
        speech_end_threshold,
        silence_timeout,
        beside: is_async,
        told_to: hook.filter(|_| is_async),
    }))
}
