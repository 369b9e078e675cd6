//! BXML documents: what runs, what is refused and what is wrong.

use std::time::Duration;

use hookflash_dialects::{Dialect, Document, bxml};
use hookflash_program::{
    Answering, Continuation, EndOfProgram, Hangup, Hook, HookMethod, Pause, Redirect, ReferTiming,
    ReferredBy, Tag, TargetRule, Verb,
};

use crate::example::{self, only_refer, only_verb};

fn response(verbs: &str) -> String {
    format!("<Response>{verbs}</Response>")
}

fn errors(text: &str) -> Vec<String> {
    example::errors(Dialect::Bxml, text)
}

fn assert_valid(verbs: &str) {
    let text = response(verbs);
    if let Err(error) = example::parse(Dialect::Bxml, &text) {
        panic!("{text}: {error}");
    }
}

#[test]
fn a_target_that_cannot_be_referred_to_is_remarked_and_the_document_runs() {
    for target in ["mailto:bob@example.com", "+4930123456"] {
        let text = response(&format!("\n<Refer><SipUri>{target}</SipUri></Refer>"));
        let program = example::parse(Dialect::Bxml, &text).unwrap();
        let [remark] = program.warnings.as_slice() else {
            panic!("{target}: {:?}", program.warnings)
        };
        assert_eq!(remark.position.to_string(), "2:8", "{target}");
        assert!(
            remark.message.ends_with("the transfer will fail"),
            "{target}"
        );
    }
}

#[test]
fn bxml_refer_is_read_with_all_that_it_says() {
    let refer = only_refer(
        Dialect::Bxml,
        "<Response><Refer referCompleteUrl=\" /done?a=1&amp;b=2 \" referCompleteMethod=\"get\" \
         tag=\"t1\"><SipUri>\n  sip:alice@example.com?X-A=b%20c&amp;User-to-User=1\n</SipUri></Refer>\
         </Response>",
    );
    assert_eq!(
        refer.target,
        "sip:alice@example.com?X-A=b%20c&User-to-User=1"
    );
    assert_eq!(refer.target_rule, TargetRule::Uri);
    let hook = Hook {
        method: HookMethod::Get,
        ..Hook::post("/done?a=1&b=2")
    };
    assert_eq!(refer.result, Some(hook));
    assert_eq!(refer.tag.as_deref(), Some("t1"));
    assert_eq!(refer.progress, None);
    assert_eq!(refer.referred_by, ReferredBy::LocalParty);
    assert!(refer.headers.is_empty() && refer.defect.is_none() && refer.id.is_none());
    assert!(!refer.outbound_allowed);
    assert_eq!(refer.timing, ReferTiming::FromAcceptance);
}

#[test]
fn what_a_message_shows_of_a_document_is_short_and_without_control_characters() {
    let long = "x".repeat(70);
    for text in [
        format!("<{long}/>"),
        response(&format!("<{long}/>")),
        response(&format!("<Hangup {long}='1'/>")),
        response(&format!("<Hangup><{long}/></Hangup>")),
        response(&format!("<Pause duration='&#x9b;2J{long}'/>")),
        response(&format!("<Redirect redirectUrl='ftp://&#x9b;/{long}'/>")),
        response(&format!(
            "<Transfer><PhoneNumber>&#x9b;{long}</PhoneNumber></Transfer>"
        )),
    ] {
        let [message] = errors(&text).try_into().expect("one error");
        assert!(message.contains('…') && message.len() < 200, "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn bxml_errors_never_tell_the_password_of_a_url() {
    for verb in [
        "<Redirect redirectUrl='ftp://ada:secret@app.example.com/x'/>",
        "<StartStream destination='http://ada:secret@app.example.com/x'/>",
    ] {
        let [message] = errors(&response(verb)).try_into().expect("one error");
        assert!(message.contains("://app.example.com/x"), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn after_a_refer_success_hangs_up_and_failure_goes_on() {
    for attribute in ["", " referCompleteUrl='/done'"] {
        let document = response(&format!(
            "<Refer{attribute}><SipUri>sip:a@b</SipUri></Refer>"
        ));
        let refer = only_refer(Dialect::Bxml, &document);
        assert_eq!(refer.on_success, Continuation::HangUp);
        assert_eq!(
            refer.on_failure,
            Continuation::Reply {
                empty_reply_goes_on: false
            }
        );
        assert_eq!(refer.result.is_some(), !attribute.is_empty());
    }
}

#[test]
fn a_refer_answers_the_call_first_and_a_hangup_does_not() {
    let text = response("<Refer><SipUri>sip:a@b</SipUri></Refer><Pause/><Hangup/><Tag/>");
    let program = example::parse(Dialect::Bxml, &text).unwrap();
    let answering: Vec<_> = program.steps.iter().map(|step| step.answering).collect();
    let wanted = [
        Answering::Answer,
        Answering::Answer,
        Answering::Leave,
        Answering::Leave,
    ];
    assert_eq!(answering, wanted);
    assert_eq!(program.end, EndOfProgram::HangUpOrRefuse(603));
}

#[test]
fn the_sip_uri_of_a_refer_may_carry_the_attributes_that_the_libraries_write() {
    let refer = only_refer(
        Dialect::Bxml,
        "<Response><Refer><SipUri uui='x' transferAnswerUrl='not a url' username='u' \
         transferDisconnectMethod='PUT' tag='t'>sip:a@b</SipUri></Refer></Response>",
    );
    assert_eq!(refer.target, "sip:a@b");
    assert_eq!(refer.tag, None);
}

#[test]
fn bxml_refer_needs_exactly_one_sip_uri() {
    let exactly = |found| {
        vec![format!(
            "1:11 <Refer> needs exactly one <SipUri>, found {found}"
        )]
    };
    assert_eq!(errors(&response("<Refer/>")), exactly(0));
    let two = "<Refer><SipUri>sip:a@b</SipUri><SipUri>sip:c@d</SipUri></Refer>";
    assert_eq!(errors(&response(two)), exactly(2));
    assert_eq!(
        errors(&response("<Refer><SipUri> </SipUri></Refer>")),
        ["1:18 <SipUri>: the SIP URI to transfer to is missing"]
    );
    let numbers = errors(&response(
        "<Refer><PhoneNumber>+15551234567</PhoneNumber></Refer>",
    ));
    assert_eq!(
        numbers[0],
        "1:18 <PhoneNumber> must not stand in <Refer> (it takes SipUri)"
    );
}

#[test]
fn bxml_pause_lasts_from_a_tenth_of_a_second_to_a_day() {
    let pause = |text: &str| only_verb(Dialect::Bxml, &response(text));
    let of = |milliseconds| {
        Verb::Pause(Pause {
            length: Duration::from_millis(milliseconds),
        })
    };
    assert_eq!(pause("<Pause/>"), of(1000));
    assert_eq!(pause("<Pause duration='0.1'/>"), of(100));
    assert_eq!(pause("<Pause duration='2.5'/>"), of(2500));
    assert_eq!(pause("<Pause duration='86400'/>"), of(86_400_000));
    for wrong in ["0", "0.05", "86400.1", "-1", "1e3", "inf", "NaN", "", "two"] {
        let found = errors(&response(&format!("<Pause duration='{wrong}'/>")));
        let wanted =
            format!("1:18 <Pause> duration: `{wrong}` found, seconds from 0.1 to 86400 wanted");
        assert_eq!(found, [wanted]);
    }
}

#[test]
fn bxml_hangup_takes_nothing() {
    let hangup = only_verb(Dialect::Bxml, &response("<Hangup/>"));
    assert_eq!(hangup, Verb::Hangup(Hangup::default()));
    assert_eq!(
        errors(&response("<Hangup>now</Hangup>")),
        ["1:19 <Hangup> takes no text"]
    );
    assert_eq!(
        errors(&response("<Hangup reason='x'/>")),
        ["1:19 <Hangup> has no attribute `reason`"]
    );
}

#[test]
fn bxml_redirect_is_read_with_fallback_and_credentials() {
    let redirect = only_verb(
        Dialect::Bxml,
        "<Response><Redirect redirectUrl='next' redirectMethod='GET' username='u' password='p' \
         redirectFallbackUrl='https://b/x' fallbackUsername='fu' fallbackPassword='fp' tag=''/>\
         </Response>",
    );
    let fallback = Hook {
        credentials: Some(("fu".to_owned(), "fp".to_owned())),
        ..Hook::post("https://b/x")
    };
    let hook = Hook {
        url: "next".to_owned(),
        method: HookMethod::Get,
        credentials: Some(("u".to_owned(), "p".to_owned())),
        fallback: Some(Box::new(fallback)),
    };
    let wanted = Redirect {
        hook,
        status_hook: None,
        tag: Some(String::new()),
    };
    assert_eq!(redirect, Verb::Redirect(Box::new(wanted)));
}

#[test]
fn bxml_redirect_needs_a_url() {
    assert_eq!(
        errors(&response("<Redirect/>")),
        ["1:11 <Redirect> needs the attribute `redirectUrl`"]
    );
    assert_eq!(
        errors(&response("<Redirect redirectUrl=' '/>")),
        ["1:21 <Redirect> redirectUrl: must not be blank"]
    );
    assert_eq!(
        errors(&response("<Redirect redirectUrl='ftp://a/b'/>")),
        ["1:21 <Redirect> redirectUrl: `ftp://a/b` is neither an http(s) URL nor a relative one"]
    );
}

#[test]
fn bxml_tag_is_trimmed_and_a_blank_one_clears() {
    let tag = |text: &str| only_verb(Dialect::Bxml, &response(text));
    assert_eq!(
        tag("<Tag> a <![CDATA[<b>]]> </Tag>"),
        Verb::Tag(Tag::Text("a <b>".to_owned()))
    );
    assert_eq!(tag("<Tag/>"), Verb::Tag(Tag::Text(String::new())));
    let long = format!("<Tag>{}</Tag>", "x".repeat(257));
    assert_eq!(
        errors(&response(&long)),
        ["1:11 <Tag>: has 257 characters; at most 256 are allowed"]
    );
}

#[test]
fn user_to_user_headers_may_have_350_characters_in_all() {
    let forward = |uui: usize| {
        response(&format!(
            "<Forward to='sip:a@b' uui='{}'/>",
            "x".repeat(uui)
        ))
    };
    assert_eq!(errors(&forward(351)).len(), 1);
    assert!(example::parse(Dialect::Bxml, &forward(350)).is_ok());
}

/// One valid document per verb that this release understands and refuses.
#[test]
fn every_other_verb_is_understood_and_refused_when_it_runs() {
    let documents = [
        "<Transfer transferCallerId='+15551234567' callTimeout='30' diversionTreatment='stack' \
         diversionReason='away' transferCompleteUrl='/c' transferCompleteFallbackUrl='/f' \
         username='u' fallbackPassword='p' transferCallerDisplayName='Ada' tag='t'>\
         <PhoneNumber transferAnswerUrl='/a' transferDisconnectUrl='/d'>+15557654321</PhoneNumber>\
         <SipUri uui='aGk=;encoding=base64'>sip:a@b</SipUri></Transfer>",
        "<Forward to='+15551234567' from='+15557654321' callTimeout='10' uui='x' \
         diversionTreatment='none' diversionReason='no-answer'/>",
        "<Bridge bridgeCompleteUrl='/b' bridgeTargetCompleteUrl='/t'>c-1</Bridge>",
        "<Conference mute='true' hold='false' callIdsToCoach='c-1,c-2' conferenceEventUrl='/e' \
         tag='t'>room-1.a_b</Conference>",
        "<Connect eventCallbackUrl='/c' eventFallbackUrl='/f'><Endpoint>e-1</Endpoint></Connect>",
    ];
    let mut refused = Vec::new();
    for document in documents {
        match only_verb(Dialect::Bxml, &response(document)) {
            Verb::Unrunnable(unrunnable) => {
                assert_eq!(unrunnable.code, "application-error");
                assert!(
                    unrunnable.reason.contains("not part of this release"),
                    "{document}"
                );
                refused.push(unrunnable.verb);
            }
            other => panic!("{document}: {other:?}"),
        }
    }
    let support = bxml::support();
    let listed = support
        .iter()
        .filter(|(_, state, _)| *state == "refused")
        .map(|entry| entry.0);
    assert_eq!(refused, listed.collect::<Vec<_>>());
}

#[test]
fn values_out_of_their_range_are_errors() {
    let wrong = [
        "<Transfer callTimeout='301'><PhoneNumber>+15551234567</PhoneNumber></Transfer>",
        "<Transfer><PhoneNumber>555</PhoneNumber></Transfer>",
        "<Transfer/>",
        "<Transfer diversionReason='bored'><SipUri>sip:a@b</SipUri></Transfer>",
        "<Transfer transferCallerId='me'><SipUri>sip:a@b</SipUri></Transfer>",
        "<Forward/>",
        "<Bridge/>",
        "<Ring answerCall='yes'/>",
        "<SpeakSentence> </SpeakSentence>",
        "<PlayAudio/>",
        "<Gather maxDigits='51'/>",
        "<Gather maxDigits='1.5'/>",
        "<Gather firstDigitTimeout='61'/>",
        "<Gather interDigitTimeout='0.9'/>",
        "<Gather interDigitTimeout='61'/>",
        "<Gather maxDigits='0'/>",
        "<Ring duration='0'/>",
        "<Gather terminatingDigits='x'/>",
        "<Gather><Pause/></Gather>",
        "<Gather repeatCount='11'><PlayAudio>/a</PlayAudio><PlayAudio>/b</PlayAudio></Gather>",
        "<StartGather/>",
        "<Record maxDuration='10801'/>",
        "<Record fileFormat='ogg'/>",
        "<StartStream destination='http://a/b'/>",
        "<StopStream/>",
        "<Gather input='voice'/>",
        "<Gather speechTimeout='61'/>",
        "<SendDtmf>1</SendDtmf><SendDtmf toneInterval='5001'>1</SendDtmf>",
        "<Conference>a room</Conference>",
        "<SendDtmf toneDuration='49'>1</SendDtmf>",
        "<SendDtmf>x</SendDtmf>",
        "<Refer referCompleteMethod='PUT'><SipUri>sip:a@b</SipUri></Refer>",
    ];
    for verbs in wrong {
        let text = response(verbs);
        let error = example::parse(Dialect::Bxml, &text).expect_err(&text);
        assert_eq!(error.code(), "invalid-bxml");
        assert_eq!(error.diagnostics.len(), 1, "{text}: {error}");
    }
}

#[test]
fn a_misspelt_name_is_answered_with_the_one_that_was_meant() {
    assert_eq!(
        errors(&response("<Reffer/>")),
        ["1:11 <Reffer> is no BXML verb (did you mean <Refer>?)"]
    );
    assert_eq!(
        errors(&response("<Say>hello</Say>")),
        ["1:11 <Say> is no BXML verb"]
    );
    assert_eq!(
        errors(&response(
            "<Refer referCompletUrl='/x'><SipUri>sip:a@b</SipUri></Refer>"
        )),
        ["1:18 <Refer> has no attribute `referCompletUrl` (did you mean `referCompleteUrl`?)"]
    );
    assert_eq!(
        errors(&response(
            "<Refer action='/x'><SipUri>sip:a@b</SipUri></Refer>"
        )),
        ["1:18 <Refer> has no attribute `action` \
          (it has referCompleteUrl, referCompleteMethod, tag)"]
    );
    assert_eq!(
        errors("<response/>"),
        ["1:1 the root element is <response>; it has to be <Response> (did you mean <Response>?)"]
    );
}

#[test]
fn all_errors_are_told_at_once_with_their_places() {
    let text =
        "<Response>\n  <Say>é</Say> oops\n  <Pause duration='x'\n    until='y'/>\n</Response>";
    assert_eq!(
        errors(text),
        [
            "2:3 <Say> is no BXML verb",
            "2:16 <Response> takes no text",
            "3:10 <Pause> duration: `x` found, seconds from 0.1 to 86400 wanted",
            "4:5 <Pause> has no attribute `until` (it has duration)",
        ]
    );
}

#[test]
fn both_roots_an_empty_document_and_foreign_namespaces_are_fine() {
    assert_eq!(example::parse(Dialect::Bxml, "<Bxml/>").unwrap().steps, []);
    let decorated = "\u{feff}<?xml version='1.0' encoding='UTF-8'?><!-- c --><Response \
                     xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
                     xsi:noNamespaceSchemaLocation='b.xsd'><?pi x?><Hangup/></Response>";
    assert_eq!(
        example::parse(Dialect::Bxml, decorated)
            .unwrap()
            .steps
            .len(),
        1
    );
    assert_valid("");
}

#[test]
fn what_is_no_document_gets_an_error_of_its_own() {
    assert!(errors("")[0].starts_with("1:1 the document is empty"));
    assert!(errors(" \n ")[0].starts_with("1:1 the document is empty"));
    let json = "{\"verb\":\"say\"}";
    assert!(errors(json)[0].starts_with("1:1 the document is not well-formed"));
    assert_eq!(
        errors("<Response><Refer></Response>"),
        ["1:18 `</Response>` closes an element, but `Refer` is open \
             (close elements in the reverse order of opening them)"]
    );
    assert_eq!(
        errors("<Response><Redirect redirectUrl='/x?a=1&b=2'/></Response>"),
        ["1:40 `&` starts a reference, and none follows (write `&` as `&amp;`, in URLs too)"]
    );
    assert!(errors("<Response><a:Say/></Response>")[0].contains("`a:` is not declared"));
    let dtd = "<!DOCTYPE r [<!ENTITY a 'b'>]><Response>&a;</Response>";
    assert!(errors(dtd)[0].starts_with("1:1 a document type declaration is not allowed"));
    let latin1 = b"<Response>\n<Tag>\xe9</Tag></Response>";
    let document = Document {
        body: latin1,
        content_type: None,
        first: true,
    };
    let error = Dialect::Bxml.parse(document).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2:6: error[invalid-bxml]: the document is not UTF-8 (send it as UTF-8)"
    );
}

#[test]
fn sixty_four_kilobytes_are_read_and_not_one_byte_more() {
    let padded = |bytes: usize| format!("<Response>{}</Response>", " ".repeat(bytes - 21));
    assert!(example::parse(Dialect::Bxml, &padded(64 * 1024)).is_ok());
    assert_eq!(
        errors(&padded(64 * 1024 + 1)),
        ["1:1 the document has 65537 bytes; BXML may have at most 65536"]
    );
}

#[test]
fn deep_nesting_and_a_flood_of_errors_are_survived() {
    let deep = format!("<Response>{}", "<a>".repeat(20_000));
    assert!(!errors(&deep).is_empty());
    let closed = format!(
        "<Response>{}{}</Response>",
        "<a>".repeat(9000),
        "</a>".repeat(9000)
    );
    assert_eq!(errors(&closed), ["1:11 <a> is no BXML verb"]);
    let speech = "<b>".repeat(9000) + "x" + &"</b>".repeat(9000);
    assert_valid(&format!("<SpeakSentence>{speech}</SpeakSentence>"));
    let flood = response(&"<b/>".repeat(16_000));
    assert_eq!(errors(&flood).len(), 50);
}

#[test]
fn a_step_knows_its_name_and_place() {
    let program = example::parse(
        Dialect::Bxml,
        "<Response>\n <Pause/>\n <Hangup/></Response>",
    )
    .unwrap();
    let places: Vec<_> = program
        .steps
        .iter()
        .map(|step| format!("{} {}", step.name, step.position))
        .collect();
    assert_eq!(places, ["Pause 2:2", "Hangup 3:2"]);
}
