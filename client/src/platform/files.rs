//! Files that a person chooses or that the page makes. The browser keeps their bytes; memory holds one piece at a time.

use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, FileList, HtmlInputElement, Url};

/// How long the address of a saved file stays valid, in milliseconds.
const KEPT: u64 = 60_000;

/// A file.
#[derive(Debug, Clone)]
pub struct File(Blob);

impl File {
    /// Joins pieces to one file.
    #[must_use]
    pub fn of(pieces: &[Self]) -> Option<Self> {
        let pieces: Array = pieces.iter().map(|piece| &piece.0).collect();
        Blob::new_with_blob_sequence(&pieces).ok().map(Self)
    }

    /// Joins pieces to one file of a media type.
    #[must_use]
    pub fn of_type(pieces: &[Self], mime: &str) -> Option<Self> {
        let pieces: Array = pieces.iter().map(|piece| &piece.0).collect();
        let options = BlobPropertyBag::new();
        options.set_type(mime);
        Blob::new_with_blob_sequence_and_options(&pieces, &options).ok().map(Self)
    }

    /// The media type; empty if the browser does not know it.
    #[must_use]
    pub fn mime(&self) -> String {
        self.0.type_()
    }

    /// The file's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.dyn_ref::<web_sys::File>().map(web_sys::File::name)
    }

    /// The files that were chosen in a file field, pasted or dropped.
    #[must_use]
    pub fn all(list: Option<FileList>) -> Vec<Self> {
        let Some(list) = list else { return Vec::new() };
        (0..list.length()).filter_map(|index| list.get(index)).map(|file| Self(file.into())).collect()
    }

    /// A file with these bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok().map(Self)
    }

    /// The file that was chosen in the file field with this id.
    #[must_use]
    pub fn chosen(id: &str) -> Option<Self> {
        let field = super::page::element(id)?.dyn_into::<HtmlInputElement>().ok()?;
        Some(Self(field.files()?.get(0)?.into()))
    }

    pub(super) const fn blob(&self) -> &Blob {
        &self.0
    }

    /// The size in bytes.
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

    /// The bytes from `begin` to `end`; `None` if the file is gone or has changed since it was chosen.
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

    /// The address at which the file can be downloaded while the page lives, or until [`forget`].
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

/// Opens the browser's file dialog for the file field with this id.
pub fn choose(id: &str) {
    if let Some(field) = super::page::element(id).and_then(|it| it.dyn_into::<HtmlInputElement>().ok()) {
        field.click();
    }
}

/// Takes the files that were chosen in the file field with this id. Empties the field, so that the same files can be chosen
/// again.
#[must_use]
pub fn take_chosen(id: &str) -> Vec<File> {
    let field = super::page::element(id).and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
    let Some(field) = field else { return Vec::new() };
    let all = File::all(field.files());
    field.set_value("");
    all
}

/// The files in an event: `clipboardData` of a paste, `dataTransfer` of a drop.
#[must_use]
pub fn carried(event: &JsValue, by: &str) -> Vec<File> {
    let data = Reflect::get(event, &by.into()).ok().filter(JsValue::is_object);
    let list = data.and_then(|data| Reflect::get(&data, &"files".into()).ok());
    File::all(list.and_then(|list| list.dyn_into().ok()))
}

/// Saves a file under a name. Gives it to the browser as plain bytes, so that the browser shows and runs nothing of it.
pub fn save(file: &File, name: &str) {
    let bytes = File::of_type(std::slice::from_ref(file), crate::model::media::OTHER);
    let Some(address) = bytes.and_then(|bytes| bytes.address()) else { return };
    download(&address, name);
    // By then the browser has begun.
    super::timer::after(KEPT, move || forget(&address)).forget();
}

/// Saves the file at this address under a name, as a click on a link would. The browser may ask the person, or refuse.
pub fn download(address: &str, name: &str) {
    let link = web_sys::window().and_then(|window| window.document()?.create_element("a").ok());
    let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    if link.set_attribute("href", address).is_ok() && link.set_attribute("download", name).is_ok() {
        link.click();
    }
}

/// Lets the browser release the file at this address.
pub fn forget(address: &str) {
    let _ = Url::revoke_object_url(address);
}
