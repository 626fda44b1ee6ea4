//! Files that a person chooses, and files that the page makes. The browser keeps their bytes; memory holds a piece at a time.

use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, FileList, HtmlInputElement, Url};

/// So long a file that is saved keeps its address, in milliseconds.
const KEPT: u64 = 60_000;

/// A file.
#[derive(Debug, Clone)]
pub struct File(Blob);

impl File {
    /// One after the other.
    #[must_use]
    pub fn of(pieces: &[Self]) -> Option<Self> {
        let pieces: Array = pieces.iter().map(|piece| &piece.0).collect();
        Blob::new_with_blob_sequence(&pieces).ok().map(Self)
    }

    /// The same, of a media type.
    #[must_use]
    pub fn of_type(pieces: &[Self], mime: &str) -> Option<Self> {
        let pieces: Array = pieces.iter().map(|piece| &piece.0).collect();
        let options = BlobPropertyBag::new();
        options.set_type(mime);
        Blob::new_with_blob_sequence_and_options(&pieces, &options).ok().map(Self)
    }

    /// Its media type; empty if the browser does not know.
    #[must_use]
    pub fn mime(&self) -> String {
        self.0.type_()
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.dyn_ref::<web_sys::File>().map(web_sys::File::name)
    }

    /// What was chosen in a file field, pasted or dropped.
    #[must_use]
    pub fn all(list: Option<FileList>) -> Vec<Self> {
        let Some(list) = list else { return Vec::new() };
        (0..list.length()).filter_map(|index| list.get(index)).map(|file| Self(file.into())).collect()
    }

    /// These bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok().map(Self)
    }

    /// What was chosen in the file field with this id.
    #[must_use]
    pub fn chosen(id: &str) -> Option<Self> {
        let field = super::page::element(id)?.dyn_into::<HtmlInputElement>().ok()?;
        Some(Self(field.files()?.get(0)?.into()))
    }

    pub(super) const fn blob(&self) -> &Blob {
        &self.0
    }

    /// Bytes in it.
    #[must_use]
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the browser counts bytes in whole numbers of at most 53 bits"
    )]
    pub fn size(&self) -> u64 {
        self.0.size() as u64
    }

    /// The bytes from `begin` to `end`; none if the file is gone, or was changed since it was chosen.
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "the browser counts bytes in whole numbers of at most 53 bits"
    )]
    pub async fn read(&self, begin: u64, end: u64) -> Option<Vec<u8>> {
        let piece = self.0.slice_with_f64_and_f64(begin as f64, end as f64).ok()?;
        let buffer = JsFuture::from(piece.array_buffer()).await.ok()?;
        Some(Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>()).to_vec())
    }

    /// An address under which it can be downloaded as long as the page lives, or until [`forget`].
    #[must_use]
    pub fn address(&self) -> Option<String> {
        Url::create_object_url_with_blob(&self.0).ok()
    }
}

impl From<Blob> for File {
    fn from(blob: Blob) -> Self {
        Self(blob)
    }
}

/// Opens the browser's dialog of the file field with this id.
pub fn choose(id: &str) {
    if let Some(field) = super::page::element(id).and_then(|it| it.dyn_into::<HtmlInputElement>().ok()) {
        field.click();
    }
}

/// What was chosen in the file field with this id, which is empty then: the same can be chosen once more.
#[must_use]
pub fn take_chosen(id: &str) -> Vec<File> {
    let field = super::page::element(id).and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
    let Some(field) = field else { return Vec::new() };
    let all = File::all(field.files());
    field.set_value("");
    all
}

/// Files that come with an event: `clipboardData` of what is pasted, `dataTransfer` of what is dropped.
#[must_use]
pub fn carried(event: &JsValue, by: &str) -> Vec<File> {
    let data = Reflect::get(event, &by.into()).ok().filter(JsValue::is_object);
    let list = data.and_then(|data| Reflect::get(&data, &"files".into()).ok());
    File::all(list.and_then(|list| list.dyn_into().ok()))
}

/// Saves a file under a name. Whatever it is, the browser is told that it is bytes: it shows and runs nothing of it.
pub fn save(file: &File, name: &str) {
    let bytes = File::of_type(std::slice::from_ref(file), crate::model::media::OTHER);
    let Some(address) = bytes.and_then(|bytes| bytes.address()) else { return };
    download(&address, name);
    // The browser has begun by then.
    super::timer::after(KEPT, move || forget(&address)).forget();
}

/// Saves what has this address under a name, as if a link to it had been clicked. The browser may ask, or refuse.
pub fn download(address: &str, name: &str) {
    let link = web_sys::window().and_then(|window| window.document()?.create_element("a").ok());
    let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    if link.set_attribute("href", address).is_ok() && link.set_attribute("download", name).is_ok() {
        link.click();
    }
}

/// The browser need not keep what has this address any longer.
pub fn forget(address: &str) {
    let _ = Url::revoke_object_url(address);
}
