//! From Trunk's output to the app that the relay serves.
//!
//! * Scripts and modules are made smaller where they meet ([`glue`]).
//! * Styles become one file ([`styles`]).
//! * Every script, style and module gets a name with a hash of its content, the worker's files too; whatever refers
//!   to a file is renamed after it, so that the hashes chain up to index.html.
//! * The script that Trunk writes into index.html gives way to a file: the Content-Security-Policy allows nothing
//!   inline.
//! * The page says which build it is: a hash over all other files.
//! * Links and scripts carry `integrity`.
//! * Compressible files get `.br` and `.gz` siblings, and `assets.json` lists everything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::compress::{Compressed, compress};
use super::listing::{self, Asset};
use super::names::{hashed, hex, integrity, without_hash};
use super::{glue, html, loader, stamp, styles};

const PAGE: &str = "index.html";
const START: &str = "start.js";
const BUILD: &str = "parley-build";
const WORKER: &str = "worker_loader.js";

/// The files of a build and what became of their names.
#[derive(Default)]
struct Bundle {
    /// Content by name.
    files: BTreeMap<String, Vec<u8>>,
    /// New names by old.
    renamed: BTreeMap<String, String>,
}

/// Reads Trunk's output in `from` and replaces the folder `to`.
pub(super) fn finish(from: &Path, to: &Path) -> Result<()> {
    let mut bundle = Bundle::load(from)?;
    let work = from.with_extension("glue");
    glue::tighten(&mut bundle.files, &work)?;
    let page = bundle.files.remove(PAGE).context("Trunk wrote no index.html")?;
    let page = styles::join(&String::from_utf8(page)?, &mut bundle.files, &work)?;
    bundle.files.insert(PAGE.to_owned(), page.into_bytes());
    bundle.rename_all()?;
    let fresh = to.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    bundle.write(&fresh)?;
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(&fresh, to).with_context(|| format!("could not replace {}", to.display()))
}

impl Bundle {
    fn load(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for file in stamp::files_below(folder)? {
            let name = file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
            files.insert(name, fs::read(&file)?);
        }
        Ok(Self { files, ..Self::default() })
    }

    /// Renames leaves first, so that the names inside a file are final before its own hash is taken: modules and
    /// styles, then the scripts that name them, then the scripts that start those, then the page.
    fn rename_all(&mut self) -> Result<()> {
        let page = String::from_utf8(self.files.remove(PAGE).context("Trunk wrote no index.html")?)?;
        let (page, _, place) = html::take_inline_script(&html::without_comments(&page))
            .context("Trunk wrote no start script")?;
        if html::take_inline_script(&page).is_some() {
            bail!("index.html has a script of its own inline, which the Content-Security-Policy forbids");
        }
        self.rename(|name, kind| {
            ["wasm", "css"].contains(&kind) || (kind == "js" && name.starts_with("snippets/"))
        })?;
        self.files.remove(WORKER).context("Trunk wrote no worker_loader.js")?;
        self.rename(|name, kind| kind == "js" && !name.starts_with("snippets/"))?;
        for (name, stem) in [(START, "app"), (WORKER, "worker")] {
            let new = |old: String| self.renamed.get(&old).with_context(|| format!("Trunk wrote no {old}"));
            let (script, module) = (new(format!("{stem}.js"))?, new(format!("{stem}_bg.wasm"))?);
            let content = self.files.get(module).map(Vec::as_slice).unwrap_or_default();
            let program = loader::Program { script, module, content };
            let code = if name == START { program.start_page() } else { program.start_worker() };
            self.files.insert(name.to_owned(), code.into_bytes());
        }
        self.rename(|name, _| name == START || name == WORKER)?;
        let page = self.page(&page, place)?;
        self.files.insert(PAGE.to_owned(), page.into_bytes());
        Ok(())
    }

    /// Renames the chosen files, which must not refer to each other.
    fn rename(&mut self, chosen: impl Fn(&str, &str) -> bool) -> Result<()> {
        let fresh = |name: &String| !self.renamed.values().any(|new| new == name);
        let is_chosen = |name: &String| chosen(name, kind_of(name));
        let names: Vec<String> =
            self.files.keys().filter(|name| fresh(name) && is_chosen(name)).cloned().collect();
        let mut done = Vec::new();
        for old in names {
            let content = self.files.remove(&old).unwrap_or_default();
            let content = if kind_of(&old) == "wasm" { content } else { self.with_new_names(content)? };
            let new = hashed(&old, &content);
            self.files.insert(new.clone(), content);
            done.push((old, new));
        }
        for (old, new) in done {
            // wasm-bindgen's script knows its module by the name it had before Trunk put a hash in.
            let plain = old.rsplit_once('.').map(|(stem, kind)| format!("{}.{kind}", without_hash(stem)));
            self.renamed.extend(plain.map(|plain| (plain, new.clone())));
            self.renamed.insert(old, new);
        }
        Ok(())
    }

    /// The page with the start script as a file, new names and fresh `integrity` values.
    fn page(&self, page: &str, place: usize) -> Result<String> {
        let (before, after) = page.split_at_checked(place).context("the start script's place is gone")?;
        let page = format!(
            "{before}<script type=\"module\" src=\"/{START}\" crossorigin=\"anonymous\"></script>{after}"
        );
        let mut missing = Vec::new();
        let build = self.build();
        let page = html::change_tags(&page, &["link", "script", "meta"], |tag| {
            if tag.get("name") == Some(BUILD) {
                tag.set("content", build.clone());
                return;
            }
            let key = match tag.name.as_str() {
                "link" => "href",
                "script" => "src",
                _ => "content",
            };
            let Some(old) = tag.get(key).and_then(|path| path.strip_prefix('/')).map(str::to_owned) else {
                return;
            };
            let new = self.renamed.get(&old).unwrap_or(&old);
            let Some(content) = self.files.get(new) else {
                missing.push(old);
                return;
            };
            tag.set(key, format!("/{new}"));
            let loads =
                ["stylesheet", "preload", "modulepreload"].contains(&tag.get("rel").unwrap_or_default());
            if tag.get("as") == Some("fetch") {
                // Browsers ignore it here, with a warning; the start script's fetch carries it.
                tag.remove("integrity");
            } else if tag.name == "script" || loads {
                tag.set("integrity", integrity(content));
            }
        });
        if let Some(name) = missing.first() {
            bail!("index.html names /{name}, which the build did not make");
        }
        if !page.contains(&format!("name=\"{BUILD}\"")) {
            bail!("index.html has no <meta name=\"{BUILD}\">: the app could not say which build it is");
        }
        if !page.contains("name=\"parley-worker\"") {
            bail!("index.html has no <meta name=\"parley-worker\">: the app could not find its worker");
        }
        let page = page.replace("><link ", ">\n<link ").replace("></head>", ">\n</head>");
        let lines = page.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
    }

    /// What the app shows as its build: a hash over all files but the page, which carries it. It is the first 16
    /// digits of the SHA-256 of `sha256sum`'s lines, in the order of the names, so that a shell can compute it.
    fn build(&self) -> String {
        let mut hash = Sha256::new();
        for (name, content) in self.files.iter().filter(|(name, _)| *name != PAGE) {
            hash.update(format!("{}  {name}\n", hex(&Sha256::digest(content))));
        }
        hex(&hash.finalize()).chars().take(16).collect()
    }

    /// A text with every name known so far replaced, longer names first.
    fn with_new_names(&self, content: Vec<u8>) -> Result<Vec<u8>> {
        let mut text = String::from_utf8(content)?;
        let mut names: Vec<(&String, &String)> = self.renamed.iter().collect();
        names.sort_by_key(|(old, _)| std::cmp::Reverse(old.len()));
        for (old, new) in names {
            text = replace_name(&text, old, new);
        }
        Ok(text.into_bytes())
    }

    /// Writes everything with its compressed siblings and the list.
    fn write(&self, folder: &Path) -> Result<()> {
        let compressed = self.compress()?;
        let mut assets = Vec::new();
        for (name, content) in &self.files {
            let forms = compressed.get(name.as_str()).context("a file was not compressed")?;
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap_or(folder))?;
            fs::write(&file, content)?;
            let sibling = |kind: &str, bytes: &Option<Vec<u8>>| match bytes {
                Some(bytes) => fs::write(folder.join(format!("{name}.{kind}")), bytes),
                None => Ok(()),
            };
            sibling("br", &forms.brotli)?;
            sibling("gz", &forms.gzip)?;
            let size = |bytes: &Option<Vec<u8>>| u64::try_from(bytes.as_ref().unwrap_or(content).len());
            assets.push(Asset {
                name: name.clone(),
                sha256: hex(&Sha256::digest(content)),
                bytes: u64::try_from(content.len())?,
                gzip: size(&forms.gzip)?,
                brotli: size(&forms.brotli)?,
                immutable: self.renamed.values().any(|new| new == name),
            });
        }
        listing::write(folder, &assets)
    }

    /// Compresses each file in a thread of its own.
    fn compress(&self) -> Result<BTreeMap<&str, Compressed>> {
        thread::scope(|scope| {
            let running: Vec<_> = self
                .files
                .iter()
                .map(|(name, content)| (name.as_str(), scope.spawn(move || compress(name, content))))
                .collect();
            running
                .into_iter()
                .map(|(name, thread)| {
                    Ok((name, thread.join().map_err(|_| anyhow!("compressing {name} failed"))??))
                })
                .collect()
        })
    }
}

/// What follows the last dot of a name.
fn kind_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, kind)| kind)
}

/// Replaces `old` where it stands as a whole file name.
fn replace_name(text: &str, old: &str, new: &str) -> String {
    let part = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(old) {
        let inside =
            before.ends_with(|letter: char| part(letter) && letter != '.') || after.starts_with(part);
        replaced.push_str(before);
        replaced.push_str(if inside { old } else { new });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trunk_output() -> Bundle {
        let page = "<html><head><!-- note -->\n<meta name=\"parley-worker\" content=\"/worker_loader.js\">\n\
                    <meta name=\"parley-build\" content=\"development\">\n\
                    <link rel=\"stylesheet\" href=\"/a-0123456789abcdef.css\" integrity=\"sha384-old\"/>\n\
                    <link rel=\"icon\" href=\"/favicon.svg\">\n\
                    <script type=\"module\">\nimport init from '/app-0123456789abcdef.js';\n\
                    await init({ module_or_path: '/app-0123456789abcdef_bg.wasm' });\n</script></head>\
                    <body><p role=\"status\">Parley</p></body></html>";
        let files = [
            (PAGE, page),
            ("favicon.svg", "<svg/>"),
            ("a-0123456789abcdef.css", "p{}"),
            ("app-0123456789abcdef.js", "new URL('app_bg.wasm', import.meta.url)"),
            ("app-0123456789abcdef_bg.wasm", "app"),
            ("worker.js", "new URL('worker_bg.wasm', import.meta.url)"),
            ("worker_bg.wasm", "worker"),
            ("worker_loader.js", "import init from './worker.js';await init();"),
        ];
        let files = files.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
        Bundle { files: files.into_iter().collect(), ..Bundle::default() }
    }

    fn text<'a>(bundle: &'a Bundle, start: &str, end: &str) -> &'a str {
        let (_, content) =
            bundle.files.iter().find(|(name, _)| name.starts_with(start) && name.ends_with(end)).unwrap();
        std::str::from_utf8(content).unwrap()
    }

    #[test]
    fn the_hashes_chain_up_to_the_page() {
        let mut bundle = trunk_output();
        bundle.rename_all().unwrap();
        let name = |old: &str| bundle.renamed.get(old).unwrap().as_str();
        let page = text(&bundle, "index", "html");
        assert!(page.contains(&format!("content=\"/{}\"", name("worker_loader.js"))));
        assert!(text(&bundle, "worker_loader-", "js").contains(&format!("'/{}'", name("worker.js"))));
        assert!(text(&bundle, "worker-", "js").contains(&format!("'{}'", name("worker_bg.wasm"))));
        assert!(text(&bundle, "app-", "js").contains(&format!("'{}'", name("app-0123456789abcdef_bg.wasm"))));
        assert!(page.contains(&format!("src=\"/{}\"", name(START))));
        assert!(text(&bundle, "start-", "js").contains(&format!("'/{}'", name("app-0123456789abcdef.js"))));
    }

    #[test]
    fn nothing_stays_inline_and_integrity_is_fresh() {
        let mut bundle = trunk_output();
        bundle.rename_all().unwrap();
        let page = text(&bundle, "index", "html");
        assert!(!page.contains("init") && !page.contains("note") && !page.contains("sha384-old"));
        assert!(page.contains(&integrity(b"p{}")));
        assert!(page.contains("href=\"/favicon.svg\">"));
    }

    #[test]
    fn a_change_in_the_workers_module_renames_all_that_leads_to_it() {
        let (mut one, mut two) = (trunk_output(), trunk_output());
        two.files.insert("worker_bg.wasm".to_owned(), b"another".to_vec());
        one.rename_all().unwrap();
        two.rename_all().unwrap();
        for changed in ["worker_bg.wasm", "worker.js", "worker_loader.js"] {
            assert_ne!(one.renamed.get(changed), two.renamed.get(changed));
        }
        assert_eq!(one.renamed.get(START), two.renamed.get(START));
    }

    #[test]
    fn the_page_says_which_build_it_is() {
        let build = |change: Option<(&str, &str)>| {
            let mut bundle = trunk_output();
            bundle.files.extend(change.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec())));
            bundle.rename_all().unwrap();
            let page = text(&bundle, "index", "html");
            let (_, rest) = page.split_once("<meta name=\"parley-build\" content=\"").unwrap();
            assert_eq!(rest.split_once('"').unwrap().0, bundle.build());
            bundle.build()
        };
        assert_eq!(build(None).len(), 16);
        assert_eq!(build(None), build(None));
        for changed in ["worker_bg.wasm", "app-0123456789abcdef.js", "favicon.svg", "robots.txt"] {
            assert_ne!(build(Some((changed, "another"))), build(None), "{changed}");
        }
    }

    #[test]
    fn a_page_that_names_a_missing_file_is_refused() {
        let mut bundle = trunk_output();
        bundle.files.remove("favicon.svg");
        assert!(bundle.rename_all().unwrap_err().to_string().contains("favicon.svg"));
    }

    #[test]
    fn only_whole_names_are_replaced() {
        assert_eq!(replace_name("'./a.js' 'ba.js' a.json", "a.js", "x.js"), "'./x.js' 'ba.js' a.json");
    }

    #[test]
    fn the_same_input_gives_the_same_folder() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let read = |folder: &tempfile::TempDir| {
            let mut bundle = trunk_output();
            bundle.rename_all().unwrap();
            let to = folder.path().join("dist");
            bundle.write(&to).unwrap();
            // As docs/verify.md computes it from what a server delivers.
            let listed = listing::read(&to).unwrap();
            let others = listed.iter().filter(|asset| asset.name != PAGE);
            let lines: Vec<_> = others.map(|asset| format!("{}  {}\n", asset.sha256, asset.name)).collect();
            assert_eq!(hex(&Sha256::digest(lines.concat()))[..16], bundle.build());
            let files = stamp::files_below(&to).unwrap();
            files
                .iter()
                .map(|file| (file.strip_prefix(&to).unwrap().to_path_buf(), fs::read(file).unwrap()))
                .collect()
        };
        let [one, two]: [BTreeMap<_, _>; 2] = [read(&folders[0]), read(&folders[1])];
        assert_eq!(one, two);
        assert!(one.contains_key(Path::new(listing::NAME)));
    }
}
