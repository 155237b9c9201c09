//! The test suite that AWS publishes for Signature Version 4, and requests that botocore 1.44.8 signed.

use super::*;

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z, the time of the whole suite.
const TIME: i64 = 1_440_938_160;
const SCOPE: Scope<'_> = Scope {
    region: "us-east-1",
    service: "service",
};
const GET: Request<'_> = Request {
    method: "GET",
    host: "example.amazonaws.com",
    path: "/",
    query: &[],
    headers: &[],
    body: b"",
};
const POST: Request<'_> = Request { method: "POST", ..GET };

/// Names of signed fields, and the signature.
fn signed(credentials: &Credentials, scope: &Scope<'_>, request: &Request<'_>) -> (String, String) {
    let fields = sign(credentials, scope, request, TIME);
    let (name, value) = fields.last().unwrap();
    assert_eq!(*name, "authorization");
    let rest = value.split_once("SignedHeaders=").unwrap().1;
    let (names, signature) = rest.split_once(", Signature=").unwrap();
    (names.to_owned(), signature.to_owned())
}

#[test]
fn requests_of_the_suite_have_its_signatures() {
    let unreserved = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let form = "application/x-www-form-urlencoded";
    let cases: [(&str, Request<'_>, &str, &str); 12] = [
        (
            "get-vanilla",
            GET,
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-empty-query-key",
            Request {
                query: &[("Param1", "value1")],
                ..GET
            },
            "host;x-amz-date",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        (
            "get-vanilla-query-order-key-case",
            Request {
                query: &[("Param2", "value2"), ("Param1", "value1")],
                ..GET
            },
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-unreserved",
            Request {
                path: unreserved,
                ..GET
            },
            "host;x-amz-date",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "get-utf8",
            Request {
                path: "/\u{1234}",
                ..GET
            },
            "host;x-amz-date",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        (
            "get-header-key-duplicate",
            Request {
                headers: &[
                    ("My-Header1", "value2"),
                    ("My-Header1", "value2"),
                    ("My-Header1", "value1"),
                ],
                ..GET
            },
            "host;my-header1;x-amz-date",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "get-header-value-trim",
            Request {
                headers: &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                ..GET
            },
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "post-vanilla",
            POST,
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-vanilla-query",
            Request {
                query: &[("Param1", "value1")],
                ..POST
            },
            "host;x-amz-date",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
        (
            "post-header-key-sort",
            Request {
                headers: &[("My-Header1", "value1")],
                ..POST
            },
            "host;my-header1;x-amz-date",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "post-x-www-form-urlencoded",
            Request {
                headers: &[("Content-Type", form)],
                body: b"Param1=value1",
                ..POST
            },
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            "post-x-www-form-urlencoded-parameters",
            Request {
                headers: &[("Content-Type", "application/x-www-form-urlencoded; charset=utf8")],
                body: b"Param1=value1",
                ..POST
            },
            "content-type;host;x-amz-date",
            "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
        ),
    ];
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY);
    for (name, request, names, signature) in cases {
        let expected = (names.to_owned(), signature.to_owned());
        assert_eq!(signed(&credentials, &SCOPE, &request), expected, "{name}");
    }
}

const STOP: &[u8] =
    b"Action=StopInstances&Version=2016-11-15&InstanceId.1=i-0a1b2c3d4e5f60718&Force=true&SkipOsShutdown=true";

/// Requests to EC2, with the port of the host, and with the token of a session.
#[test]
fn requests_have_the_signatures_of_botocore() {
    let headers = &[("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let token = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaDGV1LWNlbnRyYWwtMSJHMEUCIQ==";
    let user = Credentials::new(ACCESS_KEY, SECRET_KEY);
    let role = user.clone().with_session_token(token);
    assert!(role.are_temporary() && !user.are_temporary());
    for (credentials, region, host, names, signature) in [
        (
            &user,
            "eu-central-1",
            "ec2.eu-central-1.amazonaws.com",
            "content-type;host;x-amz-date",
            "ad4005d01aae34265bbfcf94df76357a5e210538b8d3632d474565b269de95d2",
        ),
        (
            &role,
            "cn-north-1",
            "ec2.cn-north-1.amazonaws.com.cn",
            "content-type;host;x-amz-date;x-amz-security-token",
            "d60cd31eaf863a53a0bccd5e34e29f5edb888ebdd490276abab4180972deeb4d",
        ),
        (
            &user,
            "us-gov-west-1",
            "127.0.0.1:5000",
            "content-type;host;x-amz-date",
            "fa9e9fb34d03c53523171923232759ac42ea7748dda617edc325705a9669e451",
        ),
    ] {
        let scope = Scope { region, service: "ec2" };
        let request = Request {
            host,
            headers,
            body: STOP,
            ..POST
        };
        let expected = (names.to_owned(), signature.to_owned());
        assert_eq!(signed(credentials, &scope, &request), expected, "{host}");
    }
    let fields = sign(&role, &SCOPE, &POST, TIME);
    assert_eq!(fields[1], ("x-amz-security-token", token.to_owned()));
    assert!(!format!("{role:?}").contains("EXAMPLE//") && !format!("{role:?}").contains(SECRET_KEY));
}

/// The values of one name are sorted too, and the path is encoded once more than it is sent.
#[test]
fn paths_and_queries_are_encoded_as_botocore_does() {
    let request = Request {
        path: "/a b/c%20d",
        query: &[("b", "2 &"), ("b", "1"), ("a", "~*")],
        ..GET
    };
    let signature = "77cd20190496eb71c7e65cf535c1146e5bd7c03abeac0d9b6affd132a798c6de";
    let user = Credentials::new(ACCESS_KEY, SECRET_KEY);
    assert_eq!(signed(&user, &SCOPE, &request).1, signature);
}

#[test]
fn the_host_has_a_port_only_if_it_is_not_the_default() {
    for (url, host) in [
        ("https://ec2.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"),
        ("https://x.example:443/base", "x.example"),
        ("https://x.example:80", "x.example:80"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://127.0.0.1:80/?a", "127.0.0.1"),
        ("http://[2001:db8::1]:443", "[2001:db8::1]:443"),
    ] {
        assert_eq!(host_of(url), host, "{url}");
    }
}
