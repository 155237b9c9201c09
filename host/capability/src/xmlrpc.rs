//! XML-RPC to declared endpoints: one call is one exchange of [`Http`], whose
//! answer is read while it comes. The host has never more of it in memory than
//! what is kept and one piece of text, whatever the device sends.

use reqwest::Method;
use tokio::io::{AsyncWriteExt, BufReader, DuplexStream};

pub mod document;

use super::http::exchange::PartialResponse;
use super::http::{self, Http, Request};
use document::{Answer, Keep, Malformed, Tree, encode, read};
use fencebox_policy::Limit;

/// How much of it waits to be read, in bytes.
const PIPE: usize = 64 * 1024;
/// The status of every answer of a device that knows XML-RPC, also of a fault.
const OK: u16 = 200;

/// One call of a plugin (`xmlrpc.method-call`). Not to be printed: the first
/// call of a session hands over the password, and all others the session.
pub struct Call {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Path after the endpoint's base path.
    pub path: String,
    /// Name of the method.
    pub method: String,
    /// What is handed over, in order.
    pub params: Vec<Tree>,
    /// Paths to what of the answer is kept; all of it, where there are none.
    pub keep: Vec<String>,
}

/// Why there is no value (`xmlrpc.error`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each is documented once, in xmlrpc.wit")]
pub enum Failure {
    #[error(transparent)]
    Http(#[from] http::Failure),
    #[error("status {0}")]
    Status(u16),
    #[error("fault {code}: {message}")]
    Fault { code: i64, message: String },
    #[error("{0}")]
    Malformed(String),
}

/// One call and its answer.
pub fn call(http: &mut Http, call: Call) -> Result<Tree, Failure> {
    let keep = Keep::new(&call.keep).map_err(http::Failure::Invalid)?;
    let body = encode(&call.method, &call.params).map_err(http::Failure::Invalid)?;
    let request = Request {
        purpose: format!(" {}", call.method),
        endpoint: call.endpoint,
        method: Method::POST,
        path: call.path,
        headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
        body: Some(body.into_bytes()),
    };
    http.send_with(request, Limit::XmlrpcBytes, async |arriving| {
        Ok(receive(arriving, &keep).await)
    })?
}

async fn receive(arriving: PartialResponse<'_>, keep: &Keep) -> Result<Tree, Failure> {
    if arriving.status() != OK {
        return Err(Failure::Status(arriving.status()));
    }
    let origin = arriving.origin();
    let (pipe, source) = tokio::io::duplex(PIPE);
    let reading = read(BufReader::with_capacity(PIPE, source), keep);
    tokio::pin!(reading);
    let answer = tokio::select! {
        // Before its end only with what is wrong with it; then nobody waits
        // for the rest.
        answer = &mut reading => answer,
        passed = pass(arriving, pipe) => {
            passed?;
            reading.await
        }
    };
    match answer {
        Ok(Answer::Value(tree)) => Ok(tree),
        Ok(Answer::Fault { code, message }) => Err(Failure::Fault { code, message }),
        Err(malformed) => Err(refuse(origin, &malformed)),
    }
}

fn refuse(origin: &fencebox_policy::Origin, malformed: &Malformed) -> Failure {
    Failure::Malformed(format!("{origin} answered with {malformed}"))
}

/// Puts the body into the pipe, whose end is the end of the body.
async fn pass(mut arriving: PartialResponse<'_>, mut pipe: DuplexStream) -> Result<(), http::Failure> {
    while let Some(chunk) = arriving.chunk().await? {
        // It is only closed once the answer has been found to be wrong.
        if pipe.write_all(&chunk).await.is_err() {
            break;
        }
    }
    Ok(())
}
