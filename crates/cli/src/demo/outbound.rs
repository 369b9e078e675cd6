//! The call that the application of the demo places, and transfers while it runs; both through the
//! REST API, as it would with its vendor's library.

use std::net::SocketAddr;
use std::time::Duration;

use hookflash_call::ladder;
use hookflash_dialects::Dialect;
use hookflash_phone::{OnRefer, Script};
use hookflash_server::Running;
use tokio::sync::{mpsc, watch};

use super::application::Callback;
use super::{PATIENCE, account, bind, callback_lines, callbacks_of, ended_record};
use crate::call::api::{Account, Source, refusal};
use crate::call::client::{Answer, Ask, Client};

/// User part of the phone that is called.
const CALLEE: &str = "customer";

/// Places the call, transfers it to `desk`, and tells the story.
pub(super) async fn play(
    application: SocketAddr,
    desk: SocketAddr,
    running: &Running,
    told: &mut mpsc::UnboundedReceiver<Callback>,
) -> Result<String, String> {
    let script = Script {
        user: CALLEE.to_owned(),
        on_refer: OnRefer::Accept,
        ..Script::default()
    };
    let phone = bind(script).await?;
    let callee = phone.address();
    let (news, _heard) = mpsc::unbounded_channel();
    let (_stop, stopped) = watch::channel(false);
    tokio::task::spawn_local(phone.run(false, news, stopped));

    let api = Api::of(running.http_addr.to_string());
    let hold = Source::Url(format!("http://{application}/twiml/hold"));
    let to = format!("sip:{CALLEE}@{callee}");
    let placed = api.account.place(&to, "+441632960001", &hold, 10);
    let answer = api.ask(&placed).await?;
    let sid = api
        .account
        .sid_of(&answer.body)
        .ok_or("the API names no call")?;
    api.answered(&sid).await?;
    let document = format!(
        "<Response><Refer action=\"http://{application}/twiml/done\">\
         <Sip>sip:billing@{desk}</Sip></Refer></Response>"
    );
    let redirected = api.account.redirect(&sid, &Source::Text(document));
    api.ask(&redirected).await?;

    let callbacks = callbacks_of(Dialect::Twiml, told).await;
    let callbacks = callbacks.ok_or("the application was not told the result")?;
    let record = ended_record(running, CALLEE).await?;
    let told: Vec<String> = callbacks.iter().flat_map(callback_lines).collect();
    if !told
        .iter()
        .any(|line| line == "ReferCallStatus=in-progress")
    {
        return Err(format!("the application was told {}", told.join(", ")));
    }
    Ok(format!(
        "\n━━ TwiML: the application calls a customer, and transfers the call in mid-call\n\n   \
         The application asked:\n     {} {}\n     {} {} (with the new document)\n\n{}\n   \
         twiml was told:\n     {}\n",
        placed.method,
        placed.path,
        redirected.method,
        redirected.path,
        ladder(&record),
        told.join("\n     ")
    ))
}

/// The REST API of the demo's server, as the application of its first account.
struct Api {
    client: Client,
    account: Account,
}

impl Api {
    fn of(server: String) -> Api {
        let sid = account(Dialect::Twiml).to_owned();
        let account = Account {
            dialect: Dialect::Twiml,
            user: sid.clone(),
            sid,
            token: "demo".to_owned(),
            application: String::new(),
        };
        let authorization = Some(account.authorization());
        Api {
            client: Client {
                server,
                authorization,
            },
            account,
        }
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, String> {
        let answer = self.client.ask(ask).await?;
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(refusal(status, &answer.body)),
        }
    }

    /// Waits until the call is answered.
    async fn answered(&self, sid: &str) -> Result<(), String> {
        let look = async {
            loop {
                let answer = self.ask(&self.account.look(sid)).await?;
                let standing = self.account.standing(&answer.body);
                let standing = standing.ok_or("the API does not say where the call stands")?;
                if standing.is_answered {
                    return Ok(());
                }
                if standing.is_over {
                    return Err(format!("the call ended: {}", standing.word));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| Err("the customer's phone was not reached".to_owned()))
    }
}
