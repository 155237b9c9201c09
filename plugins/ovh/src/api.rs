//! Requests to the REST API, each with the credentials of the session.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

use crate::call::Call;
use crate::credentials::{Client, Keys};
use crate::errors::{self, Cause};
use crate::permissions;
use crate::signature::{Clock, sign};
use crate::token::Token;

pub(crate) const ENDPOINT: &str = "api";

/// The API, with credentials.
pub(crate) struct Api {
    login: LogIn,
    clock: Option<Clock>,
}

enum LogIn {
    Keys(Keys),
    Token(Token),
}

impl Api {
    /// With application keys. Testing the keys would need a permission of its own,
    /// so this reads only the clock that signatures need.
    pub(crate) fn with_keys(keys: Keys) -> Result<Self> {
        Ok(Self {
            login: LogIn::Keys(keys),
            clock: Some(clock()?),
        })
    }

    /// With a service account.
    pub(crate) fn with_client(client: Client) -> Result<Self> {
        Ok(Self {
            login: LogIn::Token(Token::get(client)?),
            clock: None,
        })
    }

    /// Whether requests are signed with keys. If not, the IAM policy of the service account applies.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.login, LogIn::Keys(_))
    }

    /// The present time by the server's clock, in seconds since 1970.
    pub(crate) fn now(&mut self) -> Result<i64> {
        let clock = match self.clock {
            Some(clock) => clock,
            None => *self.clock.insert(clock()?),
        };
        Ok(clock.now())
    }

    /// A JSON value.
    pub(crate) fn read<T: for<'a> Deserialize<'a>>(&mut self, call: &Call) -> Result<T> {
        let answer = self.ask(call)?;
        self.value(&answer)
    }

    /// The elements of a JSON array, each by itself.
    pub(crate) fn elements<T: for<'a> Deserialize<'a>>(&mut self, call: &Call) -> Result<Vec<Result<T, Value>>> {
        let answer = self.ask(call)?;
        answer
            .elements()
            .map_err(|problem| self.hide(errors::with_query(problem.retried(), &answer)))
    }

    /// A list of names. Another element cannot be asked about, and is left out with a warning.
    pub(crate) fn names(&mut self, call: &Call) -> Result<Vec<String>> {
        let elements = self.elements::<String>(call)?;
        let odd = elements.iter().filter(|element| element.is_err()).count();
        if odd > 0 {
            log::warn(format!("{}: {odd} elements of the list are not names", call.line()));
        }
        Ok(elements.into_iter().flatten().collect())
    }

    /// The answer, if its status is 2xx.
    pub(crate) fn ask(&mut self, call: &Call) -> Result<Response> {
        let answer = self.send(call)?;
        if (200..300).contains(&answer.status()) {
            return Ok(answer);
        }
        Err(self.refusal(&answer, call))
    }

    /// The value in an answer.
    pub(crate) fn value<T: for<'a> Deserialize<'a>>(&self, answer: &Response) -> Result<T> {
        // The answer may be that of a server behind the API that is being replaced.
        answer
            .json()
            .map_err(|problem| self.hide(errors::with_query(problem.retried(), answer)))
    }

    /// The error for an answer with a status other than 2xx.
    pub(crate) fn refusal(&self, answer: &Response, call: &Call) -> Error {
        self.hide(errors::refusal(answer, call, self.is_signed()))
    }

    /// The answer, of any status. If the device refuses the time of the signature
    /// or the token, the request had no effect: it is sent once more with a new one.
    pub(crate) fn send(&mut self, call: &Call) -> Result<Response> {
        let answer = self.signed(call)?.send()?;
        match &mut self.login {
            LogIn::Keys(_) if Cause::of(&answer) == Cause::Signature => {
                log::info("the server refused the signature; reading the server's clock again");
                self.clock = Some(clock()?);
            }
            LogIn::Token(token) if answer.status() == 401 => {
                log::info("the server no longer accepts the token; requesting a new one");
                token.renew()?;
            }
            _ => return Ok(answer),
        }
        self.signed(call)?.send()
    }

    fn signed(&mut self, call: &Call) -> Result<http::Request> {
        let now = self.clock.map(|clock| clock.now()).unwrap_or_default();
        let request = call.request();
        match &mut self.login {
            LogIn::Token(token) => Ok(request.header("authorization", format!("Bearer {}", token.current()?))),
            LogIn::Keys(keys) => {
                let url = http::base_url(ENDPOINT)? + call.path()?;
                let method = permissions::method_name(call.method());
                let signature = sign(&keys.secret, &keys.consumer, method, &url, call.body(), now);
                Ok(request
                    .header("x-ovh-application", &keys.application)
                    .header("x-ovh-consumer", &keys.consumer)
                    .header("x-ovh-timestamp", now.to_string())
                    .header("x-ovh-signature", signature))
            }
        }
    }

    fn hide(&self, error: Error) -> Error {
        match &self.login {
            LogIn::Token(token) => errors::map(error, |text| token.hide(text)),
            // Keys are options: the host masks them.
            LogIn::Keys(_) => error,
        }
    }
}

/// Reads the server's clock. This request is never signed, and needs no permission.
fn clock() -> Result<Clock> {
    let answer = http::get(ENDPOINT, "/auth/time")
        .header("accept", "application/json")
        .send()?;
    let answer = answer.ok()?;
    let time = answer
        .json::<i64>()
        .map_err(|problem| errors::with_query(problem.retried(), &answer))?;
    // The device would refuse a signature with such a time.
    if time < 1_000_000_000 {
        return Err(errors::with_query(
            answer.unexpected("a clock that does not show a time of this century"),
            &answer,
        ));
    }
    Ok(Clock::reading(time))
}
