//! The packaged transfer of `@jambonz/sdk`: its blind form by REFER is the verb `sip:refer`.

use hookflash_program::{EndOfProgram, Program};
use serde_json::{Map, Value};

use super::program;
use crate::rest::Fields;

/// Reads `transfer`.
pub(super) fn transfer(fields: &Fields<'_>) -> Result<Program, String> {
    let object = fields
        .object("transfer")?
        .ok_or_else(|| fields.wrong("transfer", "must be an object"))?;
    let transfer = &Fields::inside(object, "transfer.");
    if transfer.word("mode", &["blind", "warm"])? == Some("warm") {
        let why = "is warm, which needs a second leg; this release transfers blind, by REFER";
        return Err(transfer.wrong("mode", why));
    }
    if transfer.word("blindMethod", &["refer", "dial"])? == Some("dial") {
        let why = "is dial, which needs a second leg; use refer";
        return Err(transfer.wrong("blindMethod", why));
    }
    let mut verb = Map::new();
    verb.insert("verb".to_owned(), Value::from("sip:refer"));
    verb.insert("referTo".to_owned(), Value::from(target(transfer)?));
    for name in [
        "referredBy",
        "referredByDisplayName",
        "headers",
        "actionHook",
        "eventHook",
        "id",
    ] {
        if let Some(value) = transfer.value(name) {
            verb.insert(name.to_owned(), value.clone());
        }
    }
    // What ran before is gone, and a transfer that fails does not end the call.
    Ok(Program {
        end: EndOfProgram::Wait,
        ..program(Value::Object(verb))?
    })
}

/// One target, alone or in an array.
fn target(transfer: &Fields<'_>) -> Result<String, String> {
    let wanted = "must be one target such as {\"type\":\"sip\",\"sipUri\":…}";
    let one = match transfer.value("target") {
        Some(Value::Object(one)) => one,
        Some(Value::Array(targets)) => match targets.as_slice() {
            [Value::Object(one)] => one,
            _ => return Err(transfer.wrong("target", wanted)),
        },
        _ => return Err(transfer.wrong("target", wanted)),
    };
    let one = &Fields::inside(one, "transfer.target.");
    let name = match one.word("type", &["phone", "sip", "user"])? {
        Some("phone") => "number",
        Some("sip") => "sipUri",
        Some(_) => "name",
        None => return Err(one.wrong("type", "is required")),
    };
    let target = one.needed(name)?;
    let is_address = name == "name" && target.contains('@') && !target.starts_with("sip");
    Ok(match is_address {
        true => format!("sip:{target}"),
        false => target.to_owned(),
    })
}
