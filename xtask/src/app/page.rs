//! Reads `index.html`, the one description of the app. The lines with `data-trunk` list its parts; `trunk serve` and this
//! module read them alike. The rest is the page as the relay serves it.

use anyhow::{Context as _, Result, bail};

/// The beginning of a line with `data-trunk`.
const DIRECTIVE: &str = "<link data-trunk ";
const HEAD_END: &str = "</head>";
const WORKER: &str = "<meta name=\"parley-worker\" content=\"/worker_loader.js\">";
const BUILD: &str = "<meta name=\"parley-build\" content=\"development\">";

/// A WebAssembly program of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// The name of cargo's binary.
    pub(super) name: String,
    /// Whether it runs in a worker that the page starts.
    pub(super) is_worker: bool,
}

/// The parsed description.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The programs, in the page's order.
    pub(super) programs: Vec<Program>,
    /// The style sheets, as paths in the checkout, in the page's order.
    pub(super) styles: Vec<String>,
    /// Files that are served as they are, as paths in the checkout.
    pub(super) copies: Vec<String>,
    /// The lines of the page without comments and directives.
    lines: Vec<String>,
}

/// A file by its name, and the value of `integrity` for it.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) integrity: String,
}

/// The names that the served page uses.
pub(super) struct Names {
    pub(super) style: Named,
    pub(super) start: Named,
    /// The app's script, which the start script imports.
    pub(super) script: Named,
    /// The app's module, which the start script fetches.
    pub(super) module: String,
    pub(super) worker: String,
    pub(super) build: String,
}

impl Page {
    pub(super) fn parse(template: &str) -> Result<Self> {
        let mut page = Self::default();
        for line in template.lines().map(str::trim) {
            if let Some(directive) = line.strip_prefix(DIRECTIVE) {
                page.take(directive).with_context(|| format!("index.html: {line}"))?;
            } else if line.contains("data-trunk") {
                bail!("index.html: `{line}` is no {DIRECTIVE}... of its own line");
            } else if !line.is_empty() && !line.starts_with("<!--") {
                page.lines.push(line.to_owned());
            }
        }
        for (wanted, why) in [
            (HEAD_END, "nothing could be put into the page"),
            (WORKER, "the app could not find its worker"),
            (BUILD, "the app could not say which build it is"),
        ] {
            if !page.lines.iter().any(|line| line == wanted) {
                bail!("index.html has no line {wanted}: {why}");
            }
        }
        if has_inline_script(template) {
            bail!("index.html has a script inline, which the Content-Security-Policy forbids");
        }
        Ok(page)
    }

    fn take(&mut self, directive: &str) -> Result<()> {
        let value = |key: &str| attribute(directive, key);
        let href = || value("href").map(str::to_owned).context("it has no href");
        match value("rel") {
            Some("css") => self.styles.push(href()?),
            Some("copy-file") => self.copies.push(href()?),
            Some("rust") => self.programs.push(Program {
                name: value("data-bin").context("it has no data-bin")?.to_owned(),
                is_worker: value("data-type") == Some("worker"),
            }),
            _ => bail!("it is of no kind that is known here: css, copy-file and rust are"),
        }
        Ok(())
    }

    /// The page as the relay serves it.
    pub(super) fn served(&self, names: &Names) -> String {
        let head = [
            format!(
                "<link rel=\"stylesheet\" href=\"/{}\" integrity=\"{}\">",
                names.style.name, names.style.integrity
            ),
            format!(
                "<link rel=\"modulepreload\" href=\"/{}\" crossorigin=\"anonymous\" integrity=\"{}\">",
                names.script.name, names.script.integrity
            ),
            // Browsers ignore an `integrity` here; the start script's fetch carries it.
            format!(
                "<link rel=\"preload\" href=\"/{}\" as=\"fetch\" type=\"application/wasm\" crossorigin=\"anonymous\">",
                names.module
            ),
            format!(
                "<script type=\"module\" src=\"/{}\" crossorigin=\"anonymous\" integrity=\"{}\"></script>",
                names.start.name, names.start.integrity
            ),
        ];
        let mut served = String::new();
        for line in &self.lines {
            let changed = match line.as_str() {
                WORKER => WORKER.replace("worker_loader.js", &names.worker),
                BUILD => BUILD.replace("development", &names.build),
                HEAD_END => format!("{}\n{HEAD_END}", head.join("\n")),
                other => other.to_owned(),
            };
            served.push_str(&changed);
            served.push('\n');
        }
        served
    }

    /// The paths that the page names and that the build does not make. They must be files that are served unchanged.
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        let others = self.lines.iter().filter(|line| *line != WORKER && *line != BUILD);
        others.filter_map(|line| attribute(line, "href")?.strip_prefix('/'))
    }
}

/// The value of an attribute that is written `key="value"`.
fn attribute<'a>(tag: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once(key) {
        let (value, following) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"')?,
            None => ("", after),
        };
        let whole = before.is_empty() || before.ends_with(char::is_whitespace);
        if whole && after.starts_with("=\"") {
            return Some(value);
        }
        rest = following;
    }
    None
}

/// Whether the page contains code of a script.
pub(crate) fn has_inline_script(page: &str) -> bool {
    page.split("<script").skip(1).any(|rest| {
        let (_, after) = rest.split_once('>').unwrap_or_default();
        let (code, _) = after.split_once("</script>").unwrap_or((after, ""));
        !code.trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::place;

    fn names() -> Names {
        let named =
            |name: &str, integrity: &str| Named { name: name.to_owned(), integrity: integrity.to_owned() };
        Names {
            style: named("style-1.css", "sha384-a"),
            start: named("start-2.js", "sha384-b"),
            script: named("app-3.js", "sha384-c"),
            module: "app_bg-4.wasm".to_owned(),
            worker: "worker_loader-5.js".to_owned(),
            build: "0123".to_owned(),
        }
    }

    fn ours() -> String {
        fs::read_to_string(place::root().join("index.html")).unwrap()
    }

    /// `trunk serve` loads what the directives say, according to its documentation; the release loads what [`Page`] has read.
    /// This test reads the directives once more, in another way.
    #[test]
    fn the_release_page_loads_the_app_that_trunk_serves() {
        let template = ours();
        let page = Page::parse(&template).unwrap();
        let directives: Vec<&str> =
            template.split("<link ").filter(|tag| tag.starts_with("data-trunk")).collect();
        let count = page.programs.len() + page.styles.len() + page.copies.len();
        assert_eq!(directives.len(), count);
        for (paths, kind) in [(&page.styles, "css"), (&page.copies, "copy-file")] {
            let mut from = 0;
            for path in paths {
                let tag = format!("rel=\"{kind}\" href=\"{path}\"");
                let found = directives.iter().skip(from).position(|directive| directive.contains(&tag));
                from += found.expect(path) + 1;
                assert!(place::root().join(path).is_file(), "{path}");
            }
        }
        let expected = [("app", false), ("worker", true)];
        let expected = expected.map(|(name, is_worker)| Program { name: name.to_owned(), is_worker });
        assert_eq!(page.programs, expected);
        for program in &page.programs {
            let tag = format!("data-bin=\"{}\"", program.name);
            let directive = directives.iter().find(|directive| directive.contains(&tag)).unwrap();
            assert!(directive.contains("href=\"client/Cargo.toml\""));
            assert!(directive.contains("data-cargo-profile-release=\"wasm\""));
            assert_eq!(directive.contains("data-type=\"worker\""), program.is_worker);
        }
        // Trunk gives the worker's script this name, and the app loads it by this name.
        let worker = page.programs.iter().find(|program| program.is_worker).unwrap();
        assert!(WORKER.contains(&format!("\"/{}_loader.js\"", worker.name)));
        // Both serve the files that the page itself names.
        for name in page.named() {
            assert!(page.copies.iter().any(|copy| copy.ends_with(&format!("/{name}"))), "{name}");
        }
    }

    #[test]
    fn nothing_of_the_description_is_served_and_all_names_are() {
        let served = Page::parse(&ours()).unwrap().served(&names());
        assert!(
            !served.contains("data-trunk") && !served.contains("<!--") && !served.contains("development")
        );
        assert!(!served.contains("\"/worker_loader.js\"") && !has_inline_script(&served));
        for part in [
            "<meta name=\"parley-worker\" content=\"/worker_loader-5.js\">",
            "<meta name=\"parley-build\" content=\"0123\">",
            "href=\"/style-1.css\" integrity=\"sha384-a\"",
            "src=\"/start-2.js\" crossorigin=\"anonymous\" integrity=\"sha384-b\"",
            "href=\"/app-3.js\" crossorigin=\"anonymous\" integrity=\"sha384-c\"",
            "href=\"/app_bg-4.wasm\"",
            "<noscript>",
        ] {
            assert!(served.contains(part), "{part} in {served}");
        }
    }

    #[test]
    fn a_description_that_is_not_understood_is_refused() {
        let whole = ours();
        for (from, to) in [
            ("rel=\"copy-file\"", "rel=\"copy-dir\""),
            (" data-bin=\"app\"", ""),
            (HEAD_END, "<script>alert(1)</script></head>"),
            (HEAD_END, "<script>alert(1)</script>\n</head>"),
            (WORKER, ""),
            (BUILD, ""),
            ("<link data-trunk rel=\"css\"", "<link rel=\"css\" data-trunk"),
        ] {
            assert!(whole.contains(from), "{from}");
            assert!(Page::parse(&whole.replace(from, to)).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn attributes_are_whole_words() {
        assert_eq!(attribute("link data-href=\"b\" href=\"a\"", "href"), Some("a"));
        assert_eq!(attribute("link hrefs=\"b\"", "href"), None);
    }
}
