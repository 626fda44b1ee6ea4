//! The page's camera.

use js_sys::{JSON, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlVideoElement, MediaDevices, MediaStream, MediaStreamTrack, window};

use super::worker::WorkerHandle;
use crate::model::scanned::Refusal;

/// The constraints: the camera that points away from the person, if there are two; no microphone.
const WANTED: &str = r#"{"video":{"facingMode":"environment"}}"#;
/// The video element's attributes.
const VIDEO: [(&str, &str); 3] = [("aria-label", "Camera"), ("autoplay", ""), ("playsinline", "")];

/// A camera that is on and shows its picture. Dropping it turns the camera off.
#[derive(Debug)]
pub struct Camera {
    stream: MediaStream,
    video: HtmlVideoElement,
}

impl Camera {
    /// The class of the element that shows the picture.
    pub const PLACE: &str = "camera";

    /// Whether pages can ask for a camera in this browser.
    #[must_use]
    pub fn can_be() -> bool {
        devices().is_some()
    }

    /// Turns the camera on. The browser may ask the person.
    ///
    /// # Errors
    /// When there is no camera, or the page may not use it.
    pub async fn open() -> Result<Self, Refusal> {
        let opened = match ask() {
            Ok(asked) => JsFuture::from(asked).await,
            Err(error) => Err(error),
        };
        opened.and_then(|stream| show(stream.unchecked_into())).map_err(|error| {
            let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            if name.as_deref() == Some("NotAllowedError") { Refusal::Denied } else { Refusal::Missing }
        })
    }

    /// Gives the current picture to the reader. Calls `failed` later if there is no picture yet.
    pub fn give(&self, reader: &WorkerHandle, failed: impl FnOnce() + 'static) {
        let grabbed =
            window().and_then(|window| window.create_image_bitmap_with_html_video_element(&self.video).ok());
        let Some(grabbed) = grabbed else { return };
        let reader = reader.clone();
        super::spawn_local(async move {
            match JsFuture::from(grabbed).await {
                Ok(frame) => reader.give(&frame),
                Err(_) => failed(),
            }
        });
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
        self.video.remove();
    }
}

fn devices() -> Option<MediaDevices> {
    // A page in an insecure context has none.
    let devices = Reflect::get(&window()?.navigator(), &"mediaDevices".into()).ok()?;
    devices.is_object().then(|| devices.unchecked_into())
}

fn ask() -> Result<Promise, JsValue> {
    let devices = devices().ok_or(JsValue::NULL)?;
    devices.get_user_media_with_constraints(JSON::parse(WANTED)?.unchecked_ref())
}

fn show(stream: MediaStream) -> Result<Camera, JsValue> {
    let document = window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let video: HtmlVideoElement = document.create_element("video")?.unchecked_into();
    let camera = Camera { stream, video };
    for (name, value) in VIDEO {
        camera.video.set_attribute(name, value)?;
    }
    camera.video.set_muted(true);
    camera.video.set_src_object(Some(&camera.stream));
    let place = document.query_selector(".camera")?.ok_or(JsValue::NULL)?;
    place.append_child(&camera.video)?;
    Ok(camera)
}
