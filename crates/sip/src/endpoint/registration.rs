//! A registration of ours with somebody else's registrar (RFC 3261 sections 10.2 and 8.1.3).
//!
//! One REGISTER at a time: a refresh comes before the binding expires, a failure is followed by
//! ever longer pauses, and leaving waits for the answer that is open.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::authenticator::Authenticator;
use super::client::{Attempts, Patience, Purpose};
use super::command::{CommandError, OutgoingRegistration};
use super::core::{Core, Due, Failure, Upcall, retry_after};
use super::owned_headers::{check_address, check_extra};
use crate::dialog::Outgoing;
use crate::event::{LegId, RegistrationEvent, RegistrationFailure, RegistrationId};
use crate::header::{Contact, Name, NameAddr};
use crate::headers::Headers;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::transport::{ConnectionId, Flow};
use crate::uri::{UriRef, escape_user};
use crate::{Method, Request, Response, Uri};

/// Requests of registrations belong to no leg.
pub(crate) const NO_LEG: LegId = LegId(0);

/// How often one attempt asks for a longer time because a registrar finds its wish too short.
const MOST_LENGTHENINGS: u8 = 2;
/// No registrar makes us ask for longer.
const LONGEST: Duration = Duration::from_secs(86_400);
/// No registrar makes us refresh more often.
const SHORTEST_REFRESH: Duration = Duration::from_secs(5);
/// The longest pause after a failure (RFC 5626 section 4.5).
const LONGEST_PAUSE: Duration = Duration::from_secs(1800);
/// A registrar that is gone for a moment is asked again within this time.
const AFTER_BREAK: Duration = Duration::from_secs(5);

/// See the module's text.
pub(super) struct Registration {
    id: RegistrationId,
    wanted: OutgoingRegistration,
    registrar: Box<str>,
    contact: Box<str>,
    call_id: Box<str>,
    from: Box<str>,
    sequence: u32,
    authenticator: Authenticator,
    // The open REGISTER, and whether it takes the binding away.
    open: Option<(TransactionId, bool)>,
    is_leaving: bool,
    expires: Duration,
    lengthened: u8,
    failures: u32,
    until: Option<Instant>,
    flow: Option<Flow>,
    timer: Option<TimerId>,
}

impl Registration {
    fn new(
        core: &mut Core,
        id: RegistrationId,
        call_id: String,
        wanted: OutgoingRegistration,
    ) -> Result<Registration, CommandError> {
        let bad = |what, problem| CommandError::BadAddress { what, problem };
        check_extra(&wanted.headers)?;
        check_address("To", &wanted.aor)?;
        let registrar = Uri::parse_target(&wanted.registrar)
            .map_err(|bad_uri| bad("the registrar", bad_uri.problem))?;
        if let Some(route) = &wanted.route {
            UriRef::borrowed(route).map_err(|bad_uri| bad("the route", bad_uri.problem))?;
            check_address("Route", &format!("<{route}>"))?;
        }
        let aor = NameAddr::parse(&wanted.aor).map_err(|why| bad("the address of record", why))?;
        if aor.tag().is_some() {
            return Err(bad("the address of record", "has a tag"));
        }
        let own_user = aor
            .parsed_uri()
            .ok()
            .and_then(|uri| uri.user().map(str::to_owned));
        let user = match &wanted.contact_user {
            Some(user) => escape_user(user),
            None => own_user.unwrap_or_default(),
        };
        let mut contact = format!("<sip:{user}@registration.invalid>");
        if let Some(instance) = &wanted.instance {
            contact.push_str(&format!(";+sip.instance=\"<{instance}>\""));
            check_address("Contact", &contact)?;
        }
        let from = format!("{};tag={:016x}", wanted.aor, core.random());
        Ok(Registration {
            id,
            registrar: registrar.without_headers().into(),
            contact: contact.into(),
            call_id: call_id.into(),
            from: from.into(),
            sequence: 0,
            authenticator: Authenticator::new(wanted.credentials.clone()),
            open: None,
            is_leaving: false,
            expires: wanted.expires.clamp(Duration::from_secs(1), LONGEST),
            lengthened: 0,
            failures: 0,
            until: None,
            flow: None,
            timer: None,
            wanted,
        })
    }

    /// Asks for the binding, or for its end.
    fn ask(&mut self, core: &mut Core) {
        core.stop(&mut self.timer);
        let expires = match self.is_leaving {
            true => 0,
            false => self.expires.as_secs(),
        };
        let mut request = Request::new(Method::Register, &self.registrar);
        let headers = request.headers_mut();
        if let Some(route) = &self.wanted.route {
            headers.push(Name::Route, &loose_route(route));
        }
        headers.push(Name::MaxForwards, "70");
        headers.push(Name::From, &self.from);
        headers.push(Name::To, &self.wanted.aor);
        headers.push(Name::CallId, &self.call_id);
        headers.push(
            Name::Contact,
            &format!("{};expires={expires}", self.contact),
        );
        headers.push(Name::Expires, &expires.to_string());
        headers.push(Name::Allow, &core.allow);
        for (name, value) in &self.wanted.headers {
            headers.push(&**name, value);
        }
        core.sign_request(&mut request);
        self.authenticator.authorize(&mut request);
        self.send(core, request, None);
    }

    fn send(&mut self, core: &mut Core, mut request: Request, attempts: Option<Box<Attempts>>) {
        self.sequence += 1;
        let cseq = format!("{} REGISTER", self.sequence);
        request.headers_mut().set(Name::CSeq, &cseq);
        request.headers_mut().remove(Name::Via);
        let outgoing = Outgoing {
            request,
            strict: false,
        };
        // A connection that was lost is no way to prefer.
        let used = self.flow.filter(|flow| {
            !flow.transport.is_reliable() || flow.connection != ConnectionId::default()
        });
        let id = core.send(NO_LEG, used.as_ref(), outgoing, Purpose::Register(self.id));
        if let Some(attempts) = attempts {
            core.attach_digest(id, attempts);
        }
        if let Some(time) = self.wanted.server_timeout {
            let patience = Patience {
                time,
                last_waits: false,
            };
            core.limit_ways(id, patience);
        }
        self.open = Some((id, self.is_leaving));
    }

    /// News of the open REGISTER; true when the registration is over.
    fn on_upcall(&mut self, core: &mut Core, upcall: Upcall) -> bool {
        match upcall {
            Upcall::Response {
                id,
                flow,
                response,
                request,
                attempts,
                ..
            } => {
                if response.is_provisional() {
                    return false;
                }
                let Some((_, leaves)) = self.open.take_if(|(open, _)| *open == id) else {
                    return false;
                };
                self.flow = Some(flow);
                let status = response.status();
                if response.is_success() {
                    return self.on_success(core, flow, &response, request.as_deref(), leaves);
                }
                if let Some(mut request) = request {
                    if matches!(status, 401 | 407) {
                        let answer =
                            self.authenticator
                                .answer(core, &response, &mut request, attempts);
                        if let Some(attempts) = answer {
                            self.send_as(core, *request, Some(attempts), leaves);
                            return false;
                        }
                    }
                    if status == 423 && !leaves && self.lengthen(response.headers()) {
                        self.ask(core);
                        return false;
                    }
                }
                let pause = retry_after(&response);
                self.on_failure(core, RegistrationFailure::Refused(status), pause, leaves)
            }
            Upcall::Failed { id, failure, .. } => {
                let Some((_, leaves)) = self.open.take_if(|(open, _)| *open == id) else {
                    return false;
                };
                // A connection that failed is not held on to.
                self.flow = None;
                let failure = match failure {
                    Failure::Timeout => RegistrationFailure::NoAnswer,
                    Failure::Lost(why) => RegistrationFailure::TransportLost(why),
                };
                self.on_failure(core, failure, None, leaves)
            }
        }
    }

    /// Sends a challenged request again; it stays what it was, even if we are leaving by now.
    fn send_as(
        &mut self,
        core: &mut Core,
        request: Request,
        attempts: Option<Box<Attempts>>,
        leaves: bool,
    ) {
        self.send(core, request, attempts);
        if let Some((_, open_leaves)) = &mut self.open {
            *open_leaves = leaves;
        }
    }

    fn on_success(
        &mut self,
        core: &mut Core,
        flow: Flow,
        response: &Response,
        request: Option<&Request>,
        leaves: bool,
    ) -> bool {
        if leaves {
            self.until = None;
            core.registration_event(self.id, RegistrationEvent::Ended);
            return true;
        }
        let sent = request.and_then(|request| request.headers().get(Name::Contact));
        let granted = granted(response.headers(), sent, self.expires);
        self.lengthened = 0;
        if granted.is_zero() {
            // A 2xx without binding is none.
            self.until = None;
            return self.on_failure(core, RegistrationFailure::NotBound, None, false);
        }
        self.failures = 0;
        self.until = Some(core.now + granted);
        if self.is_leaving {
            self.ask(core);
            return false;
        }
        let bindings = response.headers().get_list(Name::Contact).count();
        let event = RegistrationEvent::Registered {
            expires: granted,
            flow,
            bindings,
        };
        core.registration_event(self.id, event);
        let delay = core.random_delay(granted * 3 / 4, granted * 9 / 10);
        self.sleep(core, delay.max(SHORTEST_REFRESH));
        false
    }

    fn on_failure(
        &mut self,
        core: &mut Core,
        failure: RegistrationFailure,
        retry_after: Option<Duration>,
        leaves: bool,
    ) -> bool {
        self.until = self.until.filter(|until| *until > core.now);
        self.lengthened = 0;
        if leaves {
            core.registration_event(self.id, RegistrationEvent::Ended);
            return true;
        }
        if self.is_leaving {
            return self.leave(core);
        }
        self.failures = self.failures.saturating_add(1);
        let doubled = self.wanted.retry * (1 << (self.failures - 1).min(10));
        // What was refused for good (RFC 3261 section 21.4) is asked again only now and then.
        let pause = match failure {
            RegistrationFailure::Refused(400..=407 | 410..=422 | 600..) => {
                doubled.max(LONGEST_PAUSE / 6)
            }
            _ => doubled,
        };
        let pause = pause.clamp(Duration::from_secs(1), LONGEST_PAUSE);
        let pause = core.random_delay(pause / 2, pause);
        let retry_in = pause.max(retry_after.unwrap_or_default().min(LONGEST_PAUSE * 2));
        let event = RegistrationEvent::Failed {
            failure,
            retry_in,
            is_still_bound: self.until.is_some(),
        };
        core.registration_event(self.id, event);
        self.sleep(core, retry_in);
        false
    }

    /// Ends the binding as soon as no REGISTER is open; true when there is nothing to end.
    fn leave(&mut self, core: &mut Core) -> bool {
        self.is_leaving = true;
        core.stop(&mut self.timer);
        if self.open.is_some() {
            return false;
        }
        if self.until.is_some_and(|until| until > core.now) {
            self.ask(core);
            return false;
        }
        core.registration_event(self.id, RegistrationEvent::Ended);
        true
    }

    fn lengthen(&mut self, headers: &Headers) -> bool {
        let least = headers
            .get(Name::MinExpires)
            .and_then(|text| text.trim().parse().ok());
        let least = Duration::from_secs(least.unwrap_or(0));
        let longer = least > self.expires && least <= LONGEST;
        if !longer || self.lengthened >= MOST_LENGTHENINGS {
            return false;
        }
        self.lengthened += 1;
        self.expires = least;
        true
    }

    fn sleep(&mut self, core: &mut Core, time: Duration) {
        core.stop(&mut self.timer);
        let due = Due::Registration(self.id);
        self.timer = Some(core.timers.start(core.now, time, due));
    }
}

impl Endpoint {
    /// Registers with a registrar and stays registered until [`Endpoint::unregister`]. News comes
    /// with [`Endpoint::poll_registration`].
    ///
    /// # Errors
    /// When an address cannot be read, or a header is not the application's to set.
    pub fn register(
        &mut self,
        now: Instant,
        registration: OutgoingRegistration,
    ) -> Result<RegistrationId, CommandError> {
        self.core.now = now;
        let call_id = self.call_id();
        self.registrations_made += 1;
        let id = RegistrationId(self.registrations_made);
        let mut registration = Registration::new(&mut self.core, id, call_id, registration)?;
        registration.ask(&mut self.core);
        self.registrations.insert(id, Box::new(registration));
        self.run();
        Ok(id)
    }

    /// Takes the binding away. `RegistrationEvent::Ended` follows in any case, at the latest when
    /// the registrar has not answered for 64·T1.
    pub fn unregister(&mut self, now: Instant, id: RegistrationId) {
        self.core.now = now;
        if let Some(registration) = self.registrations.get_mut(&id)
            && !registration.is_leaving
            && registration.leave(&mut self.core)
        {
            self.registrations.remove(&id);
        }
        self.run();
    }

    /// The next piece of news of our registrations.
    pub fn poll_registration(&mut self) -> Option<(RegistrationId, RegistrationEvent)> {
        self.core.registration_events.pop_front()
    }

    pub(super) fn on_registration_upcall(&mut self, id: RegistrationId, upcall: Upcall) {
        if let Some(registration) = self.registrations.get_mut(&id)
            && registration.on_upcall(&mut self.core, upcall)
        {
            self.registrations.remove(&id);
        }
    }

    pub(super) fn on_registration_timer(&mut self, id: RegistrationId) {
        if let Some(registration) = self.registrations.get_mut(&id) {
            registration.timer = None;
            registration.ask(&mut self.core);
        }
    }

    /// The connection that a binding leads to is gone, so the binding leads nowhere.
    pub(super) fn on_registration_connection_closed(&mut self, connection: ConnectionId) {
        for registration in self.registrations.values_mut() {
            let on_it = |flow: &mut Flow| flow.connection == connection;
            let lost = registration.flow.take_if(on_it).is_some();
            if lost && registration.open.is_none() {
                let delay = self.core.random_delay(Duration::ZERO, AFTER_BREAK);
                registration.sleep(&mut self.core, delay);
            }
        }
    }
}

/// How long the binding lives: as our Contact says among those of the answer, else as Expires
/// says, else as we asked. Registrars behind address translation rewrite Contacts, so that one
/// with our user part counts when none is ours.
fn granted(headers: &Headers, sent: Option<&str>, asked: Duration) -> Duration {
    let sent = sent.and_then(|sent| NameAddr::parse(sent).ok()?.parsed_uri().ok());
    let default = headers
        .get(Name::Expires)
        .and_then(|text| text.trim().parse().ok());
    let default = default.map_or(asked, Duration::from_secs);
    let ranked = headers
        .typed_list::<Contact<'_>>()
        .flatten()
        .filter_map(|contact| {
            let uri = contact.address()?.parsed_uri().ok()?;
            let sent = sent.as_ref()?;
            let rank = match (uri.is_equivalent(sent), uri.user() == sent.user()) {
                (true, _) => 2,
                (false, true) => 1,
                (false, false) => return None,
            };
            let time = contact
                .expires()
                .map(|time| Duration::from_secs(u64::from(time)));
            Some((rank, time))
        });
    let best = ranked.max_by_key(|(rank, _)| *rank);
    let is_listed = headers.contains(Name::Contact);
    match best {
        Some((_, time)) => time.unwrap_or(default).min(LONGEST),
        // Others are bound, and we are not.
        None if is_listed && sent.is_some() => Duration::ZERO,
        None => default.min(LONGEST),
    }
}

fn loose_route(uri: &str) -> String {
    let is_loose = UriRef::borrowed(uri).is_ok_and(|uri| uri.params().contains("lr"));
    format!("<{uri}{}>", if is_loose { "" } else { ";lr" })
}
