//! The state that Pacemaker itself reports.

use anyhow::{Context as _, Result, bail};
use roxmltree::Document;

use super::Cluster;

/// The state of the cluster as one node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The nodes that are online, sorted.
    pub online: Vec<String>,
    /// The controller of the cluster (DC); `None` during an election.
    pub decides: Option<String>,
    /// The resources that are started and not changing to another state, each with its node.
    pub started: Vec<(String, String)>,
}

/// An entry of Pacemaker's fencing history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// `reboot`, `off` or `on`.
    pub action: String,
    /// The node that did it.
    pub by: Option<String>,
    /// `success`, `failed` or `pending`.
    pub status: String,
    /// When it was completed.
    pub completed: Option<String>,
}

impl Cluster {
    /// What a node reports; `None` while it does not answer.
    ///
    /// # Errors
    /// If the lab has ended, or the answer is not valid.
    pub fn view(&mut self, node: &str) -> Result<Option<View>> {
        // A node that is starting may still be off.
        let Ok(ran) = self.run(node, &["crm_mon", "--one-shot", "--output-as=xml"]) else {
            return Ok(None);
        };
        if ran.exit != Some(0) {
            return Ok(None);
        }
        let document = Document::parse(&ran.stdout).with_context(|| ran.stdout.clone())?;
        let yes = |node: &roxmltree::Node<'_, '_>, name: &str| node.attribute(name) == Some("true");
        let mut view = View::default();
        for element in document.descendants() {
            let name = element.attribute("name").unwrap_or_default();
            let parent = element
                .parent_element()
                .map(|parent| parent.tag_name().name().to_owned());
            match (element.tag_name().name(), parent.as_deref()) {
                ("current_dc", _) => {
                    view.decides = element
                        .attribute("name")
                        .filter(|_| yes(&element, "present"))
                        .map(str::to_owned);
                }
                ("node", Some("nodes")) if yes(&element, "online") && !yes(&element, "pending") => {
                    view.online.push(name.to_owned());
                }
                ("node", Some("resource")) => {
                    let resource = element.parent_element().context("a node without a resource")?;
                    if resource.attribute("role") == Some("Started") && resource.attribute("pending").is_none() {
                        let id = resource.attribute("id").unwrap_or_default();
                        view.started.push((id.to_owned(), name.to_owned()));
                    }
                }
                _ => {}
            }
        }
        view.online.sort();
        Ok(Some(view))
    }

    /// A node's history of the fencing of another node.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn history(&mut self, node: &str, target: &str) -> Result<Vec<Fenced>> {
        let text = self.must(
            node,
            &["stonith_admin", "--history", target, "--verbose", "--output-as=xml"],
        )?;
        let document = Document::parse(&text).with_context(|| text.clone())?;
        let events = document
            .descendants()
            .filter(|element| element.has_tag_name("fence_event"));
        let events = events.filter(|event| event.attribute("target") == Some(target));
        let text = |event: &roxmltree::Node<'_, '_>, name| event.attribute(name).map(str::to_owned);
        Ok(events
            .map(|event| Fenced {
                completed: text(&event, "completed"),
                action: text(&event, "action").unwrap_or_default(),
                by: text(&event, "delegate"),
                status: text(&event, "status").unwrap_or_default(),
            })
            .collect())
    }

    /// Waits until all nodes see all nodes, and one of them is the controller. Returns that node.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub fn wait_until_whole(&mut self) -> Result<String> {
        let mut decides = String::new();
        for node in self.nodes() {
            decides = self.wait(&format!("all nodes online in the view of {node}"), 90, |cluster| {
                let view = cluster.view(&node)?.unwrap_or_default();
                Ok(view.decides.filter(|_| view.online == cluster.nodes))
            })?;
        }
        Ok(decides)
    }

    /// Creates a fence device in the running cluster with pcs.
    ///
    /// # Errors
    /// If pcs rejects it.
    pub fn create(&mut self, name: &str, agent: &str, options: &[String]) -> Result<()> {
        let mut program = vec!["pcs", "stonith", "create", name, agent];
        program.extend(options.iter().map(String::as_str));
        // No further monitor runs during the scenes.
        program.extend(["op", "monitor", "interval=3600s"]);
        self.must("node1", &program)?;
        Ok(())
    }

    /// Waits until these fence devices are started.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub fn wait_until_started(&mut self, devices: &[&str]) -> Result<()> {
        self.wait(&format!("{devices:?} started"), 60, |cluster| {
            let started = cluster.view("node1")?.unwrap_or_default().started;
            let all = devices.iter().all(|device| started.iter().any(|(id, _)| id == device));
            Ok(all.then_some(()))
        })
    }

    /// A node that is not one of these.
    pub(super) fn another(&self, not: &[&str]) -> Result<String> {
        let mut nodes = self.nodes.iter();
        match nodes.find(|node| !not.contains(&node.as_str())) {
            Some(node) => Ok(node.clone()),
            None => bail!("no node other than {not:?}"),
        }
    }
}
