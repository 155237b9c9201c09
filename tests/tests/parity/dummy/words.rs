//! The parts that inputs are made of.

/// Long name, letter, and interesting values.
pub type Known = (&'static str, &'static str, &'static [&'static str]);

pub const ACTION: Known = (
    "action",
    "o",
    &[
        "on",
        "off",
        "reboot",
        "status",
        "monitor",
        "validate-all",
        "metadata",
        "manpage",
        "list",
        "list-status",
        "meta-data",
        "ON",
        "Off",
        "STATUS",
        "Validate-All",
        "META-DATA",
        "diag",
        "enable",
        "disable",
        "",
        " status",
        "status ",
        "power",
        "validate_all",
        "o\u{131}",
        "\u{130}",
        "status\u{a0}",
        "stat\0us",
        "Reboot",
        "-o",
    ],
);

/// Options that make sense with both sets of values, `QUICK` and `FAILING`.
pub const COMMON: [Known; 9] = [
    ("random_sleep_range", "", &["0", "-1", "x", "", "1"]),
    (
        "login-timeout",
        "",
        &["5", "0", " 1 ", "x", "1.5", "-3", "+4", "1_0", "5s", "\u{665}", ""],
    ),
    (
        "shell-timeout",
        "",
        &["3", "0", "\t2", "0x1", "-1", "+ 1", "1__0", "\u{ff13}", "007"],
    ),
    ("power-wait", "", &["0", "-1", "-0", "00", "x", "", "0_0", "+0"]),
    ("stonith-status-sleep", "", &["0", "-1", "+0", "-", "0.0", "zero", ""]),
    (
        "retry-on",
        "",
        &["0", "1", "2", "-1", "-2", "x", "", " 1", "1_", "\u{661}"],
    ),
    (
        "verbose-level",
        "",
        &["0", "1", "2", "-1", "x", "", " 2 ", "1.0", "07", "+1", "99999999999"],
    ),
    (
        "debug-file",
        "D",
        &[
            "debug",
            "de bug",
            "folder",
            "folder/none/debug",
            "",
            "d\u{e4}",
            "/nonexistent/debug",
        ],
    ),
    ("plug-separator", "", &[",", "", ";", "--", "\u{e4}"]),
];

/// Options with which every action ends at once.
pub const QUICK: [Known; 5] = [
    (
        "power-timeout",
        "",
        &[
            "20",
            "0",
            "-1",
            "x",
            "",
            "1_0",
            " 5 ",
            "5 s",
            "+3",
            "99999999999999999999",
        ],
    ),
    (
        "disable-timeout",
        "",
        &["1", "true", "YES", "on", "0", "no", "", "2", "false"],
    ),
    ("delay", "", &["0", "-1", "x", "", "-0", "0.5", "none"]),
    ("type", "", &["file", "FILE", "", "other", "file "]),
    (
        "status-file",
        "",
        &[
            "st",
            "st2",
            "./st",
            "none",
            "folder",
            "",
            ".",
            "no/such",
            "st/st",
            "folder/../st",
            "s t",
            "/",
        ],
    ),
];

/// Options with which the machine never becomes off, and only `power_timeout` ends the action.
pub const FAILING: [Known; 3] = [
    ("power-timeout", "", &["1", "2", "3", "x", "", " 2 "]),
    ("delay", "", &["0", "-1", "x", "00"]),
    ("type", "", &["fail"]),
];

/// Options that have no value.
pub const FLAGS: [(&str, &str); 4] = [("help", "h"), ("version", "V"), ("verbose", "v"), ("quiet", "q")];

/// All names, to be cut short and misspelled.
pub const NAMES: [&str; 18] = [
    "action",
    "status-file",
    "type",
    "random_sleep_range",
    "power-timeout",
    "power-wait",
    "stonith-status-sleep",
    "login-timeout",
    "shell-timeout",
    "retry-on",
    "delay",
    "disable-timeout",
    "verbose-level",
    "debug-file",
    "plug-separator",
    "verbose",
    "version",
    "help",
];

/// Arguments that no agent has as an option.
pub const STRAY: [&[u8]; 24] = [
    b"",
    b"-",
    b"--",
    b"=",
    b"--=",
    b"--=x",
    b"-=",
    b"status",
    b"off",
    b"reboot",
    b"x y",
    b"'on'",
    b"\"off\"",
    b"---",
    b"---help",
    b"-Z",
    b"-n",
    b"--bogus",
    b"--bogus=1",
    b"\xff",
    b"-\xff",
    b"--\xffx",
    b"\xc2\xa0",
    b"-o=",
];

/// Lines that are not an option of any agent, or that are difficult to parse.
pub const ODD_LINES: [&[u8]; 40] = [
    b"",
    b" ",
    b"\t",
    b"\r",
    b"# a comment",
    b"#action=off",
    b" # action=off",
    b"=",
    b"==",
    b"=x",
    b"action",
    b"action=",
    b"bogus=1",
    b"bogus",
    b"nodename=n1",
    b"nodename=",
    b"nodename",
    b"agent=fence_dummy",
    b"agent=1",
    b"agent=NO",
    b"agent",
    b"no_password=yes",
    b"no_port=0",
    b"no_port=x",
    b"option=off",
    b"port=1",
    b"plug=1",
    b"passwd=secret",
    b"--action=off",
    b"action = off",
    b"action =off",
    b"\0",
    b"action=off\0",
    b"\xff\xfe",
    b"\xffaction=off",
    b"bogus=\xff",
    b"\xc2\xa0action=on\xc2\xa0",
    b"\x1caction=on\x1f",
    b"\xef\xbb\xbfaction=off",
    b"action\0=off",
];

/// Possible contents of the status file.
pub const CONTENTS: [&[u8]; 12] = [
    b"on",
    b"off",
    b"ON",
    b"Off",
    b"on\n",
    b"",
    b" off",
    b"unknown",
    b"\xff",
    b"oFF",
    b"on\0",
    b"of\xc5\x93",
];

/// Values of flags on standard input.
pub const BOOLEANS: [&str; 16] = [
    "1",
    "0",
    "yes",
    "NO",
    "on",
    "off",
    "True",
    "false",
    "",
    "y",
    "2",
    " 1",
    "\"1\"",
    "t",
    "o\u{fb00}",
    "\"0",
];
