//! Whole logins and requests, against a BMC that a test makes misbehave.

mod bmc;

use std::time::{Duration, Instant};

use super::{Login, Privilege, Session, Version, open};
use crate::failure::{Failure, Step};
use crate::lan::Auth;
use crate::message::Request;
use crate::suite::Suite;
use bmc::{Bmc, Kind};

const LOGIN: Login<'_> = Login {
    username: b"admin",
    password: b"s3cret",
    kg: b"",
    privilege: Privilege::Administrator,
    version: Version::Plus,
    suite: None,
    auth: None,
    timeout: Duration::from_secs(5),
};

fn status() -> Request {
    Request::new(0x00, 0x01, [])
}

fn control(action: u8) -> Request {
    Request::new(0x00, 0x02, [action])
}

fn opened(bmc: &Bmc, login: &Login<'_>) -> Session<Bmc> {
    open(bmc.clone(), login).map_err(|cause| cause.to_string()).unwrap()
}

fn refused(bmc: &Bmc, login: &Login<'_>) -> Failure {
    match open(bmc.clone(), login) {
        Ok(_) => panic!("it logged in"),
        Err(failure) => failure,
    }
}

#[test]
fn each_suite_has_a_session() {
    for id in [3, 17, 8, 12, 0, 1, 2, 6, 7, 11, 15, 16] {
        let bmc = Bmc::default();
        let suite = Suite::of(id);
        let mut session = opened(&bmc, &Login { suite, ..LOGIN });
        assert_eq!(session.suite(), suite);
        assert_eq!(session.call(status()).unwrap(), [1, 2, 3], "suite {id}");
        session.close();
        assert_eq!(bmc.count(Kind::Close), 1, "suite {id}");
    }
}

#[test]
fn the_best_offered_suite_is_used() {
    for (offered, used) in [(vec![3, 8, 12, 17], 17), (vec![0, 8, 3], 3), (vec![0, 8, 12], 12)] {
        let bmc = Bmc::default();
        bmc.state().offered = Some(offered);
        assert_eq!(opened(&bmc, &LOGIN).suite().unwrap().id(), used);
    }
}

#[test]
fn a_rejected_suite_is_followed_by_the_next_one() {
    let bmc = Bmc::default();
    bmc.state().accepted = vec![3];
    assert_eq!(opened(&bmc, &LOGIN).suite().unwrap().id(), 3);
    assert_eq!(bmc.count(Kind::Open), 2);
    let typed = Login {
        suite: Suite::of(17),
        ..LOGIN
    };
    assert!(matches!(refused(&bmc, &typed), Failure::SuiteRejected(17)));
}

#[test]
fn suites_without_authentication_are_not_used_unless_typed() {
    let bmc = Bmc::default();
    bmc.state().offered = Some(vec![0, 1, 2, 15, 16]);
    assert!(matches!(refused(&bmc, &LOGIN), Failure::Suites(offered) if offered == [0, 1, 2, 15, 16]));
    assert_eq!(bmc.count(Kind::Open), 0);
}

#[test]
fn nothing_is_sent_after_a_wrong_password() {
    let bmc = Bmc::default();
    let wrong = Login {
        password: b"other",
        suite: Suite::of(17),
        ..LOGIN
    };
    assert!(matches!(refused(&bmc, &wrong), Failure::WrongPassword));
    assert_eq!((bmc.count(Kind::User), bmc.count(Kind::Password)), (1, 0));
}

#[test]
fn a_different_kg_is_found_after_the_password() {
    let bmc = Bmc::default();
    bmc.state().kg = b"0123456789".to_vec();
    assert!(matches!(refused(&bmc, &LOGIN), Failure::WrongKey));
    opened(
        &bmc,
        &Login {
            kg: b"0123456789",
            ..LOGIN
        },
    );
}

#[test]
fn a_user_is_looked_up_by_privilege_if_not_found_by_name() {
    let bmc = Bmc::default();
    bmc.state().by_name_only = false;
    opened(&bmc, &LOGIN);
    assert_eq!(bmc.count(Kind::User), 2);
    let unknown = Login {
        username: b"stranger",
        ..LOGIN
    };
    assert!(matches!(refused(&bmc, &unknown), Failure::UnknownUser));
    assert_eq!((bmc.count(Kind::User), bmc.count(Kind::Password)), (4, 1));
}

#[test]
fn a_privilege_above_the_limit_ends_the_session() {
    let bmc = Bmc::default();
    bmc.state().limit = 3;
    assert!(matches!(refused(&bmc, &LOGIN), Failure::Privilege));
    assert_eq!(bmc.count(Kind::Close), 1);
    let operator = Login {
        privilege: Privilege::Operator,
        ..LOGIN
    };
    opened(&bmc, &operator);
}

#[test]
fn lost_datagrams_are_sent_again_with_new_sequence_numbers() {
    let bmc = Bmc::default();
    let mut session = opened(&bmc, &LOGIN);
    bmc.state().lost = 2;
    assert_eq!(session.call(status()).unwrap(), [1, 2, 3]);
    assert_eq!(bmc.count(Kind::Request), 3);
}

#[test]
fn a_request_that_may_act_twice_is_sent_once() {
    let bmc = Bmc::default();
    let mut session = opened(&bmc, &LOGIN);
    bmc.state().lost = 1;
    let lost = session.call(control(2).once());
    assert!(
        matches!(
            lost,
            Err(Failure::Silent {
                step: Step::Request,
                dropped: 0
            })
        ),
        "{lost:?}"
    );
    assert_eq!(bmc.count(Kind::Request), 1);
}

#[test]
fn forged_duplicate_and_late_answers_are_dropped() {
    let bmc = Bmc::default();
    let mut session = opened(&bmc, &LOGIN);
    bmc.state().is_forged = true;
    let forged = session.call(status());
    assert!(matches!(forged, Err(Failure::Silent { dropped: 3, .. })), "{forged:?}");
    bmc.state().is_forged = false;
    // Answers to the first request do not count for the second one.
    bmc.state().copies = 3;
    assert_eq!(session.call(status()).unwrap(), [1, 2, 3]);
    assert!(session.call(control(1)).unwrap().is_empty());
    assert_eq!(session.call(status()).unwrap(), [1, 2, 3]);
}

#[test]
fn garbage_does_not_extend_the_time_limit() {
    let bmc = Bmc::default();
    let mut session = opened(&bmc, &LOGIN);
    bmc.state().lost = u32::MAX;
    bmc.state().is_endless = true;
    let start = Instant::now();
    let flooded = session.call_within(&status(), Duration::from_millis(300));
    assert!(
        matches!(flooded, Err(Failure::Silent { dropped: 100.., .. })),
        "{flooded:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn ipmi_2_0_is_never_replaced_by_1_5() {
    let bmc = Bmc::default();
    bmc.state().versions = 0x01;
    assert!(matches!(refused(&bmc, &LOGIN), Failure::Version("2.0")));
    assert_eq!((bmc.count(Kind::Open), bmc.count(Kind::Challenge)), (0, 0));
    let either = Login {
        version: Version::LanFirst,
        ..LOGIN
    };
    assert_eq!(opened(&bmc, &either).suite(), None);
    bmc.state().versions = 0x02;
    assert!(opened(&bmc, &either).suite().is_some());
}

#[test]
fn sessions_of_ipmi_1_5_use_md5_unless_the_caller_allows_less() {
    for (auth, types) in [(None, 0x16), (Some(Auth::Password), 0x10), (Some(Auth::None), 0x01)] {
        let bmc = Bmc::default();
        (bmc.state().versions, bmc.state().types) = (0x01, types);
        let login = Login {
            version: Version::LanFirst,
            auth,
            ..LOGIN
        };
        let mut session = opened(&bmc, &login);
        assert_eq!(session.call(status()).unwrap(), [1, 2, 3], "{auth:?}");
    }
    let bmc = Bmc::default();
    (bmc.state().versions, bmc.state().types) = (0x01, 0x11);
    let login = Login {
        version: Version::LanFirst,
        ..LOGIN
    };
    assert!(matches!(refused(&bmc, &login), Failure::Auth));
    assert_eq!(bmc.count(Kind::Challenge), 0);
}

#[test]
fn a_wrong_password_of_ipmi_1_5_is_tried_once() {
    let bmc = Bmc::default();
    bmc.state().versions = 0x01;
    let login = Login {
        version: Version::LanFirst,
        password: b"other",
        ..LOGIN
    };
    let silent = refused(&bmc, &login);
    assert!(
        matches!(
            silent,
            Failure::Silent {
                step: Step::Activate,
                ..
            }
        ),
        "{silent}"
    );
    assert_eq!(bmc.count(Kind::Activate), 1);
}

#[test]
fn a_bmc_that_never_answers_ends_the_login() {
    let bmc = Bmc::default();
    bmc.state().lost = u32::MAX;
    let silent = refused(&bmc, &LOGIN);
    assert!(
        matches!(
            silent,
            Failure::Silent {
                step: Step::Capabilities,
                dropped: 0
            }
        ),
        "{silent}"
    );
}
