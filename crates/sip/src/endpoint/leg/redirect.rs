//! A call that is sent on by the called side (RFC 3261 section 8.1.3.4).

use std::collections::VecDeque;

use super::Leg;
use super::outgoing::Calling;
use crate::endpoint::command::Redirects;
use crate::endpoint::core::Core;
use crate::header::{Contact, Name};
use crate::{Request, Response, Scheme, Uri};

/// How many Contacts of one redirection are looked at.
const MOST_CONTACTS: usize = 16;

/// The URIs that were called, and those that may still be.
pub(super) struct Redirecting {
    redirects: Redirects,
    called: Vec<Uri>,
    next: VecDeque<Uri>,
}

impl Redirecting {
    /// `None` when no redirection is followed.
    pub(super) fn new(redirects: Redirects, first: &Uri) -> Option<Box<Redirecting>> {
        (redirects.most > 0).then(|| {
            Box::new(Redirecting {
                redirects,
                called: vec![first.clone()],
                next: VecDeque::new(),
            })
        })
    }

    /// Takes the Contacts of a redirection, the preferred ones first. A call that was to be
    /// secure stays so, and a telephone number needs a proxy to go to.
    fn learn(&mut self, response: &Response, is_routed: bool) {
        let was_secure = self.called.last().map(Uri::scheme) == Some(Scheme::Sips);
        let contacts = response.headers().typed_list::<Contact<'_>>();
        let mut found: Vec<(u16, Uri)> = Vec::new();
        for contact in contacts.take(MOST_CONTACTS).flatten() {
            let uri = contact
                .address()
                .map(|address| Uri::parse_target(address.uri));
            let Some(Ok(uri)) = uri else { continue };
            let is_callable = match uri.scheme() {
                Scheme::Sips => true,
                Scheme::Sip => !was_secure,
                Scheme::Tel => is_routed && !was_secure,
                Scheme::Other => false,
            };
            let policy = self.redirects.policy.as_ref();
            if is_callable && policy.is_none_or(|policy| policy.allows(&uri)) {
                found.push((contact.q(), uri));
            }
        }
        found.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
        for (_, uri) in found.into_iter().rev() {
            self.next.push_front(uri);
        }
        self.next.truncate(MOST_CONTACTS);
    }

    /// The next URI that has not been called, while the limit allows.
    fn next(&mut self) -> Option<Uri> {
        if self.called.len() > usize::from(self.redirects.most) {
            return None;
        }
        while let Some(uri) = self.next.pop_front() {
            if !self.called.iter().any(|called| called.is_equivalent(&uri)) {
                self.called.push(uri.clone());
                return Some(uri);
            }
        }
        None
    }
}

impl Leg {
    /// Whether a refusal of our INVITE (`None`: no answer at all) leaves another URI to call. Then
    /// it is called; otherwise the request is over.
    pub(super) fn call_elsewhere(
        &mut self,
        core: &mut Core,
        mut calling: Box<Calling>,
        response: Option<&Response>,
        request: Option<Box<Request>>,
    ) -> Result<(), Box<Calling>> {
        let is_over = calling.is_canceled() || response.is_some_and(|r| r.status() >= 600);
        let (Some(redirecting), Some(mut request)) = (calling.redirecting.as_deref_mut(), request)
        else {
            return Err(calling);
        };
        let is_routed = request.headers().contains(Name::Route);
        if let Some(response) = response.filter(|r| matches!(r.status(), 300..=302)) {
            redirecting.learn(response, is_routed);
        }
        let Some(uri) = redirecting.next().filter(|_| !is_over) else {
            return Err(calling);
        };
        request.set_uri(uri.without_headers());
        calling.turn_to(uri.without_headers());
        if !is_routed {
            // Somebody else is called, by a way of its own.
            calling.flow = None;
            self.flow = None;
            self.authenticator.face_stranger();
        }
        request.headers_mut().remove(Name::Authorization);
        request.headers_mut().remove(Name::ProxyAuthorization);
        self.authenticator.authorize(&mut request);
        self.outgoing = Some(calling);
        self.call_again(core, *request);
        Ok(())
    }
}
