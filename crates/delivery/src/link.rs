//! Links in messages: `{##words##}` becomes a link of these words.

use crate::escape;

const BEGIN: &str = "{##";
const END: &str = "##}";

/// Whether a text has a place for a link.
pub fn has_link(text: &str) -> bool {
    split(text).is_some()
}

/// The text before the first place, the words in it, and the rest.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let mut searched = 0;
    loop {
        let at = text.get(searched..)?.find(BEGIN)? + searched;
        let after = text.get(at + BEGIN.len()..)?;
        // `{####}` is the place of a code.
        if let Some((words, rest)) = after.split_once(END).filter(|(words, _)| !words.is_empty()) {
            return Some((text.get(..at)?, words, rest));
        }
        searched = at + BEGIN.len();
    }
}

/// Puts the link into its places; without one the text stays as it is.
pub(crate) fn fill(text: &str, link: Option<&str>) -> String {
    let Some(link) = link else { return text.to_owned() };
    let target = escape(link);
    let (mut out, mut rest) = (String::with_capacity(text.len() + target.len()), text);
    while let Some((before, words, after)) = split(rest) {
        for part in [before, "<a href=\"", &target, "\">", words, "</a>"] {
            out.push_str(part);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The page that confirms who signed up.
pub fn confirmation_link(base: &str, client: &str, username: &str, code: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client)
        .append_pair("user_name", username)
        .append_pair("confirmation_code", code)
        .finish();
    format!("{}/confirmUser?{query}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_no_link() {
        assert!(!has_link("{####}") && !has_link("{## never closed") && !has_link("####}"));
        assert!(has_link("{##a##}") && has_link("{####} or {##a##}"));
        assert_eq!(fill("{####} {##a##} {##b##}", Some("l")), "{####} <a href=\"l\">a</a> <a href=\"l\">b</a>");
        assert_eq!(fill("{##a##}", None), "{##a##}");
    }
}
