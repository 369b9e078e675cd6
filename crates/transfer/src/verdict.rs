//! The verdict: what happened in a transfer, said to the person who has to act on it.
//!
//! Every verdict names the codes with their reason phrases, the likely cause, and whether the
//! original call is still up. None names the target, but a text that is no target is quoted, and so
//! are reason phrases of the far end: mask a verdict before it goes into a log.

use crate::cause;
use crate::not_applicable::NotApplicable;
use crate::result::{End, EndedBy, Outcome, TransferResult};

/// The verdict on a finished transfer.
pub(crate) fn of(result: &TransferResult) -> String {
    let what = match result.end {
        End::Final => told_by_notify(result),
        End::Rejected if result.answered => rejected(result),
        End::Rejected => "Nothing answered the REFER (408, made here): the far end or a proxy on \
            the way drops it; trunks that do not support REFER often do."
            .to_owned(),
        End::Timeout => format!(
            "{}, {} within the time limit. Whether the target answered is unknown.",
            accepted(result),
            but_only(result)
        ),
        End::SubscriptionEnded => format!(
            "{}, {}, and then {}. Whether the target answered is unknown.",
            accepted(result),
            but_only(result),
            subscription_end(result)
        ),
        End::LegHangup => cut_short(result),
        End::NoSubscription => format!(
            "{} but will not report on it (Refer-Sub: false). Whether the target answers is \
             unknown; a BYE from the far end soon after would suggest that it did.",
            accepted(result)
        ),
        End::TransportError => match result.accepted {
            Some(_) => format!(
                "{}, {}, and then its connection was lost for good. Whether the target answered is \
                 unknown.",
                accepted(result),
                but_only(result)
            ),
            None => "The REFER could not be delivered: no transport reaches the far end, or its \
                connection broke before it answered."
                .to_owned(),
        },
        End::Superseded => superseded(result),
        End::NotApplicable => return result.verdict.clone(),
    };
    format!("{what} {}", call_state(result))
}

/// The verdict on a transfer that never reached the wire.
pub(crate) fn never_sent(why: &NotApplicable) -> String {
    let state = if why.call_stands() {
        "The call is still up."
    } else {
        "The call is not up any more."
    };
    format!("No REFER was sent: {why}. {state}")
}

/// The verdict with what became known after the result.
pub(crate) fn amended(
    verdict: &str,
    outcome: Outcome,
    late_codes: &[u16],
    hung_up_later: bool,
) -> String {
    let mut text = verdict.to_owned();
    if hung_up_later {
        text.push_str(
            " Later the far end hung up by itself, which suggests that the target did answer.",
        );
    }
    if let Some(&last) = late_codes.last() {
        let told: Vec<String> = late_codes
            .iter()
            .map(|code| with_phrase(*code, ""))
            .collect();
        text.push_str(" Too late to count, the far end reported ");
        text.push_str(&told.join(", "));
        let settled = matches!(outcome, Outcome::Succeeded | Outcome::Failed);
        text.push_str(match last {
            _ if settled => ".",
            100..=199 => ": the target was still being called.",
            200..=299 => ": the target did answer.",
            _ => ": the target did not answer.",
        });
    }
    text
}

fn told_by_notify(result: &TransferResult) -> String {
    let code = result.final_notify_code.unwrap_or_default();
    let what = cause::of_notify(code);
    let status = with_phrase(code, &result.notify_reason);
    let because = match &result.reason_header {
        Some(reason) if code >= 300 => format!(" The report gives as reason: {reason}."),
        _ => String::new(),
    };
    if result.refer_code.is_some() {
        format!(
            "{} and called the target, {what} ({status}).{because}",
            accepted(result)
        )
    } else {
        format!(
            "The far end never answered the REFER, but its NOTIFY says that it called the target, \
             {what} ({status}).{because}"
        )
    }
}

fn rejected(result: &TransferResult) -> String {
    let code = result.refer_code.unwrap_or_default();
    format!(
        "The far end refused the REFER ({}): {}.",
        with_phrase(code, &result.refer_reason),
        cause::of_rejection(code)
    )
}

fn accepted(result: &TransferResult) -> String {
    match result.refer_code {
        Some(code) => format!("The far end accepted the REFER ({code})"),
        None => "The far end never answered the REFER but sent NOTIFYs for it".to_owned(),
    }
}

/// What came instead of a final status.
fn but_only(result: &TransferResult) -> String {
    match result.last_notify_code {
        Some(code) => format!(
            "but reported no end; its last word was {}",
            with_phrase(code, &result.notify_reason)
        ),
        None => "but never reported how the call to the target went".to_owned(),
    }
}

fn subscription_end(result: &TransferResult) -> String {
    match (&result.subscription_reason, result.ended_by) {
        (_, EndedBy::Timer) => "the subscription expired".to_owned(),
        (Some(reason), _) => format!("ended the subscription (reason {reason})"),
        (None, _) => "ended the subscription".to_owned(),
    }
}

fn cut_short(result: &TransferResult) -> String {
    let before = match (result.accepted, result.refer_code) {
        (Some(_), _) => format!("{}, {}", accepted(result), but_only(result)),
        (None, Some(code)) => format!(
            "The REFER was answered {} because the call was ending",
            with_phrase(code, &result.refer_reason)
        ),
        (None, None) => "The REFER had no answer yet".to_owned(),
    };
    match result.ended_by {
        EndedBy::PeerBye if result.accepted.is_some() => format!(
            "{before}; then it hung up. Many far ends hang up as soon as the target answers, \
             others when the caller has gone, so the transfer may or may not have worked."
        ),
        EndedBy::PeerBye => format!("{before}; the far end hung up first."),
        EndedBy::Dialog => format!("{before}; then the call turned out to be gone at the far end."),
        _ => format!("{before}; then this side hung up."),
    }
}

fn superseded(result: &TransferResult) -> String {
    let stage = match (result.final_notify_code, result.accepted) {
        (Some(code), _) => format!(
            "The far end had already reported {} for the target",
            with_phrase(code, &result.notify_reason)
        ),
        (None, Some(_)) => accepted(result),
        (None, None) => "The REFER had no answer yet".to_owned(),
    };
    format!(
        "{stage} when the application replaced the document. The far end may still carry the \
         transfer out."
    )
}

fn call_state(result: &TransferResult) -> &'static str {
    match result.end {
        _ if result.dialog_alive => "The call is still up.",
        End::Rejected => "The call is over, and no further verb runs.",
        _ => "The call is over.",
    }
}

fn with_phrase(code: u16, phrase: &str) -> String {
    let phrase = if phrase.is_empty() {
        // For peers that send none.
        hookflash_sip::registered_phrase(code).unwrap_or_default()
    } else {
        phrase
    };
    format!("{code} {phrase}").trim_end().to_owned()
}
