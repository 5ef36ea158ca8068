//! Codes: case-sensitive ASCII names of dealers, people, items …, held once and compared as numbers.

use string_interner::backend::BufferBackend;
use string_interner::symbol::SymbolU32;
use string_interner::{StringInterner, Symbol};

/// A code (or other short text) held in a [`Codes`]; equal codes of one holder are equal texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(SymbolU32);

impl Code {
    /// A dense number, for use as an index.
    pub fn index(self) -> usize {
        self.0.to_usize()
    }
}

/// Holds every text once. The order of [`Code`]s is that of arrival: compare [`Codes::text`] where a rule
/// says "the smaller code".
#[derive(Debug, Clone)]
pub struct Codes(StringInterner<BufferBackend<SymbolU32>>);

impl Default for Codes {
    fn default() -> Self {
        let mut texts = StringInterner::new();
        texts.get_or_intern("");
        Self(texts)
    }
}

impl Codes {
    /// The code of a text, kept from now on.
    pub fn keep(&mut self, text: &str) -> Code {
        Code(self.0.get_or_intern(text))
    }

    /// The code of a text that is kept already.
    pub fn find(&self, text: &str) -> Option<Code> {
        self.0.get(text).map(Code)
    }

    /// The text of a code of this holder.
    ///
    /// # Panics
    /// When the code comes from another holder, which is a fault of the program.
    pub fn text(&self, code: Code) -> &str {
        self.0.resolve(code.0).expect("a code is asked of the holder that gave it")
    }

    /// The empty code: of a finding that concerns no dealer or region.
    pub fn none(&self) -> Code {
        Code(SymbolU32::try_from_usize(0).expect("zero is a symbol"))
    }

    /// How many texts are kept, the empty one apart.
    pub fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The most characters a code has (formats, section 2).
pub const MAX_CODE_CHARS: usize = 64;

/// Whether a text is a code: 1–64 ASCII letters, digits, `-`, `_`, `.`.
pub fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_CHARS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
