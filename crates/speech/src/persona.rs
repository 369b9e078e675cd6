//! How vendors' voices sound: names of Amazon Polly, Google, Azure, OpenAI and Bandwidth, and what
//! language and gender they stand for. A local engine then speaks with its own voice of that kind.

use crate::Gender;
use crate::synthesizer::EngineKind;
use Gender::{Female, Male};

/// What a voice's name tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Persona {
    /// The engine whose voice it is.
    pub(crate) kind: Option<EngineKind>,
    /// The name without its vendor's prefix, as that engine spells it.
    pub(crate) name: String,
    pub(crate) gender: Option<Gender>,
    pub(crate) language: Option<String>,
    /// Whether the name means anything here.
    pub(crate) known: bool,
}

/// Languages, and who speaks them.
const SPEAKERS: &[(&str, Gender, &str)] = &[
    (
        "en-US",
        Female,
        "woman alice joanna kendra kimberly salli ivy ruth danielle tiffany susan julie kate \
         jenny aria michelle ana alloy nova shimmer coral sage rachel",
    ),
    (
        "en-US",
        Male,
        "man matthew joey justin kevin stephen gregory patrick paul dave guy davis tony jason \
         christopher eric brandon roger steffan andrew echo fable onyx ash ballad verse adam",
    ),
    ("en-GB", Female, "amy emma bridget sonia libby maisie"),
    ("en-GB", Male, "brian arthur ryan thomas hugh simon"),
    ("en-GB-WLS", Male, "geraint"),
    ("en-AU", Female, "nicole olivia natasha"),
    ("en-AU", Male, "russell william"),
    ("en-IN", Female, "raveena aditi kajal neerja"),
    ("en-IN", Male, "prabhat"),
    ("en-IE", Female, "niamh"),
    ("en-ZA", Female, "ayanda"),
    ("de-DE", Female, "vicki marlene katrin katja"),
    ("de-DE", Male, "hans daniel stefan conrad"),
    ("de-AT", Female, "hannah"),
    (
        "fr-FR",
        Female,
        "celine céline lea léa jolie florence denise",
    ),
    ("fr-FR", Male, "mathieu remi rémi bernard henri"),
    ("fr-CA", Female, "chantal gabrielle sylvie"),
    ("fr-CA", Male, "liam"),
    ("fr-BE", Female, "isabelle"),
    ("es-ES", Female, "conchita lucia violeta rosa elvira"),
    ("es-ES", Male, "enrique sergio raul alvaro"),
    ("es-MX", Female, "mia esperanza ximena dalia"),
    ("es-MX", Male, "andres andrés jorge carlos"),
    ("es-US", Female, "lupe penelope penélope"),
    ("es-US", Male, "miguel pedro"),
    ("it-IT", Female, "carla bianca paola elsa isabella"),
    ("it-IT", Male, "giorgio adriano luca diego"),
    ("pt-BR", Female, "camila vitoria vitória francisca"),
    ("pt-BR", Male, "ricardo thiago antonio"),
    ("pt-PT", Female, "ines inês raquel"),
    ("pt-PT", Male, "cristiano duarte"),
    ("nl-NL", Female, "lotte laura colette"),
    ("nl-NL", Male, "ruben maarten"),
    ("nl-BE", Female, "lisa"),
    ("da-DK", Female, "naja sofie"),
    ("da-DK", Male, "mads"),
    ("sv-SE", Female, "astrid elin"),
    ("nb-NO", Female, "liv ida"),
    ("fi-FI", Female, "suvi"),
    ("is-IS", Female, "dora dóra"),
    ("is-IS", Male, "karl"),
    ("pl-PL", Female, "ewa maja ola zofia"),
    ("pl-PL", Male, "jacek jan marek"),
    ("ro-RO", Female, "carmen"),
    ("ru-RU", Female, "tatyana"),
    ("ru-RU", Male, "maxim"),
    ("tr-TR", Female, "filiz burcu"),
    ("cy-GB", Female, "gwyneth"),
    ("ca-ES", Female, "arlet"),
    ("arb", Female, "zeina"),
    ("ar-AE", Female, "hala"),
    ("ar-AE", Male, "zayd"),
    ("ja-JP", Female, "mizuki kazuha tomoko nanami"),
    ("ja-JP", Male, "takumi keita"),
    ("ko-KR", Female, "seoyeon jihye"),
    ("cmn-CN", Female, "zhiyu xiaoxiao"),
    ("zh-CN", Male, "yunxi"),
    ("yue-CN", Female, "hiujin"),
];

/// Names that say how a voice sounds and nothing of the language.
const SOUNDS_ONLY: &str = "woman man alice";

impl Persona {
    /// What a name tells, given the vendor that a document may name beside it (jambonz).
    pub(crate) fn of(name: &str, vendor: Option<&str>) -> Persona {
        let (prefix, rest) = match name.split_once('.') {
            Some((prefix, rest)) if vendor_kind(prefix).is_some() || is_polly(prefix) => {
                (Some(prefix), rest)
            }
            _ => (None, name),
        };
        let vendor = prefix.or(vendor);
        let kind = vendor.and_then(vendor_kind);
        let bare = rest.to_lowercase();
        let bare = ["-neural", "-generative", "-long-form", "-standard"]
            .iter()
            .find_map(|ending| bare.strip_suffix(ending))
            .unwrap_or(&bare)
            .to_owned();
        let mut persona = Persona {
            kind,
            name: rest.to_owned(),
            ..Persona::default()
        };
        if let Some((language, model)) = language_of(rest) {
            persona.known = true;
            persona.gender = by_letter(&language, model).or_else(|| {
                let given = model
                    .trim_end_matches("Neural")
                    .trim_end_matches("Multilingual");
                speaker(&given.to_lowercase()).map(|(_, gender)| gender)
            });
            if kind.is_none() && model.ends_with("Neural") {
                persona.kind = Some(EngineKind::Azure);
            } else if kind.is_none() && persona.gender.is_some() {
                persona.kind = Some(EngineKind::Google);
            }
            persona.language = Some(language);
        } else if let Some((language, gender)) = speaker(&bare) {
            persona.known = true;
            persona.gender = Some(gender);
            if !SOUNDS_ONLY.split(' ').any(|name| name == bare) && kind.is_none() {
                persona.language = Some(language.to_owned());
            }
        } else {
            // An engine's own name that needs no explanation.
            persona.known = kind.is_some();
        }
        persona
    }
}

fn speaker(name: &str) -> Option<(&'static str, Gender)> {
    let found = SPEAKERS
        .iter()
        .find(|(_, _, names)| names.split_ascii_whitespace().any(|known| known == name))?;
    Some((found.0, found.1))
}

fn is_polly(prefix: &str) -> bool {
    prefix.eq_ignore_ascii_case("polly") || prefix.eq_ignore_ascii_case("amazon")
}

/// The engine of a vendor's name.
pub(crate) fn vendor_kind(vendor: &str) -> Option<EngineKind> {
    Some(match vendor.to_ascii_lowercase().as_str() {
        "google" | "gcloud" => EngineKind::Google,
        "microsoft" | "azure" => EngineKind::Azure,
        "elevenlabs" => EngineKind::ElevenLabs,
        "openai" => EngineKind::OpenAi,
        "flite" => EngineKind::Flite,
        "espeak" | "espeak-ng" => EngineKind::EspeakNg,
        _ => return None,
    })
}

/// `en-US-Wavenet-C` as `en-US` and `Wavenet-C`.
fn language_of(name: &str) -> Option<(String, &str)> {
    let (language, rest) = name.split_once('-')?;
    let (region, rest) = rest.split_once('-')?;
    let is_language = matches!(language.len(), 2 | 3)
        && language.chars().all(|c| c.is_ascii_lowercase())
        && matches!(region.len(), 2 | 3)
        && region
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    is_language.then(|| (format!("{language}-{region}"), rest))
}

/// Google's letters: B, D, I and J are men nearly everywhere; A too in American English.
fn by_letter(language: &str, model: &str) -> Option<Gender> {
    let (_, letter) = model.rsplit_once('-')?;
    match letter {
        "B" | "D" | "I" | "J" => Some(Male),
        "A" if language == "en-US" => Some(Male),
        letter if letter.len() == 1 && letter.chars().all(|c| c.is_ascii_uppercase()) => {
            Some(Female)
        }
        _ => None,
    }
}
