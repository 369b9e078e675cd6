//! The fields of a request, with the vendor's error for each that is not what it should be.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use hookflash_program::{Hook, HookMethod};

use crate::laml::vendor::Vendor;
use crate::laml::webhook_url::resolve;
use crate::rest::{ApiBody, ApiFault, ApiReason, given};
use crate::shown::shown;
use crate::{Dialect, Document};

/// The longest document that a request can bring.
const LONGEST_DOCUMENT: usize = 4000;

/// The fields of a request. Blank ones are as good as none.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) vendor: &'static Vendor,
    fields: &'a [(String, String)],
}

impl<'a> Form<'a> {
    pub(crate) fn new(vendor: &'static Vendor, fields: &'a [(String, String)]) -> Form<'a> {
        Form { vendor, fields }
    }

    /// The fields of a body.
    pub(crate) fn of(vendor: &'static Vendor, body: ApiBody<'a>) -> Result<Form<'a>, ApiFault> {
        match body {
            ApiBody::Form(fields) => Ok(Form::new(vendor, fields)),
            ApiBody::Json(_) => Err(vendor.dialect.fault(
                ApiReason::MediaType,
                "send the parameters as application/x-www-form-urlencoded",
            )),
        }
    }

    /// A field as it is; the last one of its name counts.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        given(self.fields, name)
    }

    /// A number or a URI. Who forgets to escape the `+` of a number sends a blank before its
    /// digits, as many do who use curl; the vendors read the number that is meant.
    pub(crate) fn party(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.fields.iter().rev();
        let (_, value) = values.find(|(field, _)| field == name)?;
        let digits = value.strip_prefix(' ').map(str::trim_end);
        let is_plain = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.filter(|digits| !digits.is_empty()).filter(is_plain) {
            Some(digits) => Some(format!("+{digits}").into()),
            None => self.text(name).map(Cow::Borrowed),
        }
    }

    /// The words of a field that may repeat, or hold several between blanks.
    pub(crate) fn words(&self, name: &str) -> Vec<&'a str> {
        self.fields
            .iter()
            .filter(|(field, _)| field == name)
            .flat_map(|(_, value)| value.split_ascii_whitespace())
            .collect()
    }

    /// An error with a code of both vendors.
    pub(crate) fn fault(&self, code: &'static str, message: impl Into<String>) -> ApiFault {
        ApiFault::new(400, code, message)
    }

    /// The error of a parameter that has no code of its own.
    pub(crate) fn invalid(&self, name: &str, wanted: &str) -> ApiFault {
        let message = format!("{name} {wanted}");
        self.vendor.dialect.fault(ApiReason::Invalid, message)
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, ApiFault> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            let found = shown(text);
            let wanted = format!("must be a whole number from {least} to {most}, not `{found}`");
            self.invalid(name, &wanted)
        })
    }

    /// Whole seconds within bounds.
    pub(crate) fn seconds(
        &self,
        name: &str,
        least: u32,
        most: u32,
    ) -> Result<Option<Duration>, ApiFault> {
        let seconds = self.whole(name, least, most)?;
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// Whole milliseconds within bounds.
    pub(crate) fn milliseconds(
        &self,
        name: &str,
        least: u32,
        most: u32,
    ) -> Result<Option<Duration>, ApiFault> {
        let milliseconds = self.whole(name, least, most)?;
        Ok(milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into())))
    }

    /// `true` or `false`; `false` when absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiFault> {
        match self.text(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(self.invalid(name, "must be true or false")),
        }
    }

    /// One of these words.
    pub(crate) fn word(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, ApiFault> {
        match self.text(name) {
            None => Ok(None),
            Some(word) if words.contains(&word) => Ok(Some(word)),
            Some(word) => {
                let wanted = format!("must be one of {}, not `{}`", words.join(", "), shown(word));
                Err(self.invalid(name, &wanted))
            }
        }
    }

    /// A URL of the application with its method; POST unless given.
    pub(crate) fn hook(&self, url: &str, method: &str) -> Result<Option<Hook>, ApiFault> {
        let how = match self.text(method) {
            None => HookMethod::Post,
            Some(word) if word.eq_ignore_ascii_case("POST") => HookMethod::Post,
            Some(word) if word.eq_ignore_ascii_case("GET") => HookMethod::Get,
            Some(word) => {
                let message = format!("{method} must be GET or POST, not `{}`", shown(word));
                return Err(self.fault("21209", message));
            }
        };
        let Some(written) = self.text(url) else {
            return Ok(None);
        };
        if let Err(error) = resolve(written, "", "", &self.vendor.webhooks) {
            let code = match self.vendor.dialect {
                Dialect::Cxml => "21402",
                _ => "21205",
            };
            return Err(self.fault(code, format!("{url}: {error}")));
        }
        Ok(Some(Hook {
            method: how,
            ..Hook::post(written)
        }))
    }

    /// The document that the request brings, checked: a call is not interrupted for one that
    /// would not run.
    pub(crate) fn document(&self) -> Result<Option<Bytes>, ApiFault> {
        let names: &[&str] = match self.vendor.dialect {
            Dialect::Cxml => &["Laml", "Twiml"],
            _ => &["Twiml"],
        };
        let found = names
            .iter()
            .find_map(|name| Some((*name, self.text(name)?)));
        let Some((name, text)) = found else {
            return Ok(None);
        };
        let length = text.chars().count();
        if length > LONGEST_DOCUMENT {
            let wanted = format!("has {length} characters; at most {LONGEST_DOCUMENT} are taken");
            return Err(self.invalid(name, &wanted));
        }
        let document = Document {
            body: text.as_bytes(),
            content_type: None,
            first: true,
        };
        let dialect = self.vendor.dialect;
        match dialect.parse(document) {
            Ok(_) => Ok(Some(Bytes::copy_from_slice(text.as_bytes()))),
            Err(error) => Err(dialect.bad_document(&error)),
        }
    }
}
