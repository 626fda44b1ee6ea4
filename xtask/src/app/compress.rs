//! Compresses the files that the relay serves, once here instead of at every request.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};

/// The extensions of text and WebAssembly files; pictures are compressed already.
const KINDS: [&str; 9] = ["css", "html", "js", "json", "mjs", "svg", "txt", "wasm", "webmanifest"];

/// A file's compressed forms; `None` where compression does not pay.
#[derive(Debug, Default)]
pub(super) struct Compressed {
    pub(super) brotli: Option<Vec<u8>>,
    pub(super) gzip: Option<Vec<u8>>,
}

pub(super) fn compress(name: &str, content: &[u8]) -> Result<Compressed> {
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    if !KINDS.contains(&kind) {
        return Ok(Compressed::default());
    }
    let pays = |bytes: Vec<u8>| (bytes.len() < content.len()).then_some(bytes);
    Ok(Compressed { brotli: pays(brotli(content)?), gzip: pays(gzip(content)?) })
}

/// Compresses with brotli at its best: quality 11, a window of 4 MiB.
fn brotli(mut content: &[u8]) -> Result<Vec<u8>> {
    let settings = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut bytes = Vec::new();
    brotli::BrotliCompress(&mut content, &mut bytes, &settings).context("brotli failed")?;
    Ok(bytes)
}

/// Compresses with gzip at its best, without a time or a name in the header.
fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gets_smaller_and_comes_back() {
        let text = "forward secrecy ".repeat(100);
        let compressed = compress("a.js", text.as_bytes()).unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut compressed.brotli.unwrap().as_slice(), &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
        assert!(compressed.gzip.unwrap().len() < text.len());
    }

    #[test]
    fn what_does_not_shrink_stays_alone() {
        assert!(compress("a.css", b"a").unwrap().brotli.is_none());
        assert!(compress("a.png", &[0; 1000]).unwrap().gzip.is_none());
    }
}
