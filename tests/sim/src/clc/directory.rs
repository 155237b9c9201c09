//! Data centers and groups: the only way to find all servers of an account.
//!
//! Each data center has a hardware group, in it a group of servers with a nested second group, and an empty archive.
//! The servers of a data center are distributed over the two groups in turn.

use serde_json::{Value, json};

use super::{link, server};
use crate::machine::{Fleet, Machine};
use crate::protocol::Answer;

/// A data center of the account without servers, so that a client that walks the tree finds an empty one.
const EMPTY: &str = "UC1";

/// One node of the tree, which is the same in every data center.
struct Node {
    suffix: &'static str,
    name: &'static str,
    kind: &'static str,
    children: &'static [Node],
}

static HARDWARE: Node = Node {
    suffix: "g0",
    name: "Hardware",
    kind: "default",
    children: &[
        Node {
            suffix: "g1",
            name: "Default Group",
            kind: "default",
            children: &[Node {
                suffix: "g2",
                name: "Cluster",
                kind: "default",
                children: &[],
            }],
        },
        Node {
            suffix: "g3",
            name: "Archive",
            kind: "archive",
            children: &[],
        },
    ],
};

impl Node {
    fn find(&'static self, suffix: &str) -> Option<&'static Node> {
        if self.suffix.eq_ignore_ascii_case(suffix) {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(suffix))
    }
}

/// The data center of a server: the first three characters of its id, in upper case.
pub(super) fn data_center_of(machine: &Machine) -> String {
    machine.id().chars().take(3).collect::<String>().to_ascii_uppercase()
}

fn names(fleet: &Fleet) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in fleet.machines().iter().map(data_center_of).chain([EMPTY.to_owned()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `GET /v2/datacenters/ALIAS`.
pub(super) fn data_centers(fleet: &Fleet, account: &str) -> Answer {
    let centers: Vec<Value> = names(fleet).iter().map(|name| describe(name, account, false)).collect();
    Answer::json(200, &json!(centers))
}

/// `GET /v2/datacenters/ALIAS/ID`; without `groupLinks` the answer has no link to the group.
pub(super) fn data_center(fleet: &Fleet, account: &str, id: &str, group_links: bool) -> Answer {
    match names(fleet).iter().find(|name| name.eq_ignore_ascii_case(id)) {
        Some(name) => Answer::json(200, &describe(name, account, group_links)),
        None => Answer::message(404, "no such data center"),
    }
}

fn describe(name: &str, account: &str, group_links: bool) -> Value {
    let mut links = vec![link("self", &format!("/v2/datacenters/{account}/{name}"), name)];
    if group_links {
        let group = group_id(name, HARDWARE.suffix);
        links.push(link("group", &format!("/v2/groups/{account}/{group}"), &group));
    }
    json!({ "id": name, "name": format!("{name} (simulated)"), "links": links })
}

fn group_id(center: &str, suffix: &str) -> String {
    format!("{}-{}", center.to_ascii_lowercase(), suffix)
}

/// `GET /v2/groups/ALIAS/ID`: the group with all groups below it. With `detailed`, each group has its servers, and each
/// server is read once.
pub(super) fn group(fleet: &mut Fleet, account: &str, id: &str, detailed: bool) -> Answer {
    let found = names(fleet).into_iter().find_map(|center| {
        let (own, suffix) = id.split_once('-')?;
        let node = HARDWARE.find(suffix)?;
        own.eq_ignore_ascii_case(&center).then_some((center, node))
    });
    match found {
        Some((center, node)) => Answer::json(200, &tree(fleet, account, &center, node, detailed)),
        None => Answer::message(404, "no such group"),
    }
}

fn tree(fleet: &mut Fleet, account: &str, center: &str, node: &Node, detailed: bool) -> Value {
    let groups: Vec<Value> = node
        .children
        .iter()
        .map(|child| tree(fleet, account, center, child, detailed))
        .collect();
    let id = group_id(center, node.suffix);
    let members = members(fleet, &id);
    let below: u64 = groups.iter().filter_map(|group| group["serversCount"].as_u64()).sum();
    let mut links = vec![link("self", &format!("/v2/groups/{account}/{id}"), &id)];
    for member in &members {
        let href = format!(
            "/v2/servers/{}/{}",
            account.to_ascii_lowercase(),
            member.to_ascii_lowercase()
        );
        links.push(link("server", &href, &member.to_ascii_uppercase()));
    }
    let mut group = json!({
        "id": id,
        "name": node.name,
        "description": "",
        "locationId": center,
        "type": node.kind,
        "status": "active",
        "serversCount": members.len() as u64 + below,
        "groups": groups,
        "links": links,
    });
    if detailed {
        let servers = members.iter().filter_map(|member| {
            let machine = fleet.get_mut(member)?;
            let shown = machine.read();
            Some(server(machine, &shown, account, &id))
        });
        group["servers"] = servers.collect();
    }
    group
}

/// The ids of the servers that are directly in this group.
fn members(fleet: &Fleet, group: &str) -> Vec<String> {
    let ids = fleet.machines().iter().map(Machine::id);
    ids.filter(|id| group_of(fleet, id).as_deref() == Some(group))
        .map(str::to_owned)
        .collect()
}

/// The id of the group that contains a server; `None` if the server is unknown.
pub(super) fn group_of(fleet: &Fleet, id: &str) -> Option<String> {
    let center = data_center_of(fleet.get(id)?);
    let mut neighbours = fleet
        .machines()
        .iter()
        .filter(|machine| data_center_of(machine) == center);
    let turn = neighbours.position(|machine| machine.id().eq_ignore_ascii_case(id))?;
    Some(group_id(&center, ["g1", "g2"][turn % 2]))
}
