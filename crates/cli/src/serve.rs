//! `hookflash serve`: runs the server until a signal ends it.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hookflash_server::config::{AccountSettings, Config, Options, WEBHOOK_APPLICATION};
use hookflash_server::{LogFormat, Running, Server, start_logs};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::left_account::{self, LeftAccount};
use crate::{WRONG_USAGE, complain};

/// Runs the server.
pub(crate) fn serve(file: Option<&Path>, options: &Options, json: bool) -> ExitCode {
    start_logs(if json {
        LogFormat::Json
    } else {
        LogFormat::Text
    });
    let fail = |why: &dyn Display, status| fail(json, why, status);
    let config = match Config::load(file, options) {
        Ok(config) => config,
        Err(errors) => return fail(&errors, WRONG_USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format_args!("cannot start: {error}"), 1),
    };
    runtime.block_on(async {
        let accounts = config.accounts.clone();
        let made_up = config.made_up_account.clone();
        match Server::start(config) {
            Ok(running) => {
                let account = accounts.iter().find(|a| Some(&a.sid) == made_up.as_ref());
                let _left = account.and_then(|account| leave(&running, account));
                match until_told(running, file, options).await {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(why) => fail(&why, 1),
                }
            }
            Err(error) => fail(&error, 1),
        }
    })
}

/// Says why there is no server, in the form that the logs have.
fn fail(json: bool, why: &dyn Display, status: u8) -> ExitCode {
    if !json {
        return complain(why, status);
    }
    tracing::error!("{why}");
    ExitCode::from(status)
}

/// Nobody but `hookflash call` needs it, so the server runs without it too.
fn leave(running: &Running, account: &AccountSettings) -> Option<LeftAccount> {
    left_account::leave(running.http_addr, account, WEBHOOK_APPLICATION)
        .inspect_err(|error| {
            tracing::warn!("`hookflash call` will not find the account that was made up: {error}");
        })
        .ok()
}

/// Who signals a process and its group (`timeout` of the shell, some supervisors) signals it twice;
/// what follows so soon is one signal.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// Ctrl-C and SIGTERM end the server when its calls are over, a second one ends the calls, a third
/// one waits for nothing; SIGHUP re-reads the configuration.
async fn until_told(
    mut running: Running,
    file: Option<&Path>,
    options: &Options,
) -> Result<(), &'static str> {
    let (Ok(mut ends), Ok(mut hangup)) = (Ends::listen(), signal(SignalKind::hangup())) else {
        return Err("cannot listen to signals");
    };
    loop {
        tokio::select! {
            () = ends.next() => break,
            _ = hangup.recv() => reload(&mut running, file, options).await,
        }
    }
    stop(running, ends).await
}

/// The signals that end the server: Ctrl-C and SIGTERM.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn listen() -> io::Result<Ends> {
        Ok(Ends {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Takes over the configuration as it is written now, or says why the old one stays.
async fn reload(running: &mut Running, file: Option<&Path>, options: &Options) {
    let config = match Config::load(file, options) {
        Ok(config) => config,
        Err(errors) => return tracing::error!("kept the old configuration: {errors}"),
    };
    match running.reload(config).await {
        Ok(later) if later.is_empty() => {}
        Ok(later) => tracing::warn!("takes effect at the next start only: {}", later.join(", ")),
        Err(error) => tracing::error!("kept the old configuration: {error}"),
    }
}

/// Ends the server after the first signal; `ends` brings the second and the third.
async fn stop(running: Running, mut ends: Ends) -> Result<(), &'static str> {
    let grace = running.shutdown_grace();
    tracing::info!("stopping: no new calls, and {grace:?} for those that go on");
    let haste = running.haste();
    let drained = running.drain(grace);
    tokio::pin!(drained);
    let mut heard = Instant::now();
    let mut is_hasty = false;
    loop {
        tokio::select! {
            () = &mut drained => return Ok(()),
            () = ends.next() => {}
        }
        if heard.elapsed() < SAME_SIGNAL {
            continue;
        }
        if is_hasty {
            return Err("stopped at once; calls may have been cut off");
        }
        tracing::info!("the calls that are left end now; a third signal does not wait for them");
        haste.begin();
        is_hasty = true;
        heard = Instant::now();
    }
}
