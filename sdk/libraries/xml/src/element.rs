//! The tree of a document.

/// An element with its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    pub(crate) name: String,
    /// Names as written, with their prefixes.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The name without its prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that is directly in this element, as it is written, without that of its children.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of the attribute with this name and without a prefix.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The type that the attribute `xsi:type` names, without its prefix. The prefix of the attribute may be another.
    #[must_use]
    pub fn xsi_type(&self) -> Option<&str> {
        let is_type = |name: &str| name.split_once(':').is_some_and(|(_, local)| local == "type");
        let (_, value) = self.attributes.iter().find(|(name, _)| is_type(name))?;
        Some(value.rsplit(':').next().unwrap_or(value))
    }

    /// All children in their order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter()
    }

    /// All children with this name.
    pub fn children<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The child with this name, if there is exactly one.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        let mut own = self.children.iter().filter(|child| child.name == name);
        let child = own.next();
        child.filter(|_| own.next().is_none())
    }

    /// The text of the child with this name, if there is exactly one and it has only text.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        let child = self.child(name)?;
        child.children.is_empty().then_some(child.text.as_str())
    }
}
