//! `hookflash outbox`: what applications are owed and what was given up, on a running server.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hookflash_server::config::{Config, Options};
use serde_json::{Value, json};

use crate::call::client::{Ask, Client};
use crate::{WRONG_USAGE, complain, print};

/// How many entries of each list are shown.
const SHOWN: u32 = 200;

#[derive(Subcommand)]
pub(crate) enum OutboxAction {
    /// Show what is owed and what was given up.
    List(ServerArgs),
    /// Owe again what was given up, now.
    Replay(ChoiceArgs),
    /// Forget what was given up.
    Discard(ChoiceArgs),
}

/// Which dead letters.
#[derive(Args)]
pub(crate) struct ChoiceArgs {
    /// That of this call.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    call: Option<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which server, and of which account.
#[derive(Args)]
pub(crate) struct ServerArgs {
    /// Of this account only.
    #[arg(long, value_name = "SID")]
    account: Option<String>,
    /// The server's HTTP address; that of the configuration when absent.
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// The server's configuration file, for its address and its admin token; `hookflash.toml` in
    /// the current folder if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Exit status 0 when the server did what it was asked.
pub(crate) fn outbox(action: &OutboxAction) -> ExitCode {
    let (ask, server) = match action {
        OutboxAction::List(server) => (list(server), server),
        OutboxAction::Replay(choice) => (order("replay", choice), &choice.server),
        OutboxAction::Discard(choice) => (order("discard", choice), &choice.server),
    };
    let client = match client(server) {
        Ok(client) => client,
        Err(why) => return complain(why, WRONG_USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(format_args!("cannot start: {error}"), 1),
    };
    match runtime.block_on(asked(&client, &ask)) {
        Ok(answer) => {
            print(&match server.json {
                true => format!("{answer}\n"),
                false => format!("{}\n", text(action, &answer)),
            });
            ExitCode::SUCCESS
        }
        Err(why) => complain(why, 1),
    }
}

fn list(server: &ServerArgs) -> Ask {
    let account = server.account.as_ref().map_or_else(String::new, |account| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("account", account);
        format!("&{}", query.finish())
    });
    Ask {
        method: "GET",
        path: format!("/hookflash/v1/outbox?limit={SHOWN}{account}"),
        body: None,
    }
}

fn order(what: &str, choice: &ChoiceArgs) -> Ask {
    let mut body = json!({ "all": choice.all });
    if let Some(body) = body.as_object_mut() {
        let named = [("call", &choice.call), ("account", &choice.server.account)];
        for (key, value) in named {
            if let Some(value) = value {
                body.insert(key.to_owned(), json!(value));
            }
        }
    }
    Ask {
        method: "POST",
        path: format!("/hookflash/v1/outbox/{what}"),
        body: Some(("application/json", body.to_string())),
    }
}

fn client(args: &ServerArgs) -> Result<Client, String> {
    let config = Config::load(args.config.as_deref(), &Options::default())
        .map_err(|errors| errors.to_string())?;
    let server = match &args.http {
        Some(http) => http
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned(),
        None => config.http.listen.to_string(),
    };
    let token = config.http.admin_token.as_ref();
    Ok(Client {
        server,
        authorization: token.map(|token| format!("Bearer {}", token.reveal())),
    })
}

async fn asked(client: &Client, ask: &Ask) -> Result<Value, String> {
    let answer = client.ask(ask).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(body),
        status => {
            let message = body.pointer("/error/message").and_then(Value::as_str);
            let message = message.unwrap_or_default();
            Err(format!("the server refused ({status}): {message}"))
        }
    }
}

fn text(action: &OutboxAction, answer: &Value) -> String {
    let count = |key: &str| number(answer, key);
    match action {
        OutboxAction::List(_) => table(answer),
        OutboxAction::Replay(_) => match count("replayed") {
            0 => "nothing was given up of that".to_owned(),
            replayed => format!("{replayed} owed again"),
        },
        OutboxAction::Discard(_) => match count("discarded") {
            0 => "nothing was given up of that".to_owned(),
            discarded => format!("{discarded} discarded"),
        },
    }
}

fn table(answer: &Value) -> String {
    let mut text = String::new();
    let lists = [
        ("owed", "owedInAll", "owed", "dueAt"),
        ("deadLetters", "deadLettersInAll", "given up", "diedAt"),
    ];
    for (key, in_all, what, when) in lists {
        let entries = answer.get(key).and_then(Value::as_array);
        text.push_str(&format!("{what}: {}\n", number(answer, in_all)));
        for entry in entries.into_iter().flatten() {
            let word = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or("-");
            let attempts = number(entry, "attempts");
            text.push_str(&format!(
                "  {}  {}  {}  {attempts} attempts  {}\n",
                word(when),
                word("call"),
                word("target"),
                word("lastError"),
            ));
        }
    }
    text.trim_end().to_owned()
}

fn number(object: &Value, key: &str) -> u64 {
    object.get(key).and_then(Value::as_u64).unwrap_or_default()
}
