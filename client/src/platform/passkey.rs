//! Passkeys (WebAuthn Level 3) with the PRF extension, whose output opens the app lock.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use parley_engine::lock::Passkey;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::random;
use crate::model::lock::PasskeyOutput;

/// The options for a new passkey. Nobody verifies its signatures (Ed25519, P-256 or RSA); the app uses only its PRF.
const WANTED: &str = r#"{"rp":{"name":"Parley"},"user":{"name":"Parley","displayName":"Parley app lock"},
"pubKeyCredParams":[{"type":"public-key","alg":-8},{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],
"authenticatorSelection":{"residentKey":"discouraged","userVerification":"required"},"attestation":"none","timeout":120000}"#;
/// The options for using a passkey.
const ASKED: &str = r#"{"userVerification":"required","timeout":120000}"#;

/// Why there is no PRF output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOutput {
    /// The person or the browser refused, or took too long.
    Refused,
    /// The browser, or the place where it keeps the passkey, has no PRF.
    NoPrf,
}

impl From<JsValue> for NoOutput {
    fn from(_: JsValue) -> Self {
        Self::Refused
    }
}

/// Whether this browser supports passkeys.
#[must_use]
pub fn can_be() -> bool {
    let has = |name: &str| Reflect::get(&js_sys::global(), &name.into()).is_ok_and(|it| it.is_function());
    has("PublicKeyCredential") && credentials().is_some()
}

/// Makes a passkey, and gets its PRF output.
///
/// # Errors
/// When the person or the browser refuses, or when it has no PRF.
pub async fn make() -> Result<(Passkey, PasskeyOutput), NoOutput> {
    let salt = random::bytes();
    let options = JSON::parse(WANTED)?;
    set(&options, "challenge", &bytes(&random::bytes::<32>()))?;
    set(&Reflect::get(&options, &"user".into())?, "id", &bytes(&random::bytes::<16>()))?;
    set(&options, "extensions", &prf(&salt)?)?;
    let made = call("create", &options).await?;
    let id: Uint8Array = Uint8Array::new(&Reflect::get(&made, &"rawId".into())?);
    let passkey = Passkey { credential: id.to_vec(), salt };
    let said = results(&made)?;
    if let Some(output) = output(&said)? {
        return Ok((passkey, output));
    }
    if !Reflect::get(&said, &"enabled".into()).is_ok_and(|enabled| enabled.is_truthy()) {
        return Err(NoOutput::NoPrf);
    }
    // Some authenticators give the output only to a separate request.
    let output = ask(&passkey).await?;
    Ok((passkey, output))
}

/// Gets the PRF output of a passkey.
///
/// # Errors
/// When the person or the browser refuses, or when it has no PRF.
pub async fn ask(passkey: &Passkey) -> Result<PasskeyOutput, NoOutput> {
    let options = JSON::parse(ASKED)?;
    let allowed = Object::new();
    set(&allowed, "type", &"public-key".into())?;
    set(&allowed, "id", &bytes(&passkey.credential))?;
    set(&options, "challenge", &bytes(&random::bytes::<32>()))?;
    set(&options, "allowCredentials", &Array::of1(&allowed))?;
    set(&options, "extensions", &prf(&passkey.salt)?)?;
    let given = call("get", &options).await?;
    output(&results(&given)?)?.ok_or(NoOutput::NoPrf)
}

fn credentials() -> Option<JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let credentials = Reflect::get(&navigator, &"credentials".into()).ok()?;
    credentials.is_object().then_some(credentials)
}

async fn call(method: &str, options: &JsValue) -> Result<JsValue, NoOutput> {
    let credentials = credentials().ok_or(NoOutput::Refused)?;
    let wanted = Object::new();
    set(&wanted, "publicKey", options)?;
    let method: Function = Reflect::get(&credentials, &method.into())?.dyn_into()?;
    let promise: Promise = method.call1(&credentials, &wanted)?.dyn_into()?;
    Ok(JsFuture::from(promise).await?)
}

/// `{ prf: { eval: { first: salt } } }`
fn prf(salt: &[u8]) -> Result<JsValue, JsValue> {
    let mut value = bytes(salt);
    for name in ["first", "eval", "prf"] {
        let around = Object::new();
        set(&around, name, &value)?;
        value = around.into();
    }
    Ok(value)
}

/// The PRF results of a credential; undefined if there are none.
fn results(credential: &JsValue) -> Result<JsValue, JsValue> {
    let get: Function = Reflect::get(credential, &"getClientExtensionResults".into())?.dyn_into()?;
    let all = get.call0(credential)?;
    let prf = Reflect::get(&all, &"prf".into())?;
    Ok(if prf.is_object() { prf } else { Object::new().into() })
}

fn output(prf: &JsValue) -> Result<Option<PasskeyOutput>, JsValue> {
    let results = Reflect::get(prf, &"results".into())?;
    if !results.is_object() {
        return Ok(None);
    }
    let first = Uint8Array::new(&Reflect::get(&results, &"first".into())?);
    let mut output = [0; 32];
    if first.length() != 32 {
        return Ok(None);
    }
    first.copy_to(&mut output);
    first.fill(0, 0, 32);
    Ok(Some(PasskeyOutput(output)))
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn set(object: &JsValue, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(object, &name.into(), value)?;
    Ok(())
}
