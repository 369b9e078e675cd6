//! Pay and Prompt.
//!
//! Source: attribute names and enumerations of the official libraries; Twilio "Pay", "Prompt".

use crate::laml::attributes::{
    ACTION_AND_METHOD, ATTEMPTS, CARD_TYPES, PROMPT_ERRORS, PROMPT_FOR, STATUS_CALLBACK,
};
use crate::laml::schema::{Element, Kind, attribute};
use crate::laml::verbs::PAUSE;
use crate::twiml::connect::PARAMETER;
use crate::twiml::verbs::{PLAY, SAY};

pub(super) static PAY: Element = Element::new("Pay")
    .attributes(&[
        ACTION_AND_METHOD,
        STATUS_CALLBACK,
        &[
            attribute("input", Kind::OneOf(&["dtmf"])).default("dtmf"),
            attribute("timeout", Kind::Whole(1, u32::MAX)).default("5"),
            attribute("maxAttempts", Kind::Whole(1, u32::MAX)).default("1"),
            attribute("securityCode", Kind::Bool).default("true"),
            attribute("postalCode", Kind::Any).default("true"),
            attribute("minPostalCodeLength", Kind::Whole(0, u32::MAX)),
            attribute("paymentConnector", Kind::Any),
            attribute("paymentMethod", Kind::OneOf(&["ach-debit", "credit-card"]))
                .default("credit-card"),
            attribute(
                "tokenType",
                Kind::OneOf(&["one-time", "reusable", "payment-method"]),
            )
            .default("reusable"),
            attribute("chargeAmount", Kind::Decimal(0, 1_000_000)),
            attribute("currency", Kind::Any).default("usd"),
            attribute("description", Kind::Any),
            attribute("validCardTypes", Kind::Words(CARD_TYPES)).default("visa mastercard amex"),
            attribute("language", Kind::Any).default("en-US"),
            attribute("bankAccountType", Kind::OneOf(BANK_ACCOUNTS)),
        ],
    ])
    .children(&[&PROMPT, &PARAMETER]);

const BANK_ACCOUNTS: &[&str] = &[
    "consumer-checking",
    "consumer-savings",
    "commercial-checking",
    "commercial-savings",
];

pub(super) static PROMPT: Element = Element::new("Prompt")
    .attributes(&[&[
        attribute("for", Kind::OneOf(PROMPT_FOR)),
        attribute("attempt", Kind::Words(ATTEMPTS)),
        attribute("cardType", Kind::Words(CARD_TYPES)),
        attribute("errorType", Kind::Words(PROMPT_ERRORS)),
        attribute("requireMatchingInputs", Kind::Bool),
    ]])
    .children(&[&SAY, &PLAY, &PAUSE]);
