//! What Pacemaker itself says.

use anyhow::{Context as _, Result, bail};
use roxmltree::Document;

use super::Cluster;

/// The state of the cluster as one node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The nodes that are online, sorted.
    pub online: Vec<String>,
    /// The node that decides; none during an election.
    pub decides: Option<String>,
    /// The resources that are started and not on their way to another state, and where.
    pub started: Vec<(String, String)>,
}

/// Something that Pacemaker's history of fencing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// `reboot`, `off` or `on`.
    pub action: String,
    /// The node that did it.
    pub by: Option<String>,
    /// `success`, `failed` or `pending`.
    pub status: String,
    /// When it was over.
    pub completed: Option<String>,
}

impl Cluster {
    /// What a node sees; none while it does not answer.
    ///
    /// # Errors
    /// When the lab is gone, or the answer is none.
    pub fn view(&mut self, node: &str) -> Result<Option<View>> {
        // A node that is on its way up may be off in this moment.
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

    /// What a node remembers of the fencing of another.
    ///
    /// # Errors
    /// When it does not answer.
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

    /// Waits until all nodes see all nodes, and one of them decides. Gives that one.
    ///
    /// # Errors
    /// When that does not happen.
    pub fn wait_until_whole(&mut self) -> Result<String> {
        let mut decides = String::new();
        for node in self.nodes() {
            decides = self.wait(&format!("all nodes online, as {node} sees it"), 90, |cluster| {
                let view = cluster.view(&node)?.unwrap_or_default();
                Ok(view.decides.filter(|_| view.online == cluster.nodes))
            })?;
        }
        Ok(decides)
    }

    /// Makes a fence device in the running cluster, by pcs.
    ///
    /// # Errors
    /// When pcs refuses it.
    pub fn create(&mut self, name: &str, agent: &str, options: &[String]) -> Result<()> {
        let mut program = vec!["pcs", "stonith", "create", name, agent];
        program.extend(options.iter().map(String::as_str));
        // What is not asked for is not in the way of the scenes.
        program.extend(["op", "monitor", "interval=3600s"]);
        self.must("node1", &program)?;
        Ok(())
    }

    /// Waits until these fence devices are started.
    ///
    /// # Errors
    /// When that does not happen.
    pub fn wait_until_started(&mut self, devices: &[&str]) -> Result<()> {
        self.wait(&format!("{devices:?} started"), 60, |cluster| {
            let started = cluster.view("node1")?.unwrap_or_default().started;
            let all = devices.iter().all(|device| started.iter().any(|(id, _)| id == device));
            Ok(all.then_some(()))
        })
    }

    /// A node that is neither of these.
    pub(super) fn another(&self, not: &[&str]) -> Result<String> {
        let mut nodes = self.nodes.iter();
        match nodes.find(|node| !not.contains(&node.as_str())) {
            Some(node) => Ok(node.clone()),
            None => bail!("no node but {not:?}"),
        }
    }
}
