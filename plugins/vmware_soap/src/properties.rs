//! Properties of managed objects, by the property collector.

use std::collections::BTreeSet;

use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

use crate::calls::{Reference, Vim};
use crate::envelope::element;
use crate::fault::{Failure, Fault};

/// Number of objects on a page.
const PAGE: u32 = 500;
/// Maximum number of pages.
const PAGES: usize = 200;

/// A managed object with some of its properties.
pub(crate) struct Object {
    reference: Reference,
    properties: Vec<(String, Element)>,
    /// The fault of a property that cannot be read.
    missing: Option<Fault>,
}

impl Object {
    fn read(element: &Element) -> Option<Self> {
        let property = |set: &Element| Some((set.text_of("name")?.to_owned(), set.child("val")?.clone()));
        let fault = |set: &Element| set.child("fault").map(Fault::localized);
        Some(Self {
            reference: Reference::of(element.child("obj")?)?,
            properties: element.children("propSet").map(property).collect::<Option<_>>()?,
            missing: element.children("missingSet").find_map(fault),
        })
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// A property, if the object has it exactly once.
    pub(crate) fn get(&self, path: &str) -> Option<&Element> {
        let mut own = self.properties.iter().filter(|(own, _)| own == path);
        let value = own.next().map(|(_, value)| value);
        value.filter(|_| own.next().is_none())
    }

    /// A property that is a text or a word.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let value = self.get(path)?;
        value.elements().next().is_none().then_some(value.text())
    }

    pub(crate) fn missing(&self) -> Option<&Fault> {
        self.missing.as_ref()
    }
}

/// The properties of one object.
pub(crate) fn of_object(vim: &mut Vim, reference: &Reference, paths: &[&str]) -> Result<Object, Failure> {
    let object = format!("<objectSet>{}</objectSet>", reference.element("obj"));
    let parameters = specification(reference.kind(), paths, &object) + "<options/>";
    let answer = vim.call_collector("RetrievePropertiesEx", &parameters)?;
    let (objects, _) = page(&answer)?;
    let mut objects = objects.into_iter();
    match (objects.next(), objects.next()) {
        (Some(only), None) if only.reference == *reference => Ok(only),
        _ => Err(Error::unexpected(format!("an answer that is not about {}", excerpt(reference.id()))).into()),
    }
}

/// The properties of all machines, page by page. `each` returns false to end.
pub(crate) fn of_machines(vim: &mut Vim, paths: &[&str], mut each: impl FnMut(Object) -> bool) -> Result<(), Failure> {
    let view = vim.view()?;
    let object = format!(
        "<objectSet>{}<skip>true</skip><selectSet xsi:type=\"TraversalSpec\"><name>machines</name>\
         <type>ContainerView</type><path>view</path><skip>false</skip></selectSet></objectSet>",
        view.element("obj")
    );
    let options = format!("<options><maxObjects>{PAGE}</maxObjects></options>");
    let parameters = specification("VirtualMachine", paths, &object) + &options;
    let mut answer = vim.call_collector("RetrievePropertiesEx", &parameters)?;
    let mut seen = BTreeSet::new();
    for _ in 0..PAGES {
        let (objects, token) = page(&answer)?;
        for object in objects {
            let is_machine = object.reference.kind() == "VirtualMachine";
            if !is_machine || !seen.insert(object.reference.clone()) {
                return Err(Error::unexpected("the list of machines repeats, or has other objects").into());
            }
            if !each(object) {
                return Ok(());
            }
        }
        let Some(token) = token else {
            return Ok(());
        };
        answer = vim.call_collector("ContinueRetrievePropertiesEx", &element("token", &token))?;
    }
    Err(Error::unexpected(format!("the list of machines has more than {PAGES} pages")).into())
}

fn specification(kind: &str, paths: &[&str], objects: &str) -> String {
    let paths: String = paths.iter().map(|path| element("pathSet", path)).collect();
    format!(
        "<specSet><propSet>{}{paths}</propSet>{objects}</specSet>",
        element("type", kind)
    )
}

/// The objects of a page, and the token of the next page. The answer is empty if there are no objects.
fn page(answer: &Element) -> Result<(Vec<Object>, Option<String>), Failure> {
    let malformed = || Error::unexpected("an answer with other properties than the requested ones");
    let Some(page) = answer.child("returnval") else {
        return match answer.elements().next() {
            None => Ok((Vec::new(), None)),
            Some(_) => Err(malformed().into()),
        };
    };
    let objects = page.children("objects").map(Object::read).collect::<Option<Vec<_>>>();
    let token = match page.children("token").next() {
        None => None,
        Some(_) => Some(page.text_of("token").ok_or_else(malformed)?.to_owned()),
    };
    Ok((objects.ok_or_else(malformed)?, token))
}
