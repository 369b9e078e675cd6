//! `say-as` in words, for engines that read plain text.

use super::SayAs;

/// What an engine that reads plain text is given. `english` turns dates and times into words;
/// other languages keep them as written.
pub(super) fn in_words(say: &SayAs, english: bool) -> String {
    match say.interpret.as_str() {
        "digits" | "digit" | "characters" | "spell-out" | "verbatim" | "letters"
        | "number_digit" => one_by_one(&say.text),
        "telephone" | "phone" => telephone(&say.text),
        "ordinal" | "number_ordinal" if english => ordinal(&say.text),
        "date" if english => {
            date(&say.text, say.format.as_deref()).unwrap_or_else(|| say.text.clone())
        }
        "time" if english => time(&say.text).unwrap_or_else(|| say.text.clone()),
        "expletive" | "bleep" => "beep".to_owned(),
        _ => say.text.clone(),
    }
}

/// Characters with blanks in between.
fn one_by_one(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

/// Digits one by one, with a comma's pause where the number is grouped.
fn telephone(text: &str) -> String {
    let groups = text.split([' ', '-', '.', '(', ')', '/']);
    let groups: Vec<String> = groups
        .filter(|group| !group.is_empty())
        .map(|group| match group.strip_prefix('+') {
            Some(digits) => format!("plus {}", one_by_one(digits)),
            None => one_by_one(group),
        })
        .collect();
    groups.join(", ")
}

/// `3` as `3rd`, which engines read as "third".
fn ordinal(text: &str) -> String {
    let Ok(number) = text.trim().parse::<u64>() else {
        return text.to_owned();
    };
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `mdy`, `dmy`, `ymd`, `md`, `dm`, `ym`, `my`, `d`, `m`, `y`, or `yyyymmdd` with `?` for what is
/// not said (Amazon Polly).
fn date(text: &str, format: Option<&str>) -> Option<String> {
    let text = text.trim();
    let format = format.unwrap_or("").to_ascii_lowercase();
    let separated = text.contains(['/', '-', '.', ' ']);
    let (mut year, mut month, mut day) = (None, None, None);
    if format == "yyyymmdd" || (!separated && text.len() == 8) {
        year = text.get(..4)?.parse::<u32>().ok();
        month = text.get(4..6)?.parse::<usize>().ok();
        day = text.get(6..8)?.parse::<u64>().ok();
    } else {
        let fields: Vec<&str> = text
            .split(['/', '-', '.', ' '])
            .filter(|field| !field.is_empty())
            .collect();
        let order = match (format.as_str(), fields.as_slice()) {
            ("", [first, _, _]) if first.len() == 4 => "ymd",
            ("", _) => "mdy",
            (format, _) => format,
        };
        if order.len() != fields.len() {
            return None;
        }
        for (letter, field) in order.chars().zip(fields) {
            match letter {
                'y' => year = Some(field.parse::<u32>().ok()?),
                'm' => month = Some(field.parse::<usize>().ok()?),
                'd' => day = Some(field.parse::<u64>().ok()?),
                _ => return None,
            }
        }
    }
    let month = match month {
        Some(month) => Some(*MONTHS.get(month.checked_sub(1)?)?),
        None => None,
    };
    let day = match day {
        Some(day @ 1..=31) => Some(ordinal(&day.to_string())),
        Some(_) => return None,
        None => None,
    };
    let mut words = Vec::new();
    words.extend(month.map(str::to_owned));
    words.extend(day);
    let mut said = words.join(" ");
    if let Some(year) = year {
        if !said.is_empty() {
            said.push_str(", ");
        }
        said.push_str(&year.to_string());
    }
    (!said.is_empty()).then_some(said)
}

/// `1'21"` as minutes and seconds; a time of day is read well as it stands, but for its seconds.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let plural = |number: &str, unit: &str| -> Option<String> {
        let number: u32 = number.trim().parse().ok()?;
        let s = if number == 1 { "" } else { "s" };
        Some(format!("{number} {unit}{s}"))
    };
    if let Some((minutes, seconds)) = text.split_once('\'') {
        let minutes = plural(minutes, "minute")?;
        let seconds = seconds.trim_end_matches('"').trim();
        return if seconds.is_empty() {
            Some(minutes)
        } else {
            Some(format!("{minutes} {}", plural(seconds, "second")?))
        };
    }
    None
}
