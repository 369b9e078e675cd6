//! Messages with the hazards of RFC 4475 and RFC 5118 and some from the field, one file each.
//!
//! `accepted` must be read and acted upon, `refused` must be read and refused with the code that
//! the file's name begins with, `unreadable` must be told apart from SIP with a precise error.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::path::{Path, PathBuf};

use hookflash_sip::header::{
    Contact, Event, From, ReferTo, Route, State, SubscriptionState, To, Via,
};
use hookflash_sip::{Message, Name, Problem, Uri, multipart_parts};

fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files
        .iter()
        .map(|path| (name(path), std::fs::read(path).unwrap()))
        .collect()
}

fn accepted(name: &str) -> Message {
    let (_, bytes) = folder("accepted")
        .into_iter()
        .find(|(n, _)| n == name)
        .unwrap();
    Message::parse_datagram(&bytes).unwrap()
}

/// Everything a reader can ask of a message; the point is that nothing panics.
fn read_all(message: &Message) {
    let headers = message.headers();
    for (name, value) in headers.iter() {
        assert_eq!(Name::from(name.as_str()), name);
        let _ = hookflash_sip::wire_text::display_text(value);
        let _ = headers.get_list(name).count();
    }
    let _ = headers.typed_list::<Via>().count() + headers.typed_list::<Contact>().count();
    let _ = headers.typed_list::<Route>().count();
}

#[test]
fn accepted_messages_are_read_and_survive_being_written() {
    for (name, bytes) in folder("accepted") {
        let message = Message::parse_datagram(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        read_all(&message);
        if let Message::Request(request) = &message {
            request
                .validate()
                .unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        }
        let wire = message.to_bytes();
        let again = Message::parse_datagram(&wire).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(again.to_bytes(), wire, "{name}");
        assert_eq!(again.body(), message.body(), "{name}");
        // The writer always adds a Content-Length of its own, at the end.
        let lines = |m: &Message| -> Vec<(String, String)> {
            let own = m
                .headers()
                .iter()
                .filter(|(n, _)| *n != Name::ContentLength);
            own.map(|(n, v)| (n.to_string(), v.to_owned())).collect()
        };
        assert_eq!(lines(&again), lines(&message), "{name}");
    }
}

#[test]
fn refused_messages_get_the_code_in_their_name() {
    for (name, bytes) in folder("refused") {
        let message = Message::parse_datagram(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        read_all(&message);
        let Message::Request(request) = message else {
            panic!("{name} is no request")
        };
        let refusal = request.validate().expect_err(&name);
        assert_eq!(
            name.split('_').next().unwrap(),
            refusal.status.to_string(),
            "{name}"
        );
        let answer = refusal.response_to(&request, Some("tag")).to_bytes();
        assert!(Message::parse_datagram(&answer).is_ok(), "{name}");
    }
}

#[test]
fn unreadable_messages_are_told_apart_with_a_precise_error() {
    let expected = [
        (
            "carriage_return_hiding_a_header",
            Problem::BareCarriageReturn,
            true,
        ),
        (
            "content_length_beyond_the_datagram",
            Problem::BodyLength,
            true,
        ),
        (
            "content_lengths_that_disagree",
            Problem::ContentLength,
            true,
        ),
        (
            "fold_before_the_first_header",
            Problem::HeaderWithoutColon,
            false,
        ),
        ("line_without_colon", Problem::HeaderWithoutColon, true),
        ("name_missing", Problem::HeaderName, true),
        ("name_with_blank_inside", Problem::HeaderName, true),
        ("negative_content_length", Problem::ContentLength, true),
        ("no_end_of_headers", Problem::Unfinished, true),
        ("noise", Problem::StartLine, false),
        ("only_line_ends", Problem::Empty, false),
        ("request_uri_missing", Problem::RequestUri, true),
        ("request_uri_with_blank", Problem::RequestUri, true),
        ("response_of_another_version", Problem::Version, false),
        ("start_line_of_the_web", Problem::StartLine, false),
        ("start_line_with_one_word", Problem::StartLine, false),
        ("status_code_above_the_classes", Problem::StatusCode, false),
        ("status_code_of_four_digits", Problem::StatusCode, false),
        ("three_hundred_headers", Problem::TooManyHeaders, true),
    ];
    let files = folder("unreadable");
    assert_eq!(files.len(), expected.len());
    for ((name, bytes), (file, problem, answerable)) in files.iter().zip(expected) {
        assert_eq!(name, file);
        let error = Message::parse_datagram(bytes).expect_err(name);
        assert_eq!(error.problem, problem, "{name}");
        assert_eq!(error.answer(Some("t")).is_some(), answerable, "{name}");
        assert!(error.offset <= bytes.len(), "{name}");
    }
}

#[test]
fn liberties_of_the_grammar_do_not_hide_values() {
    let message = accepted("invite_with_every_liberty_of_the_grammar");
    let headers = message.headers();
    assert_eq!(headers.typed::<To>().unwrap().tag(), Some("19ab"));
    let from: From = headers.typed().unwrap();
    assert_eq!(from.display().as_deref(), Some(r#"T. "Tester" \"#));
    assert_eq!(from.tag(), Some("98a"));
    let vias: Vec<_> = headers.typed_list::<Via>().map(Result::unwrap).collect();
    let hosts: Vec<_> = vias.iter().map(|v| (v.host, v.branch().unwrap())).collect();
    assert_eq!(hosts[0], ("192.0.2.2", "390skd"));
    assert_eq!(hosts[1], ("relay.voice.example", "z9hG4bK9ik8"));
    assert_eq!(hosts[2], ("192.0.2.33", "z9hG4bKa7c6a8dlze"));
    let contact: Contact = headers.typed().unwrap();
    assert_eq!(contact.q(), 330);
    assert_eq!(
        contact.address().unwrap().params.get("newparam"),
        Some("newvalue")
    );
    assert_eq!(headers.get("Subject"), Some(""));
    assert_eq!(&message.body()[..], b"v=0\n");
}

#[test]
fn odd_uris_are_read_in_parts() {
    let Message::Request(request) = accepted("every_token_character_in_names_and_methods") else {
        panic!("a response");
    };
    let uri = Uri::parse(request.uri()).unwrap();
    assert_eq!(uri.user(), Some("1_unusual.URI~(host-parts)!;with"));
    assert_eq!(
        uri.password(),
        Some("&it+has=1,weird!*pas$wo~d_too.(oh-yes)")
    );
    assert_eq!(uri.host(), "voice.example");
    let Message::Request(request) = accepted("escaped_nul_and_at_sign_in_uri_user") else {
        panic!("a response");
    };
    let uri = Uri::parse(request.uri()).unwrap();
    assert_eq!(uri.user_text().as_deref(), Some("user@branch\0"));
}

#[test]
fn c48_blanks_around_event_parameters_are_read() {
    let message = accepted("notify_with_blanks_around_event_parameters");
    let event: Event = message.headers().typed().unwrap();
    assert_eq!((event.package, event.id()), ("refer", Some("93809823")));
    let state: SubscriptionState = message.headers().typed().unwrap();
    assert_eq!((state.state, state.expires()), (State::Active, Some(60)));
}

#[test]
fn compact_refer_to_keeps_its_escapes() {
    let message = accepted("compact_form_of_everything");
    let target: ReferTo = message.headers().typed().unwrap();
    let uri = target.parsed_uri().unwrap();
    assert_eq!(
        uri.header_part(),
        "Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2"
    );
    assert_eq!(
        uri.header("replaces").as_deref(),
        Some("x@y;to-tag=1;from-tag=2")
    );
}

#[test]
fn commas_in_quotes_do_not_make_contacts() {
    let message = accepted("commas_and_semicolons_in_quotes");
    let contacts: Vec<_> = message
        .headers()
        .typed_list::<Contact>()
        .map(Result::unwrap)
        .collect();
    let uris: Vec<_> = contacts.iter().map(|c| c.address().unwrap().uri).collect();
    assert_eq!(uris, ["sip:j@192.0.2.10", "sip:k@192.0.2.11"]);
}

#[test]
fn a_multipart_body_is_taken_apart() {
    let message = accepted("multipart_with_sdp_and_a_referral");
    let kind = message.headers().get(Name::ContentType).unwrap();
    let parts = multipart_parts(kind, message.body()).unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].body, b"v=0");
    assert_eq!(parts[1].headers.get("Content-ID"), Some("<f@x>"));
    assert_eq!(parts[1].body, b"SIP/2.0 200 OK");
}
