//! Recordings asked for: those that run are in memory, the others in the store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_dialects::RecordingFacts;
use hookflash_store::{RecordingFilter, Scope, Span, StoreError, micros};

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

    /// Those of an account, or of one of its calls, newest first: `limit` of them behind the first
    /// `offset`.
    ///
    /// # Errors
    /// As [`Recordings::find`].
    pub(crate) async fn list(
        &self,
        account: &str,
        call: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Arc<RecordingFacts>>, StoreError> {
        let is_wanted = |facts: &&Arc<RecordingFacts>| {
            facts.account_sid == account && call.is_none_or(|call| facts.call_sid == call)
        };
        let mut running: Vec<Arc<RecordingFacts>> = self
            .running()
            .values()
            .filter(is_wanted)
            .map(Arc::clone)
            .collect();
        running.sort_by(|a, b| newest_first(a, b));
        // Each of those that run moves those of the store on by one place at most.
        let first = offset.saturating_sub(running.len());
        let most = limit.saturating_add(running.len());
        let filter = RecordingFilter {
            call: call.map(str::to_owned),
            ..RecordingFilter::default()
        };
        let rows = self
            .store
            .recordings(
                Scope::Account(account),
                filter,
                None,
                u64::try_from(first).unwrap_or(u64::MAX),
                u32::try_from(most).unwrap_or(u32::MAX),
            )
            .await?;
        let known = rows.iter().filter_map(sidecar::facts).map(Arc::new);
        // One that has ended since it was looked for among those that run.
        let is_new = |facts: &Arc<RecordingFacts>| running.iter().all(|run| run.sid != facts.sid);
        let known: Vec<_> = known.filter(is_new).collect();
        let mut all: Vec<_> = running.into_iter().chain(known).collect();
        all.sort_by(|a, b| newest_first(a, b));
        let skipped = offset - first;
        Ok(all.into_iter().skip(skipped).take(limit).collect())
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
                    self.delete_sound(&facts);
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

fn newest_first(a: &RecordingFacts, b: &RecordingFacts) -> std::cmp::Ordering {
    let newer = micros(b.started_at).cmp(&micros(a.started_at));
    newer.then_with(|| b.sid.cmp(&a.sid))
}
