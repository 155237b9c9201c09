//! The Query API of EC2: signed calls, and the clock and the credentials behind the signatures.

use fencebox_aws::{Login, Request, Scope, host_of, sign};
use fencebox_sdk::http::Response;
use fencebox_sdk::{encoding, prelude::*, time};
use fencebox_xml::Element;

use crate::refusal::{Failure, Refusal};

/// The endpoint.
pub(crate) const ENDPOINT: &str = "api";
/// The version of the API: the only one since 2016.
const VERSION: &str = "2016-11-15";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// From this difference of the clocks on, EC2 may refuse a signature. It accepts five minutes.
const SKEW: i64 = 240;
/// How often one call is signed again: for the clock, and for new keys of a role.
const RENEWALS: u32 = 2;

/// Parameters of a call, in their order.
pub(crate) type Parameters<'p> = Vec<(String, &'p str)>;

/// Signed calls to one region.
pub(crate) struct Api {
    login: Login,
    region: String,
    /// As EC2 receives it.
    host: String,
    /// The clock of EC2 minus the clock of this machine, in seconds.
    ahead: i64,
}

impl Api {
    pub(crate) fn new(login: Login, region: String) -> Result<Self> {
        let host = host_of(&http::base_url(ENDPOINT)?).to_owned();
        Ok(Self {
            login,
            region,
            host,
            ahead: 0,
        })
    }

    /// Calls an action, and returns the root of its answer. If EC2 refuses the signature, it is sent again with the
    /// time of EC2 or with new keys of the role: a refused call had no effect.
    pub(crate) fn call(&mut self, action: &str, parameters: &Parameters<'_>) -> Result<Element, Failure> {
        let fixed = [("Action", action), ("Version", VERSION)];
        let own = parameters.iter().map(|(name, value)| (name.as_str(), *value));
        let body = encoding::form(fixed.into_iter().chain(own));
        let mut renewals = 0;
        loop {
            let answer = self.send(&body)?;
            match read(action, &answer) {
                Err(Failure::Refused(refusal)) if refusal.is_about_login() => {
                    renewals += 1;
                    if renewals > RENEWALS || !self.renew(&refusal, &answer)? {
                        return Err(Failure::Other(self.explain(refusal)));
                    }
                }
                outcome => return outcome,
            }
        }
    }

    fn send(&self, body: &str) -> Result<Response> {
        let request = Request {
            method: "POST",
            host: &self.host,
            path: "/",
            headers: &[("content-type", FORM)],
            body: body.as_bytes(),
            ..Request::default()
        };
        let scope = Scope {
            region: &self.region,
            service: "ec2",
        };
        let fields = sign(self.login.credentials(), &scope, &request, time::now() + self.ahead);
        let post = http::post(ENDPOINT, "/").header("content-type", FORM).body(body);
        let post = fields
            .into_iter()
            .fold(post, |post, (name, value)| post.header(name, value));
        post.send()
    }

    /// Corrects what may be wrong with a refused signature; `false` if there is nothing to correct.
    fn renew(&mut self, refusal: &Refusal, answer: &Response) -> Result<bool> {
        let date = answer.header("date").and_then(|date| time::parse_http_date(date).ok());
        let ahead = date.map_or(self.ahead, |date| date - time::now());
        if (ahead - self.ahead).abs() > SKEW {
            log::warn(format!(
                "the clock of this machine differs from the clock of EC2 by {} s, and requests are signed with the \
                 time of EC2; correct the clock",
                ahead.abs()
            ));
            self.ahead = ahead;
            return Ok(true);
        }
        self.login.renew(&refusal.code)
    }

    /// The error for a login that nothing can correct.
    fn explain(&self, refusal: Refusal) -> Error {
        let hint = if refusal.code.starts_with("Expired") || refusal.code == "RequestExpired" {
            "the session token or the signature has expired; renew the session token, or check the clock"
        } else {
            "check the keys, and the clock of this machine"
        };
        match Error::from(refusal) {
            Error::LoginDenied(text) => {
                Error::LoginDenied(format!("{text}; the login is from {}; {hint}", self.login.source()))
            }
            other => other,
        }
    }
}

/// The answer to an action: `<ActionResponse>`.
fn read(action: &str, answer: &Response) -> Result<Element, Failure> {
    let Ok(root) = fencebox_xml::parse(answer.body()) else {
        // A page of a proxy does not show that EC2 lacks something.
        return Err(Failure::Other(match answer.status() {
            200 | 404 => answer.unexpected("an answer that is not XML of EC2"),
            _ => answer.error(),
        }));
    };
    if let Some(refusal) = Refusal::read(&root) {
        return Err(Failure::Refused(refusal));
    }
    if ![200, 404].contains(&answer.status()) {
        return Err(Failure::Other(answer.error()));
    }
    if root.name() != format!("{action}Response") || answer.status() != 200 {
        let what = format!("the answer is {} instead of {action}Response", excerpt(root.name()));
        return Err(Failure::Other(answer.unexpected(&what)));
    }
    Ok(root)
}
