//! Lists that a device gives in pages.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Client, PAGE_LIMIT};
use crate::http::{Path, Response};
use crate::{Error, Result};

/// Where the next page of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'a> {
    /// At the link with `rel="next"` in the header field `link` (RFC 8288).
    Header,
    /// At the link in this place of the body, a JSON pointer (RFC 6901):
    /// `/links/next`. On the last page it is missing, `null` or empty.
    Field(&'a str),
    /// The query parameter has the number of the page, from this number on. The
    /// page after the last one is empty.
    Number(&'a str, u32),
}

impl Client {
    /// All elements of a list that comes in pages. `items` is the place of the
    /// array in each page, as a JSON pointer: `/data`, or `""` if the page is the
    /// array.
    ///
    /// ```
    /// use fencebox_sdk::http::{Client, Next};
    /// use fencebox_sdk::prelude::*;
    /// # use fencebox_sdk::testing::Script;
    /// # let _script = Script::new()
    /// #     .base_url("api", "https://x.example")
    /// #     .on("GET", "/vms").reply(200, json!({ "data": ["a"], "next": "/vms?page=2" }))
    /// #     .on("GET", "/vms?page=2").reply(200, json!({ "data": ["b"], "next": null }))
    /// #     .start();
    ///
    /// let mut api = Client::new("api");
    /// let names: Vec<String> = api.pages("/vms", "/data", Next::Field("/next"))?;
    /// assert_eq!(names, ["a", "b"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`ClientRequest::read`](super::ClientRequest::read) for each page, and
    /// [`Error::Unexpected`] after 100 pages, or for a link to another place.
    pub fn pages<T: DeserializeOwned>(
        &mut self,
        first: impl Into<Path>,
        items: &str,
        next: Next<'_>,
    ) -> Result<Vec<T>> {
        let first = first.into();
        let mut path = match next {
            Next::Number(name, number) => first.clone().with_parameter(name, number),
            Next::Header | Next::Field(_) => first.clone(),
        };
        let mut all = Vec::new();
        for page in 1..=PAGE_LIMIT {
            let answer = self.get(path).ok()?;
            let mut body: Value = answer.json()?;
            let found: Vec<T> = match body.pointer_mut(items).map(Value::take) {
                Some(items) => serde_json::from_value(items)?,
                None => return Err(Error::mistake(format!("the answer has no list at {items:?}"))),
            };
            let is_empty = found.is_empty();
            all.extend(found);
            let following = match next {
                Next::Header => from_header(&answer).map(|link| self.link(link)),
                Next::Field(place) => {
                    let link = body.pointer(place).and_then(Value::as_str);
                    link.filter(|link| !link.is_empty()).map(|link| self.link(link))
                }
                Next::Number(..) if is_empty => None,
                Next::Number(name, start) => {
                    let number = start.saturating_add(u32::try_from(page).unwrap_or(u32::MAX));
                    Some(Ok(first.clone().with_parameter(name, number)))
                }
            };
            match following {
                Some(following) => path = following?,
                None => return Ok(all),
            }
        }
        Err(Error::unexpected(format!("a list has more than {PAGE_LIMIT} pages")))
    }
}

/// The link to the next page in the header fields.
fn from_header(answer: &Response) -> Option<&str> {
    let fields = answer.headers().iter().filter(|(name, _)| name == "link");
    let mut links = fields.flat_map(|(_, field)| field.split(",").filter_map(|link| link.trim().strip_prefix('<')));
    links.find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|word| word.eq_ignore_ascii_case("next"))
        });
        is_next.then_some(target)
    })
}
