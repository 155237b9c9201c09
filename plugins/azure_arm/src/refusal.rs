//! What Azure's errors mean.

use fencebox_sdk::http::Response;
use fencebox_sdk::prelude::*;

/// The code of an error, such as `ResourceNotFound`.
pub(crate) fn code(answer: &Response) -> String {
    let body: Value = answer.json().unwrap_or_default();
    body["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// The answer of a success.
pub(crate) fn checked(answer: Response) -> Result<Response> {
    let code = code(&answer);
    let reason = || format!("{} ({code})", answer.reason());
    match (answer.status(), code.as_str()) {
        // A page of a proxy.
        (400 | 403 | 404 | 409, "") => Err(answer.unexpected(&answer.reason())),
        (404, "ResourceGroupNotFound") => Err(Error::invalid_option("resourceGroup", reason())),
        (404, "SubscriptionNotFound") | (400, "InvalidSubscriptionId") => {
            Err(Error::invalid_option("subscriptionId", reason()))
        }
        (400, _) => Err(Error::mistake(reason())),
        (403, _) => Err(Error::NotPermitted(reason())),
        // The state of the machine, a quota or a lack of capacity: another try has the same answer.
        (409, "OperationNotAllowed" | "AllocationFailed" | "ZonalAllocationFailed" | "SkuNotAvailable") => {
            Err(Error::task_failed(reason()))
        }
        (409, _) => Err(Error::busy(reason(), None)),
        _ => answer.ok(),
    }
}
