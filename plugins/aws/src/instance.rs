//! Instances, and their states. Source: "InstanceState" in the Amazon EC2 API Reference.

use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
    Unknown,
}

impl State {
    const ALL: [(Self, u64, &'static str); 6] = [
        (Self::Pending, 0, "pending"),
        (Self::Running, 16, "running"),
        (Self::ShuttingDown, 32, "shutting-down"),
        (Self::Terminated, 48, "terminated"),
        (Self::Stopping, 64, "stopping"),
        (Self::Stopped, 80, "stopped"),
    ];

    /// The state in an element with `code` and `name`, which have to agree. Only the low byte of the code counts.
    fn read(element: Option<&Element>) -> Self {
        let text = |name: &str| element.and_then(|element| element.text_of(name)).map(str::trim);
        let code = text("code")
            .and_then(|code| code.parse::<u64>().ok())
            .map(|code| code & 0xff);
        let known = Self::ALL
            .into_iter()
            .find(|(_, number, name)| code == Some(*number) && text("name") == Some(name));
        known.map_or(Self::Unknown, |(state, ..)| state)
    }

    /// Until it is stopped, an instance may write to its volumes. A terminated one never runs again.
    pub(crate) fn power(self) -> PowerStatus {
        match self {
            Self::Running => PowerStatus::On,
            // It changes, and may not get to where it goes.
            Self::Pending | Self::Stopping | Self::ShuttingDown => PowerStatus::Standby,
            Self::Stopped | Self::Terminated => PowerStatus::Off,
            Self::Unknown => PowerStatus::Unknown,
        }
    }

    /// As EC2 names it.
    pub(crate) fn word(self) -> &'static str {
        let known = Self::ALL.into_iter().find(|(state, ..)| *state == self);
        known.map_or("unknown", |(.., word)| word)
    }
}

/// An instance in an answer of `DescribeInstances`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// Its tag `Name`.
    pub(crate) name: Option<String>,
    pub(crate) state: State,
}

impl Instance {
    fn read(item: &Element) -> Result<Self> {
        let id = item.text_of("instanceId").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| Error::unexpected("an instance without an id"))?;
        let tags = item.child("tagSet").into_iter().flat_map(|tags| tags.children("item"));
        let mut names = tags.filter(|tag| tag.text_of("key") == Some("Name"));
        let name = names.next().and_then(|tag| tag.text_of("value"));
        let state = State::read(item.child("instanceState"));
        if state == State::Unknown {
            log::warn(format!(
                "{} has a state that is unknown, or contradicts itself",
                excerpt(id)
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            state,
        })
    }
}

/// One page of instances, and the token of the next page.
pub(crate) fn page(answer: &Element) -> Result<(Vec<Instance>, Option<String>)> {
    let incomplete = || Error::unexpected("an answer without a list of instances");
    let reservations = answer.child("reservationSet").ok_or_else(incomplete)?;
    let mut instances = Vec::new();
    for reservation in reservations.children("item") {
        let set = reservation.child("instancesSet").ok_or_else(incomplete)?;
        for item in set.children("item") {
            instances.push(Instance::read(item)?);
        }
    }
    let next = answer.text_of("nextToken").filter(|token| !token.is_empty());
    Ok((instances, next.map(str::to_owned)))
}

/// The answer to `StopInstances` or `StartInstances` for one instance: its state before and after the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) before: State,
    pub(crate) after: State,
}

impl Change {
    pub(crate) fn read(answer: &Element, id: &str) -> Result<Self> {
        let items: Vec<&Element> = answer
            .child("instancesSet")
            .into_iter()
            .flat_map(|set| set.children("item"))
            .collect();
        match items[..] {
            [item] if item.text_of("instanceId") == Some(id) => Ok(Self {
                before: State::read(item.child("previousState")),
                after: State::read(item.child("currentState")),
            }),
            _ => Err(Error::unexpected(format!(
                "the answer to the request is not about {id} alone"
            ))),
        }
    }

    /// Whether the instance was stopped when the request came, and the request did not change that.
    pub(crate) fn was_stopped(self) -> bool {
        self.before == State::Stopped && matches!(self.after, State::Stopped | State::Stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> State {
        State::read(fencebox_xml::parse(text.as_bytes()).ok().as_ref())
    }

    #[test]
    fn a_state_counts_if_its_code_and_its_name_agree() {
        for (known, code, name) in State::ALL {
            let text = format!("<s><code>{}</code><name>{name}</name></s>", code + 0x0100);
            assert_eq!(state(&text), known, "{name}");
            assert_eq!(known.word(), name);
        }
        for text in [
            "<s/>",
            "<s><code>80</code></s>",
            "<s><name>stopped</name></s>",
            "<s><code>16</code><name>stopped</name></s>",
            "<s><code>80</code><name>Stopped</name></s>",
            "<s><code>-176</code><name>stopped</name></s>",
            "<s><code>80</code><code>80</code><name>stopped</name></s>",
            "<s><code>80</code><name>stopped</name><name>running</name></s>",
        ] {
            assert_eq!(state(text), State::Unknown, "{text}");
        }
        assert_eq!(State::read(None), State::Unknown);
    }
}
