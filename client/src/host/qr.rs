//! Draws and reads QR codes. The code for that is a part of the worker, loaded on first use.

use core::time::Duration;

use super::code;
use super::parts::part;
use crate::model::code::Code;
use crate::model::scanned;
use crate::platform::timer;

/// How often the worker tries to load the part for one code, and the pause after each attempt.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(3);

part!(qr, draw_here(text: String) -> Option<Code> => code::draw(text));
part!(qr, read_here(width: u32, height: u32, grey: Vec<u8>) -> Vec<String> => scanned::read(width, height, &grey));

/// Draws the code for `text`. Returns `None` if the text is too long for a code, or if the server cannot be reached for a
/// minute.
pub(super) async fn draw(text: String) -> Option<Code> {
    for _ in 0..ATTEMPTS {
        match draw_here(text.clone()).await {
            Ok(code) => return code,
            Err(_) => timer::sleep(PAUSE).await,
        }
    }
    None
}

/// The texts of the codes in a picture of grey pixels. If the module does not load, there are none; the next picture tries
/// again.
pub(super) async fn read(width: u32, height: u32, grey: Vec<u8>) -> Vec<String> {
    read_here(width, height, grey).await.unwrap_or_default()
}
