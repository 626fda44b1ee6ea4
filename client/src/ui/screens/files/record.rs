//! Records a voice message; the person hears it and sends it.

use std::rc::Rc;

use leptos::prelude::*;
use parley_engine::view::{ConversationId, FileKind, NewFile};

use super::{attach, transfer};
use crate::model::scanned::Refusal;
use crate::model::{loudness, size};
use crate::platform::files::{self, File};
use crate::platform::recorder::Recorder;
use crate::platform::timer::Interval;
use crate::platform::{clock, spawn_local};
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// How often the recorder measures the loudness, in milliseconds.
const LOOK: u32 = 100;
/// The longest voice message, in milliseconds.
const LONGEST: u64 = 30 * 60 * 1_000;

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Asking,
    Recording,
    Refused(Refusal),
    Done,
}

#[derive(Default)]
struct Tape {
    recorder: Option<Rc<Recorder>>,
    looks: Option<Interval>,
    levels: Vec<u8>,
    said: Option<(File, String)>,
}

pub(crate) fn body(app: App, id: ConversationId) -> AnyView {
    let step = RwSignal::new(Step::Asking);
    let (length, level) = (RwSignal::new(0_u64), RwSignal::new(0_u8));
    let note = RwSignal::new(None::<String>);
    let tape = StoredValue::new_local(Tape::default());
    let end = move || {
        let recorder = tape.try_update_value(|tape| {
            tape.looks = None;
            tape.recorder.take()
        });
        let Some(recorder) = recorder.flatten() else { return };
        spawn_local(async move {
            let said = recorder.finish().await.and_then(|file| Some((file.clone(), file.address()?)));
            drop(recorder);
            tape.try_update_value(|tape| tape.said = said);
            let _ = step.try_set(Step::Done);
        });
    };
    let begin = move || {
        step.set(Step::Asking);
        forget(tape);
        spawn_local(async move {
            match Recorder::begin().await {
                Ok(recorder) => {
                    let recorder = Rc::new(recorder);
                    let heard = Rc::clone(&recorder);
                    let begun = clock::now().0;
                    let looks = Interval::new(LOOK, move || {
                        let now = heard.level();
                        let lasts = clock::now().0.saturating_sub(begun);
                        tape.try_update_value(|tape| tape.levels.push(now));
                        let _ = (level.try_set(now), length.try_set(lasts));
                        if lasts >= LONGEST {
                            end();
                        }
                    });
                    // If the person has closed the dialog meanwhile, this drops the recorder and turns the microphone off.
                    tape.try_update_value(|tape| {
                        *tape = Tape { recorder: Some(recorder), looks: Some(looks), ..Tape::default() };
                    });
                    let _ = step.try_set(Step::Recording);
                }
                Err(refusal) => {
                    let _ = step.try_set(Step::Refused(refusal));
                }
            }
        });
    };
    begin();
    on_cleanup(move || forget(tape));
    let send = move || {
        let Some((file, new)) = tape.try_update_value(|tape| message(tape, length.get_untracked())).flatten()
        else {
            return;
        };
        transfer::send(app, id, String::new(), vec![(new, file)], move |refused| match refused {
            None => {
                app.close_dialog();
                app.answered(id);
            }
            Some(error) => note.set(Some(attach::refused(error))),
        });
    };
    let inside = parts::dynamic(move || match step.get() {
        Step::Asking => parts::status("note", parts::words(words::MICROPHONE_ASKED.to_owned())),
        Step::Refused(refusal) => parts::several((
            parts::alert("note note-bad", words::microphone(refusal)),
            parts::button("Try again", "button button-quiet", begin),
        )),
        Step::Recording => parts::several((
            html::div().class("recording").child((
                html::span().class("recording-mark"),
                parts::counter(
                    "recording-time",
                    parts::live(move || words::recording(&size::time(length.get()))),
                ),
                html::progress()
                    .attr("max", "255")
                    .attr("aria-hidden", "true")
                    .attr_live("value", move || Some(level.get().to_string())),
            )),
            parts::button("Stop", "button", end),
        )),
        Step::Done => finished(tape, begin, send),
    });
    html::div()
        .class("dialog-body")
        .child((inside, parts::maybe(move || note.get().map(|note| parts::alert("note note-bad", note)))))
        .into_any()
}

fn finished(
    tape: StoredValue<Tape, LocalStorage>,
    begin: impl Fn() + 'static,
    send: impl Fn() + 'static,
) -> AnyView {
    let address = tape.with_value(|tape| tape.said.as_ref().map(|(_, address)| address.clone()));
    let Some(address) = address else {
        return parts::several((
            parts::alert("note note-bad", words::NOTHING_RECORDED),
            parts::button("Record again", "button button-quiet", begin),
        ));
    };
    parts::several((
        html::audio().attr("controls", "").attr("aria-label", "Your voice message").attr("src", address),
        parts::stack(
            "actions",
            vec![
                parts::button("Send voice message", "button", send),
                parts::button("Record again", "button button-quiet", begin),
            ],
        ),
    ))
}

fn message(tape: &mut Tape, length: u64) -> Option<(File, NewFile)> {
    let (file, _) = tape.said.clone()?;
    let new = NewFile {
        source: transfer::new_source(),
        name: words::VOICE_NAME.to_owned(),
        content_type: file.mime().split(';').next().unwrap_or_default().to_owned(),
        size: file.size(),
        kind: FileKind::Voice,
        dimensions: None,
        duration: u32::try_from(length).ok(),
        waveform: loudness::waveform(&tape.levels),
        preview: Vec::new(),
    };
    Some((file, new))
}

fn forget(tape: StoredValue<Tape, LocalStorage>) {
    let before = tape.try_update_value(core::mem::take);
    if let Some((_, address)) = before.and_then(|tape| tape.said) {
        files::forget(&address);
    }
}
