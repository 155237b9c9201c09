//! The errors that `?` meets in a plugin.
//!
//! The variant decides whether the host asks again. It does not for a mistake of
//! the plugin, because the next answer would be the same.

use std::io::{self, ErrorKind};
use std::num::{ParseFloatError, ParseIntError};
use std::str::Utf8Error;
use std::string::FromUtf8Error;

use crate::text::without_quotations;
use crate::{Error, files, http, multicast};

impl From<http::Failure> for Error {
    /// Selects the error by whether a retry can help. An invalid certificate
    /// stays invalid, so it is denied and not a lost connection.
    fn from(failure: http::Failure) -> Self {
        match failure {
            http::Failure::Denied(text) | http::Failure::Invalid(text) | http::Failure::Tls(text) => Self::Denied(text),
            http::Failure::Unreachable(text) | http::Failure::Broken(text) => Self::ConnectionLost(text),
            http::Failure::TimedOut(text) => Self::TimedOut(text),
            http::Failure::TooLarge(text) => Self::Unexpected(text),
        }
    }
}

impl From<files::Failure> for Error {
    /// A retry does not help with a wrong file, so no error here is retried.
    fn from(failure: files::Failure) -> Self {
        match failure {
            files::Failure::Denied(text) => Self::Denied(text),
            files::Failure::NotFound(text) | files::Failure::TooLarge(text) | files::Failure::Failed(text) => {
                Self::TaskFailed(text)
            }
        }
    }
}

impl From<multicast::Failure> for Error {
    /// The system may send the next datagram, for example once an interface is
    /// up.
    fn from(failure: multicast::Failure) -> Self {
        match failure {
            multicast::Failure::Denied(text) => Self::Denied(text),
            multicast::Failure::Failed(text) => Self::ConnectionLost(text),
        }
    }
}

impl From<io::Error> for Error {
    /// An error of a socket, which is retried, or a mistake: a socket that the
    /// plugin did not declare, or a file of `std::fs`.
    fn from(cause: io::Error) -> Self {
        match cause.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut(cause.to_string()),
            ErrorKind::InvalidData => Self::Unexpected(cause.to_string()),
            ErrorKind::PermissionDenied => Self::mistake(format!(
                "{cause}: the log names the rule; a plugin has to declare each socket with Agent::socket, and each \
                 file with Agent::file"
            )),
            ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::DirectoryNotEmpty
            | ErrorKind::ReadOnlyFilesystem => Self::mistake(format!(
                "{cause}: a plugin has no file system; declare the option that names the file with Agent::file, and \
                 use files::read instead of std::fs"
            )),
            ErrorKind::Unsupported => Self::mistake(format!("{cause}: a plugin runs without this function")),
            ErrorKind::InvalidInput => Self::mistake(cause.to_string()),
            _ => Self::ConnectionLost(cause.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    /// Text that is not JSON, or is cut off, may be complete in the next answer.
    /// JSON with another structure has the same structure then.
    fn from(problem: serde_json::Error) -> Self {
        let text = without_quotations(&problem.to_string());
        if problem.is_data() {
            Self::mistake(format!("JSON with a wrong structure: {text}"))
        } else {
            Self::Unexpected(format!("invalid or incomplete JSON: {text}"))
        }
    }
}

/// Errors of texts from the device. They do not quote the text.
macro_rules! unexpected {
    ($($cause:ty: $what:literal,)*) => {$(
        impl From<$cause> for Error {
            fn from(cause: $cause) -> Self {
                Self::Unexpected(format!(concat!($what, ": {}"), cause))
            }
        }
    )*};
}

unexpected! {
    ParseIntError: "a text is not a whole number",
    ParseFloatError: "a text is not a number",
    Utf8Error: "a text is not UTF-8",
    FromUtf8Error: "a text is not UTF-8",
    base64::DecodeError: "a text is not Base64",
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::Value;

    use crate::http::Failure;
    use crate::{Error, Result, encoding};

    #[test]
    fn only_transient_failures_are_retried() {
        let text = || "x".to_owned();
        for (failure, error) in [
            (Failure::Denied(text()), Error::Denied(text())),
            (Failure::Invalid(text()), Error::Denied(text())),
            (Failure::Tls(text()), Error::Denied(text())),
            (Failure::Unreachable(text()), Error::ConnectionLost(text())),
            (Failure::Broken(text()), Error::ConnectionLost(text())),
            (Failure::TimedOut(text()), Error::TimedOut(text())),
            (Failure::TooLarge(text()), Error::Unexpected(text())),
        ] {
            assert_eq!(Error::from(failure), error);
        }
    }

    #[test]
    fn a_file_of_the_standard_library_is_a_mistake_that_names_the_remedy() {
        fn read() -> Result<String> {
            Ok(std::fs::read_to_string("/nowhere/at/all")?)
        }
        let Err(Error::Denied(text)) = read() else {
            panic!("not a mistake");
        };
        assert!(text.contains("os error") && text.contains("files::read"), "{text}");
        assert!(text.contains("Agent::file"), "{text}");
    }

    #[test]
    fn an_undeclared_socket_is_a_mistake_that_names_the_remedy() {
        let denied = Error::from(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(
            matches!(&denied, Error::Denied(text) if text.contains("Agent::socket")),
            "{denied:?}"
        );
    }

    #[test]
    fn errors_of_a_connection_are_retried() {
        use io::ErrorKind;
        for kind in [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
            ErrorKind::HostUnreachable,
            ErrorKind::AddrNotAvailable,
            ErrorKind::Other,
        ] {
            let error = Error::from(io::Error::from(kind));
            assert!(matches!(error, Error::ConnectionLost(_)), "{kind}: {error:?}");
        }
        let late = Error::from(io::Error::from(ErrorKind::TimedOut));
        assert!(matches!(late, Error::TimedOut(_)), "{late:?}");
    }

    #[test]
    fn json_is_retried_unless_its_structure_is_wrong() {
        let shape = |text: &str| Error::from(serde_json::from_str::<Vec<u8>>(text).unwrap_err());
        assert!(matches!(shape("[1,"), Error::Unexpected(_)));
        assert!(matches!(shape("<html>"), Error::Unexpected(_)));
        assert!(matches!(shape("{}"), Error::Denied(_)));
        let secret = shape("\"s3cret\"");
        assert!(!secret.text().contains("s3cret"), "{secret:?}");
    }

    #[test]
    fn texts_of_the_device_are_converted_with_a_question_mark() {
        fn parse(text: &str) -> Result<(u8, Value)> {
            let bytes = encoding::from_base64(text)?;
            let text = std::str::from_utf8(&bytes)?;
            Ok((text.parse()?, serde_json::from_str(text)?))
        }
        assert_eq!(parse("Nw=="), Ok((7, 7.into())));
        for text in ["!", "/w==", "eA==", "OTk5"] {
            assert!(matches!(parse(text), Err(Error::Unexpected(_))), "{text}");
        }
    }
}
