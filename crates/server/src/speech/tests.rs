//! The thread with engines as the configuration makes them: scripts and a service on loopback.

use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::routing::post;
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::config::Config;

struct Stage {
    folder: TempDir,
    speech: Arc<Speech>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Stage {
    /// `FOLDER` in the text is a folder with the script `engine`, which says in `heard` what it
    /// was told and answers with half a second of sound.
    fn new(name: &str, text: &str) -> Stage {
        let prefix = format!("hookflash-speech-{name}-");
        let scratch = TempDir::with_prefix(prefix).unwrap();
        let folder = scratch.path();
        let samples = vec![77_i16; 8_000];
        let mut wav = hookflash_audio::wav::header(1, 16_000, 16_000).to_vec();
        hookflash_audio::wav::interleave(&[&samples], &mut wav);
        std::fs::write(folder.join("sound.wav"), wav).unwrap();
        // Written by another process, so that no child of this one has it open.
        let script = "#!/bin/sh\nhere=$(dirname \"$0\")\necho \"$2\" >>\"$here/voices\"\n\
             cat >>\"$here/heard\"\ncp \"$here/sound.wav\" \"$6\"\n";
        let written = Command::new("/bin/sh")
            .args(["-c", "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(folder.join("engine"))
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        let text = text.replace("FOLDER", &folder.to_string_lossy());
        let setup = setup(&text, folder);
        let (speech, jobs) = Speech::new(&setup.settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let stopped = async {
                let _ = stopped.await;
            };
            tokio::task::LocalSet::new().block_on(&runtime, run(setup, jobs, stopped));
        });
        Stage {
            folder: scratch,
            speech,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    async fn say(&self, text: &str, voice: Voice) -> Result<Arc<Clip>, SpeechError> {
        let text = SpeechText::Plain(text.to_owned());
        self.speech.speak(text, voice).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn setup(text: &str, folder: &Path) -> Setup {
    let config = Config::from_parts("t", text, folder, &[], &Default::default());
    (&config.unwrap()).into()
}

const LOCAL: &str = r#"
[[speech.engines]]
type = "flite"
name = "local"
path = "FOLDER/engine"
"#;

async fn serving(router: Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_text_is_spoken_once_by_the_configured_program() {
    let stage = Stage::new("program", LOCAL);
    let both = tokio::join!(
        stage.say("Welcome", Voice::default()),
        stage.say("Welcome", Voice::default())
    );
    let (first, second) = (both.0.unwrap(), both.1.unwrap());
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!((first.rate(), first.samples().len()), (16_000, 8_000));
    assert_eq!(stage.read("heard"), "Welcome");
    assert_eq!(stage.speech.counts().spoken.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_usual_voice_is_for_those_who_ask_for_none() {
    let text = format!(
        "[speech]\nvoice = \"house\"\ngender = \"male\"\n\
         voices.house = {{ voice = \"kal16\" }}\n\
         voices.\"Polly.Joanna\" = {{ engine = \"local\", voice = \"awb\" }}\n{LOCAL}"
    );
    let stage = Stage::new("voices", &text);
    let named = |name: &str| Voice {
        name: Some(name.to_owned()),
        ..Voice::default()
    };
    stage.say("one", Voice::default()).await.unwrap();
    stage.say("two", named("Polly.Joanna")).await.unwrap();
    stage.say("three", named("nobody knows")).await.unwrap();
    assert_eq!(stage.read("voices"), "kal16\nawb\nrms\n");
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_and_the_thread_goes_on() {
    let stage = Stage::new("missing", &LOCAL.replace("engine\"", "nothing\""));
    for _ in 0..2 {
        let error = stage.say("x", Voice::default()).await.unwrap_err();
        let SpeechError::Failed(why) = error else {
            panic!("{error}");
        };
        assert!(why.starts_with("local: it cannot be started"), "{why}");
    }
    assert_eq!(stage.speech.counts().failed.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_changed_configuration_is_taken_over() {
    let stage = Stage::new("reload", &LOCAL.replace("engine\"", "nothing\""));
    assert!(stage.say("x", Voice::default()).await.is_err());
    let text = LOCAL.replace("FOLDER", &stage.folder.path().to_string_lossy());
    stage.speech.reload(setup(&text, stage.folder.path())).await;
    assert!(stage.say("x", Voice::default()).await.is_ok());
}

#[tokio::test]
async fn clips_are_kept_in_the_configured_folder() {
    let text = format!("[speech]\ncache = \"kept\"\ncache_size = \"1MiB\"\n{LOCAL}");
    let stage = Stage::new("cache", &text);
    stage.say("x", Voice::default()).await.unwrap();
    let kept = stage.folder.path().join("kept");
    let files = || {
        let names = std::fs::read_dir(&kept).unwrap().flatten();
        names
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".wav"))
            .count()
    };
    while files() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stage
        .speech
        .reload(setup(
            &text.replace("FOLDER", &stage.folder.path().to_string_lossy()),
            stage.folder.path(),
        ))
        .await;
    stage.say("x", Voice::default()).await.unwrap();
    assert_eq!(stage.read("heard"), "x");
}

#[tokio::test]
async fn a_service_is_asked_over_the_servers_own_client() {
    let answer = |headers: axum::http::HeaderMap, body: String| async move {
        assert_eq!(headers["authorization"], "Bearer k3y");
        assert!(body.contains("\"input\":\"Hello\""), "{body}");
        let mut wav = hookflash_audio::wav::header(1, 24_000, 2_400).to_vec();
        hookflash_audio::wav::interleave(&[&[5; 1_200]], &mut wav);
        ([("content-type", "audio/wav")], wav)
    };
    let address = serving(Router::new().route("/v1/audio/speech", post(answer))).await;
    let stage = Stage::new(
        "service",
        &format!(
            "[[speech.engines]]\ntype = \"openai\"\nurl = \"http://{address}/v1\"\nkey = \"k3y\"\n"
        ),
    );
    for voice in ["alloy", "onyx"] {
        let voice = Voice {
            name: Some(voice.to_owned()),
            ..Voice::default()
        };
        let clip = stage.say("Hello", voice).await.unwrap();
        assert_eq!((clip.rate(), clip.samples().len()), (24_000, 1_200));
    }
}

/// Tells how many samples it was sent.
async fn recognizer(stream: tokio::net::TcpStream) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let mut count = 0;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(bytes) => count += bytes.len() / 2,
            _ => break,
        }
    }
    let text = format!(
        "{{\"type\":\"Results\",\"is_final\":true,\"channel\":{{\"alternatives\":\
         [{{\"transcript\":\"{count} samples\",\"confidence\":0.5}}]}}}}"
    );
    socket.send(Message::text(text)).await.unwrap();
    let _ = socket.close(None).await;
}

#[tokio::test]
async fn speech_is_recognised_and_recordings_are_transcribed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(recognizer(stream));
        }
    });
    let text =
        format!("{LOCAL}[[speech.recognizers]]\ntype = \"websocket\"\nurl = \"ws://{address}\"\n");
    let stage = Stage::new("listen", &text);
    let listener = stage
        .speech
        .recognize(&Recognizer::default(), 8_000)
        .unwrap();
    for _ in 0..50 {
        listener.hear(&[1; 160]);
    }
    listener.finish();
    let heard = listener.next().await.unwrap().unwrap();
    assert_eq!((&*heard.text, heard.is_final), ("8000 samples", true));
    assert!(listener.next().await.is_none());

    let file = stage.folder.path().join("sound.wav");
    let wish = Recognizer::default();
    let heard = stage
        .speech
        .transcribe(wish.clone(), file, "audio/wav")
        .await;
    assert_eq!(heard.unwrap().text, "8000 samples");
    let missing = stage.folder.path().join("gone.wav");
    let error = stage
        .speech
        .transcribe(wish, missing, "audio/wav")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn without_a_recognizer_there_is_no_session() {
    let stage = Stage::new("deaf", LOCAL);
    let outcome = stage.speech.recognize(&Recognizer::default(), 8_000);
    assert_eq!(outcome.err(), Some(SpeechError::NoEngine));
}

fn told(found: &Found, list: &str) -> Vec<(String, String)> {
    let found = serde_json::to_value(found).unwrap();
    let text = |engine: &serde_json::Value, key: &str| engine[key].as_str().unwrap().to_owned();
    let engines = found[list].as_array().unwrap().iter();
    engines
        .map(|engine| (text(engine, "name"), text(engine, "state")))
        .collect()
}

#[tokio::test]
async fn the_operator_sees_who_speaks_who_failed_and_who_is_not_there() {
    let text = format!(
        "{LOCAL}\n[[speech.engines]]\ntype = \"flite\"\nname = \"gone\"\npath = \"FOLDER/gone\"\n\
         [[speech.engines]]\ntype = \"openai\"\nname = \"service\"\n\
         url = \"http://127.0.0.1:9/v1?key=secret\"\n"
    );
    let stage = Stage::new("found", &text);
    let states = |found: &Found| {
        told(found, "synthesizers")
            .into_iter()
            .map(|(_, state)| state)
    };
    let found = stage.speech.engines().await.unwrap();
    assert!(states(&found).eq(["untried", "missing", "untried"]));
    let json = serde_json::to_string(&found).unwrap();
    assert!(
        json.contains("127.0.0.1:9") && !json.contains("secret"),
        "{json}"
    );
    assert!(json.contains("add [[speech.recognizers]]"), "{json}");
    stage.say("x", Voice::default()).await.unwrap();
    std::fs::remove_file(stage.folder.path().join("engine")).unwrap();
    assert!(states(&stage.speech.engines().await.unwrap()).eq(["works", "missing", "untried"]));
    stage.say("y", Voice::default()).await.unwrap_err();
    let found = stage.speech.engines().await.unwrap();
    assert!(states(&found).eq(["failed"; 3]), "{found:?}");
}

#[tokio::test]
async fn the_operator_sees_that_a_recognizer_cannot_be_reached() {
    let text = "[[speech.recognizers]]\ntype = \"websocket\"\nname = \"live\"\n\
                url = \"ws://127.0.0.1:9/listen\"\n";
    let stage = Stage::new("deaf", text);
    let found = stage.speech.engines().await.unwrap();
    assert_eq!(
        told(&found, "recognizers"),
        [("live".into(), "untried".into())]
    );
    let listener = stage
        .speech
        .recognize(&Recognizer::default(), 8_000)
        .unwrap();
    assert!(listener.next().await.unwrap().is_err());
    assert!(listener.next().await.is_none());
    let found = stage.speech.engines().await.unwrap();
    assert_eq!(
        told(&found, "recognizers"),
        [("live".into(), "failed".into())]
    );
}
