//! Bundles the app as the relay serves it.
//!
//! * Every script, style and module has a name with a hash of its content. A file that names others is made after them, so that
//!   the hashes chain up to index.html.
//! * The page says which build it is: a hash over all other files.
//! * Nothing is inline: the Content-Security-Policy forbids it. The files that the page loads carry `integrity`.
//! * Compressible files get `.br` and `.gz` siblings, and `assets.json` lists everything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::compile::Kind;
use super::compress::{Compressed, compress};
use super::listing::{self, Asset};
use super::names::{hashed, hex, integrity};
use super::page::{Named, Names, Page};
use super::program::{self, Loaded};
use super::{loader, styles};
use crate::place;

const PAGE: &str = "index.html";

/// The files of a build.
#[derive(Default)]
pub(super) struct Bundle {
    /// Content by name.
    files: BTreeMap<String, Vec<u8>>,
    /// The names that carry a hash.
    immutable: Vec<String>,
}

impl Bundle {
    /// Makes all files of the app. `work` is a folder for intermediate files.
    pub(super) fn of(page: &Page, kind: Kind, work: &Path) -> Result<Self> {
        let style = styles::joined(&page.styles, kind, work)?;
        let mut copies = Vec::new();
        for path in &page.copies {
            let content =
                fs::read(place::root().join(path)).with_context(|| format!("index.html names {path}"))?;
            copies.push((path.rsplit('/').next().unwrap_or(path).to_owned(), content));
        }
        let programs = thread::scope(|scope| {
            let load = |name: &str| program::load(name, kind, work);
            let running: Vec<_> =
                page.programs.iter().map(|program| scope.spawn(move || load(&program.name))).collect();
            let joined =
                running.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread ended"))?);
            joined.collect::<Result<Vec<_>>>()
        })?;
        Self::put_together(page, style, copies, programs)
    }

    fn put_together(
        page: &Page,
        style: Vec<u8>,
        copies: Vec<(String, Vec<u8>)>,
        programs: Vec<Loaded>,
    ) -> Result<Self> {
        let mut bundle = Self { files: copies.into_iter().collect(), ..Self::default() };
        let style = bundle.add("style.css", style);
        let (mut of_page, mut of_worker) = (None, None);
        for (described, loaded) in page.programs.iter().zip(programs) {
            let name = &described.name;
            for (part, module) in loaded.parts {
                bundle.add(&part, module);
            }
            let module = bundle.add(&format!("{name}_bg.wasm"), loaded.module);
            let script = bundle.add(&format!("{name}.js"), loaded.script);
            let starts =
                loader::Program { script: &script.name, module: &module.name, integrity: &module.integrity };
            if described.is_worker {
                let loader = starts.start_worker().into_bytes();
                of_worker = Some(bundle.add(&format!("{name}_loader.js"), loader).name);
            } else {
                let start = bundle.add("start.js", starts.start_page().into_bytes());
                of_page = Some((start, script, module.name));
            }
        }
        let (start, script, module) = of_page.context("index.html names no program of the page")?;
        let worker = of_worker.context("index.html names no program of the worker")?;
        let build = bundle.build();
        let names = Names { style, start, script, module, worker, build };
        if let Some(missing) = page.named().find(|name| !bundle.files.contains_key(*name)) {
            bail!("index.html names /{missing}, which the build did not make");
        }
        let served = page.served(&names);
        bundle.files.insert(PAGE.to_owned(), served.into_bytes());
        Ok(bundle)
    }

    /// Adds a file under a name with its hash.
    fn add(&mut self, name: &str, content: Vec<u8>) -> Named {
        let named = Named { name: hashed(name, &content), integrity: integrity(&content) };
        self.files.insert(named.name.clone(), content);
        self.immutable.push(named.name.clone());
        named
    }

    /// The build that the app shows: a hash over all files except the page, which carries it. It is the first 16 digits of the
    /// SHA-256 of `sha256sum`'s lines, in the order of the names, so that a shell can compute it.
    fn build(&self) -> String {
        let mut hash = Sha256::new();
        for (name, content) in self.files.iter().filter(|(name, _)| *name != PAGE) {
            hash.update(format!("{}  {name}\n", hex(&Sha256::digest(content))));
        }
        hex(&hash.finalize()).chars().take(16).collect()
    }

    /// Writes all files, their compressed siblings and the list.
    pub(super) fn write(&self, folder: &Path, kind: Kind) -> Result<()> {
        let compressed = self.compress(kind)?;
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
                immutable: self.immutable.contains(name),
            });
        }
        listing::write(folder, &assets)
    }

    /// Compresses each file in its own thread. A quick build compresses nothing.
    fn compress(&self, kind: Kind) -> Result<BTreeMap<&str, Compressed>> {
        thread::scope(|scope| {
            let form = move |name: &str, content: &[u8]| match kind {
                Kind::Release => compress(name, content),
                Kind::Quick => Ok(Compressed::default()),
            };
            let running: Vec<_> = self
                .files
                .iter()
                .map(|(name, content)| (name.as_str(), scope.spawn(move || form(name, content))))
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

#[cfg(test)]
mod tests {
    use super::super::stamp;
    use super::*;

    const TEMPLATE: &str = "<html><head>\n<!-- note -->\n<meta name=\"parley-worker\" content=\"/worker_loader.js\">\n\
                            <meta name=\"parley-build\" content=\"development\">\n\
                            <link rel=\"icon\" href=\"/favicon.svg\">\n\
                            <link data-trunk rel=\"copy-file\" href=\"a/favicon.svg\">\n\
                            <link data-trunk rel=\"rust\" data-bin=\"app\">\n\
                            <link data-trunk rel=\"rust\" data-bin=\"worker\" data-type=\"worker\">\n\
                            </head>\n<body></body></html>\n";

    /// A bundle of small files; those in `changed` have another content.
    fn bundle(changed: &[&str]) -> Bundle {
        let content = |name: &str| if changed.contains(&name) { b"another".to_vec() } else { name.into() };
        let loaded = |name: &str| Loaded {
            script: content(&format!("{name}.js")),
            module: content(&format!("{name}_bg.wasm")),
            parts: vec![(format!("part_of_{name}.wasm"), content(&format!("part_of_{name}.wasm")))],
        };
        let page = Page::parse(TEMPLATE).unwrap();
        let copies = vec![("favicon.svg".to_owned(), content("favicon.svg"))];
        Bundle::put_together(&page, content("style.css"), copies, vec![loaded("app"), loaded("worker")])
            .unwrap()
    }

    fn name<'a>(bundle: &'a Bundle, start: &str, end: &str) -> &'a str {
        bundle.files.keys().find(|name| name.starts_with(start) && name.ends_with(end)).unwrap()
    }

    fn text<'a>(bundle: &'a Bundle, start: &str, end: &str) -> &'a str {
        std::str::from_utf8(&bundle.files[name(bundle, start, end)]).unwrap()
    }

    #[test]
    fn the_hashes_chain_up_to_the_page() {
        let bundle = bundle(&[]);
        let page = text(&bundle, "index", "html");
        for (start, end) in [("worker_loader-", "js"), ("start-", "js"), ("style-", "css"), ("app-", "js")] {
            assert!(page.contains(&format!("\"/{}\"", name(&bundle, start, end))), "{start}");
        }
        for (program, loader) in [("worker", "worker_loader-"), ("app", "start-")] {
            for (start, end) in [("-", "js"), ("_bg-", "wasm")] {
                let named = name(&bundle, &format!("{program}{start}"), end);
                assert!(text(&bundle, loader, "js").contains(&format!("'/{named}'")), "{named}");
            }
        }
        assert!(page.contains(&integrity(b"style.css")) && page.contains("href=\"/favicon.svg\">"));
        assert!(!page.contains("note"));
    }

    #[test]
    fn a_change_in_the_workers_module_renames_all_that_leads_to_it() {
        let (one, two) = (bundle(&[]), bundle(&["worker_bg.wasm"]));
        for (start, end) in [("worker_bg-", "wasm"), ("worker_loader-", "js")] {
            assert_ne!(name(&one, start, end), name(&two, start, end));
        }
        assert_eq!(name(&one, "start-", "js"), name(&two, "start-", "js"));
    }

    #[test]
    fn parts_are_listed_and_never_change() {
        let bundle = bundle(&[]);
        let part = name(&bundle, "part_of_app-", "wasm");
        assert_eq!(part, hashed("part_of_app.wasm", b"part_of_app.wasm"));
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("dist");
        bundle.write(&to, Kind::Release).unwrap();
        let listed = listing::read(&to).unwrap().into_iter().find(|asset| asset.name == part).unwrap();
        assert!(listed.immutable);
        assert_eq!(listed.sha256, hex(&Sha256::digest(fs::read(to.join(part)).unwrap())));
    }

    #[test]
    fn the_page_says_which_build_it_is() {
        let build = |changed: &[&str]| {
            let bundle = bundle(changed);
            let (_, rest) =
                text(&bundle, "index", "html").split_once("<meta name=\"parley-build\" content=\"").unwrap();
            assert_eq!(rest.split_once('"').unwrap().0, bundle.build());
            bundle.build()
        };
        assert_eq!(build(&[]).len(), 16);
        assert_eq!(build(&[]), build(&[]));
        for changed in ["worker_bg.wasm", "app.js", "favicon.svg", "style.css"] {
            assert_ne!(build(&[changed]), build(&[]), "{changed}");
        }
    }

    #[test]
    fn a_page_that_names_a_missing_file_is_refused() {
        let page = Page::parse(TEMPLATE).unwrap();
        let loaded = || Loaded { script: Vec::new(), module: Vec::new(), parts: Vec::new() };
        let refused =
            Bundle::put_together(&page, Vec::new(), Vec::new(), vec![loaded(), loaded()]).err().unwrap();
        assert!(refused.to_string().contains("favicon.svg"));
    }

    #[test]
    fn the_same_input_gives_the_same_folder() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let read = |folder: &tempfile::TempDir| {
            let bundle = bundle(&[]);
            let to = folder.path().join("dist");
            bundle.write(&to, Kind::Release).unwrap();
            // Computes it as docs/verify.md does from what a server delivers.
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
