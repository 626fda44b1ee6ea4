//! Files that a person chooses, and files that the page makes. The browser keeps their bytes; memory holds a piece at a time.

use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlInputElement, Url};

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
