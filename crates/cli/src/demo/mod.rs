//! `hookflash demo`: the server, a web application in each language and SIP phones, all in this
//! process and on loopback; real messages over real sockets.

mod application;
mod outbound;
mod scenario;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hookflash_call::{CallRecord, ladder};
use hookflash_dialects::Dialect;
use hookflash_phone::{Answer, Keys, Moment, News, OnRefer, Phone, Script, Sound};
use hookflash_server::config::{Config, Options};
use hookflash_server::{Running, Server};
use tokio::sync::{mpsc, watch};

use crate::phone::rand_seed;
use crate::{complain, print};
use application::Callback;
use scenario::{Destination, SCENARIOS, Scenario};

/// A call of the demo that takes longer than this has gone wrong.
const PATIENCE: Duration = Duration::from_secs(8);

/// Runs the demo. With `stay` the server stays until Ctrl-C.
pub(crate) fn demo(stay: bool) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(format_args!("cannot start: {error}"), 1),
    };
    // The phones stay on this thread.
    match tokio::task::LocalSet::new().block_on(&runtime, run(stay)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => complain(format_args!("{failed} of the calls went wrong"), 1),
        Err(why) => complain(why, 1),
    }
}

/// The phones that calls are transferred to.
struct Desks {
    answers: SocketAddr,
    busy: SocketAddr,
}

async fn run(stay: bool) -> Result<usize, String> {
    let (callbacks, mut told) = mpsc::unbounded_channel();
    let application = application::start(callbacks)
        .await
        .map_err(|error| format!("the demo's applications cannot listen: {error}"))?;
    let (stop, stopped) = watch::channel(false);
    let desks = Desks {
        answers: desk("desk", 200, &stopped).await?,
        busy: desk("busy", 486, &stopped).await?,
    };
    let config = configuration(application, &desks)?;
    let running = Server::start(config).map_err(|error| error.to_string())?;
    let server = running
        .sip_addrs
        .first()
        .map(|(_, address)| *address)
        .ok_or("the server listens nowhere")?;
    print(&format!(
        "Server on udp://{server}, applications on http://{application}, desks on \
         udp://{} (answers) and udp://{} (busy).\n",
        desks.answers, desks.busy
    ));
    let mut wrong = 0;
    for scenario in &SCENARIOS {
        match play(scenario, server, &running, &mut told).await {
            Ok(story) => print(&story),
            Err(why) => {
                wrong += 1;
                print(&format!("\n━━ {}\n   went wrong: {why}\n", scenario.title));
            }
        }
    }
    match outbound::play(application, desks.answers, &running, &mut told).await {
        Ok(story) => print(&story),
        Err(why) => {
            wrong += 1;
            print(&format!(
                "\n━━ The application calls a customer\n   went wrong: {why}\n"
            ));
        }
    }
    let calls = SCENARIOS.len() + 1;
    print(&format!(
        "\n{} of {calls} calls told their application the truth.\n",
        calls - wrong
    ));
    if stay {
        let http = running.http_addr;
        print(&format!(
            "The records are at http://{http}/hookflash/v1/calls; Ctrl-C ends it.\n"
        ));
        let _ = tokio::signal::ctrl_c().await;
    }
    let _ = stop.send(true);
    running.drain(Duration::from_secs(1)).await;
    Ok(wrong)
}

/// Starts a phone that takes calls with this status.
async fn desk(
    user: &str,
    status: u16,
    stopped: &watch::Receiver<bool>,
) -> Result<SocketAddr, String> {
    let script = Script {
        user: user.to_owned(),
        answer: Answer {
            status,
            ring: Duration::from_millis(150),
        },
        hang_up_after: Some(Duration::from_millis(400)),
        ..Script::default()
    };
    let phone = bind(script).await?;
    let address = phone.address();
    let (news, _) = mpsc::unbounded_channel();
    tokio::task::spawn_local(phone.run(false, news, stopped.clone()));
    Ok(address)
}

async fn bind(script: Script) -> Result<Phone, String> {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Phone::bind(anywhere, script, None, rand_seed())
        .await
        .map_err(|error| error.to_string())
}

/// The configuration that a customer would write for these applications.
fn configuration(application: SocketAddr, desks: &Desks) -> Result<Config, String> {
    let mut text = String::from(
        "[sip]\nlisten = [\"udp://127.0.0.1:0\", \"tcp://127.0.0.1:0\"]\n\
         [http]\nlisten = \"127.0.0.1:0\"\n",
    );
    for dialect in Dialect::ALL {
        let _ = write!(
            text,
            "[[accounts]]\nsid = \"{}\"\ndialect = \"{dialect}\"\nauth_token = \"demo\"\n",
            account(dialect)
        );
    }
    for scenario in &SCENARIOS {
        let Scenario {
            number,
            dialect,
            destination,
            types,
            ..
        } = scenario;
        let first = if types.is_some() { "ask" } else { "voice" };
        let target = match destination {
            Destination::Desk => desks.answers,
            Destination::BusyDesk => desks.busy,
        };
        let _ = write!(
            text,
            "[[applications]]\nname = \"{number}\"\naccount = \"{}\"\n\
             url = \"http://{application}/{dialect}/{first}/{target}\"\n\
             status_callback = \"http://{application}/{dialect}/status\"\n\
             [[routes]]\nto = \"{number}\"\napplication = \"{number}\"\n",
            account(*dialect)
        );
    }
    let options = Options {
        // What was shown need not be kept.
        store: Some("sqlite::memory:".to_owned()),
        ..Options::default()
    };
    Config::from_parts("demo", &text, Path::new("."), &[], &options)
        .map_err(|errors| errors.to_string())
}

/// An account identifier in the dialect's own form.
fn account(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Twiml => "AC00000000000000000000000000000001",
        Dialect::Cxml => "6a8b2f4e-0000-4000-8000-000000000002",
        Dialect::Bxml => "9900003",
        Dialect::Jambonz => "6a8b2f4e-0000-4000-8000-000000000004",
    }
}

/// Makes one call and tells its story: ladder, callback, verdict.
async fn play(
    scenario: &Scenario,
    server: SocketAddr,
    running: &Running,
    told: &mut mpsc::UnboundedReceiver<Callback>,
) -> Result<String, String> {
    let script = Script {
        user: "caller".to_owned(),
        call: Some(format!("sip:{}@{server}", scenario.number)),
        on_refer: scenario.on_refer,
        sound: sound(scenario)?,
        ..Script::default()
    };
    let phone = bind(script).await?;
    let (news, mut heard) = mpsc::unbounded_channel();
    // Dropping the sender would look like an order to stop.
    let (_stop, stopped) = watch::channel(false);
    tokio::time::timeout(PATIENCE, phone.run(true, news, stopped))
        .await
        .map_err(|_| "the call did not end".to_owned())?;
    let record = ended_record(running, scenario.number).await?;
    let callbacks = callbacks_of(scenario.dialect, told).await;
    let callbacks = callbacks.ok_or("the application was not told the result")?;
    let typed = scenario.types.map(|number| format!("Digits={number}"));
    if typed.is_some_and(|typed| !callbacks.iter().any(|callback| callback.body == typed)) {
        return Err("the application was not told what the caller typed".to_owned());
    }
    let mut story = format!("\n━━ {}\n\n{}", scenario.title, ladder(&record));
    let _ = writeln!(story, "\n   {} was told:", scenario.dialect);
    for line in callbacks.iter().flat_map(callback_lines) {
        let _ = writeln!(story, "     {line}");
    }
    let mut followed = String::new();
    while let Ok(item) = heard.try_recv() {
        if matches!(
            item,
            News::Following(_) | News::Answered | News::Notified(_)
        ) {
            let _ = write!(
                followed,
                "{}{item}",
                if followed.is_empty() { "" } else { ", " }
            );
        }
    }
    if scenario.on_refer == OnRefer::Accept {
        let _ = writeln!(story, "   The phone: {followed}.");
    }
    Ok(story)
}

/// The record of the newest call to this number, once that call is over.
async fn ended_record(
    running: &Running,
    number: &str,
) -> Result<std::sync::Arc<CallRecord>, String> {
    let ended = async {
        loop {
            let found = running
                .ledger()
                .newest(1, None, |record| {
                    record.facts(|facts| facts.to.user == number)
                })
                .into_iter()
                .find(|record| record.facts(|facts| facts.ended_at.is_some()));
            if let Some(record) = found {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .map_err(|_| "the server kept the call".to_owned())
}

/// What the caller's phone presses.
fn sound(scenario: &Scenario) -> Result<Sound, String> {
    let keys: Option<Keys> = scenario
        .types
        .map(str::parse)
        .transpose()
        .map_err(|e| format!("{e}"))?;
    Ok(Sound {
        keys: keys.into_iter().collect(),
        keys_at: Moment::After(Duration::from_millis(800)),
        ..Sound::default()
    })
}

/// What the application was told until it knew the result of the transfer. Other requests of the
/// call pass by.
async fn callbacks_of(
    dialect: Dialect,
    told: &mut mpsc::UnboundedReceiver<Callback>,
) -> Option<Vec<Callback>> {
    let search = async {
        let mut callbacks = Vec::new();
        loop {
            let callback = told.recv().await?;
            if callback.dialect == dialect && callback.path != "status" {
                let is_result = callback.path == "done";
                callbacks.push(callback);
                if is_result {
                    return Some(callbacks);
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.ok().flatten()
}

/// The fields of a callback that speak of keys and of the transfer, one per line.
fn callback_lines(callback: &Callback) -> Vec<String> {
    const FIELDS: [&str; 10] = [
        "Digits",
        "eventType",
        "ReferCallStatus",
        "ReferSipResponseCode",
        "NotifySipResponseCode",
        "referCallStatus",
        "referSipResponseCode",
        "notifySipResponseCode",
        "refer_status",
        "final_referred_call_status",
    ];
    if let Ok(serde_json::Value::Object(object)) = serde_json::from_str(&callback.body) {
        let known = object
            .iter()
            .filter(|(name, _)| FIELDS.contains(&name.as_str()));
        return known
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
    }
    callback
        .body
        .split('&')
        .filter(|pair| {
            pair.split('=')
                .next()
                .is_some_and(|name| FIELDS.contains(&name))
        })
        .map(str::to_owned)
        .collect()
}
