//! From a reply to a program: an array of verbs, accepted as a whole or not at all.

use hookflash_program::{
    Answering, Diagnostic, EndOfProgram, Position, Program, Severity, Step, Verb,
};
use serde_json::{Map, Value};

use super::position::{self, Segment};
use super::schema::{self, ALIASES};
use super::validate::{Finding, MAX_FINDINGS, Validation, shortened};
use super::verb;
use crate::nearest::nearest;
use crate::place::{Places, START, utf8};
use crate::shown::shown;
use crate::{Document, DocumentError};

/// The word under which jambonz files a document it does not run.
const INVALID: &str = "invalid-app-payload";

/// More than any sane list of verbs, and little enough to be parsed without thinking twice.
pub(super) const MAX_BYTES: usize = 512 * 1024;

/// An unanswered call whose verbs have run out is refused with this.
const REFUSAL: u16 = 603;

/// Parses a reply.
pub(super) fn parse(document: Document<'_>) -> Result<Program, DocumentError> {
    if !is_json(document.content_type) {
        return carry_on(document.first, Vec::new());
    }
    if document.body.len() > MAX_BYTES {
        let message = format!(
            "the document has {} bytes; at most {MAX_BYTES} are read",
            document.body.len()
        );
        return Err(error(START, message, None).into());
    }
    let text = text(document.body)?;
    if text.trim().is_empty() {
        return carry_on(document.first, Vec::new());
    }
    let value: Value = serde_json::from_str(text).map_err(|error| syntax(text, &error))?;
    let elements = match value {
        Value::Array(elements) => elements,
        other => return no_array(document.first, text, &other),
    };
    if elements.is_empty() {
        return carry_on(document.first, Vec::new());
    }
    build(text, elements)
}

/// Whether a reply may be read as JSON: only then does jambonz look at the body.
fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|found| found.to_ascii_lowercase().contains("application/json"))
}

fn text(body: &[u8]) -> Result<&str, DocumentError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    utf8(body).map_err(|position| {
        let message = "malformed jambonz payload: it is not UTF-8".to_owned();
        error(position, message, None).into()
    })
}

/// No verbs: the call goes on with what it has. On the first request there is nothing yet.
fn carry_on(first: bool, warnings: Vec<Diagnostic>) -> Result<Program, DocumentError> {
    if first {
        let message = "malformed jambonz payload: the first reply holds no verbs".to_owned();
        let help = "answer with a JSON array such as [{\"verb\":\"answer\"}] and the content type \
                    application/json";
        return Err(error(START, message, Some(help.to_owned())).into());
    }
    Ok(Program {
        steps: Vec::new(),
        end: EndOfProgram::HangUpOrRefuse(REFUSAL),
        warnings,
    })
}

fn no_array(first: bool, text: &str, found: &Value) -> Result<Program, DocumentError> {
    let position = Places::new(text).at(position::start(text, text.trim_start()));
    let message = "malformed jambonz payload: must be array".to_owned();
    let help = found
        .is_object()
        .then(|| "put brackets around it: [{…}]".to_owned());
    let mut remark = error(position, message, help);
    if first {
        return Err(remark.into());
    }
    remark.severity = Severity::Warning;
    carry_on(first, vec![remark])
}

fn build(text: &str, elements: Vec<Value>) -> Result<Program, DocumentError> {
    let mut validation = Validation::default();
    let mut verbs = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        if validation.count() >= MAX_FINDINGS {
            break;
        }
        let built = validation.inside(Segment::Index(index), |validation| {
            element_verb(validation, element)
        });
        verbs.extend(built);
    }
    let (findings, remarks) = validation.into_findings();
    let mut places = Places::new(text);
    let items = position::items(text);
    if !findings.is_empty() {
        let diagnostics = diagnostics(text, &items, findings, Severity::Error);
        return Err(DocumentError { diagnostics });
    }
    let steps = verbs.into_iter().zip(&items).flat_map(|(built, item)| {
        let position = places.at(position::start(text, item));
        built.verbs.into_iter().map(move |verb| Step {
            name: built.name.clone(),
            position,
            answering: built.answering,
            verb,
        })
    });
    let mut warnings = diagnostics(text, &items, remarks, Severity::Warning);
    // The parts of a verb are read in the order of its meaning, not in that of the document.
    warnings.sort_by_key(|warning| warning.position);
    Ok(Program {
        steps: steps.collect(),
        end: EndOfProgram::HangUpOrRefuse(REFUSAL),
        warnings,
    })
}

fn diagnostics(
    text: &str,
    items: &[&str],
    findings: Vec<Finding>,
    severity: Severity,
) -> Vec<Diagnostic> {
    let mut places = Places::new(text);
    let diagnostics = findings.into_iter().map(|finding| {
        let element = match finding.path.split_first() {
            Some((Segment::Index(index), inside)) => items.get(*index).zip(Some(inside)),
            _ => None,
        };
        let offset = element.map_or(0, |(item, inside)| position::offset(text, item, inside));
        let position = places.at(offset);
        Diagnostic {
            severity,
            ..error(position, finding.message, finding.help)
        }
    });
    diagnostics.collect()
}

struct Built {
    name: String,
    answering: Answering,
    verbs: Vec<Verb>,
}

/// One element, in either spelling: `{"verb":"say",…}` or `{"say":{…}}`.
fn element_verb(validation: &mut Validation, element: Value) -> Option<Built> {
    let Value::Object(mut element) = element else {
        let message = "malformed jambonz payload: must be array of objects".to_owned();
        validation.note(message, None);
        return None;
    };
    if let Some(name) = element.shift_remove("verb") {
        let Value::String(name) = name else {
            validation.inside(Segment::Value("verb".to_owned()), |validation| {
                validation.note(format!("invalid instruction: {}", shortened(&name)), None);
            });
            return None;
        };
        return named(validation, Segment::Value("verb".to_owned()), name, element);
    }
    let mut properties = element.into_iter();
    let (Some((name, value)), None) = (properties.next(), properties.next()) else {
        let message = "malformed jambonz payload: missing verb property".to_owned();
        validation.note(message, None);
        return None;
    };
    let properties = match value {
        Value::Object(properties) => properties,
        Value::Null => Map::new(),
        other => {
            validation.inside(Segment::Value(name.clone()), |validation| {
                let found = shortened(&other);
                let message = format!("{}: must be an object, found {found}", shown(&name));
                validation.note(message, None);
            });
            return None;
        }
    };
    let here = Segment::Name(name.clone());
    validation
        .inside(Segment::Value(name.clone()), |validation| {
            check_and_build(validation, &name, &properties)
        })
        .unwrap_or_else(|| {
            validation.inside(here, |validation| unknown(validation, &name));
            None
        })
}

fn named(
    validation: &mut Validation,
    here: Segment,
    name: String,
    properties: Map<String, Value>,
) -> Option<Built> {
    check_and_build(validation, &name, &properties).unwrap_or_else(|| {
        validation.inside(here, |validation| unknown(validation, &name));
        None
    })
}

/// `None`: there is no such verb. `Some(None)`: something is wrong with it, and noted.
fn check_and_build(
    validation: &mut Validation,
    name: &str,
    properties: &Map<String, Value>,
) -> Option<Option<Built>> {
    let alias = ALIASES.iter().find(|(alias, _, _)| *alias == name);
    let canonical = alias.map_or(name, |(_, verb, _)| verb);
    let shape = schema::verb(canonical)?;
    let before = validation.count();
    match alias {
        Some((_, _, Some(vendor))) if !properties.contains_key("vendor") => {
            let mut properties = properties.clone();
            properties.insert("vendor".to_owned(), Value::from(*vendor));
            validation.shape(shape, &properties);
        }
        _ => validation.shape(shape, properties),
    }
    if validation.count() > before {
        return Some(None);
    }
    let (answering, verbs) = verb::build(validation, canonical, properties);
    Some(Some(Built {
        name: name.to_owned(),
        answering,
        verbs,
    }))
}

fn unknown(validation: &mut Validation, name: &str) {
    let help = nearest(name, schema::names()).map(|meant| format!("did you mean `{meant}`?"));
    validation.note(format!("invalid instruction: {}", shown(name)), help);
}

/// The parser counts columns in bytes, people count characters.
fn syntax(text: &str, found: &serde_json::Error) -> DocumentError {
    let line = found.line().max(1);
    let bytes = found.column().saturating_sub(1);
    let column = text.split('\n').nth(line - 1).map_or(0, |line| {
        let end = (0..=bytes.min(line.len()))
            .rev()
            .find(|at| line.is_char_boundary(*at));
        line.get(..end.unwrap_or_default())
            .unwrap_or_default()
            .chars()
            .count()
    });
    let position = Position {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column + 1).unwrap_or(u32::MAX),
    };
    let what = found.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let message = format!("malformed jambonz payload: not JSON: {what}");
    error(position, message, None).into()
}

fn error(position: Position, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: INVALID.to_owned(),
        message,
        help,
        position,
    }
}
