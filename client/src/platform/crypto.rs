//! Wraps the master key or its lock with the browser's own key, which never leaves the browser (AES-256-GCM by WebCrypto).

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::random;

const NONCE: usize = 12;
/// The kinds of wrapped values: their versions, and the labels that are bound to them.
const MASTER: (u8, &[u8]) = (1, b"parley master v1");
const LOCK: (u8, &[u8]) = (2, b"parley lock v1");
/// The greatest version that will ever exist. A value with a greater one is damaged, and the person may give it up.
const LAST: u8 = 15;

/// An unwrapped value.
pub enum Kept {
    /// The master key.
    Master(Zeroizing<[u8; 32]>),
    /// A lock, which gives the master key.
    Lock(Vec<u8>),
    /// A value that only a newer version of the app knows.
    Newer,
}

/// A key that the browser does not export.
#[derive(Debug, Clone)]
pub struct BrowserKey(pub(super) CryptoKey);

impl BrowserKey {
    /// Makes a key.
    ///
    /// # Errors
    /// When the browser has no WebCrypto (the page is not served over HTTPS).
    pub async fn generate() -> Result<Self, Failure> {
        let algorithm = Object::new();
        set(&algorithm, "name", &"AES-GCM".into())?;
        set(&algorithm, "length", &256.into())?;
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let made = subtle()?.generate_key_with_object(&algorithm, false, &usages)?;
        Ok(Self(JsFuture::from(made).await?.dyn_into()?))
    }

    /// Wraps the master key.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn wrap(&self, master: &[u8; 32]) -> Result<Vec<u8>, Failure> {
        self.seal(MASTER, master).await
    }

    /// Wraps a lock.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn wrap_lock(&self, lock: &[u8]) -> Result<Vec<u8>, Failure> {
        self.seal(LOCK, lock).await
    }

    /// Unwraps a value. Returns `None` if this key did not wrap it.
    pub async fn unwrap(&self, wrapped: &[u8]) -> Option<Kept> {
        let (version, rest) = wrapped.split_first()?;
        if *version == MASTER.0 {
            let opened = self.open(MASTER.1, rest).await?;
            return <[u8; 32]>::try_from(opened.as_slice()).ok().map(|master| Kept::Master(master.into()));
        }
        if *version == LOCK.0 {
            return self.open(LOCK.1, rest).await.map(|lock| Kept::Lock(lock.to_vec()));
        }
        (LOCK.0..=LAST).contains(version).then_some(Kept::Newer)
    }

    async fn seal(&self, (version, about): (u8, &[u8]), content: &[u8]) -> Result<Vec<u8>, Failure> {
        let nonce = random::bytes::<NONCE>();
        let parameters = parameters(&nonce, about)?;
        let sealed = subtle()?.encrypt_with_object_and_u8_array(&parameters, &self.0, content)?;
        let sealed = Uint8Array::new(&JsFuture::from(sealed).await?);
        let mut wrapped = vec![version];
        wrapped.extend_from_slice(&nonce);
        wrapped.extend(sealed.to_vec());
        Ok(wrapped)
    }

    async fn open(&self, about: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>()?;
        let parameters = parameters(nonce, about).ok()?;
        let opened = subtle().ok()?.decrypt_with_object_and_u8_array(&parameters, &self.0, sealed);
        let opened = Uint8Array::new(&JsFuture::from(opened.ok()?).await.ok()?);
        let bytes = Zeroizing::new(opened.to_vec());
        opened.fill(0, 0, opened.length());
        Some(bytes)
    }
}

fn parameters(nonce: &[u8], about: &[u8]) -> Result<Object, Failure> {
    let parameters = Object::new();
    set(&parameters, "name", &"AES-GCM".into())?;
    set(&parameters, "iv", &Uint8Array::from(nonce))?;
    set(&parameters, "additionalData", &Uint8Array::from(about))?;
    Ok(parameters)
}

fn set(object: &Object, key: &str, value: &JsValue) -> Result<(), Failure> {
    Reflect::set(object, &key.into(), value)?;
    Ok(())
}

fn subtle() -> Result<SubtleCrypto, Failure> {
    let scope = js_sys::global().dyn_into::<WorkerGlobalScope>().map_err(|_| Failure::Refused)?;
    let crypto = scope.crypto()?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    subtle.dyn_into().map_err(Failure::from)
}
