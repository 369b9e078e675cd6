//! A call as it is written, to the journal and to its table.

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::call::{COLUMNS, CallRow, CallState, CallTable, Direction, EndedBy};
use super::{LegRow, Record, Text, TransferRow, WebhookRow};
use crate::sql::{Value, short, without_nul};

/// What lists look at, and everything else as one text. It is made once, by whoever puts the call
/// and has it at hand, and is the same in the journal and in the tables. All of its texts are in one
/// piece of memory: another thread reads them, when they have left the cache.
#[derive(Clone, Debug)]
pub(crate) struct WrittenCall {
    texts: Box<str>,
    account: Span,
    sid: Span,
    application: Span,
    parent: Option<Span>,
    from: Span,
    to: Span,
    cause: Option<Span>,
    body: Span,
    details: Option<Span>,
    direction: Direction,
    state: CallState,
    by: Option<EndedBy>,
    answered: Option<bool>,
    sip_status: Option<u16>,
    pub(crate) created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    key_hash: u64,
}

/// Where a text stands among the others, in bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

/// As a journal has it.
#[derive(Serialize, Deserialize)]
struct Named<'a> {
    account: Text<'a>,
    sid: Text<'a>,
    application: Text<'a>,
    parent: Option<Text<'a>>,
    direction: Direction,
    from: Text<'a>,
    to: Text<'a>,
    state: CallState,
    by: Option<EndedBy>,
    answered: Option<bool>,
    sip_status: Option<u16>,
    cause: Option<Text<'a>>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    body: Text<'a>,
    details: Option<Text<'a>>,
}

/// What has no column, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<i64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    sip_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "<[LegRow]>::is_empty")]
    legs: &'a [LegRow<'a>],
    #[serde(skip_serializing_if = "<[TransferRow]>::is_empty")]
    transfers: &'a [TransferRow<'a>],
    #[serde(skip_serializing_if = "<[WebhookRow]>::is_empty")]
    webhooks: &'a [WebhookRow<'a>],
}

thread_local! {
    /// Where the texts of a call grow, so that what is kept of them takes no more than their length.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Hashes of keys, which the writer compares with each other.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The hash of a call's key, the same as long as the process lives.
pub(crate) fn key_hash(account: &str, sid: &str) -> u64 {
    KEYS.hash_one((account, sid))
}

/// Appends text and says where it stands.
fn append(texts: &mut Vec<u8>, text: &str) -> Span {
    appended(texts, |texts| {
        texts.extend_from_slice(without_nul(text).as_bytes())
    })
}

fn appended(texts: &mut Vec<u8>, append: impl FnOnce(&mut Vec<u8>)) -> Span {
    // A call of four gigabytes would not have come so far.
    let end = |texts: &Vec<u8>| u32::try_from(texts.len()).unwrap_or(u32::MAX);
    let start = end(texts);
    append(texts);
    Span {
        start,
        end: end(texts),
    }
}

impl From<&CallRow<'_>> for WrittenCall {
    fn from(row: &CallRow<'_>) -> WrittenCall {
        let end = row.end.as_ref();
        let body = Body {
            answered_at: row.answered_at,
            sip_reason: end.map_or("", |end| &end.sip_reason),
            message: end.and_then(|end| end.message.as_deref()),
            legs: &row.legs,
            transfers: &row.transfers,
            webhooks: &row.webhooks,
        };
        let named = Named {
            account: Cow::Borrowed(&row.account),
            sid: Cow::Borrowed(&row.sid),
            application: Cow::Borrowed(&row.application),
            parent: row.parent.as_deref().map(Cow::Borrowed),
            direction: row.direction,
            from: Cow::Borrowed(&row.from),
            to: Cow::Borrowed(&row.to),
            state: row.state,
            by: end.map(|end| end.by),
            answered: end.map(|end| end.answered),
            sip_status: end.map(|end| end.sip_status),
            cause: end.and_then(|end| end.cause.as_deref().map(Cow::Borrowed)),
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            body: Cow::Borrowed(""),
            details: row.details.as_deref().map(Cow::Borrowed),
        };
        WrittenCall::of(&named, |texts| {
            // Only text and numbers: there is nothing in it that JSON could not say.
            let _ = serde_json::to_writer(texts, &body);
        })
    }
}

impl WrittenCall {
    fn of(named: &Named<'_>, body: impl FnOnce(&mut Vec<u8>)) -> WrittenCall {
        SCRATCH.with_borrow_mut(|texts| {
            texts.clear();
            let optional = |texts: &mut Vec<u8>, text: &Option<Text<'_>>| {
                text.as_deref().map(|text| append(texts, text))
            };
            WrittenCall {
                account: append(texts, &named.account),
                sid: append(texts, &named.sid),
                application: append(texts, &named.application),
                parent: optional(texts, &named.parent),
                from: append(texts, &named.from),
                to: append(texts, &named.to),
                cause: optional(texts, &named.cause),
                body: appended(texts, body),
                details: optional(texts, &named.details),
                texts: str::from_utf8(texts).unwrap_or_default().into(),
                direction: named.direction,
                state: named.state,
                by: named.by,
                answered: named.answered,
                sip_status: named.sip_status,
                created_at: named.created_at,
                started_at: named.started_at,
                ended_at: named.ended_at,
                key_hash: key_hash(&without_nul(&named.account), &without_nul(&named.sid)),
            }
        })
    }

    fn named(&self) -> Named<'_> {
        let text = |span| Cow::Borrowed(self.text(span));
        Named {
            account: text(self.account),
            sid: text(self.sid),
            application: text(self.application),
            parent: self.parent.map(text),
            direction: self.direction,
            from: text(self.from),
            to: text(self.to),
            state: self.state,
            by: self.by,
            answered: self.answered,
            sip_status: self.sip_status,
            cause: self.cause.map(text),
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            body: text(self.body),
            details: self.details.map(text),
        }
    }

    fn text(&self, span: Span) -> &str {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let text = self.texts.get(place(span.start)..place(span.end));
        text.unwrap_or_default()
    }

    /// There is no NUL in it: not in what was appended, and JSON has another way to say it.
    fn value(&self, span: Span) -> Value<'_> {
        Value::plain(self.text(span))
    }

    fn optional_value(&self, span: Option<Span>) -> Value<'_> {
        span.map_or(Value::Null, |span| self.value(span))
    }

    pub(crate) fn table(&self) -> CallTable {
        match self.state {
            CallState::Ended => CallTable::Over,
            _ => CallTable::Live,
        }
    }

    /// [`key_hash`] of its key.
    pub(crate) fn key_hash(&self) -> u64 {
        self.key_hash
    }

    /// The values of the columns.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        // The node and the run of a call that is not over follow.
        let mut values = Vec::with_capacity(COLUMNS.len() + 2);
        values.extend([
            self.value(self.account),
            self.value(self.sid),
            self.value(self.application),
            self.optional_value(self.parent),
            Value::plain(self.direction.as_str()),
            Value::plain(short(self.text(self.from))),
            Value::plain(short(self.text(self.to))),
            Value::plain(self.state.as_str()),
            self.by.map_or(Value::Null, |by| Value::plain(by.as_str())),
            Value::number(self.answered),
            Value::number(self.sip_status),
            self.optional_value(self.cause),
            Value::Int(self.created_at),
            Value::number(self.started_at),
            Value::number(self.ended_at),
            self.value(self.body),
            self.optional_value(self.details),
        ]);
        values
    }

    /// The values of the columns of its key.
    pub(crate) fn key_values(&self) -> Vec<Value<'_>> {
        vec![self.value(self.account), self.value(self.sid)]
    }

    /// The values of [`CallTable::late_news`].
    pub(crate) fn late_news(&self) -> Vec<Value<'_>> {
        vec![
            self.value(self.body),
            self.optional_value(self.details),
            self.value(self.account),
            self.value(self.sid),
        ]
    }
}

impl Serialize for WrittenCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.named().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WrittenCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenCall, D::Error> {
        let named = Named::deserialize(deserializer)?;
        let body = |texts: &mut Vec<u8>| texts.extend_from_slice(named.body.as_bytes());
        Ok(WrittenCall::of(&named, body))
    }
}

impl Record for WrittenCall {
    fn key(&self) -> (&str, &str) {
        (self.text(self.account), self.text(self.sid))
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.key_hash.hash(state);
    }

    fn bytes(&self) -> usize {
        size_of::<WrittenCall>() + self.texts.len()
    }
}
