//! Writes the two scripts that start a WebAssembly program: the page's and the worker's.
//!
//! The scripts fetch the program with its hash, because browsers ignore a link's `integrity` for WebAssembly but check that of
//! a `fetch`. A page whose program does not arrive says so.

/// Starts the worker while the app's program is still loading, and keeps the worker's messages until the app listens
/// (`client/src/platform/worker.rs`). A page can make its Trusted Types policy only once, so the app uses this one.
const EARLY_WORKER: &str = "\
function startWorker() {
  const url = document.querySelector('meta[name=parley-worker]').content;
  const rules = { createScriptURL: (asked) => (asked === url ? asked : null) };
  const address = globalThis.trustedTypes ? trustedTypes.createPolicy('parley', rules).createScriptURL(url) : url;
  const early = { address, worker: new Worker(address, { type: 'module' }), said: [], failed: false };
  early.worker.onmessage = ({ data }) => early.said.push(data);
  early.worker.onerror = () => { early.failed = true; };
  return early;
}
";

/// A script, by name, and the WebAssembly module that it loads.
pub(super) struct Program<'a> {
    pub(super) script: &'a str,
    pub(super) module: &'a str,
    /// The value of `integrity` for the module.
    pub(super) integrity: &'a str,
}

impl Program<'_> {
    fn fetch(&self, priority: &str) -> String {
        format!("fetch('/{}', {{ integrity: '{}', priority: '{priority}' }})", self.module, self.integrity)
    }

    /// The page's start script.
    pub(super) fn start_page(&self) -> String {
        format!(
            "{EARLY_WORKER}try {{\n  const module_or_path = {};\n  globalThis.parleyWorker = startWorker();\n  \
             const {{ default: init }} = await import('/{}');\n  \
             await init({{ module_or_path }});\n}} catch (error) {{\n  \
             const text = document.getElementById('splash-text');\n  \
             if (text) text.textContent = 'Parley could not start, because a part of it did not arrive intact or \
             this browser is too old. Please reload the page, or update the browser.';\n  throw error;\n}}\n",
            self.fetch("high"),
            self.script
        )
    }

    /// The worker's start script. The page's program is the smaller one and shows something first, so the worker's program does
    /// not share a slow line with it.
    pub(super) fn start_worker(&self) -> String {
        format!(
            "import init from '/{}';\nawait init({{ module_or_path: {} }});\n",
            self.script,
            self.fetch("low")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_fetched_with_their_hash() {
        let program = Program { script: "app-1.js", module: "app_bg-2.wasm", integrity: "sha384-ywB1P0" };
        for script in [program.start_page(), program.start_worker()] {
            assert!(script.contains("'/app-1.js'"));
            assert!(script.contains("fetch('/app_bg-2.wasm', { integrity: 'sha384-ywB1P0"));
        }
    }
}
