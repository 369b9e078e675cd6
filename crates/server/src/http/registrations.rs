//! `/hookflash/v1/registrations`: the phones of our users, and we with our trunks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Json;
use axum::extract::State;
use hookflash_call::rfc3339;
use hookflash_sip::registrar::Binding;
use serde_json::{Value, json};

use super::Desk;
use crate::registrations::{Registration, Standing};

pub(crate) async fn show(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let (now, wall_clock) = (Instant::now(), SystemTime::now());
    let mut users: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (aor, binding) in desk.bindings.list(now) {
        let phone = phone(&binding, wall_clock + (binding.until - now));
        users.entry(aor).or_default().push(phone);
    }
    let users: Vec<Value> = users
        .into_iter()
        .map(|(user, phones)| json!({ "user": user, "phones": phones }))
        .collect();
    let trunks: Vec<Value> = desk.registrations.list().iter().map(trunk).collect();
    Json(json!({ "users": users, "trunks": trunks }))
}

fn phone(binding: &Binding, until: SystemTime) -> Value {
    json!({
        "contact": binding.contact.as_str(),
        "transport": binding.flow.transport.via_token().to_ascii_lowercase(),
        "address": binding.flow.remote.to_string(),
        "q": f64::from(binding.q) / 1000.0,
        "instance": binding.instance,
        "userAgent": binding.user_agent,
        "expiresAt": rfc3339(until),
    })
}

fn trunk(registration: &Registration) -> Value {
    let wanted = &registration.wanted;
    let mut shown = json!({
        "trunk": wanted.trunk,
        "registrar": wanted.registrar,
        "user": wanted.user,
    });
    let (status, more) = match &registration.standing {
        Standing::Trying => ("trying", json!({})),
        Standing::Registered { peer, until } => (
            "registered",
            json!({ "address": peer.to_string(), "expiresAt": rfc3339(*until) }),
        ),
        Standing::Failed { why, retry_at, .. } => (
            "failed",
            json!({ "reason": why, "retryAt": rfc3339(*retry_at) }),
        ),
    };
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.insert("status".to_owned(), status.into());
        shown.extend(more);
    }
    shown
}
