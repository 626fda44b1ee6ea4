//! Reads the camera's pictures in a separate worker. Anybody who holds a picture before the camera chooses the decoder's input:
//! the decoder may panic, which ends this worker, or be busy for long, after which the page ends the worker. Neither reaches
//! the engine.

use std::rc::Rc;

use super::{boot, qr};
use crate::model::scanned::{self, Scanned};
use crate::model::slot::FromWorker;
use crate::platform::frame::{self, Detector, Frame};
use crate::platform::spawn_local;

/// Reads pictures until the page ends the worker.
pub(super) async fn run() {
    let detector = Rc::new(Detector::find().await);
    frame::hear(move |frame| {
        let detector = Rc::clone(&detector);
        spawn_local(async move {
            let scan = Scanned::of(read(detector.as_ref().as_ref(), &frame).await);
            boot::say(&FromWorker::Saw(scan));
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
    // The browser has a detector but cannot use it, for example because its service is not installed.
    match frame.grey(scanned::LONGEST_SIDE) {
        Some((width, height, grey)) => qr::read(width, height, grey).await,
        None => Vec::new(),
    }
}
