//! The grammar of descriptor strings: bare words and `key=value`, where braces and quotes hold blanks together.

use std::collections::BTreeMap;

use super::number;
use crate::error::excerpt;
use crate::{Error, Result};

/// Braces deeper than this are not what any code writes.
const MAX_DEPTH: usize = 8;

/// The keys of one descriptor string; of a repeated key the last value counts, a bare word has the value `T`.
pub(super) struct Keys<'a> {
    /// Where the string stands, for messages.
    pub place: &'a str,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Keys<'a> {
    pub fn new(text: &'a str, place: &'a str) -> Result<Self> {
        let mut values = BTreeMap::new();
        for token in tokens(text).map_err(|fault| Error::format(place, fault, "every brace and quote closed"))? {
            match token.split_once('=') {
                Some((key, value)) => values.insert(key, value),
                None => values.insert(token, "T"),
            };
        }
        Ok(Self { place, values })
    }

    /// Whether the key or bare word is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value without its braces and quotes.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.values.get(key).map(|value| bare(value))
    }

    /// The value of the first of these keys that is there, with that key.
    fn first(&self, keys: &[&'static str]) -> Option<(&'static str, &'a str)> {
        keys.iter().find_map(|&key| Some((key, self.text(key)?)))
    }

    fn refuse<T>(&self, key: &str, value: &str, expected: &str) -> Result<T> {
        Err(self.fault(key, format!("{key}={}", excerpt(value)), expected))
    }

    /// An error about a key.
    pub fn fault(&self, key: &str, got: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::format(format!("{}, key {key}", self.place), got, expected)
    }

    /// An error about something that is not supported.
    pub fn unsupported(&self, what: impl Into<String>, known: impl Into<String>) -> Error {
        Error::unsupported(self.place, what, known)
    }

    /// A finite number, under the first of several names, or a default; required if there is none.
    pub fn real(&self, keys: &[&'static str], default: Option<f64>) -> Result<f64> {
        match (self.first(keys), default) {
            (Some((key, value)), _) => match number::real(value) {
                Some(x) => Ok(x),
                None => self.refuse(key, value, "a finite number"),
            },
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.missing(keys)),
        }
    }

    /// A number within bounds, which are far beyond what makes sense, under the first of several names, or a default.
    pub fn within(&self, keys: &[&'static str], default: Option<f64>, low: f64, high: f64) -> Result<f64> {
        self.bounded(keys[0], self.real(keys, default)?, low, high)
    }

    /// The value of a key, if it is within bounds.
    pub fn bounded(&self, key: &str, value: f64, low: f64, high: f64) -> Result<f64> {
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        self.refuse(key, &value.to_string(), &format!("a number from {low} to {high}"))
    }

    /// An integer within bounds, under the first of several names, or a default.
    pub fn integer(&self, keys: &[&'static str], default: Option<usize>, low: usize, high: usize) -> Result<usize> {
        let Some((key, value)) = self.first(keys) else {
            return default.ok_or_else(|| self.missing(keys));
        };
        match value.parse() {
            Ok(n) if (low..=high).contains(&n) => Ok(n),
            _ => self.refuse(key, value, &format!("an integer from {low} to {high}")),
        }
    }

    /// An integer from `low` to what the engine can do: more may be sound, but is refused.
    pub fn size(&self, keys: &[&'static str], low: usize, high: usize) -> Result<usize> {
        match self.integer(keys, None, low, 1_000_000)? {
            n if n > high => Err(self.unsupported(format!("{}={n}", keys[0]), format!("numbers up to {high}"))),
            n => Ok(n),
        }
    }

    pub fn logical(&self, keys: &[&'static str], default: bool) -> Result<bool> {
        let Some((key, value)) = self.first(keys) else { return Ok(default) };
        number::logical(value).map_or_else(|| self.refuse(key, value, "T or F"), Ok)
    }

    /// Several finite numbers, separated by blanks.
    pub fn reals(&self, key: &'static str) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.text(key) else { return Ok(None) };
        let numbers: Option<Vec<f64>> = value.split_whitespace().map(number::real).collect();
        match numbers {
            Some(numbers) if !numbers.is_empty() => Ok(Some(numbers)),
            _ => self.refuse(key, value, "finite numbers separated by blanks, in braces"),
        }
    }

    /// Atomic numbers, separated by blanks; 0 is the wildcard.
    pub fn species(&self, key: &'static str) -> Result<Option<Vec<u8>>> {
        let Some(value) = self.text(key) else { return Ok(None) };
        let numbers: Option<Vec<u8>> =
            value.split_whitespace().map(|token| token.parse().ok().filter(|&z| z <= 118)).collect();
        match numbers {
            Some(numbers) if !numbers.is_empty() => Ok(Some(numbers)),
            _ => self.refuse(key, value, "atomic numbers up to 118 separated by blanks, in braces"),
        }
    }

    fn missing(&self, keys: &[&'static str]) -> Error {
        Error::format(self.place, format!("no {}", keys.join(" or ")), format!("{}=VALUE in it", keys[0]))
    }
}

/// Cuts at blanks outside of braces and quotes.
fn tokens(text: &str) -> std::result::Result<Vec<&str>, String> {
    let mut tokens = Vec::new();
    let (mut start, mut depth, mut quote) = (None, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = Some(open).filter(|&open| open != c),
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Err(format!("a closing brace too many in {}", excerpt(text))),
            (None, '}') => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("braces nested deeper than {MAX_DEPTH}"));
        }
        let outside = depth == 0 && quote.is_none() && c.is_whitespace();
        match start {
            None if !outside => start = Some(at),
            Some(from) if outside => {
                tokens.push(&text[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    if depth > 0 || quote.is_some() {
        return Err(format!("an open brace or quote in {}", excerpt(text)));
    }
    tokens.extend(start.map(|from| &text[from..]));
    Ok(tokens)
}

/// Without the braces and quotes around.
fn bare(mut value: &str) -> &str {
    loop {
        value = value.trim();
        let inner = [('{', '}'), ('\'', '\''), ('"', '"')]
            .iter()
            .find_map(|&(open, close)| value.strip_prefix(open)?.strip_suffix(close));
        match inner {
            Some(inner) => value = inner,
            None => return value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_quotes_and_repeated_keys() {
        let keys = Keys::new(" soap n_max=8  species_Z={{1 6 8 }} a='x y' n_max=4 e={} b=\"{ 2}\"", "here").unwrap();
        assert!(keys.has("soap") && !keys.has("soap_turbo"));
        assert_eq!(keys.integer(&["n_max"], None, 1, 10).unwrap(), 4);
        assert_eq!(keys.species("species_Z").unwrap(), Some(vec![1, 6, 8]));
        assert_eq!((keys.text("a"), keys.text("b"), keys.text("c")), (Some("x y"), Some("2"), None));
        assert!(keys.species("e").is_err());
    }

    #[test]
    fn messages_name_the_key() {
        let keys = Keys::new("n_max=8.5 cutoff=nan w=-1 f=maybe species_Z={1,6}", "line 3").unwrap();
        let message = keys.integer(&["n_max"], None, 1, 20).unwrap_err().to_string();
        assert_eq!(message, "line 3, key n_max: got n_max='8.5', expected an integer from 1 to 20");
        assert!(keys.real(&["cutoff"], None).unwrap_err().to_string().contains("cutoff='nan'"));
        assert!(keys.within(&["w"], None, 0.0, 1.0).is_err() && keys.logical(&["f"], true).is_err());
        assert!(keys.species("species_Z").unwrap_err().to_string().contains("blanks"));
        let message = keys.real(&["rcut_hard", "rcut"], None).unwrap_err().to_string();
        assert_eq!(message, "line 3: got no rcut_hard or rcut, expected rcut_hard=VALUE in it");
        for broken in ["a={1 2", "a=1}", "a='x", &"{".repeat(1000)] {
            assert!(Keys::new(broken, "x").is_err(), "{broken}");
        }
    }
}
