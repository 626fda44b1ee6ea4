//! Reads the camera's pictures, in a worker of its own. Whoever holds a picture before the camera decides what the decoder
//! works on: it may panic, which ends this worker, or be busy for long, after which the page ends it. Neither reaches the engine.

use std::rc::Rc;

use super::{boot, qr};
use crate::model::scanned::{self, Scanned};
use crate::model::slot::FromWorker;
use crate::platform::frame::{self, Detector, Frame};
use crate::platform::spawn_local;

/// Reads until the page ends the worker.
pub(super) async fn run() {
    let detector = Rc::new(Detector::find().await);
    frame::hear(move |frame| {
        let detector = Rc::clone(&detector);
        spawn_local(async move {
            let scanned = Scanned::of(read(detector.as_ref().as_ref(), &frame).await);
            boot::say(&FromWorker::Saw(scanned));
        });
    });
    boot::say(&FromWorker::Here);
}

async fn read(detector: Option<&Detector>, frame: &Frame) -> Vec<String> {
    if let Some(detector) = detector
        && let Some(texts) = detector.read(frame).await
    {
        return texts;
    }
    // A detector that the browser has but cannot use, as where its service is not installed.
    match frame.grey(scanned::LONGEST_SIDE) {
        Some((width, height, grey)) => qr::read(width, height, grey).await,
        None => Vec::new(),
    }
}
