//! `hookflash serve`: runs the server until a signal ends it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hookflash_server::config::{Config, Options};
use hookflash_server::{LogFormat, Running, Server, start_logs};
use tokio::signal::unix::{SignalKind, signal};

use crate::{WRONG_USAGE, complain};

/// Runs the server.
pub(crate) fn serve(file: Option<&Path>, options: &Options, json: bool) -> ExitCode {
    let config = match Config::load(file, options) {
        Ok(config) => config,
        Err(errors) => return complain(errors, WRONG_USAGE),
    };
    start_logs(if json {
        LogFormat::Json
    } else {
        LogFormat::Text
    });
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(format_args!("cannot start: {error}"), 1),
    };
    runtime.block_on(async {
        match Server::start(config) {
            Ok(running) => until_told(running, file.map(Path::to_owned), options).await,
            Err(error) => complain(error, 1),
        }
    })
}

/// Ctrl-C and SIGTERM end the server gracefully, a second one at once; SIGHUP re-reads the
/// configuration.
async fn until_told(mut running: Running, file: Option<PathBuf>, options: &Options) -> ExitCode {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals else {
        return complain("cannot listen to signals", 1);
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => match Config::load(file.as_deref(), options) {
                Ok(config) => match running.reload(config).await {
                    Ok(later) if later.is_empty() => {}
                    Ok(later) => tracing::warn!(
                        "takes effect at the next start only: {}",
                        later.join(", ")
                    ),
                    Err(error) => tracing::error!("kept the old configuration: {error}"),
                },
                Err(errors) => tracing::error!("kept the old configuration: {errors}"),
            },
        }
    }
    let grace = running.shutdown_grace();
    tokio::select! {
        () = running.drain(grace) => ExitCode::SUCCESS,
        _ = interrupt.recv() => complain("stopped at once; calls may have been cut off", 1),
        _ = terminate.recv() => complain("stopped at once; calls may have been cut off", 1),
    }
}
