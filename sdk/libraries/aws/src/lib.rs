//! What plugins of AWS share: the keys, the signature of requests, and the instance metadata service.
//!
//! [`sign`] is Signature Version 4. It covers the whole request, so that nothing can change it on its way, and it is
//! valid for about five minutes. The secret key is never sent. [`Login`] finds the keys, and [`Metadata`] asks the
//! machine that the agent runs on.
//!
//! ```
//! use fencebox_aws::{Credentials, Request, Scope, sign};
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
//! let scope = Scope { region: "us-east-1", service: "service" };
//! let request = Request { method: "GET", host: "example.amazonaws.com", path: "/", ..Request::default() };
//! // 2015-08-30T12:36:00Z
//! let fields = sign(&credentials, &scope, &request, 1_440_938_160);
//! assert_eq!(fields[0], ("x-amz-date", "20150830T123600Z".to_owned()));
//! assert!(fields[1].1.ends_with("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
//! ```

mod credentials;
mod metadata;
mod signature;

pub use credentials::{FILE, Login};
pub use metadata::{METADATA, Metadata, is_word};
pub use signature::{Credentials, Request, Scope, host_of, sign};
