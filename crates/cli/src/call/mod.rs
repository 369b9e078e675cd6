//! `hookflash call`: places a call through a running server's REST API, tells how it goes, can
//! give it another document on the way, and hangs up on Ctrl-C.

pub(crate) mod api;
pub(crate) mod client;
mod lent_document;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookflash_dialects::Dialect;
use hookflash_server::config::{AccountSettings, Config, Options};
use tokio::time::Instant;

use crate::{WRONG_USAGE, complain, duration, left_account, print};
use api::{Account, Source, Standing, refusal};
use client::{Answer, Ask, Client};
use lent_document::LentDocument;

/// How often the server is asked where the call stands.
const LOOK: Duration = Duration::from_millis(200);
/// How long a call may take to end once it was hung up.
const LAST_LOOKS: Duration = Duration::from_secs(40);

#[derive(Args)]
pub(crate) struct CallArgs {
    /// Who is called: a number, or a sip: or tel: URI.
    uri: String,
    /// Who calls: a number, a name or a sip: URI.
    #[arg(long, value_name = "CALLER")]
    from: String,
    #[command(flatten)]
    first: First,
    /// Later, go on with the document at this URL.
    #[arg(long, value_name = "URL", conflicts_with = "then_document")]
    then_url: Option<String>,
    /// Later, go on with this document.
    #[arg(long, value_name = "FILE")]
    then_document: Option<PathBuf>,
    /// How long after the answer that is, such as 3s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "3s")]
    then_after: Duration,
    /// How long it may ring, in whole seconds, such as 30s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    timeout: Duration,
    /// Do not wait for the end of the call.
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Where the call finds its first document.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct First {
    /// The application that is asked what to do once the call is answered.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A document that runs once the call is answered.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

/// Which server, and for which account.
#[derive(Args)]
struct ServerArgs {
    /// The server's HTTP address; that of the configuration when absent.
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// The server's configuration file, for addresses and accounts; `hookflash.toml` in the
    /// current folder if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The account that calls; when absent the first of the configuration that has a token, or
    /// the one that a server on this machine made up for its --webhook.
    #[arg(long, value_name = "SID")]
    account: Option<String>,
    /// The account's dialect, when it is not in the configuration.
    #[arg(long, value_name = "DIALECT", requires = "account")]
    dialect: Option<Dialect>,
    /// The account's token; better in the environment.
    #[arg(long, env = "HOOKFLASH_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Places the call. Exit status 0 when it was placed and, unless detached, answered.
pub(crate) fn call(args: &CallArgs) -> ExitCode {
    let caller = match caller(&args.server) {
        Ok(caller) => caller,
        Err(why) => return complain(why, WRONG_USAGE),
    };
    let read = |file: &Option<PathBuf>| file.as_deref().map(document).transpose();
    let documents = read(&args.first.document).and_then(|d| Ok((d, read(&args.then_document)?)));
    let (first, then) = match documents {
        Ok(documents) => documents,
        Err(why) => return complain(why, WRONG_USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(format_args!("cannot start: {error}"), 1),
    };
    let placed = runtime.block_on(async {
        let url = |url: &Option<String>| url.clone().map(Source::Url);
        let first = url(&args.first.url).or(first.map(Source::Text));
        let first = first.ok_or("give --url or --document")?;
        let then = url(&args.then_url).or(then.map(Source::Text));
        caller.place(args, first, then).await
    });
    match placed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => complain(why, 1),
    }
}

fn document(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The server's address, and the account with its keys.
fn caller(args: &ServerArgs) -> Result<Caller, String> {
    let config = Config::load(args.config.as_deref(), &Options::default())
        .map_err(|errors| errors.to_string())?;
    let server = match &args.http {
        Some(http) => http
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned(),
        None => config.http.listen.to_string(),
    };
    let (account, is_left) = match account(args, &config) {
        Err(why) => (left(args, &server).ok_or(why)?, args.token.is_none()),
        Ok(account) => (account, false),
    };
    let client = Client {
        server,
        authorization: Some(account.authorization()),
    };
    Ok(Caller {
        client,
        account,
        is_left,
    })
}

fn account(args: &ServerArgs, config: &Config) -> Result<Account, String> {
    let has_own_token = args.token.is_some() && args.account.is_none();
    let fits = |account: &&AccountSettings| match &args.account {
        Some(sid) => account.sid == *sid,
        None => account.auth_token.is_some(),
    };
    // With a token at hand any account does.
    let with_token = || config.accounts.first().filter(|_| has_own_token);
    let known = config.accounts.iter().find(fits).or_else(with_token);
    let Some(dialect) = args.dialect.or(known.map(|account| account.dialect)) else {
        return Err(match &args.account {
            Some(sid) => format!(
                "account {sid} is not in the configuration; give its --dialect and --token too"
            ),
            None => "no account of the configuration has an auth_token; give one, or --account, \
                     --dialect and --token"
                .to_owned(),
        });
    };
    let configured = known.and_then(|account| account.auth_token.as_ref());
    let token = args
        .token
        .clone()
        .or_else(|| configured.map(|token| token.reveal().to_owned()))
        .ok_or("the account has no auth_token; give it one, or --token (HOOKFLASH_TOKEN)")?;
    let sid = args
        .account
        .clone()
        .or_else(|| known.map(|account| account.sid.clone()))
        .unwrap_or_default();
    let application = config
        .applications
        .iter()
        .find(|application| application.account == sid)
        .map_or_else(|| "hookflash-call".to_owned(), |found| found.sid.clone());
    Ok(Account {
        dialect,
        user: known.map_or_else(|| sid.clone(), |account| account.auth_user.clone()),
        sid,
        token,
        application,
    })
}

/// The account that a server on this machine made up, when it is the one that is meant.
fn left(args: &ServerArgs, server: &str) -> Option<Account> {
    let left = left_account::find(server)?;
    let is_meant = args.account.as_ref().is_none_or(|sid| *sid == left.sid)
        && args.dialect.is_none_or(|dialect| dialect == left.dialect);
    is_meant.then(|| Account {
        dialect: left.dialect,
        user: left.sid.clone(),
        sid: left.sid,
        token: args.token.clone().unwrap_or(left.token),
        application: left.application,
    })
}

/// Who talks to the server.
struct Caller {
    client: Client,
    account: Account,
    /// Whether account and token are those that a server made up. It may have been killed since,
    /// and another may run in its place.
    is_left: bool,
}

impl Caller {
    /// Places the call and stays with it; says whether all went well.
    async fn place(
        &self,
        args: &CallArgs,
        first: Source,
        mut then: Option<Source>,
    ) -> Result<bool, String> {
        // Kept until the end of the call: the server may ask a second time.
        let mut lent = Vec::new();
        let first = match first {
            Source::Text(text) if !self.account.takes_documents() => {
                lend(&self.account, text, &mut lent).await?
            }
            source => source,
        };
        if let Some(Source::Text(text)) = &then
            && !self.account.takes_new_documents()
        {
            then = Some(lend(&self.account, text.clone(), &mut lent).await?);
        }
        let seconds = args.timeout.as_secs().max(1);
        let ask = self.account.place(&args.uri, &args.from, &first, seconds);
        let answer = self.expect(&ask).await?;
        let sid = self.account.sid_of(&answer.body).ok_or_else(|| {
            format!(
                "the server at http://{} does not answer like the API of {}",
                self.client.server, self.account.dialect
            )
        })?;
        print(&format!("{sid}\n"));
        if args.detach && lent.is_empty() && then.is_none() {
            return Ok(true);
        }
        self.follow(&sid, then, args.then_after).await
    }

    /// Tells every change until the call is over; Ctrl-C ends it.
    async fn follow(
        &self,
        sid: &str,
        mut then: Option<Source>,
        after: Duration,
    ) -> Result<bool, String> {
        let mut said = String::new();
        let mut answered: Option<Instant> = None;
        let mut given_up: Option<Instant> = None;
        loop {
            let standing = self.look(sid).await?;
            if standing.word != said {
                print(&format!("{}\n", standing.word));
                said.clone_from(&standing.word);
            }
            if standing.is_over {
                return Ok(standing.is_fine);
            }
            if standing.is_answered {
                let since = *answered.get_or_insert_with(Instant::now);
                if since.elapsed() >= after
                    && let Some(source) = then.take()
                {
                    self.expect(&self.account.redirect(sid, &source)).await?;
                    print("goes on with another document\n");
                }
            }
            if given_up.is_some_and(|since| since.elapsed() > LAST_LOOKS) {
                return Err("the call was hung up and does not end".to_owned());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = tokio::signal::ctrl_c(), if given_up.is_none() => {
                    given_up = Some(Instant::now());
                    let hung_up = self.client.ask(&self.account.hang_up(sid)).await?;
                    // It may have ended by itself in the same moment: the next look tells.
                    if hung_up.status < 300 {
                        print("hung up\n");
                    }
                }
            }
        }
    }

    async fn look(&self, sid: &str) -> Result<Standing, String> {
        let answer = self.expect(&self.account.look(sid)).await?;
        self.account
            .standing(&answer.body)
            .ok_or_else(|| "the server does not say where the call stands".to_owned())
    }

    async fn expect(&self, ask: &Ask) -> Result<Answer, String> {
        let answer = self.client.ask(ask).await?;
        match answer.status {
            200..=299 => Ok(answer),
            401 if self.is_left => Err(format!(
                "the server at http://{} does not know account {}, which was made up by one that ran \
                 there before; give --config, or --account, --dialect and --token",
                self.client.server, self.account.sid
            )),
            status => Err(refusal(status, &answer.body)),
        }
    }
}

/// Lends a document to the server under a URL of this process.
async fn lend(
    account: &Account,
    text: String,
    lent: &mut Vec<LentDocument>,
) -> Result<Source, String> {
    let document = LentDocument::open(account.dialect, text)
        .await
        .map_err(|error| format!("the document cannot be lent to the server: {error}"))?;
    let url = document.url();
    lent.push(document);
    Ok(Source::Url(url))
}
