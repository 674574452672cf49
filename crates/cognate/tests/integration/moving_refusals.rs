//! Lines that an import does not take: each is told with its number, and nothing of it is left behind.

use cognate_crypto::testing::Authenticator;
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use crate::moving::Place;

#[tokio::test]
async fn two_pools_do_not_go_into_one() {
    let (place, pool, _) = Place::with_pool().await;
    let file = "{\"type\":\"user\",\"pool\":\"us-east-1_a\",\"username\":\"maria\"}\n\
                {\"type\":\"user\",\"pool\":\"us-east-1_b\",\"username\":\"jun\"}\n";
    let said = place.import(&["--into", &pool], file).1.unwrap_err();
    assert!(said.contains("line 2: the user cannot go into us-east-1_b"), "{said}");
}

/// Lines that cannot be taken, and what is said of each.
const BAD: [(&str, &str); 18] = [
    ("nothing at all", "the line is not JSON"),
    (r#"{"type":"guest","username":"x"}"#, "a member is not what it should be"),
    (r#"{"type":"user","username":"x","passwordHash":"y"}"#, "unknown field `passwordHash`"),
    (r#"{"type":"user","username":7}"#, "a member is not what it should be"),
    (r#"{"type":"user","username":""}"#, "username has 1 to 128 characters"),
    (r#"{"type":"user","username":"a b"}"#, "username has 1 to 128 characters"),
    (r#"{"type":"user","username":"x\u200b"}"#, "username has 1 to 128 characters"),
    (r#"{"type":"user","username":"x@example.com"}"#, "Username cannot be of email format"),
    (r#"{"type":"user","username":"x","sub":"7"}"#, "sub is not a UUID"),
    (
        r#"{"type":"user","username":"x","attributes":{"shoe":"43"}}"#,
        "Type for attribute {shoe} could not be determined",
    ),
    (r#"{"type":"user","username":"x","attributes":{"email":"nowhere"}}"#, "Invalid email address format."),
    (r#"{"type":"user","username":"x","groups":["nobody"]}"#, "there is no group \"nobody\""),
    (r#"{"type":"user","username":"x","created":1715100742123}"#, "a member is not what it should be"),
    (r#"{"type":"user","username":"x","password":{"hash":"letmein"}}"#, "the password hash is not Argon2id"),
    (
        r#"{"type":"user","username":"x","password":{"hash":"$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."}}"#,
        "the password hash costs more than is allowed",
    ),
    (r#"{"type":"user","username":"x","password":{"hash":"$2b$10$short"}}"#, "the password hash is malformed"),
    (r#"{"type":"user","username":"x","mfa":{"totp_secret":"1"}}"#, "totp_secret is not base32"),
    (r#"{"type":"user","pool":"us-east-1_nobody","username":"x"}"#, "the user cannot go into us-east-1_nobody"),
];

#[tokio::test]
async fn a_bad_line_ends_an_import_with_its_number_and_nothing_of_its_batch() {
    let (place, pool, _) = Place::with_pool().await;
    for (bad, reason) in BAD {
        let good = format!("{{\"type\":\"user\",\"pool\":\"{pool}\",\"username\":\"good\"}}\n");
        let bad = bad.replacen("\"type\":\"user\",\"u", &format!("\"type\":\"user\",\"pool\":\"{pool}\",\"u"), 1);
        let (report, ended) = place.import(&[], &format!("{good}{bad}\n"));
        let said = ended.unwrap_err();
        assert!(said.contains("line 2: ") && said.contains(reason), "{bad}: {said}");
        assert!(!said.contains("letmein"), "a value is shown");
        assert_eq!(report["Users"], 0, "{bad}");
    }
    assert!(!place.export(&[]).contains("\"good\""));
}

#[tokio::test]
async fn bad_lines_are_counted_where_an_import_keeps_going() {
    let (place, pool, _) = Place::with_pool().await;
    let bad: Vec<&str> = BAD.iter().map(|(line, _)| *line).collect();
    let good = "{\"type\":\"user\",\"username\":\"good\"}\n{\"type\":\"user\",\"username\":\"better\"}";
    let (report, ended) = place.import(&["--into", &pool, "--keep-going"], &format!("{}\n{good}\n", bad.join("\n")));
    let said = ended.unwrap_err();
    // The one that names another pool is as good as any: all go into one.
    assert_eq!((&report["Users"], &report["BadLines"]), (&json!(3), &json!(BAD.len() - 1)));
    assert!(said.contains("line 1: the line is not JSON") && said.contains("17 lines were not taken"), "{said}");
}

#[tokio::test]
async fn what_belongs_to_another_is_not_taken_from_them() {
    let (place, pool, _) = Place::with_pool().await;
    let user = |name: &str, email: &str, sub: u8| {
        json!({
            "type": "user", "pool": pool, "username": name, "sub": format!("017f22e2-79b0-7cc3-98c4-dc0c0c0739{sub:02}"),
            "attributes": {"email": email, "email_verified": "true"},
        })
        .to_string()
    };
    place.import(&[], &user("maria", "maria@example.com", 1)).1.unwrap();
    for (line, reason) in [
        (user("maria", "other@example.com", 2), "the username belongs to another user"),
        (user("jun", "maria@example.com", 2), "the email belongs to another user"),
        (user("jun", "jun@example.com", 1), "the sub belongs to a user of another name"),
        (user("017f22e2-79b0-7cc3-98c4-dc0c0c073901", "jun@example.com", 2), "the username belongs to another user"),
    ] {
        let said = place.import(&[], &line).1.unwrap_err();
        assert!(said.contains(&format!("line 1: {reason}")), "{said}");
        let (report, _) = place.import(&["--keep-going"], &format!("{line}\n{}", user("olga", "olga@example.com", 3)));
        assert_eq!(report["BadLines"], 1);
    }
    // Nothing of those who were refused is left behind: the names are free.
    let (report, ended) = place.import(&[], &user("jun", "jun@example.com", 2));
    ended.unwrap();
    assert_eq!(report["Users"], 1);
    assert_eq!(crate::kill::orphans(&place.data()).await, []);
}

#[tokio::test]
async fn a_passkey_is_of_one_user_once() {
    let (place, pool, _) = Place::with_pool().await;
    let key = BASE64URL_NOPAD.encode(&Authenticator::es256().public_key());
    let passkey = |id: &str| {
        json!({
            "id": BASE64URL_NOPAD.encode(id.as_bytes()), "public_key": key, "counter": 0, "backed_up": false,
            "created": 1_778_182_342, "details": {"relying_party": "palmyra.example"},
        })
    };
    let user = |name: &str, ids: &[&str]| {
        let passkeys: Vec<_> = ids.iter().map(|id| passkey(id)).collect();
        let attributes = json!({"email": format!("{name}@example.com"), "email_verified": "true"});
        let user =
            json!({"type": "user", "pool": pool, "username": name, "attributes": attributes, "passkeys": passkeys});
        user.to_string()
    };
    let said = place.import(&[], &user("maria", &["one", "two", "one"])).1.unwrap_err();
    assert!(said.contains("line 1: two passkeys of the user have one id"), "{said}");
    let (report, ended) = place.import(&[], &user("maria", &["one", "two"]));
    ended.unwrap();
    assert_eq!(report["Users"], 1);
    let said = place.import(&[], &user("jun", &["two"])).1.unwrap_err();
    assert!(said.contains("line 1: a passkey of the user belongs to another"), "{said}");
    // Those of one file are as good as those that are there already.
    let two = [user("olga", &["three"]), user("yara", &["three"])].join("\n");
    let (report, ended) = place.import(&["--keep-going"], &two);
    assert!(ended.unwrap_err().contains("line 2: a passkey of the user belongs to another"));
    assert_eq!((&report["Users"], &report["BadLines"]), (&json!(1), &json!(1)));
    assert_eq!(crate::kill::orphans(&place.data()).await, []);
}

#[tokio::test]
async fn a_file_of_another_format_or_a_newer_version_is_refused() {
    let place = Place::new();
    for (header, reason) in [
        (r#"{"type":"header","format":"ldif","version":1}"#, "the format is \"ldif\""),
        (r#"{"type":"header","format":"cognate-export","version":2}"#, "version 2 of the format; this program knows 1"),
    ] {
        let said = place.import(&[], header).1.unwrap_err();
        assert!(said.contains("line 1: ") && said.contains(reason), "{said}");
    }
}
