//! XML-RPC to declared endpoints: one call is one exchange of [`Http`], and the answer is parsed
//! while it arrives. The host keeps only the selected values and one piece of text in memory,
//! however much the device sends.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWriteExt, BufReader, DuplexStream};

pub mod document;
#[path = "../../../sdk/src/http/redirect.rs"]
mod redirect;

use super::http::exchange::PartialResponse;
use super::http::{self, Http, Request};
use document::{Answer, Keep, Malformed, Tree, encode, read};
use fencebox_policy::Limit;

/// Size of the buffer between HTTP and the parser, in bytes.
const PIPE: usize = 64 * 1024;
/// The HTTP status of every XML-RPC answer, including faults.
const OK: u16 = 200;

/// One call of a plugin (`xmlrpc.method-call`). It must not be printed, because it contains the
/// password or the session.
pub struct Call {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Path after the endpoint's base path.
    pub path: String,
    /// Name of the method.
    pub method: String,
    /// The parameters, in order.
    pub params: Vec<Tree>,
    /// Paths of the values to keep in the answer. If empty, all are kept.
    pub keep: Vec<String>,
}

/// Why a call failed (`xmlrpc.error`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// Sends a call and returns the value of its answer.
pub fn call(http: &mut Http, call: Call) -> Result<Tree, Failure> {
    let keep = Keep::new(&call.keep).map_err(http::Failure::invalid)?;
    let body = encode(&call.method, &call.params).map_err(http::Failure::invalid)?;
    let request = Request {
        purpose: format!(" {}", call.method),
        endpoint: call.endpoint,
        method: Method::POST,
        path: call.path,
        headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
        body: Some(body.into_bytes()),
    };
    let answer = http.send_with(request, Limit::XmlrpcBytes, async |arriving| {
        Ok(receive(arriving, &keep).await)
    })?;
    if let Ok(tree) = &answer {
        http.show_answer(&tree.nodes);
    }
    answer
}

async fn receive(arriving: PartialResponse<'_>, keep: &Keep) -> Result<Tree, Failure> {
    let (origin, status) = (arriving.origin(), arriving.status());
    if (300..400).contains(&status) {
        let place = redirect::describe(&origin.to_string(), arriving.location().as_deref());
        return Err(Failure::Malformed(format!(
            "{origin} redirects with status {status} to {place}"
        )));
    }
    if status != OK {
        return Err(Failure::Status(status));
    }
    let (pipe, source) = tokio::io::duplex(PIPE);
    let reading = read(BufReader::with_capacity(PIPE, source), keep);
    tokio::pin!(reading);
    let answer = tokio::select! {
        // This ends before the answer only with an error. The rest is then not read.
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

/// Copies the body into the pipe, and closes the pipe at the end of the body.
async fn pass(mut arriving: PartialResponse<'_>, mut pipe: DuplexStream) -> Result<(), http::Failure> {
    while let Some(chunk) = arriving.chunk().await? {
        // The reader closes the pipe only after an error in the answer.
        if pipe.write_all(&chunk).await.is_err() {
            break;
        }
    }
    Ok(())
}
