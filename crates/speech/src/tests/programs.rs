//! Local programs, played by scripts.

use std::path::Path;
use std::time::Duration;

use hookflash_program::SpeechText;

use super::Scratch;
use super::stage::tone;
use crate::ssml::Script;
use crate::{EngineError, EspeakNg, Flite, Gender, ProcessLimits, Speaking, Synthesizer};

fn speaking(language: &str, gender: Gender) -> Speaking {
    Speaking {
        voice: None,
        language: language.to_owned(),
        gender,
    }
}

fn script(text: &str) -> Script {
    Script::read(&SpeechText::Plain(text.to_owned()))
}

fn ssml(text: &str) -> Script {
    Script::read(&SpeechText::Ssml(text.to_owned()))
}

fn limits(time: Duration) -> ProcessLimits {
    ProcessLimits {
        time,
        output: 1 << 20,
        at_a_time: 2,
    }
}

fn flite(path: &Path) -> Flite {
    Flite::at("flite", path, limits(Duration::from_secs(20)))
}

/// Writes what it was told beside itself and gives a tone of 500 ms.
fn recorder(scratch: &Scratch) -> std::path::PathBuf {
    std::fs::write(scratch.path().join("tone.wav"), tone(500)).unwrap();
    scratch.program(
        "engine",
        r#"here=$(dirname "$0")
for argument in "$@"; do printf '%s|' "$argument" >>"$here/arguments"; done
printf '\n' >>"$here/arguments"
cat >>"$here/input"; printf '\n' >>"$here/input"
env >"$here/environment"
while [ $# -gt 1 ]; do [ "$1" = -o ] && exec cp "$here/tone.wav" "$2"; shift; done
cat "$here/tone.wav""#,
    )
}

async fn say(
    engine: &dyn Synthesizer,
    script: &Script,
    speaking: &Speaking,
) -> Result<hookflash_audio::Clip, EngineError> {
    engine.synthesize(&engine.order(script, speaking)).await
}

#[tokio::test]
async fn flite_reads_text_from_its_input_and_never_from_its_arguments() {
    let scratch = Scratch::new();
    let engine = flite(&recorder(&scratch));
    let nasty = "Your code; $(reboot) `id` -o /etc/passwd 'quoted' \"too\"";
    let clip = say(&engine, &script(nasty), &speaking("en-US", Gender::Female)).await;
    assert_eq!(clip.unwrap().samples().len(), 8_000);
    assert_eq!(scratch.read("input").trim_end(), nasty);
    let arguments = scratch.read("arguments");
    let file = arguments
        .trim_end()
        .strip_prefix("-voice|slt|-f|/dev/stdin|-o|")
        .unwrap()
        .trim_end_matches('|');
    assert!(file.ends_with("speech.wav"), "{file}");
    let folder = Path::new(file).parent().unwrap();
    assert!(folder.is_absolute() && !folder.exists());
}

#[tokio::test]
async fn flite_speaks_pieces_with_pauses_and_rates() {
    let scratch = Scratch::new();
    let engine = flite(&recorder(&scratch));
    let text = ssml("<speak>a<break time='250ms'/><prosody rate='slow'>b</prosody></speak>");
    let clip = say(&engine, &text, &speaking("en-GB", Gender::Male))
        .await
        .unwrap();
    assert_eq!(clip.rate(), 16_000);
    assert_eq!(clip.samples().len(), 8_000 + 4_000 + 8_000);
    assert!(
        clip.samples()[8_000..12_000]
            .iter()
            .all(|sample| *sample == 0)
    );
    assert_eq!(scratch.read("input"), "a\nb\n");
    let arguments = scratch.read("arguments");
    let lines: Vec<&str> = arguments.lines().collect();
    assert!(
        lines[0].starts_with("-voice|awb|-f|/dev/stdin|-o|"),
        "{arguments}"
    );
    assert!(
        lines[1].contains("--setf|duration_stretch=1.333|"),
        "{arguments}"
    );
}

#[tokio::test]
async fn a_voice_that_is_a_path_or_an_option_is_not_let_through() {
    let scratch = Scratch::new();
    let path = recorder(&scratch);
    for voice in ["/etc/passwd", "http://example.com/v.flitevox", "--help", ""] {
        let wish = Speaking {
            voice: Some(voice.to_owned()),
            ..speaking("en-US", Gender::Male)
        };
        assert_eq!(flite(&path).order(&script("x"), &wish).voice, "rms");
        let espeak = EspeakNg::at("espeak-ng", &path, ProcessLimits::default());
        assert_eq!(espeak.order(&script("x"), &wish).voice, "en-us+m3");
    }
}

#[tokio::test]
async fn espeak_takes_ssml_in_the_voice_of_a_language() {
    let scratch = Scratch::new();
    let engine = EspeakNg::at("espeak-ng", recorder(&scratch), ProcessLimits::default());
    let text = ssml("<speak>Grüße &amp; <break time='1s'/>[[x]]</speak>");
    say(&engine, &text, &speaking("de-AT", Gender::Female))
        .await
        .unwrap();
    assert_eq!(
        scratch.read("arguments").trim_end(),
        "-v|de+f3|-m|-b|1|--stdin|--stdout|"
    );
    assert_eq!(
        scratch.read("input").trim_end(),
        "<speak>Grüße &amp; <break time=\"1000ms\"/>[ [x]]</speak>"
    );
    say(&engine, &script("a < b"), &speaking("pt-BR", Gender::Male))
        .await
        .unwrap();
    assert!(
        scratch
            .read("arguments")
            .ends_with("-v|pt-br+m3|-b|1|--stdin|--stdout|\n")
    );
    assert!(scratch.read("input").ends_with("a < b\n"));
}

#[tokio::test]
async fn espeak_falls_back_to_the_language_without_its_region() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path().join("tone.wav"), tone(100)).unwrap();
    let path = scratch.program(
        "engine",
        r#"[ "$2" = "fr+f3" ] || { echo "no such voice" >&2; exit 1; }
cat "$(dirname "$0")/tone.wav""#,
    );
    let engine = EspeakNg::at("espeak-ng", path, ProcessLimits::default());
    let clip = say(&engine, &script("oui"), &speaking("fr-CH", Gender::Female)).await;
    assert_eq!(clip.unwrap().samples().len(), 1_600);
}

#[tokio::test]
async fn an_engine_that_hangs_is_cut_off() {
    let scratch = Scratch::new();
    let path = scratch.program(
        "engine",
        r#"echo $$ >"$(dirname "$0")/pid"; exec sleep 600"#,
    );
    let engine = Flite::at("flite", &path, limits(Duration::from_millis(300)));
    let outcome = say(&engine, &script("x"), &speaking("en-US", Gender::Male)).await;
    assert_eq!(outcome.unwrap_err(), EngineError::Late);
    gone(&scratch).await;
}

#[tokio::test]
async fn dropping_the_wait_kills_and_reaps_the_program() {
    let scratch = Scratch::new();
    let path = scratch.program(
        "engine",
        r#"echo $$ >"$(dirname "$0")/pid"; exec sleep 600"#,
    );
    let engine = flite(&path);
    let (text, who) = (script("x"), speaking("en-US", Gender::Male));
    let started = async {
        while scratch.read("pid").trim().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        outcome = say(&engine, &text, &who) => panic!("{outcome:?}"),
        () = started => {}
    }
    gone(&scratch).await;
    assert!(!Path::new(scratch.read("file").trim()).exists());
}

/// Waits until a process is no more, not even as a zombie.
async fn gone(scratch: &Scratch) {
    let pid = scratch.read("pid").trim().to_owned();
    let place = Path::new("/proc").join(&pid);
    assert!(!pid.is_empty());
    for _ in 0..1_000 {
        if !place.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid} is still there");
}

#[tokio::test]
async fn an_engine_that_crashes_tells_its_words() {
    let scratch = Scratch::new();
    let path = scratch.program("engine", "echo 'out of phonemes' >&2; exit 3");
    let outcome = say(
        &flite(&path),
        &script("x"),
        &speaking("en-US", Gender::Male),
    )
    .await;
    let Err(EngineError::Crashed(words)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        words.contains("out of phonemes") && words.contains('3'),
        "{words}"
    );
}

#[tokio::test]
async fn garbage_and_nothing_are_errors() {
    let scratch = Scratch::new();
    for output in ["echo this is no audio >\"$6\"", "true"] {
        let path = scratch.program("engine", output);
        let outcome = say(
            &flite(&path),
            &script("x"),
            &speaking("en-US", Gender::Male),
        )
        .await;
        assert!(
            matches!(outcome, Err(EngineError::Garbage(_))),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_engine_that_floods_is_stopped() {
    let scratch = Scratch::new();
    for flood in [
        "exec cat /dev/zero",
        "cat /dev/zero >&2 & exec cat /dev/zero",
        "exec cat /dev/zero >\"$6\"",
    ] {
        let path = scratch.program(
            "engine",
            &format!(
                "here=$(dirname \"$0\"); echo $$ >\"$here/pid\"; echo \"$6\" >\"$here/file\"\n\
                 {flood}"
            ),
        );
        let engine = Flite::at("flite", &path, limits(Duration::from_secs(5)));
        let outcome = say(&engine, &script("x"), &speaking("en-US", Gender::Male)).await;
        let stopped = matches!(outcome, Err(EngineError::TooLong | EngineError::Late));
        assert!(stopped, "{outcome:?}");
        gone(&scratch).await;
        assert!(!Path::new(scratch.read("file").trim()).exists());
    }
}

#[tokio::test]
async fn a_program_that_does_not_read_is_no_trouble() {
    let scratch = Scratch::new();
    std::fs::write(scratch.path().join("tone.wav"), tone(100)).unwrap();
    let path = scratch.program("engine", r#"exec <&-; cp "$(dirname "$0")/tone.wav" "$6""#);
    let long = "many words ".repeat(5_000);
    let clip = say(
        &flite(&path),
        &script(&long),
        &speaking("en-US", Gender::Male),
    )
    .await;
    assert_eq!(clip.unwrap().samples().len(), 1_600);
}

#[tokio::test]
async fn a_missing_program_is_an_error() {
    let outcome = say(
        &flite(Path::new("/nonexistent/flite")),
        &script("x"),
        &speaking("en-US", Gender::Male),
    )
    .await;
    assert!(
        matches!(outcome, Err(EngineError::NotStarted(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn too_many_at_a_time_wait_and_then_fail() {
    let scratch = Scratch::new();
    let path = scratch.program("engine", "exec sleep 600");
    let engine = Flite::at("flite", &path, limits(Duration::from_millis(200)));
    let (text, who) = (script("x"), speaking("en-US", Gender::Male));
    let all = futures_util::future::join_all((0..12).map(|_| say(&engine, &text, &who))).await;
    assert!(all.iter().all(Result::is_err));
    assert!(all.iter().any(|one| matches!(one, Err(EngineError::Busy))));
}

#[tokio::test]
async fn a_program_knows_nothing_of_our_secrets() {
    let scratch = Scratch::new();
    let engine = flite(&recorder(&scratch));
    say(&engine, &script("x"), &speaking("en-US", Gender::Male))
        .await
        .unwrap();
    let environment = scratch.read("environment");
    let may_know = [
        "PATH",
        "HOME",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "ESPEAK_DATA_PATH",
        "LC_ALL",
        // The shell's own.
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    ];
    let names = environment
        .lines()
        .filter_map(|line| line.split('=').next());
    let others: Vec<&str> = names.filter(|name| !may_know.contains(name)).collect();
    assert!(
        environment.contains("LC_ALL") && others.is_empty(),
        "{others:?}"
    );
}

#[test]
fn programs_are_found_in_the_path_only() {
    let scratch = Scratch::new();
    let path = scratch.program("flite", "true");
    let folders = Some(scratch.path().as_os_str().to_owned());
    let found = Flite::found(folders.clone(), ProcessLimits::default()).unwrap();
    assert_eq!(found.path(), path);
    assert!(EspeakNg::found(folders, ProcessLimits::default()).is_none());
    assert!(Flite::found(None, ProcessLimits::default()).is_none());
}
