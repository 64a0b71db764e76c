//! The second line of a frame: `key=value` pairs.

use crate::error::{Fault, excerpt};
use crate::frame::{Array, Value};
use crate::number::{parse_bool, parse_int, parse_real};

type Outcome<T> = Result<T, Fault>;

/// Key under which a free comment line is kept.
pub(super) const COMMENT: &str = "comment";

/// What a comment line says.
///
/// A line without any `key=value` is free text and becomes the one key `comment`.
pub(super) fn parse(line: &str) -> Outcome<Vec<(String, Value)>> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let free_text = || vec![(COMMENT.to_owned(), Value::Text(line.to_owned()))];
    match pairs(line) {
        Ok((pairs, true)) => Ok(pairs),
        Ok((_, false)) => Ok(free_text()),
        Err(_) if !line.contains("Properties") && !line.contains("Lattice") => Ok(free_text()),
        Err(fault) => Err(fault),
    }
}

/// The pairs in order, the last of equal keys winning, and whether there is any `=`.
fn pairs(line: &str) -> Outcome<(Vec<(String, Value)>, bool)> {
    let mut pairs: Vec<(String, Value)> = Vec::with_capacity(8);
    let mut any = false;
    let mut text = Scanner { rest: line };
    loop {
        text.skip(|c| c.is_whitespace() || c == ',');
        if text.rest.is_empty() {
            return Ok((pairs, any));
        }
        let key = text.key()?;
        text.skip(char::is_whitespace);
        let value = if text.take('=') {
            any = true;
            text.skip(char::is_whitespace);
            special(&key, text.value()?)
        } else {
            Value::Bool(true)
        };
        match pairs.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => pairs.push((key, value)),
        }
    }
}

/// `virial` and `stress` are matrices; nine numbers in a row are their columns, by old custom.
fn special(key: &str, value: Value) -> Value {
    // JSON says itself what is a row.
    let settled = matches!(&value, Value::Text(_)) || matches!(&value, Value::RealArray(a) if a.columns.is_some());
    if !matches!(key, "virial" | "stress") || settled {
        return value;
    }
    match value.reals() {
        Some(v) if v.len() == 9 => {
            Value::RealArray(Array::matrix([0, 3, 6, 1, 4, 7, 2, 5, 8].iter().map(|&k| v[k]).collect(), 3))
        }
        _ => value,
    }
}

/// What is left of the line.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(unwanted);
    }

    fn take(&mut self, wanted: char) -> bool {
        self.rest.strip_prefix(wanted).map(|rest| self.rest = rest).is_some()
    }

    fn key(&mut self) -> Outcome<String> {
        let key = match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self.bare(|c| c.is_whitespace() || c == '='),
        };
        if key.is_empty() {
            return Err(Fault::new(excerpt(self.rest.as_bytes()), "a key before '=' in the comment line"));
        }
        Ok(key)
    }

    fn value(&mut self) -> Outcome<Value> {
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(classify),
            Some('{') => self.enclosed('{', '}').map(|inner| classify(inner.to_owned())),
            Some('[') => self.enclosed('[', ']').map(bracketed),
            _ => Ok(classify(self.bare(char::is_whitespace))),
        }
    }

    /// Text up to a character that ends it; a backslash takes the next character as it is.
    fn bare(&mut self, ends: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if ends(c) {
                self.rest = &self.rest[at..];
                return text;
            }
            if c == '\\' { text.extend(chars.next().map(|(_, escaped)| escaped)) } else { text.push(c) }
        }
        self.rest = "";
        text
    }

    /// Text between quotes; `\n` is a newline, any other escaped character itself.
    fn quoted(&mut self, quote: char) -> Outcome<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
            match c {
                '\\' => text.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
                _ => text.push(c),
            }
        }
        Err(Fault::new(excerpt(self.rest.as_bytes()), format!("a closing {quote} in the comment line")))
    }

    /// Text between brackets, which may nest, with quoted brackets passed over.
    fn enclosed(&mut self, open: char, close: char) -> Outcome<&'a str> {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                _ if c == open => depth += 1,
                _ if c == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inner = &self.rest[1..at];
                self.rest = &self.rest[at + 1..];
                return Ok(inner);
            }
        }
        Err(Fault::new(excerpt(self.rest.as_bytes()), format!("a closing {close} in the comment line")))
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == ','
}

/// Scalar or one-dimensional array of numbers or truth values, else the text itself.
pub(super) fn classify(text: String) -> Value {
    let words: Vec<&str> = text.split(is_separator).filter(|word| !word.is_empty()).collect();
    match (array(&words, None), words.len()) {
        (Some(Value::IntArray(a)), 1) => Value::Int(a.values[0]),
        (Some(Value::RealArray(a)), 1) => Value::Real(a.values[0]),
        (Some(Value::BoolArray(a)), 1) => Value::Bool(a.values[0]),
        (Some(value), 2..) => value,
        _ => Value::Text(text),
    }
}

/// The words as whole numbers, else as real numbers, else as truth values.
fn array(words: &[&str], columns: Option<usize>) -> Option<Value> {
    fn all<T>(words: &[&str], parse: fn(&[u8]) -> Option<T>, columns: Option<usize>) -> Option<Array<T>> {
        let values: Option<Vec<T>> = words.iter().map(|word| parse(word.as_bytes())).collect();
        values.map(|values| Array { values, columns })
    }
    all(words, parse_int, columns)
        .map(Value::IntArray)
        .or_else(|| all(words, parse_real, columns).map(Value::RealArray))
        .or_else(|| all(words, parse_bool, columns).map(Value::BoolArray))
}

/// The inside of `[…]`: one dimension, or two where it holds brackets itself; text where it is neither.
fn bracketed(inner: &str) -> Value {
    let rows = if inner.trim_start().starts_with('[') { rows(inner) } else { elements(inner).map(|row| vec![row]) };
    let columns = inner.trim_start().starts_with('[').then(|| rows.as_ref().map_or(0, |r| r[0].len()));
    match rows {
        Some(rows) if rows.iter().all(|row| row.len() == rows[0].len()) => {
            let words: Vec<&str> = rows.iter().flatten().map(|(word, _)| *word).collect();
            let bare = rows.iter().flatten().all(|(_, quoted)| !quoted);
            let texts = || words.iter().map(|word| unescape(word)).collect();
            let numbers = if bare { array(&words, columns) } else { None };
            numbers.unwrap_or_else(|| Value::TextArray(Array { values: texts(), columns }))
        }
        _ => Value::Text(inner.to_owned()),
    }
}

/// Words and whether they were quoted.
type Row<'a> = Vec<(&'a str, bool)>;

/// `[…], […]`: at least one row, each in its own brackets.
fn rows(inner: &str) -> Option<Vec<Row<'_>>> {
    let mut text = Scanner { rest: inner };
    let mut rows = Vec::new();
    loop {
        text.skip(is_separator);
        match text.rest.chars().next() {
            None => return Some(rows),
            Some('[') => rows.push(elements(text.enclosed('[', ']').ok()?)?),
            Some(_) => return None,
        }
    }
}

/// Elements separated by commas, or numbers and truth values separated by blanks (old custom).
fn elements(inner: &str) -> Option<Row<'_>> {
    if !inner.contains([',', '"']) {
        let words: Vec<&str> = inner.split_whitespace().collect();
        let plain = words.len() <= 1 || array(&words, None).is_some();
        return plain.then(|| words.into_iter().map(|word| (word, false)).collect());
    }
    let mut elements = Vec::new();
    let mut rest = inner;
    while let Some((element, after)) = next_element(rest) {
        elements.push(element);
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next,
            None if after.trim().is_empty() => return Some(elements),
            None => return None,
        }
    }
    None
}

/// The first element of a comma-separated list and the rest from the comma on.
fn next_element(rest: &str) -> Option<((&str, bool), &str)> {
    let rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inside.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        return Some(((&inside[..end], true), &inside[end + 1..]));
    }
    let (word, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
    let word = word.trim_end();
    (!word.is_empty() && !word.contains('[')).then_some(((word, false), after))
}

fn unescape(word: &str) -> String {
    let quoted = format!("\"{word}\"");
    Scanner { rest: &quoted }.quoted('"').unwrap_or_else(|_| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Value {
        let pairs = parse(&format!("k={text} after=1")).unwrap();
        assert_eq!(pairs.len(), 2, "{text}: {pairs:?}");
        assert_eq!(pairs[1], ("after".into(), Value::Int(1)));
        pairs[0].1.clone()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn scalars() {
        assert_eq!(one("3"), Value::Int(3));
        assert_eq!(one("\" +03 \""), Value::Int(3));
        assert_eq!(one("{-12.0d2}"), Value::Real(-1200.0));
        assert_eq!(one(".012"), Value::Real(0.012));
        assert_eq!(one("99999999999999999999"), Value::Real(1e20));
        assert_eq!(one("true"), Value::Bool(true));
        assert_eq!(one("TRuE"), text("TRuE"));
        assert_eq!(one("1.3k7"), text("1.3k7"));
        assert_eq!(one("16EC:32EMC"), text("16EC:32EMC"));
        assert_eq!(one("\"\""), text(""));
        assert_eq!(one("'two words'"), text("two words"));
        assert_eq!(one(r#""line one\nline \"two\" \\""#), text("line one\nline \"two\" \\"));
        assert_eq!(one("a=b"), text("a=b"));
    }

    #[test]
    fn vectors() {
        let ints = Value::IntArray(Array::vector(vec![1, 2, 3]));
        for form in ["\"1 2 3\"", "{1 2 3}", "[1, 2,3]", "[ 1 2 3 ]", "1,2,3", "'1 2 3'"] {
            assert_eq!(one(form), ints, "{form}");
        }
        assert_eq!(one("\"1 2.0 3\""), Value::RealArray(Array::vector(vec![1.0, 2.0, 3.0])));
        assert_eq!(one("\"T F True FALSE\""), Value::BoolArray(Array::vector(vec![true, false, true, false])));
        let texts = |list: &[&str]| Value::TextArray(Array::vector(list.iter().map(ToString::to_string).collect()));
        assert_eq!(one(r#"[ a, "b", c ]"#), texts(&["a", "b", "c"]));
        assert_eq!(one(r#"["a, b", "c]"]"#), texts(&["a, b", "c]"]));
        assert_eq!(one(r#"["1", "\"2\""]"#), texts(&["1", "\"2\""]));
        assert_eq!(one("[T, F, bob]"), texts(&["T", "F", "bob"]));
        assert_eq!(one("[7]"), Value::IntArray(Array::vector(vec![7])));
    }

    #[test]
    fn matrices() {
        assert_eq!(one("[[1, 2], [3, 4]]"), Value::IntArray(Array::matrix(vec![1, 2, 3, 4], 2)));
        assert_eq!(one("[[1 2] [3 4.5]]"), Value::RealArray(Array::matrix(vec![1.0, 2.0, 3.0, 4.5], 2)));
        let texts = ["1", "a", "b", "c"].map(String::from).to_vec();
        assert_eq!(one("[[1, a], [b, c]]"), Value::TextArray(Array::matrix(texts, 2)));
        assert_eq!(one("[[1, 2], [3]]"), text("[1, 2], [3]"));
    }

    #[test]
    fn nine_numbers_of_a_virial_are_its_columns() {
        let pairs = parse("virial=\"1 2 3 4 5 6 7 8 9\" REF_virial=\"1 2 3 4 5 6 7 8 9\" stress=0.5").unwrap();
        let rows = vec![1.0, 4.0, 7.0, 2.0, 5.0, 8.0, 3.0, 6.0, 9.0];
        assert_eq!(pairs[0].1, Value::RealArray(Array::matrix(rows, 3)));
        assert_eq!(pairs[1].1, Value::IntArray(Array::vector((1..10).collect())));
        assert_eq!(pairs[2].1, Value::Real(0.5));
    }

    #[test]
    fn keys() {
        let pairs = parse("flag a = 1 'odd key'=2 b=1 b=x last").unwrap();
        let want = [("flag", Value::Bool(true)), ("a", Value::Int(1)), ("odd key", Value::Int(2)), ("b", text("x"))];
        for (pair, (key, value)) in pairs.iter().zip(want) {
            assert_eq!(pair, &(key.to_owned(), value));
        }
        assert_eq!(pairs[4], ("last".into(), Value::Bool(true)));
    }

    #[test]
    fn free_text() {
        assert_eq!(parse("  ").unwrap(), []);
        for line in ["Cubic bulk silicon cell", "Bob's box", "x = \"oops", "=3"] {
            assert_eq!(parse(line).unwrap(), [(COMMENT.into(), text(line))], "{line}");
        }
        let cp2k = parse(" i =        7, time =        3.500, E =       -17.1646").unwrap();
        assert_eq!(cp2k[0], ("i".into(), Value::Int(7)));
        assert_eq!(cp2k[1], ("time".into(), Value::Real(3.5)));
        assert_eq!(cp2k[2], ("E".into(), Value::Real(-17.1646)));
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        for line in ["Lattice=\"1 2", "Properties=species:S:1:pos:R:3 a=[1, 2", "Lattice={1", "Properties=x =3 =="] {
            assert!(parse(line).is_err() || line.contains("=="), "{line}");
        }
        assert_eq!(parse("Lattice=\"1 2").unwrap_err().expected, "a closing \" in the comment line");
    }
}
