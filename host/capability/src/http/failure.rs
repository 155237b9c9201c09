//! Describes the errors of the HTTP client.

use std::error::Error;
use std::io;

use super::Failure;
use super::progress::{Progress, Step};
use super::tls;
use fencebox_policy::{Limit, Limits, Origin};

/// The text of the client library for an answer that does not begin with `HTTP/1.`, which has no
/// method to distinguish it from other malformed answers.
const NOT_HTTP: &str = "invalid HTTP version parsed";

/// How the texts of the client library about a tunnel begin. Its type is not public.
const TUNNEL: &str = "tunnel error: ";

/// Describes the innermost cause of an error: the outer ones only say "error sending request" and
/// similar.
pub(super) fn describe(origin: &Origin, limits: &Limits, progress: &Progress, error: &reqwest::Error) -> Failure {
    let Causes {
        innermost,
        tls,
        http,
        tunnel,
        is_end,
    } = Causes::new(error);
    if error.is_builder() {
        return Failure::Invalid(format!("request: {innermost}"));
    }
    // Only an error while connecting proves that nothing was sent. Later, the device may have
    // executed the request before the same error (such as a corrupt TLS record).
    if error.is_connect() {
        if let Some(error) = tls {
            return Failure::Tls(tls::reason(error));
        }
        return Failure::Unreachable(match tunnel.as_deref() {
            Some("failed to create underlying connection") => {
                if progress.step() == Step::Tunnel {
                    progress.start(Step::Connection);
                }
                innermost
            }
            Some(reason) => {
                progress.start(Step::Tunnel);
                refused(reason, innermost)
            }
            None if is_end => format!(
                "the device closed the connection; check that this port is for TLS: {}",
                tls::OFFER
            ),
            None => innermost,
        });
    }
    if let Some(error) = tls {
        return Failure::Broken(tls::reason(error));
    }
    // More header fields than allowed, or more than 400 KiB.
    if http.is_some_and(hyper::Error::is_parse_too_large) {
        return Failure::TooLarge(format!(
            "{origin}: the head of the answer is too large ({innermost}){}",
            limits.get(Limit::ResponseHeaders).note()
        ));
    }
    // The client does not show the bytes. A TLS server answers plain HTTP with an alert of TLS.
    if innermost == NOT_HTTP && !origin.tls && origin.proxy.is_none() {
        return Failure::Broken(
            "the answer is not HTTP; if the device speaks TLS on this port, use https: option ssl, or https:// in the \
             URL"
            .to_owned(),
        );
    }
    Failure::Broken(innermost)
}

/// Why a proxy gave no tunnel.
fn refused(reason: &str, innermost: String) -> String {
    match reason {
        "proxy authorization required" => {
            "the proxy requires a login, which fencebox does not support; use one without a login".to_owned()
        }
        "unsuccessful" => "the proxy refused the tunnel, or its answer is not HTTP".to_owned(),
        "unexpected end of file" => "the proxy closed the connection".to_owned(),
        "proxy response headers too long" => "the proxy's answer is too large".to_owned(),
        _ => innermost,
    }
}

/// The causes of an error.
struct Causes<'e> {
    /// The text of the innermost cause.
    innermost: String,
    /// The TLS error among the causes.
    tls: Option<&'e rustls::Error>,
    /// The error of the HTTP connection among the causes.
    http: Option<&'e hyper::Error>,
    /// What the library says about the tunnel through a proxy.
    tunnel: Option<String>,
    /// Whether the connection ended early.
    is_end: bool,
}

impl<'e> Causes<'e> {
    fn new(error: &'e reqwest::Error) -> Self {
        let mut cause: &(dyn Error + 'static) = error;
        let (mut tls, mut http, mut tunnel, mut is_end) = (None, None, None, false);
        loop {
            let system = cause.downcast_ref::<io::Error>();
            is_end |= system.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
            let inner = system.and_then(io::Error::get_ref);
            let inner = inner.map(|inner| inner as &(dyn Error + 'static));
            tls = inner.unwrap_or(cause).downcast_ref().or(tls);
            http = cause.downcast_ref().or(http);
            let text = cause.to_string();
            tunnel = tunnel.or_else(|| text.strip_prefix(TUNNEL).map(str::to_owned));
            match inner.or_else(|| cause.source()) {
                Some(next) => cause = next,
                None => {
                    return Self {
                        innermost: text,
                        tls,
                        http,
                        tunnel,
                        is_end,
                    };
                }
            }
        }
    }
}
