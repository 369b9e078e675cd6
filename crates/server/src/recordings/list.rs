//! Recordings asked for: those that run are in memory, the others in the store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_dialects::rest::{PageMark, RecordingList};
use hookflash_dialects::{RecordingFacts, RecordingQuery};
use hookflash_store::{
    Cursor, RecordingFilter, RecordingRow, Scope, Span, StoreError, micros, system_time,
};

use super::{Recordings, sidecar};

/// How many old recordings are deleted before others get their turn.
const SWEPT_AT_ONCE: u32 = 200;

impl Recordings {
    /// One recording of an account.
    ///
    /// # Errors
    /// When the store cannot be asked; so with all that follow.
    pub(crate) async fn find(
        &self,
        account: &str,
        sid: &str,
    ) -> Result<Option<Arc<RecordingFacts>>, StoreError> {
        let running = self.running().get(sid).cloned();
        if let Some(facts) = running.filter(|facts| facts.account_sid == account) {
            return Ok(Some(facts));
        }
        let row = self.store.recording(Scope::Account(account), sid).await?;
        Ok(row.as_ref().and_then(sidecar::facts).map(Arc::new))
    }

    /// Part of the list of an account's recordings, newest first.
    ///
    /// # Errors
    /// As [`Recordings::find`].
    pub(crate) async fn list(
        &self,
        account: &str,
        wanted: &RecordingList,
    ) -> Result<RecordingsPage, StoreError> {
        let RecordingList { query, page } = wanted;
        if query.conference.is_some() {
            return Ok(RecordingsPage::default());
        }
        let mark = page.after.as_ref();
        let is_behind = |entry: &Entry| mark.is_none_or(|mark| entry.is_behind(mark));
        let running: Vec<Entry> = self
            .running()
            .values()
            .filter(|facts| facts.account_sid == account)
            .map(Entry::running)
            .filter(|entry| entry.fits(query) && is_behind(entry))
            .collect();
        // One more than is shown tells whether there is a next page.
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let limit = size.saturating_add(1);
        let offset = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        // Each of those that run moves those of the store on by one place at most.
        let first = offset.saturating_sub(running.len());
        let most = limit.saturating_add(running.len());
        let kept = self.kept(account, wanted, first, most).await?;
        // One that has ended since it was looked for among those that run.
        let is_new = |entry: &Entry| running.iter().all(|run| run.facts.sid != entry.facts.sid);
        let kept: Vec<Entry> = kept.into_iter().filter(is_new).collect();
        let mut all: Vec<Entry> = running.into_iter().chain(kept).collect();
        all.sort_by(|a, b| b.place().cmp(&a.place()));
        let all: Vec<Entry> = all.into_iter().skip(offset - first).take(limit).collect();
        let is_more = all.len() > size;
        let next = all.get(size.saturating_sub(1)).filter(|_| is_more);
        Ok(RecordingsPage {
            next: next.map(Entry::mark),
            recordings: all
                .into_iter()
                .take(size)
                .map(|entry| entry.facts)
                .collect(),
        })
    }

    /// Those of the store: at least `most` behind the first `first`, if there are so many. The
    /// store does not look for parties; lists that are filtered by them begin at the beginning.
    async fn kept(
        &self,
        account: &str,
        wanted: &RecordingList,
        first: usize,
        most: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let RecordingList { query, page } = wanted;
        let (from, before) = query.started;
        let filter = RecordingFilter {
            call: query.call.clone(),
            started: Span {
                from: from.map(micros),
                before: before.map(micros),
            },
            ended: Span::default(),
        };
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let mut offset = u64::try_from(first).unwrap_or(u64::MAX);
        let mut after = page.after.as_ref().map(|mark| Cursor {
            created_at: micros(mark.created_at),
            sid: mark.sid.clone(),
        });
        let mut found = Vec::new();
        loop {
            let scope = Scope::Account(account);
            let rows = self
                .store
                .recordings(scope, filter.clone(), after.take(), offset, limit)
                .await?;
            offset = 0;
            after = rows.last().map(|row| Cursor {
                created_at: row.started_at,
                sid: row.sid.clone(),
            });
            let entries = rows.iter().filter_map(Entry::kept);
            found.extend(entries.filter(|entry| entry.fits(query)));
            if found.len() >= most || rows.len() < most {
                return Ok(found);
            }
        }
    }

    /// Deletes every recording that ended longer than `keep` ago.
    ///
    /// # Errors
    /// As [`Recordings::find`].
    pub(crate) async fn sweep(&self, keep: Duration) -> Result<(), StoreError> {
        let before = SystemTime::now().checked_sub(keep).map(micros);
        let filter = RecordingFilter {
            ended: Span { from: None, before },
            ..RecordingFilter::default()
        };
        let mut deleted = 0;
        loop {
            let old = self
                .store
                .recordings(Scope::Operator, filter.clone(), None, 0, SWEPT_AT_ONCE)
                .await?;
            for row in &old {
                if let Some(facts) = sidecar::facts(row) {
                    self.remove_sound(&facts);
                }
                self.store.delete_recording(&row.account, &row.sid).await?;
            }
            deleted += old.len();
            if old.len() < SWEPT_AT_ONCE as usize {
                break;
            }
        }
        if deleted > 0 {
            tracing::info!(recordings = deleted, "deleted by recordings.keep");
        }
        Ok(())
    }
}

/// Part of a list of recordings.
#[derive(Debug, Default)]
pub(crate) struct RecordingsPage {
    /// The recordings.
    pub(crate) recordings: Vec<Arc<RecordingFacts>>,
    /// Where the next page begins; none after the last.
    pub(crate) next: Option<PageMark>,
}

/// A recording with its place in lists. The store knows when it began to the microsecond, and what
/// is written down of it less.
struct Entry {
    began: i64,
    facts: Arc<RecordingFacts>,
}

impl Entry {
    fn running(facts: &Arc<RecordingFacts>) -> Entry {
        Entry {
            began: micros(facts.started_at),
            facts: Arc::clone(facts),
        }
    }

    fn kept(row: &RecordingRow) -> Option<Entry> {
        Some(Entry {
            began: row.started_at,
            facts: Arc::new(sidecar::facts(row)?),
        })
    }

    fn place(&self) -> (i64, &str) {
        (self.began, &self.facts.sid)
    }

    fn is_behind(&self, mark: &PageMark) -> bool {
        self.place() < (micros(mark.created_at), mark.sid.as_str())
    }

    /// Whether this is one of those that are asked for.
    fn fits(&self, query: &RecordingQuery) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let (from, before) = query.started;
        is(&query.call, &self.facts.call_sid)
            && is(&query.from, &self.facts.from)
            && is(&query.to, &self.facts.to)
            && from.is_none_or(|from| self.began >= micros(from))
            && before.is_none_or(|before| self.began < micros(before))
    }

    fn mark(&self) -> PageMark {
        PageMark {
            created_at: system_time(self.began),
            sid: self.facts.sid.clone(),
        }
    }
}
