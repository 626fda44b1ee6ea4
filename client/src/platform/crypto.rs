//! The browser's own key, which never leaves it, wraps the master key (AES-256-GCM by WebCrypto).

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use zeroize::Zeroize;

use super::failure::Failure;
use super::random;

const NONCE: usize = 12;
const AAD: &[u8] = b"parley master v1";
const VERSION: u8 = 1;

/// A key that the browser does not give out.
#[derive(Debug, Clone)]
pub struct BrowserKey(pub(super) CryptoKey);

impl BrowserKey {
    /// Makes one.
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
        let nonce = random::bytes::<NONCE>();
        let sealed = subtle()?.encrypt_with_object_and_u8_array(&parameters(&nonce)?, &self.0, master)?;
        let sealed = Uint8Array::new(&JsFuture::from(sealed).await?);
        let mut wrapped = vec![VERSION];
        wrapped.extend_from_slice(&nonce);
        wrapped.extend(sealed.to_vec());
        Ok(wrapped)
    }

    /// Unwraps the master key. None if it is not what this key wrapped.
    pub async fn unwrap(&self, wrapped: &[u8]) -> Option<[u8; 32]> {
        let (nonce, sealed) = match wrapped {
            [VERSION, rest @ ..] => rest.split_first_chunk::<NONCE>()?,
            _ => return None,
        };
        let opened =
            subtle().ok()?.decrypt_with_object_and_u8_array(&parameters(nonce).ok()?, &self.0, sealed);
        let opened = Uint8Array::new(&JsFuture::from(opened.ok()?).await.ok()?);
        let mut bytes = opened.to_vec();
        opened.fill(0, 0, opened.length());
        let master = <[u8; 32]>::try_from(bytes.as_slice()).ok();
        bytes.zeroize();
        master
    }
}

fn parameters(nonce: &[u8]) -> Result<Object, Failure> {
    let parameters = Object::new();
    set(&parameters, "name", &"AES-GCM".into())?;
    set(&parameters, "iv", &Uint8Array::from(nonce))?;
    set(&parameters, "additionalData", &Uint8Array::from(AAD))?;
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
