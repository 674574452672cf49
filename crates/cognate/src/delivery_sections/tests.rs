use super::*;
use crate::FileConfig;

fn read(text: &str) -> Result<Transports, String> {
    let file: FileConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut config = Config::new("data");
    file.apply(&mut config)?;
    transports(&config, &Outbound::new(config.outside.plain_http.iter().cloned(), None))
}

fn email(lines: &str) -> Result<Transports, String> {
    read(&format!("[email]\nfrom = \"Cognate <no-reply@example.com>\"\n{lines}"))
}

#[test]
fn nothing_is_delivered_unless_it_is_configured() {
    assert!(read("").unwrap().are_none());
    assert!(email("").unwrap().are_none(), "a sender alone sends nothing");
}

#[test]
fn the_usual_servers_are_understood() {
    for lines in [
        "smtp = \"smtps://smtp.example.com\"",
        "smtp = \"smtps://maria%40example.com@smtp.example.com:465\"\npassword = \"secret\"",
        "smtp = \"smtp://smtp.example.com:587\"\ntls = \"required\"\nusername = \"maria\"\npassword = \"secret\"",
        "smtp = \"smtp://127.0.0.1:1025\"",
        "smtp = \"smtp://[::1]:1025\"",
        "smtp = \"smtp://mail.internal:25\"\ntls = \"none\"\nreply_to = \"help@example.com\"\ntimeout_seconds = 45",
    ] {
        assert!(email(lines).unwrap().email.is_some(), "{lines}");
    }
}

#[test]
fn what_is_wrong_with_a_server_is_told() {
    for (lines, what) in [
        ("smtp = \"smtp.example.com\"", "does not begin with smtp:// or smtps://"),
        ("smtp = \"smtp:///mail\"", "is not a URL"),
        ("smtp = \"http://smtp.example.com\"", "does not begin with smtp:// or smtps://"),
        ("smtp = \"smtps://smtp.example.com\"\ntls = \"none\"", "TLS from the first byte on"),
        ("smtp = \"smtps://maria:secret@smtp.example.com\"", "holds a password"),
        ("smtp = \"smtps://maria:secret@smtp example.com\"", "is not a URL"),
        ("smtp = \"smtps://maria@smtp.example.com\"", "a user and no password"),
        ("smtp = \"smtps://smtp.example.com\"\npassword = \"secret\"", "a password and no user"),
        ("smtp = \"smtps://smtp.example.com\"\ntimeout_seconds = 46", "is not 1 to 45"),
        ("smtp = \"smtps://smtp.example.com\"\nreply_to = \"nobody\"", "email.reply_to"),
        ("smtp = \"smtps://smtp.example.com\"\ntls = \"maybe\"", "unknown variant"),
    ] {
        let error = email(lines).unwrap_err();
        assert!(error.contains(what) && !error.contains("secret"), "{lines}: {error}");
    }
    let error = read("[email]\nsmtp = \"smtps://smtp.example.com\"").unwrap_err();
    assert!(error.contains("email.from is missing"), "{error}");
    let error =
        read("[outbound]\nca_file = \"/nowhere.pem\"\n[email]\nsmtp = \"smtps://a.b\"\nfrom = \"a@b.c\"").unwrap_err();
    assert!(error.starts_with("/nowhere.pem: "), "{error}");
}

#[test]
fn text_messages_go_one_of_two_ways() {
    let url = |text: &str| read(text).unwrap().sms.unwrap().url().to_string();
    let gateway = "[sms]\ngateway = \"https://sms.example.com:8443/send\"";
    assert_eq!(url(gateway), "https://sms.example.com:8443/send");
    let plain = "[outbound]\nplain_http = [\"gateway\"]\n[sms]\ngateway = \"http://gateway/send\"";
    assert_eq!(url(plain), "http://gateway/send");
    let sns = "[aws]\naccess_key_id = \"a\"\nsecret_access_key = \"b\"\n[sms.sns]\nregion = \"eu-west-1\"";
    assert_eq!(url(sns), "https://sns.eu-west-1.amazonaws.com/");
    for (text, what) in [
        ("[sms]\ngateway = \"https://a.b/\"\nsns = { region = \"eu-west-1\" }", "not both"),
        ("[sms]\ngateway = \"http://sms.example.com/\"", "calls to sms.example.com are not allowed"),
        ("[sms]\ngateway = \"https://a:hunter2@sms.example.com/\"", "sms.example.com/\": not an http"),
        ("[sms]\ngateway = \"https://a.b/\"\nauthorization = \"a\\nb\"", "not a header's value"),
        ("[sms]\ngateway = \"https://a.b/\"\ntimeout_seconds = 0", "is not 1 to 45"),
        ("[sms.sns]\nregion = \"eu-west-1/..\"", "is not a region"),
        ("[sms.sns]\nregion = \"eu-west-1\"", "needs credentials"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(what) && !error.contains("hunter2"), "{text}: {error}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let file: FileConfig = toml::from_str(
        "[email]\npassword = \"hush-1\"\n[sms]\nauthorization = \"hush-2\"\n[aws]\naccess_key_id = \"AKID\"\nsecret_access_key = \"hush-3\"\n",
    )
    .unwrap();
    assert!(!format!("{file:?}").contains("hush"));
}
