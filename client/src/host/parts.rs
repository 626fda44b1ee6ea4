//! Splits seldom-used code off the worker: in a release each part is a module that the worker loads on first use
//! (docs/adr/0020). Without the feature `split-worker` the worker contains everything, and the same code runs.

/// The error of a part that could not be loaded.
#[cfg(feature = "split-worker")]
pub(super) type Missing = leptos::wasm_split::SplitLoaderError;
/// The same where the worker contains everything: it cannot happen.
#[cfg(not(feature = "split-worker"))]
pub(super) type Missing = core::convert::Infallible;

/// Makes a function of a part. In a release, `$part` is the name of the part's module; `$load`, where it is given, is a
/// function that loads the module ahead.
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
