//! Enums that are kept as words, so that a person can read the tables.

/// An enum with a word for each of its values.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )*];

            /// The word that is kept.
            pub const fn as_str(self) -> &'static str {
                match self { $( $name::$variant => $word, )* }
            }

            pub(crate) fn of_word(word: &str) -> Option<$name> {
                match word { $( $word => Some($name::$variant), )* _ => None }
            }
        }
    };
}

pub(super) use words;
