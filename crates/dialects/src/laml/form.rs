//! `application/x-www-form-urlencoded`, as the WHATWG URL standard serialises it.

/// Encodes fields in their order, as UTF-8.
pub(crate) fn encode(fields: &[(String, String)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        out.append_pair(name, value);
    }
    out.finish()
}
