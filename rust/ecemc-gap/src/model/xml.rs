//! As much of XML as models need: elements, attributes and text, read once from front to end.
//!
//! Entities beyond the five of XML and document types are refused, so nothing can expand and nothing is fetched.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::excerpt;
use crate::{Error, Result};

/// Elements nested deeper, and with more attributes, are not what any code writes.
const MAX_DEPTH: usize = 64;
const MAX_ATTRIBUTES: usize = 64;

/// An element that was opened.
pub(super) struct Element {
    pub name: String,
    /// Line of the file, counted from 1.
    pub line: usize,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of an attribute that has to be there.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::format(self.place(), format!("no attribute {name}"), format!("{name}=\"...\"")))
    }

    /// The value of an attribute, made by `parse`; required if there is no default.
    pub fn parsed<T>(
        &self,
        name: &str,
        default: Option<T>,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<T> {
        if let (None, Some(default)) = (self.get(name), default) {
            return Ok(default);
        }
        let value = self.required(name)?;
        parse(value.trim()).ok_or_else(|| self.refused(name, value, expected))
    }

    /// An error about the value of an attribute.
    pub fn refused(&self, name: &str, value: &str, expected: &str) -> Error {
        Error::format(self.place(), format!("{name}={}", excerpt(value)), expected)
    }

    /// Where it stands, for messages.
    pub fn place(&self) -> String {
        format!("line {}, <{}>", self.line, excerpt(&self.name).trim_matches('\''))
    }
}

/// The file, read so far.
pub(super) struct Xml<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    depth: usize,
    /// Up to where lines were counted, and their number.
    counted: (usize, usize),
}

impl<'a> Xml<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + newlines(&bytes[..error.valid_up_to()]);
            let got = format!("byte {}, which is not UTF-8", error.valid_up_to());
            Error::format(format!("line {line}"), got, "an XML file in UTF-8: was it compressed or cut?")
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { text, reader, depth: 0, counted: (0, 1) })
    }

    /// The line that was read last.
    pub fn line(&mut self) -> usize {
        let to = (self.reader.buffer_position() as usize).min(self.text.len()).max(self.counted.0);
        self.counted.1 += newlines(&self.text.as_bytes()[self.counted.0..to]);
        self.counted.0 = to;
        self.counted.1
    }

    /// The next element inside the one that is open, none when that one is closed; text on the way goes to `text`.
    pub fn child(&mut self, mut text: Option<&mut String>) -> Result<Option<Element>> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.opened(&start).map(Some),
                Event::End(_) | Event::Eof => return Ok(None),
                event => self.append(&event, text.as_deref_mut())?,
            }
        }
    }

    /// Goes to the end of the element that is open, whatever is in it.
    pub fn skip(&mut self) -> Result<()> {
        let outside = self.depth - 1;
        while self.depth > outside {
            self.event()?;
        }
        Ok(())
    }

    /// The text of the element that is open, to its end; elements in it are skipped.
    pub fn content(&mut self) -> Result<String> {
        let mut text = String::new();
        while self.child(Some(&mut text))?.is_some() {
            self.skip()?;
        }
        Ok(text)
    }

    /// An error at the present line.
    pub fn fault(&mut self, got: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::format(format!("line {}", self.line()), got, expected)
    }

    fn event(&mut self) -> Result<Event<'a>> {
        let event = self.reader.read_event();
        match &event {
            Err(error) => {
                let expected = "well-formed XML: is the file cut or changed by hand?";
                return Err(self.fault(error.to_string(), expected));
            }
            Ok(Event::DocType(_)) => {
                return Err(self.fault("a document type (<!DOCTYPE ...>)", "none: no entity is resolved"));
            }
            Ok(Event::Start(_)) => self.depth += 1,
            Ok(Event::End(_)) => self.depth -= 1,
            Ok(Event::Eof) if self.depth > 0 => {
                return Err(
                    self.fault("the end of the file inside an element", "every element closed: is the file cut?")
                );
            }
            Ok(_) => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(self.fault("more elements inside each other", format!("up to {MAX_DEPTH}")));
        }
        event.map_err(|error| self.fault(error.to_string(), "well-formed XML"))
    }

    fn opened(&mut self, start: &BytesStart) -> Result<Element> {
        let mut element = Element { name: start.name().0.to_owned(), line: self.line(), attributes: Vec::new() };
        for attribute in start.attributes() {
            let attribute = attribute
                .map_err(|error| Error::format(element.place(), error.to_string(), "well-formed attributes"))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| {
                Error::format(element.place(), error.to_string(), "no entities but those of XML: none are resolved")
            })?;
            element.attributes.push((attribute.key.0.to_owned(), value.into_owned()));
            if element.attributes.len() > MAX_ATTRIBUTES {
                return Err(Error::format(element.place(), "more attributes", format!("up to {MAX_ATTRIBUTES}")));
            }
        }
        Ok(element)
    }

    fn append(&mut self, event: &Event, text: Option<&mut String>) -> Result<()> {
        let piece = match event {
            Event::Text(piece) => piece.xml10_content(),
            Event::CData(piece) => piece.xml10_content(),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(character.to_string()),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned),
                    Err(_) => None,
                };
                let Some(resolved) = resolved else {
                    return Err(self.fault(format!("the entity {}", excerpt(&name)), "none: entities are not resolved"));
                };
                resolved.into()
            }
            _ => return Ok(()),
        };
        if let Some(text) = text {
            text.push_str(&piece);
        }
        Ok(())
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}
