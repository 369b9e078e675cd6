//! Header fields that documents may and may not set.

use hookflash_transfer::owned_headers::{HeaderError, check, owner};

#[test]
fn c6_what_the_stack_owns_is_refused_in_long_and_compact_form() {
    let owned = [
        "Via",
        "v",
        "From",
        "f",
        "To",
        "t",
        "Call-ID",
        "i",
        "CSeq",
        "Contact",
        "m",
        "Route",
        "Record-Route",
        "Max-Forwards",
        "Content-Type",
        "c",
        "Content-Length",
        "l",
        "Content-Encoding",
        "e",
        "Content-Disposition",
        "Content-Anything",
        "Authorization",
        "Proxy-Authorization",
        "Refer-To",
        "r",
        "Referred-By",
        "b",
        "Event",
        "o",
        "Allow-Events",
        "u",
        "Supported",
        "k",
        "Require",
        "Session-Expires",
        "x",
        "Subscription-State",
        "Replaces",
        "Target-Dialog",
        "Refer-Sub",
        "Expires",
        "Allow",
        "Accept",
        "User-Agent",
        "Server",
    ];
    for name in owned {
        for name in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
            let error = check(&name, "x").expect_err(&name);
            assert!(matches!(&error, HeaderError::Owned { name: given, .. } if *given == name));
            assert!(
                error.to_string().contains("set by the SIP stack"),
                "{error}"
            );
        }
    }
    assert_eq!(owner("R"), Some("Refer-To"));
    assert_eq!(owner("CONTENT-LENGTH"), Some("Content-Length"));
}

#[test]
fn everything_else_may_be_sent() {
    for name in [
        "X-Account",
        "User-to-User",
        "P-Asserted-Identity",
        "Privacy",
        "Diversion",
        "Reason",
        "Subject",
        "s",
        "Alert-Info",
        "History-Info",
        "Contents",
        "Tom",
        "x-y_z!",
    ] {
        assert_eq!(
            check(name, "a value, \"quoted\";p=\u{e9}\tx"),
            Ok(()),
            "{name}"
        );
    }
}

#[test]
fn c5_names_are_tokens_and_values_have_no_line_breaks() {
    for name in ["", " ", "X Y", "X:", "X\r\nVia", "\u{e9}", "X\0", "(x)"] {
        assert_eq!(
            check(name, "v"),
            Err(HeaderError::Name(name.to_owned())),
            "{name:?}"
        );
    }
    for (value, at) in [
        ("a\r\nVia: x", 1),
        ("\n", 0),
        ("ab\0", 2),
        ("x\u{7f}", 1),
        ("\u{1b}[", 0),
    ] {
        let error = check("X-A", value).expect_err("refused");
        assert_eq!(
            error,
            HeaderError::Value {
                name: "X-A".to_owned(),
                at
            },
            "{value:?}"
        );
    }
}
