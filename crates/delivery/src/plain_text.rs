//! The plain text beside the HTML of an e-mail, for readers that show no HTML.

/// What a reader would see of a piece of HTML. Plain text comes back as it is, but for what looks like markup.
pub fn plain_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let (mut rest, mut link) = (html, None);
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        push_text(&mut out, text);
        let (inner, after) = match tag.split_once('>') {
            Some((inner, after)) if is_markup(inner) => (inner.trim_start_matches('<'), after),
            _ => {
                out.push('<');
                rest = tag.get(1..).unwrap_or_default();
                continue;
            }
        };
        rest = after;
        let name: String = inner.chars().take_while(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        match name.trim_end_matches('/') {
            hidden @ ("style" | "script" | "head") => rest = after_end_of(rest, hidden),
            "a" => link = address(inner),
            "/a" => {
                if let Some(address) = link.take().filter(|address| !out.ends_with(address.as_str())) {
                    out.push_str(" (");
                    out.push_str(&address);
                    out.push(')');
                }
            }
            "br" | "/p" | "/div" | "/tr" | "/li" | "/h1" | "/h2" | "/h3" => out.push('\n'),
            _ => {}
        }
    }
    push_text(&mut out, rest);
    out
}

/// `<b`, `</p`, `<!--`: a bracket that a letter follows.
fn is_markup(tag: &str) -> bool {
    tag.get(1..).and_then(|inner| inner.chars().next()).is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

fn after_end_of<'a>(rest: &'a str, name: &str) -> &'a str {
    let lower = rest.to_ascii_lowercase();
    let end = lower.find(&format!("</{name}"));
    end.and_then(|at| rest.get(at..)).and_then(|rest| rest.split_once('>')).map_or("", |(_, after)| after)
}

/// Where a link leads.
fn address(tag: &str) -> Option<String> {
    let at = tag.to_ascii_lowercase().find("href=")?;
    let value = tag.get(at + "href=".len()..)?;
    let mut out = String::new();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    push_text(&mut out, value);
    Some(out)
}

/// Text with its entities resolved, the few that templates use.
fn push_text(out: &mut String, text: &str) {
    const ENTITIES: [(&str, char); 6] =
        [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", ' ')];
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        let known = ENTITIES.iter().find_map(|(name, meant)| entity.strip_prefix(name).map(|after| (*meant, after)));
        let (meant, after) = known.unwrap_or(('&', entity.get(1..).unwrap_or_default()));
        out.push(meant);
        rest = after;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["Your code is 123456. ", "1 < 2 & 3 > 2", "Jürgen\n", "", "a <", "<", "a & b"] {
            assert_eq!(plain_text(text), text);
        }
    }

    #[test]
    fn markup_is_left_out_and_lines_stay_apart() {
        let html = "<head><style>b { color: red }</style></head><p>Hello <b>Maria</b>,</p>your code:<br/>12&amp;34";
        assert_eq!(plain_text(html), "Hello Maria,\nyour code:\n12&34");
    }

    #[test]
    fn a_link_shows_where_it_leads() {
        let html = "<a class=x href=\"https://example.com/?a=1&amp;b=2\">Verify Email</a> now";
        assert_eq!(plain_text(html), "Verify Email (https://example.com/?a=1&b=2) now");
        assert_eq!(plain_text("<a href=https://e.com/>https://e.com/</a>"), "https://e.com/");
    }

    #[test]
    fn what_is_never_closed_ends_nothing_else() {
        assert_eq!(plain_text("a<script>b"), "a");
        assert_eq!(plain_text("x <b"), "x <b");
    }
}
