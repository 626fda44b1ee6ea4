//! Records a voice message.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{JSON, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AnalyserNode, AudioContext, BlobEvent, MediaDevices, MediaRecorder, MediaRecorderOptions, MediaStream,
    MediaStreamTrack,
};

use super::files::File;
use super::later::Later;
use crate::model::scanned::Refusal;

const WANTED: &str = r#"{"audio":{"channelCount":1,"echoCancellation":true,"noiseSuppression":true}}"#;
/// The preferred formats, best first. A browser that writes none of them uses its own.
const KINDS: [&str; 2] = ["audio/webm;codecs=opus", "audio/mp4"];
const BITS_PER_SECOND: u32 = 32_000;
/// The interval between pieces, in milliseconds.
const PIECE: i32 = 1_000;

/// A recording. Dropping it turns the microphone off.
pub struct Recorder {
    writer: MediaRecorder,
    stream: MediaStream,
    context: AudioContext,
    analyser: AnalyserNode,
    pieces: Rc<RefCell<Vec<File>>>,
    stopped: Cell<Option<Later<()>>>,
    _data: Closure<dyn FnMut(BlobEvent)>,
}

impl Recorder {
    /// Turns the microphone on. The browser may ask the person.
    ///
    /// # Errors
    /// When there is no microphone, or the page may not use it.
    pub async fn begin() -> Result<Self, Refusal> {
        let opened = match ask() {
            Ok(asked) => JsFuture::from(asked).await,
            Err(error) => Err(error),
        };
        opened.and_then(|stream| Self::record(stream.unchecked_into())).map_err(|error| {
            let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            if name.as_deref() == Some("NotAllowedError") { Refusal::Denied } else { Refusal::Missing }
        })
    }

    fn record(stream: MediaStream) -> Result<Self, JsValue> {
        let options = MediaRecorderOptions::new();
        options.set_audio_bits_per_second(BITS_PER_SECOND);
        if let Some(kind) = KINDS.into_iter().find(|kind| MediaRecorder::is_type_supported(kind)) {
            options.set_mime_type(kind);
        }
        let recorder = MediaRecorder::new_with_media_stream_and_media_recorder_options(&stream, &options)?;
        let pieces: Rc<RefCell<Vec<File>>> = Rc::default();
        let taken = Rc::clone(&pieces);
        let data = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(piece) = event.data().filter(|piece| piece.size() > 0.0) {
                taken.borrow_mut().push(File::from(piece));
            }
        });
        recorder.set_ondataavailable(Some(data.as_ref().unchecked_ref()));
        let ended = recorder.clone();
        let stopped = Later::from_callback(move |over| {
            let over = Closure::once_into_js(move |_: JsValue| over(()));
            ended.set_onstop(Some(over.unchecked_ref()));
        });
        let context = AudioContext::new()?;
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(512);
        context.create_media_stream_source(&stream)?.connect_with_audio_node(&analyser)?;
        recorder.start_with_time_slice(PIECE)?;
        Ok(Self {
            writer: recorder,
            stream,
            context,
            analyser,
            pieces,
            stopped: Cell::new(Some(stopped)),
            _data: data,
        })
    }

    /// The current loudness, from 0 to 255.
    #[must_use]
    pub fn level(&self) -> u8 {
        let samples = Uint8Array::new_with_length(self.analyser.fft_size());
        // web-sys copies into a slice; only the largest value is needed.
        let mut heard = vec![128_u8; usize::try_from(samples.length()).unwrap_or_default()];
        self.analyser.get_byte_time_domain_data(&mut heard);
        let most = heard.iter().map(|sample| sample.abs_diff(128)).max().unwrap_or_default();
        most.saturating_mul(2)
    }

    /// Ends the recording. Returns the file, if anything was recorded.
    pub async fn finish(&self) -> Option<File> {
        if self.writer.stop().is_ok()
            && let Some(stopped) = self.stopped.take()
        {
            stopped.outcome().await;
        }
        let pieces = self.pieces.take();
        let kind = self.writer.mime_type();
        if pieces.is_empty() { None } else { File::of_type(&pieces, &kind) }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.writer.stop();
        self.writer.set_ondataavailable(None);
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
        let _ = self.context.close();
    }
}

fn ask() -> Result<js_sys::Promise, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    // A page in an insecure context has none.
    let devices = Reflect::get(&window.navigator(), &"mediaDevices".into())?;
    if !devices.is_object() {
        return Err(JsValue::NULL);
    }
    let devices: MediaDevices = devices.unchecked_into();
    devices.get_user_media_with_constraints(JSON::parse(WANTED)?.unchecked_ref())
}
