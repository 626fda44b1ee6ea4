//! The page's styles become one file: one request, one `integrity`, and brotli sees what they have in common. esbuild takes
//! comments and spaces out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::html;
use crate::command::output;
use crate::setup;

/// The one style that is left.
const STYLE: &str = "style.css";

/// Joins the styles that the page links to, in its order. `work` is a folder for what is between two steps.
pub(super) fn join(page: &str, files: &mut BTreeMap<String, Vec<u8>>, work: &Path) -> Result<String> {
    let (page, style) = joined(page, files)?;
    fs::create_dir_all(work)?;
    files.insert(STYLE.to_owned(), minified(&style, work)?);
    Ok(page)
}

fn joined(page: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(String, String)> {
    let mut names = Vec::new();
    let page = html::change_tags(page, &["link"], |tag| {
        let name = tag.get("href").and_then(|path| path.strip_prefix('/'));
        if let (Some("stylesheet"), Some(name)) = (tag.get("rel"), name) {
            names.push(name.to_owned());
            if names.len() == 1 {
                tag.set("href", format!("/{STYLE}"));
            } else {
                tag.drop();
            }
        }
    });
    let mut style = String::new();
    for name in names {
        let content = files.remove(&name).with_context(|| format!("the build made no {name}"))?;
        style.push_str(&String::from_utf8(content)?);
        style.push('\n');
    }
    Ok((page, style))
}

fn minified(style: &str, work: &Path) -> Result<Vec<u8>> {
    let (from, to) = (work.join("from.css"), work.join("to.css"));
    fs::write(&from, style)?;
    let mut tool = setup::tool("esbuild")?;
    tool.arg(&from).args(["--minify", "--log-level=error", "--allow-overwrite"]);
    tool.arg(format!("--outfile={}", to.display()));
    output(&mut tool)?;
    fs::read(&to).context("esbuild wrote nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_joined_in_the_page_s_order() {
        let page = "<link rel=\"icon\" href=\"/i.svg\"><link rel=\"stylesheet\" href=\"/b.css\" integrity=\"x\">\
                    <link rel=\"stylesheet\" href=\"/a.css\"><p>";
        let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
        let mut files = BTreeMap::from([file("a.css", "a{}"), file("b.css", "b{}"), file("i.svg", "<svg/>")]);
        let (page, style) = joined(page, &mut files).unwrap();
        assert_eq!(style, "b{}\na{}\n");
        assert_eq!(
            page,
            "<link rel=\"icon\" href=\"/i.svg\"><link rel=\"stylesheet\" href=\"/style.css\" integrity=\"x\"><p>"
        );
        assert_eq!(files.keys().collect::<Vec<_>>(), ["i.svg"]);
        assert!(joined("<link rel=\"stylesheet\" href=\"/gone.css\">", &mut files).is_err());
    }
}
