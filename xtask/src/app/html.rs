//! The little HTML that the post-build step needs: reading and changing tags of a page that we wrote ourselves.

/// One start tag with its attributes, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(String, Option<String>)>,
}

impl Tag {
    /// Reads what stands between `<` and `>`.
    fn parse(text: &str) -> Self {
        let text = text.trim_end_matches('/').trim();
        let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let Some(after) = after.strip_prefix('=') else {
                attributes.push((key.to_owned(), None));
                rest = after;
                continue;
            };
            let (value, after) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    after.trim_start_matches(quote).split_once(quote).unwrap_or((after, ""))
                }
                _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            attributes.push((key.to_owned(), Some(value.to_owned())));
            rest = after;
        }
        Self { name: name.to_owned(), attributes }
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_deref())
    }

    /// Changes an attribute, or adds it at the end.
    pub(super) fn set(&mut self, key: &str, value: String) {
        match self.attributes.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = Some(value),
            None => self.attributes.push((key.to_owned(), Some(value))),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.attributes.retain(|(name, _)| name != key);
    }

    /// Takes the tag out of the page.
    pub(super) fn drop(&mut self) {
        self.name.clear();
    }

    fn write(&self) -> String {
        if self.name.is_empty() {
            return String::new();
        }
        let attributes = self.attributes.iter().map(|(name, value)| match value {
            Some(value) => format!(" {name}=\"{value}\""),
            None => format!(" {name}"),
        });
        format!("<{}{}>", self.name, attributes.collect::<String>())
    }
}

/// Passes every start tag of the named kinds to `change` and returns the page with the changes.
pub(super) fn change_tags(page: &str, kinds: &[&str], mut change: impl FnMut(&mut Tag)) -> String {
    let mut changed = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        changed.push_str(before);
        let word = after.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
        match after.split_once('>') {
            Some((inside, following)) if kinds.contains(&word) => {
                let mut tag = Tag::parse(inside);
                change(&mut tag);
                changed.push_str(&tag.write());
                rest = following;
            }
            _ => {
                changed.push('<');
                rest = after;
            }
        }
    }
    changed.push_str(rest);
    changed
}

/// Takes the first `<script>` that has its code in the page: the page without it, its code, and the place it had.
pub(super) fn take_inline_script(page: &str) -> Option<(String, String, usize)> {
    let mut from = 0;
    while let Some(found) = page.get(from..)?.find("<script") {
        let start = from + found;
        let inside = start + page.get(start..)?.find('>')? + 1;
        let end = inside + page.get(inside..)?.find("</script>")?;
        let code = page.get(inside..end)?.trim();
        let after = end + "</script>".len();
        if !code.is_empty() {
            let without = format!("{}{}", page.get(..start)?, page.get(after..)?);
            return Some((without, code.to_owned(), start));
        }
        from = after;
    }
    None
}

/// The page without comments.
pub(super) fn without_comments(page: &str) -> String {
    let mut kept = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, following)| following);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_with_and_without_quotes() {
        let tag = Tag::parse("link rel=preload href=\"/a.wasm\" as='fetch' crossorigin /");
        assert_eq!(tag.get("rel"), Some("preload"));
        assert_eq!(tag.get("href"), Some("/a.wasm"));
        assert_eq!(tag.get("as"), Some("fetch"));
        assert_eq!(tag.write(), "<link rel=\"preload\" href=\"/a.wasm\" as=\"fetch\" crossorigin>");
    }

    #[test]
    fn only_the_named_tags_change() {
        let page = "<p>1 < 2</p><link href=\"/a\"><linkage href=\"/b\">";
        let changed = change_tags(page, &["link"], |tag| tag.set("href", "/c".to_owned()));
        assert_eq!(changed, "<p>1 < 2</p><link href=\"/c\"><linkage href=\"/b\">");
    }

    #[test]
    fn the_inline_script_is_taken_and_the_external_one_stays() {
        let page =
            "<head><script src=\"/a.js\"></script><script type=\"module\">\nstart();\n</script></head>";
        let (without, code, place) = take_inline_script(page).unwrap();
        assert_eq!(without, "<head><script src=\"/a.js\"></script></head>");
        assert_eq!(code, "start();");
        assert_eq!(without.get(place..), Some("</head>"));
        assert!(take_inline_script(&without).is_none());
    }

    #[test]
    fn comments_go() {
        assert_eq!(without_comments("a<!-- b -->c<!-- d"), "ac");
    }
}
