//! The imports and exports of a WebAssembly module: left out and renamed. (Binary format: WebAssembly 3.0, 5.5.)

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;
const FUNCTION: u8 = 0;

/// A module as its sections.
pub(super) struct Module {
    sections: Vec<(u8, Vec<u8>)>,
}

struct Import {
    module: String,
    name: String,
    /// The type of the function.
    kind: u64,
}

struct Export {
    name: String,
    what: u8,
    index: u64,
}

impl Module {
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut rest = Reader(bytes.strip_prefix(HEADER).context("this is no WebAssembly module")?);
        let mut sections = Vec::new();
        while !rest.0.is_empty() {
            let id = rest.byte()?;
            let length = usize::try_from(rest.number()?)?;
            sections.push((id, rest.take(length)?.to_vec()));
        }
        Ok(Self { sections })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        for (id, content) in &self.sections {
            bytes.push(*id);
            put_bytes(&mut bytes, content);
        }
        bytes
    }

    /// Leaves out the exports for which `keep` is false.
    pub(super) fn keep_exports(&mut self, keep: impl Fn(&str) -> bool) -> Result<()> {
        let mut exports = self.exports()?;
        exports.retain(|export| keep(&export.name));
        self.set_exports(&exports);
        Ok(())
    }

    /// The names of all imports and exports.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let imports = self.imports()?.into_iter().map(|import| import.name);
        let exports = self.exports()?.into_iter().map(|export| export.name);
        Ok(imports.chain(exports).collect())
    }

    /// Gives imports and exports other names.
    pub(super) fn rename(&mut self, new: &BTreeMap<String, String>) -> Result<()> {
        let (mut imports, mut exports) = (self.imports()?, self.exports()?);
        let named = imports.iter_mut().map(|import| &mut import.name);
        for name in named.chain(exports.iter_mut().map(|export| &mut export.name)) {
            if let Some(new) = new.get(name) {
                name.clone_from(new);
            }
        }
        self.set_imports(&imports);
        self.set_exports(&exports);
        Ok(())
    }

    fn section(&self, id: u8) -> &[u8] {
        let found = self.sections.iter().find(|(known, _)| *known == id);
        found.map_or(&[0], |(_, content)| content)
    }

    fn set_section(&mut self, id: u8, count: usize, entries: &[u8]) {
        if let Some((_, content)) = self.sections.iter_mut().find(|(known, _)| *known == id) {
            content.clear();
            put_number(content, count);
            content.extend_from_slice(entries);
        }
    }

    fn imports(&self) -> Result<Vec<Import>> {
        let mut section = Reader(self.section(IMPORTS));
        let count = section.number()?;
        (0..count)
            .map(|_| {
                let (module, name) = (section.text()?, section.text()?);
                if section.byte()? != FUNCTION {
                    bail!("{name} is imported and no function");
                }
                Ok(Import { module, name, kind: section.number()? })
            })
            .collect()
    }

    fn set_imports(&mut self, imports: &[Import]) {
        let mut entries = Vec::new();
        for import in imports {
            put_bytes(&mut entries, import.module.as_bytes());
            put_bytes(&mut entries, import.name.as_bytes());
            entries.push(FUNCTION);
            put_number(&mut entries, import.kind);
        }
        self.set_section(IMPORTS, imports.len(), &entries);
    }

    fn exports(&self) -> Result<Vec<Export>> {
        let mut section = Reader(self.section(EXPORTS));
        let count = section.number()?;
        (0..count)
            .map(|_| Ok(Export { name: section.text()?, what: section.byte()?, index: section.number()? }))
            .collect()
    }

    fn set_exports(&mut self, exports: &[Export]) {
        let mut entries = Vec::new();
        for export in exports {
            put_bytes(&mut entries, export.name.as_bytes());
            entries.push(export.what);
            put_number(&mut entries, export.index);
        }
        self.set_section(EXPORTS, exports.len(), &entries);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("the module is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("the module is cut off")
    }

    /// An unsigned LEB128 number of at most 32 bits.
    fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("a number in the module is too long")
    }

    fn text(&mut self) -> Result<String> {
        let length = usize::try_from(self.number()?)?;
        Ok(String::from_utf8(self.take(length)?.to_vec())?)
    }
}

fn put_number(bytes: &mut Vec<u8>, number: impl TryInto<u64>) {
    let mut left = number.try_into().unwrap_or_default();
    loop {
        let [low, ..] = (left & 0x7f).to_le_bytes();
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put_number(bytes, content.len());
    bytes.extend_from_slice(content);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A module with one import, one function and these exports of the function.
    pub(crate) fn module(exports: &[&str]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend([1, 4, 1, 0x60, 0, 0]);
        bytes.extend([2, 18, 1, 1, b'm']);
        put_bytes(&mut bytes, b"__wbg_say_12");
        bytes.extend([0, 0]);
        bytes.extend([3, 2, 1, 0]);
        let mut entries = Vec::new();
        put_number(&mut entries, exports.len());
        for export in exports {
            put_bytes(&mut entries, export.as_bytes());
            entries.extend([0, 1]);
        }
        bytes.push(EXPORTS);
        put_bytes(&mut bytes, &entries);
        bytes.extend([10, 4, 1, 2, 0, 0x0b]);
        bytes
    }

    #[test]
    fn a_module_is_written_as_it_was_read() {
        let bytes = module(&["run", &"long".repeat(60)]);
        let mut read = Module::read(&bytes).unwrap();
        read.rename(&BTreeMap::new()).unwrap();
        assert_eq!(read.write(), bytes);
    }

    #[test]
    fn exports_are_left_out_and_names_change() {
        let mut read = Module::read(&module(&["run", "stop"])).unwrap();
        read.keep_exports(|name| name == "stop").unwrap();
        let new = [("stop", "a"), ("__wbg_say_12", "b"), ("run", "c")];
        read.rename(&new.map(|(old, new)| (old.to_owned(), new.to_owned())).into()).unwrap();
        assert_eq!(Module::read(&read.write()).unwrap().names().unwrap(), ["b", "a"]);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(Module::read(b"abc").is_err());
        let bytes = module(&["run"]);
        assert!(Module::read(&bytes[..bytes.len() - 1]).is_err());
    }
}
