//! QR codes, drawn and read. What that takes is a part of its own, which is loaded when the first code is needed.

use core::time::Duration;

use super::code;
use super::parts::part;
use crate::model::code::Code;
use crate::model::scanned;
use crate::platform::timer;

/// So often it is asked for, for one code, and so long after the last time.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(3);

part!(qr, draw_here(text: String) -> Option<Code> => code::draw(text));
part!(qr, read_here(width: u32, height: u32, grey: Vec<u8>) -> Vec<String> => scanned::read(width, height, &grey));

/// The code that says `text`; none if that is too long for one, or the server cannot be reached for a minute.
pub(super) async fn draw(text: String) -> Option<Code> {
    for _ in 0..ATTEMPTS {
        match draw_here(text.clone()).await {
            Ok(code) => return code,
            Err(_) => timer::sleep(PAUSE).await,
        }
    }
    None
}

/// The texts of the codes in a picture of grey pixels. Where the module does not come, the next picture asks for it again.
pub(super) async fn read(width: u32, height: u32, grey: Vec<u8>) -> Vec<String> {
    read_here(width, height, grey).await.unwrap_or_default()
}
