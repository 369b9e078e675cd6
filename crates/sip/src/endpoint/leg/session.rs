//! The session timer of a call (RFC 4028).

use super::outgoing::Final;
use super::{Leg, LegTimer, Phase};
use crate::endpoint::client::Purpose;
use crate::endpoint::core::Core;
use crate::event::LegEnd;
use crate::header::Refresher;
use crate::headers::Headers;
use crate::timer::TimerId;
use crate::usage::session_timer::{Agreement, min_se};

/// How often 422 is followed by a longer interval: once for each of a few proxies.
pub(super) const MOST_LENGTHENINGS: u8 = 4;

/// A session that ends when nobody refreshes it.
pub(super) struct Session {
    seconds: u32,
    is_ours: bool,
    // Our refresh is under way; when the timer fires again it has failed.
    is_refreshing: bool,
    lengthened: u8,
    /// A refresh by re-INVITE waits for its turn.
    pub(super) is_due: bool,
    pub(super) timer: Option<TimerId>,
}

impl Session {
    /// The agreement as it is written into a request of ours: who refreshed goes on refreshing.
    pub(super) fn as_requester(&self) -> Agreement {
        let refresher = if self.is_ours {
            Refresher::Uac
        } else {
            Refresher::Uas
        };
        Agreement {
            seconds: self.seconds,
            refresher,
        }
    }
}

impl Leg {
    /// Starts the timer anew as one transaction settled it; `None` stops it.
    pub(super) fn run_session(
        &mut self,
        core: &mut Core,
        agreement: Option<Agreement>,
        we_asked: bool,
    ) {
        if let Some(mut old) = self.session.take() {
            core.stop(&mut old.timer);
        }
        self.session = agreement.map(|agreement| Session {
            seconds: agreement.seconds,
            is_ours: agreement.is_ours(we_asked),
            is_refreshing: false,
            lengthened: 0,
            is_due: false,
            timer: Some(core.start(self.id, LegTimer::Session, agreement.deadline(we_asked))),
        });
    }

    pub(super) fn on_session_timer(&mut self, core: &mut Core) {
        let leg = self.id;
        let Some(session) = self.session.as_mut() else {
            return;
        };
        session.timer = None;
        if !session.is_ours || session.is_refreshing {
            return self.abort(core, LegEnd::SessionExpired);
        }
        // Half of the interval is gone; the other half, less the usual reserve, is left.
        let ours = session.as_requester();
        let left = ours.deadline(false).saturating_sub(ours.deadline(true));
        session.is_refreshing = true;
        session.timer = Some(core.start(leg, LegTimer::Session, left));
        self.refresh(core);
    }

    /// Refreshes by UPDATE when the peer knows it: that never collides (RFC 4028 section 7.4).
    fn refresh(&mut self, core: &mut Core) {
        if self.phase != Phase::Confirmed {
            return;
        }
        if !self.peer_updates {
            if let Some(session) = &mut self.session {
                session.is_due = true;
            }
            return self.take_turn(core);
        }
        if let Some(update) = self.update_request(core) {
            self.send(core, update, Purpose::Update);
        }
    }

    pub(super) fn on_update_final(&mut self, core: &mut Core, answer: &Final) {
        if self.phase != Phase::Confirmed {
            return;
        }
        let headers = answer.response.headers();
        match answer.response.status() {
            200..300 => {
                if let Some(dialog) = &mut self.dialog {
                    dialog.refresh_target(headers);
                }
                self.run_session(core, Agreement::of_response(headers), true);
            }
            408 | 481 => self.abort(core, LegEnd::DialogGone),
            422 if self.lengthen_session(core, headers) => self.refresh(core),
            405 | 501 => {
                self.peer_updates = false;
                self.refresh(core);
            }
            // Whatever else it is, the session ends when its time is over.
            _ => {}
        }
    }

    pub(super) fn on_update_failed(&mut self, core: &mut Core) {
        self.abort(core, LegEnd::DialogGone);
    }

    /// The peer wants a longer interval; false when it asks for nothing new.
    pub(super) fn lengthen_session(&mut self, core: &Core, headers: &Headers) -> bool {
        let least = min_se(headers).unwrap_or(0);
        let policy = core.session_policy();
        let Some(session) = &mut self.session else {
            return false;
        };
        let longer =
            session.seconds.max(policy.minimum) < least && session.lengthened < MOST_LENGTHENINGS;
        if longer {
            session.lengthened += 1;
            session.seconds = least;
        }
        longer
    }
}
