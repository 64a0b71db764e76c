//! The elements of a model file and what has to hold between them.

use std::collections::BTreeMap;

use super::xml::{Element, Xml};
use super::{DescriptorOptions, Files, KNOWN_VERSION, ModelFile, TermFile, number, options, sparse};
use crate::error::excerpt;
use crate::{Error, Result};

/// `covariance_type` of the two kernels that are known.
const GAUSSIAN: &str = "1";
const DOT_PRODUCT: &str = "2";

/// Reads the whole file.
pub(super) fn parse(xml: &[u8], files: &Files) -> Result<ModelFile> {
    let mut xml = Xml::new(xml)?;
    let mut stray = String::new();
    let Some(root) = xml.child(Some(&mut stray))? else {
        return Err(xml.fault("no element at all", "a GAP model, the XML file that gap_fit writes"));
    };
    let mut reader = ModelReader { files, root: root.name, potential: None, model: None };
    reader.root(&mut xml)?;
    let another = xml.child(Some(&mut stray))?.is_some();
    if another || !stray.trim().is_empty() {
        return Err(xml.fault("more than one element at the outermost level", "one element with everything in it"));
    }
    reader.finish(&mut xml)
}

/// What was read so far.
struct ModelReader<'a> {
    files: &'a Files<'a>,
    root: String,
    potential: Option<Element>,
    model: Option<ModelFile>,
}

impl ModelReader<'_> {
    fn root(&mut self, xml: &mut Xml) -> Result<()> {
        while let Some(element) = xml.child(None)? {
            match element.name.as_str() {
                "Potential" => {
                    xml.skip()?;
                    once(self.potential.is_some(), &element)?;
                    self.potential = Some(element);
                }
                "GAP_params" => {
                    once(self.model.is_some(), &element)?;
                    self.model = Some(model(xml, &element, self.files)?);
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    /// The labels have to agree, and the potential has to be this model alone.
    fn finish(self, xml: &mut Xml) -> Result<ModelFile> {
        let Some(mut model) = self.model else {
            let got = format!("no <GAP_params> in <{}>", excerpt(&self.root).trim_matches('\''));
            return Err(xml.fault(got, "a GAP model, the XML file that gap_fit writes"));
        };
        if self.root != model.label {
            let got = format!("the outermost element {}", excerpt(&self.root));
            return Err(Error::format("line 1", got, format!("the label of GAP_params, {}", excerpt(&model.label))));
        }
        match self.potential {
            None => model.notes.push("there is no <Potential> element; QUIP would need one".into()),
            Some(element) => check_potential(&element, &model.label)?,
        }
        Ok(model)
    }
}

fn once(there: bool, element: &Element) -> Result<()> {
    if there { Err(Error::format(element.place(), "this element twice", "it once")) } else { Ok(()) }
}

/// `IP GAP label=LABEL`, and nothing else: a sum with a baseline potential would be another energy.
fn check_potential(element: &Element, label: &str) -> Result<()> {
    same_label(element, label)?;
    let text = element.required("init_args")?;
    let args: Vec<&str> = text.split_whitespace().collect();
    if let [kind, gap, name] = args[..]
        && kind.eq_ignore_ascii_case("IP")
        && gap.eq_ignore_ascii_case("GAP")
        && name.strip_prefix("label=") == Some(label)
    {
        return Ok(());
    }
    let what = format!("a potential with init_args={}", excerpt(text));
    Err(Error::unsupported(element.place(), what, format!("init_args='IP GAP label={label}'")))
}

fn same_label(element: &Element, label: &str) -> Result<()> {
    let got = element.required("label")?;
    if got == label { Ok(()) } else { Err(element.refused("label", got, &format!("{}, as elsewhere", excerpt(label)))) }
}

fn model(xml: &mut Xml, params: &Element, files: &Files) -> Result<ModelFile> {
    let label = params.required("label")?.to_owned();
    let gap_version = params.parsed("gap_version", Some(0), |text| text.parse().ok(), "an integer, 0 or more")?;
    let mut model = ModelFile { label, gap_version, e0: BTreeMap::new(), terms: Vec::new(), notes: Vec::new() };
    if gap_version > KNOWN_VERSION {
        model.notes.push(format!(
            "gap_version {gap_version} is newer than {KNOWN_VERSION}, the newest that was verified: compare with QUIP"
        ));
    }
    let (mut data, mut terms) = (false, None);
    while let Some(element) = xml.child(None)? {
        match element.name.as_str() {
            "GAP_data" => {
                once(data, &element)?;
                data = true;
                model.e0 = isolated_energies(xml, &element)?;
            }
            "gpSparse" => {
                once(terms.is_some(), &element)?;
                same_label(&element, &model.label)?;
                terms = Some(sum_of_terms(xml, &element, &mut model, files)?);
            }
            _ => xml.skip()?,
        }
    }
    model.terms = terms.ok_or_else(|| Error::format(params.place(), "no <gpSparse>", "one, with the fitted terms"))?;
    Ok(model)
}

fn isolated_energies(xml: &mut Xml, data: &Element) -> Result<BTreeMap<u8, f64>> {
    if data.parsed("do_core", Some(false), number::logical, "T or F")? {
        return Err(Error::unsupported(data.place(), "a core potential (do_core=T)", "models without one"));
    }
    let element = |text: &str| text.parse().ok().filter(|z| (1..=118).contains(z));
    let mut e0 = BTreeMap::new();
    if data.get("e0").is_some() {
        let all = data.parsed("e0", None, number::real, "a finite number, eV")?;
        e0.extend((1..=118).map(|z| (z, all)));
    }
    while let Some(child) = xml.child(None)? {
        xml.skip()?;
        if child.name == "e0" {
            let z = child.parsed("Z", None, element, "an atomic number from 1 to 118")?;
            e0.insert(z, child.parsed("value", None, number::real, "a finite number, eV")?);
        }
    }
    Ok(e0)
}

fn sum_of_terms(xml: &mut Xml, sum: &Element, model: &mut ModelFile, files: &Files) -> Result<Vec<TermFile>> {
    if !sum.parsed("fitted", Some(true), number::logical, "T or F")? {
        return Err(Error::format(sum.place(), "fitted=F", "a fitted model: was the fit interrupted?"));
    }
    let n: usize = sum.parsed("n_coordinate", None, |text| text.parse().ok(), "the number of terms")?;
    let mut terms = Vec::new();
    while let Some(element) = xml.child(None)? {
        if element.name != "gpCoordinates" {
            xml.skip()?;
            continue;
        }
        same_label(&element, &format!("{}{}", model.label, terms.len() + 1))?;
        terms.push(TermReader::new(&element)?.read(xml, model, files)?);
    }
    if terms.len() != n || n == 0 {
        let got = format!("n_coordinate={n} and {} <gpCoordinates>", terms.len());
        return Err(Error::format(sum.place(), got, "the same number of both, at least one: is the file cut?"));
    }
    Ok(terms)
}

/// A sparse point as the XML has it.
struct Point {
    index: usize,
    alpha: f64,
    cutoff: f64,
    /// Inline components, empty if they stand in a separate file.
    values: Vec<f64>,
}

/// One `gpCoordinates` on its way.
struct TermReader<'e> {
    element: &'e Element,
    descriptor: Option<(String, String)>,
    theta: Option<f64>,
    points: Vec<Point>,
}

impl<'e> TermReader<'e> {
    /// Checks the attributes that do not depend on anything else.
    fn new(element: &'e Element) -> Result<Self> {
        if !element.parsed("sparsified", Some(true), number::logical, "T or F")? {
            return Err(Error::format(element.place(), "sparsified=F", "a fitted model"));
        }
        Ok(Self { element, descriptor: None, theta: None, points: Vec::new() })
    }

    fn read(mut self, xml: &mut Xml, model: &mut ModelFile, files: &Files) -> Result<TermFile> {
        while let Some(child) = xml.child(None)? {
            match child.name.as_str() {
                "descriptor" => {
                    once(self.descriptor.is_some(), &child)?;
                    self.descriptor = Some((xml.content()?, child.place()));
                }
                "theta" => {
                    let text = xml.content()?;
                    let first = text.split_whitespace().next().unwrap_or_default();
                    self.theta = Some(
                        number::real(first)
                            .ok_or_else(|| Error::format(child.place(), excerpt(first), "a finite number"))?,
                    );
                }
                "sparseX" => self.points.push(point(xml, &child)?),
                _ => xml.skip()?,
            }
        }
        self.finish(model, files)
    }

    fn finish(mut self, model: &mut ModelFile, files: &Files) -> Result<TermFile> {
        let place = self.element.place();
        let (text, at) =
            self.descriptor.take().ok_or_else(|| Error::format(&place, "no <descriptor>", "its descriptor string"))?;
        let mut options = options::parse(&text, &at, model.gap_version, files, &mut model.notes)?;
        let dimension = self.dimension(&options)?;
        self.check_points()?;
        let zeta = self.kernel(&mut options)?;
        let delta = self.element.parsed("signal_variance", None, number::real, "a finite number, eV")?;
        let alpha = self.points.iter().map(|point| point.alpha).collect();
        let cutoffs = self.points.iter().map(|point| point.cutoff).collect();
        Ok(TermFile { sparse: self.sparse(dimension, files)?, options, delta, zeta, alpha, cutoffs })
    }

    /// The number of components, on which file and descriptor string have to agree.
    fn dimension(&self, options: &DescriptorOptions) -> Result<usize> {
        let dimension: usize =
            self.element.parsed("dimensions", None, |text| text.parse().ok(), "a number of components")?;
        if dimension == options.dimension() {
            return Ok(dimension);
        }
        let expected = format!("{}, what the descriptor string gives: one of them was changed", options.dimension());
        Err(self.element.refused("dimensions", &dimension.to_string(), &expected))
    }

    /// Sorts the points; each has to be there once.
    fn check_points(&mut self) -> Result<()> {
        let n: usize = self.element.parsed("n_sparseX", None, |text| text.parse().ok(), "a number of sparse points")?;
        self.points.sort_by_key(|point| point.index);
        if n == 0 || n != self.points.len() {
            let got = format!("n_sparseX={n} and {} <sparseX>", self.points.len());
            return Err(Error::format(
                self.element.place(),
                got,
                "the same number of both, at least one: is the file cut?",
            ));
        }
        match (1..).zip(&self.points).find(|(k, point)| *k != point.index) {
            None => Ok(()),
            Some((k, point)) => {
                let got = format!("<sparseX> with i={} where i={k} should be", point.index);
                Err(Error::format(self.element.place(), got, "each i from 1 upwards once"))
            }
        }
    }

    /// The exponent of the kernel; a pair term gets the width of its kernel instead.
    fn kernel(&self, options: &mut DescriptorOptions) -> Result<f64> {
        let covariance = self.element.required("covariance_type")?.trim();
        let wanted = if matches!(options, DescriptorOptions::Distance2b(_)) { GAUSSIAN } else { DOT_PRODUCT };
        if covariance != wanted {
            let what = format!("covariance_type={} of {}", excerpt(covariance), options.name());
            return Err(Error::unsupported(self.element.place(), what, format!("covariance_type={wanted}")));
        }
        if let DescriptorOptions::Distance2b(pair) = options {
            pair.theta = self.positive("theta", self.theta)?;
            pair.signal_mean = self.element.parsed("signal_mean", Some(0.0), number::real, "a finite number, eV")?;
            return Ok(1.0);
        }
        let zeta = match self.element.get("zeta") {
            Some(_) => Some(self.element.parsed("zeta", None, number::real, "a finite number")?),
            None => self.theta,
        };
        let zeta = self.positive("zeta", zeta)?;
        let compressed =
            matches!(options, DescriptorOptions::SoapTurbo(turbo) if turbo.compression != super::Compression::None);
        if compressed && zeta.fract() != 0.0 {
            let what = format!("zeta={zeta} of a compressed descriptor, whose products may be negative");
            return Err(Error::unsupported(self.element.place(), what, "integer zeta"));
        }
        Ok(zeta)
    }

    fn positive(&self, name: &str, value: Option<f64>) -> Result<f64> {
        let value =
            value.ok_or_else(|| Error::format(self.element.place(), format!("no {name}"), "a number above 0"))?;
        let refused = || Error::format(self.element.place(), format!("{name}={value}"), "a number above 0");
        if value > 0.0 { Ok(value) } else { Err(refused()) }
    }

    /// The components of all points, from the XML or from the file that it names.
    fn sparse(&self, dimension: usize, files: &Files) -> Result<Vec<f64>> {
        let place = self.element.place();
        if let Some(name) = self.element.get("sparseX_filename").map(str::trim).filter(|name| !name.is_empty()) {
            let bytes = sparse::file(name, &place, files)?;
            sparse::check_md5(&bytes, self.element.get("sparseX_md5sum").unwrap_or_default(), name)?;
            let wanted = self.points.len().checked_mul(dimension);
            return sparse::points(&bytes, wanted.unwrap_or(usize::MAX), name);
        }
        if let Some(point) = self.points.iter().find(|point| point.values.len() != dimension) {
            let got = format!("{} numbers in <sparseX i={}>", point.values.len(), point.index);
            let expected = format!("dimensions={dimension} numbers, or the name of a file in sparseX_filename");
            return Err(Error::format(place, got, expected));
        }
        Ok(self.points.iter().flat_map(|point| &point.values).copied().collect())
    }
}

/// One `sparseX`, with its components as text or in slices, or without any.
fn point(xml: &mut Xml, element: &Element) -> Result<Point> {
    let index = element.parsed("i", None, |text| text.parse().ok(), "an integer from 1 upwards")?;
    let alpha = element.parsed("alpha", None, number::real, "a finite number")?;
    let cutoff = element.parsed("sparseCutoff", Some(1.0), number::real, "a finite number")?;
    let mut values = Vec::new();
    let mut text = String::new();
    while let Some(child) = xml.child(Some(&mut text))? {
        if child.name == "sparseX_slice" {
            slice(&child, &xml.content()?, &mut values)?;
        } else {
            xml.skip()?;
        }
    }
    sparse::numbers(&text, &|| element.place(), &mut values)?;
    Ok(Point { index, alpha, cutoff, values })
}

/// Numbers `start` to `end`, both inclusive and counted from 1, which have to follow on one another.
fn slice(element: &Element, text: &str, values: &mut Vec<f64>) -> Result<()> {
    let bound = |name| element.parsed::<usize>(name, None, |text| text.parse().ok(), "an integer from 1 upwards");
    let (start, end) = (bound("start")?, bound("end")?);
    if start != values.len() + 1 {
        return Err(element.refused(
            "start",
            &start.to_string(),
            &format!("{}, after the slice before", values.len() + 1),
        ));
    }
    sparse::numbers(text, &|| element.place(), values)?;
    if end == values.len() {
        return Ok(());
    }
    let got = format!("{} numbers", values.len() + 1 - start);
    Err(Error::format(element.place(), got, format!("as many as start={start} and end={end} say")))
}
