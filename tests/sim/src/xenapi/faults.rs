//! The steps of the protocol, and its faults other than those of the wire.

use super::calls::LOGIN;
use super::power::Operation;
use crate::fault::{Argument, Grammar, KindRow, Occasion, Plan, PlanError};

const fn everywhere(word: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument: Argument::None,
        step: None,
        occasion: Occasion::Call,
        samples: &[""],
        doc,
    }
}

const fn row(step: &'static str, word: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        step: Some(step),
        ..everywhere(word, doc)
    }
}

const fn words(name: &'static str, samples: &'static [&'static str], row: KindRow) -> KindRow {
    KindRow {
        argument: Argument::Text { name },
        samples,
        ..row
    }
}

const fn sized(name: &'static str, default: u64, most: u64, samples: &'static [&'static str], row: KindRow) -> KindRow {
    KindRow {
        argument: Argument::Number {
            name,
            default: Some(default),
            range: 1..=most,
        },
        samples,
        ..row
    }
}

/// Words for a state, none of which is off. Not `Halted`: an agent cannot detect a wrong power status that nothing else
/// in the answer contradicts.
const STATES: &[&str] = &[
    "Frobbed",
    "halted",
    "HALTED",
    "Unknown",
    "Running",
    "Paused",
    "Suspended",
];

/// Addresses of a wrong master. Not that of a host: the test decides what listens there.
const MASTERS: &[&str] = &[
    "self",
    "next",
    "root@127.0.0.1",
    "127.0.0.1/x",
    "127.0.0.1 127.0.0.9",
    "http://127.0.0.1",
    "::1%lo",
];

/// The faults of this protocol.
pub static GRAMMAR: Grammar = Grammar {
    steps: &[
        ("login", "session.login_with_password"),
        ("logout", "session.logout"),
        ("find", "VM.get_by_uuid, VM.get_by_name_label, VM.get_all"),
        (
            "record",
            "VM.get_record, VM.get_all_records, VM.get_FIELD except the power state",
        ),
        ("power-state", "VM.get_power_state"),
        ("power", "VM.start, VM.hard_shutdown, … and the same with Async."),
        ("pool", "pool.*, host.*"),
        ("task", "task.*"),
    ],
    form: &[],
    kinds: &[
        words(
            "CODE",
            &[],
            everywhere("failure", "the API's error CODE, with suitable parameters; no effect"),
        ),
        everywhere("echo", "INTERNAL_ERROR that repeats the whole request; no effect"),
        everywhere(
            "expired",
            "SESSION_INVALID, and the session is invalid from now on; no effect",
        ),
        words(
            "ADDRESS",
            MASTERS,
            everywhere(
                "is-slave",
                "HOST_IS_SLAVE, the master is at ADDRESS (`self`: this member, `next`: the next one); no effect",
            ),
        ),
        everywhere(
            "moves",
            "the next member becomes the master, HOST_IS_SLAVE with its address; no effect",
        ),
        everywhere("is-slave-empty", "HOST_IS_SLAVE with an empty address; no effect"),
        everywhere("fault", "a fault of XML-RPC itself; no effect"),
        everywhere("no-description", "Failure without ErrorDescription; no effect"),
        everywhere("empty-description", "Failure with an empty ErrorDescription; no effect"),
        everywhere(
            "text-description",
            "Failure whose ErrorDescription is a string; no effect",
        ),
        everywhere("no-status", "the effect happens; no Status"),
        words(
            "WORD",
            &["Pending", "success"],
            everywhere("status-word", "the effect happens; Status is WORD"),
        ),
        everywhere("no-value", "the effect happens; Success without Value"),
        words(
            "TYPE",
            &["nil", "int", "boolean", "string", "array", "struct"],
            everywhere(
                "value",
                "the effect happens; Value is of TYPE: nil, int, boolean, string, array or struct",
            ),
        ),
        everywhere("bare", "the effect happens; the value alone, without Status and Value"),
        everywhere("no-params", "the effect happens; an answer without a value"),
        everywhere("two-params", "the effect happens; a second value, which is Halted"),
        everywhere("twice", "the effect happens; Value twice, the second one is Halted"),
        everywhere("doctype", "the effect happens; a DOCTYPE before it"),
        everywhere(
            "external-entity",
            "the effect happens; one more member with an external entity",
        ),
        everywhere(
            "laughs",
            "the effect happens; one more member with a billion-laughs entity",
        ),
        sized(
            "LEVELS",
            100_000,
            1_000_000,
            &["70", "100000"],
            everywhere(
                "deep",
                "the effect happens; one more member of LEVELS nested arrays (default 100000)",
            ),
        ),
        sized(
            "MEMBERS",
            10_000,
            1_000_000,
            &["10000", "500000"],
            everywhere("wide", "the effect happens; MEMBERS more members (default 10000)"),
        ),
        // Larger than every limit on a body, and still fast for a client without a limit.
        sized(
            "BYTES",
            1 << 30,
            1 << 40,
            &["83886080"],
            everywhere(
                "long-string",
                "the effect happens; one more member of BYTES (default 1 GiB), well-formed to the end",
            ),
        ),
        everywhere(
            "invalid-utf8",
            "the effect happens; one more member of bytes that are not UTF-8",
        ),
        everywhere(
            "control-character",
            "the effect happens; one more member with a character that XML does not allow",
        ),
        everywhere("instruction", "the effect happens; a processing instruction before it"),
        everywhere("bom", "the effect happens; a byte order mark before it"),
        everywhere(
            "cdata",
            "the effect happens; all strings as CDATA, with the same meaning",
        ),
        everywhere(
            "comments",
            "the effect happens; comments and blanks between the elements, without a meaning",
        ),
        row("find", "none", "no such VM"),
        row("find", "several", "a second VM with this label"),
        row("find", "other-vm", "another VM instead, a halted one if there is one"),
        row("record", "other-vm", "a record with another UUID and label, and Halted"),
        row(
            "record",
            "template",
            "is_a_template, and Halted whatever the real state",
        ),
        row(
            "record",
            "control-domain",
            "is_control_domain, and Halted whatever the real state",
        ),
        row(
            "record",
            "snapshot",
            "is_a_snapshot and is_a_template, and Halted whatever the real state",
        ),
        row(
            "record",
            "no-identity",
            "no uuid and no name_label, and Halted whatever the real state",
        ),
        row(
            "record",
            "unused",
            "other_config has one key twice, and members that no agent reads have odd types; otherwise the real record",
        ),
        row("record", "no-state", "no power_state"),
        row("record", "nil-state", "power_state is nil"),
        row("record", "empty-state", "power_state is empty"),
        words(
            "WORD",
            STATES,
            row("record", "state", "power_state is WORD whatever the real state"),
        ),
        words(
            "PART",
            &["domain", "host", "both"],
            row(
                "record",
                "resident",
                "power_state is Halted, PART of domid and resident_on says running, whatever the real state",
            ),
        ),
        row("power-state", "empty-state", "an empty string"),
        words(
            "WORD",
            STATES,
            row("power-state", "state", "WORD whatever the real state"),
        ),
        row(
            "power",
            "no-effect",
            "Success, and the real state never changes; no effect",
        ),
        row(
            "power",
            "back-on",
            "the effect happens; the VM runs again at once, as with high availability",
        ),
        words(
            "CODE",
            &[
                "INTERNAL_ERROR",
                "VM_BAD_POWER_STATE",
                "CANNOT_CONTACT_HOST",
                "SESSION_INVALID",
            ],
            row("power", "failure-after", "the effect happens; the API's error CODE"),
        ),
    ],
};

/// The errors to try at each step; one of them does not exist in the API.
const CODES: &[(&str, &[&str])] = &[
    (
        "login",
        &[
            "SESSION_AUTHENTICATION_FAILED",
            "SESSION_AUTHORIZATION_FAILED",
            "HOST_STILL_BOOTING",
            "HOST_IN_EMERGENCY_MODE",
            "TOO_BUSY",
            "MESSAGE_PARAMETER_COUNT_MISMATCH",
            "MESSAGE_METHOD_UNKNOWN",
            "RBAC_PERMISSION_DENIED",
            "INTERNAL_ERROR",
            "FROBBED",
        ],
    ),
    ("logout", &["SESSION_INVALID", "INTERNAL_ERROR"]),
    (
        "find",
        &[
            "UUID_INVALID",
            "SESSION_INVALID",
            "RBAC_PERMISSION_DENIED",
            "TOO_BUSY",
            "HOST_STILL_BOOTING",
            "FROBBED",
        ],
    ),
    (
        "record",
        &[
            "HANDLE_INVALID",
            "SESSION_INVALID",
            "RBAC_PERMISSION_DENIED",
            "TOO_BUSY",
            "FROBBED",
        ],
    ),
    (
        "power-state",
        &["HANDLE_INVALID", "SESSION_INVALID", "TOO_BUSY", "FROBBED"],
    ),
    (
        "power",
        &[
            "SESSION_INVALID",
            "HANDLE_INVALID",
            "HOST_STILL_BOOTING",
            "TOO_BUSY",
            "TOO_MANY_PENDING_TASKS",
            "VM_BAD_POWER_STATE",
            "OTHER_OPERATION_IN_PROGRESS",
            "OPERATION_NOT_ALLOWED",
            "OPERATION_BLOCKED",
            "VM_IS_TEMPLATE",
            "RBAC_PERMISSION_DENIED",
            "NO_HOSTS_AVAILABLE",
            "HOST_NOT_ENOUGH_FREE_MEMORY",
            "VM_REQUIRES_SR",
            "LICENCE_RESTRICTION",
            "BOOTLOADER_FAILED",
            "VM_HVM_REQUIRED",
            "HOST_OFFLINE",
            "CANNOT_CONTACT_HOST",
            "HOST_NOT_LIVE",
            "VM_SHUTDOWN_TIMEOUT",
            "VM_FAILED_SHUTDOWN_ACK",
            "HOST_IS_LIVE",
            "DOMAIN_EXISTS",
            "CANNOT_RESET_CONTROL_DOMAIN",
            "MESSAGE_METHOD_UNKNOWN",
            "MESSAGE_PARAMETER_COUNT_MISMATCH",
            "INTERNAL_ERROR",
            "FROBBED",
        ],
    ),
];

/// Reads one plan of this protocol.
///
/// # Errors
/// As [`Grammar::parse`].
pub fn plan(text: &str) -> Result<Plan, PlanError> {
    GRAMMAR.parse(text)
}

/// The step of a call.
pub(super) fn step(method: &str) -> Option<&'static str> {
    Some(match method {
        LOGIN => "login",
        "session.logout" => "logout",
        "VM.get_all" | "VM.get_by_uuid" | "VM.get_by_name_label" => "find",
        "VM.get_power_state" => "power-state",
        _ if Operation::of(method).is_some() => "power",
        _ if method.starts_with("VM.get_") => "record",
        _ if method.starts_with("pool.") || method.starts_with("host.") => "pool",
        _ if method.starts_with("task.") => "task",
        _ => return None,
    })
}

/// Every kind of fault at every step that fencing uses, without an end; at the steps that read the power also from the
/// second call on: the agent has then received a good answer and requested the operation, and must not take the faulty
/// answer for success.
///
/// `record=state:Halted` is not included: an agent cannot detect a wrong power status that nothing else contradicts.
/// For tests of these faults, the pool needs a second, halted VM, which `find=other-vm` returns.
pub fn every_fault() -> Vec<Plan> {
    let places = [
        ("login", 1),
        ("logout", 1),
        ("find", 1),
        ("record", 1),
        ("record", 2),
        ("power-state", 1),
        ("power-state", 2),
        ("power", 1),
    ];
    let plans = places.into_iter().flat_map(|(step, first)| every_fault_at(step, first));
    plans.collect()
}

fn every_fault_at(step: &'static str, first: u64) -> Vec<Plan> {
    let mut plans = GRAMMAR.samples(step, first);
    plans.extend(failures(step).into_iter().map(|plan| Plan { first, ..plan }));
    plans
}

/// The API's errors that are possible at a step, from its first call on, without an end.
pub fn failures(step: &str) -> Vec<Plan> {
    let own = CODES.iter().filter(|(own, _)| *own == step);
    let codes = own.flat_map(|(_, codes)| *codes);
    codes
        .filter_map(|code| plan(&format!("{step}=failure:{code}")).ok())
        .collect()
}
