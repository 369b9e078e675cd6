//! What a status code likely means in a transfer: experience, not protocol.
//!
//! The same code means different things as answer to REFER (the far end's equipment or its operator
//! speaks) and inside a NOTIFY (the target, or the way to it, speaks).

/// Likely cause of a final response of 300 or above to REFER; follows "refused the REFER: ".
pub fn of_rejection(code: u16) -> &'static str {
    match code {
        300..=399 => "it wants the REFER sent to another address, which is not done inside a call",
        400 => "it found the request malformed, often because of the Refer-To it could not read",
        401 | 407 => {
            "it asked for credentials, and none are configured for this peer or they were not taken"
        }
        402 => "it wants to be paid for this",
        403 => "it forbids this transfer; trunks often permit REFER or the target by account only",
        404 => "it does not know the called party of this request; the call itself may well go on",
        405 => "the far end does not allow REFER; trunks often need it switched on",
        406 => "it has no answer in a form that we accept",
        408 => "a proxy on the way got no answer from it, or does not pass REFER on",
        410 => "it says that the party it knew under this address is gone",
        413 | 513 => "the request was too large for it; shorten the target and its headers",
        415 => "it does not take the body of the request",
        416 => "it does not take the scheme of the address it was sent to",
        420 => "it lacks an extension that the request requires",
        421 => "it requires an extension that the request does not have",
        423 => "the subscription would be too short for it",
        428 | 436..=438 => "it wants a signed identity, or did not trust the one it got",
        429 => "it wants a signed Referred-By",
        433 => "it wants to know who transfers, and the identity is withheld",
        480 => "it cannot take the transfer at the moment",
        481 => "it no longer knows this call",
        482 | 483 => "the request went round in a loop on the way to it",
        484 => "it finds the number incomplete",
        485 => "it finds the address ambiguous",
        486 => "it is busy, often with another transfer of the same call",
        487 => "the request was given up, as a rule because the call was just ending",
        488 | 606 => "it finds the transfer not acceptable here; its policy is the place to look",
        489 => "it does not know the refer event, so it cannot report on a transfer",
        491 => "another request of the same call was in its way; trying again may work",
        493 => "it could not decrypt the body",
        494 => "it wants an agreed security mechanism first",
        500 => "it failed inside; its logs are the place to look",
        501 => "its equipment does not know REFER at all",
        502 => "a gateway on the way got a bad answer from the network behind it",
        503 => "it is overloaded or out of service at the moment",
        504 => "a server behind it did not answer in time",
        505 => "it does not take this version of SIP",
        580 => "it could not reserve what the call needs",
        600 => "it is busy everywhere",
        603 | 607 | 608 => "it declines transfers, by its policy or because somebody said no",
        604 => "it says that the called party exists nowhere",
        _ if code < 500 => "it did not accept the request as it was",
        _ if code < 600 => "it or a server on the way failed",
        _ => "it declined for good",
    }
}

/// What a final status in a NOTIFY says about the call to the target; follows "called the target,".
pub fn of_notify(code: u16) -> &'static str {
    match code {
        200..=299 => "which answered",
        300..=399 => "which is to be called at another address; the far end did not follow",
        400 => "but the new call was found malformed; the target address may be written wrongly",
        401 | 407 => "but that call needed credentials that the far end does not have",
        402 => "but that call would have to be paid for",
        403 => "but that call is forbidden; the far end may lack the right to call this target",
        404 | 604 => "but nobody knows the target; the number or address may be wrong",
        405 | 501 => "but the target's side does not take calls of this kind",
        406 | 415 | 488 | 606 => "but the two found no media that both can use",
        408 => "which did not answer in time or could not be reached",
        410 => "which is no longer there",
        413 | 513 => "but the new call's request was too large for the target's side",
        416 => "but its side does not take addresses of this scheme",
        420 | 421 => "but the two lack an extension that one of them requires",
        428 | 429 | 433 | 436..=438 => {
            "but the target's side wants to know, with proof, who is calling or transferring"
        }
        480 => "which is not available at the moment; its phone may be off or not registered",
        481 => "but the call it should have taken over no longer exists",
        482 | 483 => "but the new call went round in a loop",
        484 => "but the number is incomplete",
        485 => "but the address is ambiguous",
        486 => "which was busy",
        487 => "but that call was given up before the target answered",
        491 => "but the new call got in the way of another request",
        500 => "but the target's side failed inside",
        502 => "but a gateway got a bad answer from the network behind it",
        503 => {
            "but the way to the target is overloaded or out of service, or no call could be placed"
        }
        504 => "but a server on the way did not answer in time",
        505 => "but the target's side does not take this version of SIP",
        580 => "but what the call needs could not be reserved",
        600 => "which was busy everywhere",
        603 => "which declined the call, or the far end refused to place it",
        607 | 608 => "but the call was rejected as unwanted",
        _ if code < 500 => "but the new call was not accepted",
        _ if code < 600 => "but the target's side or a server on the way failed",
        _ => "which declined for good",
    }
}
