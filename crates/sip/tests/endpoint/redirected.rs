//! Calls that the called side sends on to somebody else.

use hookflash_sip::{Event, LegEnd, Method, OutgoingInvite, RedirectPolicy, Redirects, Request};

use crate::outgoing::{ANSWER, place};
use crate::pair::credentials;
use crate::raw::{Raw, SDP, address, seconds};

fn follow(most: u8) -> impl FnOnce(&mut OutgoingInvite) {
    move |invite| {
        invite.redirects = Redirects { most, policy: None };
    }
}

fn redirect(raw: &mut Raw, invite: &Request, contacts: &str) {
    raw.respond(invite, 302, &format!("Contact: {contacts}\n"), "");
    raw.sent_request(Method::Ack);
}

#[test]
fn by_default_a_redirection_is_a_refusal() {
    let mut raw = Raw::new();
    place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    redirect(&mut raw, &invite, "<sip:carol@10.0.0.10>");
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Refused(302));
    raw.expect_nothing_left();
}

#[test]
fn the_call_goes_to_the_preferred_contact_first_and_on_when_that_refuses() {
    let mut raw = Raw::new();
    place(&mut raw, follow(3));
    let first = raw.sent_request(Method::Invite);
    let contacts = "<sip:late@10.0.0.11>;q=0.1, <sip:early@10.0.0.10>;q=0.9";
    redirect(&mut raw, &first, contacts);
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.10:5060"));
    let hookflash_sip::Message::Request(second) = sent.message else {
        panic!()
    };
    assert_eq!(second.uri(), "sip:early@10.0.0.10");
    let same = |name: &'static str| first.headers().get(name) == second.headers().get(name);
    assert!(same("Call-ID") && same("From") && same("To") && !same("CSeq") && !same("Via"));
    raw.respond(&second, 486, "", "");
    raw.sent_request(Method::Ack);
    let third = raw.sent_request(Method::Invite);
    assert_eq!(third.uri(), "sip:late@10.0.0.11");
    raw.respond(&third, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    let answered = |event: &Event| matches!(event, Event::Answered(_));
    assert!(raw.events.iter().any(|(_, event)| answered(event)));
}

#[test]
fn a_loop_of_redirections_ends_with_one_refusal() {
    let mut raw = Raw::new();
    place(&mut raw, follow(10));
    let first = raw.sent_request(Method::Invite);
    redirect(&mut raw, &first, "<sip:carol@10.0.0.10>");
    let second = raw.sent_request(Method::Invite);
    redirect(
        &mut raw,
        &second,
        "<sip:bob@10.0.0.9>, <sip:carol@10.0.0.10>",
    );
    assert!(raw.is_silent(), "both have been called");
    assert_eq!(raw.ended(), LegEnd::Refused(302));
    raw.expect_nothing_left();
}

#[test]
fn ever_new_redirections_are_followed_as_often_as_allowed() {
    let mut raw = Raw::new();
    place(&mut raw, follow(3));
    for hop in 0..3 {
        let invite = raw.sent_request(Method::Invite);
        redirect(&mut raw, &invite, &format!("<sip:hop{hop}@10.0.0.10>"));
    }
    let last = raw.sent_request(Method::Invite);
    assert_eq!(last.uri(), "sip:hop2@10.0.0.10");
    redirect(&mut raw, &last, "<sip:more@10.0.0.10>");
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Refused(302));
    raw.expect_nothing_left();
}

#[test]
fn what_the_operator_does_not_allow_is_not_called() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| {
        let allows = |uri: &hookflash_sip::Uri| uri.host() == "10.0.0.10";
        invite.redirects = Redirects {
            most: 5,
            policy: Some(RedirectPolicy::new(allows)),
        };
    });
    let first = raw.sent_request(Method::Invite);
    let contacts = "<sip:+882@10.6.6.6>, <tel:+882>, <http://x.example>, <sip:ok@10.0.0.10>";
    redirect(&mut raw, &first, contacts);
    let second = raw.sent_request(Method::Invite);
    assert_eq!(second.uri(), "sip:ok@10.0.0.10");
    redirect(&mut raw, &second, "<sip:+882@10.6.6.6>");
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Refused(302));
    raw.expect_nothing_left();
}

#[test]
fn a_stranger_is_shown_no_credentials_that_are_not_for_its_realm() {
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n";
    for (realm, shown) in [(None, false), (Some("r".to_owned()), true)] {
        let mut raw = Raw::new();
        place(&mut raw, |invite| {
            invite.credentials = vec![credentials()];
            invite.credentials[0].realm = realm;
            follow(3)(invite);
        });
        let first = raw.sent_request(Method::Invite);
        raw.respond(&first, 401, challenge, "");
        raw.sent_request(Method::Ack);
        let second = raw.sent_request(Method::Invite);
        assert!(second.headers().contains("Authorization"));
        redirect(&mut raw, &second, "<sip:carol@10.0.0.10>");
        let third = raw.sent_request(Method::Invite);
        assert!(!third.headers().contains("Authorization"));
        raw.respond(&third, 401, challenge, "");
        raw.sent_request(Method::Ack);
        assert_eq!(!raw.is_silent(), shown);
        if !shown {
            assert_eq!(raw.ended(), LegEnd::Refused(401));
        }
    }
}

#[test]
fn a_redirection_that_crosses_our_cancel_is_not_followed() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, follow(3));
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    raw.sent_request(Method::Cancel);
    redirect(&mut raw, &invite, "<sip:carol@10.0.0.10>");
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn a_contact_that_nobody_answers_gives_way_to_the_next_and_a_6xx_ends_it_all() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| {
        invite.server_timeout = Some(seconds(4));
        follow(5)(invite);
    });
    let first = raw.sent_request(Method::Invite);
    redirect(
        &mut raw,
        &first,
        "<sip:a@10.0.0.10>, <sip:b@10.0.0.11>, <sip:c@10.0.0.12>",
    );
    raw.wait(seconds(4));
    let last = raw.sent.pop_back().unwrap().message;
    let hookflash_sip::Message::Request(third) = last else {
        panic!()
    };
    assert_eq!(third.uri(), "sip:b@10.0.0.11");
    raw.sent.clear();
    raw.respond(&third, 603, "", "");
    raw.sent_request(Method::Ack);
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Refused(603));
    raw.expect_nothing_left();
}

#[test]
fn behind_an_outbound_proxy_a_redirection_takes_the_same_way() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| {
        invite.route = Some("sip:10.0.0.8".to_owned());
        follow(3)(invite);
    });
    let first = raw.sent_request(Method::Invite);
    redirect(&mut raw, &first, "<sip:+4420@carrier.example>");
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.8:5060"));
}
