//! QR codes, drawn and read. What that takes is a module of its own in a release, which is loaded when the first code is
//! needed (docs/adr/0020). Without the feature `split-worker` it is in the worker, and the same code runs.

use core::time::Duration;

use super::code;
use crate::model::code::Code;
use crate::model::sight;
use crate::platform::timer;

/// The module did not come.
#[cfg(feature = "split-worker")]
type Missing = leptos::wasm_split::SplitLoaderError;
/// The same where everything is in the worker: it does not happen.
#[cfg(not(feature = "split-worker"))]
type Missing = core::convert::Infallible;

/// So often it is asked for, for one code, and so long after the last time.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(3);

/// Makes a function of the module.
macro_rules! part {
    ($name:ident($($argument:ident: $type:ty),*) -> $result:ty => $work:expr) => {
        #[cfg(feature = "split-worker")]
        #[leptos::wasm_split::wasm_split(qr, wasm_split_path = leptos::wasm_split, fallible)]
        fn $name($($argument: $type),*) -> Result<$result, Missing> {
            Ok($work)
        }

        #[cfg(not(feature = "split-worker"))]
        async fn $name($($argument: $type),*) -> Result<$result, Missing> {
            Ok($work)
        }
    };
}

part!(draw_here(text: String) -> Option<Code> => code::draw(text));
part!(read_here(width: u32, height: u32, grey: Vec<u8>) -> Vec<String> => sight::read(width, height, &grey));

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
