//! The `hookflash` command: arguments in, exit status and words out.
//!
//! Results go to standard output, logs and complaints to standard error. Exit status: 0 done,
//! 1 it failed while running, 2 wrong usage or configuration.

mod call;
mod check;
mod demo;
mod left_account;
mod outbox;
mod phone;
mod serve;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hookflash_dialects::Dialect;
use hookflash_media::Codec;
use hookflash_phone::{Keys, KeysBy, Moment, OnRefer, Registrar, Sound};
use hookflash_server::config::{Config, Options};
use hookflash_sip::Uri;

/// Transfers are made of hundreds of small pieces, some of which stay for 32 s; under steady load
/// this allocator needs less time for them than the system's (`bench/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Programmable voice that you host yourself, and call transfer that never lies.
#[derive(Parser)]
#[command(name = "hookflash", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How logs are written to standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Auto)]
    log: LogFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Text for people.
    Auto,
    /// The same.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(ServeArgs),
    /// Show the whole job on loopback, without any set-up.
    Demo(DemoArgs),
    /// Validate a call document.
    Check(CheckArgs),
    /// Validate or print the configuration.
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Place a call through a running server's API, and stay with it.
    Call(call::CallArgs),
    /// Show, replay or discard final callbacks that were not delivered.
    Outbox {
        #[command(subcommand)]
        action: outbox::OutboxAction,
    },
    /// A SIP phone for trying an application without a carrier.
    Phone(PhoneArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// Configuration file; `hookflash.toml` in the current folder if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer every call with the application at this URL.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The dialect it speaks: twiml, cxml, bxml or jambonz.
    #[arg(long, value_name = "DIALECT", requires = "webhook")]
    dialect: Option<Dialect>,
    /// Listen for SIP there, such as udp://127.0.0.1:5060; may be repeated.
    #[arg(long, value_name = "URL")]
    sip: Vec<String>,
    /// Listen for HTTP there, such as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Where records are kept.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

#[derive(Args)]
struct DemoArgs {
    /// Stay after the last call, so that the records can be looked at.
    #[arg(long)]
    stay: bool,
}

#[derive(Args)]
struct CheckArgs {
    /// The document; `-` reads standard input.
    file: PathBuf,
    /// twiml, cxml, bxml or jambonz; guessed from the document when absent.
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,
}

#[derive(Subcommand)]
enum ConfigAction {
    /// Say what is wrong with it.
    Check(ConfigArgs),
    /// Print the effective configuration, secrets masked.
    Print(ConfigArgs),
}

#[derive(Args)]
struct ConfigArgs {
    /// Configuration file; `hookflash.toml` in the current folder if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct PhoneArgs {
    /// Listen there.
    #[arg(long, value_name = "URL", default_value = "udp://127.0.0.1:0")]
    listen: String,
    /// Register there, as --username with --password, so that the phone can be called by name:
    /// sip:HOST:PORT.
    #[arg(long, value_name = "URI")]
    register: Option<String>,
    /// Host part of the address that is registered, when it is not the registrar's host.
    #[arg(long, value_name = "HOST", requires = "register")]
    domain: Option<String>,
    /// Call this SIP URI at once, and end when that call and what came of it are over.
    #[arg(long, value_name = "URI")]
    call: Option<String>,
    /// What to do when asked to call somebody else: accept, reject=CODE, fail=CODE, silent, bye
    /// or challenge.
    #[arg(long, value_name = "WHAT", default_value = "accept")]
    on_refer: OnRefer,
    /// How incoming calls are taken: 200 answers, another status refuses.
    #[arg(long, value_name = "STATUS", default_value_t = 200)]
    answer: u16,
    /// Ring this many milliseconds before that.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    ring: u64,
    /// Hang up this many milliseconds after a call was answered.
    #[arg(long, value_name = "MS")]
    hang_up_after: Option<u64>,
    /// User part of the phone's own address, and name for digest challenges.
    #[arg(long, default_value = "phone")]
    username: String,
    /// Password for digest challenges; better in the environment.
    #[arg(long, env = "HOOKFLASH_PHONE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// One JSON object per event.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sound: PhoneSound,
}

/// What the phone does with sound.
#[derive(Args)]
struct PhoneSound {
    /// Play this file when a call is answered: WAV, MP3, OGG Vorbis or G.711 without a header.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
    /// Keep what is heard in this WAV file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Press these keys when their moment has come: 0 to 9, *, #, A to D; w waits half a second,
    /// W and , a whole one. May be repeated: each waits for its own moment.
    #[arg(long, value_name = "KEYS")]
    digits: Vec<Keys>,
    /// How keys are sent: rfc4733, inband or info.
    #[arg(long, value_name = "HOW", default_value = "rfc4733")]
    dtmf: KeysBy,
    /// Press them so long after the answer, or the keys before, such as 2s or 500ms.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1s")]
    digits_after: Duration,
    /// Press them when something was heard and then nothing for so long, such as 800ms.
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "digits_after")]
    when_quiet: Option<Duration>,
    /// Codecs to offer and take, best first: PCMU, PCMA, L16, L16/16000, opus; may be repeated.
    #[arg(long, value_name = "NAME")]
    codec: Vec<Codec>,
}

/// `2s`, `1.5s`, `500ms`; a number alone is milliseconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, 0.001),
    };
    let seconds = number.trim().parse::<f64>().map(|number| number * unit);
    seconds
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write it like 2s or 500ms".to_owned())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(args) => {
            let options = Options {
                webhook: args.webhook,
                dialect: args.dialect,
                sip: args.sip,
                http: args.http,
                store: args.store,
            };
            serve::serve(args.config.as_deref(), &options, cli.log == LogFormat::Json)
        }
        Command::Demo(args) => demo::demo(args.stay),
        Command::Check(args) => check(&args),
        Command::Config { action } => match action {
            ConfigAction::Check(args) => config_check(&args),
            ConfigAction::Print(args) => config_print(&args),
        },
        Command::Call(args) => call::call(&args),
        Command::Outbox { action } => outbox::outbox(&action),
        Command::Phone(args) => phone(args),
    }
}

/// The exit status for wrong usage or configuration.
const WRONG_USAGE: u8 = 2;

/// Says what is wrong, and how the process ends because of it.
fn complain(message: impl std::fmt::Display, status: u8) -> ExitCode {
    eprintln!("hookflash: {message}");
    ExitCode::from(status)
}

/// Prints a result. A reader that went away (`| head`) is no error of ours.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn check(args: &CheckArgs) -> ExitCode {
    let bytes = if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    } else {
        std::fs::read(&args.file)
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            return complain(
                format_args!("{}: {error}", args.file.display()),
                WRONG_USAGE,
            );
        }
    };
    let checked = check::check(&args.file, &bytes, args.dialect);
    print(&checked.report);
    if checked.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn config_check(args: &ConfigArgs) -> ExitCode {
    match Config::load(args.config.as_deref(), &Options::default()) {
        Ok(config) => {
            for warning in &config.warnings {
                eprintln!("warning: {warning}");
            }
            print("the configuration is valid\n");
            ExitCode::SUCCESS
        }
        Err(errors) => complain(errors, WRONG_USAGE),
    }
}

fn config_print(args: &ConfigArgs) -> ExitCode {
    match Config::load(args.config.as_deref(), &Options::default()) {
        Ok(config) => {
            print(&config.print());
            ExitCode::SUCCESS
        }
        Err(errors) => complain(errors, WRONG_USAGE),
    }
}

fn phone(args: PhoneArgs) -> ExitCode {
    let as_json = args.json;
    let asked = listen_address(&args.listen).and_then(|listen| Ok((listen, script(args)?)));
    match asked {
        Ok((listen, script)) => phone::phone(listen, script, as_json),
        Err(why) => complain(why, WRONG_USAGE),
    }
}

fn listen_address(url: &str) -> Result<SocketAddr, String> {
    let address = url.strip_prefix("udp://").map(str::parse);
    address.and_then(Result::ok).ok_or_else(|| {
        format!("`{url}` cannot be listened on; the phone speaks UDP, such as udp://127.0.0.1:5090")
    })
}

/// What the phone is to do.
///
/// # Errors
/// A sentence that names the option which cannot be followed.
fn script(args: PhoneArgs) -> Result<hookflash_phone::Script, String> {
    if args.answer != 200 && !(300..700).contains(&args.answer) {
        return Err("--answer takes 200, or 300 to 699 to refuse".to_owned());
    }
    if let Some(uri) = &args.call
        && let Err(error) = Uri::borrowed(uri)
    {
        return Err(format!(
            "--call: `{uri}` is no SIP URI ({error}); write sip:USER@HOST:PORT, such as \
             sip:support@127.0.0.1:5060"
        ));
    }
    let register = args.register.as_deref();
    let register = register
        .map(|uri| Registrar::new(uri, args.domain.as_deref()))
        .transpose()
        .map_err(|why| format!("--register: {why}"))?;
    // Without a password nobody can answer the challenge, which is a far end worth trying too.
    let password = args.password.or_else(|| {
        matches!(args.on_refer, OnRefer::Challenge).then(|| format!("{:016x}", phone::rand_seed()))
    });
    Ok(hookflash_phone::Script {
        user: args.username.clone(),
        register,
        call: args.call,
        answer: hookflash_phone::Answer {
            status: args.answer,
            ring: Duration::from_millis(args.ring),
        },
        on_refer: args.on_refer,
        hang_up_after: args.hang_up_after.map(Duration::from_millis),
        credentials: password.map(|password| hookflash_sip::Credentials {
            username: args.username,
            password,
            realm: None,
        }),
        sound: sound(args.sound)?,
        ..hookflash_phone::Script::default()
    })
}

fn sound(args: PhoneSound) -> Result<Sound, String> {
    let play = args.play.as_deref().map(phone::clip).transpose()?;
    let codecs = match args.codec {
        none if none.is_empty() => Sound::default().codecs,
        codecs => codecs,
    };
    Ok(Sound {
        codecs,
        play,
        record: args.record,
        keys: args.digits,
        keys_by: args.dtmf,
        keys_at: match args.when_quiet {
            Some(quiet) => Moment::Quiet(quiet),
            None => Moment::After(args.digits_after),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_and_without_a_unit() {
        for (text, millis) in [("2s", 2_000), ("1.5s", 1_500), ("500ms", 500), ("80", 80)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "soon", "nans", "infs"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_command_line_of_a_phone_with_sound_is_read() {
        let line = "hookflash phone --digits 1 --digits 47w11# --dtmf info --when-quiet 800ms \
                    --record heard.wav --codec opus --codec PCMA";
        let Command::Phone(args) = Cli::parse_from(line.split_whitespace()).command else {
            panic!("not a phone");
        };
        let sound = sound(args.sound).unwrap();
        assert_eq!(sound.keys.len(), 2);
        assert_eq!(sound.keys_by, KeysBy::Info);
        assert_eq!(sound.keys_at, Moment::Quiet(Duration::from_millis(800)));
        assert_eq!(sound.codecs, [Codec::Opus, Codec::Pcma]);
    }
}
