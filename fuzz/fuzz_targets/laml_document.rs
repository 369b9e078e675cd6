//! What holds for every TwiML and cXML document, whoever wrote it.

use hookflash_dialects::{CallFacts, CallState, Dialect, Document, HttpRequest, Moment};
use hookflash_program::{Diagnostic, Hook, Prompt, SpeechText, Verb};

/// Reads the bytes as this dialect does, in every way a reply can be read.
pub fn check(dialect: Dialect, body: &[u8]) {
    let types = [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/xml; charset=iso-8859-1"),
    ];
    for content_type in types {
        match dialect.parse(Document {
            body,
            content_type,
            first: true,
        }) {
            Err(error) => {
                assert!(!error.code().is_empty());
                error.diagnostics.iter().for_each(remark_is_sound);
            }
            Ok(program) => {
                program.warnings.iter().for_each(remark_is_sound);
                for step in &program.steps {
                    verb_is_sound(dialect, &step.verb);
                }
            }
        }
    }
}

fn remark_is_sound(remark: &Diagnostic) {
    assert!(
        remark.position.line >= 1 && remark.position.column >= 1,
        "{remark}"
    );
    assert!(!remark.message.contains(['\r', '\n']), "{remark:?}");
}

fn verb_is_sound(dialect: Dialect, verb: &Verb) {
    match verb {
        Verb::Refer(refer) => {
            let breaks_out = refer.target.chars().any(char::is_control);
            assert!(!breaks_out || refer.defect.is_some(), "{:?}", refer.target);
            refer
                .result
                .iter()
                .for_each(|hook| hook_is_sound(dialect, hook));
        }
        Verb::Redirect(redirect) => hook_is_sound(dialect, &redirect.hook),
        Verb::Prompts(prompts) => {
            for prompt in &prompts.items {
                prompt_is_sound(dialect, prompt);
            }
        }
        Verb::Gather(gather) => {
            for prompt in &gather.prompts {
                prompt_is_sound(dialect, prompt);
            }
            gather
                .result
                .iter()
                .for_each(|hook| hook_is_sound(dialect, hook));
        }
        Verb::Record(record) => {
            for hook in record.result.iter().chain(&record.announce.hook) {
                hook_is_sound(dialect, hook);
            }
        }
        Verb::StartStream(stream) | Verb::ConnectStream(stream) => {
            if let Ok(request) = dialect.stream_request(&call(dialect), "", stream) {
                request_is_sound(&request);
            }
            let mut messages = dialect.stream_protocol(&call(dialect), stream, "sid");
            messages.opening();
            messages.closing();
        }
        _ => {}
    }
}

fn prompt_is_sound(dialect: Dialect, prompt: &Prompt) {
    match prompt {
        Prompt::Speech(speech) => match &speech.text {
            SpeechText::Ssml(ssml) => {
                assert!(ssml.starts_with("<speak>") && ssml.ends_with("</speak>"));
            }
            SpeechText::Plain(plain) => assert!(!plain.is_empty()),
        },
        Prompt::Audio(audio) => {
            let base = "http://127.0.0.1:3000/a";
            if let Ok(request) = dialect.audio_request(&call(dialect), base, audio)
                && !request.url.starts_with("file:")
            {
                request_is_sound(&request);
            }
        }
        _ => {}
    }
}

/// A request line cannot be broken by what a document says, and the fragment stays at home.
fn hook_is_sound(dialect: Dialect, hook: &Hook) {
    let moment = Moment::Redirected(hook);
    if let Ok(Some(request)) = dialect.request(&call(dialect), "http://127.0.0.1:3000/a", &moment) {
        request_is_sound(&request);
    }
}

fn request_is_sound(request: &HttpRequest) {
    assert!(
        request.url.bytes().all(|byte| byte.is_ascii_graphic()),
        "{}",
        request.url
    );
    assert!(!request.url.contains('#'), "{}", request.url);
    for (_, value) in request.headers_for(&request.url, 0) {
        assert!(!value.contains(['\r', '\n']), "{value:?}");
    }
}

fn call(dialect: Dialect) -> CallFacts {
    crate::call::call(dialect, CallState::Ringing)
}
