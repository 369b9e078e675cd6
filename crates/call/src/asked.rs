//! What a call asked its application, gathered from its journal.

use hookflash_dialects::FetchError;

use crate::journal::{Entry, What};
use crate::view::method_word;

/// A request of a call to its application.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What it was for; `None` when not even its URL could be used, as is the method.
    pub purpose: Option<&'a str>,
    /// Method, or `WS` for an application on a WebSocket.
    pub method: Option<&'static str>,
    /// URL without user information.
    pub url: &'a str,
    /// Status of the reply.
    pub status: Option<u16>,
    /// The vendor's code or word and what went wrong.
    pub failure: Option<&'a (String, FetchError)>,
    /// Milliseconds from the beginning of the call.
    pub started: u32,
    /// Milliseconds from the beginning of the call until it was answered or given up.
    pub ended: Option<u32>,
}

impl Asked<'_> {
    /// The requests of a journal, in its order.
    pub fn of(entries: &[Entry]) -> Vec<Asked<'_>> {
        let mut all: Vec<Asked<'_>> = Vec::new();
        // Where each numbered request stands: one whose URL cannot be used has no number.
        let mut places: Vec<usize> = Vec::new();
        for entry in entries {
            match &entry.what {
                What::Asked {
                    purpose,
                    method,
                    url,
                    ..
                } => {
                    places.push(all.len());
                    all.push(Asked {
                        purpose: Some(purpose),
                        method: Some(method_word(*method, url)),
                        url,
                        status: None,
                        failure: None,
                        started: entry.at,
                        ended: None,
                    });
                }
                What::Replied { number, status, .. } => {
                    if let Some(asked) = numbered(&mut all, &places, *number) {
                        asked.status = Some(*status);
                        asked.ended = Some(entry.at);
                    }
                }
                What::Unanswered {
                    number: Some(number),
                    failure,
                } => {
                    if let Some(asked) = numbered(&mut all, &places, *number) {
                        asked.failure = Some(failure);
                        asked.ended = Some(entry.at);
                    }
                }
                What::Unanswered {
                    number: None,
                    failure,
                } => all.push(Asked {
                    purpose: None,
                    method: None,
                    url: &failure.1.url,
                    status: None,
                    failure: Some(failure),
                    started: entry.at,
                    ended: Some(entry.at),
                }),
                _ => {}
            }
        }
        all
    }
}

fn numbered<'a, 'b>(
    all: &'a mut [Asked<'b>],
    places: &[usize],
    number: u16,
) -> Option<&'a mut Asked<'b>> {
    all.get_mut(*places.get(usize::from(number))?)
}

#[cfg(test)]
mod tests {
    use hookflash_dialects::FetchErrorKind;
    use hookflash_program::HookMethod;

    use super::*;

    fn asked(at: u32, number: u16, url: &str) -> Entry {
        let what = What::Asked {
            number,
            purpose: "first",
            method: HookMethod::Post,
            url: url.into(),
        };
        Entry { at, what }
    }

    fn failed(at: u32, number: Option<u16>) -> Entry {
        let error = FetchError {
            kind: FetchErrorKind::InvalidUrl,
            url: "nonsense".to_owned(),
            message: "no URL".to_owned(),
            body: None,
        };
        let failure = Box::new(("11100".to_owned(), error));
        let what = What::Unanswered { number, failure };
        Entry { at, what }
    }

    #[test]
    fn replies_and_failures_find_their_requests_past_those_without_a_number() {
        let reply = What::Replied {
            number: 1,
            status: 200,
            bytes: None,
        };
        let entries = [
            asked(10, 0, "http://h/one"),
            failed(20, None),
            asked(30, 1, "wss://h/two"),
            Entry {
                at: 40,
                what: reply,
            },
            failed(50, Some(0)),
            failed(60, Some(7)),
        ];
        let all = Asked::of(&entries);
        let told: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one.method,
                    one.url,
                    one.status,
                    one.failure.is_some(),
                    one.ended,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("POST"), "http://h/one", None, true, Some(50)),
                (None, "nonsense", None, true, Some(20)),
                (Some("WS"), "wss://h/two", Some(200), false, Some(40)),
            ]
        );
    }
}
