//! What the worker needs seldom: each part is a module of its own in a release, which is loaded when it is first needed
//! (docs/adr/0020). Without the feature `split-worker` everything is in the worker, and the same code runs.

/// A part could not be loaded.
#[cfg(feature = "split-worker")]
pub(super) type Missing = leptos::wasm_split::SplitLoaderError;
/// The same where everything is in the worker: it does not happen.
#[cfg(not(feature = "split-worker"))]
pub(super) type Missing = core::convert::Infallible;

/// Makes a function of a part. In a release the first name is that of the part's module; where a second one stands, that loads it.
macro_rules! part {
    ($part:ident, $name:ident($($argument:ident: $type:ty),*) -> $result:ty => $work:expr) => {
        #[cfg(feature = "split-worker")]
        #[leptos::wasm_split::wasm_split($part, wasm_split_path = leptos::wasm_split, fallible)]
        fn $name($($argument: $type),*) -> Result<$result, $crate::host::parts::Missing> {
            Ok($work)
        }

        #[cfg(not(feature = "split-worker"))]
        async fn $name($($argument: $type),*) -> Result<$result, $crate::host::parts::Missing> {
            Ok($work)
        }
    };
    ($part:ident, $load:ident, $name:ident($($argument:ident: $type:ty),*) -> $result:ty => $work:expr) => {
        #[cfg(feature = "split-worker")]
        #[leptos::wasm_split::wasm_split($part, wasm_split_path = leptos::wasm_split, preload($load), fallible)]
        fn $name($($argument: $type),*) -> Result<$result, $crate::host::parts::Missing> {
            Ok($work)
        }

        #[cfg(not(feature = "split-worker"))]
        async fn $name($($argument: $type),*) -> Result<$result, $crate::host::parts::Missing> {
            Ok($work)
        }

        #[cfg(not(feature = "split-worker"))]
        async fn $load() -> Result<(), $crate::host::parts::Missing> {
            Ok(())
        }
    };
}

pub(super) use part;
