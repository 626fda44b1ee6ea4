//! The app's program: the page that a person sees.

fn main() {
    #[cfg(target_arch = "wasm32")]
    parley_client::ui::start();
}
