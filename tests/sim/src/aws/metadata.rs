//! The instance metadata service, version 2.

use serde_json::json;

use super::Ec2;
use crate::fault::Kind;
use crate::protocol::{Answer, Request};

/// The token of the service.
pub(super) const TOKEN: &str = "SIMULATED-metadata-token-AQAEAL==";

impl Ec2 {
    pub(super) fn metadata(&self, request: &Request, fault: Option<&Kind>) -> Answer {
        let word = fault.map_or("", Kind::word);
        if request.path() == "/latest/api/token" {
            let lifetime = request.header("x-aws-ec2-metadata-token-ttl-seconds");
            let is_valid = lifetime
                .and_then(|lifetime| lifetime.parse().ok())
                .is_some_and(|seconds: u32| seconds <= 21_600);
            return match word {
                _ if request.method != "PUT" => text(405, "405 - Method Not Allowed"),
                _ if !is_valid => text(400, "400 - Bad Request"),
                "disabled" => text(403, "403 - Forbidden"),
                "html-token" => Answer::html(200, "Log in to the network"),
                _ => text(200, TOKEN),
            };
        }
        if request.header("x-aws-ec2-metadata-token") != Some(TOKEN) {
            return text(401, "401 - Unauthorized");
        }
        let role = self.settings.role.as_deref().filter(|_| word != "no-role");
        match request.path() {
            "/latest/meta-data/instance-id" => text(200, &self.settings.own),
            "/latest/meta-data/placement/region" => text(200, &self.settings.region),
            "/latest/meta-data/iam/security-credentials/" => role.map_or_else(missing, |role| text(200, role)),
            path => {
                let name = path.strip_prefix("/latest/meta-data/iam/security-credentials/");
                match (name, self.role_keys()) {
                    (Some(name), Some(keys)) if Some(name) == role => Answer {
                        headers: vec![("content-type", "text/plain".to_owned())],
                        ..Answer::json(
                            200,
                            &json!({
                                "Code": if word == "failed" { "AssumeRoleUnauthorizedAccess" } else { "Success" },
                                "LastUpdated": "2026-01-01T00:00:00Z",
                                "Type": "AWS-HMAC",
                                "AccessKeyId": keys.access_key,
                                "SecretAccessKey": keys.secret_key,
                                "Token": keys.token,
                                "Expiration": "2099-01-01T06:00:00Z",
                            }),
                        )
                    },
                    _ => missing(),
                }
            }
        }
    }
}

fn text(status: u16, text: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/plain".to_owned())],
        body: text.as_bytes().to_vec(),
    }
}

fn missing() -> Answer {
    text(404, "404 - Not Found")
}
