//! The headers that every response carries.

use axum::http::header::{
    CONTENT_SECURITY_POLICY as CSP, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;

/// The policy: the app loads nothing from elsewhere, runs nothing inline, and creates script URLs in one place only.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types parley";

/// The permissions: the camera scans QR codes, and the microphone records voice messages. Everything else is off, whatever a
/// dependency may try.
const PERMISSIONS: &str = "camera=(self), accelerometer=(), \
    autoplay=(), browsing-topics=(), display-capture=(), encrypted-media=(), fullscreen=(), \
    gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), \
    microphone=(self), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), \
    publickey-credentials-get=(self), screen-wake-lock=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

/// All headers.
pub(super) fn all(hsts: bool) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let always = [
        (CSP, CONTENT_SECURITY_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let two_years = hsts.then_some((STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"));
    always.into_iter().chain(two_years).map(|(name, value)| (name, HeaderValue::from_static(value)))
}

pub(super) fn add(mut response: Response, hsts: bool) -> Response {
    for (name, value) in all(hsts) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The app makes a `blob:` address to download a backup file. No code may have such an address.
    #[test]
    fn p9_no_script_and_no_worker_comes_from_a_blob() {
        let directives: Vec<&str> = CONTENT_SECURITY_POLICY.split(';').map(str::trim).collect();
        assert!(directives.contains(&"default-src 'none'") && directives.contains(&"worker-src 'self'"));
        assert!(directives.contains(&"script-src 'self' 'wasm-unsafe-eval'"));
        assert!(directives.contains(&"require-trusted-types-for 'script'"));
        let with_blobs: Vec<_> = directives.iter().filter(|directive| directive.contains("blob:")).collect();
        assert_eq!(with_blobs, [&"img-src 'self' data: blob:", &"media-src blob:"]);
    }
}
