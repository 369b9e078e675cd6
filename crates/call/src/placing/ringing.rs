//! One leg on its way to the called party, until it answers or ends.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hookflash_dialects::CallOrder;
use hookflash_sip::header::NameAddr;
use hookflash_sip::{Credentials, LegId, OutgoingInvite, RedirectPolicy, Redirects, Uri, UriRef};
use hookflash_transfer::ReferTo;
use hookflash_transfer::refer_to::BareTarget;

use super::failure::Failure;
use crate::Host;
use crate::audio::{Open, UNKNOWN};
use crate::call::Call;
use crate::desk::Legs;
use crate::record::{CalledLeg, LegRecord};
use crate::way::Way;

/// How many redirections a leg follows.
const MOST_REDIRECTS: u8 = 5;

/// How long a server may leave the INVITE without any answer while there is another way: four
/// copies of it over UDP.
const PATIENCE: Duration = Duration::from_secs(5);

/// A leg that was called.
pub(super) struct Ringing<H: Host> {
    pub(super) leg: LegId,
    pub(super) way: Rc<Way>,
    pub(super) audio: Box<Open<H::Media>>,
    /// Something came back, if only 100 Trying.
    pub(super) was_heard: bool,
    /// It rang, or lets early media be heard.
    pub(super) has_rung: bool,
}

impl<H: Host> Ringing<H> {
    /// Sends the INVITE, with an offer for a port of its own.
    pub(super) fn begin(
        call: &Rc<Call<H>>,
        legs: &Legs<H>,
        order: &CallOrder,
        headers: &[(String, String)],
        way: Way,
        has_alternative: bool,
    ) -> Result<Ringing<H>, Failure> {
        let mut audio = call
            .open_towards(media_towards(&way))
            .map_err(|why| Failure::Here(503, why.to_string()))?;
        let uri = Uri::borrowed(&way.uri);
        let uri = uri.as_ref().map_or(&*way.uri, UriRef::without_headers);
        let invite = OutgoingInvite {
            uri: uri.to_owned(),
            route: way.route.clone(),
            from: way.from.clone(),
            to: format!("<{}>", way.to.as_deref().unwrap_or(uri)),
            headers: [headers, &way.headers].concat(),
            body: Some(audio.offer()),
            credentials: credentials(order, &way),
            flow: way.flow,
            keeps_flow: way.keeps_flow,
            // The call's own clock counts over all ways.
            ring_timeout: None,
            server_timeout: Some(PATIENCE),
            last_server_waits: !has_alternative,
            redirects: redirects(call),
        };
        let called = call.endpoint(|endpoint, now| {
            let leg = endpoint.invite(now, invite)?;
            legs.add(leg, call);
            call.has_another_leg();
            call.record.add_leg(LegRecord {
                id: leg,
                flow: way.flow,
                called: Some(Box::new(CalledLeg {
                    uri: uri.into(),
                    call_id: endpoint.call_id_of(leg).unwrap_or_default().into(),
                    trunk: way.trunk.clone(),
                    status: 0,
                    started: call.record.millis(now),
                    answered: None,
                    ended: None,
                })),
            });
            Ok::<LegId, hookflash_sip::CommandError>(leg)
        });
        match called {
            Ok(leg) => Ok(Ringing {
                leg,
                way: Rc::new(way),
                audio,
                was_heard: false,
                has_rung: false,
            }),
            Err(why) => Err(Failure::Here(
                400,
                format!("the INVITE was not sent: {why}"),
            )),
        }
    }
}

/// Those of the order, or else those of the way.
fn credentials(order: &CallOrder, way: &Way) -> Vec<Credentials> {
    match &order.credentials {
        Some((username, password)) => vec![Credentials {
            username: username.clone(),
            password: password.clone(),
            realm: None,
        }],
        None => way.credentials.clone(),
    }
}

/// The called side may send the call on to wherever this server may transfer to.
fn redirects<H: Host>(call: &Call<H>) -> Redirects {
    let allowed = call.options.transfer.allow_targets.clone();
    let policy = move |uri: &Uri| {
        let target = ReferTo::parse(uri.as_str(), BareTarget::Refuse);
        target.is_ok_and(|target| allowed.check(&target).is_ok())
    };
    Redirects {
        most: MOST_REDIRECTS,
        policy: Some(RedirectPolicy::new(policy)),
    }
}

/// Where audio will go, as far as that is known: the flow of a phone says it, whose Contact may lead
/// nowhere, then an address in the URI, then the next hop.
fn media_towards(way: &Way) -> IpAddr {
    let literal = |uri: &str| Uri::borrowed(uri).ok()?.host_ip();
    let route = || {
        let route = way.route.as_deref()?;
        let route = NameAddr::parse(route).ok()?;
        literal(route.uri)
    };
    way.flow
        .map(|flow| flow.remote.ip())
        .or_else(|| literal(&way.uri))
        .or_else(route)
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use hookflash_sip::{ConnectionId, Flow, Transport};

    use super::*;

    #[test]
    fn audio_goes_where_a_phone_is_reached_then_where_its_uri_or_the_route_says() {
        let mut way = Way {
            trunk: None,
            uri: "sip:alice@10.0.0.7:5062".to_owned(),
            to: None,
            route: Some("<sip:198.51.100.1;lr>".to_owned()),
            flow: Some(Flow {
                transport: Transport::Udp,
                local: ([203, 0, 113, 7], 5060).into(),
                remote: ([198, 51, 100, 9], 40_000).into(),
                connection: ConnectionId::default(),
            }),
            keeps_flow: true,
            credentials: Vec::new(),
            from: String::new(),
            headers: Vec::new(),
        };
        assert_eq!(media_towards(&way), IpAddr::from([198, 51, 100, 9]));
        way.flow = None;
        assert_eq!(media_towards(&way), IpAddr::from([10, 0, 0, 7]));
        way.uri = "sip:alice@carrier.example".to_owned();
        assert_eq!(media_towards(&way), IpAddr::from([198, 51, 100, 1]));
        way.route = None;
        assert_eq!(media_towards(&way), UNKNOWN);
    }
}
