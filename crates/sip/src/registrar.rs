//! A registrar (RFC 3261 section 10.3): which contacts an address of record is bound to.
//!
//! Pure bookkeeping. Who may register is decided before (digest, allowed addresses); what is
//! decided here is the answer, and where calls to a user go: through the flow that the phone
//! registered on, since the address in its Contact may lead nowhere. A request changes all that it
//! asks for or nothing. What is kept is bounded per user and in all.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::header::{CSeq, Contact, Name, NameAddr};
use crate::transport::{ConnectionId, Flow, Transport};
use crate::uri::{Scheme, Uri};
use crate::{Request, reason_phrase};

/// The longest Contact URI that is kept, bytes.
const LONGEST_CONTACT: usize = 512;

/// What a registrar grants and how much it keeps.
#[derive(Clone, Debug)]
pub struct RegistrarLimits {
    /// A shorter wish is answered 423.
    pub min_expires: Duration,
    /// A longer wish gets this.
    pub max_expires: Duration,
    /// For who has no wish.
    pub default_expires: Duration,
    /// Bindings of one address of record.
    pub bindings: usize,
    /// Bindings in all.
    pub total: usize,
}

impl Default for RegistrarLimits {
    fn default() -> RegistrarLimits {
        RegistrarLimits {
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(7200),
            default_expires: Duration::from_secs(3600),
            bindings: 10,
            total: 100_000,
        }
    }
}

/// One contact of an address of record.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The URI to call: the Request-URI.
    pub contact: Uri,
    /// The way the phone registered: an INVITE to it takes this flow.
    pub flow: Flow,
    /// Preference in thousandths.
    pub q: u16,
    /// When it ends unless refreshed.
    pub until: Instant,
    /// `+sip.instance`, quotes removed.
    pub instance: Option<String>,
    /// The phone's User-Agent.
    pub user_agent: Option<String>,
    call_id: Box<str>,
    sequence: u32,
    // Of two bindings with the same preference the younger is called first.
    since: u64,
}

impl Binding {
    fn is_same_phone(&self, wish: &Wish) -> bool {
        match (&self.instance, &wish.instance) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.contact.is_equivalent(&wish.contact),
        }
    }

    /// Whether a request is older than the one that made the binding (RFC 3261 section 10.3, step
    /// 7).
    fn is_newer_than(&self, call_id: &str, sequence: u32) -> bool {
        *self.call_id == *call_id && sequence <= self.sequence
    }
}

/// The answer to a REGISTER, for `Endpoint::answer_register`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterAnswer {
    /// The status code.
    pub status: u16,
    /// Contact, Min-Expires and the like.
    pub headers: Vec<(String, String)>,
    /// What has changed.
    pub change: BindingChange,
}

/// What a REGISTER changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindingChange {
    /// Bindings that were not there before.
    pub added: usize,
    /// Bindings that live on.
    pub refreshed: usize,
    /// Bindings that are gone.
    pub removed: usize,
}

impl RegisterAnswer {
    fn refusal(status: u16, headers: Vec<(String, String)>) -> RegisterAnswer {
        RegisterAnswer {
            status,
            headers,
            change: BindingChange::default(),
        }
    }

    /// The reason phrase of the status.
    pub fn reason(&self) -> &'static str {
        reason_phrase(self.status)
    }
}

/// One Contact of a request.
struct Wish {
    contact: Uri,
    q: u16,
    expires: Duration,
    instance: Option<String>,
}

/// The bindings of all addresses of record.
#[derive(Debug, Default)]
pub struct Registrar {
    limits: RegistrarLimits,
    bindings: HashMap<String, Vec<Binding>>,
    total: usize,
    made: u64,
}

/// The address of record that a REGISTER is about, as `user@host` with the host in lower case: the
/// key for [`Registrar`]. `None` when To names none.
pub fn address_of_record(request: &Request) -> Option<String> {
    let to = NameAddr::parse(request.headers().get(Name::To)?).ok()?;
    let uri = to.parsed_uri().ok()?;
    if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) {
        return None;
    }
    let user = uri.user_text()?;
    Some(format!("{user}@{}", uri.host().to_ascii_lowercase()))
}

impl Registrar {
    /// A registrar without bindings.
    pub fn new(limits: RegistrarLimits) -> Registrar {
        Registrar {
            limits,
            ..Registrar::default()
        }
    }

    /// Serves a REGISTER for an address of record that its sender may change.
    pub fn register(
        &mut self,
        now: Instant,
        aor: &str,
        request: &Request,
        flow: Flow,
    ) -> RegisterAnswer {
        self.drop_expired(now, aor);
        let headers = request.headers();
        let Ok(cseq) = headers.typed::<CSeq<'_>>() else {
            return RegisterAnswer::refusal(400, Vec::new());
        };
        let call_id = headers.get(Name::CallId).unwrap_or_default();
        let contacts: Result<Vec<Contact<'_>>, _> = headers
            .typed_list()
            .take(self.limits.bindings + 1)
            .collect();
        let Ok(contacts) = contacts else {
            return RegisterAnswer::refusal(400, Vec::new());
        };
        let change = if contacts.contains(&Contact::Star) {
            let says_zero = headers.get(Name::Expires).map(str::trim) == Some("0");
            if contacts.len() > 1 || !says_zero {
                return RegisterAnswer::refusal(400, Vec::new());
            }
            self.remove_all(aor, call_id, cseq.number)
        } else {
            self.wishes(request, &contacts).and_then(|wishes| {
                let agent = headers.get(Name::UserAgent);
                let made = |wish: &Wish, since| Binding {
                    contact: wish.contact.clone(),
                    flow,
                    q: wish.q,
                    until: now + wish.expires,
                    instance: wish.instance.clone(),
                    user_agent: agent.map(str::to_owned),
                    call_id: call_id.into(),
                    sequence: cseq.number,
                    since,
                };
                self.carry_out(aor, &wishes, made)
            })
        };
        match change {
            Ok(change) => RegisterAnswer {
                status: 200,
                headers: self.contacts(now, aor),
                change,
            },
            Err(refusal) => refusal,
        }
    }

    /// Where a user can be called, the preferred binding first.
    pub fn lookup(&self, now: Instant, aor: &str) -> Vec<&Binding> {
        let bindings = self.bindings.get(aor).into_iter().flatten();
        let mut living: Vec<&Binding> = bindings.filter(|b| b.until > now).collect();
        living.sort_by_key(|binding| (Reverse(binding.q), Reverse(binding.since)));
        living
    }

    /// Every binding that has not expired, with its address of record, in no order.
    pub fn bindings(&self, now: Instant) -> impl Iterator<Item = (&str, &Binding)> {
        let all = self.bindings.iter();
        all.flat_map(|(aor, bindings)| bindings.iter().map(|b| (aor.as_str(), b)))
            .filter(move |(_, binding)| binding.until > now)
    }

    /// A connection is gone. Phones that can be called only on it (WebSocket, RFC 7118) are not
    /// registered any more; others are called on a new one.
    pub fn connection_closed(&mut self, connection: ConnectionId) {
        if connection == ConnectionId::default() {
            return;
        }
        for bindings in self.bindings.values_mut() {
            let before = bindings.len();
            bindings.retain(|binding| {
                let browser = matches!(binding.flow.transport, Transport::Ws | Transport::Wss);
                !browser || binding.flow.connection != connection
            });
            self.total -= before - bindings.len();
            for binding in bindings.iter_mut() {
                if binding.flow.connection == connection {
                    binding.flow.connection = ConnectionId::default();
                }
            }
        }
        self.bindings.retain(|_, bindings| !bindings.is_empty());
    }

    /// Forgets what has expired, and gives back the addresses of record that lost a binding.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        let has_dead = |bindings: &Vec<Binding>| bindings.iter().any(|b| b.until <= now);
        let touched: Vec<String> = self
            .bindings
            .iter()
            .filter(|(_, bindings)| has_dead(bindings))
            .map(|(aor, _)| aor.clone())
            .collect();
        for aor in &touched {
            self.drop_expired(now, aor);
        }
        touched
    }

    /// Forgets the bindings of every address of record that `keeps` does not want: those of users
    /// who are no users any more.
    pub fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        let total = &mut self.total;
        self.bindings.retain(|aor, bindings| {
            let stays = keeps(aor);
            if !stays {
                *total -= bindings.len();
            }
            stays
        });
    }

    /// When [`Registrar::expire`] will next have something to do.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.bindings.values().flatten().map(|b| b.until).min()
    }

    /// How many bindings there are.
    pub fn len(&self) -> usize {
        self.total
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    fn drop_expired(&mut self, now: Instant, aor: &str) {
        let Some(bindings) = self.bindings.get_mut(aor) else {
            return;
        };
        let before = bindings.len();
        bindings.retain(|binding| binding.until > now);
        self.total -= before - bindings.len();
        if bindings.is_empty() {
            self.bindings.remove(aor);
        }
    }

    /// What the request asks for, read and measured.
    fn wishes(
        &self,
        request: &Request,
        contacts: &[Contact<'_>],
    ) -> Result<Vec<Wish>, RegisterAnswer> {
        let bad = || RegisterAnswer::refusal(400, Vec::new());
        if contacts.len() > self.limits.bindings {
            return Err(RegisterAnswer::refusal(403, Vec::new()));
        }
        let general = request.headers().get(Name::Expires);
        let general = general.and_then(|text| text.trim().parse::<u32>().ok());
        let mut wishes = Vec::with_capacity(contacts.len());
        for contact in contacts {
            let address = contact.address().ok_or_else(bad)?;
            let uri = Uri::parse_target(address.uri).map_err(|_| bad())?;
            let is_callable = matches!(uri.scheme(), Scheme::Sip | Scheme::Sips);
            if !is_callable || address.uri.len() > LONGEST_CONTACT {
                return Err(bad());
            }
            let asked = contact.expires().or(general);
            let asked = asked.map(|seconds| Duration::from_secs(u64::from(seconds)));
            let expires = asked.unwrap_or(self.limits.default_expires);
            if !expires.is_zero() && expires < self.limits.min_expires {
                let least = self.limits.min_expires.as_secs().to_string();
                let headers = vec![("Min-Expires".to_owned(), least)];
                return Err(RegisterAnswer::refusal(423, headers));
            }
            let instance = address.params.find("+sip.instance");
            let instance = instance.map(|param| param.text().into_owned());
            wishes.push(Wish {
                contact: uri,
                q: contact.q(),
                expires: expires.min(self.limits.max_expires),
                instance: instance.filter(|text| text.len() <= LONGEST_CONTACT),
            });
        }
        Ok(wishes)
    }

    /// Does all of it or nothing (RFC 3261 section 10.3, step 7).
    fn carry_out(
        &mut self,
        aor: &str,
        wishes: &[Wish],
        made: impl Fn(&Wish, u64) -> Binding,
    ) -> Result<BindingChange, RegisterAnswer> {
        let mut change = BindingChange::default();
        if wishes.is_empty() {
            return Ok(change);
        }
        let old = self.bindings.get(aor).map_or(&[][..], Vec::as_slice);
        let (mut bindings, before) = (old.to_vec(), old.len());
        for wish in wishes {
            let new = made(wish, self.made + 1);
            let is_late = |binding: &Binding| {
                binding.is_same_phone(wish) && binding.is_newer_than(&new.call_id, new.sequence)
            };
            if old.iter().any(is_late) {
                return Err(RegisterAnswer::refusal(500, Vec::new()));
            }
            let at = bindings.iter().position(|b| b.is_same_phone(wish));
            let replaced = at.map(|at| bindings.remove(at));
            if wish.expires.is_zero() {
                change.removed += usize::from(replaced.is_some());
                continue;
            }
            self.made += 1;
            match replaced {
                Some(_) => change.refreshed += 1,
                None => change.added += 1,
            }
            bindings.push(new);
        }
        let total = self.total - before + bindings.len();
        if bindings.len() > self.limits.bindings.max(before) {
            return Err(RegisterAnswer::refusal(403, Vec::new()));
        }
        if bindings.len() > before && total > self.limits.total {
            let headers = vec![("Retry-After".to_owned(), "60".to_owned())];
            return Err(RegisterAnswer::refusal(503, headers));
        }
        self.total = total;
        match bindings.is_empty() {
            true => drop(self.bindings.remove(aor)),
            false => drop(self.bindings.insert(aor.to_owned(), bindings)),
        }
        Ok(change)
    }

    fn remove_all(
        &mut self,
        aor: &str,
        call_id: &str,
        sequence: u32,
    ) -> Result<BindingChange, RegisterAnswer> {
        let bindings = self.bindings.get(aor).map_or(&[][..], Vec::as_slice);
        if bindings.iter().any(|b| b.is_newer_than(call_id, sequence)) {
            return Err(RegisterAnswer::refusal(500, Vec::new()));
        }
        let removed = self.bindings.remove(aor).map_or(0, |gone| gone.len());
        self.total -= removed;
        Ok(BindingChange {
            removed,
            ..BindingChange::default()
        })
    }

    fn contacts(&self, now: Instant, aor: &str) -> Vec<(String, String)> {
        let line = |binding: &Binding| {
            let left = binding.until.saturating_duration_since(now).as_secs();
            let mut value = format!("<{}>;expires={left}", binding.contact.as_str());
            if binding.q != 1000 {
                value.push_str(&format!(";q=0.{:03}", binding.q));
            }
            if let Some(instance) = &binding.instance {
                value.push_str(&format!(
                    ";+sip.instance={}",
                    crate::syntax::quote(instance)
                ));
            }
            ("Contact".to_owned(), value)
        };
        self.lookup(now, aor).into_iter().map(line).collect()
    }
}
